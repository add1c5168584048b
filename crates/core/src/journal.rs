//! The journal's vocabulary: what an account remembers, as facts in the past tense.
//!
//! The state of an account is the fold of these records; whoever replays them gets the same state.
//! Every record says when, why and by whom, so that any number can be traced to what made it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::decision::{Decision, DecisionId, Outcome, Resolution};
use crate::ids::{
    AccountId, ClientOrderId, Epoch, IntentId, Sequence, UserId, VenueOrderId, WorkerId,
};
use crate::instrument::{Instrument, InstrumentId};
use crate::intent::{ExitReason, Intent, OrderTag, Protection};
use crate::kill::{KillLevel, KillScope};
use crate::ledger::{SubLedger, Transaction};
use crate::money::{Amount, Quantity};
use crate::order::{OrderRequest, PositionSide, Transition};
use crate::risk::{Approved, Denial, KeptView, RiskLimits};
use crate::terms::{AccountSettings, Arming, StopPolicy, WorkerTerms};
use crate::time::Timestamp;
use crate::venue::{FillReport, FundingReport, MarginMode, PositionReport, RejectReason};

/// Version of the record layout; a later binary reads older ones.
pub const RECORD_VERSION: u16 = 2;

/// Who caused a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A person.
    User(UserId),
    /// A strategy worker.
    Worker(WorkerId),
    /// The engine itself.
    Engine,
    /// The venue.
    Venue,
}

/// One fact of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Layout version.
    pub version: u16,
    /// Whose.
    pub account: AccountId,
    /// Position in the account's journal.
    pub sequence: Sequence,
    /// When the engine wrote it.
    pub recorded_at: Timestamp,
    /// When it happened, by the clock of whoever it happened to.
    pub event_at: Timestamp,
    /// The record that caused it, where one did.
    pub cause: Option<Sequence>,
    /// The intent that it belongs to, where there is one.
    pub correlation: Option<IntentId>,
    /// The epoch of the worker concerned.
    pub epoch: Option<Epoch>,
    /// The version of the strategy concerned.
    pub strategy_version: Option<u32>,
    /// Who caused it.
    pub principal: Principal,
    /// The tenant of the account.
    pub tenant: UserId,
    /// What happened.
    pub event: AccountEvent,
}

/// What an order is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Opens or adds.
    Entry,
    /// Placed by the strategy to make its position smaller.
    ExitLimit,
    /// Closes at the market.
    Exit(ExitReason),
    /// Bounds the loss.
    StopLoss,
    /// Takes the target.
    TakeProfit,
    /// Follows the market and bounds the loss.
    TrailingStop,
}

impl Purpose {
    /// Says whether the order guards a position at the venue.
    #[must_use]
    pub const fn is_protective(self) -> bool {
        matches!(self, Self::StopLoss | Self::TakeProfit | Self::TrailingStop)
    }

    /// The exit reason of a fill of such an order.
    #[must_use]
    pub const fn exit_reason(self) -> ExitReason {
        match self {
            Self::Exit(reason) => reason,
            Self::StopLoss => ExitReason::StopLoss,
            Self::TakeProfit => ExitReason::TakeProfit,
            Self::TrailingStop => ExitReason::TrailingStopLoss,
            Self::Entry | Self::ExitLimit => ExitReason::ExitSignal,
        }
    }
}

/// An order as it was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOrder {
    /// What will be sent.
    pub request: OrderRequest,
    /// Whose order it is.
    pub owner: SubLedger,
    /// The intent it comes from.
    pub intent: IntentId,
    /// The strategy's name for it.
    pub tag: Option<OrderTag>,
    /// What it is for.
    pub purpose: Purpose,
}

