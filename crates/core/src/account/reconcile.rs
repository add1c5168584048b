//! Reconciliation: the venue's own word against our books, at start and again and again.
//!
//! Missing fills are booked, orders that are gone are asked for, and what still differs is adopted
//! as `External`: the venue's quantity wins, and no opposite fill is ever invented.

use super::recovery::Recovery;
use super::state::AccountState;
use super::{Account, Phase, Step};
use crate::ids::TradeId;
use crate::instrument::{InstrumentId, InstrumentKind};
use crate::journal::AccountEvent;
use crate::kill::KillLevel;
use crate::ledger::{Bucket, SubLedger, Transaction};
use crate::money::Amount;
use crate::order::{OrderState, PositionSide};
use crate::time::{Span, Timestamp};
use crate::venue::{OrderReport, PositionReport, Snapshot, VenueCommand};

/// How long an answer may take before the question is put again.
const ANSWER_WITHIN: Span = Span::seconds(5);
/// Pause before a question that failed is put again.
const PAUSE: Span = Span::seconds(1);
/// An order younger than this may be missing from a snapshot without having ended.
const SETTLING: Span = Span::seconds(2);

/// When a snapshot is wanted, and whether one is under way.
#[derive(Debug, Default)]
pub(super) struct SnapshotRequest {
    wanted_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    answered_at: Timestamp,
    /// Whether the books were found to agree since trading was last paused.
    compared: bool,
    /// Venue time of the last interruption: an answer from before it says nothing of what was lost.
    interrupted_at: Timestamp,
}

impl SnapshotRequest {
    /// A snapshot is wanted as soon as one that is under way is through.
    pub(super) fn ask_soon(&mut self, now: Timestamp) {
        let at = self.wanted_at.map_or(now, |wanted| wanted.min(now));
        self.wanted_at = Some(at);
    }

    /// A snapshot is wanted, but something else must happen before it can help.
    pub(super) fn ask_later(&mut self, now: Timestamp) {
        self.ask_soon(now + PAUSE);
    }

    /// The question failed.
    pub(super) fn failed(&mut self, now: Timestamp) {
        self.asked_at = None;
        self.wanted_at = Some(now + PAUSE);
    }

    pub(super) fn next_due(&self, state: &AccountState) -> Option<Timestamp> {
        if let Some(asked) = self.asked_at {
            return Some(asked + ANSWER_WITHIN);
        }
        let regular = self.answered_at + state.settings.reconcile_every;
        Some(self.wanted_at.map_or(regular, |wanted| wanted.min(regular)))
    }
}

impl Account {
    /// The engine took the account over.
    pub(super) fn start(&mut self, step: &mut Step<'_>) {
        let incarnation = self.state.incarnation + 1;
        self.recovery = Some(Recovery::begin(&self.state, incarnation, step.now));
        self.outbox.started = self.record(step, AccountEvent::EngineStarted { incarnation });
        self.enter_phase(step, Phase::Reconciling);
        self.doubt_after_restart(step);
        self.snapshot.ask_soon(step.now);
        self.ask_for_snapshot(step);
    }

    /// The stream lost messages: nothing is entered until the books were compared anew.
    pub(super) fn interrupted(&mut self, step: &mut Step<'_>) {
        self.enter_phase(step, Phase::Reconciling);
        // An answer that is under way may have been lost with the stream.
        self.snapshot.asked_at = None;
        self.snapshot.interrupted_at = step.event_at;
        self.snapshot.compared = false;
        self.snapshot.ask_soon(step.now);
        self.ask_for_snapshot(step);
    }

    /// Asks for a snapshot when one is due.
    pub(super) fn ask_for_snapshot(&mut self, step: &mut Step<'_>) {
        let due = self.snapshot.next_due(&self.state).is_some_and(|due| due <= step.now);
        if !due || self.phase == Phase::Idle {
            return;
        }
        self.snapshot.asked_at = Some(step.now);
        self.snapshot.wanted_at = None;
        let since = self.state.snapshot_since();
        step.effects.commands.push(VenueCommand::FetchSnapshot { since });
    }

    /// Compares a snapshot with the books.
    pub(super) fn reconcile(&mut self, step: &mut Step<'_>, snapshot: &Snapshot) {
        self.snapshot.asked_at = None;
        self.snapshot.answered_at = step.now;
        let before = self.state.sequence;
        self.book_missed(step, snapshot);
        let missed = self.state.sequence.0 - before.0;
        let doubtful = self.compare_orders(step, snapshot);
        // What was booked after the snapshot was taken is not in it: compare again soon.
        if self.state.seen.highest() > snapshot.last_trade {
            self.snapshot.wanted_at = Some(step.now + PAUSE);
            return;
        }
        // Positions first: restating a cost moves money that the balances are then found to have.
        let adopted =
            self.compare_positions(step, snapshot) + self.compare_balances(step, snapshot);
        let missed = u32::try_from(missed).unwrap_or(u32::MAX);
        let time = snapshot.time;
        let event = AccountEvent::SnapshotReconciled { time, missed, adopted, doubtful };
        step.cause = None;
        step.correlation = None;
        self.record(step, event);
        self.snapshot.compared |= snapshot.time >= self.snapshot.interrupted_at;
        self.become_ready(step);
    }

    /// Trades again once the books agree and no order is in doubt.
    pub(super) fn become_ready(&mut self, step: &mut Step<'_>) {
        let waiting = self.phase == Phase::Reconciling;
        if waiting && self.snapshot.compared && !self.has_doubts() {
            self.enter_phase(step, Phase::Ready);
            if let Some(recovery) = self.recovery.take() {
                step.effects.recovered = Some(recovery.end(&self.state, step.now));
            }
            self.note_equity(step);
            self.attach_waiting(step);
        }
    }

