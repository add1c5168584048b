//! Numbers as models are shown them: exact decimals without trailing zeros.

use rust_decimal::Decimal;

use crate::instrument::{Instrument, InstrumentKind};
use crate::money::{Price, Quantity};

/// A price.
pub(super) fn price(instrument: &Instrument, price: Price) -> Decimal {
    price.to_decimal(instrument.price_decimals).normalize()
}

/// A quantity in the base asset; for an inverse contract in the quote asset, as its size is there.
pub(super) fn size(instrument: &Instrument, quantity: Quantity) -> Decimal {
    let decimal = |quantity: Quantity| quantity.to_decimal(instrument.quantity_decimals);
    match instrument.kind {
        InstrumentKind::Spot => decimal(quantity).normalize(),
        InstrumentKind::Linear | InstrumentKind::Inverse => {
            decimal(quantity).saturating_mul(decimal(instrument.contract_size)).normalize()
        }
    }
}

/// A float, rounded to nearest; `None` for what no integer of 64 bits holds.
pub(super) fn of_float(value: f64, decimals: u32) -> Option<Decimal> {
    let scaled = (value * 10_f64.powi(i32::try_from(decimals).ok()?)).round();
    let held = scaled.abs() < 9e18;
    held.then(|| Decimal::new(scaled as i64, decimals).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_rounded_and_what_is_no_number_is_left_out() {
        assert_eq!(of_float(0.1 + 0.2, 4), Some(Decimal::new(3, 1)));
        assert_eq!(of_float(-2.345_678, 2), Some(Decimal::new(-235, 2)));
        for bad in [f64::NAN, f64::INFINITY, 1e30] {
            assert_eq!(of_float(bad, 2), None);
        }
    }
}
