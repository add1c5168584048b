//! What a strategy knew when it asked: the data of a decision, exact and complete.
//!
//! Nothing here is a float, so that what is written, read and written again stays the same. Knows
//! no prompt and no model.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::instrument::InstrumentId;
use crate::money::{Amount, Rate};
use crate::order::Side;
use crate::symbol::Symbol;
use crate::time::{Timeframe, Timestamp};

/// Everything that a decision is based on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When.
    pub time: Timestamp,
    /// The worker's own standing.
    pub account: AccountSnapshot,
    /// What it holds.
    pub positions: Vec<PositionSnapshot>,
    /// One for each symbol with fresh data.
    pub markets: Vec<MarketSnapshot>,
    /// Symbols that were left out, and why.
    pub left_out: Vec<LeftOut>,
    /// Its latest closed trades, newest first.
    pub closed_trades: Vec<ClosedTrade>,
    /// Texts from outside; their presence taints the decision.
    pub external: Vec<ExternalText>,
}

/// The worker's own standing, in the settle asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSnapshot {
    /// What it may use.
    pub capital: Amount,
    /// Capital, what was earned, and what positions are ahead or behind.
    pub equity: Amount,
    /// Equity that binds no margin.
    pub available: Amount,
    /// Margin of its positions.
    pub margin_used: Amount,
    /// What positions are ahead or behind.
    pub unrealized: Amount,
    /// Earned since it was started first, fees and funding included.
    pub realized: Amount,
    /// Fees paid.
    pub fees: Amount,
}

/// A position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionSnapshot {
    /// What.
    pub instrument: InstrumentId,
    /// Its symbol.
    pub symbol: Symbol,
    /// Buy for long, sell for short.
    pub side: Side,
    /// How much, in the base asset.
    pub quantity: Decimal,
    /// Value at the mark.
    pub notional: Amount,
    /// Average entry.
    pub entry_price: Decimal,
    /// Mark.
    pub mark_price: Decimal,
    /// Leverage it was wished with.
    pub leverage: u32,
    /// Ahead or behind.
    pub unrealized: Amount,
    /// Ahead or behind per margin.
    pub unrealized_percent: Rate,
    /// Where it would be liquidated if it were the only one, and how far that is from the mark.
    pub liquidation: Option<(Decimal, Rate)>,
    /// Where it is to be left.
    pub stop_loss: Option<Decimal>,
    /// See `stop_loss`.
    pub take_profit: Option<Decimal>,
    /// When it was opened, as far as is known.
    pub opened_at: Option<Timestamp>,
}

/// One market.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketSnapshot {
    /// What.
    pub instrument: InstrumentId,
    /// Its symbol.
    pub symbol: Symbol,
    /// The price by which things are valued.
    pub price: Decimal,
    /// Best bid.
    pub bid: Option<Decimal>,
    /// Best ask.
    pub ask: Option<Decimal>,
    /// Latest funding rate of a perpetual.
    pub funding_rate: Option<Rate>,
    /// Change of the price over the last 24 hours, where candles reach back that far.
    pub change_24h: Option<Rate>,
    /// Least notional of an order.
    pub min_notional: Amount,
    /// Least quantity of an order.
    pub min_quantity: Decimal,
    /// Fee of an order that takes.
    pub taker_fee: Rate,
    /// Indicators and candles, from the shortest timeframe to the longest.
    pub timeframes: Vec<TimeframeSnapshot>,
}

/// What closed candles of one length say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeframeSnapshot {
    /// Their length.
    pub timeframe: Timeframe,
    /// Named indicator values, in a stable order, e.g. `("ema_9", 64123.5)`.
    pub indicators: Vec<(String, Decimal)>,
    /// Named readings, e.g. `("rsi", "oversold")`.
    pub signals: Vec<(String, String)>,
    /// The last closed candles, oldest first.
    pub candles: Vec<CandleSnapshot>,
}

/// A closed candle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandleSnapshot {
    /// When it began.
    pub open_time: Timestamp,
    /// First price.
    pub open: Decimal,
    /// Highest price.
    pub high: Decimal,
    /// Lowest price.
    pub low: Decimal,
    /// Last price.
    pub close: Decimal,
    /// Quantity traded, in the base asset.
    pub volume: Decimal,
}

/// A symbol without data that can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which.
    pub symbol: Symbol,
    /// Why, as a stable code: `no_price`, `stale`, `no_candles`, `closed`.
    pub reason: String,
}

/// A trade from its opening to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedTrade {
    /// What.
    pub symbol: Symbol,
    /// Buy for long, sell for short.
    pub side: Side,
    /// Average price it was closed at.
    pub exit_price: Decimal,
    /// Earned, fees included.
    pub pnl: Amount,
    /// Why it ended, e.g. `stop_loss`.
    pub reason: String,
    /// When.
    pub closed_at: Timestamp,
}

/// A text that did not come from the market or from the user, such as news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalText {
    /// Where it is from.
    pub source: String,
    /// What it is about, where it is about one symbol.
    pub symbol: Option<Symbol>,
    /// The text.
    pub text: String,
    /// When it was taken in.
    pub time: Timestamp,
}
