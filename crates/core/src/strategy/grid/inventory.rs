//! How fills become lots and profit: each sale is matched with what its own level bought.

use serde::{Deserialize, Serialize};

use super::GridStrategy;
use super::opening::Opening;
use crate::instrument::{Instrument, InstrumentId};
use crate::intent::{ExitReason, OrderTag};
use crate::money::{Amount, Price, Quantity, Rounding};
use crate::order::Side;
use crate::strategy::slot::Slot;
use crate::worker::WorkerNotice;

/// What a grid has earned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earnings {
    /// Profit of all that was sold, from matched fills, after the fees of both sides.
    pub profit: Amount,
    /// How many sell orders were filled completely.
    pub cycles: u64,
}

/// A fill of the grid's instrument.
pub(super) struct Trade {
    tag: Option<OrderTag>,
    side: Side,
    pub(super) price: Price,
    quantity: Quantity,
    fee: Amount,
    exit: Option<ExitReason>,
    /// The position after it.
    pub(super) held: Quantity,
}

impl Trade {
    /// Reads a fill; `None` when the notice is something else.
    pub(super) fn of(notice: &WorkerNotice, here: InstrumentId) -> Option<Self> {
        match notice {
            WorkerNotice::OrderFilled {
                tag,
                instrument,
                side,
                price,
                quantity,
                fee,
                exit,
                position,
                ..
            } if *instrument == here => Some(Self {
                tag: *tag,
                side: *side,
                price: *price,
                quantity: *quantity,
                fee: *fee,
                exit: *exit,
                held: position.quantity,
            }),
            _ => None,
        }
    }

    /// The reason for which the grid is done after this fill: a stop was reached.
    pub(super) fn stop(&self) -> Option<ExitReason> {
        let stops = [ExitReason::StopLoss, ExitReason::TrailingStopLoss];
        self.exit.filter(|exit| self.tag.is_none() && stops.contains(exit))
    }

    /// The share of `part` in the fee.
    fn fee_of(&self, part: Quantity) -> Amount {
        let whole = i128::from(self.quantity.0.max(1));
        self.fee.share(i128::from(part.0), whole, Rounding::Down)
    }
}

impl GridStrategy {
    /// Books a fill in the lots, so that they sum up to the position.
    pub(super) fn book(&mut self, trade: &Trade, instrument: &Instrument) {
        match trade.side {
            Side::Buy => self.book_purchase(trade, instrument),
            Side::Sell => self.book_sale(trade, instrument),
        }
    }

    fn book_purchase(&mut self, trade: &Trade, instrument: &Instrument) {
        match trade.tag {
            // What a cell bought that the ladder has left behind falls to the lowest.
            Some(tag) => {
                let index = self.index_of(tag).unwrap_or(0);
                self.stock(index, trade, trade.quantity, instrument);
            }
            None => self.distribute(trade, instrument),
        }
    }

    fn stock(&mut self, index: usize, trade: &Trade, part: Quantity, instrument: &Instrument) {
        let value = instrument.notional(trade.price, part);
        let lot = &mut self.cells[index].lot;
        lot.buy(instrument.kind, part, value, trade.fee_of(part));
    }

    /// Gives the opening purchase to the cells above the price, lowest first.
    fn distribute(&mut self, trade: &Trade, instrument: &Instrument) {
        let above = match self.opening {
            Opening::Asked { above, .. } => above,
            Opening::Wanted | Opening::Done => trade.price,
        };
        self.opening.filled(trade.quantity);
        let last = self.cells.len() - 1;
        let mut rest = trade.quantity;
        for index in 0..=last {
            let cell = &self.cells[index];
            let lacks = cell.target(self.terms, instrument) - cell.lot.quantity();
            let part = match index {
                _ if index == last => rest,
                _ if cell.buy < above => Quantity::ZERO,
                _ => rest.min(lacks.max(Quantity::ZERO)),
            };
            if part.is_positive() {
                self.stock(index, trade, part, instrument);
                rest -= part;
            }
        }
    }

    /// Takes a sale out of its own lot; what was sold otherwise (a close, a stop, a liquidation)
    /// comes from the lots that would be sold last.
    fn book_sale(&mut self, trade: &Trade, instrument: &Instrument) {
        let own = trade.tag.filter(|tag| Slot::sells(*tag)).and_then(|tag| self.index_of(tag));
        let mut rest = trade.quantity;
        if let Some(index) = own {
            rest -= self.unstock(index, trade, rest, instrument);
        }
        for index in (0..self.cells.len()).rev() {
            rest -= self.unstock(index, trade, rest, instrument);
        }
    }

    /// Sells up to `most` of a lot and returns how much that was.
    fn unstock(
        &mut self,
        index: usize,
        trade: &Trade,
        most: Quantity,
        instrument: &Instrument,
    ) -> Quantity {
        let lot = &mut self.cells[index].lot;
        let part = lot.quantity().min(most);
        if part.is_positive() {
            let value = instrument.notional(trade.price, part);
            let profit = lot.sell(instrument.kind, part, value, trade.fee_of(part));
            self.earnings.profit += profit;
        }
        part
    }
}
