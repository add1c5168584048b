//! The rules themselves, each adding a finding when it is broken.

use rust_decimal::Decimal;

use super::{LintCode, LintContext, LintFinding};
use crate::instrument::Instrument;
use crate::money::{Amount, Price, Rate, Rounding};
use crate::strategy::config::{self, DcaConfig, EmaCrossConfig, GridConfig, RsiConfig, Spacing};
use crate::strategy::grid::{Ladder, power};
use crate::strategy::minimum::is_orderable;

/// A price this far outside of a grid will hardly come back soon: a tenth of the price.
const FAR: Rate = Rate::from_basis_points(1_000);

/// The rules with what they look at and what they found.
pub(super) struct Rules<'a> {
    pub(super) instrument: &'a Instrument,
    pub(super) price: Price,
    pub(super) context: &'a LintContext<'a>,
    pub(super) findings: Vec<LintFinding>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(
        instrument: &'a Instrument,
        price: Price,
        context: &'a LintContext<'a>,
    ) -> Self {
        Self { instrument, price, context, findings: Vec::new() }
    }

    pub(super) fn find(
        &mut self,
        code: LintCode,
        field: &'static str,
        message: String,
        suggestion: String,
    ) {
        self.findings.push(LintFinding { code, field, message, suggestion });
    }

    pub(super) fn check_symbol(&mut self) {
        if self.context.account_one_way && self.context.symbols_in_use.contains(&self.instrument.id)
        {
            let symbol = &self.instrument.symbol;
            self.find(
                LintCode::SymbolInUse,
                "symbol",
                format!("another worker of this one-way account trades {symbol}"),
                "choose another symbol, or an account in hedge mode".to_owned(),
            );
        }
    }

    pub(super) fn check_grid(&mut self, config: &GridConfig) {
        let Ok(ladder) = Ladder::new(config, self.instrument) else {
            return;
        };
        let levels: Vec<_> =
            (0..=config.grid_count).map(|number| ladder.level(number, self.instrument)).collect();
        let invested = config::notional(config.total_investment, config.leverage);
        self.check_budget("total_investment", config::amount(config.total_investment));
        self.check_leverage(config.leverage, invested);
        self.check_grid_orders(config, invested, &levels);
        self.check_grid_step(config, &levels);
        self.check_grid_place(&levels);
        self.check_grid_bounds(config, invested, &levels);
    }

    fn check_grid_orders(&mut self, config: &GridConfig, invested: Amount, levels: &[Price]) {
        let count = i128::from(config.grid_count);
        let each = invested.share(1, count, Rounding::Down);
        let buys = &levels[..levels.len() - 1];
        if !buys.iter().all(|level| is_orderable(self.instrument, *level, each)) {
            let smallest = buys.iter().map(|level| self.instrument.smallest_order(*level));
            let needed = smallest.max().unwrap_or_default();
            let leverage = i128::from(config::whole(config.leverage));
            let investment = Amount(needed.0 * count).share(1, leverage, Rounding::Up);
            self.find(
                LintCode::OrderTooSmall,
                "total_investment",
                format!("a level is worth {each}, and at least {needed} is needed"),
                format!("invest at least {}, or use fewer levels", cents(investment)),
            );
        }
        self.check_largest("total_investment", each, levels[0]);
    }

    fn check_grid_step(&mut self, config: &GridConfig, levels: &[Price]) {
        let Some(ratio) = round_trip(self.instrument.fees.maker) else {
            return;
        };
        let pays = |pair: &[Price]| Decimal::from(pair[1].0) > ratio * Decimal::from(pair[0].0);
        if levels.windows(2).all(pays) {
            return;
        }
        let most = most_levels(config, ratio);
        let suggestion = if most >= 2 {
            format!("use at most {most} levels, or a wider range")
        } else {
            "use a wider range".to_owned()
        };
        let percent = percent_above_one(ratio);
        self.find(
            LintCode::GridStepEatenByFees,
            "grid_count",
            format!("a step must be wider than {percent} percent to pay the fees of both sides"),
            suggestion,
        );
    }

    fn check_grid_place(&mut self, levels: &[Price]) {
        let (lower, upper) = (levels[0], levels[levels.len() - 1]);
        let far = self.price.times(FAR, Rounding::Down);
        let (field, bound) = if self.price > upper + far {
            ("upper_price", upper)
        } else if self.price + far < lower {
            ("lower_price", lower)
        } else {
            return;
        };
        let (price, bound) = (self.show(self.price), self.show(bound));
        self.find(
            LintCode::GridFarFromPrice,
            field,
            format!("the price is {price}, far beyond {bound}"),
            format!("lay the grid round {price}"),
        );
    }

    fn check_grid_bounds(&mut self, config: &GridConfig, invested: Amount, levels: &[Price]) {
        let read = |value| {
            Price::round_decimal(value, self.instrument.price_decimals, Rounding::Nearest).ok()
        };
        let (stop, target) =
            (config.stop_price.and_then(read), config.take_profit_price.and_then(read));
        let price = self.show(self.price);
        if stop.is_some_and(|stop| self.price <= stop) {
            self.wrong_side("stop_price", format!("a stop below {price}"));
        }
        if target.is_some_and(|target| self.price >= target) {
            self.wrong_side("take_profit_price", format!("a target above {price}"));
        }
        let liquidation = self.grid_liquidation(config, invested, levels);
        if let (Some(stop), Some(liquidation)) = (stop, liquidation)
            && stop <= liquidation
        {
            let (stop, liquidation) = (self.show(stop), self.show(liquidation));
            self.find(
                LintCode::StopBeyondLiquidation,
                "stop_price",
                format!("a full grid is liquidated near {liquidation}, above the stop at {stop}"),
                format!("put the stop above {liquidation}, or use less leverage"),
            );
        }
    }

    fn wrong_side(&mut self, field: &'static str, suggestion: String) {
        let price = self.show(self.price);
        self.find(
            LintCode::StopOnWrongSide,
            field,
            format!("the price is {price}: the grid would be done at once"),
            suggestion,
        );
    }

    /// Where a position of every level, with the margin invested, is liquidated.
    fn grid_liquidation(
        &self,
        config: &GridConfig,
        invested: Amount,
        levels: &[Price],
    ) -> Option<Price> {
        let buys = &levels[..levels.len() - 1];
        let sum: i128 = buys.iter().map(|level| i128::from(level.0)).sum();
        let average = sum / i128::try_from(buys.len()).unwrap_or(1);
        let average = Price(i64::try_from(average).unwrap_or(i64::MAX));
        let distance = self.liquidation_distance(config.leverage, invested)?;
        Some(average - average.times(distance, Rounding::Down))
    }

    /// How far a position may lose before it is liquidated: the margin without its maintenance,
    /// `1 / leverage - maintenance rate`. `None` for spot.
    fn liquidation_distance(&self, leverage: Decimal, notional: Amount) -> Option<Rate> {
        let tier = self.instrument.tier(notional)?;
        let margin = Rate(Rate::ONE.0 / i64::from(config::whole(leverage)));
        Some(margin - tier.maintenance_rate)
    }

    pub(super) fn check_dca(&mut self, config: &DcaConfig) {
        self.check_order("order_amount", config::amount(config.order_amount), self.price);
        let mut bound = config.order_amount;
        let mut value = config.safety_order_amount;
        let mut step = config.price_deviation_percent;
        let mut price = self.price;
        for _ in 0..config.safety_order_count {
            bound += value;
            price -= self.price.times(config::rate(step.round_dp(8)), Rounding::Nearest);
            self.check_order("safety_order_amount", config::amount(value.round_dp(8)), price);
            value *= config.volume_scale;
            step *= config.step_scale;
        }
        if config.total_budget.is_zero() {
            self.check_budget("order_amount", config::amount(bound.round_dp(8)));
        } else {
            self.check_budget("total_budget", config::amount(config.total_budget));
        }
        self.check_safety_stop(config);
    }

    fn check_safety_stop(&mut self, config: &DcaConfig) {
        let (stop, first) = (config.stop_loss_percent, config.price_deviation_percent);
        if config.safety_order_count > 0 && !stop.is_zero() && stop <= first {
            self.find(
                LintCode::SafetyOrderBeyondStop,
                "stop_loss_percent",
                format!("the stop at {stop} percent comes before the safety order at {first}"),
                format!("put the stop beyond {first} percent"),
            );
        }
    }

    pub(super) fn check_rsi(&mut self, config: &RsiConfig) {
        self.check_signal(config.order_amount, config.leverage, config.stop_loss_percent);
        let target = config.take_profit_percent;
        let Some(ratio) = round_trip(self.instrument.fees.taker).filter(|_| !target.is_zero())
        else {
            return;
        };
        let smallest = percent_above_one(ratio);
        if target <= smallest {
            self.find(
                LintCode::TargetEatenByFees,
                "take_profit_percent",
                format!("{target} percent does not pay the fees of entry and exit"),
                format!("aim for more than {smallest} percent"),
            );
        }
    }

    pub(super) fn check_ema_cross(&mut self, config: &EmaCrossConfig) {
        self.check_signal(config.order_amount, config.leverage, config.stop_loss_percent);
    }

    fn check_signal(&mut self, margin: Decimal, leverage: Decimal, stop: Decimal) {
        let notional = config::notional(margin, leverage);
        self.check_budget("order_amount", config::amount(margin));
        self.check_leverage(leverage, notional);
        self.check_margin("order_amount", notional, self.price, leverage);
        let Some(distance) = self.liquidation_distance(leverage, notional) else {
            return;
        };
        if config::some_rate(stop).is_some_and(|stop| stop >= distance) {
            let farthest = (distance.to_decimal() * Decimal::ONE_HUNDRED).normalize();
            self.find(
                LintCode::StopBeyondLiquidation,
                "stop_loss_percent",
                format!("at leverage {leverage} liquidation comes after {farthest} percent"),
                format!("stop before {farthest} percent, or use less leverage"),
            );
        }
    }

    fn check_order(&mut self, field: &'static str, value: Amount, price: Price) {
        self.check_margin(field, value, price, Decimal::ONE);
    }

    fn check_margin(
        &mut self,
        field: &'static str,
        value: Amount,
        price: Price,
        leverage: Decimal,
    ) {
        if !is_orderable(self.instrument, price, value) {
            let needed = self.instrument.smallest_order(price);
            let leverage = i128::from(config::whole(leverage));
            let amount = cents(needed.share(1, leverage, Rounding::Up));
            self.find(
                LintCode::OrderTooSmall,
                field,
                format!("an order is worth {value}, and at least {needed} is needed"),
                format!("use at least {amount}"),
            );
        }
        self.check_largest(field, value, price);
    }

    fn check_largest(&mut self, field: &'static str, value: Amount, price: Price) {
        let largest = self.instrument.filters.max_quantity;
        if self.instrument.quantity_for(value, price) > largest {
            let most = self.instrument.notional(price, largest);
            self.find(
                LintCode::OrderTooLarge,
                field,
                format!("an order is worth {value}, and the venue takes at most {most}"),
                format!("let an order be worth at most {most}"),
            );
        }
    }

    fn check_budget(&mut self, field: &'static str, bound: Amount) {
        let capital = self.context.capital;
        if bound > capital {
            self.find(
                LintCode::BudgetAboveCapital,
                field,
                format!("{bound} may be bound, and the capital is {capital}"),
                format!("use at most {capital} in all"),
            );
        }
    }

    fn check_leverage(&mut self, leverage: Decimal, notional: Amount) {
        let highest = self.instrument.max_leverage(notional);
        if leverage > highest.into() {
            self.find(
                LintCode::LeverageTooHigh,
                "leverage",
                format!("the venue allows leverage {highest} for a position worth {notional}"),
                format!("use leverage {highest} or less"),
            );
        }
    }

    fn show(&self, price: Price) -> Decimal {
        price.to_decimal(self.instrument.price_decimals).normalize()
    }
}

