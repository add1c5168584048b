//! A desk that stands in for account, venue and market: it carries out intents, answers them
//! through the worker's book, and insists on what every strategy must keep.

use std::collections::{BTreeMap, VecDeque};

use banyan_core::ids::Sequence;
use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, Instruments, LeverageTier,
    TradingStatus,
};
use banyan_core::intent::{ExitReason, Intent, OrderTag, Protection, Sizing};
use banyan_core::market::{Candle, MarketData, MarketEvent, MarketViews};
use banyan_core::money::{Amount, Price, Quantity, Rate, Rounding};
use banyan_core::order::{OrderState, Side, TimeInForce};
use banyan_core::position::Position;
use banyan_core::strategy::{Effects, Strategy, StrategyConfig, StrategyEvent, TimerId};
use banyan_core::time::{MINUTE, Span, Timeframe, Timestamp};
use banyan_core::worker::{WorkerBook, WorkerEvent, WorkerNotice, WorkerView};
use indexmap::IndexMap;
use serde_json::Value;

pub(crate) const HERE: InstrumentId = InstrumentId(0);

/// A perpetual with a tick of 0.1 and a step of 0.001; maker 0.02 %, taker 0.05 %.
pub(crate) fn perpetual() -> Instrument {
    Instrument {
        id: HERE,
        symbol: "BTC/USDT:USDT".parse().unwrap(),
        kind: InstrumentKind::Linear,
        price_decimals: 1,
        quantity_decimals: 3,
        contract_size: Quantity(1_000),
        funding_interval: Some(Span::minutes(480)),
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(1),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(1_000_000),
            min_notional: Amount::from_units(5),
            significant_figures: None,
            price_band: Rate::from_basis_points(500),
        },
        tiers: vec![LeverageTier {
            notional_floor: Amount::ZERO,
            max_leverage: 20,
            maintenance_rate: Rate::from_basis_points(50),
            maintenance_deduction: Amount::ZERO,
        }],
        fees: FeeRates {
            maker: Rate::from_basis_points(2),
            taker: Rate::from_basis_points(5),
        },
    }
}

/// Reads `{"strategy_type": kind, "config": config}`.
pub(crate) fn config(kind: &str, config: Value) -> StrategyConfig {
    let whole = serde_json::json!({"strategy_type": kind, "config": config});
    serde_json::from_value(whole).unwrap()
}

