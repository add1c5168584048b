//! The limits that review enforces, their defaults and their bounds.

use serde::{Deserialize, Serialize};

use crate::money::{Amount, Rate};
use crate::time::Span;

/// How far the owner of a live account lets it go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arming {
    /// Largest value of all positions and entry orders together, in the settle asset.
    pub max_notional: Amount,
    /// Loss since 00:00 UTC at which entries stop, in the settle asset.
    pub max_daily_loss: Amount,
}

/// Limits of one worker. Rates are fractions: 0.2 is 20 %.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiskLimits {
    /// Highest leverage; a higher wish is clamped.
    pub max_leverage: u32,
    /// Margin of one position per equity of the worker; a larger wish is clamped.
    pub max_position_ratio: Rate,
    /// Margin of all positions and entry orders per equity, after the order; clamped.
    pub max_total_exposure: Rate,
    /// Least distance of the target per distance of the stop, where both are given; zero is off.
    pub min_risk_reward_ratio: Rate,
    /// Fall of the account's equity below its high-water mark that stops entries.
    pub max_drawdown: Rate,
    /// Loss of the account since 00:00 UTC, per equity then, that stops entries.
    pub max_daily_loss: Rate,
    /// Least confidence of an entry that states one.
    pub min_confidence: Rate,
    /// Whether an entry without a stop or target is given one.
    pub require_protection: bool,
    /// Distance of a given stop, in average true ranges.
    pub default_stop_loss_atr: Rate,
    /// Distance of a given target, in average true ranges.
    pub default_take_profit_atr: Rate,
    /// Largest distance of any stop; a farther one is clamped.
    pub max_stop_distance: Rate,
    /// How many positions the worker may hold.
    pub max_positions: u32,
    /// Largest distance of a limit price from the market on the losing side.
    pub price_collar: Rate,
    /// Largest slippage of a market order: it is sent as an immediate-or-cancel limit there.
    pub max_slippage: Rate,
    /// Largest value of one order in the settle asset; clamped.
    pub max_order_notional: Amount,
    /// Orders of the worker within a minute.
    pub max_orders_per_minute: u32,
    /// Open orders of the worker.
    pub max_open_orders: u32,
    /// Age of market data at which entries stop.
    pub max_feed_age: Span,
    /// Least distance of the liquidation price from the market after an entry.
    pub min_liquidation_distance: Rate,
}

impl Default for RiskLimits {
    fn default() -> Self {
        let percent = |n: i64| Rate::from_basis_points(n * 100);
        Self {
            max_leverage: 5,
            max_position_ratio: percent(20),
            max_total_exposure: percent(80),
            min_risk_reward_ratio: percent(200),
            max_drawdown: percent(10),
            max_daily_loss: percent(5),
            min_confidence: percent(60),
            require_protection: true,
            default_stop_loss_atr: percent(150),
            default_take_profit_atr: percent(300),
            max_stop_distance: percent(10),
            max_positions: 3,
            price_collar: percent(10),
            max_slippage: percent(1),
            max_order_notional: Amount::from_units(100_000),
            max_orders_per_minute: 60,
            max_open_orders: 200,
            max_feed_age: Span::seconds(30),
            min_liquidation_distance: percent(5),
        }
    }
}

/// A limit out of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {expected}")]
pub struct LimitError {
    /// The field.
    pub field: &'static str,
    /// What is accepted.
    pub expected: &'static str,
}

impl RiskLimits {
    /// The limits of parameter strategies, which size themselves: no required protection, the
    /// whole equity may be bound, many orders.
    #[must_use]
    pub fn for_parameters() -> Self {
        Self {
            max_position_ratio: Rate::ONE,
            max_total_exposure: Rate::ONE,
            min_risk_reward_ratio: Rate::ZERO,
            max_drawdown: Rate::from_basis_points(5_000),
            max_daily_loss: Rate::from_basis_points(2_500),
            require_protection: false,
            max_orders_per_minute: 600,
            max_stop_distance: Rate::from_basis_points(3_000),
            ..Self::default()
        }
    }

    /// Checks all bounds.
    ///
    /// # Errors
    /// Every field out of its bounds.
    pub fn validate(&self) -> Result<(), Vec<LimitError>> {
        let checks: [Check; 13] = [
            ("max_leverage", "1 to 50", (1..=50).contains(&self.max_leverage)),
            ("max_position_ratio", "0.01 to 1", within(self.max_position_ratio, 100, 10_000)),
            ("max_total_exposure", "0.1 to 1", within(self.max_total_exposure, 1_000, 10_000)),
            ("min_risk_reward_ratio", "0 (off) to 100", {
                within(self.min_risk_reward_ratio, 0, 1_000_000)
            }),
            ("max_drawdown", "0.01 to 0.5", within(self.max_drawdown, 100, 5_000)),
            ("max_daily_loss", "0.001 to 1", within(self.max_daily_loss, 10, 10_000)),
            ("min_confidence", "0 to 1", within(self.min_confidence, 0, 10_000)),
            ("max_stop_distance", "0.01 to 0.3", within(self.max_stop_distance, 100, 3_000)),
            ("price_collar", "0.001 to 0.5", within(self.price_collar, 10, 5_000)),
            ("max_slippage", "0.0001 to 0.1", within(self.max_slippage, 1, 1_000)),
            ("max_order_notional", "positive", self.max_order_notional.is_positive()),
            ("max_positions", "at least 1", self.max_positions >= 1),
            ("max_feed_age", "positive", self.max_feed_age.0 > 0),
        ];
        let errors: Vec<_> = checks
            .into_iter()
            .filter(|(.., fits)| !fits)
            .map(|(field, expected, _)| LimitError { field, expected })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

/// A field, what it may be, and whether it is.
type Check = (&'static str, &'static str, bool);

/// Says whether a rate lies between two numbers of basis points.
fn within(rate: Rate, low: i64, high: i64) -> bool {
    (Rate::from_basis_points(low)..=Rate::from_basis_points(high)).contains(&rate)
}
