//! Which indicators a model is shown, as people write it.
//!
//! Two ways of writing are read: an object for each indicator, and one flat list of periods where
//! zero switches an indicator off. Bounds are checked where the whole configuration is.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Which indicators are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Indicators {
    /// Exponential moving averages.
    pub ema: EmaSettings,
    /// Relative strength index.
    pub rsi: PeriodSettings,
    /// Moving average convergence divergence.
    pub macd: MacdSettings,
    /// Average true range.
    pub atr: AtrSettings,
    /// Bollinger bands.
    pub bollinger: BollingerSettings,
}

/// Two or three averages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmaSettings {
    /// Whether they are shown.
    pub enabled: bool,
    /// Candles of the fast one.
    pub short_period: u32,
    /// Candles of the slow one.
    pub long_period: u32,
    /// Candles of a third that is slower still.
    pub longest_period: Option<u32>,
}

impl Default for EmaSettings {
    fn default() -> Self {
        Self { enabled: true, short_period: 9, long_period: 21, longest_period: None }
    }
}

/// An indicator with one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeriodSettings {
    /// Whether it is shown.
    pub enabled: bool,
    /// Candles.
    pub period: u32,
}

impl Default for PeriodSettings {
    fn default() -> Self {
        Self { enabled: true, period: 14 }
    }
}

/// The average true range.
pub type AtrSettings = PeriodSettings;

/// Moving average convergence divergence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MacdSettings {
    /// Whether it is shown.
    pub enabled: bool,
    /// Candles of the fast average.
    pub fast: u32,
    /// Candles of the slow average.
    pub slow: u32,
    /// Values of the signal.
    pub signal: u32,
}

impl Default for MacdSettings {
    fn default() -> Self {
        Self { enabled: true, fast: 12, slow: 26, signal: 9 }
    }
}

/// Bollinger bands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BollingerSettings {
    /// Whether they are shown.
    pub enabled: bool,
    /// Candles.
    pub period: u32,
}

impl Default for BollingerSettings {
    fn default() -> Self {
        Self { enabled: false, period: 20 }
    }
}

/// As people write them.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    ema: EmaSettings,
    rsi: PeriodSettings,
    macd: MacdSettings,
    atr: AtrSettings,
    bollinger: BollingerSettings,
    ema_periods: Option<Vec<u32>>,
    rsi_period: Option<u32>,
    macd_fast: Option<u32>,
    macd_slow: Option<u32>,
    macd_signal: Option<u32>,
    atr_period: Option<u32>,
    bollinger_period: Option<u32>,
}

impl Written {
    /// Flat periods count where there are both.
    fn read(mut self) -> Result<Indicators, &'static str> {
        if let Some(periods) = &self.ema_periods {
            self.ema = averages(periods)?;
        }
        set(self.rsi_period, &mut self.rsi.enabled, &mut self.rsi.period);
        set(self.macd_fast, &mut self.macd.enabled, &mut self.macd.fast);
        set(self.macd_slow, &mut self.macd.enabled, &mut self.macd.slow);
        set(self.macd_signal, &mut self.macd.enabled, &mut self.macd.signal);
        set(self.atr_period, &mut self.atr.enabled, &mut self.atr.period);
        set(self.bollinger_period, &mut self.bollinger.enabled, &mut self.bollinger.period);
        let Self { ema, rsi, macd, atr, bollinger, .. } = self;
        Ok(Indicators { ema, rsi, macd, atr, bollinger })
    }
}

fn averages(periods: &[u32]) -> Result<EmaSettings, &'static str> {
    let (short_period, long_period, longest_period) = match *periods {
        [] => return Ok(EmaSettings { enabled: false, ..EmaSettings::default() }),
        [short, long] => (short, long, None),
        [short, long, longest] => (short, long, Some(longest)),
        _ => return Err("ema_periods must be two or three periods, or none"),
    };
    Ok(EmaSettings { enabled: true, short_period, long_period, longest_period })
}

fn set(written: Option<u32>, enabled: &mut bool, period: &mut u32) {
    match written {
        Some(0) => *enabled = false,
        Some(candles) => (*enabled, *period) = (true, candles),
        None => {}
    }
}

impl Serialize for Indicators {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        // `Self::serialize` is the derived function, not this one.
        Self::serialize(self, sink)
    }
}

impl<'de> Deserialize<'de> for Indicators {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        if source.is_human_readable() {
            Written::deserialize(source)?.read().map_err(D::Error::custom)
        } else {
            // Formats that do not name their fields have but one way of writing.
            Self::deserialize(source)
        }
    }
}
