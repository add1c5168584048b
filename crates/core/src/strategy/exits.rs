//! Where a position is to be left, as distances from its entry.

use serde::{Deserialize, Serialize};

use crate::instrument::Instrument;
use crate::intent::Protection;
use crate::money::{Price, Rate, Rounding};
use crate::order::Side;

/// Distances of stop and target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Exits {
    pub(super) stop_loss: Option<Rate>,
    pub(super) take_profit: Option<Rate>,
}

impl Exits {
    /// The prices for a position that an order of `side` opens at `entry`.
    pub(super) fn protection(
        self,
        side: Side,
        entry: Price,
        instrument: &Instrument,
    ) -> Protection {
        let against = |rate| away(entry, rate, -side.sign(), instrument);
        let with = |rate| away(entry, rate, side.sign(), instrument);
        Protection {
            stop_loss: self.stop_loss.map(against),
            take_profit: self.take_profit.map(with),
            trailing: None,
        }
    }
}

/// The accepted price nearest to the one that is `rate` above (direction 1) or below (-1) `price`.
pub(super) fn away(price: Price, rate: Rate, direction: i64, instrument: &Instrument) -> Price {
    let distance = price.times(rate, Rounding::Nearest);
    let moved = Price(price.0 + direction * distance.0).max(instrument.filters.tick);
    instrument.round_price(moved, Rounding::Nearest)
}
