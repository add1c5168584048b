//! The liquidation price: where what backs a position falls to its maintenance margin.
//!
//! Pure arithmetic on one position; knows nothing of accounts.

use crate::instrument::Instrument;
use crate::money::{Amount, Price};
use crate::position::Position;

/// No price is looked for above this many times the average entry.
const HIGHEST_MULTIPLE: i64 = 1_000;

/// Returns the price nearest to the entry at which a position is liquidated: the first where
/// `collateral + unrealized <= maintenance margin`, brackets counted as they hold at that price.
///
/// `collateral` backs this position alone: for a cross account the wallet and the unrealized profit
/// of all other positions less their maintenance margins, for an isolated position its own margin.
/// `None` when the position is flat, on spot, or when no price up to a thousand times the entry
/// liquidates it.
#[must_use]
pub fn liquidation_price(
    instrument: &Instrument,
    position: &Position,
    collateral: Amount,
) -> Option<Price> {
    let entry = position.average_entry(instrument).filter(|_| instrument.is_contract())?;
    let long = position.quantity.is_positive();
    let survives = |price: i64| survives(instrument, position, collateral, Price(price));
    if !survives(entry.0) {
        return Some(entry);
    }
    let farthest = if long { 0 } else { entry.0.saturating_mul(HIGHEST_MULTIPLE) };
    if !long && survives(farthest) {
        return None;
    }
    // Losses grow faster with the distance than maintenance shrinks, so that there is one border.
    let (mut alive, mut dead) = (entry.0, farthest);
    while (alive - dead).abs() > 1 {
        let middle = i64::midpoint(alive, dead);
        if survives(middle) { alive = middle } else { dead = middle }
    }
    Price(dead).is_positive().then_some(Price(dead))
}

fn survives(
    instrument: &Instrument,
    position: &Position,
    collateral: Amount,
    price: Price,
) -> bool {
    let maintenance = instrument.maintenance_margin(position.notional(instrument, price));
    collateral + position.unrealized(instrument, price) > maintenance
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::instrument::InstrumentKind;
    use crate::instrument::tests::example;
    use crate::money::Quantity;
    use crate::order::Side;

    /// A position of `quantity` thousandths of a coin at 50,000.00.
    fn at_fifty_thousand(side: Side, quantity: i64) -> (Instrument, Position) {
        let instrument = example(InstrumentKind::Linear, (2, 3), 1_000);
        let mut position = Position::default();
        let quantity = Quantity(quantity);
        let value = instrument.notional(Price(5_000_000), quantity);
        position.fill(InstrumentKind::Linear, side, quantity, value);
        (instrument, position)
    }

    #[test]
    fn one_coin_on_five_thousand_is_lost_where_the_formula_says() {
        // First bracket: 5,000 + (p - 50,000) = 0.005 p, so p = 45,000 / 0.995.
        let (instrument, long) = at_fifty_thousand(Side::Buy, 1_000);
        let price = liquidation_price(&instrument, &long, Amount::from_units(5_000));
        assert_eq!(price, Some(Price(4_522_613)));
        // 5,000 + (50,000 - p) = 0.005 p, so p = 55,000 / 1.005, rounded up to where it is due.
        let (instrument, short) = at_fifty_thousand(Side::Sell, 1_000);
        let price = liquidation_price(&instrument, &short, Amount::from_units(5_000));
        assert_eq!(price, Some(Price(5_472_637)));
    }

    #[test]
    fn larger_positions_fall_into_the_next_bracket() {
        // Four coins: 20,000 + 4 (p - 50,000) = 0.01 * 4 p - 500, so p = 179,500 / 3.96.
        let (instrument, long) = at_fifty_thousand(Side::Buy, 4_000);
        let price = liquidation_price(&instrument, &long, Amount::from_units(20_000));
        assert_eq!(price, Some(Price(4_532_828)));
    }

    #[test]
    fn what_is_fully_backed_is_never_liquidated() {
        let (instrument, long) = at_fifty_thousand(Side::Buy, 1_000);
        assert_eq!(liquidation_price(&instrument, &long, Amount::from_units(50_000)), None);
        assert_eq!(liquidation_price(&instrument, &Position::default(), Amount::ZERO), None);
    }

    #[test]
    fn what_is_due_already_is_due_at_the_entry() {
        let (instrument, long) = at_fifty_thousand(Side::Buy, 1_000);
        let price = liquidation_price(&instrument, &long, Amount::from_units(100));
        assert_eq!(price, Some(Price(5_000_000)));
    }

    proptest! {
        #[test]
        fn the_price_is_the_first_that_is_due(
            quantity in 1_i64..20_000,
            collateral in 0_i64..200_000,
            buy in any::<bool>(),
        ) {
            let side = if buy { Side::Buy } else { Side::Sell };
            let (instrument, position) = at_fifty_thousand(side, quantity);
            let collateral = Amount::from_units(collateral);
            let survives = |price| survives(&instrument, &position, collateral, price);
            if let Some(price) = liquidation_price(&instrument, &position, collateral) {
                prop_assert!(!survives(price));
                let nearer = Price(price.0 + side.sign());
                prop_assert!(survives(nearer) || price == Price(5_000_000));
            }
        }
    }
}
