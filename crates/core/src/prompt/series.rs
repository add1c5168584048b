//! Closed candles of one length in one market, and what indicators make of them.
//!
//! Indicators are kept up to date candle by candle; their values leave as exact decimals.

use std::collections::VecDeque;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Indicators, exact};
use crate::decision::{CandleSnapshot, TimeframeSnapshot};
use crate::indicators::{Atr, Bollinger, Ema, Macd, Rsi};
use crate::instrument::Instrument;
use crate::market::Candle;
use crate::money::Price;
use crate::time::{Timeframe, Timestamp};

/// How many of the last candles are shown.
pub(super) const SHOWN: usize = 6;
/// Standard deviations from the middle of Bollinger bands to their edges.
const BAND_WIDTH: f64 = 2.0;
/// Decimals of an index between 0 and 100.
const INDEX_DECIMALS: u32 = 2;
/// Averages of prices have more decimals than the price, so that small differences show.
const FURTHER_DECIMALS: u32 = 2;

/// One timeframe of one market.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Series {
    pub(super) timeframe: Timeframe,
    readings: Readings,
    /// The last ones, oldest first.
    candles: VecDeque<Candle>,
}

/// The indicators that are shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Readings {
    /// Each with its period, fastest first.
    averages: Vec<(u32, Ema)>,
    strength: Option<(u32, Rsi)>,
    convergence: Option<Macd>,
    range: Option<(u32, Atr)>,
    bands: Option<Bollinger>,
}

impl Series {
    pub(super) fn new(timeframe: Timeframe, indicators: &Indicators) -> Self {
        Self { timeframe, readings: Readings::new(indicators), candles: VecDeque::new() }
    }

    /// When the newest candle was closed.
    pub(super) fn closed_at(&self) -> Option<Timestamp> {
        self.candles.back().map(|candle| candle.open_time + self.timeframe.span())
    }

    /// Says whether more candles are missing before this one than are shown: what was averaged
    /// before tells nothing of what comes then.
    pub(super) fn is_broken_by(&self, candle: &Candle) -> bool {
        let missing =
            |closed_at: Timestamp| (candle.open_time - closed_at).0 / self.timeframe.span().0;
        self.closed_at().is_some_and(|closed_at| missing(closed_at) > SHOWN as i64)
    }

    /// Takes in the next candle. Returns false, and changes nothing, when it is not newer.
    pub(super) fn push(&mut self, candle: &Candle, price_decimals: u8) -> bool {
        if self.candles.back().is_some_and(|last| candle.open_time <= last.open_time) {
            return false;
        }
        self.readings.update(candle, price_decimals);
        if self.candles.len() == SHOWN {
            self.candles.pop_front();
        }
        self.candles.push_back(*candle);
        true
    }

    /// What is shown of it; `None` before the first candle.
    pub(super) fn snapshot(&self, instrument: &Instrument) -> Option<TimeframeSnapshot> {
        let last = self.candles.back()?;
        let decimals = instrument.price_decimals;
        Some(TimeframeSnapshot {
            timeframe: self.timeframe,
            indicators: self.readings.values(u32::from(decimals) + FURTHER_DECIMALS),
            signals: self.readings.signals(last.close.to_f64(decimals)),
            candles: self.candles.iter().map(|it| shown(it, instrument)).collect(),
        })
    }
}

fn shown(candle: &Candle, instrument: &Instrument) -> CandleSnapshot {
    CandleSnapshot {
        open_time: candle.open_time,
        open: exact::price(instrument, candle.open),
        high: exact::price(instrument, candle.high),
        low: exact::price(instrument, candle.low),
        close: exact::price(instrument, candle.close),
        volume: candle.volume.to_decimal(instrument.quantity_decimals).normalize(),
    }
}

impl Readings {
    fn new(settings: &Indicators) -> Self {
        let (ema, macd) = (&settings.ema, &settings.macd);
        let periods = [Some(ema.short_period), Some(ema.long_period), ema.longest_period];
        let average = |period: u32| Some((period, Ema::new(period).ok()?));
        let strength = |period: u32| Some((period, Rsi::new(period).ok()?));
        let range = |period: u32| Some((period, Atr::new(period).ok()?));
        let bands = |period: u32| Bollinger::new(period, BAND_WIDTH).ok();
        let convergence = || Macd::new(macd.fast, macd.slow, macd.signal).ok();
        let enabled = periods.into_iter().filter(|_| ema.enabled);
        Self {
            averages: enabled.flatten().filter_map(average).collect(),
            strength: settings.rsi.enabled.then_some(settings.rsi.period).and_then(strength),
            convergence: macd.enabled.then(convergence).flatten(),
            range: settings.atr.enabled.then_some(settings.atr.period).and_then(range),
            bands: settings.bollinger.enabled.then_some(settings.bollinger.period).and_then(bands),
        }
    }

