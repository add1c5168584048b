//! Exits at the market: begun once, pursued until the position is as small as wished.
//!
//! Where others hold the same symbol, protective orders are cancelled first, so that the two never
//! add up to more than the owner's own size. Where the owner is alone, reduce-only at the venue
//! guarantees that, and the exit goes out at once.

use super::intents::Plan;
use super::outbox::Attempt;
use super::{Account, Step};
use crate::ids::{Epoch, IntentId, WorkerId};
use crate::instrument::{InstrumentId, TradingStatus};
use crate::intent::{ExitReason, Intent};
use crate::journal::{AccountEvent, Purpose};
use crate::kill::KillLevel;
use crate::ledger::SubLedger;
use crate::money::Quantity;
use crate::risk::{DenialCode, review};
use crate::time::Span;

/// First and longest pause between two orders of one exit.
const PAUSE: (Span, Span) = (Span::milliseconds(200), Span::seconds(10));

impl Account {
    /// Begins an exit, or makes one that is under way larger. Without an intent the engine has
    /// one of its own.
    pub(super) fn request_exit(
        &mut self,
        step: &mut Step<'_>,
        owner: SubLedger,
        instrument: InstrumentId,
        quantity: Option<Quantity>,
        reason: ExitReason,
        intent: Option<IntentId>,
    ) {
        let held = self.state.share(owner, instrument).quantity.abs();
        let quantity = quantity.map_or(held, |quantity| quantity.min(held));
        let under_way = self.state.exits.get(&(owner, instrument));
        if quantity.is_zero() || under_way.is_some_and(|exit| exit.remaining >= quantity) {
            return;
        }
        let intent = intent.unwrap_or_else(|| self.engine_intent(owner));
        step.correlation = Some(intent);
        let event = AccountEvent::ExitRequested { owner, instrument, quantity, reason, intent };
        self.record(step, event);
    }

    /// The next intent of the engine itself on behalf of an owner.
    pub(super) fn engine_intent(&self, owner: SubLedger) -> IntentId {
        let worker = owner.worker().and_then(|id| Some((id, self.state.workers.get(&id)?)));
        let (worker, epoch, number) = match worker {
            Some((id, worker)) => (id, worker.epoch, worker.engine_intents),
            // A restart may have forgotten the count, so the start of the engine is part of it.
            None => {
                let incarnation = Epoch(self.state.incarnation);
                (WorkerId::default(), incarnation, self.state.engine_intents)
            }
        };
        IntentId { worker, epoch, number: IntentId::ENGINE | (number + 1) }
    }

    pub(super) fn pursue_exits(&mut self, step: &mut Step<'_>) {
        let keys: Vec<_> = self.state.exits.keys().copied().collect();
        for (owner, instrument) in keys {
            self.pursue_exit(step, owner, instrument);
        }
    }

    fn pursue_exit(&mut self, step: &mut Step<'_>, owner: SubLedger, instrument: InstrumentId) {
        let Some(exit) = self.state.exits.get(&(owner, instrument)).copied() else {
            return;
        };
        if self.kill_level_of(owner) == KillLevel::Freeze {
            return;
        }
        let attempt = Attempt::Exit(owner, instrument);
        let held = self.state.share(owner, instrument).quantity.abs();
        if held.is_zero() || exit.remaining.is_zero() {
            self.retries.forget(attempt);
            self.record(step, AccountEvent::ExitEnded { owner, instrument });
            return;
        }
        let under_way = |purpose| matches!(purpose, Purpose::Exit(_));
        if self.state.orders_of(owner, instrument).any(|it| under_way(it.purpose)) {
            return;
        }
        if !self.clear_the_way(step, owner, instrument, exit.remaining >= held) {
            return;
        }
        if !self.retries.allows(attempt, step.now) {
            return;
        }
        self.retries.put_off(attempt, step.now, PAUSE.0, PAUSE.1);
        let reason = exit.reason;
        // An intent has one order; attempts after the first are the engine's own.
        let first = exit.attempts == 0;
        let intent = if first { exit.intent } else { self.engine_intent(owner) };
        #[cfg(feature = "mutants")]
        let (exit, held) = self.mutated_exit(owner, instrument, exit, held);
        let quantity = Some(exit.remaining.min(held));
        let close = Intent::Close { instrument, quantity, reason };
        self.plan_exit(step, owner, &close, intent, exit.attempts > 0);
    }

    #[cfg(feature = "mutants")]
    fn mutated_exit(
        &self,
        owner: SubLedger,
        instrument: InstrumentId,
        mut exit: super::PendingExit,
        held: Quantity,
    ) -> (super::PendingExit, Quantity) {
        if !self.has_mutation(super::Mutation::CloseWholeSymbol) {
            return (exit, held);
        }
        let long = self.state.share(owner, instrument).quantity.is_positive();
        let side = self.state.position_side(long);
        exit.remaining = self.state.position(instrument, side).quantity.abs();
        (exit, exit.remaining)
    }

    /// Cancels what could add up with the exit. Says whether the exit may go out now.
    fn clear_the_way(
        &mut self,
        step: &mut Step<'_>,
        owner: SubLedger,
        instrument: InstrumentId,
        whole: bool,
    ) -> bool {
        let adds_up = move |entry: &super::AccountOrder| {
            entry.owner == owner
                && entry.order.request.instrument == instrument
                && (entry.purpose.is_protective() || entry.purpose == Purpose::ExitLimit)
        };
        // Spot knows no reduce-only: there two sells always add up.
        let alone = self.is_contract(instrument)
            && self.state.holders(instrument).all(|(holder, _)| holder == owner);
        if alone {
            if whole {
                self.cancel_where(step, move |it| adds_up(it) && !it.purpose.is_protective());
            }
            return true;
        }
        if self.state.orders.values().any(adds_up) {
            self.cancel_where(step, adds_up);
            return false;
        }
        true
    }

    fn plan_exit(
        &mut self,
        step: &mut Step<'_>,
        owner: SubLedger,
        intent: &Intent,
        id: IntentId,
        failed_before: bool,
    ) {
        let Some(instrument) = intent.instrument() else {
            return;
        };
        let limits = self.limits_of(owner);
        let Some(listed) = self.state.instruments.get(instrument).cloned() else {
            return;
        };
        if listed.filters.status != TradingStatus::Trading {
            return;
        }
        let mut view = self.risk_view(step.now, owner, &listed, None);
        view.exit_failed_before = failed_before;
        #[cfg(feature = "mutants")]
        if let (true, Intent::Close { quantity: Some(whole), .. }) =
            (self.has_mutation(super::Mutation::CloseWholeSymbol), &intent)
        {
            let sign = view.worker_position.quantity.0.signum();
            view.worker_position.quantity = Quantity(sign * whole.0);
        }
        let approved = match review(intent, &view, &limits) {
            Ok(approved) => approved,
            // What the venue does not take because it is too little stays as it is.
            Err(denial) if denial.code == DenialCode::BelowMinimum => {
                self.record(step, AccountEvent::ExitEnded { owner, instrument });
                return;
            }
            Err(_) => return,
        };
        let purpose = Purpose::Exit(approved.exit().unwrap_or(ExitReason::ExitSignal));
        let plan = Plan { owner, intent: id, tag: None, purpose, instrument };
        self.plan_order(step, plan, &approved);
    }
}
