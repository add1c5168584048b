//! What the shown indicators say about a market, as signs.
//!
//! Knows no position and no limit.

use rust_decimal::Decimal;

use super::sight::{Frame, Market};

/// The signs of a market; each is -1, 0 or 1, up is positive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Signals {
    /// The fast average against the slow one.
    pub(super) averages: i32,
    /// The histogram of moving averages.
    pub(super) momentum: i32,
    /// The last close against the first one shown.
    pub(super) drift: i32,
    /// Relative strength, 0 to 100.
    pub(super) rsi: Option<Decimal>,
    /// Average range of a candle.
    pub(super) range: Option<Decimal>,
    /// The names and values that were looked at, for the reasons.
    pub(super) seen: Vec<(String, Decimal)>,
}

impl Signals {
    /// Reads the shortest timeframe that shows anything.
    pub(super) fn of(market: &Market) -> Self {
        market.frames.iter().find(|it| !it.is_empty()).map(read).unwrap_or_default()
    }

    /// All signs together, -3 to 3.
    pub(super) fn trend(&self) -> i32 {
        self.averages + self.momentum + self.drift
    }
}

fn read(frame: &Frame) -> Signals {
    let averages = frame.family("ema");
    let (rsi, range) = (first(frame, "rsi"), first(frame, "atr"));
    let histogram = frame.named("macd_histogram");
    let mut seen: Vec<_> = averages.iter().take(2).cloned().collect();
    seen.extend([&rsi, &histogram].into_iter().flatten().cloned());
    let averages = match averages.as_slice() {
        [fast, slow, ..] => sign(fast.1 - slow.1),
        _ => 0,
    };
    let value = |it: Option<(String, Decimal)>| it.map(|(_, value)| value);
    Signals {
        averages,
        momentum: value(histogram).map_or(0, sign),
        drift: frame.drift().map_or(0, sign),
        rsi: value(rsi),
        range: value(range).or_else(|| frame.mean_range()),
        seen,
    }
}

/// The indicator of a family with the shortest period.
fn first(frame: &Frame, family: &str) -> Option<(String, Decimal)> {
    frame.family(family).into_iter().next()
}

fn sign(value: Decimal) -> i32 {
    if value.is_zero() {
        0
    } else if value.is_sign_positive() {
        1
    } else {
        -1
    }
}
