//! The fields of each configuration with their defaults and bounds.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::checks::{Checks, FieldError};
use super::number;
use crate::time::Timeframe;

/// The smallest percentage of a stop: one hundredth.
const SMALLEST_STOP: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// The smallest percentage of a target and of a deviation, and the smallest scale: one tenth.
const ONE_TENTH: Decimal = Decimal::from_parts(1, 0, 0, false, 1);
/// The stop of strategies that should not be without one: five percent.
const FIVE: Decimal = Decimal::from_parts(5, 0, 0, false, 0);

/// How the levels of a grid are spaced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// Each level is the same amount above the one below.
    #[default]
    Arithmetic,
    /// Each level is the same percentage above the one below.
    Geometric,
}

/// A grid: `grid_count` buys between two prices, each sold again one level higher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridConfig {
    /// The highest level; sold at, never bought at.
    #[serde(with = "number")]
    pub upper_price: Decimal,
    /// The lowest level; bought at, never sold at.
    #[serde(with = "number")]
    pub lower_price: Decimal,
    /// Number of intervals between the two, 2 to 200: the number of orders that can rest.
    pub grid_count: u32,
    /// The margin committed. A level is worth `total_investment * leverage / grid_count`.
    #[serde(with = "number")]
    pub total_investment: Decimal,
    /// 1 to 50.
    #[serde(with = "number", default = "one")]
    pub leverage: Decimal,
    /// How the levels are spaced.
    #[serde(default)]
    pub spacing: Spacing,
    /// Whether it buys at the market, at the start, what the levels above the price will sell.
    #[serde(default)]
    pub initial_position: bool,
    /// A price below the grid at which all is closed and the grid is done.
    #[serde(default, with = "number::optional")]
    pub stop_price: Option<Decimal>,
    /// A price above the grid at which all is closed and the grid is done.
    #[serde(default, with = "number::optional")]
    pub take_profit_price: Option<Decimal>,
    /// Whether the ladder follows a price that has left it at the top, when nothing is held.
    #[serde(default)]
    pub trailing: bool,
    /// The candles by which it looks at the price.
    #[serde(default = "one_minute")]
    pub timeframe: Timeframe,
}

/// Dollar-cost averaging: buys at the market on a schedule, and sells all at a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DcaConfig {
    /// Value of each regular order.
    #[serde(with = "number")]
    pub order_amount: Decimal,
    /// Minutes between regular orders, 1 to 43,200.
    pub interval_minutes: u32,
    /// Profit, after fees, at which all is sold: 0.1 to 100 percent of what was paid.
    #[serde(with = "number", default = "five")]
    pub take_profit_percent: Decimal,
    /// Most that is invested before a target is reached; zero for no limit.
    #[serde(with = "number", default)]
    pub total_budget: Decimal,
    /// Most regular orders before a target is reached; zero for no limit.
    #[serde(default)]
    pub max_orders: u32,
    /// Distance of the stop below the average entry in percent; zero for none.
    #[serde(with = "number", default)]
    pub stop_loss_percent: Decimal,
    /// Number of limit orders that rest below the first buy, 0 to 50.
    #[serde(default)]
    pub safety_order_count: u32,
    /// Value of the first safety order.
    #[serde(with = "number", default)]
    pub safety_order_amount: Decimal,
    /// Distance of the first safety order below the first buy in percent.
    #[serde(with = "number", default = "one")]
    pub price_deviation_percent: Decimal,
    /// Each further distance is this many times the one before, 0.1 to 10.
    #[serde(with = "number", default = "one")]
    pub step_scale: Decimal,
    /// Each further safety order is worth this many times the one before, 0.1 to 10.
    #[serde(with = "number", default = "one")]
    pub volume_scale: Decimal,
}

/// Buys when the relative strength index is low, closes when it is high.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RsiConfig {
    /// Number of changes that the index averages, 2 to 100.
    #[serde(default = "fourteen")]
    pub rsi_period: u32,
    /// Closes at or above this, 50 to 95.
    #[serde(with = "number", default = "seventy")]
    pub overbought: Decimal,
    /// Buys at or below this, 5 to 50.
    #[serde(with = "number", default = "thirty")]
    pub oversold: Decimal,
    /// The margin of an order, which is worth `order_amount * leverage`.
    #[serde(with = "number")]
    pub order_amount: Decimal,
    /// The candles that the index is made of.
    #[serde(default = "one_hour")]
    pub timeframe: Timeframe,
    /// 1 to 50.
    #[serde(with = "number", default = "one")]
    pub leverage: Decimal,
    /// Distance of the stop from the entry in percent; zero for none.
    #[serde(with = "number", default = "five")]
    pub stop_loss_percent: Decimal,
    /// Distance of the target from the entry in percent; zero for none.
    #[serde(with = "number", default)]
    pub take_profit_percent: Decimal,
}

/// Long after the fast average crosses above the slow one, out (or short) after it crosses below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmaCrossConfig {
    /// Candles of the fast average, 2 to 499.
    #[serde(default = "ten")]
    pub fast_period: u32,
    /// Candles of the slow average, 3 to 500.
    #[serde(default = "twenty")]
    pub slow_period: u32,
    /// The margin of an order, which is worth `order_amount * leverage`.
    #[serde(with = "number")]
    pub order_amount: Decimal,
    /// The candles that the averages are made of.
    #[serde(default = "one_hour")]
    pub timeframe: Timeframe,
    /// 1 to 50.
    #[serde(with = "number", default = "one")]
    pub leverage: Decimal,
    /// Distance of the stop from the entry in percent; zero for none.
    #[serde(with = "number", default)]
    pub stop_loss_percent: Decimal,
    /// Whether a cross below opens a short position.
    #[serde(default)]
    pub allow_short: bool,
}

