//! A desk at which one strategy trades: it holds the market and the clock, hands over what happens
//! in order, and plays crashes.

use std::collections::{BTreeMap, VecDeque};

use banyan_core::ids::Sequence;
use banyan_core::instrument::{Instrument, Instruments};
use banyan_core::intent::{Intent, OrderTag, Protection};
use banyan_core::market::{Candle, MarketData, MarketEvent, MarketViews};
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::Side;
use banyan_core::position::Position;
use banyan_core::strategy::{Effects, Strategy, StrategyEvent, TimerId};
use banyan_core::time::{MINUTE, Span, Timeframe, Timestamp};
use banyan_core::worker::{WorkerBook, WorkerEvent, WorkerView};
use indexmap::IndexMap;

use crate::fixtures::{HERE, perpetual, price};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Resting {
    pub(crate) side: Side,
    pub(crate) price: Price,
    pub(crate) remaining: Quantity,
    pub(crate) reduce_only: bool,
}

/// The desk with one strategy at it.
pub(crate) struct Desk<S> {
    pub(crate) strategy: S,
    pub(crate) now: Timestamp,
    pub(crate) instrument: Instrument,
    pub(crate) last: Price,
    pub(crate) book: WorkerBook,
    pub(crate) position: Position,
    pub(crate) orders: IndexMap<OrderTag, Resting>,
    pub(crate) protection: Protection,
    /// Every intent so far.
    pub(crate) log: Vec<Intent>,
    pub(crate) refusal: Option<&'static str>,
    /// Realised profit without all fees, as a ledger would have it.
    pub(crate) ledger: Amount,
    /// While true, intents that open or place are denied.
    pub(crate) denies: bool,
    /// While true, cancels are denied.
    pub(crate) keeps: bool,
    /// While true, nothing is told; what happens waits.
    pub(crate) holds: bool,
    pub(crate) inbox: VecDeque<WorkerEvent>,
    pub(crate) timers: BTreeMap<TimerId, Timestamp>,
    pub(crate) fills: usize,
    pub(crate) told: Sequence,
    markets: MarketViews,
    instruments: Instruments,
    pub(crate) timeframe: Timeframe,
    effects: Effects,
}

impl<S: Strategy> Desk<S> {
    pub(crate) fn new(strategy: S, at: Price) -> Self {
        let mut desk = Self::unpriced(strategy);
        desk.print(at);
        desk
    }

    /// A desk to which nobody has told a price.
    pub(crate) fn unpriced(strategy: S) -> Self {
        Self {
            strategy,
            now: Timestamp(1_640_995_200_000_000),
            instrument: perpetual(),
            last: Price::ZERO,
            book: WorkerBook::default(),
            position: Position::default(),
            orders: IndexMap::new(),
            protection: Protection::NONE,
            log: Vec::new(),
            refusal: None,
            ledger: Amount::ZERO,
            denies: false,
            keeps: false,
            holds: false,
            inbox: VecDeque::new(),
            timers: BTreeMap::new(),
            fills: 0,
            told: Sequence::default(),
            markets: MarketViews::default(),
            instruments: Instruments::new([perpetual()]),
            timeframe: Timeframe::OneMinute,
            effects: Effects::default(),
        }
    }

    pub(crate) fn started(at: Price, strategy: S) -> Self {
        let mut desk = Self::new(strategy, at);
        desk.tell(&StrategyEvent::Started);
        desk
    }

    /// Hands an event to the strategy and carries out what it wishes, and what follows from that.
    pub(crate) fn tell(&mut self, event: &StrategyEvent<'_>) {
        self.hand_over(event);
        self.deliver();
    }

    fn hand_over(&mut self, event: &StrategyEvent<'_>) {
        let mut effects = std::mem::take(&mut self.effects);
        effects.clear();
        let limits = banyan_core::risk::RiskLimits::default();
        let view = WorkerView {
            worker: banyan_core::ids::WorkerId::default(),
            strategy_version: 1,
            now: self.now,
            instruments: &self.instruments,
            markets: &self.markets,
            book: &self.book,
            capital: Amount::from_units(10_000),
            limits: &limits,
        };
        self.strategy.handle(event, &view, &mut effects);
        self.refusal = effects.refused_by;
        self.timers.extend(effects.timers.iter().copied());
        for intent in effects.intents.drain(..) {
            self.carry_out(intent);
        }
        self.effects = effects;
    }

    /// Tells everything that waits.
    pub(crate) fn deliver(&mut self) {
        while !self.holds {
            let Some(event) = self.inbox.pop_front() else {
                return;
            };
            assert!(self.book.apply(&event));
            self.hand_over(&StrategyEvent::Account(&event));
        }
    }

