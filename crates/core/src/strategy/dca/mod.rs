//! Dollar-cost averaging: buys a fixed amount at the market every so often, keeps safety orders
//! below the first buy, and sells all at one resting target above the average entry.
//!
//! A round lasts from the first buy until nothing is held; then every count begins anew. Knows
//! nothing of accounts.

mod round;
mod safety;

use serde::{Deserialize, Serialize};

use super::answer::{Doubt, Retry};
use super::config::{self, DcaConfig, FieldError};
use super::exits::Exits;
use super::market_order::{MarketOrder, Outcome};
use super::slot::{Progress, RETRY_TIMER, Slot, Wish, cancel_strays};
use super::{Effects, Strategy, StrategyEvent, Subscription, TimerId, gates};
use crate::instrument::{Instrument, InstrumentId};
use crate::intent::{Intent, OrderTag, Protection, Sizing};
use crate::market::Candle;
use crate::money::{Amount, Price, Rate};
use crate::order::{Side, TimeInForce};
use crate::position::Position;
use crate::time::{Span, Timeframe, Timestamp};
use crate::worker::{WorkerNotice, WorkerView};
use round::Round;
use safety::SafetyOrder;

/// It buys with what is paid in; it does not borrow.
const LEVERAGE: u32 = 1;
/// The timer of the regular order.
const REGULAR_TIMER: TimerId = TimerId(2);
/// How long it waits for a first price.
const PRICE_WAIT: Span = Span::seconds(5);

/// Dollar-cost averaging with its whole state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DcaStrategy {
    instrument: InstrumentId,
    order_amount: Amount,
    interval: Span,
    take_profit: Rate,
    budget: Option<Amount>,
    max_orders: Option<u32>,
    stop_loss: Option<Rate>,
    round: Round,
    regular: MarketOrder,
    regular_retry: Retry,
    next_order: Timestamp,
    safety: Vec<SafetyOrder>,
    target: Slot,
    target_price: Option<Price>,
    /// The stop that the venue was asked to hold.
    stop: Option<Price>,
    stop_retry: Retry,
    doubt: Doubt,
    profit: Amount,
    rounds: u64,
}

