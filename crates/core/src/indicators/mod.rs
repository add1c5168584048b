//! Technical indicators, fed one closed candle (or one number) at a time.
//!
//! Every indicator is a plain value: `update` takes the next input and returns the newest output,
//! `value` returns the last one, and both return `None` until the indicator has warmed up. State
//! can
//! be saved and restored at any point. Seeding and smoothing follow TA-Lib, so that numbers agree
//! with the charts people compare them to.
//!
//! Input that is not a finite number, or is beyond 1e100 in magnitude, is ignored as if it had
//! never
//! arrived: the state stays as it was and `update` returns the last value. An indicator that takes
//! several numbers ignores all of them when one is unusable.
//!
//! A moving average of volume is [`Sma`] fed with volumes. This module knows no instrument, no
//! timeframe and no fixed-point money; callers convert to `f64` at its door.

mod adx;
mod atr;
mod bollinger;
mod bounds;
mod macd;
mod moving_average;
mod rolling;
mod rsi;
mod smoothing;
mod vwap;

pub use adx::{Adx, AdxOutput};
pub use atr::Atr;
pub use bollinger::{Bollinger, BollingerOutput};
pub use bounds::{MAXIMUM_PERIOD, PeriodError};
pub use macd::{Macd, MacdOutput};
pub use moving_average::{Ema, Sma};
pub use rsi::Rsi;
pub use vwap::Vwap;
