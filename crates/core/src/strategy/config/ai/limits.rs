//! The owner's limits laid over those for all strategies in words.

use rust_decimal::Decimal;

use super::RiskControls;
use crate::money::{Amount, RATE_DECIMALS, Rate};
use crate::risk::RiskLimits;

impl RiskControls {
    /// Puts what is said in the place of what `limits` has.
    pub(super) fn over(&self, limits: &RiskLimits) -> RiskLimits {
        let or = |said: Option<Decimal>, otherwise| said.map_or(otherwise, rate);
        RiskLimits {
            max_leverage: self.max_leverage.unwrap_or(limits.max_leverage),
            max_position_ratio: or(self.max_position_ratio, limits.max_position_ratio),
            max_total_exposure: or(self.max_total_exposure, limits.max_total_exposure),
            min_risk_reward_ratio: or(self.min_risk_reward_ratio, limits.min_risk_reward_ratio),
            max_drawdown: or(self.max_drawdown, limits.max_drawdown),
            max_daily_loss: or(self.max_daily_loss, limits.max_daily_loss),
            min_confidence: or(self.min_confidence.map(fraction), limits.min_confidence),
            default_stop_loss_atr: or(self.default_stop_loss_atr, limits.default_stop_loss_atr),
            default_take_profit_atr: {
                or(self.default_take_profit_atr, limits.default_take_profit_atr)
            },
            max_stop_distance: or(self.max_stop_distance, limits.max_stop_distance),
            max_positions: self.max_positions.unwrap_or(limits.max_positions),
            max_order_notional: {
                self.max_order_notional.map_or(limits.max_order_notional, amount)
            },
            ..limits.clone()
        }
    }
}

/// A confidence above one is meant in percent.
fn fraction(confidence: Decimal) -> Decimal {
    if confidence > Decimal::ONE { confidence / Decimal::ONE_HUNDRED } else { confidence }
}

/// The nearest rate: what is too large must not turn into a limit that is off.
fn rate(value: Decimal) -> Rate {
    let rounded = value.round_dp(RATE_DECIMALS.into());
    let farthest = if value.is_sign_negative() { Rate(i64::MIN) } else { Rate(i64::MAX) };
    Rate::from_decimal(rounded).unwrap_or(farthest)
}

/// The nearest amount at or below; zero, which no limit accepts, for what cannot be held.
fn amount(value: Decimal) -> Amount {
    Amount::from_decimal(value.trunc_with_scale(8)).unwrap_or_default()
}
