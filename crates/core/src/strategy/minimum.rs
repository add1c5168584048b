//! The smallest order that an instrument takes.

use crate::instrument::Instrument;
use crate::money::{Amount, Price, Quantity};

/// The smallest value for which the instrument's quantity filters leave an acceptable order at
/// `price`: after rounding down to the step it is still large enough.
pub(super) fn smallest_order(instrument: &Instrument, price: Price) -> Amount {
    let filters = &instrument.filters;
    let by_quantity = filters.min_quantity.max(filters.step).ceil_to(filters.step);
    let by_value = instrument.quantity_for(filters.min_notional, price);
    let short = instrument.notional(price, by_value) < filters.min_notional;
    let by_value = by_value + if short { filters.step } else { Quantity::ZERO };
    // A value is rounded down; one unit more never buys less than the quantity.
    instrument.notional(price, by_quantity.max(by_value)) + Amount(1)
}

/// Says whether `value` buys an acceptable order at `price`.
pub(super) fn is_orderable(instrument: &Instrument, price: Price, value: Amount) -> bool {
    let filters = &instrument.filters;
    let quantity = instrument.quantity_for(value, price);
    quantity.is_positive()
        && quantity >= filters.min_quantity
        && instrument.notional(price, quantity) >= filters.min_notional
}
