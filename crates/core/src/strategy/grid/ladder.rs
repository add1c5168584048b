//! The prices of a grid, by level number. Knows no orders.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::instrument::Instrument;
use crate::money::{Price, Rounding, divide};
use crate::strategy::config::{FieldError, GridConfig, Spacing};

/// How the levels go on, upwards without end: a ladder may follow the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::strategy) struct Ladder {
    lower: Price,
    upper: Price,
    count: u32,
    /// Of one level to the one below; only where levels are spaced by a percentage.
    ratio: Option<Decimal>,
}

impl Ladder {
    /// Builds the ladder of a checked configuration.
    ///
    /// # Errors
    /// When a price does not fit the instrument, or levels fall together on its ticks.
    pub(in crate::strategy) fn new(
        config: &GridConfig,
        instrument: &Instrument,
    ) -> Result<Self, Vec<FieldError>> {
        let read = |field, value| {
            Price::round_decimal(value, instrument.price_decimals, Rounding::Nearest)
                .map_err(|error| vec![FieldError::new(field, error.to_string())])
        };
        let (lower, upper) = (config.lower_price, config.upper_price);
        let width = upper.checked_div(lower);
        let ratio = match config.spacing {
            Spacing::Arithmetic => None,
            Spacing::Geometric => width.map(|width| root(width, config.grid_count)),
        };
        let ladder = Self {
            lower: read("lower_price", lower)?,
            upper: read("upper_price", upper)?,
            count: config.grid_count,
            ratio,
        };
        ladder.check(instrument)?;
        Ok(ladder)
    }

    fn check(&self, instrument: &Instrument) -> Result<(), Vec<FieldError>> {
        let prices: Vec<_> =
            (0..=self.count).map(|number| self.level(number, instrument)).collect();
        let rises = prices.windows(2).all(|pair| pair[0] < pair[1]);
        if rises && prices[0].is_positive() {
            return Ok(());
        }
        let message = "levels fall together on the price step of the instrument";
        Err(vec![FieldError::new("grid_count", message)])
    }

    /// The price of a level, on the price step of the instrument: level 0 is the lower bound and
    /// level `grid_count` the upper one.
    pub(in crate::strategy) fn level(&self, number: u32, instrument: &Instrument) -> Price {
        let exact = match self.ratio {
            None => {
                let width = i128::from(self.upper.0) - i128::from(self.lower.0);
                let risen =
                    divide(width * i128::from(number), i128::from(self.count), Rounding::Nearest);
                Price(i64::try_from(i128::from(self.lower.0) + risen).unwrap_or(i64::MAX / 2))
            }
            Some(ratio) => power(ratio, number)
                .and_then(|power| power.checked_mul(self.lower.0.into()))
                .and_then(|price| Price::round_decimal(price, 0, Rounding::Nearest).ok())
                .unwrap_or(Price(i64::MAX / 2)),
        };
        instrument.round_price(exact, Rounding::Nearest)
    }
}

/// `base` to the power of `exponent`; `None` beyond the range of a decimal.
pub(in crate::strategy) fn power(base: Decimal, exponent: u32) -> Option<Decimal> {
    let mut result = Decimal::ONE;
    let mut square = base;
    let mut rest = exponent;
    loop {
        if rest & 1 == 1 {
            result = result.checked_mul(square)?;
        }
        rest >>= 1;
        if rest == 0 {
            return Some(result);
        }
        square = square.checked_mul(square)?;
    }
}

/// The `degree`-th root of a value above one, by halving the interval until it no longer shrinks.
fn root(value: Decimal, degree: u32) -> Decimal {
    let (mut low, mut high) = (Decimal::ONE, value);
    for _ in 0..96 {
        let middle = (low + high) / Decimal::TWO;
        if power(middle, degree).is_some_and(|power| power <= value) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_undoes_a_power() {
        let tolerance = Decimal::new(1, 20);
        for (value, degree) in [("1.21", 2), ("1.5", 20), ("1000000", 3), ("1.0001", 200)] {
            let value: Decimal = value.parse().unwrap();
            let back = power(root(value, degree), degree).unwrap();
            assert!((back / value - Decimal::ONE).abs() < tolerance, "{value} {back}");
        }
    }

    #[test]
    fn a_power_beyond_the_range_is_none() {
        assert_eq!(power(10.into(), 28), Some(Decimal::from_i128_with_scale(10_i128.pow(28), 0)));
        assert_eq!(power(10.into(), 29), None);
    }
}