/// By what a price must rise so that a buy and a sell at this fee rate break even:
/// `(1 + fee) / (1 - fee)`. `None` when a fee is not paid.
fn round_trip(fee: Rate) -> Option<Decimal> {
    let fee = fee.to_decimal();
    let (paid, kept) = (Decimal::ONE + fee, Decimal::ONE - fee);
    (fee > Decimal::ZERO).then(|| paid / kept)
}

/// The excess of a ratio over one in percent, rounded up to four decimals.
fn percent_above_one(ratio: Decimal) -> Decimal {
    let percent = (ratio - Decimal::ONE) * Decimal::ONE_HUNDRED;
    let up = rust_decimal::RoundingStrategy::ToPositiveInfinity;
    percent.round_dp_with_strategy(4, up).normalize()
}

/// The most levels between the bounds whose steps are all wider than `ratio`.
fn most_levels(config: &GridConfig, ratio: Decimal) -> u32 {
    let (lower, upper) = (config.lower_price, config.upper_price);
    let pays = |count: u32| match config.spacing {
        // The highest step is the smallest in percent.
        Spacing::Arithmetic => {
            let step = (upper - lower) / Decimal::from(count);
            upper > (upper - step) * ratio
        }
        Spacing::Geometric => power(ratio, count).is_some_and(|needed| upper > lower * needed),
    };
    (2..config.grid_count).rev().find(|count| pays(*count)).unwrap_or(0)
}

/// An amount rounded up to hundredths.
fn cents(amount: Amount) -> Decimal {
    let up = rust_decimal::RoundingStrategy::ToPositiveInfinity;
    amount.to_decimal().round_dp_with_strategy(2, up).normalize()
}
