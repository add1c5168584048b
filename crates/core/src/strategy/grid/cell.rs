//! One interval of a grid: buys at its lower level, sells what it bought at its upper level, and
//! begins again. Knows nothing of the other cells.

use serde::{Deserialize, Serialize};

use super::lot::Lot;
use crate::instrument::{Instrument, InstrumentId};
use crate::money::{Amount, Price, Quantity, Rounding};
use crate::order::{Side, TimeInForce};
use crate::strategy::Effects;
use crate::strategy::slot::{Slot, Wish};
use crate::time::Timestamp;

/// What all cells of a grid have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Terms {
    pub(super) instrument: InstrumentId,
    /// What one level buys is worth this.
    pub(super) notional: Amount,
    pub(super) leverage: u32,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cell {
    pub(super) buy: Price,
    pub(super) sell: Price,
    pub(super) lot: Lot,
    pub(super) slot: Slot,
}

impl Cell {
    /// The cell above level `number`.
    pub(super) fn new(number: u32, buy: Price, sell: Price) -> Self {
        Self { buy, sell, lot: Lot::default(), slot: Slot::new(number) }
    }

    /// What this cell buys.
    pub(super) fn target(&self, terms: Terms, instrument: &Instrument) -> Quantity {
        let price = instrument.round_price(self.buy, Rounding::Floor);
        instrument.quantity_for(terms.notional, price)
    }

    /// Says whether it holds enough for an order; less is kept until the next buy.
    pub(super) fn is_stocked(&self, instrument: &Instrument) -> bool {
        self.stock(instrument) >= instrument.filters.min_quantity.max(instrument.filters.step)
    }

    fn stock(&self, instrument: &Instrument) -> Quantity {
        self.lot.quantity().floor_to(instrument.filters.step)
    }

    /// Places the order that is due, if there is room and the price allows it.
    pub(super) fn arm(
        &mut self,
        terms: Terms,
        instrument: &Instrument,
        price: Price,
        now: Timestamp,
        effects: &mut Effects,
    ) {
        if !self.slot.is_free(now) {
            return;
        }
        let wish = if self.is_stocked(instrument) {
            self.sale(instrument)
        } else if self.buy < price {
            self.purchase(terms, instrument)
        } else {
            return;
        };
        if wish.quantity.is_positive() {
            self.slot.place(wish, terms.instrument, terms.leverage, effects);
        }
    }

    fn purchase(&self, terms: Terms, instrument: &Instrument) -> Wish {
        Wish {
            side: Side::Buy,
            quantity: self.target(terms, instrument),
            price: instrument.round_price(self.buy, Rounding::Floor),
            time_in_force: TimeInForce::PostOnly,
            reduce_only: false,
        }
    }

    /// May take: a price that has run past the level is only better.
    fn sale(&self, instrument: &Instrument) -> Wish {
        Wish {
            side: Side::Sell,
            quantity: self.stock(instrument),
            price: instrument.round_price(self.sell, Rounding::Ceiling),
            time_in_force: TimeInForce::GoodTillCancelled,
            reduce_only: true,
        }
    }

    /// Cancels a sale of more than it holds.
    pub(super) fn trim(&mut self, now: Timestamp, effects: &mut Effects) {
        let sale = self.slot.order().filter(|order| order.side == Side::Sell);
        if sale.is_some_and(|order| order.remaining() > self.lot.quantity()) {
            self.slot.cancel(now, effects);
        }
    }
}
