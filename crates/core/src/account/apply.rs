//! How each record changes the state. No decisions here.
//!
//! What a worker must hear of a record is put into its inbox in the same step, so that a replay
//! fills the same inboxes.

use super::state::{
    AccountOrder, AccountState, ENDED_ORDERS, EquityMarks, Leverage, PendingExit, WorkerState,
};
use crate::ids::{ClientOrderId, Epoch, IntentId, Sequence, VenueOrderId, WorkerId};
use crate::instrument::InstrumentId;
use crate::journal::{AccountEvent, FillShare, PlannedOrder, Purpose, Record};
use crate::kill::{KillLevel, KillScope};
use crate::ledger::{Bucket, SubLedger, Transaction};
use crate::money::{Amount, Quantity};
use crate::order::{Order, PositionSide, Transition};
use crate::terms::WorkerTerms;
use crate::time::Timestamp;
use crate::venue::{FillReport, PositionReport};
use crate::worker::WorkerEvent;

impl AccountState {
    /// Takes in the next record; what workers must hear of it is added to `told` as well.
    pub fn apply(&mut self, record: &Record, told: &mut Vec<(WorkerId, WorkerEvent)>) {
        self.sequence = record.sequence;
        self.fold(record);
        for (worker, notice) in self.notices(record) {
            self.tell(worker, record.event_at, notice, told);
        }
    }

    fn fold(&mut self, record: &Record) {
        match &record.event {
            AccountEvent::AccountOpened(settings) => self.settings = (**settings).clone(),
            AccountEvent::EngineStarted { incarnation } => self.incarnation = *incarnation,
            AccountEvent::InstrumentChanged(it) => self.instruments.put(it.clone()),
            AccountEvent::KillLevelSet { scope, level } => self.set_kill_level(*scope, *level),
            AccountEvent::ArmingSet { arming } => self.arming = *arming,
            AccountEvent::SnapshotReconciled { time, .. } => self.reconciled_at = *time,
            AccountEvent::LeverageSet { instrument, leverage, margin_mode } => {
                let confirmed = Leverage { leverage: *leverage, margin_mode: *margin_mode };
                self.leverage.insert(*instrument, confirmed);
            }
            AccountEvent::EquityMarked { high_water, day, day_start, .. } => {
                let (high_water, day, day_start) = (*high_water, Some(*day), *day_start);
                self.equity = EquityMarks { high_water, day, day_start };
            }
            event => {
                self.fold_worker(event);
                self.fold_order(event, record);
                self.fold_money(event);
            }
        }
    }

