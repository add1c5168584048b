//! What one level of a grid has bought and not yet sold, matched fill by fill.

use serde::{Deserialize, Serialize};

use crate::instrument::InstrumentKind;
use crate::money::{Amount, Quantity, Rounding};
use crate::order::Side;
use crate::position::Position;

/// Inventory with what it cost and the fees paid for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lot {
    position: Position,
    fees: Amount,
}

impl Lot {
    pub(super) fn quantity(&self) -> Quantity {
        self.position.quantity
    }

    /// Adds `quantity`, worth `value` and bought for `fee`.
    pub(super) fn buy(
        &mut self,
        kind: InstrumentKind,
        quantity: Quantity,
        value: Amount,
        fee: Amount,
    ) {
        self.position.fill(kind, Side::Buy, quantity, value);
        self.fees += fee;
    }

    /// Takes out `quantity`, at most what is there, sold for `value` and `fee`. Returns the profit
    /// after the fees of both sides.
    pub(super) fn sell(
        &mut self,
        kind: InstrumentKind,
        quantity: Quantity,
        value: Amount,
        fee: Amount,
    ) -> Amount {
        let held = i128::from(self.position.quantity.0.max(1));
        let paid = self.fees.share(i128::from(quantity.0), held, Rounding::Down);
        self.fees -= paid;
        self.position.fill(kind, Side::Sell, quantity, value).realized - paid - fee
    }

    /// Adds all of another lot.
    pub(super) fn absorb(&mut self, other: Self) {
        self.position.quantity += other.position.quantity;
        self.position.cost += other.position.cost;
        self.fees += other.fees;
    }
}
