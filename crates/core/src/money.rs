//! Exact money: prices, quantities, amounts and rates as integers with a known scale.
//!
//! A `Price` and a `Quantity` are mantissas at the decimals of their instrument; an `Amount` is in
//! units of 10^-8 of one asset; a `Rate` in units of 10^-10. Products are taken in 128 bits and
//! every division names its rounding. Decimals appear only at the edges. This file knows nothing
//! of instruments.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Decimals of every `Amount`.
pub const AMOUNT_DECIMALS: u8 = 8;
/// Decimals of every `Rate`.
pub const RATE_DECIMALS: u8 = 10;
/// One whole unit of an asset, as the mantissa of an `Amount`.
pub const AMOUNT_ONE: i128 = 100_000_000;
/// The rate 1 (100 %), as the mantissa of a `Rate`.
pub const RATE_ONE: i64 = 10_000_000_000;

/// Why a decimal cannot become a price, a quantity, an amount or a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// More fractional digits than the scale holds.
    #[error("{value} has more than {decimals} decimals")]
    TooPrecise {
        /// The value as given.
        value: String,
        /// The decimals allowed.
        decimals: u8,
    },
    /// The value does not fit into the integer.
    #[error("{value} is out of range")]
    OutOfRange {
        /// The value as given.
        value: String,
    },
}

/// The direction in which a division that leaves a remainder goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// Towards negative infinity.
    Floor,
    /// Towards positive infinity.
    Ceiling,
    /// To the nearest integer, a half away from zero.
    Nearest,
}

/// Returns 10 to the power of `exponent`.
#[must_use]
pub const fn power_of_ten(exponent: u8) -> i128 {
    10_i128.pow(exponent as u32)
}

/// Divides `numerator` by a positive `denominator` in the given direction.
///
/// # Panics
/// When `denominator` is not positive; callers divide by quantities, prices and powers of ten that
/// were checked where they entered.
#[must_use]
pub fn divide(numerator: i128, denominator: i128, rounding: Rounding) -> i128 {
    assert!(denominator > 0, "division by {denominator}");
    let quotient = numerator / denominator;
    let remainder = numerator % denominator;
    if remainder == 0 {
        return quotient;
    }
    let away = if numerator < 0 { -1 } else { 1 };
    match rounding {
        Rounding::Down => quotient,
        Rounding::Up => quotient + away,
        Rounding::Floor => quotient - i128::from(numerator < 0),
        Rounding::Ceiling => quotient + i128::from(numerator > 0),
        Rounding::Nearest if remainder.abs() * 2 >= denominator => quotient + away,
        Rounding::Nearest => quotient,
    }
}

/// Changes the scale of `mantissa` from `from` decimals to `to` decimals.
#[must_use]
pub fn rescale(mantissa: i128, from: u8, to: u8, rounding: Rounding) -> i128 {
    if to >= from {
        mantissa * power_of_ten(to - from)
    } else {
        divide(mantissa, power_of_ten(from - to), rounding)
    }
}

fn mantissa_of(value: Decimal, decimals: u8) -> Result<i128, MoneyError> {
    let value = value.normalize();
    let scale = value.scale();
    if scale > u32::from(decimals) {
        return Err(MoneyError::TooPrecise { value: value.to_string(), decimals });
    }
    value
        .mantissa()
        .checked_mul(10_i128.pow(u32::from(decimals) - scale))
        .ok_or_else(|| MoneyError::OutOfRange { value: value.to_string() })
}

fn narrow(mantissa: i128, value: Decimal) -> Result<i64, MoneyError> {
    i64::try_from(mantissa).map_err(|_| MoneyError::OutOfRange { value: value.to_string() })
}

