//! What can be set about replays and simulations.

use banyan_core::money::Amount;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{SettingsError, number};

/// How replays are made; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct ReplayDefaults {
    #[serde(with = "number")]
    pub capital: Decimal,
    pub seed: u64,
    pub half_spread_ticks: u32,
    pub depth_levels: usize,
    #[serde(with = "number")]
    pub level_notional: Decimal,
}

/// How simulations are run; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct SimulationSettings {
    pub threads: usize,
}

impl ReplayDefaults {
    /// Checks the bounds.
    ///
    /// # Errors
    /// All fields that are out of their bounds.
    pub fn check(&self) -> Result<(), SettingsError> {
        let fits = |value| Amount::from_decimal(value).is_ok();
        let checks = [
            (!self.capital.is_sign_negative(), "capital", "must not be negative"),
            (fits(self.capital), "capital", "is out of range"),
            (
                (1..=10_000).contains(&self.half_spread_ticks),
                "half_spread_ticks",
                "must be 1 to 10000",
            ),
            ((1..=100).contains(&self.depth_levels), "depth_levels", "must be 1 to 100"),
            (self.level_notional > Decimal::ZERO, "level_notional", "must be greater than zero"),
            (fits(self.level_notional), "level_notional", "is out of range"),
        ];
        let broken: Vec<_> = checks.iter().filter(|(holds, ..)| !holds).collect();
        let Some((_, first, _)) = broken.first() else {
            return Ok(());
        };
        let told: Vec<_> = broken.iter().map(|(_, field, why)| format!("{field} {why}")).collect();
        Err(SettingsError::Value { field: format!("replay.{first}"), message: told.join("; ") })
    }
}
