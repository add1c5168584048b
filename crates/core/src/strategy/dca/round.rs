//! The books of one round: from the first buy to the sale of all that was bought.
//!
//! Knows no orders; only what was paid and what a sale must bring.

use serde::{Deserialize, Serialize};

use crate::instrument::{Instrument, InstrumentKind};
use crate::money::{Amount, Price, RATE_ONE, Rate, Rounding};
use crate::order::Side;
use crate::position::Position;

/// What happened since the position was last flat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Round {
    /// What is held.
    pub(super) held: Position,
    /// Fees paid for what is held.
    fees: Amount,
    /// Value of all that was bought.
    pub(super) invested: Amount,
    /// Number of regular orders that traded.
    pub(super) orders: u32,
    /// Price of the first buy.
    pub(super) first_price: Option<Price>,
}

impl Round {
    /// Books a buy after which `position` is held.
    pub(super) fn bought(&mut self, price: Price, value: Amount, fee: Amount, position: Position) {
        self.held = position;
        self.fees += fee;
        self.invested += value;
        self.first_price.get_or_insert(price);
    }

    /// Books a sale after which `position` is held. Returns the fees paid for what was sold.
    pub(super) fn sold(&mut self, position: Position) -> Amount {
        let before = i128::from(self.held.quantity.0.max(1));
        let closed = i128::from(self.held.quantity.0 - position.quantity.0).clamp(0, before);
        let paid = self.fees.share(closed, before, Rounding::Down);
        self.fees -= paid;
        self.held = position;
        paid
    }

    /// The lowest accepted price at which selling all leaves a profit of `target` on the cost after
    /// the fees of both sides: `(cost * (1 + target) + fees) / (quantity * (1 - maker fee))`.
    pub(super) fn target(&self, target: Rate, instrument: &Instrument) -> Option<Price> {
        let maker = i128::from(instrument.fees.maker.0);
        let one = i128::from(RATE_ONE);
        let profit = self.held.cost.times(target, Rounding::Up);
        // In coins an inverse position gains as its value falls.
        let proceeds = if instrument.kind == InstrumentKind::Inverse {
            (self.held.cost - profit - self.fees).share(one, one + maker, Rounding::Down)
        } else {
            (self.held.cost + profit + self.fees).share(one, one - maker, Rounding::Up)
        };
        let sale = Position { quantity: self.held.quantity, cost: proceeds };
        let price = sale.average_entry(instrument).filter(|_| proceeds.is_positive())?;
        Some(instrument.round_price(self.not_below(sale, price, instrument), Rounding::Ceiling))
    }

    /// Corrects an average that was rounded down.
    fn not_below(&self, sale: Position, price: Price, instrument: &Instrument) -> Price {
        let value = instrument.notional(price, sale.quantity);
        let short = match instrument.kind {
            InstrumentKind::Inverse => value > sale.cost,
            InstrumentKind::Spot | InstrumentKind::Linear => value < sale.cost,
        };
        Price(price.0 + i64::from(short))
    }

    /// The stop that is `distance` below the average entry.
    pub(super) fn stop(&self, distance: Rate, instrument: &Instrument) -> Option<Price> {
        let entry = self.held.average_entry(instrument)?;
        self.held
            .side()
            .filter(|side| *side == Side::Buy)
            .map(|_| crate::strategy::exits::away(entry, distance, -1, instrument))
    }
}