    fn book_missed(&mut self, step: &mut Step<'_>, snapshot: &Snapshot) {
        let mut missed: Vec<(TradeId, Missed<'_>)> = Vec::new();
        missed.extend(snapshot.fills.iter().map(|fill| (fill.trade_id, Missed::Fill(fill))));
        missed.extend(snapshot.fundings.iter().map(|it| (it.id, Missed::Funding(it))));
        missed.sort_by_key(|(id, _)| *id);
        for (_, item) in missed {
            match item {
                Missed::Fill(fill) => self.book_fill(step, fill.clone()),
                Missed::Funding(funding) => self.book_funding(step, funding),
            }
        }
        step.event_at = snapshot.time;
    }

    /// Looks at every order of ours that should be in the snapshot. Returns how many are in doubt.
    fn compare_orders(&mut self, step: &mut Step<'_>, snapshot: &Snapshot) -> u32 {
        for report in &snapshot.open_orders {
            let Some(known) = self.state.orders.get(&report.client_id) else {
                if report.client_id.is_ours() {
                    self.cancel_stranger(step, report, snapshot.time);
                }
                continue;
            };
            let unsure = matches!(known.order.state, OrderState::InFlight | OrderState::Unknown);
            if unsure && report.filled <= known.order.filled {
                self.accepted(step, report.client_id, report.venue_id);
            }
        }
        let gone: Vec<_> = self
            .state
            .orders
            .iter()
            .filter(|(_, it)| it.order.state.is_working())
            .filter(|(_, it)| it.changed_at + SETTLING <= snapshot.time)
            .filter(|(id, _)| !snapshot.open_orders.iter().any(|it| it.client_id == **id))
            .map(|(id, _)| *id)
            .collect();
        for id in &gone {
            self.doubt(step, *id);
        }
        u32::try_from(gone.len()).unwrap_or(u32::MAX)
    }

    /// An order with our mark that the journal does not know can only come from the time when the
    /// journal could not write, and one that ended here should not stand there: neither is left
    /// alone, but what ended a moment ago may only be too new for the snapshot.
    fn cancel_stranger(&self, step: &mut Step<'_>, report: &OrderReport, taken: Timestamp) {
        let client_id = report.client_id;
        let ended = self.state.order(client_id);
        let settled = ended.is_none_or(|it| it.changed_at + SETTLING <= taken);
        if settled && self.state.kill_level < KillLevel::Freeze {
            let instrument = report.request.instrument;
            step.effects.commands.push(VenueCommand::CancelOrder { instrument, client_id });
        }
    }

    fn compare_balances(&mut self, step: &mut Step<'_>, snapshot: &Snapshot) -> u32 {
        let mut transaction = Transaction::default();
        let told = |asset: &crate::symbol::Asset| {
            let mut balances = snapshot.balances.iter();
            balances.find(|(it, _)| it == asset).map(|(_, amount)| *amount).unwrap_or_default()
        };
        let mut assets: Vec<_> = self.state.ledger.wallets().keys().cloned().collect();
        assets.extend(snapshot.balances.iter().map(|(asset, _)| asset.clone()));
        assets.sort();
        assets.dedup();
        for asset in assets {
            let difference = told(&asset) - self.state.ledger.wallet(&asset);
            let owner = SubLedger::External;
            transaction.move_money(owner, Bucket::Transfers, &asset, difference);
        }
        if transaction.postings().is_empty() {
            return 0;
        }
        let count = transaction.postings().len() / 2;
        self.record(step, AccountEvent::TransferBooked { transaction });
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn compare_positions(&mut self, step: &mut Step<'_>, snapshot: &Snapshot) -> u32 {
        let mut keys: Vec<_> = self.state.positions.keys().copied().collect();
        keys.extend(snapshot.positions.iter().map(|it| (it.instrument, it.position_side)));
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|(instrument, _)| self.is_contract(*instrument));
        let mut adopted = 0;
        for (instrument, position_side) in keys {
            let ours = self.state.position(instrument, position_side);
            let told = snapshot
                .positions
                .iter()
                .find(|it| (it.instrument, it.position_side) == (instrument, position_side));
            let quantity = told.map(|it| it.quantity).unwrap_or_default() - ours.quantity;
            let cost = told.map(|it| it.cost).unwrap_or_default() - ours.cost;
            if quantity.is_zero() && cost.is_zero() {
                continue;
            }
            if quantity.is_zero() {
                self.restate_cost(step, instrument, position_side, cost);
                continue;
            }
            let difference = PositionReport { instrument, position_side, quantity, cost };
            self.record(step, AccountEvent::PositionAdopted { difference });
            adopted += 1;
        }
        adopted
    }

    fn restate_cost(
        &mut self,
        step: &mut Step<'_>,
        instrument: InstrumentId,
        position_side: PositionSide,
        cost: Amount,
    ) {
        let Some(listed) = self.state.instruments.get(instrument) else {
            return;
        };
        // An inverse contract earns the other way round.
        let inverse = listed.kind == InstrumentKind::Inverse;
        let money = if inverse { -cost } else { cost };
        let mut transaction = Transaction::default();
        let owner = SubLedger::Netting;
        transaction.move_money(owner, Bucket::Realized, listed.settle(), money);
        let event = AccountEvent::CostRestated { instrument, position_side, cost, transaction };
        self.record(step, event);
    }
}

enum Missed<'s> {
    Fill(&'s crate::venue::FillReport),
    Funding(&'s crate::venue::FundingReport),
}
