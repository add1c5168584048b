//! A worker's desk: two instruments, prices, positions and a clock that the test moves.

use banyan_core::ids::WorkerId;
use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, Instruments, LeverageTier,
    TradingStatus,
};
use banyan_core::market::{Candle, MarketData, MarketEvent, MarketViews};
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::position::Position;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::config::AiConfig;
use banyan_core::time::{Span, Timeframe, Timestamp};
use banyan_core::worker::{WorkerBook, WorkerView};
use serde_json::{Value, json};

pub(crate) const BTC: InstrumentId = InstrumentId(0);
pub(crate) const ETH: InstrumentId = InstrumentId(1);
/// 2022-01-03T00:00:00Z, the start of a UTC day.
pub(crate) const MIDNIGHT: Timestamp = Timestamp(1_641_168_000_000_000);

/// A perpetual with a tick of 0.1 and a step of 0.001; it takes orders worth 5 at least.
pub(crate) fn perpetual(id: InstrumentId, symbol: &str) -> Instrument {
    Instrument {
        id,
        symbol: symbol.parse().unwrap(),
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
        fees: FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(5) },
    }
}

pub(crate) fn listed() -> Vec<Instrument> {
    vec![perpetual(BTC, "BTC/USDT:USDT"), perpetual(ETH, "ETH/USDT:USDT")]
}

/// A price in whole units of quote.
pub(crate) fn price(units: i64) -> Price {
    Price(units * 10)
}

/// A candle that closes at `close` and reaches five units beyond on both sides.
pub(crate) fn candle(open_time: Timestamp, close: i64) -> Candle {
    Candle {
        open_time,
        open: price(close - 1),
        high: price(close + 5),
        low: price(close - 5),
        close: price(close),
        volume: Quantity(2_500),
    }
}

/// `count` candles that end at `end`, each one unit above the one before.
pub(crate) fn rising(timeframe: Timeframe, end: Timestamp, count: i64, last: i64) -> Vec<Candle> {
    let span = timeframe.span().0;
    (0..count)
        .map(|index| {
            let back = count - index;
            candle(Timestamp(end.0 - back * span), last + 1 - back)
        })
        .collect()
}

pub(crate) struct Desk {
    pub(crate) now: Timestamp,
    pub(crate) instruments: Instruments,
    pub(crate) markets: MarketViews,
    pub(crate) book: WorkerBook,
    pub(crate) capital: Amount,
    pub(crate) limits: RiskLimits,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            now: MIDNIGHT,
            instruments: Instruments::new(listed()),
            markets: MarketViews::default(),
            book: WorkerBook::default(),
            capital: Amount::from_units(10_000),
            limits: RiskLimits::default(),
        }
    }

    pub(crate) fn view(&self) -> WorkerView<'_> {
        WorkerView {
            worker: WorkerId::default(),
            strategy_version: 1,
            now: self.now,
            instruments: &self.instruments,
            markets: &self.markets,
            book: &self.book,
            capital: self.capital,
            limits: &self.limits,
        }
    }

    pub(crate) fn tell(&mut self, instrument: InstrumentId, data: MarketData) {
        self.markets.apply(&MarketEvent { time: self.now, instrument, data });
    }

    /// Tells a mark, and a book around it that is 0.2 wide.
    pub(crate) fn quote(&mut self, instrument: InstrumentId, mark: i64) {
        let mark = price(mark);
        self.tell(instrument, MarketData::Mark(mark));
        let size = Quantity(1_000);
        let (bid, ask) = (Price(mark.0 - 1), Price(mark.0 + 1));
        let book = MarketData::BookTop { bid, bid_size: size, ask, ask_size: size };
        self.tell(instrument, book);
    }

    /// Holds `thousandths` of a coin, bought or sold at `entry`.
    pub(crate) fn hold(&mut self, id: InstrumentId, side: Side, thousandths: i64, entry: i64) {
        let instrument = self.instruments.get(id).unwrap();
        let quantity = Quantity(thousandths);
        let value = instrument.notional(price(entry), quantity);
        let mut position = Position::default();
        position.fill(instrument.kind, side, quantity, value);
        self.book.positions.insert(id, position);
    }
}

/// The published example of a configuration, with words and a model.
pub(crate) fn example() -> Value {
    json!({
        "prompt": "Follow the trend of BTC.",
        "trading_mode": "balanced",
        "ai_model": "deepseek:deepseek-chat",
        "symbols": ["BTC/USDT:USDT"],
        "timeframes": ["4h", "1h"],
        "risk_controls": {"max_leverage": 3, "max_position_ratio": 0.3},
        "indicators": {
            "ema": {"enabled": true, "short_period": 9, "long_period": 21},
            "rsi": {"enabled": true, "period": 14}
        }
    })
}

/// The example with fields added to it, or put in the place of its own.
pub(crate) fn config(more: Value) -> AiConfig {
    let mut fields = example();
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(fields).unwrap()
}