impl DcaStrategy {
    /// Builds the strategy.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn new(config: &DcaConfig, instrument: &Instrument) -> Result<Self, Vec<FieldError>> {
        config.validate()?;
        Ok(Self {
            instrument: instrument.id,
            order_amount: config::amount(config.order_amount),
            interval: Span::minutes(config.interval_minutes.into()),
            take_profit: config::rate(config.take_profit_percent),
            budget: Some(config::amount(config.total_budget)).filter(|budget| !budget.is_zero()),
            max_orders: Some(config.max_orders).filter(|orders| *orders > 0),
            stop_loss: config::some_rate(config.stop_loss_percent),
            round: Round::default(),
            regular: MarketOrder::default(),
            regular_retry: Retry::default(),
            next_order: Timestamp::default(),
            safety: SafetyOrder::ladder(config),
            target: Slot::new(0),
            target_price: None,
            stop: None,
            stop_retry: Retry::default(),
            doubt: Doubt::default(),
            profit: Amount::ZERO,
            rounds: 0,
        })
    }

    /// Profit of all that was sold, after the fees of both sides.
    #[must_use]
    pub fn profit(&self) -> Amount {
        self.profit
    }

    /// How many rounds ended.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Value of all that was bought in this round.
    #[must_use]
    pub fn invested(&self) -> Amount {
        self.round.invested
    }

    /// Number of regular orders that traded in this round.
    #[must_use]
    pub fn orders_placed(&self) -> u32 {
        self.round.orders
    }

    fn started(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        self.slots().for_each(Slot::restarted);
        self.regular.restarted();
        self.doubt.begin(view.now, effects);
        self.look(view, effects);
    }

    fn slots(&mut self) -> impl Iterator<Item = &mut Slot> {
        let safety = self.safety.iter_mut().map(|order| &mut order.slot);
        safety.chain([&mut self.target])
    }

    fn look(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(instrument) = view.instruments.get(self.instrument) else {
            return;
        };
        if self.doubt.is_over(view.now) {
            self.slots().for_each(Slot::give_up);
            self.regular.give_up();
        }
        cancel_strays(view, self.instrument, |tag| self.knows(tag), effects);
        if self.stop.is_none() && self.stop_retry.is_due(view.now) {
            self.move_stop(instrument, effects);
        }
        self.tend(instrument, view.now, effects);
        let price = view.markets.get(self.instrument).taking(Side::Buy);
        let gate = self.gate(instrument, price, view.now);
        match gate {
            None => self.buy(price, instrument, view.now, effects),
            Some(gate) if effects.intents.is_empty() => effects.refuse(gate),
            Some(_) => {}
        }
        let wait = if gate == Some(gates::WARMING_UP) { PRICE_WAIT } else { self.interval };
        let next = if self.next_order > view.now { self.next_order } else { view.now + wait };
        effects.timers.push((REGULAR_TIMER, next));
    }

    fn knows(&self, tag: OrderTag) -> bool {
        let mut safety = self.safety.iter().map(|order| order.slot.tag());
        self.target.tag() == Some(tag) || safety.any(|known| known == Some(tag))
    }

    /// Why no regular order is placed now.
    fn gate(
        &self,
        instrument: &Instrument,
        price: Option<Price>,
        now: Timestamp,
    ) -> Option<&'static str> {
        let checks = [
            (self.regular.is_pending(), gates::ORDER_PENDING),
            (!self.regular_retry.is_due(now), gates::WAITING_TO_RETRY),
            (now < self.next_order, gates::INTERVAL_NOT_ELAPSED),
            (
                self.max_orders.is_some_and(|most| self.round.orders >= most),
                gates::MAX_ORDERS_REACHED,
            ),
            (!self.can_pay(self.order_amount, instrument), gates::BUDGET_SPENT),
            (price.is_none(), gates::WARMING_UP),
        ];
        checks.into_iter().find(|(refuses, _)| *refuses).map(|(_, gate)| gate)
    }

    /// Says whether the budget allows another order besides what is bought and what rests.
    fn can_pay(&self, amount: Amount, instrument: &Instrument) -> bool {
        let resting: Amount = self.safety.iter().map(|order| order.resting(instrument)).sum();
        self.budget.is_none_or(|budget| self.round.invested + resting + amount <= budget)
    }

    fn buy(
        &mut self,
        price: Option<Price>,
        instrument: &Instrument,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let exits = Exits { stop_loss: self.stop_loss, take_profit: None };
        let estimate = price.map(|price| exits.protection(Side::Buy, price, instrument));
        let held = self.stop.map(|stop| Protection { stop_loss: Some(stop), ..Protection::NONE });
        self.next_order = now + self.interval;
        self.regular.opens(Side::Buy);
        effects.intents.push(Intent::Open {
            instrument: self.instrument,
            side: Side::Buy,
            sizing: Sizing::Notional(self.order_amount),
            leverage: Some(LEVERAGE),
            protection: held.or(estimate).unwrap_or_default(),
            confidence: None,
        });
    }

    /// Keeps what rests in line with what is held.
    fn tend(&mut self, instrument: &Instrument, now: Timestamp, effects: &mut Effects) {
        self.tend_target(instrument, now, effects);
        let Some(first) = self.round.first_price else {
            // What rests is left over from the round before.
            return self.slots().for_each(|slot| slot.cancel(now, effects));
        };
        for index in 0..self.safety.len() {
            let order = &self.safety[index];
            if order.is_due(now) && self.can_pay(order.notional, instrument) {
                self.safety[index].place(first, self.instrument, instrument, effects);
            }
        }
    }

    /// The target sells all that is held; it is replaced when that or its price changed.
    fn tend_target(&mut self, instrument: &Instrument, now: Timestamp, effects: &mut Effects) {
        let quantity = self.round.held.quantity.floor_to(instrument.filters.step);
        let Some(price) = self.target_price.filter(|_| quantity.is_positive()) else {
            return;
        };
        match self.target.order() {
            Some(order) if order.price != price || order.remaining() != quantity => {
                self.target.cancel(now, effects);
            }
            Some(_) => {}
            None if self.target.is_free(now) => {
                let wish = Wish {
                    side: Side::Sell,
                    quantity,
                    price,
                    time_in_force: TimeInForce::GoodTillCancelled,
                    reduce_only: true,
                };
                self.target.place(wish, self.instrument, LEVERAGE, effects);
            }
            None => {}
        }
    }

    fn notice(&mut self, notice: &WorkerNotice, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(instrument) = view.instruments.get(self.instrument) else {
            return;
        };
        self.hear_orders(notice, view.now, effects);
        self.hear_regular(notice, view.now, effects);
        if let WorkerNotice::OrderFilled {
            instrument: here,
            side,
            price,
            quantity,
            fee,
            realized,
            position,
            ..
        } = notice
            && *here == self.instrument
        {
            match side {
                Side::Buy => {
                    let value = instrument.notional(*price, *quantity);
                    self.round.bought(*price, value, *fee, *position);
                    self.target_price = self.round.target(self.take_profit, instrument);
                    self.move_stop(instrument, effects);
                }
                Side::Sell => self.sold(*realized - *fee, *position, view.now, effects),
            }
        }
        self.tend(instrument, view.now, effects);
    }

    fn hear_regular(&mut self, notice: &WorkerNotice, now: Timestamp, effects: &mut Effects) {
        match self.regular.hear(notice, self.instrument) {
            Outcome::Pending => {}
            Outcome::Filled => {
                self.round.orders += 1;
                self.regular_retry.succeeded();
            }
            Outcome::Failed => {
                let retry = self.regular_retry.failed(now);
                self.next_order = self.next_order.min(retry);
                effects.timers.push((REGULAR_TIMER, self.next_order));
            }
        }
        if matches!(notice, WorkerNotice::IntentDenied { tag: None, .. }) && self.stop.is_some() {
            // It may have been the stop: that is asked for again.
            self.stop = None;
            effects.timers.push((RETRY_TIMER, self.stop_retry.failed(now)));
        }
    }

    fn hear_orders(&mut self, notice: &WorkerNotice, now: Timestamp, effects: &mut Effects) {
        let (WorkerNotice::OrderFilled { tag: Some(tag), .. }
        | WorkerNotice::OrderUpdated { tag: Some(tag), .. }
        | WorkerNotice::IntentDenied { tag: Some(tag), .. }) = notice
        else {
            return;
        };
        self.target.hear(*tag, notice, now, effects);
        for order in &mut self.safety {
            let progress = order.slot.hear(*tag, notice, now, effects);
            let spent = matches!(progress, Progress::Filled | Progress::Gone { partly: true });
            order.is_spent |= spent && self.round.first_price.is_some();
        }
    }

    /// The stop follows the average entry.
    fn move_stop(&mut self, instrument: &Instrument, effects: &mut Effects) {
        let stop = self.stop_loss.and_then(|rate| self.round.stop(rate, instrument));
        if stop.is_some() && stop != self.stop {
            self.stop = stop;
            let protection = Protection { stop_loss: stop, ..Protection::NONE };
            effects.intents.push(Intent::Protect { instrument: self.instrument, protection });
        }
    }

    fn sold(&mut self, gain: Amount, held: Position, now: Timestamp, effects: &mut Effects) {
        self.profit += gain - self.round.sold(held);
        if held.is_flat() {
            self.end_round(now, effects);
        }
    }

    fn end_round(&mut self, now: Timestamp, effects: &mut Effects) {
        self.round = Round::default();
        self.rounds += 1;
        (self.target_price, self.stop) = (None, None);
        self.stop_retry.succeeded();
        self.safety.iter_mut().for_each(|order| order.is_spent = false);
        self.slots().for_each(|slot| slot.cancel(now, effects));
        effects.timers.push((REGULAR_TIMER, self.next_order.max(now)));
    }
}

impl Strategy for DcaStrategy {
    fn name(&self) -> &'static str {
        "dca"
    }

    fn subscription(&self) -> Subscription {
        Subscription { instruments: vec![self.instrument], ..Subscription::default() }
    }

    fn warm_up(&mut self, _instrument: InstrumentId, _timeframe: Timeframe, _candle: &Candle) {}

    fn handle(&mut self, event: &StrategyEvent<'_>, view: &WorkerView<'_>, effects: &mut Effects) {
        match event {
            StrategyEvent::Started => self.started(view, effects),
            StrategyEvent::Timer(_)
            | StrategyEvent::Triggered
            | StrategyEvent::CandleClosed { .. } => self.look(view, effects),
            StrategyEvent::Account(event) => self.notice(&event.notice, view, effects),
            _ => {}
        }
    }
}