    fn print(&mut self, at: Price) {
        self.last = at;
        let data = MarketData::Trade { price: at, quantity: Quantity(1), aggressor: Side::Buy };
        self.markets.apply(&MarketEvent { time: self.now, instrument: HERE, data });
    }

    /// Moves the price: fills what it reaches, and the stop.
    pub(crate) fn reach(&mut self, at: Price) {
        self.print(at);
        loop {
            let reached = self.orders.iter().find(|(_, order)| match order.side {
                Side::Buy => order.price >= at,
                Side::Sell => order.price <= at,
            });
            let Some((tag, order)) = reached.map(|(tag, order)| (*tag, *order)) else {
                break;
            };
            self.fill(tag, order.remaining);
            self.deliver();
        }
        let stopped = self.protection.stop_loss.is_some_and(|stop| at <= stop);
        if stopped && self.position.quantity.is_positive() {
            self.sell_outside(self.position.quantity, banyan_core::intent::ExitReason::StopLoss);
        }
        self.deliver();
    }

    /// A candle of the desk's timeframe that goes through these prices.
    pub(crate) fn candle(&mut self, path: &[i64]) {
        let path: Vec<_> = path.iter().map(|units| price(*units)).collect();
        self.candle_of(&path);
    }

    pub(crate) fn candle_of(&mut self, path: &[Price]) {
        let open_time = self.now;
        for at in path {
            self.reach(*at);
        }
        let span = self.timeframe.span();
        self.pass(span);
        let candle = Candle {
            open_time,
            open: path[0],
            high: *path.iter().max().unwrap(),
            low: *path.iter().min().unwrap(),
            close: self.last,
            volume: Quantity(1),
        };
        self.closed(self.timeframe, candle);
    }

    pub(crate) fn closed(&mut self, timeframe: Timeframe, candle: Candle) {
        self.tell(&StrategyEvent::CandleClosed { instrument: HERE, timeframe, candle });
    }

    /// Lets time pass and sets off the timers that are due.
    pub(crate) fn pass(&mut self, span: Span) {
        let end = self.now + span;
        while let Some((id, at)) = self
            .timers
            .iter()
            .map(|(id, at)| (*id, *at))
            .filter(|(_, at)| *at <= end)
            .min_by_key(|(id, at)| (*at, *id))
        {
            self.timers.remove(&id);
            self.now = self.now.max(at);
            self.tell(&StrategyEvent::Timer(id));
        }
        self.now = end;
    }

    pub(crate) fn minutes(&mut self, minutes: i64) {
        self.pass(Span(minutes * MINUTE));
    }

    /// The resting orders of a side, as (price, quantity), lowest first.
    pub(crate) fn resting(&self, side: Side) -> Vec<(Price, Quantity)> {
        let orders = self.orders.values().filter(|order| order.side == side);
        let mut list: Vec<_> = orders.map(|order| (order.price, order.remaining)).collect();
        list.sort_unstable();
        list
    }

    pub(crate) fn prices(&self, side: Side) -> Vec<Price> {
        self.resting(side).into_iter().map(|(price, _)| price).collect()
    }

    /// The tag of the order that rests at `units`.
    pub(crate) fn tag_at(&self, units: i64) -> OrderTag {
        let found = self.orders.iter().find(|(_, order)| order.price == price(units));
        *found.expect("an order rests there").0
    }

    pub(crate) fn opens(&self) -> usize {
        self.log.iter().filter(|intent| matches!(intent, Intent::Open { .. })).count()
    }

    pub(crate) fn closes(&self) -> usize {
        self.log.iter().filter(|intent| matches!(intent, Intent::Close { .. })).count()
    }
}

impl<S> Desk<S>
where
    S: Strategy + serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    /// Saves the strategy's whole state and goes on with what is read back.
    pub(crate) fn reload(&mut self) {
        let bytes = postcard::to_stdvec(&self.strategy).unwrap();
        let read: S = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(read, self.strategy);
        self.strategy = read;
    }

    /// The same by way of a text, for strategies without floats: a text may round those.
    pub(crate) fn reload_as_text(&mut self) {
        let text = serde_json::to_string(&self.strategy).unwrap();
        let read: S = serde_json::from_str(&text).unwrap();
        assert_eq!(read, self.strategy);
        self.strategy = read;
    }

    /// A crash and a restart: the saved state, then `Started`, then what was missed.
    pub(crate) fn crash(&mut self) {
        self.reload();
        self.timers.clear();
        self.hand_over(&StrategyEvent::Started);
        self.holds = false;
        self.deliver();
    }
}
