//! The account: every rule about intents, orders, protection, money and reconciliation.
//!
//! One pure machine behind `handle(input) -> effects`. Decisions become records; records are
//! folded into the state at once and handed out to be made durable; orders leave only after that.
//! It knows nothing of actors, clocks, databases or networks. Its submodules each hold one part:
//! `intents` (review and planning), `outbox` (what may leave when), `orders` (what venues answer),
//! `fills` (booking), `protection`, `exits`, `doubt` (orders whose fate is unknown), `reconcile`,
//! `workers`, `valuation` (equity, margin, the view for review).

mod apply;
mod doubt;
mod exits;
mod fills;
mod holdings;
mod intents;
mod notices;
mod orders;
mod outbox;
mod protection;
mod reconcile;
mod recovery;
mod split;
mod state;
mod valuation;
mod workers;

use std::collections::{BTreeMap, VecDeque};

pub use holdings::Holding;
pub use recovery::RecoveryReport;
pub use state::{
    AccountOrder, AccountState, ChainLink, EquityMarks, Leverage, PendingExit, SeenTrades, Totals,
    WorkerState,
};
pub use valuation::Valuation;

use crate::decision::DecisionEvent;
use crate::ids::{ClientOrderId, Epoch, IntentId, Sequence, WorkerId};
use crate::indicators::Atr;
use crate::instrument::InstrumentId;
use crate::intent::Intent;
use crate::journal::{AccountEvent, Principal, RECORD_VERSION, Record};
use crate::kill::{KillLevel, KillScope};
use crate::ledger::SubLedger;
use crate::market::{MarketEvent, MarketViews};
use crate::money::Rate;
use crate::terms::{AccountSettings, Arming, StopPolicy, WorkerTerms};
use crate::time::Timestamp;
use crate::venue::{VenueCommand, VenueMessage};
use crate::worker::WorkerEvent;

/// Where an account is in its own life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Loaded, not started.
    Idle,
    /// Compares its books with the venue; entries are refused.
    Reconciling,
    /// Trades.
    Ready,
}

/// How the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalHealth {
    /// It takes records.
    Available,
    /// It takes records out of a reserve that is not meant to be used up: nothing is entered.
    OnReserve,
    /// It cannot write.
    Failed,
}

/// Deliberate faults of the engine, to prove that the simulation finds such faults.
#[cfg(feature = "mutants")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Orders leave before their record is durable.
    SendBeforeDurable,
    /// An order whose outcome is unknown is sent again.
    ResendOnUnknown,
    /// A fill that is reported twice is booked twice.
    BookFillTwice,
    /// A close closes the whole symbol instead of the worker's own size.
    CloseWholeSymbol,
    /// No protective orders are placed and no local guard watches.
    ForgetProtection,
}

/// Something that happens to an account.
#[derive(Debug, Clone)]
pub enum Input<'a> {
    /// The engine took the account over: compare with the venue, then trade.
    Start,
    /// A worker starts.
    AttachWorker {
        /// Which.
        worker: WorkerId,
        /// What it may do.
        terms: Box<WorkerTerms>,
    },
    /// A worker stops.
    DetachWorker {
        /// Which.
        worker: WorkerId,
        /// What becomes of its orders and positions.
        policy: StopPolicy,
    },
    /// A worker's state and wishes.
    Submit(WorkerCommand),
    /// The journal holds all records up to this one for good.
    Durable(Sequence),
    /// The journal cannot write.
    JournalFailed,
    /// The journal writes, but out of its reserve.
    JournalOnReserve,
    /// The journal has room again.
    JournalRestored,
    /// The venue tells something.
    Venue(VenueMessage),
    /// The market moved.
    Market(&'a MarketEvent),
    /// Time passed; see `Account::next_deadline`.
    Tick,
    /// A person sets or lifts a kill level.
    SetKillLevel {
        /// On what.
        scope: KillScope,
        /// The level.
        level: KillLevel,
    },
    /// The owner arms a live account, or disarms it.
    Arm(Option<Arming>),
    /// A person cancels an order.
    CancelOrder(ClientOrderId),
    /// A person closes a position.
    ClosePosition {
        /// Whose.
        owner: SubLedger,
        /// Where.
        instrument: InstrumentId,
    },
}

/// What a worker asks of its account; saved state and intents are journalled as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// Who asks.
    pub worker: WorkerId,
    /// The start of the worker that asks; an older one is refused.
    pub epoch: Epoch,
    /// The strategy state to keep: the last inbox event included, and the bytes.
    pub saved: Option<(Sequence, Vec<u8>)>,
    /// What is to be recorded of decisions; the wishes follow from the last of them.
    pub decisions: Vec<DecisionEvent>,
    /// Numbered wishes.
    pub intents: Vec<(u32, Intent)>,
}