impl GridConfig {
    /// Checks every bound.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut checks = Checks::default();
        checks.price("upper_price", self.upper_price);
        checks.price("lower_price", self.lower_price);
        let ordered = self.upper_price > self.lower_price;
        checks.require(ordered, "upper_price", "must be above lower_price");
        checks.within("grid_count", self.grid_count, 2, 200);
        checks.amount("total_investment", self.total_investment);
        checks.leverage(self.leverage);
        if let Some(stop) = self.stop_price {
            checks.price("stop_price", stop);
            let below = stop < self.lower_price;
            checks.require(below, "stop_price", "must be below lower_price");
        }
        if let Some(target) = self.take_profit_price {
            let above = target > self.upper_price;
            checks.require(above, "take_profit_price", "must be above upper_price");
        }
        checks.finish()
    }
}

impl DcaConfig {
    /// Checks every bound.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut checks = Checks::default();
        checks.amount("order_amount", self.order_amount);
        checks.within("interval_minutes", self.interval_minutes, 1, 43_200);
        checks.percent("take_profit_percent", self.take_profit_percent, ONE_TENTH, 100);
        checks.amount_or_zero("total_budget", self.total_budget);
        let enough = self.total_budget.is_zero() || self.total_budget >= self.order_amount;
        checks.require(enough, "total_budget", "must be zero or at least order_amount");
        checks.percent_or_zero("stop_loss_percent", self.stop_loss_percent, SMALLEST_STOP, 99);
        checks.within("safety_order_count", self.safety_order_count, 0, 50);
        if self.safety_order_count > 0 {
            self.validate_safety_orders(&mut checks);
        }
        checks.finish()
    }

    fn validate_safety_orders(&self, checks: &mut Checks) {
        checks.amount("safety_order_amount", self.safety_order_amount);
        let deviation = self.price_deviation_percent;
        checks.percent("price_deviation_percent", deviation, ONE_TENTH, 90);
        checks.within("step_scale", self.step_scale, ONE_TENTH, 10);
        checks.within("volume_scale", self.volume_scale, ONE_TENTH, 10);
        let reachable = self.deepest_deviation().is_some_and(|depth| depth < 95.into());
        let message = "the last safety order would rest more than 95 percent below the first buy";
        checks.require(reachable, "safety_order_count", message);
        let payable =
            self.largest_safety_order().is_some_and(|value| value <= 1_000_000_000.into());
        let message = "makes the last safety order larger than 1000000000";
        checks.require(payable, "volume_scale", message);
    }

    /// How far below the first buy the last safety order rests, in percent.
    fn deepest_deviation(&self) -> Option<Decimal> {
        let mut step = self.price_deviation_percent;
        let mut depth = Decimal::ZERO;
        for _ in 0..self.safety_order_count.min(50) {
            depth = depth.checked_add(step)?;
            step = step.checked_mul(self.step_scale)?;
        }
        Some(depth)
    }

    fn largest_safety_order(&self) -> Option<Decimal> {
        let mut value = self.safety_order_amount;
        for _ in 1..self.safety_order_count.min(50) {
            value = value.checked_mul(self.volume_scale)?;
        }
        Some(value)
    }
}

impl RsiConfig {
    /// Checks every bound.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut checks = Checks::default();
        checks.within("rsi_period", self.rsi_period, 2, 100);
        checks.within("overbought", self.overbought, 50, 95);
        checks.within("oversold", self.oversold, 5, 50);
        let ordered = self.overbought > self.oversold;
        checks.require(ordered, "overbought", "must be above oversold");
        checks.amount("order_amount", self.order_amount);
        checks.leverage(self.leverage);
        checks.percent_or_zero("stop_loss_percent", self.stop_loss_percent, SMALLEST_STOP, 99);
        checks.percent_or_zero("take_profit_percent", self.take_profit_percent, ONE_TENTH, 1_000);
        checks.finish()
    }
}

impl EmaCrossConfig {
    /// Checks every bound.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut checks = Checks::default();
        checks.within("fast_period", self.fast_period, 2, 499);
        checks.within("slow_period", self.slow_period, 3, 500);
        let ordered = self.fast_period < self.slow_period;
        checks.require(ordered, "fast_period", "must be below slow_period");
        checks.amount("order_amount", self.order_amount);
        checks.leverage(self.leverage);
        checks.percent_or_zero("stop_loss_percent", self.stop_loss_percent, SMALLEST_STOP, 99);
        checks.finish()
    }
}

fn one() -> Decimal {
    Decimal::ONE
}

fn five() -> Decimal {
    FIVE
}

fn thirty() -> Decimal {
    30.into()
}

fn seventy() -> Decimal {
    70.into()
}

fn ten() -> u32 {
    10
}

fn fourteen() -> u32 {
    14
}

fn twenty() -> u32 {
    20
}

fn one_minute() -> Timeframe {
    Timeframe::OneMinute
}

fn one_hour() -> Timeframe {
    Timeframe::OneHour
}