macro_rules! integer_newtype {
    ($(#[$doc:meta])* $name:ident, $inner:ty $(, $(#[$form:meta])+)?) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name($($(#[$form])+)? pub $inner);

        impl $name {
            /// Zero.
            pub const ZERO: Self = Self(0);

            /// Says whether the value is zero.
            #[must_use]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Says whether the value is greater than zero.
            #[must_use]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Says whether the value is less than zero.
            #[must_use]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// Returns the absolute value.
            #[must_use]
            pub const fn abs(self) -> Self {
                Self(self.0.abs())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self::ZERO, Add::add)
            }
        }
    };
}

integer_newtype! {
    /// A price in the quote asset: a mantissa at the instrument's price decimals.
    Price, i64
}
integer_newtype! {
    /// A quantity of an instrument: a mantissa at the instrument's quantity decimals.
    Quantity, i64
}
integer_newtype! {
    /// An amount of one asset, in units of 10^-8.
    Amount, i128, #[serde(with = "crate::text::wide")]
}
integer_newtype! {
    /// A dimensionless rate (fee, funding, ratio), in units of 10^-10.
    Rate, i64
}

macro_rules! scaled_by_instrument {
    ($name:ident) => {
        impl $name {
            /// Reads a decimal exactly at `decimals`.
            ///
            /// # Errors
            /// When the value has more decimals or does not fit.
            pub fn from_decimal(value: Decimal, decimals: u8) -> Result<Self, MoneyError> {
                narrow(mantissa_of(value, decimals)?, value).map(Self)
            }

            /// Reads a decimal at `decimals`, rounding what lies beyond them in the given way.
            ///
            /// # Errors
            /// When the value does not fit.
            pub fn round_decimal(
                value: Decimal,
                decimals: u8,
                rounding: Rounding,
            ) -> Result<Self, MoneyError> {
                let scale = u8::try_from(value.scale()).unwrap_or(u8::MAX);
                narrow(rescale(value.mantissa(), scale, decimals, rounding), value).map(Self)
            }

            /// Returns the value as a decimal.
            #[must_use]
            pub fn to_decimal(self, decimals: u8) -> Decimal {
                Decimal::new(self.0, u32::from(decimals))
            }

            /// Returns the value as a float, for indicators and statistics only.
            #[must_use]
            pub fn to_f64(self, decimals: u8) -> f64 {
                self.0 as f64 / 10_f64.powi(i32::from(decimals))
            }

            /// Returns the largest multiple of a positive `step` that is not above the value.
            #[must_use]
            pub fn floor_to(self, step: Self) -> Self {
                Self(self.0.div_euclid(step.0) * step.0)
            }

            /// Returns the smallest multiple of a positive `step` that is not below the value.
            #[must_use]
            pub fn ceil_to(self, step: Self) -> Self {
                Self(-((-self.0).div_euclid(step.0)) * step.0)
            }

            /// Multiplies by a rate.
            #[must_use]
            pub fn times(self, rate: Rate, rounding: Rounding) -> Self {
                let product = i128::from(self.0) * i128::from(rate.0);
                let scaled = divide(product, i128::from(RATE_ONE), rounding);
                Self(i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX }))
            }
        }
    };
}

scaled_by_instrument!(Price);
scaled_by_instrument!(Quantity);

impl Amount {
    /// Returns `units` whole units of an asset.
    #[must_use]
    pub const fn from_units(units: i64) -> Self {
        Self(units as i128 * AMOUNT_ONE)
    }

    /// Reads a decimal exactly.
    ///
    /// # Errors
    /// When the value has more than eight decimals or does not fit.
    pub fn from_decimal(value: Decimal) -> Result<Self, MoneyError> {
        mantissa_of(value, AMOUNT_DECIMALS).map(Self)
    }

