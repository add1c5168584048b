//! The configurations of the rule strategies, as people write them.
//!
//! A configuration is text turned into numbers with bounds; it knows no instrument and no price.
//! Percentages are of the price, amounts in the settle asset, and zero stands for "none" where a
//! field says so.

mod ai;
mod checks;
mod number;
mod shapes;

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use ai::{AiConfig, DebateConfig, EventTriggers, RiskControls};
pub use checks::FieldError;
pub use shapes::{DcaConfig, EmaCrossConfig, GridConfig, RsiConfig, Spacing};

use crate::money::{Amount, Rate};

/// Which of the rule strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyKind {
    /// A ladder of resting orders.
    Grid,
    /// Buys on a schedule.
    Dca,
    /// Buys when oversold.
    Rsi,
    /// Follows the crossing of two averages.
    EmaCross,
    /// Asks models.
    Ai,
}

/// A name that no rule strategy has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown strategy type {0:?}; one of grid, dca, rsi, ema_cross, ai")]
pub struct UnknownStrategy(pub String);

impl StrategyKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Grid, Self::Dca, Self::Rsi, Self::EmaCross, Self::Ai];

    /// The name, e.g. `ema_cross`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Dca => "dca",
            Self::Rsi => "rsi",
            Self::EmaCross => "ema_cross",
            Self::Ai => "ai",
        }
    }
}

impl fmt::Display for StrategyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for StrategyKind {
    type Err = UnknownStrategy;
    fn from_str(text: &str) -> Result<Self, UnknownStrategy> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or_else(|| UnknownStrategy(text.to_owned()))
    }
}

/// A configuration with its type: `{"strategy_type": "grid", "config": {...}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "strategy_type", content = "config", rename_all = "snake_case", remote = "Self")]
pub enum StrategyConfig {
    /// A ladder of resting orders.
    Grid(GridConfig),
    /// Buys on a schedule.
    Dca(DcaConfig),
    /// Buys when oversold.
    Rsi(RsiConfig),
    /// Follows the crossing of two averages.
    EmaCross(EmaCrossConfig),
    /// Asks models.
    Ai(Box<AiConfig>),
}

/// The same in formats that do not name their fields: those cannot look for a tag.
#[derive(Serialize, Deserialize)]
#[serde(remote = "StrategyConfig")]
enum Nameless {
    Grid(GridConfig),
    Dca(DcaConfig),
    Rsi(RsiConfig),
    EmaCross(EmaCrossConfig),
    Ai(Box<AiConfig>),
}

impl Serialize for StrategyConfig {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        // `Self::serialize` is the derived function, not this one.
        if sink.is_human_readable() {
            Self::serialize(self, sink)
        } else {
            Nameless::serialize(self, sink)
        }
    }
}

impl<'de> Deserialize<'de> for StrategyConfig {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        if source.is_human_readable() {
            Self::deserialize(source)
        } else {
            Nameless::deserialize(source)
        }
    }
}

impl StrategyConfig {
    /// Which strategy it is for.
    #[must_use]
    pub const fn kind(&self) -> StrategyKind {
        match self {
            Self::Grid(_) => StrategyKind::Grid,
            Self::Dca(_) => StrategyKind::Dca,
            Self::Rsi(_) => StrategyKind::Rsi,
            Self::EmaCross(_) => StrategyKind::EmaCross,
            Self::Ai(_) => StrategyKind::Ai,
        }
    }

    /// Checks every bound.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        match self {
            Self::Grid(config) => config.validate(),
            Self::Dca(config) => config.validate(),
            Self::Rsi(config) => config.validate(),
            Self::EmaCross(config) => config.validate(),
            Self::Ai(config) => config.validate(),
        }
    }
}

/// A checked amount of the settle asset.
pub(super) fn amount(value: Decimal) -> Amount {
    Amount::from_decimal(value).unwrap_or_default()
}

/// A checked margin times its leverage.
pub(super) fn notional(margin: Decimal, leverage: Decimal) -> Amount {
    Amount(amount(margin).0 * i128::from(whole(leverage)))
}

/// A checked percentage as a rate.
pub(super) fn rate(percent: Decimal) -> Rate {
    Rate::from_decimal(percent / Decimal::ONE_HUNDRED).unwrap_or_default()
}

/// A checked percentage as a rate; `None` when it is zero.
pub(super) fn some_rate(percent: Decimal) -> Option<Rate> {
    Some(rate(percent)).filter(|rate| rate.is_positive())
}

/// A checked whole number.
pub(super) fn whole(value: Decimal) -> u32 {
    value.to_u32().unwrap_or(1)
}
