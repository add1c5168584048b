//! The invariants that are checked while the engine runs.
//!
//! The checker keeps books of its own: it folds what the journal holds for good, and nothing else.
//! What the engine sends is held against these books at the moment it reaches the venue's side.

use std::collections::{BTreeMap, BTreeSet};

use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, ClientOrderId, TradeId};
use banyan_core::instrument::InstrumentId;
use banyan_core::journal::{AccountEvent, Purpose, Record};
use banyan_core::ledger::SubLedger;
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{OrderRequest, Side};
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{OrderReport, VenueCommand, VenueMessage, VenueReport};

use super::decisions::DecisionBooks;
use crate::simulation::audit::{covered, is_dust};
use crate::store::{Batch, MemoryStore};

/// How long after a fill a promised stop must stand at the venue.
pub(super) const PROTECTION_WITHIN: Span = Span::seconds(2);

/// How long the engine may take to notice that the journal works again.
const NOTICED_WITHIN: Span = Span::seconds(2);
/// The one instrument of the cast that knows no reduce-only.
const SPOT: InstrumentId = InstrumentId(3);

/// Books of one account, from durable records alone.
pub(super) type Books = BTreeMap<AccountId, AccountState>;

/// A position that must be protected by a certain time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProtectionDue {
    pub(super) at: Timestamp,
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
    pub(super) trade: TradeId,
    pub(super) quantity: Quantity,
}

/// The running check of one seed.
pub(super) struct Checker {
    store: MemoryStore,
    folded: usize,
    pub(super) books: Books,
    sent: BTreeSet<(AccountId, ClientOrderId)>,
    pub(super) due: BTreeSet<ProtectionDue>,
    pub(super) orders: u64,
    /// Positions that were found with their stop in time.
    pub(super) protected: u64,
    /// Positions that only the local guard watched, because of a fault or a restart.
    pub(super) guarded: u64,
    pub(super) violations: Vec<String>,
    pub(super) decisions: DecisionBooks,
    trace: bool,
    /// When each promise was made or changed last: its stop has two seconds from then too.
    promised: BTreeMap<(AccountId, SubLedger, InstrumentId), Timestamp>,
    /// When the journal last worked again after a failure.
    pub(super) journal_back: Timestamp,
}

/// What the venue shows of an account, and whether anything kept orders from it lately.
pub(super) struct VenueSight {
    pub(super) open_orders: Vec<OrderReport>,
    pub(super) excused: bool,
    pub(super) price: Option<Price>,
}

impl Checker {
    pub(super) fn new(store: MemoryStore, decisions: DecisionBooks, trace: bool) -> Self {
        Self {
            store,
            folded: 0,
            books: Books::new(),
            sent: BTreeSet::new(),
            due: BTreeSet::new(),
            orders: 0,
            protected: 0,
            guarded: 0,
            violations: Vec::new(),
            decisions,
            trace,
            promised: BTreeMap::new(),
            journal_back: Timestamp::default(),
        }
    }

    /// Writes a line to standard error, when the run is traced.
    fn trace(&self, line: impl FnOnce() -> String) {
        if self.trace {
            eprintln!("{}", line());
        }
    }

    pub(super) fn violation(&mut self, now: Timestamp, what: impl Into<String>) {
        let what = what.into();
        self.trace(|| format!("{now} VIOLATION {what}"));
        // One broken rule breaks a thousand times; the first few tell enough.
        if self.violations.len() < 20 {
            self.violations.push(format!("{now} {what}"));
        }
    }

    /// Folds what has become durable since the last time.
    pub(super) fn catch_up(&mut self) {
        let mut fresh: Vec<Batch> = Vec::new();
        self.folded = self.store.visit(self.folded, |batch| fresh.push(batch.clone()));
        for batch in fresh {
            for record in &batch.records {
                self.fold(batch.account, record);
            }
        }
    }

    fn fold(&mut self, account: AccountId, record: &Record) {
        self.trace(|| format!("{} durable {:?}", record.recorded_at, record.event));
        if let AccountEvent::AccountOpened(settings) = &record.event {
            self.books.entry(account).or_insert_with(|| AccountState::new((**settings).clone()));
        }
        let Some(state) = self.books.get_mut(&account) else {
            return self.violation(record.recorded_at, "a record before the account was opened");
        };
        if record.sequence != state.sequence.next() {
            let (known, found) = (state.sequence, record.sequence);
            return self.violation(record.recorded_at, format!("record {found} follows {known}"));
        }
        if let AccountEvent::ProtectionSet { owner, instrument, .. } = &record.event {
            self.promised.insert((account, *owner, *instrument), record.recorded_at);
        }
        let excess = exceeds_own_size(state, record);
        state.apply(record, &mut Vec::new());
        let unfounded = self.decisions.fold(account, record);
        for what in [excess, unfounded].into_iter().flatten() {
            self.violation(record.recorded_at, what);
        }
    }

