//! Risk limits as people write them: fractions and amounts as plain numbers.

use banyan_core::money::{Amount, MoneyError, Rate};
use banyan_core::risk::RiskLimits;
use banyan_core::time::Span;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{SettingsError, number};

/// Risk limits as people write them: fractions and amounts as plain numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct RiskSettings {
    pub max_leverage: u32,
    #[serde(with = "number")]
    pub max_position_ratio: Decimal,
    #[serde(with = "number")]
    pub max_total_exposure: Decimal,
    #[serde(with = "number")]
    pub min_risk_reward_ratio: Decimal,
    #[serde(with = "number")]
    pub max_drawdown: Decimal,
    #[serde(with = "number")]
    pub max_daily_loss: Decimal,
    #[serde(with = "number")]
    pub min_confidence: Decimal,
    #[serde(with = "number")]
    pub max_stop_distance: Decimal,
    pub max_positions: u32,
    #[serde(with = "number")]
    pub price_collar: Decimal,
    #[serde(with = "number")]
    pub max_slippage: Decimal,
    #[serde(with = "number")]
    pub max_order_notional: Decimal,
    pub max_orders_per_minute: u32,
    pub max_open_orders: u32,
    pub max_feed_age_seconds: u32,
    #[serde(with = "number")]
    pub min_liquidation_distance: Decimal,
}

impl RiskSettings {
    /// Checks the bounds and gives the limits to the core.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn limits(&self) -> Result<RiskLimits, SettingsError> {
        let rate = |field: &str, value: Decimal| {
            Rate::from_decimal(value).map_err(|error| out_of_bounds(field, &error))
        };
        let limits = RiskLimits {
            max_leverage: self.max_leverage,
            max_position_ratio: rate("max_position_ratio", self.max_position_ratio)?,
            max_total_exposure: rate("max_total_exposure", self.max_total_exposure)?,
            min_risk_reward_ratio: rate("min_risk_reward_ratio", self.min_risk_reward_ratio)?,
            max_drawdown: rate("max_drawdown", self.max_drawdown)?,
            max_daily_loss: rate("max_daily_loss", self.max_daily_loss)?,
            min_confidence: rate("min_confidence", self.min_confidence)?,
            max_stop_distance: rate("max_stop_distance", self.max_stop_distance)?,
            max_positions: self.max_positions,
            price_collar: rate("price_collar", self.price_collar)?,
            max_slippage: rate("max_slippage", self.max_slippage)?,
            max_order_notional: Amount::from_decimal(self.max_order_notional)
                .map_err(|error| out_of_bounds("max_order_notional", &error))?,
            max_orders_per_minute: self.max_orders_per_minute,
            max_open_orders: self.max_open_orders,
            max_feed_age: Span::seconds(i64::from(self.max_feed_age_seconds)),
            min_liquidation_distance: rate(
                "min_liquidation_distance",
                self.min_liquidation_distance,
            )?,
            ..RiskLimits::for_parameters()
        };
        limits.validate().map_err(|errors| {
            let first = errors.first();
            let field = first.map_or_else(String::new, |error| format!("risk.{}", error.field));
            let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
            SettingsError::Value { field, message: told.join("; ") }
        })?;
        Ok(limits)
    }
}

fn out_of_bounds(field: &str, error: &MoneyError) -> SettingsError {
    SettingsError::Value { field: format!("risk.{field}"), message: error.to_string() }
}
