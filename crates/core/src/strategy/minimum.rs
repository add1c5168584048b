//! Whether an instrument takes an order of a value.

use crate::instrument::Instrument;
use crate::money::{Amount, Price};

/// Says whether `value` buys an acceptable order at `price`.
pub(super) fn is_orderable(instrument: &Instrument, price: Price, value: Amount) -> bool {
    let filters = &instrument.filters;
    let quantity = instrument.quantity_for(value, price);
    quantity.is_positive()
        && quantity >= filters.min_quantity
        && instrument.notional(price, quantity) >= filters.min_notional
}