/// One sub-ledger's part of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillShare {
    /// Whose.
    pub owner: SubLedger,
    /// How much of the quantity.
    pub quantity: Quantity,
    /// How much of the value.
    pub value: Amount,
    /// How much of the fee.
    pub fee: Amount,
    /// Profit of what this part closed, before fees.
    pub realized: Amount,
    /// How much of the quantity made the owner's position smaller.
    pub closed: Quantity,
}

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountEvent {
    /// The account was set up.
    AccountOpened(Box<AccountSettings>),
    /// The engine started and took the account over.
    EngineStarted {
        /// Counts starts.
        incarnation: u32,
    },
    /// An instrument was listed, or its filters changed.
    InstrumentChanged(Arc<Instrument>),
    /// A worker was started.
    WorkerAttached {
        /// Which.
        worker: WorkerId,
        /// Its new epoch.
        epoch: Epoch,
        /// What it may do.
        terms: Box<WorkerTerms>,
    },
    /// A worker's strategy state, and how much of its inbox the state includes.
    WorkerStateSaved {
        /// Which.
        worker: WorkerId,
        /// The last inbox event included.
        seen: Sequence,
        /// The state, opaque here.
        #[serde(with = "crate::text::hexadecimal")]
        state: Vec<u8>,
    },
    /// A worker was stopped; commands of its epoch are refused from now on.
    WorkerDetached {
        /// Which.
        worker: WorkerId,
        /// What becomes of its orders and positions.
        policy: StopPolicy,
    },
    /// An intent was reviewed.
    IntentReviewed {
        /// Which.
        id: IntentId,
        /// The intent.
        intent: Intent,
        /// Approved with clamps, or denied.
        outcome: Result<Approved, Denial>,
    },
    /// A strategy in words came to a decision; the intents that follow name this record as cause.
    DecisionMade(Box<Decision>),
    /// What awaited a person's approval was resolved; the intents that follow name this record as
    /// cause.
    DecisionResolved {
        /// Whose.
        worker: WorkerId,
        /// Which.
        decision: DecisionId,
        /// How.
        resolution: Resolution,
        /// By whom, where a person did.
        by: Option<UserId>,
    },
    /// What a decision turned out to be worth.
    DecisionMeasured {
        /// Whose.
        worker: WorkerId,
        /// Which.
        decision: DecisionId,
        /// What.
        outcome: Outcome,
    },
    /// What the review of an intent of a decision saw, so that it can be made again.
    ReviewWitnessed {
        /// Which intent.
        id: IntentId,
        /// What was seen.
        view: Box<KeptView>,
        /// The limits.
        limits: Box<RiskLimits>,
    },
    /// An order was planned. Nothing is sent before this is durable.
    OrderPlanned(Box<PlannedOrder>),
    /// An order moved on in its life.
    OrderAdvanced {
        /// Which.
        client_id: ClientOrderId,
        /// How.
        transition: Transition,
        /// The venue's number, where it told.
        venue_id: Option<VenueOrderId>,
        /// The venue's reason, where it refused.
        reason: Option<RejectReason>,
    },
    /// A fill was booked.
    FillBooked {
        /// As the venue told it.
        fill: Box<FillReport>,
        /// Who gets which part.
        shares: Vec<FillShare>,
        /// Why the position was made smaller, if it was.
        exit: Option<ExitReason>,
        /// The money.
        transaction: Transaction,
    },
    /// A funding was booked.
    FundingBooked {
        /// As the venue told it.
        funding: FundingReport,
        /// The money, shared by signed size.
        transaction: Transaction,
    },
    /// Money came or went, or reconciliation found a difference.
    TransferBooked {
        /// The money.
        transaction: Transaction,
    },
    /// Reconciliation found a position that nobody accounts for; `External` holds it now.
    PositionAdopted {
        /// The difference: signed quantity and cost.
        difference: PositionReport,
    },
    /// The venue booked the same fills in another order than they were heard in, and so splits the
    /// same money otherwise between cost and wallet; `Netting` takes the difference.
    CostRestated {
        /// Where.
        instrument: InstrumentId,
        /// Which position.
        position_side: PositionSide,
        /// Added to the position's cost.
        cost: Amount,
        /// The same amount, into the wallet.
        transaction: Transaction,
    },
    /// Where a position is to be left was promised or changed.
    ProtectionSet {
        /// Whose position.
        owner: SubLedger,
        /// Where.
        instrument: InstrumentId,
        /// The promise.
        protection: Protection,
    },
    /// An exit at the market was begun; it is pursued until done.
    ExitRequested {
        /// Whose position.
        owner: SubLedger,
        /// Where.
        instrument: InstrumentId,
        /// How much is to be closed.
        quantity: Quantity,
        /// Why.
        reason: ExitReason,
        /// The intent it comes from.
        intent: IntentId,
    },
    /// An exit is done, or there is nothing left to close.
    ExitEnded {
        /// Whose position.
        owner: SubLedger,
        /// Where.
        instrument: InstrumentId,
    },
    /// The venue confirmed leverage and margin mode.
    LeverageSet {
        /// Where.
        instrument: InstrumentId,
        /// The leverage.
        leverage: u32,
        /// The margin mode.
        margin_mode: MarginMode,
    },
    /// The owner of a live account let it trade, within bounds; `None` takes that back.
    ArmingSet {
        /// The bounds.
        arming: Option<Arming>,
    },
    /// A kill level was set or lifted.
    KillLevelSet {
        /// On what.
        scope: KillScope,
        /// The level.
        level: KillLevel,
    },
    /// Equity was noted: at the start of a UTC day, and when a new high was reached.
    EquityMarked {
        /// Equity now.
        equity: Amount,
        /// Highest equity so far.
        high_water: Amount,
        /// Number of the UTC day.
        day: i64,
        /// Equity at the start of that day.
        day_start: Amount,
    },
    /// A snapshot of the venue was compared with the books.
    SnapshotReconciled {
        /// Venue time of the snapshot.
        time: Timestamp,
        /// Fills and fundings that the stream had missed.
        missed: u32,
        /// Differences that were adopted.
        adopted: u32,
        /// Orders whose fate had to be asked for.
        doubtful: u32,
    },
}
