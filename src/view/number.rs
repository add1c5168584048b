//! Exact decimals as JSON numbers.
//!
//! The digits are written as they are; only a serialiser that builds a tree, not a text, turns
//! them into a float on the way.

use banyan_core::instrument::Instrument;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal that is written as a JSON number, digit by digit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub Decimal);

impl Number {
    /// A price of an instrument.
    #[must_use]
    pub fn price(price: Price, instrument: &Instrument) -> Self {
        Self(price.to_decimal(instrument.price_decimals))
    }

    /// A quantity of an instrument.
    #[must_use]
    pub fn quantity(quantity: Quantity, instrument: &Instrument) -> Self {
        Self(quantity.to_decimal(instrument.quantity_decimals))
    }

    /// A rate in percent.
    #[must_use]
    pub fn percent(rate: Rate) -> Self {
        Self(rate.to_decimal() * Decimal::ONE_HUNDRED)
    }
}

impl From<Amount> for Number {
    fn from(amount: Amount) -> Self {
        Self(amount.to_decimal())
    }
}

impl From<Rate> for Number {
    fn from(rate: Rate) -> Self {
        Self(rate.to_decimal())
    }
}

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        Self(decimal)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        let digits = self.0.normalize().to_string();
        // Parsers that know types, pydantic's among them, tell 1 from 1.0; the seed shows 1.0.
        let digits = if digits.contains('.') { digits } else { digits + ".0" };
        let raw = RawValue::from_string(digits).map_err(serde::ser::Error::custom)?;
        raw.serialize(sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_survive() {
        let text = |number: &str| {
            serde_json::to_string(&Number(number.parse().expect("a decimal"))).unwrap()
        };
        assert_eq!(text("10000"), "10000.0");
        assert_eq!(text("0.30"), "0.3");
        assert_eq!(text("-0.00000001"), "-0.00000001");
        assert_eq!(text("12345678901234567.12345678"), "12345678901234567.12345678");
        assert_eq!(text("-0"), "0.0");
        let tree = serde_json::to_value(Number(Decimal::new(15, 1))).unwrap();
        assert_eq!(tree, serde_json::json!(1.5));
    }
}
