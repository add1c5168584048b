//! Other limits for a replay, by the names that limits have everywhere.

use banyan_core::money::{Amount, Rate};
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::FieldError;
use banyan_core::time::Span;
use rust_decimal::Decimal;

/// A limit by its name, and where it stands.
enum Slot<'l> {
    Whole(&'l mut u32),
    Share(&'l mut Rate),
    Money(&'l mut Amount),
    Truth(&'l mut bool),
    Seconds(&'l mut Span),
}

/// Limits that are to be others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitChange(Vec<(&'static str, String)>);

impl LimitChange {
    /// The limits that can be changed.
    pub const NAMES: [&'static str; 19] = [
        "max_leverage",
        "max_position_ratio",
        "max_total_exposure",
        "min_risk_reward_ratio",
        "max_drawdown",
        "max_daily_loss",
        "min_confidence",
        "require_protection",
        "default_stop_loss_atr",
        "default_take_profit_atr",
        "max_stop_distance",
        "max_positions",
        "price_collar",
        "max_slippage",
        "max_order_notional",
        "max_orders_per_minute",
        "max_open_orders",
        "max_feed_age",
        "min_liquidation_distance",
    ];

    /// Reads limits by name: shares are fractions, money is in the settle asset, ages in seconds.
    ///
    /// # Errors
    /// Every value that cannot be read or is out of its bounds.
    pub fn read(
        named: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, Vec<FieldError>> {
        let change = Self(named.into_iter().collect());
        let (mut limits, mut errors) = (RiskLimits::default(), Vec::new());
        for (name, text) in &change.0 {
            if let Err(message) = set(&mut limits, name, text) {
                errors.push(FieldError { field: name, message });
            }
        }
        if let (true, Err(wrong)) = (errors.is_empty(), limits.validate()) {
            let of_change = wrong.iter().filter(|it| change.names().any(|name| name == it.field));
            errors.extend(of_change.map(|it| FieldError {
                field: it.field,
                message: format!("must be {}", it.expected),
            }));
        }
        if errors.is_empty() { Ok(change) } else { Err(errors) }
    }

    /// The limits that are others.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Changes limits.
    pub fn apply(&self, limits: &mut RiskLimits) {
        for (name, text) in &self.0 {
            // It was read once already, with the same outcome.
            let _ = set(limits, name, text);
        }
    }
}

fn slot<'l>(limits: &'l mut RiskLimits, name: &str) -> Option<Slot<'l>> {
    Some(match name {
        "max_leverage" => Slot::Whole(&mut limits.max_leverage),
        "max_position_ratio" => Slot::Share(&mut limits.max_position_ratio),
        "max_total_exposure" => Slot::Share(&mut limits.max_total_exposure),
        "min_risk_reward_ratio" => Slot::Share(&mut limits.min_risk_reward_ratio),
        "max_drawdown" => Slot::Share(&mut limits.max_drawdown),
        "max_daily_loss" => Slot::Share(&mut limits.max_daily_loss),
        "min_confidence" => Slot::Share(&mut limits.min_confidence),
        "require_protection" => Slot::Truth(&mut limits.require_protection),
        "default_stop_loss_atr" => Slot::Share(&mut limits.default_stop_loss_atr),
        "default_take_profit_atr" => Slot::Share(&mut limits.default_take_profit_atr),
        "max_stop_distance" => Slot::Share(&mut limits.max_stop_distance),
        "max_positions" => Slot::Whole(&mut limits.max_positions),
        "price_collar" => Slot::Share(&mut limits.price_collar),
        "max_slippage" => Slot::Share(&mut limits.max_slippage),
        "max_order_notional" => Slot::Money(&mut limits.max_order_notional),
        "max_orders_per_minute" => Slot::Whole(&mut limits.max_orders_per_minute),
        "max_open_orders" => Slot::Whole(&mut limits.max_open_orders),
        "max_feed_age" => Slot::Seconds(&mut limits.max_feed_age),
        "min_liquidation_distance" => Slot::Share(&mut limits.min_liquidation_distance),
        _ => return None,
    })
}

fn set(limits: &mut RiskLimits, name: &str, text: &str) -> Result<(), String> {
    let text = text.trim();
    let whole = || text.parse::<u32>().map_err(|_| "must be a whole number".to_owned());
    let decimal = || {
        let number = Decimal::from_str_exact(text).ok().filter(|it| !it.is_sign_negative());
        number.ok_or_else(|| "must be a number that is not negative".to_owned())
    };
    let exact = |_| "has more decimals than are kept".to_owned();
    match slot(limits, name).ok_or_else(|| "is no limit".to_owned())? {
        Slot::Whole(limit) => *limit = whole()?,
        Slot::Share(limit) if name == "min_confidence" && decimal()? > Decimal::ONE => {
            // In percent, as people also write it.
            *limit = Rate::from_decimal(decimal()? / Decimal::ONE_HUNDRED).map_err(exact)?;
        }
        Slot::Share(limit) => *limit = Rate::from_decimal(decimal()?).map_err(exact)?,
        Slot::Money(limit) => *limit = Amount::from_decimal(decimal()?).map_err(exact)?,
        Slot::Seconds(limit) => *limit = Span::seconds(whole()?.into()),
        Slot::Truth(limit) => {
            *limit = text.parse().map_err(|_| "must be true or false".to_owned())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, text: &str) -> Result<RiskLimits, Vec<FieldError>> {
        let change = LimitChange::read([(name, text.to_owned())])?;
        let mut limits = RiskLimits::default();
        change.apply(&mut limits);
        Ok(limits)
    }

    #[test]
    fn every_name_is_a_limit() {
        let mut limits = RiskLimits::default();
        let fields = serde_json::to_value(&limits).unwrap();
        assert_eq!(fields.as_object().unwrap().len(), LimitChange::NAMES.len());
        for name in LimitChange::NAMES {
            assert!(slot(&mut limits, name).is_some() && fields.get(name).is_some(), "{name}");
        }
    }

    #[test]
    fn limits_are_read_in_the_units_of_people() {
        assert_eq!(read("max_leverage", "2").unwrap().max_leverage, 2);
        let tenth = Rate::from_basis_points(1_000);
        assert_eq!(read("max_position_ratio", "0.1").unwrap().max_position_ratio, tenth);
        for text in ["0.75", "75"] {
            let confidence = read("min_confidence", text).unwrap().min_confidence;
            assert_eq!(confidence, Rate::from_basis_points(7_500));
        }
        assert_eq!(read("max_feed_age", "7").unwrap().max_feed_age, Span::seconds(7));
        assert!(!read("require_protection", "false").unwrap().require_protection);
        let money = read("max_order_notional", "12.5").unwrap().max_order_notional;
        assert_eq!(money, Amount(1_250_000_000));
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        for (name, text) in [("max_leverage", "0"), ("max_leverage", "x"), ("max_drawdown", "-1")] {
            assert_eq!(read(name, text).unwrap_err()[0].field, name, "{text}");
        }
    }
}