/// A price in whole units of quote.
pub(crate) fn price(units: i64) -> Price {
    Price(units * 10)
}

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
    told: Sequence,
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
        let view = WorkerView {
            now: self.now,
            instruments: &self.instruments,
            markets: &self.markets,
            book: &self.book,
            capital: Amount::from_units(10_000),
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

    fn notice(&mut self, notice: WorkerNotice) {
        self.told = self.told.next();
        let (sequence, time) = (self.told, self.now);
        self.inbox.push_back(WorkerEvent {
            sequence,
            time,
            notice,
        });
    }

    fn carry_out(&mut self, intent: Intent) {
        self.log.push(intent.clone());
        let enters = matches!(intent, Intent::Open { .. } | Intent::Place { .. });
        let cancels = matches!(intent, Intent::Cancel { .. });
        if self.denies && enters || self.keeps && cancels {
            let tag = match intent {
                Intent::Place { tag, .. } | Intent::Cancel { tag } => Some(tag),
                _ => None,
            };
            let code = "STALE_FEED".to_owned();
            return self.notice(WorkerNotice::IntentDenied {
                tag,
                instrument: Some(HERE),
                code,
            });
        }
        match intent {
            Intent::Place {
                tag,
                side,
                quantity,
                price,
                time_in_force,
                reduce_only,
                ..
            } => {
                let order = Resting {
                    side,
                    price,
                    remaining: quantity,
                    reduce_only,
                };
                self.place(tag, order, time_in_force == TimeInForce::PostOnly);
            }
            Intent::Cancel { tag } => self.end(tag, OrderState::Cancelled),
            Intent::CancelAll { .. } => {
                for tag in self.orders.keys().copied().collect::<Vec<_>>() {
                    self.end(tag, OrderState::Cancelled);
                }
            }
            Intent::Open {
                side,
                sizing,
                protection,
                ..
            } => {
                let quantity = match sizing {
                    Sizing::Quantity(quantity) => quantity,
                    Sizing::Notional(value) => self.instrument.quantity_for(value, self.last),
                };
                self.protection = protection;
                self.trade_at_market(side, quantity, None);
            }
            Intent::Close { reason, .. } => {
                let side = self
                    .position
                    .side()
                    .expect("there is something to close")
                    .opposite();
                self.trade_at_market(side, self.position.quantity.abs(), Some(reason));
            }
            Intent::Protect { protection, .. } => self.protection = protection,
            Intent::Resize { .. } => unreachable!("no rule strategy resizes"),
        }
    }

    fn place(&mut self, tag: OrderTag, order: Resting, post_only: bool) {
        assert!(
            !self.orders.contains_key(&tag),
            "two orders are called {tag:?}"
        );
        assert!(order.remaining.is_positive() && self.instrument.accepts_price(order.price));
        if order.reduce_only {
            let sells = self
                .orders
                .values()
                .filter(|other| other.side == Side::Sell);
            let sum: Quantity = sells.map(|other| other.remaining).sum();
            let held = self.position.quantity;
            assert!(
                sum + order.remaining <= held,
                "{sum:?} + {order:?} with {held:?} held"
            );
        }
        let crosses = match order.side {
            Side::Buy => order.price >= self.last,
            Side::Sell => order.price <= self.last,
        };
        self.update(Some(tag), &order, OrderState::Planned);
        if post_only && crosses {
            return self.update(Some(tag), &order, OrderState::Rejected);
        }
        self.update(Some(tag), &order, OrderState::Open);
        self.orders.insert(tag, order);
        if crosses {
            self.fill(tag, order.remaining);
        }
    }

    fn update(&mut self, tag: Option<OrderTag>, order: &Resting, state: OrderState) {
        self.notice(WorkerNotice::OrderUpdated {
            tag,
            instrument: HERE,
            side: order.side,
            state,
            remaining: order.remaining,
            price: Some(order.price),
        });
    }

    /// Tells where a resting order is.
    pub(crate) fn tell_update(&mut self, tag: OrderTag, state: OrderState) {
        let order = self.orders[&tag];
        self.update(Some(tag), &order, state);
        self.deliver();
    }

    /// Ends a resting order without a fill; one that is gone already is left as it is.
    pub(crate) fn end(&mut self, tag: OrderTag, state: OrderState) {
        if let Some(order) = self.orders.shift_remove(&tag) {
            self.update(Some(tag), &order, state);
        }
    }

    /// Fills a resting order in part or completely at its own price.
    pub(crate) fn fill(&mut self, tag: OrderTag, quantity: Quantity) {
        let order = self.orders.get_mut(&tag).expect("it rests");
        order.remaining -= quantity;
        let order = *order;
        let maker = self.instrument.fees.maker;
        self.trade(Some(tag), order.side, order.price, quantity, maker, None);
        if order.remaining.is_zero() {
            self.orders.shift_remove(&tag);
            self.update(Some(tag), &order, OrderState::Filled);
        } else {
            self.update(Some(tag), &order, OrderState::PartiallyFilled);
        }
    }

    fn trade_at_market(&mut self, side: Side, quantity: Quantity, exit: Option<ExitReason>) {
        let order = Resting {
            side,
            price: self.last,
            remaining: quantity,
            reduce_only: false,
        };
        self.update(None, &order, OrderState::Planned);
        if quantity.is_zero() {
            return self.update(None, &order, OrderState::Rejected);
        }
        self.trade(
            None,
            side,
            self.last,
            quantity,
            self.instrument.fees.taker,
            exit,
        );
        let done = Resting {
            remaining: Quantity::ZERO,
            ..order
        };
        self.update(None, &done, OrderState::Filled);
    }

    /// Sells `quantity` for a reason of the venue's or the account's own.
    pub(crate) fn sell_outside(&mut self, quantity: Quantity, reason: ExitReason) {
        self.trade(
            None,
            Side::Sell,
            self.last,
            quantity,
            self.instrument.fees.taker,
            Some(reason),
        );
        self.deliver();
    }

    /// Sells all that is held.
    pub(crate) fn sell_outside_if_held(&mut self) {
        if self.position.quantity.is_positive() {
            self.sell_outside(self.position.quantity, ExitReason::ForceExit);
        }
    }

    fn trade(
        &mut self,
        tag: Option<OrderTag>,
        side: Side,
        price: Price,
        quantity: Quantity,
        rate: Rate,
        exit: Option<ExitReason>,
    ) {
        let value = self.instrument.notional(price, quantity);
        let fee = value.times(rate, Rounding::Up);
        let realized = self
            .position
            .fill(self.instrument.kind, side, quantity, value)
            .realized;
        self.ledger += realized - fee;
        self.fills += 1;
        if self.position.is_flat() {
            self.protection = Protection::NONE;
        }
        self.notice(WorkerNotice::OrderFilled {
            tag,
            instrument: HERE,
            side,
            price,
            quantity,
            fee,
            realized,
            exit,
            position: self.position,
        });
    }

    fn print(&mut self, at: Price) {
        self.last = at;
        let data = MarketData::Trade {
            price: at,
            quantity: Quantity(1),
            aggressor: Side::Buy,
        };
        self.markets.apply(&MarketEvent {
            time: self.now,
            instrument: HERE,
            data,
        });
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
            self.sell_outside(self.position.quantity, ExitReason::StopLoss);
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
        self.tell(&StrategyEvent::CandleClosed {
            instrument: HERE,
            timeframe,
            candle,
        });
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
        self.resting(side)
            .into_iter()
            .map(|(price, _)| price)
            .collect()
    }

    /// The tag of the order that rests at `units`.
    pub(crate) fn tag_at(&self, units: i64) -> OrderTag {
        let found = self
            .orders
            .iter()
            .find(|(_, order)| order.price == price(units));
        *found.expect("an order rests there").0
    }

    pub(crate) fn opens(&self) -> usize {
        self.log
            .iter()
            .filter(|intent| matches!(intent, Intent::Open { .. }))
            .count()
    }

    pub(crate) fn closes(&self) -> usize {
        self.log
            .iter()
            .filter(|intent| matches!(intent, Intent::Close { .. }))
            .count()
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