/// A worker that was attached, with what it needs to go on where it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resumption {
    /// Which.
    pub worker: WorkerId,
    /// Its epoch from now on.
    pub epoch: Epoch,
    /// The state it saved last.
    pub saved: Option<Vec<u8>>,
    /// What happened since.
    pub missed: Vec<WorkerEvent>,
    /// Its latest decision.
    pub decided: Option<ChainLink>,
}

/// What an account wants done. Reused between inputs.
#[derive(Debug, Default)]
pub struct Effects {
    /// Records to make durable, as one batch: all of them or none survive a crash.
    pub records: Vec<Record>,
    /// Commands to hand to the venue now.
    pub commands: Vec<VenueCommand>,
    /// Events for workers.
    pub told: Vec<(WorkerId, WorkerEvent)>,
    /// Workers that were attached.
    pub resumed: Vec<Resumption>,
    /// The phase, where it changed.
    pub phase: Option<Phase>,
    /// What recovery after a start found, once it is over.
    pub recovered: Option<RecoveryReport>,
}

impl Effects {
    /// Empties all lists and keeps their memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.commands.clear();
        self.told.clear();
        self.resumed.clear();
        self.phase = None;
        self.recovered = None;
    }
}

/// The circumstances of one input, passed down to whatever records something.
struct Step<'e> {
    now: Timestamp,
    event_at: Timestamp,
    principal: Principal,
    cause: Option<Sequence>,
    correlation: Option<IntentId>,
    effects: &'e mut Effects,
}

/// An account: what it remembers, and what a restart may forget.
#[derive(Debug)]
pub struct Account {
    state: AccountState,
    phase: Phase,
    markets: MarketViews,
    ranges: BTreeMap<InstrumentId, Atr>,
    journal: JournalHealth,
    live_allowed: bool,
    recovery: Option<recovery::Recovery>,
    outbox: outbox::Outbox,
    doubts: doubt::Doubts,
    snapshot: reconcile::SnapshotRequest,
    retries: outbox::Retries,
    recent_orders: BTreeMap<WorkerId, VecDeque<Timestamp>>,
    breaches: BTreeMap<(SubLedger, InstrumentId), protection::Breach>,
    /// Workers that start when the books agree with the venue.
    waiting: Vec<(WorkerId, WorkerTerms)>,
    /// Whether exits and protection must be looked at again.
    unsettled: bool,
    equity_noted: Timestamp,
    deepest_drawdown: Rate,
    #[cfg(feature = "mutants")]
    mutation: Option<Mutation>,
}

impl Account {
    /// A new account; its opening is the first record.
    pub fn open(settings: AccountSettings, now: Timestamp, effects: &mut Effects) -> Self {
        let mut account = Self::restore(AccountState::new(settings.clone()));
        let mut step = Step::new(now, Principal::Engine, effects);
        account.record(&mut step, AccountEvent::AccountOpened(Box::new(settings)));
        account
    }

    /// An account whose remembered state was loaded or replayed.
    #[must_use]
    pub fn restore(state: AccountState) -> Self {
        Self {
            state,
            phase: Phase::Idle,
            markets: MarketViews::default(),
            ranges: BTreeMap::new(),
            journal: JournalHealth::Available,
            live_allowed: false,
            recovery: None,
            outbox: outbox::Outbox::default(),
            doubts: doubt::Doubts::default(),
            snapshot: reconcile::SnapshotRequest::default(),
            retries: outbox::Retries::default(),
            recent_orders: BTreeMap::new(),
            breaches: BTreeMap::new(),
            waiting: Vec::new(),
            unsettled: false,
            equity_noted: Timestamp::default(),
            deepest_drawdown: Rate::ZERO,
            #[cfg(feature = "mutants")]
            mutation: None,
        }
    }