    /// Returns the value as a decimal; what is beyond the range of a decimal saturates.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::try_from_i128_with_scale(self.0, u32::from(AMOUNT_DECIMALS))
            .unwrap_or(if self.0 < 0 { Decimal::MIN } else { Decimal::MAX })
    }

    /// Returns the value as a float, for statistics only.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / AMOUNT_ONE as f64
    }

    /// Multiplies by a rate.
    #[must_use]
    pub fn times(self, rate: Rate, rounding: Rounding) -> Self {
        Self(divide(self.0 * i128::from(rate.0), i128::from(RATE_ONE), rounding))
    }

    /// Returns `self * numerator / denominator` for a positive denominator.
    #[must_use]
    pub fn share(self, numerator: i128, denominator: i128, rounding: Rounding) -> Self {
        Self(divide(self.0 * numerator, denominator, rounding))
    }

    /// Returns `self / other` as a rate, or `None` when `other` is not positive.
    #[must_use]
    pub fn ratio(self, other: Self, rounding: Rounding) -> Option<Rate> {
        if !other.is_positive() {
            return None;
        }
        let scaled = divide(self.0 * i128::from(RATE_ONE), other.0, rounding);
        Some(Rate(i64::try_from(scaled).unwrap_or(if scaled < 0 { i64::MIN } else { i64::MAX })))
    }
}

impl Rate {
    /// The rate 1 (100 %).
    pub const ONE: Self = Self(RATE_ONE);

    /// Returns `points` hundredths of a percent.
    #[must_use]
    pub const fn from_basis_points(points: i64) -> Self {
        Self(points * (RATE_ONE / 10_000))
    }

    /// Reads a decimal fraction (0.01 is one percent) exactly.
    ///
    /// # Errors
    /// When the value has more than ten decimals or does not fit.
    pub fn from_decimal(value: Decimal) -> Result<Self, MoneyError> {
        narrow(mantissa_of(value, RATE_DECIMALS)?, value).map(Self)
    }

    /// Returns the value as a decimal fraction.
    #[must_use]
    pub fn to_decimal(self) -> Decimal {
        Decimal::new(self.0, u32::from(RATE_DECIMALS))
    }

    /// Returns the value as a float, for statistics only.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / RATE_ONE as f64
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_decimal().normalize())
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_decimal().normalize())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rounding_goes_where_it_says() {
        let cases = [(Rounding::Down, 2, -2), (Rounding::Up, 3, -3), (Rounding::Floor, 2, -3)];
        for (rounding, positive, negative) in cases {
            assert_eq!(divide(5, 2, rounding), positive);
            assert_eq!(divide(-5, 2, rounding), negative);
        }
        assert_eq!((divide(5, 2, Rounding::Ceiling), divide(-5, 2, Rounding::Ceiling)), (3, -2));
        assert_eq!((divide(5, 2, Rounding::Nearest), divide(-5, 2, Rounding::Nearest)), (3, -3));
        assert_eq!(divide(7, 3, Rounding::Nearest), 2);
    }

    #[test]
    fn a_decimal_with_too_many_digits_is_refused() {
        let error = Price::from_decimal(Decimal::new(12345, 3), 2).unwrap_err();
        assert_eq!(error.to_string(), "12.345 has more than 2 decimals");
        assert_eq!(Price::from_decimal(Decimal::new(12340, 3), 2), Ok(Price(1234)));
    }

    #[test]
    fn a_value_beyond_the_range_is_refused() {
        let error = Quantity::from_decimal(Decimal::MAX, 0).unwrap_err();
        assert!(matches!(error, MoneyError::OutOfRange { .. }));
    }

    proptest! {
        #[test]
        fn amounts_survive_decimals(mantissa in -1_000_000_000_000_000_i64..1_000_000_000_000_000) {
            let amount = Amount(i128::from(mantissa));
            prop_assert_eq!(Amount::from_decimal(amount.to_decimal()), Ok(amount));
        }

        #[test]
        fn steps_enclose_the_value(value in -1_000_000_i64..1_000_000, step in 1_i64..1000) {
            let (value, step) = (Price(value), Price(step));
            let (low, high) = (value.floor_to(step), value.ceil_to(step));
            prop_assert!(low <= value && value <= high && (high - low).0 <= step.0);
            prop_assert!(low.0 % step.0 == 0 && high.0 % step.0 == 0);
        }
    }
}
