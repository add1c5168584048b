//! One position: signed quantity and signed cost, nothing derived is stored.
//!
//! The same arithmetic serves the exchange, the account and each sub-ledger, so that they agree to
//! the last digit. A fill costs the same however many came before it.

use serde::{Deserialize, Serialize};

use crate::instrument::{Instrument, InstrumentKind};
use crate::money::{AMOUNT_DECIMALS, Amount, Price, Quantity, Rounding, divide, power_of_ten};
use crate::order::Side;

/// A position; flat when the quantity is zero (the cost is zero then too).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Long is positive, short negative.
    pub quantity: Quantity,
    /// What the open quantity was worth when it was opened, with the sign of the quantity; in the
    /// settle asset.
    pub cost: Amount,
}

/// What a fill did to a position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// How much of the fill made the position smaller; not negative.
    pub closed: Quantity,
    /// Profit of the closed part, in the settle asset, before fees.
    pub realized: Amount,
}

impl Position {
    /// Says whether nothing is open.
    #[must_use]
    pub const fn is_flat(&self) -> bool {
        self.quantity.is_zero()
    }

    /// The side that opened it; `None` when flat.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        Side::of(self.quantity)
    }

    /// Takes in a fill of positive `quantity`, worth `value` in total.
    ///
    /// The closed part takes its share of the cost, rounded towards zero; the last close takes
    /// what is left, so that no remainder stays behind.
    pub fn fill(
        &mut self,
        kind: InstrumentKind,
        side: Side,
        quantity: Quantity,
        value: Amount,
    ) -> Applied {
        let opens = self.side().is_none_or(|held| held == side);
        if opens {
            self.open(side, quantity, value);
            return Applied::default();
        }
        let closed = quantity.min(self.quantity.abs());
        let closing_value = proportion(value, closed, quantity);
        let cost_share = proportion(self.cost, closed, self.quantity.abs());
        self.quantity += Quantity(side.sign() * closed.0);
        self.cost -= cost_share;
        if quantity > closed {
            self.open(side, quantity - closed, value - closing_value);
        }
        let proceeds = Amount(i128::from(-side.sign()) * closing_value.0);
        Applied { closed, realized: profit(kind, cost_share, proceeds) }
    }

    fn open(&mut self, side: Side, quantity: Quantity, value: Amount) {
        self.quantity += Quantity(side.sign() * quantity.0);
        self.cost += Amount(i128::from(side.sign()) * value.0);
    }

    /// Profit if all were closed at `price`, before fees.
    #[must_use]
    pub fn unrealized(&self, instrument: &Instrument, price: Price) -> Amount {
        let value = instrument.notional(price, self.quantity.abs());
        let signed = if self.quantity.is_negative() { -value } else { value };
        profit(instrument.kind, self.cost, signed)
    }

    /// What the open quantity is worth at `price`; not negative.
    #[must_use]
    pub fn notional(&self, instrument: &Instrument, price: Price) -> Amount {
        instrument.notional(price, self.quantity.abs())
    }

    /// Average entry price, rounded to nearest; `None` when flat.
    #[must_use]
    pub fn average_entry(&self, instrument: &Instrument) -> Option<Price> {
        if self.is_flat() || self.cost.is_zero() {
            return None;
        }
        let quantity = i128::from(self.quantity.0.abs()) * i128::from(instrument.contract_size.0);
        let cost = self.cost.0.abs();
        let decimals = i16::from(instrument.price_decimals)
            + 2 * i16::from(instrument.quantity_decimals)
            - i16::from(AMOUNT_DECIMALS);
        let (up, down) = if instrument.kind == InstrumentKind::Inverse {
            let decimals = i16::from(instrument.price_decimals) + i16::from(AMOUNT_DECIMALS)
                - 2 * i16::from(instrument.quantity_decimals);
            scale_pair(quantity, cost, decimals)
        } else {
            scale_pair(cost, quantity, decimals)
        };
        i64::try_from(divide(up, down, Rounding::Nearest)).ok().map(Price)
    }
}

fn scale_pair(up: i128, down: i128, decimals: i16) -> (i128, i128) {
    let power = power_of_ten(decimals.unsigned_abs() as u8);
    if decimals >= 0 { (up * power, down) } else { (up, down * power) }
}

fn proportion(amount: Amount, part: Quantity, whole: Quantity) -> Amount {
    if part == whole {
        return amount;
    }
    amount.share(i128::from(part.0), i128::from(whole.0), Rounding::Down)
}

