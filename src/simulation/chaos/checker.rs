//! The invariants that are checked while the engine runs.
//!
//! The checker keeps books of its own: it folds what the journal holds for good, and nothing else.
//! What the engine sends is held against these books at the moment it reaches the venue's side.

use std::collections::{BTreeMap, BTreeSet};

use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::InstrumentId;
use banyan_core::journal::{AccountEvent, Purpose, Record};
use banyan_core::ledger::SubLedger;
use banyan_core::money::Quantity;
use banyan_core::order::OrderRequest;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{OrderReport, VenueCommand, VenueMessage, VenueReport};

use crate::store::{Batch, MemoryStore};

/// How long after a fill a promised stop must stand at the venue.
pub(super) const PROTECTION_WITHIN: Span = Span::seconds(2);

/// Books of one account, from durable records alone.
pub(super) type Books = BTreeMap<AccountId, AccountState>;

/// A position that must be protected by a certain time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ProtectionDue {
    pub(super) at: Timestamp,
    pub(super) account: AccountId,
    pub(super) instrument: InstrumentId,
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
}

/// What the venue shows of an account, and whether anything kept orders from it lately.
pub(super) struct VenueSight {
    pub(super) open_orders: Vec<OrderReport>,
    pub(super) excused: bool,
}

impl Checker {
    pub(super) fn new(store: MemoryStore) -> Self {
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
        }
    }

    pub(super) fn violation(&mut self, now: Timestamp, what: impl Into<String>) {
        // One broken rule breaks a thousand times; the first few tell enough.
        if self.violations.len() < 20 {
            self.violations.push(format!("{now} {}", what.into()));
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
        let excess = exceeds_own_size(state, record);
        state.apply(record, &mut Vec::new());
        if let Some(excess) = excess {
            self.violation(record.recorded_at, excess);
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
            if !(self.store.is_failing() && request.reduce_only) {
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
        let mut found = Vec::new();
        for ((owner, instrument), _) in promised {
            let held = state.share(*owner, *instrument).quantity.abs();
            // What is on its way out needs no stop any more.
            if held.is_zero() || state.exits.contains_key(&(*owner, *instrument)) {
                continue;
            }
            let stops = covered(state, sight, *owner, *instrument);
            found.push((*owner, held, stops));
        }
        for (owner, held, stops) in found {
            if stops >= held {
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

/// The quantity that an owner's stops at the venue would close.
fn covered(
    state: &AccountState,
    sight: &VenueSight,
    owner: SubLedger,
    instrument: InstrumentId,
) -> Quantity {
    let ours = |report: &&OrderReport| {
        state.orders_of(owner, instrument).any(|it| {
            it.order.request.client_id == report.client_id
                && matches!(it.purpose, Purpose::StopLoss | Purpose::TrailingStop)
        })
    };
    sight.open_orders.iter().filter(ours).map(|it| it.request.quantity - it.filled).sum()
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
        if let VenueCommand::SubmitOrder { request, .. } = command {
            let mut checker = self.0.borrow_mut();
            checker.catch_up();
            checker.check_order(account, request, now);
        }
    }

    fn delivered(&mut self, account: AccountId, message: &VenueMessage) {
        if let VenueReport::OrderFilled(fill) = &message.report {
            let at = fill.time + PROTECTION_WITHIN;
            let instrument = fill.instrument;
            self.0.borrow_mut().due.insert(ProtectionDue { at, account, instrument });
        }
    }
}
