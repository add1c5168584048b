//! Protection: a position whose strategy promised a stop has one at the venue, or is watched here.
//!
//! The orders at the venue always add up to the owner's size: what is missing is placed, what is
//! too much or at another price is cancelled, and is replaced once it is gone. A local guard on the
//! market data is the second line: it acts when the venue's stop does not.

use super::intents::Plan;
use super::outbox::Attempt;
use super::{Account, AccountOrder, JournalHealth, Step};
use crate::ids::ClientOrderId;
use crate::instrument::{InstrumentId, TradingStatus};
use crate::intent::{ExitReason, Protection};
use crate::journal::Purpose;
use crate::kill::KillLevel;
use crate::ledger::SubLedger;
use crate::money::{Price, Quantity, Rounding};
use crate::order::{OrderKind, OrderRequest, OrderState, Side, TimeInForce};
use crate::time::{Span, Timestamp};

/// How long the venue's own stop may take after its trigger was passed.
const GUARD_PATIENCE: Span = Span::milliseconds(1_500);

/// A stop that the market has passed, and the best price for a trailing one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Breach {
    since: Option<Timestamp>,
    best: Option<Price>,
}

impl Account {
    pub(super) fn pursue_protection(&mut self, step: &mut Step<'_>) {
        #[cfg(feature = "mutants")]
        if self.has_mutation(super::Mutation::ForgetProtection) {
            return;
        }
        let keys: Vec<_> = self.state.protection.keys().copied().collect();
        for (owner, instrument) in keys {
            self.protect(step, owner, instrument);
        }
        self.cancel_orphans(step);
    }