    /// An order reaches the venue's side.
    fn check_order(&mut self, account: AccountId, request: &OrderRequest, now: Timestamp) {
        self.orders += 1;
        let id = request.client_id;
        if !self.sent.insert((account, id)) {
            return self.violation(now, format!("order {id} was sent twice"));
        }
        let state = self.books.get(&account);
        let Some(order) = state.and_then(|state| state.order(id)) else {
            // Without a journal, what makes positions smaller may leave all the same.
            let spot_sale = request.instrument == SPOT && request.side == Side::Sell;
            let failing = self.store.is_failing() || now <= self.journal_back + NOTICED_WITHIN;
            if !(failing && (request.reduce_only || spot_sale)) {
                self.violation(now, format!("order {id} was sent before its record was durable"));
            }
            return;
        };
        let worker = order.owner.worker().filter(|_| order.purpose == Purpose::Entry);
        let known = worker.and_then(|worker| state?.workers.get(&worker));
        if known.is_some_and(|it| !it.attached || it.epoch != order.intent.epoch) {
            self.violation(now, format!("order {id} of an old epoch was sent"));
        }
    }

    /// Says which of an account's positions in an instrument lack the stop they were promised.
    pub(super) fn check_protection(
        &mut self,
        due: ProtectionDue,
        sight: &VenueSight,
        now: Timestamp,
    ) {
        let Some(state) = self.books.get(&due.account) else {
            return;
        };
        let promised = state
            .protection
            .iter()
            .filter(|((_, it), promise)| *it == due.instrument && promise.has_stop());
        // What was filled within the last two seconds has a check of its own still to come.
        let young = self.due.iter().filter(|it| it.account == due.account);
        let young: Quantity =
            young.filter(|it| it.instrument == due.instrument).map(|it| it.quantity).sum();
        let (mut found, mut again) = (Vec::new(), Vec::new());
        for ((owner, instrument), _) in promised {
            let held = state.share(*owner, *instrument).quantity.abs();
            // What is on its way out needs no stop any more.
            let leaving = state.exits.contains_key(&(*owner, *instrument));
            if held.is_zero() || leaving || is_dust(state, *instrument, held, sight.price) {
                continue;
            }
            let promised = self.promised.get(&(due.account, *owner, *instrument));
            if let Some(at) = promised.filter(|at| **at + PROTECTION_WITHIN > now) {
                again.push(ProtectionDue { at: *at + PROTECTION_WITHIN, ..due });
                continue;
            }
            let stops = covered(state, &sight.open_orders, *owner, *instrument);
            found.push((*owner, held, stops));
        }
        self.due.extend(again);
        for (owner, held, stops) in found {
            if stops + young >= held {
                self.protected += 1;
            } else if sight.excused {
                self.guarded += 1;
            } else {
                let (held, stops) = (held.0, stops.0);
                self.violation(
                    now,
                    format!("{owner:?} holds {held} of {:?}, stops for {stops}", due.instrument),
                );
            }
        }
    }
}

/// An exit may never be planned for more than its owner holds.
fn exceeds_own_size(state: &AccountState, record: &Record) -> Option<String> {
    let AccountEvent::OrderPlanned(planned) = &record.event else {
        return None;
    };
    if planned.purpose == Purpose::Entry {
        return None;
    }
    let held = state.share(planned.owner, planned.request.instrument).quantity.abs();
    let (id, asked) = (planned.request.client_id, planned.request.quantity);
    (asked > held)
        .then(|| format!("order {id} closes {} where its owner holds {}", asked.0, held.0))
}

/// The checker's place at the exchange.
pub(super) struct Watch(pub(super) std::rc::Rc<std::cell::RefCell<Checker>>);

impl crate::exchanges::Observer for Watch {
    fn called(&mut self, account: AccountId, command: &VenueCommand, now: Timestamp) {
        let mut checker = self.0.borrow_mut();
        checker.catch_up();
        checker.trace(|| format!("{now} sent {command:?}"));
        if let VenueCommand::SubmitOrder { request, .. } = command {
            checker.check_order(account, request, now);
        }
    }

    fn delivered(&mut self, account: AccountId, message: &VenueMessage) {
        self.0.borrow().trace(|| format!("{} told {:?}", message.time, message.report));
        if let VenueReport::OrderFilled(fill) = &message.report {
            let at = fill.time + PROTECTION_WITHIN;
            let (instrument, trade, quantity) = (fill.instrument, fill.trade_id, fill.quantity);
            let due = ProtectionDue { at, account, instrument, trade, quantity };
            self.0.borrow_mut().due.insert(due);
        }
    }
}
