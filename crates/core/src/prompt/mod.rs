//! Prompts: what a model is told, as a pure function of a specification and a snapshot.
//!
//! Sections come in a stable order, those that never change first, so that caches of providers
//! hit. Knows no model, no network and no clock.
//!
//! # What programs can rely on
//!
//! Each section begins with a line `## name`, in both languages the same. Facts are JSON objects,
//! one in a line of its own, whose keys are English in both languages. All else is prose for
//! models. What is not known is `null`; money is in the settle asset, times are RFC 3339 in UTC,
//! and keys that end in `_percent` are percentages. Numbers are those of the snapshot, to the last
//! digit. Where a name heads two sections, the last counts in the system prompt, as the owner's
//! words come before, and the first in the user prompt.
//!
//! The system prompt has the sections `role`, `trading_mode`, `user_prompt` (where the owner wrote
//! one), `trading_frequency`, `entry_standards`, `decision_process`, `constraints`,
//! `output_format`. In advanced mode `advanced_prompt` stands in place of all before
//! `constraints`, followed by `user_prompt` where the owner wrote one too. Only `constraints` has
//! facts, in one line: `symbols` (a list of texts, as the owner writes them), `max_leverage`,
//! `max_position_percent` (margin of one position per equity), `max_total_exposure_percent`,
//! `max_positions`, `max_order_notional`, `min_risk_reward_ratio`, `min_confidence` (0 to 1),
//! `max_stop_distance_percent`, `default_stop_loss_atr`, `default_take_profit_atr`,
//! `min_liquidation_distance_percent`, `max_drawdown_percent`, `max_daily_loss_percent`,
//! `min_review_minutes`, `max_review_minutes`.
//!
//! The user prompt has these sections; one without facts says so in prose:
//!
//! - `account`, one line: `time`, `capital`, `equity`, `available`, `margin_used`, `unrealized`,
//!   `realized`, `fees`, `open_positions`.
//! - `positions`, a line for each: `symbol`, `side` (`long` or `short`), `quantity`, `notional`,
//!   `entry_price`, `mark_price`, `leverage`, `unrealized`, `unrealized_percent` (per margin),
//!   `liquidation_price`, `liquidation_distance_percent`, `stop_loss`, `take_profit`, `opened_at`,
//!   `held_minutes`.
//! - `markets`, for each symbol one line of `symbol`, `kind` (`perpetual` or `spot`), `price`,
//!   `bid`, `ask`, `spread_percent`, `funding_rate_percent`, `change_24h_percent`, `min_notional`,
//!   `min_quantity`, `taker_fee_percent`; then a line for each timeframe, shortest first: `symbol`,
//!   `timeframe`, `indicators` (an object of numbers), `signals` (an object of texts), `candles` (a
//!   list, oldest first, of lists `[open time, open, high, low, close, volume]`). Which of the two
//!   a line is shows in whether it has a `timeframe`.
//! - `closed_trades`, a line for each, newest first: `symbol`, `side`, `exit_price`, `pnl`,
//!   `reason`, `closed_at`.
//! - `external`, only where there are texts from outside: a line for each within a fence of
//!   backticks: `source`, `symbol`, `time`, `text`. These lines are quotations.
//! - `left_out`, only where symbols are left out: a line for each: `symbol`, `reason`.
//! - `tasks`, prose.
//!
//! Indicators, each only once it has seen enough candles: `ema_9` (any period), `rsi_14`, `macd`,
//! `macd_signal`, `macd_histogram`, `atr_14`, `bollinger_upper`, `bollinger_middle`,
//! `bollinger_lower`. Signals: `ema` is `bullish`, `bearish` or `mixed`; `rsi` is `overbought`,
//! `bullish`, `neutral`, `bearish` or `oversold`; `macd` is `bullish`, `bearish` or `neutral`;
//! `bollinger` is `above`, `inside` or `below`.
//!
//! # What is left out
//!
//! A market is not shown at all, and is listed with its reason, when the venue takes no orders
//! (`closed`), when it has no price (`no_price`), when prices are older than the limit
//! `max_feed_age` or the newest closed candle of any timeframe is older than two more of its length
//! (`stale`), and when there is no closed candle yet (`no_candles`). A timeframe without a candle
//! is not shown. After a gap of more candles than are shown, indicators begin anew.

mod build;
mod exact;
mod facts;
mod indicators;
mod observer;
mod series;
mod spec;
mod standing;
mod user;
mod words;

pub use build::{BuiltPrompt, build, system};
pub use indicators::{
    AtrSettings, BollingerSettings, EmaSettings, Indicators, MacdSettings, PeriodSettings,
};
pub use observer::Observer;
pub use spec::{PromptMode, PromptSections, PromptSpec, TradingMode};
pub use standing::{Held, standing};

pub use crate::language::Language;