    fn update(&mut self, candle: &Candle, price_decimals: u8) {
        let float = |price: Price| price.to_f64(price_decimals);
        let close = float(candle.close);
        for (_, average) in &mut self.averages {
            average.update(close);
        }
        if let Some((_, strength)) = &mut self.strength {
            strength.update(close);
        }
        if let Some(convergence) = &mut self.convergence {
            convergence.update(close);
        }
        if let Some((_, range)) = &mut self.range {
            range.update(float(candle.high), float(candle.low), close);
        }
        if let Some(bands) = &mut self.bands {
            bands.update(close);
        }
    }

    /// Every value that there is.
    fn values(&self, decimals: u32) -> Vec<(String, Decimal)> {
        let mut found = Vec::new();
        let mut add = |name: &str, value: Option<f64>, decimals| {
            let value = value.and_then(|value| exact::of_float(value, decimals));
            found.extend(value.map(|value| (name.to_owned(), value)));
        };
        for (period, average) in &self.averages {
            add(&format!("ema_{period}"), average.value(), decimals);
        }
        if let Some((period, strength)) = &self.strength {
            add(&format!("rsi_{period}"), strength.value(), INDEX_DECIMALS);
        }
        if let Some(macd) = self.convergence.as_ref().and_then(Macd::value) {
            add("macd", Some(macd.line), decimals);
            add("macd_signal", Some(macd.signal), decimals);
            add("macd_histogram", Some(macd.histogram), decimals);
        }
        if let Some((period, range)) = &self.range {
            add(&format!("atr_{period}"), range.value(), decimals);
        }
        if let Some(bands) = self.bands.as_ref().and_then(Bollinger::value) {
            add("bollinger_upper", Some(bands.upper), decimals);
            add("bollinger_middle", Some(bands.middle), decimals);
            add("bollinger_lower", Some(bands.lower), decimals);
        }
        found
    }

    /// What the values are commonly read as.
    fn signals(&self, close: f64) -> Vec<(String, String)> {
        let strength = self.strength.as_ref().and_then(|(_, strength)| strength.value());
        let macd = self.convergence.as_ref().and_then(Macd::value);
        let bands = self.bands.as_ref().and_then(Bollinger::value);
        [
            ("ema", self.trend()),
            ("rsi", strength.map(strength_word)),
            ("macd", macd.map(|macd| side_word(macd.histogram))),
            ("bollinger", bands.map(|bands| place_word(close, bands.lower, bands.upper))),
        ]
        .into_iter()
        .filter_map(|(name, word)| Some((name.to_owned(), word?.to_owned())))
        .collect()
    }

    /// Whether each faster average is above the next slower one, or below.
    fn trend(&self) -> Option<&'static str> {
        let values: Vec<f64> = self.averages.iter().filter_map(|(_, it)| it.value()).collect();
        if values.len() < 2 {
            return None;
        }
        let all = |holds: fn(f64, f64) -> bool| values.windows(2).all(|it| holds(it[0], it[1]));
        Some(match (all(|fast, slow| fast > slow), all(|fast, slow| fast < slow)) {
            (true, _) => "bullish",
            (_, true) => "bearish",
            _ => "mixed",
        })
    }
}

fn strength_word(index: f64) -> &'static str {
    match index {
        it if it >= 70.0 => "overbought",
        it if it >= 60.0 => "bullish",
        it if it > 40.0 => "neutral",
        it if it > 30.0 => "bearish",
        _ => "oversold",
    }
}

fn side_word(value: f64) -> &'static str {
    match value {
        it if it > 0.0 => "bullish",
        it if it < 0.0 => "bearish",
        _ => "neutral",
    }
}

fn place_word(close: f64, lower: f64, upper: f64) -> &'static str {
    if close > upper {
        "above"
    } else if close < lower {
        "below"
    } else {
        "inside"
    }
}