    /// Cancels protective orders whose promise or position is gone.
    fn cancel_orphans(&mut self, step: &mut Step<'_>) {
        let orphans: Vec<ClientOrderId> = self
            .state
            .orders
            .iter()
            .filter(|(_, it)| it.purpose.is_protective())
            .filter(|(_, it)| {
                let key = (it.owner, it.order.request.instrument);
                !self.state.protection.contains_key(&key)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in orphans {
            self.cancel(step, id);
        }
    }

    fn protect(&mut self, step: &mut Step<'_>, owner: SubLedger, instrument: InstrumentId) {
        let key = (owner, instrument);
        let Some(promise) = self.state.protection.get(&key).copied() else {
            return;
        };
        let held = self.state.share(owner, instrument).quantity;
        if held.is_zero() {
            self.breaches.remove(&key);
        }
        if held.is_zero() && !self.is_entering(owner, instrument) {
            // The promise ends with the position; `cancel_orphans` removes its orders.
            self.promise(step, owner, instrument, Protection::NONE);
            return;
        }
        // An exit that needs the way clear must not find new orders in it.
        let frozen = self.kill_level_of(owner) == KillLevel::Freeze;
        if frozen || self.state.exits.contains_key(&key) {
            return;
        }
        for (purpose, kind) in legs(promise) {
            self.protect_leg(step, key, held, purpose, kind);
        }
    }

    fn is_entering(&self, owner: SubLedger, instrument: InstrumentId) -> bool {
        self.state.orders_of(owner, instrument).any(|it| it.purpose == Purpose::Entry)
    }

    fn protect_leg(
        &mut self,
        step: &mut Step<'_>,
        (owner, instrument): (SubLedger, InstrumentId),
        held: Quantity,
        purpose: Purpose,
        kind: Option<OrderKind>,
    ) {
        let kind = kind.map(|kind| self.on_tick(kind, instrument, held));
        let closing = Side::of(held).map(Side::opposite);
        let fits = |it: &AccountOrder| {
            Some(it.order.request.kind) == kind && Some(it.order.request.side) == closing
        };
        let legs: Vec<_> =
            self.state.orders_of(owner, instrument).filter(|it| it.purpose == purpose).collect();
        let standing: Quantity = legs.iter().map(|it| it.order.remaining()).sum();
        let wrong: Vec<_> =
            legs.iter().filter(|it| !fits(it)).map(|it| it.order.request.client_id).collect();
        let missing = held.abs() - standing;
        let dust = kind.is_some_and(|kind| self.is_dust(instrument, missing, kind));
        let surplus = if dust && missing.is_positive() && standing.is_positive() {
            // The missing part is too little for an order of its own: one order takes it all.
            legs.iter().map(|it| it.order.request.client_id).collect()
        } else {
            surplus(&legs, held.abs())
        };
        for id in wrong.into_iter().chain(surplus) {
            self.cancel(step, id);
        }
        if let (Some(kind), true) = (kind, missing.is_positive()) {
            self.place_leg(step, (owner, instrument), held, missing, purpose, kind);
        }
    }

    /// Spot below the venue's least notional cannot be sold, and so not be protected either.
    fn is_dust(&self, instrument: InstrumentId, quantity: Quantity, kind: OrderKind) -> bool {
        let listed = self.state.instruments.get(instrument).filter(|it| !it.is_contract());
        let price = self.markets.get(instrument).valuation();
        let price = price.into_iter().chain(kind.trigger()).min();
        listed.zip(price).is_some_and(|(listed, price)| {
            listed.notional(price, quantity) < listed.filters.min_notional
        })
    }

    fn place_leg(
        &mut self,
        step: &mut Step<'_>,
        (owner, instrument): (SubLedger, InstrumentId),
        held: Quantity,
        missing: Quantity,
        purpose: Purpose,
        kind: OrderKind,
    ) {
        let attempt = Attempt::Protect(owner, instrument, purpose);
        let listed = self.state.instruments.get(instrument);
        let open = listed.is_some_and(|it| it.filters.status == TradingStatus::Trading);
        let dust = self.is_dust(instrument, missing, kind);
        let written = self.journal != JournalHealth::Failed;
        if !open || dust || !self.retries.allows(attempt, step.now) || !written {
            return;
        }
        let (Some(listed), Some(side)) = (listed, Side::of(held).map(Side::opposite)) else {
            return;
        };
        let quantity = missing.min(listed.filters.max_quantity);
        let intent = self.engine_intent(owner);
        let is_contract = self.is_contract(instrument);
        let request = OrderRequest {
            client_id: self.order_id(intent),
            instrument,
            side,
            position_side: self.position_side_of(instrument, held.is_positive()),
            quantity,
            kind,
            time_in_force: TimeInForce::GoodTillCancelled,
            reduce_only: is_contract,
            close_position: false,
        };
        let plan = Plan { owner, intent, tag: None, purpose, instrument };
        self.queue_order(step, plan, request);
    }

    /// Prices of a promise are rounded towards the market: rather out too early than too late.
    fn on_tick(&self, kind: OrderKind, instrument: InstrumentId, held: Quantity) -> OrderKind {
        let Some(listed) = self.state.instruments.get(instrument) else {
            return kind;
        };
        let inward = if held.is_positive() { Rounding::Ceiling } else { Rounding::Floor };
        let outward = if held.is_positive() { Rounding::Floor } else { Rounding::Ceiling };
        match kind {
            OrderKind::StopMarket { trigger } => {
                OrderKind::StopMarket { trigger: listed.round_price(trigger, inward) }
            }
            OrderKind::TakeProfitMarket { trigger } => {
                OrderKind::TakeProfitMarket { trigger: listed.round_price(trigger, outward) }
            }
            other => other,
        }
    }

    /// Looks at the promises on an instrument after its market moved.
    pub(super) fn watch(&mut self, step: &mut Step<'_>, instrument: InstrumentId) {
        #[cfg(feature = "mutants")]
        if self.has_mutation(super::Mutation::ForgetProtection) {
            return;
        }
        if self.state.protection.is_empty() {
            return;
        }
        let Some(price) = self.markets.get(instrument).valuation() else {
            return;
        };
        let promised: Vec<_> = self
            .state
            .protection
            .iter()
            .filter(|((_, it), promise)| *it == instrument && promise.has_stop())
            .map(|((owner, _), promise)| (*owner, *promise))
            .collect();
        for (owner, promise) in promised {
            self.watch_one(step, owner, instrument, price, promise);
        }
    }

    fn watch_one(
        &mut self,
        step: &mut Step<'_>,
        owner: SubLedger,
        instrument: InstrumentId,
        price: Price,
        promise: Protection,
    ) {
        let key = (owner, instrument);
        let held = self.state.share(owner, instrument).quantity;
        let Some(side) = Side::of(held) else {
            self.breaches.remove(&key);
            return;
        };
        let breach = self.breaches.entry(key).or_default();
        let best = breach.best.unwrap_or(price);
        let best = if side == Side::Buy { best.max(price) } else { best.min(price) };
        breach.best = Some(best);
        let Some(stop) = nearest_stop(promise, side, best) else {
            return;
        };
        if (price.0 - stop.0) * side.sign() > 0 {
            breach.since = None;
            return;
        }
        let since = *breach.since.get_or_insert(step.now);
        if step.now - since >= self.patience(owner, instrument) {
            self.act_as_guard(step, owner, instrument, promise);
        }
    }

    /// A stop that stands at the venue is given a moment to act; without one there is none.
    fn patience(&self, owner: SubLedger, instrument: InstrumentId) -> Span {
        let stands = self.state.orders_of(owner, instrument).any(|it| {
            matches!(it.purpose, Purpose::StopLoss | Purpose::TrailingStop)
                && matches!(it.order.state, OrderState::Open | OrderState::PartiallyFilled)
        });
        if stands { GUARD_PATIENCE } else { Span(0) }
    }

    fn act_as_guard(
        &mut self,
        step: &mut Step<'_>,
        owner: SubLedger,
        instrument: InstrumentId,
        promise: Protection,
    ) {
        let reason = match promise.stop_loss {
            Some(_) => ExitReason::StopLoss,
            None => ExitReason::TrailingStopLoss,
        };
        let saved = step.correlation;
        self.request_exit(step, owner, instrument, None, reason, None);
        step.correlation = saved;
        // If nothing comes of it (dust, nothing held), it is tried again, but not at once.
        if let Some(breach) = self.breaches.get_mut(&(owner, instrument)) {
            breach.since = Some(step.now);
        }
    }

    /// Acts on stops that were passed a while ago, though the market is silent since.
    pub(super) fn watch_breaches(&mut self, step: &mut Step<'_>) {
        let due: Vec<_> = self
            .breaches
            .iter()
            .filter(|(_, breach)| {
                breach.since.is_some_and(|since| step.now - since >= GUARD_PATIENCE)
            })
            .map(|(key, _)| *key)
            .collect();
        for (owner, instrument) in due {
            match self.state.protection.get(&(owner, instrument)).copied() {
                Some(promise) => self.act_as_guard(step, owner, instrument, promise),
                None => {
                    self.breaches.remove(&(owner, instrument));
                }
            }
        }
    }

    /// A promise was changed: whether the market has passed it is to be seen anew.
    pub(super) fn forget_breach(&mut self, owner: SubLedger, instrument: InstrumentId) {
        if let Some(breach) = self.breaches.get_mut(&(owner, instrument)) {
            breach.since = None;
        }
    }

    pub(super) fn next_guard(&self) -> Option<Timestamp> {
        let watched = self.breaches.iter().filter(|(key, _)| !self.state.exits.contains_key(key));
        watched.filter_map(|(_, breach)| breach.since.map(|since| since + GUARD_PATIENCE)).min()
    }

    /// Says whether an owner's position is guarded here: it has a promise, and prices are heard.
    #[must_use]
    pub fn is_guarded(&self, owner: SubLedger, instrument: InstrumentId) -> bool {
        let promised = self.state.protection.get(&(owner, instrument));
        promised.is_some_and(Protection::has_stop)
            && self.markets.get(instrument).valuation().is_some()
    }
}

fn legs(promise: Protection) -> [(Purpose, Option<OrderKind>); 3] {
    let stop = promise.stop_loss.map(|trigger| OrderKind::StopMarket { trigger });
    let target = promise.take_profit.map(|trigger| OrderKind::TakeProfitMarket { trigger });
    let trailing =
        promise.trailing.map(|callback| OrderKind::TrailingStop { callback, activation: None });
    [(Purpose::StopLoss, stop), (Purpose::TakeProfit, target), (Purpose::TrailingStop, trailing)]
}

/// The newest orders that must go so that the rest is not more than `wanted`.
fn surplus(legs: &[&AccountOrder], wanted: Quantity) -> Vec<ClientOrderId> {
    let mut kept = Quantity::ZERO;
    let mut surplus = Vec::new();
    for leg in legs.iter().filter(|it| it.order.state != OrderState::CancelRequested) {
        if kept + leg.order.remaining() > wanted {
            surplus.push(leg.order.request.client_id);
        } else {
            kept += leg.order.remaining();
        }
    }
    surplus
}

fn nearest_stop(promise: Protection, side: Side, best: Price) -> Option<Price> {
    let trailing = promise.trailing.map(|callback| {
        let distance = best.times(callback, Rounding::Down);
        Price(best.0 - side.sign() * distance.0)
    });
    match (promise.stop_loss, trailing) {
        (Some(stop), Some(trailing)) if side == Side::Buy => Some(stop.max(trailing)),
        (Some(stop), Some(trailing)) => Some(stop.min(trailing)),
        (stop, trailing) => stop.or(trailing),
    }
}
