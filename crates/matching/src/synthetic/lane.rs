//! The live course of one instrument: moves, closed minutes and fundings, in the order of time.

use std::collections::VecDeque;

use banyan_core::market::Candle;
use banyan_core::money::{Price, Quantity};
use banyan_core::time::{Span, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

use super::fair::Fair;
use super::flow::Flow;
use crate::market::{MarketChange, MarketStep};

/// Every how many moves the mark is told.
const MARK_EVERY: u64 = 2;

/// One instrument as it goes along.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Lane {
    fair: Fair,
    flow: Flow,
    step: Span,
    moves: u64,
    last_move: Timestamp,
    next_move: Timestamp,
    next_funding: Option<Timestamp>,
    candle: Candle,
    /// What happens at `now`.
    now: Timestamp,
    pending: VecDeque<MarketChange>,
}

impl Lane {
    /// An instrument from `start` on; its first move is `offset` later.
    pub(super) fn new(fair: Fair, flow: Flow, step: Span, start: Timestamp, offset: Span) -> Self {
        let price = flow.grid().nearest(flow.price(fair.price()));
        let interval = flow.instrument().funding_interval;
        Self {
            step,
            moves: 0,
            last_move: start,
            next_move: start + offset,
            next_funding: interval.map(|interval| start.floor(interval) + interval),
            candle: opening(start.floor(Timeframe::OneMinute.span()), price),
            now: start,
            pending: VecDeque::new(),
            fair,
            flow,
        }
    }

    /// When the next step is due.
    pub(super) fn next_at(&self) -> Timestamp {
        if self.pending.is_empty() { self.next_turn() } else { self.now }
    }

    /// Takes the next step.
    pub(super) fn next_step(&mut self) -> Option<MarketStep> {
        if self.pending.is_empty() {
            self.turn();
        }
        let change = self.pending.pop_front()?;
        Some(MarketStep { time: self.now, instrument: self.flow.instrument().id, change })
    }

    fn minute_end(&self) -> Timestamp {
        self.candle.open_time + Timeframe::OneMinute.span()
    }

    fn next_turn(&self) -> Timestamp {
        let next = self.next_move.min(self.minute_end());
        self.next_funding.map_or(next, |funding| next.min(funding))
    }

    /// Does what is due next: a minute is closed before funding is settled, and both come before
    /// a move at the same moment.
    fn turn(&mut self) {
        self.now = self.next_turn();
        if self.now == self.minute_end() {
            self.close_minute();
        } else if Some(self.now) == self.next_funding {
            self.settle_funding();
        } else {
            self.make_move();
        }
    }

    fn close_minute(&mut self) {
        let (timeframe, candle) = (Timeframe::OneMinute, self.candle);
        self.pending.push_back(MarketChange::CandleClosed { timeframe, candle });
        self.candle = opening(self.now, candle.close);
        // The segment of the minute that ended decides the funding of its end.
        if Some(self.now) != self.next_funding {
            self.fair.begin_minute(self.now);
        }
    }

    fn settle_funding(&mut self) {
        let rate = self.flow.funding(self.fair.segment(), self.now);
        self.pending.push_back(MarketChange::Funding(rate));
        self.next_funding =
            self.flow.instrument().funding_interval.map(|interval| self.now + interval);
        self.fair.begin_minute(self.now);
    }

    fn make_move(&mut self) {
        let moved = self.fair.advance(self.now - self.last_move);
        self.flow.drift_basis();
        let regime = self.fair.segment().regime;
        let price = self.flow.price(self.fair.price());
        self.pending.push_back(self.flow.depth(price, regime));
        let takers = self.flow.takers(price, moved, regime);
        self.candle = traded(self.candle, self.flow.grid().nearest(price), &takers);
        self.pending.extend(takers);
        if self.moves.is_multiple_of(MARK_EVERY) {
            self.pending.extend(self.flow.mark(price));
        }
        self.moves += 1;
        (self.last_move, self.next_move) = (self.now, self.now + self.step);
    }
}

fn opening(open_time: Timestamp, price: Price) -> Candle {
    let volume = Quantity::ZERO;
    Candle { open_time, open: price, high: price, low: price, close: price, volume }
}

/// The candle after a move to `price` with these takers.
fn traded(candle: Candle, price: Price, takers: &[MarketChange]) -> Candle {
    let quantities = takers.iter().map(|taker| match taker {
        MarketChange::Taker { quantity, .. } => *quantity,
        _ => Quantity::ZERO,
    });
    Candle {
        high: candle.high.max(price),
        low: candle.low.min(price),
        close: price,
        volume: candle.volume + quantities.sum(),
        ..candle
    }
}
