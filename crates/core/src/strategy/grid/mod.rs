//! The grid strategy: a ladder of resting buys, each sold again one level higher, again and again.
//!
//! It is long only and sells only what it bought. Profit is booked from matched fills, after the
//! fees of both sides. Knows nothing of accounts; every order it wishes has a slot that waits for
//! its end.

mod cell;
mod inventory;
mod ladder;
mod lot;
mod opening;

use serde::{Deserialize, Serialize};

pub use inventory::Earnings;
pub(super) use ladder::{Ladder, power};

use super::answer::{Doubt, Retry};
use super::config::{self, FieldError, GridConfig};
use super::market_order::{MarketOrder, Outcome};
use super::slot::{Progress, RETRY_TIMER, Slot, cancel_strays};
use super::{Effects, Strategy, StrategyEvent, Subscription, gates};
use crate::instrument::{Instrument, InstrumentId};
use crate::intent::{ExitReason, Intent, OrderTag, Protection, Sizing};
use crate::market::Candle;
use crate::money::{Price, Quantity, Rounding};
use crate::order::Side;
use crate::time::{Timeframe, Timestamp};
use crate::worker::{WorkerNotice, WorkerView};
use cell::{Cell, Terms};
use inventory::Trade;
use opening::Opening;

/// The grid strategy with its whole state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GridStrategy {
    terms: Terms,
    timeframe: Timeframe,
    ladder: Ladder,
    trailing: bool,
    stop: Option<Price>,
    target: Option<Price>,
    /// Lowest first.
    cells: Vec<Cell>,
    opening: Opening,
    opening_retry: Retry,
    market_order: MarketOrder,
    doubt: Doubt,
    /// The last price it knows.
    price: Option<Price>,
    /// Whether the venue was asked to hold the stop of the present position.
    is_protected: bool,
    /// Why it is done.
    stopped: Option<ExitReason>,
    earnings: Earnings,
}

impl GridStrategy {
    /// Builds a grid.
    ///
    /// # Errors
    /// All fields that are wrong, also those that only the instrument shows to be.
    pub fn new(config: &GridConfig, instrument: &Instrument) -> Result<Self, Vec<FieldError>> {
        config.validate()?;
        let ladder = Ladder::new(config, instrument)?;
        let level = |number| ladder.level(number, instrument);
        let cells: Vec<_> = (0..config.grid_count)
            .map(|number| Cell::new(number, level(number), level(number + 1)))
            .collect();
        let invested = config::notional(config.total_investment, config.leverage);
        let terms = Terms {
            instrument: instrument.id,
            notional: invested.share(1, i128::from(config.grid_count), Rounding::Down),
            leverage: config::whole(config.leverage),
        };
        if cells.iter().any(|cell| cell.target(terms, instrument).is_zero()) {
            let message = "leaves less than one quantity step for each level";
            return Err(vec![FieldError::new("total_investment", message)]);
        }
        let bound = |value| {
            Price::round_decimal(value, instrument.price_decimals, Rounding::Nearest)
                .ok()
                .map(|price| instrument.round_price(price, Rounding::Nearest))
        };
        Ok(Self {
            terms,
            timeframe: config.timeframe,
            trailing: config.trailing,
            stop: config.stop_price.and_then(bound),
            target: config.take_profit_price.and_then(bound),
            cells,
            opening: if config.initial_position { Opening::Wanted } else { Opening::Done },
            opening_retry: Retry::default(),
            market_order: MarketOrder::default(),
            doubt: Doubt::default(),
            price: None,
            is_protected: false,
            stopped: None,
            earnings: Earnings::default(),
            ladder,
        })
    }

    /// What it has earned.
    #[must_use]
    pub fn earnings(&self) -> Earnings {
        self.earnings
    }

    /// What it holds, by its own count.
    #[must_use]
    pub fn inventory(&self) -> Quantity {
        self.cells.iter().map(|cell| cell.lot.quantity()).sum()
    }

    /// Buy and sell price of every interval, lowest first.
    pub fn levels(&self) -> impl Iterator<Item = (Price, Price)> {
        self.cells.iter().map(|cell| (cell.buy, cell.sell))
    }

    /// Why it is done for good; `None` while it trades.
    #[must_use]
    pub fn stopped(&self) -> Option<ExitReason> {
        self.stopped
    }

    fn started(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        // A price of before a restart may be far away by now.
        self.price = None;
        self.cells.iter_mut().for_each(|cell| cell.slot.restarted());
        self.market_order.restarted();
        self.doubt.begin(view.now, effects);
        self.look_at_market(view, effects);
    }

    fn look_at_market(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let market = view.markets.get(self.terms.instrument);
        self.price = market.taking(Side::Buy).or(self.price);
        self.look(view, effects);
    }

