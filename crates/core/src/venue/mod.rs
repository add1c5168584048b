//! What passes between an account and a venue: commands out, reports in.
//!
//! Every adapter, the paper exchange and the simulation speak exactly this. Knows nothing of how
//! an account uses it.

mod fill;

use serde::{Deserialize, Serialize};

pub use fill::{FillReason, FillReport, Liquidity};

use crate::ids::{ClientOrderId, TradeId, VenueOrderId};
use crate::instrument::InstrumentId;
use crate::money::{Amount, Quantity, Rate};
use crate::order::{OrderRequest, PositionSide};
use crate::symbol::Asset;
use crate::time::Timestamp;

/// How the margin of a position is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginMode {
    /// All positions share the balance.
    #[default]
    Cross,
    /// Each position has its own margin and can lose no more.
    Isolated,
}

/// Whether an account nets long against short.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionMode {
    /// One net position a symbol.
    #[default]
    OneWay,
    /// A long and a short position a symbol.
    Hedge,
}

/// What an account asks of its venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VenueCommand {
    /// Place an order; the venue ignores it after `expires`.
    SubmitOrder {
        /// The order.
        request: OrderRequest,
        /// Venue time after which the request is void.
        expires: Timestamp,
    },
    /// Cancel one order.
    CancelOrder {
        /// The instrument.
        instrument: InstrumentId,
        /// Our id of the order.
        client_id: ClientOrderId,
    },
    /// Tell what became of one order.
    QueryOrder {
        /// The instrument.
        instrument: InstrumentId,
        /// Our id of the order.
        client_id: ClientOrderId,
    },
    /// Tell balances, positions, open orders and what happened since a moment.
    FetchSnapshot {
        /// Fills and fundings of this venue time and later are wanted.
        since: Timestamp,
    },
    /// Set leverage and margin mode of an instrument.
    SetLeverage {
        /// The instrument.
        instrument: InstrumentId,
        /// The leverage.
        leverage: u32,
        /// The margin mode.
        margin_mode: MarginMode,
    },
}

/// Why a venue refused: the family names that users know from ccxt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// The order breaks a filter: tick, step, minimum, price band.
    InvalidOrder,
    /// A post-only order would have taken.
    OrderImmediatelyFillable,
    /// A fill-or-kill order could not be filled.
    OrderNotFillable,
    /// Not enough free margin or balance.
    InsufficientFunds,
    /// The id is in use by an open order.
    DuplicateOrderId,
    /// The order to cancel is not open.
    OrderNotFound,
    /// Reduce-only, and there is nothing to reduce.
    ReduceOnlyRejected,
    /// The trigger would fire at once.
    TriggerImmediately,
    /// The market is halted or closed.
    MarketClosed,
    /// The request came after its own expiry, or the clock is off.
    RequestExpired,
    /// Too many requests; try later.
    RateLimitExceeded,
    /// The venue is down or overloaded and did not take the order.
    ExchangeNotAvailable,
    /// The setting (leverage, margin mode) is not possible now.
    BadRequest,
}

/// An order as the venue tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// Our id, or the venue's own for orders that are not ours.
    pub client_id: ClientOrderId,
    /// The venue's number.
    pub venue_id: VenueOrderId,
    /// Where the venue says the order is.
    pub status: ReportedStatus,
    /// Sum of its fills.
    pub filled: Quantity,
    /// The order.
    pub request: OrderRequest,
}

/// Where the venue says an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportedStatus {
    /// Open, perhaps filled in part.
    Open,
    /// Filled completely.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Refused.
    Rejected,
    /// Ended by its time in force.
    Expired,
}

/// A position as the venue tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionReport {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Which position.
    pub position_side: PositionSide,
    /// Signed quantity.
    pub quantity: Quantity,
    /// Signed cost in the settle asset.
    pub cost: Amount,
}

/// A funding payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundingReport {
    /// Number of the payment, unique within the account.
    pub id: TradeId,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Which position.
    pub position_side: PositionSide,
    /// The rate.
    pub rate: Rate,
    /// Received (positive) or paid (negative), in the settle asset.
    pub amount: Amount,
    /// Venue time.
    pub time: Timestamp,
}

/// Everything a venue knows of an account at one moment of its clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Venue time.
    pub time: Timestamp,
    /// The `since` that was asked for.
    pub since: Timestamp,
    /// The highest trade or funding number that these balances include.
    pub last_trade: TradeId,
    /// Wallet balances, zero ones left out.
    pub balances: Vec<(Asset, Amount)>,
    /// Positions, flat ones left out.
    pub positions: Vec<PositionReport>,
    /// Open orders, conditional ones included.
    pub open_orders: Vec<OrderReport>,
    /// Fills since `since`, oldest first.
    pub fills: Vec<FillReport>,
    /// Fundings since `since`, oldest first.
    pub fundings: Vec<FundingReport>,
}

/// What a venue tells an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum VenueReport {
    /// The order was taken.
    OrderAccepted {
        /// Our id.
        client_id: ClientOrderId,
        /// The venue's number.
        venue_id: VenueOrderId,
    },
    /// The order was refused for good.
    OrderRejected {
        /// Our id.
        client_id: ClientOrderId,
        /// Why.
        reason: RejectReason,
    },
    /// The answer to a submit was lost.
    SubmitOutcomeLost {
        /// Our id.
        client_id: ClientOrderId,
    },
    /// A conditional order reached its trigger.
    OrderTriggered {
        /// Our id.
        client_id: ClientOrderId,
    },
    /// A trade of the account; its `client_id` is `None` when no order of the account made it.
    OrderFilled(FillReport),
    /// The order was cancelled, by us or by the venue.
    OrderCancelled {
        /// Our id.
        client_id: ClientOrderId,
    },
    /// The cancel was refused, or its answer was lost (`None`).
    CancelRejected {
        /// Our id.
        client_id: ClientOrderId,
        /// Why; `None` when the answer was lost.
        reason: Option<RejectReason>,
    },
    /// The order's time in force ended it.
    OrderExpired {
        /// Our id.
        client_id: ClientOrderId,
    },
    /// Answer to a query: the order, `None` when the venue does not know it.
    OrderReported {
        /// Our id.
        client_id: ClientOrderId,
        /// The order, if it exists.
        report: Option<OrderReport>,
    },
    /// The answer to a query or a snapshot was lost, or refused.
    QueryFailed {
        /// The order asked for; `None` for a snapshot.
        client_id: Option<ClientOrderId>,
    },
    /// Answer to a snapshot.
    SnapshotTaken(Box<Snapshot>),
    /// Funding was booked.
    FundingBooked(FundingReport),
    /// Leverage was set.
    LeverageSet {
        /// The instrument.
        instrument: InstrumentId,
        /// The leverage.
        leverage: u32,
        /// The margin mode.
        margin_mode: MarginMode,
    },
    /// Leverage could not be set, or the answer was lost (`None`).
    LeverageRejected {
        /// The instrument.
        instrument: InstrumentId,
        /// Why; `None` when the answer was lost.
        reason: Option<RejectReason>,
    },
    /// The user stream lost messages or was connected anew: what was missed must be asked for.
    StreamInterrupted,
}

/// A report and the venue's time of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueMessage {
    /// Venue time.
    pub time: Timestamp,
    /// What it tells.
    pub report: VenueReport,
}
