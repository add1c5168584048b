//! What the outside does to the exchange, and how the exchange comes to rest after each call.

use std::sync::Arc;

use banyan_core::instrument::{Instrument, InstrumentId, TradingStatus};
use banyan_core::market::{MarketData, MarketEvent};
use banyan_core::money::{Price, Quantity};
use banyan_core::order::Side;

use super::book::{rank, reaches};
use super::engine::{Exchange, MarketState, Output};
use super::matching::{Taker, Who};
use crate::market::{Level, MarketChange, MarketStep};

impl Exchange {
    /// Applies a step of the market and appends all that comes of it.
    ///
    /// Steps for an instrument that is not listed are ignored, unless they list it as the next
    /// one. While an instrument is halted nothing trades: its depth is taken over, recorded trades
    /// are repeated, and marks are published, but no order is filled or triggered.
    pub fn step(&mut self, step: &MarketStep, out: &mut Vec<Output>) {
        self.set_time(step.time);
        let id = step.instrument;
        match &step.change {
            MarketChange::Instrument(instrument) => self.change_instrument(instrument),
            change if (id.0 as usize) < self.markets.len() => self.apply(id, change),
            _ => {}
        }
        self.settle_down();
        out.append(&mut self.outbox);
    }

    fn apply(&mut self, id: InstrumentId, change: &MarketChange) {
        match change {
            MarketChange::Depth { bids, asks } => self.set_depth(id, bids, asks),
            MarketChange::Taker { side, quantity, limit } => {
                self.take_outsider(id, *side, *quantity, *limit);
            }
            MarketChange::Print { price, quantity, aggressor } => {
                self.print(id, *price, *quantity, *aggressor);
            }
            MarketChange::Mark(price) => self.publish(id, MarketData::Mark(*price)),
            MarketChange::Funding(rate) => self.settle_funding(id, *rate),
            MarketChange::CandleClosed { timeframe, candle } => {
                let (timeframe, candle) = (*timeframe, *candle);
                self.publish(id, MarketData::CandleClosed { timeframe, candle });
            }
            MarketChange::Instrument(_) => {}
        }
        self.changed.insert(id);
    }

    fn set_depth(&mut self, id: InstrumentId, bids: &[Level], asks: &[Level]) {
        let status = self.instruments.get(id).map(|it| it.filters.status);
        if status == Some(TradingStatus::Delisted) {
            return;
        }
        self.market_mut(id).book.set_outside(bids, asks);
        if status == Some(TradingStatus::Trading) {
            self.cross(id);
        }
    }

    /// Fills orders of accounts that outsiders now cross, at the price of the order.
    fn cross(&mut self, id: InstrumentId) {
        for side in [Side::Buy, Side::Sell] {
            let aggressor = side.opposite();
            loop {
                let book = &self.market_mut(id).book;
                let met = book.best_order(side).zip(book.best_outside(aggressor));
                let Some(((price, order), level)) = met else {
                    break;
                };
                if !reaches(side, Some(price), level.price) {
                    break;
                }
                let limit = order.quantity.min(level.quantity);
                let quantity = self.fill_front(id, side, (price, order.key), limit);
                if quantity.is_positive() {
                    self.market_mut(id).book.take_outside(aggressor, quantity);
                    self.publish(id, MarketData::Trade { price, quantity, aggressor });
                }
            }
        }
    }

    fn take_outsider(&mut self, id: InstrumentId, side: Side, remaining: Quantity, limit: Price) {
        if self.is_trading(id) {
            let (limit, who) = (Some(limit), Who::Outsider);
            self.take(&mut Taker { instrument: id, side, limit, remaining, who, stopped: false });
        }
    }

    /// Repeats a trade that was recorded elsewhere. It fills orders of accounts that are priced
    /// better, then those at its price once the queue before them is used up; all together no more
    /// than its quantity. A trade of unknown quantity (told as zero) fills all that is priced
    /// better and nothing at its price.
    fn print(&mut self, id: InstrumentId, price: Price, quantity: Option<Quantity>, by: Side) {
        let told = quantity.unwrap_or_default();
        self.publish(id, MarketData::Trade { price, quantity: told, aggressor: by });
        if !self.is_trading(id) {
            return;
        }
        let side = by.opposite();
        let mut left = quantity.unwrap_or(Quantity(i64::MAX));
        while left.is_positive()
            && let Some((at, order)) = self.market_mut(id).book.best_order(side)
            && rank(side, at) < rank(side, price)
        {
            left -= self.fill_front(id, side, (at, order.key), order.quantity.min(left));
        }
        if quantity.is_some() {
            self.print_at(id, side, price, left);
        }
    }