    /// Replays a journal from its first record, which must be `AccountOpened`.
    #[must_use]
    pub fn replay<'r>(records: impl IntoIterator<Item = &'r Record>) -> Option<Self> {
        AccountState::replay(records).map(Self::restore)
    }

    /// Makes the account misbehave.
    #[cfg(feature = "mutants")]
    pub fn mutate(&mut self, mutation: Mutation) {
        self.mutation = Some(mutation);
    }

    #[cfg(feature = "mutants")]
    fn has_mutation(&self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// What the account remembers.
    #[must_use]
    pub fn state(&self) -> &AccountState {
        &self.state
    }

    /// Where it is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The latest prices it heard.
    #[must_use]
    pub fn markets(&self) -> &MarketViews {
        &self.markets
    }

    /// How the journal is.
    #[must_use]
    pub fn journal_health(&self) -> JournalHealth {
        self.journal
    }

    /// Whether the settings of this engine let live accounts trade; they do not unless this is
    /// called.
    pub fn allow_live(&mut self, allowed: bool) {
        self.live_allowed = allowed;
    }

    /// Takes in an input and adds what is to be done to `effects`.
    pub fn handle(&mut self, now: Timestamp, input: Input<'_>, effects: &mut Effects) {
        let mut step = Step::new(now, Principal::Engine, effects);
        match input {
            Input::Start => self.start(&mut step),
            Input::AttachWorker { worker, terms } => self.attach(&mut step, worker, *terms),
            Input::DetachWorker { worker, policy } => self.detach(&mut step, worker, policy),
            Input::Submit(command) => {
                step.principal = Principal::Worker(command.worker);
                self.submit(&mut step, command);
            }
            Input::Durable(sequence) => self.release(&mut step, sequence),
            Input::JournalFailed => self.degrade(&mut step),
            Input::JournalOnReserve => self.journal = JournalHealth::OnReserve,
            Input::JournalRestored => self.restore_journal(),
            Input::Arm(arming) => self.arm(&mut step, arming),
            Input::Venue(message) => {
                step.principal = Principal::Venue;
                step.event_at = message.time;
                self.take_report(&mut step, message.report);
            }
            Input::Market(event) => self.take_market(&mut step, event),
            Input::Tick => self.tick(&mut step),
            Input::SetKillLevel { scope, level } => self.set_kill_level(&mut step, scope, level),
            Input::CancelOrder(id) => {
                self.cancel(&mut step, id);
            }
            Input::ClosePosition { owner, instrument } => {
                self.close_by_hand(&mut step, owner, instrument);
            }
        }
        self.settle(&mut step);
    }

    /// When `Input::Tick` is due next; `None` when nothing waits for time.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Timestamp> {
        if self.phase == Phase::Idle {
            return None;
        }
        [
            self.doubts.next_due(&self.state),
            self.retries.next_due(),
            self.snapshot.next_due(&self.state),
            self.next_guard(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn tick(&mut self, step: &mut Step<'_>) {
        self.note_equity(step);
        self.ask_about_doubts(step);
        self.ask_for_snapshot(step);
        self.watch_breaches(step);
        self.unsettled |= self.retries.any_due(step.now);
    }

    fn take_market(&mut self, step: &mut Step<'_>, event: &MarketEvent) {
        self.markets.apply(event);
        self.take_reference_data(step, event);
        self.watch(step, event.instrument);
        if step.now.floor(crate::time::Span::minutes(1)) > self.equity_noted {
            self.note_equity(step);
        }
    }

    /// Brings exits and protection to where the state wants them, after anything changed.
    fn settle(&mut self, step: &mut Step<'_>) {
        let frozen = self.state.kill_level == KillLevel::Freeze || self.phase == Phase::Idle;
        if !self.unsettled || frozen {
            return;
        }
        self.unsettled = false;
        let saved = (step.principal, step.cause, step.correlation);
        (step.principal, step.cause, step.correlation) = (Principal::Engine, None, None);
        self.pursue_cancels(step);
        self.close_after_kill(step);
        self.pursue_exits(step);
        self.pursue_protection(step);
        (step.principal, step.cause, step.correlation) = saved;
        self.become_ready(step);
        // What was recorded here is settled already.
        self.unsettled = false;
    }

    fn record(&mut self, step: &mut Step<'_>, event: AccountEvent) -> Sequence {
        let worker = step.correlation.map(|intent| intent.worker);
        let known = worker.and_then(|worker| self.state.workers.get(&worker));
        let record = Record {
            version: RECORD_VERSION,
            account: self.state.settings.id,
            sequence: self.state.sequence.next(),
            recorded_at: step.now,
            event_at: step.event_at,
            cause: step.cause,
            correlation: step.correlation,
            epoch: step.correlation.map(|intent| intent.epoch),
            strategy_version: known.map(|worker| worker.terms.strategy_version),
            principal: step.principal,
            tenant: self.state.settings.tenant,
            event,
        };
        self.state.apply(&record, &mut step.effects.told);
        if let Some(recovery) = &mut self.recovery {
            recovery.note(&record);
        }
        self.unsettled = true;
        let sequence = record.sequence;
        step.effects.records.push(record);
        sequence
    }

    fn enter_phase(&mut self, step: &mut Step<'_>, phase: Phase) {
        if self.phase != phase {
            self.phase = phase;
            step.effects.phase = Some(phase);
        }
    }
}

impl<'e> Step<'e> {
    fn new(now: Timestamp, principal: Principal, effects: &'e mut Effects) -> Self {
        Self { now, event_at: now, principal, cause: None, correlation: None, effects }
    }
}