    fn fold_worker(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::WorkerAttached { worker, epoch, terms } => {
                self.attach(*worker, *epoch, terms);
            }
            AccountEvent::WorkerStateSaved { worker, seen, state } => {
                self.save(*worker, *seen, state);
            }
            AccountEvent::DecisionMade(decision) => {
                if let Some(worker) = self.workers.get_mut(&decision.worker) {
                    let hash = decision.hash.clone();
                    worker.decided = Some(super::ChainLink { number: decision.number, hash });
                }
            }
            AccountEvent::WorkerDetached { worker, .. } => {
                if let Some(worker) = self.workers.get_mut(worker) {
                    worker.attached = false;
                }
            }
            _ => {}
        }
    }

    fn fold_order(&mut self, event: &AccountEvent, record: &Record) {
        match event {
            AccountEvent::OrderPlanned(planned) => self.plan(planned, record),
            AccountEvent::OrderAdvanced { client_id, transition, venue_id, .. } => {
                self.advance(*client_id, *transition, *venue_id, record.recorded_at);
            }
            AccountEvent::ProtectionSet { owner, instrument, protection } => {
                if protection.is_none() {
                    self.protection.remove(&(*owner, *instrument));
                } else {
                    self.protection.insert((*owner, *instrument), *protection);
                }
            }
            AccountEvent::ExitRequested { owner, instrument, quantity, reason, intent } => {
                self.note_engine_intent(*owner, *intent);
                let (remaining, reason, intent) = (*quantity, *reason, *intent);
                let exit = PendingExit { remaining, reason, intent, attempts: 0 };
                self.exits.insert((*owner, *instrument), exit);
            }
            AccountEvent::ExitEnded { owner, instrument } => {
                self.exits.remove(&(*owner, *instrument));
            }
            _ => {}
        }
    }

    fn fold_money(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::FillBooked { fill, shares, transaction, .. } => {
                self.book_fill(fill, shares, transaction);
            }
            AccountEvent::FundingBooked { funding, transaction } => {
                self.seen.insert(funding.id);
                self.book_funding(transaction);
            }
            AccountEvent::TransferBooked { transaction } => self.book_transfer(transaction),
            AccountEvent::PositionAdopted { difference } => self.adopt(difference),
            AccountEvent::CostRestated { instrument, position_side, cost, transaction } => {
                self.ledger.post(transaction);
                self.positions.entry((*instrument, *position_side)).or_default().cost += *cost;
            }
            _ => {}
        }
    }

    fn attach(&mut self, worker: WorkerId, epoch: Epoch, terms: &WorkerTerms) {
        let known = self.workers.entry(worker).or_insert_with(|| WorkerState {
            epoch,
            attached: true,
            terms: terms.clone(),
            kill_level: KillLevel::None,
            saved: None,
            told: Sequence::default(),
            inbox: std::collections::VecDeque::new(),
            engine_intents: 0,
            totals: super::Totals::default(),
            decided: None,
        });
        known.epoch = epoch;
        known.attached = true;
        known.terms = terms.clone();
    }

    fn save(&mut self, worker: WorkerId, seen: Sequence, state: &[u8]) {
        if let Some(worker) = self.workers.get_mut(&worker) {
            worker.saved = Some(state.to_vec());
            while worker.inbox.front().is_some_and(|event| event.sequence <= seen) {
                worker.inbox.pop_front();
            }
        }
    }

    fn set_kill_level(&mut self, scope: KillScope, level: KillLevel) {
        match scope {
            KillScope::Account => self.kill_level = level,
            KillScope::Worker(worker) => {
                if let Some(worker) = self.workers.get_mut(&worker) {
                    worker.kill_level = level;
                }
            }
        }
    }

    fn note_engine_intent(&mut self, owner: SubLedger, intent: IntentId) {
        if !intent.is_engine() {
            return;
        }
        let number = intent.number & !IntentId::ENGINE;
        let counter = match owner.worker().and_then(|worker| self.workers.get_mut(&worker)) {
            Some(worker) => &mut worker.engine_intents,
            None => &mut self.engine_intents,
        };
        *counter = (*counter).max(number);
    }

    fn plan(&mut self, planned: &PlannedOrder, record: &Record) {
        self.note_engine_intent(planned.owner, planned.intent);
        let key = (planned.owner, planned.request.instrument);
        if let (Purpose::Exit(_), Some(exit)) = (planned.purpose, self.exits.get_mut(&key)) {
            exit.attempts = exit.attempts.saturating_add(1);
        }
        let entry = AccountOrder {
            order: Order::planned(planned.request.clone()),
            owner: planned.owner,
            intent: planned.intent,
            tag: planned.tag,
            purpose: planned.purpose,
            planned: record.sequence,
            planned_at: record.recorded_at,
            changed_at: record.recorded_at,
            cancel_wanted: false,
        };
        self.orders.insert(planned.request.client_id, entry);
    }

    fn advance(
        &mut self,
        id: ClientOrderId,
        transition: Transition,
        venue_id: Option<VenueOrderId>,
        now: Timestamp,
    ) {
        let Some(entry) = self.orders.get_mut(&id) else {
            return;
        };
        entry.order.venue_id = entry.order.venue_id.or(venue_id);
        entry.changed_at = now;
        entry.cancel_wanted |= transition == Transition::CancelSent;
        // A transition is recorded only after it was seen to be legal.
        let _ = entry.order.advance(transition);
        self.retire(id);
    }

    /// Moves an order that has ended to those remembered for late fills.
    fn retire(&mut self, id: ClientOrderId) {
        let ended = self.orders.get(&id).is_some_and(|entry| entry.order.state.is_final());
        if ended && let Some(entry) = self.orders.remove(&id) {
            self.ended.push_back(entry);
            if self.ended.len() > ENDED_ORDERS {
                self.ended.pop_front();
            }
        }
    }

    fn book_fill(&mut self, fill: &FillReport, shares: &[FillShare], transaction: &Transaction) {
        self.seen.insert(fill.trade_id);
        self.ledger.post(transaction);
        self.fill_positions(fill, shares);
        if let Some(id) = fill.client_id {
            self.fill_order(id, fill.quantity);
        }
        for share in shares {
            self.count_share(share, fill.instrument);
        }
    }

    fn fill_positions(&mut self, fill: &FillReport, shares: &[FillShare]) {
        let Some(instrument) = self.instruments.get(fill.instrument) else {
            return;
        };
        let kind = instrument.kind;
        let value: Amount = shares.iter().map(|share| share.value).sum();
        let key = (fill.instrument, fill.position_side);
        let position = self.positions.entry(key).or_default();
        position.fill(kind, fill.side, fill.quantity, value);
        if position.is_flat() {
            self.positions.remove(&key);
        }
        for share in shares {
            let key = (share.owner, fill.instrument);
            let position = self.shares.entry(key).or_default();
            position.fill(kind, fill.side, share.quantity, share.value);
            if position.is_flat() {
                self.shares.remove(&key);
            }
        }
    }

    fn fill_order(&mut self, id: ClientOrderId, quantity: Quantity) {
        if let Some(entry) = self.orders.get_mut(&id) {
            // More than was ordered is money all the same; only the order's own count stands.
            let _ = entry.order.fill(quantity);
            self.retire(id);
        } else if let Some(index) =
            self.ended.iter().rposition(|entry| entry.order.request.client_id == id)
        {
            let _ = self.ended[index].order.fill(quantity);
            self.revive(index);
        }
    }

    /// An order that was thought refused or lost, and trades, stands at the venue.
    fn revive(&mut self, index: usize) {
        if !self.ended[index].order.state.is_final()
            && let Some(entry) = self.ended.remove(index)
        {
            self.orders.insert(entry.order.request.client_id, entry);
        }
    }

    fn count_share(&mut self, share: &FillShare, instrument: InstrumentId) {
        let flat = self.share(share.owner, instrument).is_flat();
        let key = (share.owner, instrument);
        if let Some(exit) = self.exits.get_mut(&key) {
            exit.remaining = (exit.remaining - share.closed).max(Quantity::ZERO);
        }
        let Some(worker) = share.owner.worker().and_then(|it| self.workers.get_mut(&it)) else {
            return;
        };
        let totals = &mut worker.totals;
        totals.fills += 1;
        totals.closing_fills += u64::from(share.closed.is_positive());
        totals.round_trips += u64::from(share.closed.is_positive() && flat);
        totals.realized += share.realized;
        totals.fees += share.fee;
        totals.volume += share.value;
    }

    fn book_funding(&mut self, transaction: &Transaction) {
        self.ledger.post(transaction);
        for posting in transaction.postings() {
            let worker = posting.sub_ledger.worker();
            if posting.bucket == Bucket::Wallet
                && let Some(worker) = worker.and_then(|it| self.workers.get_mut(&it))
            {
                worker.totals.funding += posting.amount;
            }
        }
    }

    /// Money that came or went is neither gain nor loss.
    fn book_transfer(&mut self, transaction: &Transaction) {
        self.ledger.post(transaction);
        let settle = self.settings.settle.clone();
        let moved: Amount = transaction
            .postings()
            .iter()
            .filter(|posting| posting.bucket == Bucket::Wallet && posting.asset == settle)
            .map(|posting| posting.amount)
            .sum();
        self.equity.high_water += moved;
        self.equity.day_start += moved;
    }

    fn adopt(&mut self, difference: &PositionReport) {
        let add = |position: &mut crate::position::Position| {
            position.quantity += difference.quantity;
            position.cost += difference.cost;
        };
        let key = (difference.instrument, difference.position_side);
        add(self.positions.entry(key).or_default());
        let owner = (SubLedger::External, difference.instrument);
        add(self.shares.entry(owner).or_default());
        self.positions.retain(|_, position| !position.is_flat() || !position.cost.is_zero());
        self.shares.retain(|_, position| !position.is_flat() || !position.cost.is_zero());
    }

    /// Which of a symbol's positions an owner's order works on.
    #[must_use]
    pub fn position_side(&self, long: bool) -> PositionSide {
        match (self.settings.position_mode, long) {
            (crate::venue::PositionMode::OneWay, _) => PositionSide::Net,
            (crate::venue::PositionMode::Hedge, true) => PositionSide::Long,
            (crate::venue::PositionMode::Hedge, false) => PositionSide::Short,
        }
    }

    /// The time of the last snapshot, moved back by a margin for late trades.
    #[must_use]
    pub fn snapshot_since(&self) -> Timestamp {
        self.reconciled_at - crate::time::Span::seconds(120)
    }
}