    fn print_at(&mut self, id: InstrumentId, side: Side, price: Price, mut left: Quantity) {
        while left.is_positive()
            && let Some(front) = self.market_mut(id).book.front(side, price)
        {
            let before = front.ahead.min(left);
            if before.is_positive() {
                self.market_mut(id).book.advance_queue(side, price, before);
                left -= before;
            } else {
                let limit = front.quantity.min(left);
                left -= self.fill_front(id, side, (price, front.key), limit);
            }
        }
    }

    fn change_instrument(&mut self, instrument: &Arc<Instrument>) {
        let index = instrument.id.0 as usize;
        if index > self.markets.len() {
            return;
        }
        if index == self.markets.len() {
            self.markets.push(MarketState::default());
        }
        self.instruments.put(instrument.clone());
        self.publish(instrument.id, MarketData::InstrumentChanged(instrument.clone()));
        match instrument.filters.status {
            TradingStatus::Trading => self.cross(instrument.id),
            TradingStatus::Halted => {}
            TradingStatus::Delisted => self.delist(instrument),
        }
        // Tiers may have changed: margins are looked at again whatever the mark.
        self.market_mut(instrument.id).seen_mark = None;
        self.changed.insert(instrument.id);
    }

    /// Brings the exchange to rest: book tops are told, triggers fire, margins are looked at,
    /// until nothing follows any more. It ends, for every trigger and every liquidation takes
    /// away an order or a position for good.
    pub(super) fn settle_down(&mut self) {
        loop {
            while let Some(id) = self.changed.pop_first() {
                self.tell_top(id);
                self.see_mark(id);
            }
            let Some((account, asset)) = self.touched.pop_first() else {
                return;
            };
            self.review_margin(account, &asset);
        }
    }

    fn tell_top(&mut self, id: InstrumentId) {
        let market = self.market_mut(id);
        let top = (market.book.top(Side::Buy), market.book.top(Side::Sell));
        if top == market.told_top {
            return;
        }
        market.told_top = top;
        self.publish(id, book_top(top));
    }

    /// What everybody was told last of each instrument: itself, the best bid and ask, the mark.
    #[must_use]
    pub fn standing(&self) -> Vec<MarketEvent> {
        let mut events = Vec::new();
        for listed in self.instruments.iter() {
            let view = self.views.get(listed.id);
            let time = view.time.unwrap_or(self.now);
            let instrument = listed.id;
            let mut add = |data| events.push(MarketEvent { time, instrument, data });
            add(MarketData::InstrumentChanged(listed.clone()));
            if let Some(mark) = view.mark {
                add(MarketData::Mark(mark));
            }
            let top = self.markets.get(listed.id.0 as usize).map(|market| market.told_top);
            if let Some(top) = top.filter(|(bid, ask)| bid.is_some() || ask.is_some()) {
                add(book_top(top));
            }
        }
        events
    }

    fn see_mark(&mut self, id: InstrumentId) {
        let Some(mark) = self.mark(id).filter(|_| self.is_trading(id)) else {
            return;
        };
        if self.market_mut(id).seen_mark.replace(mark) == Some(mark) {
            return;
        }
        let Some(instrument) = self.listed(id) else {
            return;
        };
        self.fire_triggers(&instrument, mark);
        let holders = self.markets[id.0 as usize].holders.iter();
        let settle = instrument.settle();
        self.touched.extend(holders.map(|holder| (*holder, settle.clone())));
    }
}

/// The best bid and ask as they are told.
fn book_top((bid, ask): (Option<Level>, Option<Level>)) -> MarketData {
    let empty = Level { price: Price::ZERO, quantity: Quantity::ZERO };
    let (bid, ask) = (bid.unwrap_or(empty), ask.unwrap_or(empty));
    MarketData::BookTop {
        bid: bid.price,
        bid_size: bid.quantity,
        ask: ask.price,
        ask_size: ask.quantity,
    }
}