/// Signed value minus signed cost; an inverse contract earns the other way round, in coins.
fn profit(kind: InstrumentKind, cost: Amount, value: Amount) -> Amount {
    match kind {
        InstrumentKind::Inverse => cost - value,
        InstrumentKind::Spot | InstrumentKind::Linear => value - cost,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::instrument::tests::example;

    const LINEAR: InstrumentKind = InstrumentKind::Linear;

    fn units(n: i64) -> Amount {
        Amount::from_units(n)
    }

    #[test]
    fn a_fill_against_the_position_realizes_its_share() {
        let mut position = Position::default();
        position.fill(LINEAR, Side::Buy, Quantity(3), units(300));
        let applied = position.fill(LINEAR, Side::Sell, Quantity(1), units(110));
        assert_eq!((applied.closed, applied.realized), (Quantity(1), units(10)));
        assert_eq!((position.quantity, position.cost), (Quantity(2), units(200)));
    }

    #[test]
    fn a_larger_fill_turns_the_position() {
        let mut position = Position::default();
        position.fill(LINEAR, Side::Sell, Quantity(2), units(200));
        let applied = position.fill(LINEAR, Side::Buy, Quantity(5), units(450));
        assert_eq!((applied.closed, applied.realized), (Quantity(2), units(20)));
        assert_eq!((position.quantity, position.cost), (Quantity(3), units(270)));
    }

    #[test]
    fn an_inverse_long_earns_when_the_same_dollars_are_fewer_coins() {
        let it = example(InstrumentKind::Inverse, (2, 0), 100);
        let mut position = Position::default();
        let quantity = Quantity(100);
        position.fill(it.kind, Side::Buy, quantity, it.notional(Price(5_000_000), quantity));
        assert_eq!(position.unrealized(&it, Price(6_250_000)), Amount(4_000_000));
        assert_eq!(position.unrealized(&it, Price(4_000_000)), Amount(-5_000_000));
        assert_eq!(position.average_entry(&it), Some(Price(5_000_000)));
    }

    #[test]
    fn a_flat_position_has_no_entry() {
        let it = example(LINEAR, (2, 3), 1_000);
        assert_eq!(Position::default().average_entry(&it), None);
        assert_eq!(Position::default().unrealized(&it, Price(1)), Amount::ZERO);
    }

    fn fills() -> impl Strategy<Value = Vec<(bool, i64, i64)>> {
        prop::collection::vec((any::<bool>(), 1_i64..1_000, 1_i64..1_000_000), 1..60)
    }

    proptest! {
        #[test]
        fn nothing_is_left_when_the_position_is_flat(fills in fills()) {
            let it = example(LINEAR, (2, 3), 1_000);
            let (mut position, mut realized, mut paid) =
                (Position::default(), Amount::ZERO, Amount::ZERO);
            let close = |position: &Position| {
                (position.quantity.is_negative(), position.quantity.0.abs(), 77)
            };
            for (index, fill) in fills.iter().enumerate() {
                let last = index + 1 == fills.len() && !position.is_flat();
                let (buys, quantity, price) = if last { close(&position) } else { *fill };
                let side = if buys { Side::Buy } else { Side::Sell };
                let value = it.notional(Price(price), Quantity(quantity));
                realized += position.fill(it.kind, side, Quantity(quantity), value).realized;
                paid += Amount(i128::from(side.sign()) * value.0);
            }
            // What was realized and what is open account for all that was paid.
            prop_assert_eq!(realized, position.cost - paid);
            if position.is_flat() {
                prop_assert_eq!(position.cost, Amount::ZERO);
            }
        }

        #[test]
        fn the_average_entry_lies_between_the_entries(
            kind in prop_oneof![Just(LINEAR), Just(InstrumentKind::Inverse)],
            entries in prop::collection::vec((1_i64..1_000, 10_000_i64..1_000_000), 1..20),
        ) {
            let it = example(kind, (2, 0), 100);
            let mut position = Position::default();
            for (quantity, price) in &entries {
                let value = it.notional(Price(*price), Quantity(*quantity));
                position.fill(it.kind, Side::Buy, Quantity(*quantity), value);
            }
            let average = position.average_entry(&it).unwrap().0;
            let lowest = entries.iter().map(|(_, price)| *price).min().unwrap();
            let highest = entries.iter().map(|(_, price)| *price).max().unwrap();
            prop_assert!((lowest - 1..=highest + 1).contains(&average));
        }
    }
}