    fn look(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(instrument) = view.instruments.get(self.terms.instrument) else {
            return;
        };
        let Some(price) = self.price else {
            return effects.refuse(gates::WARMING_UP);
        };
        self.give_up_the_lost(view.now);
        self.check_bounds(price);
        if self.stopped.is_some() {
            self.wind_down(view, effects);
            if effects.intents.is_empty() {
                effects.refuse(gates::GRID_STOPPED);
            }
            return;
        }
        self.cells.iter_mut().for_each(|cell| cell.trim(view.now, effects));
        self.follow(price, instrument, view.now, effects);
        cancel_strays(view, self.terms.instrument, |tag| self.knows(tag), effects);
        self.protect(!view.book.position(self.terms.instrument).is_flat(), effects);
        self.open(price, instrument, view.now, effects);
        self.arm(instrument, view.now, effects);
        if effects.intents.is_empty() {
            effects.refuse(self.gate(price, view.now));
        }
    }

    /// Why there was nothing to do.
    fn gate(&self, price: Price, now: Timestamp) -> &'static str {
        let waits = |cell: &Cell| cell.slot.order().is_none() && !cell.slot.is_free(now);
        let outside = |first: &Cell, last: &Cell| price < first.buy || price > last.sell;
        if self.opening.is_asked() {
            gates::ORDER_PENDING
        } else if self.opening == Opening::Wanted || self.cells.iter().any(waits) {
            gates::WAITING_TO_RETRY
        } else if self.cells.first().zip(self.cells.last()).is_some_and(|(a, b)| outside(a, b)) {
            gates::OUTSIDE_BOUNDS
        } else {
            gates::ALL_LEVELS_ARMED
        }
    }

    fn give_up_the_lost(&mut self, now: Timestamp) {
        if self.doubt.is_over(now) {
            self.cells.iter_mut().for_each(|cell| cell.slot.give_up());
            if self.market_order.give_up() && self.opening.is_asked() {
                self.opening = Opening::Wanted;
            }
        }
    }

    fn check_bounds(&mut self, price: Price) {
        if self.stopped.is_some() {
            return;
        }
        if self.stop.is_some_and(|stop| price <= stop) {
            self.stopped = Some(ExitReason::StopLoss);
        } else if self.target.is_some_and(|target| price >= target) {
            self.stopped = Some(ExitReason::TakeProfit);
        }
    }

    /// Does what is left to be out of the market.
    fn wind_down(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let instrument = self.terms.instrument;
        if view.book.orders.values().any(|order| order.instrument == instrument) {
            effects.intents.push(Intent::CancelAll { instrument });
            self.cells.iter_mut().for_each(|cell| cell.slot.is_being_cancelled());
        }
        let held = !view.book.position(instrument).is_flat();
        if held && !self.market_order.is_pending() {
            self.market_order.closes(Side::Sell);
            let reason = self.stopped.unwrap_or(ExitReason::ExitSignal);
            effects.intents.push(Intent::Close { instrument, quantity: None, reason });
        }
    }

    /// Moves the ladder up after a price that has left it by a whole step and left nothing behind.
    fn follow(
        &mut self,
        price: Price,
        instrument: &Instrument,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        let holds = |cell: &Cell| {
            let sells = cell.slot.order().is_some_and(|order| order.side == Side::Sell);
            sells || cell.is_stocked(instrument)
        };
        if !self.trailing || self.opening != Opening::Done || self.cells.iter().any(holds) {
            return;
        }
        // One pass moves it by its own length at most; the next look goes on.
        for _ in 0..self.cells.len() {
            let Some(last) = self.cells.last() else {
                return;
            };
            let (number, buy) = (last.slot.number() + 1, last.sell);
            let sell = self.ladder.level(number + 1, instrument);
            if price < sell || sell <= buy {
                return;
            }
            self.cells.push(Cell::new(number, buy, sell));
            let mut lowest = self.cells.remove(0);
            lowest.slot.cancel(now, effects);
            // Too little to sell alone goes with the next lot.
            self.cells[0].lot.absorb(lowest.lot);
        }
    }

    fn knows(&self, tag: OrderTag) -> bool {
        self.index_of(tag).is_some_and(|index| self.cells[index].slot.tag() == Some(tag))
    }

    fn index_of(&self, tag: OrderTag) -> Option<usize> {
        let first = self.cells.first()?.slot.number();
        let index = Slot::number_of(tag).checked_sub(first)? as usize;
        (index < self.cells.len()).then_some(index)
    }

    /// Sees to it that the stop also stands at the venue.
    fn protect(&mut self, held: bool, effects: &mut Effects) {
        let Some(stop) = self.stop.filter(|_| held) else {
            self.is_protected = false;
            return;
        };
        if !self.is_protected {
            self.is_protected = true;
            effects.intents.push(Intent::Protect {
                instrument: self.terms.instrument,
                protection: self.protection(stop),
            });
        }
    }

    fn protection(&self, stop: Price) -> Protection {
        Protection { stop_loss: Some(stop), ..Protection::NONE }
    }

    /// Buys what the levels above the price are to sell.
    fn open(
        &mut self,
        price: Price,
        instrument: &Instrument,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        if self.opening != Opening::Wanted || !self.opening_retry.is_due(now) {
            return;
        }
        let above = self.cells.iter().filter(|cell| cell.buy >= price);
        let remaining: Quantity = above.map(|cell| cell.target(self.terms, instrument)).sum();
        if remaining.is_zero() {
            self.opening = Opening::Done;
            return;
        }
        self.opening = Opening::Asked { above: price, remaining, begun: false };
        self.market_order.opens(Side::Buy);
        self.is_protected = true;
        effects.intents.push(Intent::Open {
            instrument: self.terms.instrument,
            side: Side::Buy,
            sizing: Sizing::Quantity(remaining),
            leverage: Some(self.terms.leverage),
            protection: self.stop.map_or(Protection::NONE, |stop| self.protection(stop)),
            confidence: None,
        });
    }

    fn arm(&mut self, instrument: &Instrument, now: Timestamp, effects: &mut Effects) {
        // The cells above the price wait for what is being bought for them.
        let Some(price) = self.price.filter(|_| !self.opening.is_asked()) else {
            return;
        };
        for cell in &mut self.cells {
            cell.arm(self.terms, instrument, price, now, effects);
        }
    }

    fn notice(&mut self, notice: &WorkerNotice, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(instrument) = view.instruments.get(self.terms.instrument) else {
            return;
        };
        self.hear_market_order(notice, view.now, effects);
        self.hear_orders(notice, view.now, effects);
        if let Some(trade) = Trade::of(notice, self.terms.instrument) {
            self.traded(&trade, instrument, view, effects);
        }
        if self.stopped.is_none() {
            self.arm(instrument, view.now, effects);
        }
    }

    fn traded(
        &mut self,
        trade: &Trade,
        instrument: &Instrument,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        self.price = Some(trade.price);
        self.book(trade, instrument);
        self.cells.iter_mut().for_each(|cell| cell.trim(view.now, effects));
        // A stop that the grid did not ask for takes inventory like any other sale.
        self.stopped = self.stopped.or(trade.stop().filter(|_| self.stop.is_some()));
        if self.stopped.is_some() {
            self.wind_down(view, effects);
        } else {
            self.protect(trade.held.is_positive(), effects);
        }
    }

    fn hear_market_order(&mut self, notice: &WorkerNotice, now: Timestamp, effects: &mut Effects) {
        if let WorkerNotice::OrderUpdated { tag: None, side: Side::Buy, state, .. } = notice
            && state.is_final()
        {
            self.opening.ended();
        }
        let denied = matches!(notice, WorkerNotice::IntentDenied { tag: None, .. });
        self.is_protected &= !denied;
        let failed = self.market_order.hear(notice, self.terms.instrument) == Outcome::Failed;
        if failed && self.opening.is_asked() {
            self.opening = Opening::Wanted;
            effects.timers.push((RETRY_TIMER, self.opening_retry.failed(now)));
        }
    }

    fn hear_orders(&mut self, notice: &WorkerNotice, now: Timestamp, effects: &mut Effects) {
        let (WorkerNotice::OrderFilled { tag: Some(tag), .. }
        | WorkerNotice::OrderUpdated { tag: Some(tag), .. }
        | WorkerNotice::IntentDenied { tag: Some(tag), .. }) = notice
        else {
            return;
        };
        if let Some(index) = self.index_of(*tag) {
            let slot = &mut self.cells[index].slot;
            let sells = slot.order().is_some_and(|order| order.side == Side::Sell);
            let done = slot.hear(*tag, notice, now, effects) == Progress::Filled;
            self.earnings.cycles += u64::from(done && sells);
        }
    }
}

impl Strategy for GridStrategy {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn subscription(&self) -> Subscription {
        Subscription {
            instruments: vec![self.terms.instrument],
            candles: vec![(self.timeframe, 1)],
            trades: false,
            book_tops: false,
            funding: false,
        }
    }

    fn warm_up(&mut self, instrument: InstrumentId, _timeframe: Timeframe, candle: &Candle) {
        if instrument == self.terms.instrument {
            self.price = Some(candle.close);
        }
    }

    fn handle(&mut self, event: &StrategyEvent<'_>, view: &WorkerView<'_>, effects: &mut Effects) {
        match event {
            StrategyEvent::Started => self.started(view, effects),
            StrategyEvent::CandleClosed { instrument, candle, .. }
                if *instrument == self.terms.instrument =>
            {
                self.price = Some(candle.close);
                self.look(view, effects);
            }
            StrategyEvent::Timer(_) | StrategyEvent::Triggered => {
                self.look_at_market(view, effects);
            }
            StrategyEvent::Account(event) => self.notice(&event.notice, view, effects),
            _ => {}
        }
    }
}
