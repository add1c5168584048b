//! Payments without a trade in the book: funding, and the settlement of what is delisted.

use std::sync::Arc;

use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::market::MarketData;
use banyan_core::money::{Amount, Price, Rate, Rounding};
use banyan_core::order::PositionSide;
use banyan_core::position::Position;
use banyan_core::venue::{FillReason, FundingReport, Liquidity, MarginMode, VenueReport};

use super::book::Book;
use super::booking::Deal;
use super::engine::Exchange;

impl Exchange {
    /// Every position pays `notional at the mark * rate`, long to short when the rate is positive;
    /// payments are rounded up and receipts down. An isolated position pays out of its margin.
    pub(super) fn settle_funding(&mut self, id: InstrumentId, rate: Rate) {
        self.publish(id, MarketData::Funding(rate));
        let Some((instrument, mark)) = self.listed(id).zip(self.mark(id)) else {
            return;
        };
        let holders: Vec<_> = self.market_mut(id).holders.iter().copied().collect();
        for account in holders {
            for (position_side, position) in self.open_positions(account, id) {
                let notional = position.notional(&instrument, mark);
                let sign = i128::from(-position.quantity.0.signum());
                let amount = Amount(sign * notional.0).times(rate, Rounding::Floor);
                self.pay_funding(account, &instrument, position_side, rate, amount);
            }
        }
    }

    fn pay_funding(
        &mut self,
        account: usize,
        instrument: &Instrument,
        position_side: PositionSide,
        rate: Rate,
        amount: Amount,
    ) {
        let books = &mut self.accounts[account];
        books.credit(instrument.settle(), amount);
        let exposure = books.exposure_mut(instrument);
        if exposure.margin_mode == MarginMode::Isolated {
            exposure.slot_mut(position_side).margin += amount;
        }
        let id = books.history.next_number();
        let (time, instrument_id) = (self.now, instrument.id);
        let report =
            FundingReport { id, instrument: instrument_id, position_side, rate, amount, time };
        books.history.push_funding(report);
        self.tell(account, VenueReport::FundingBooked(report));
        self.touched.insert((account, instrument.settle().clone()));
    }

    /// Cancels all orders of an instrument and closes its positions at the mark, without fee;
    /// where there never was a price, at their entry.
    pub(super) fn delist(&mut self, instrument: &Arc<Instrument>) {
        for account in 0..self.accounts.len() {
            self.cancel_orders(account, |id| id == instrument.id);
        }
        let holders: Vec<_> = self.market_mut(instrument.id).holders.iter().copied().collect();
        for account in holders {
            for (position_side, position) in self.open_positions(account, instrument.id) {
                let entry = || position.average_entry(instrument);
                if let Some(price) = self.mark(instrument.id).or_else(entry) {
                    let reason = FillReason::Delisting;
                    let deal = close_deal(account, position_side, &position, price, reason);
                    self.book_venue_fill(instrument, deal);
                }
            }
        }
        self.market_mut(instrument.id).book = Book::default();
    }

    /// The open positions of an account in an instrument.
    pub(super) fn open_positions(
        &self,
        account: usize,
        id: InstrumentId,
    ) -> Vec<(PositionSide, Position)> {
        let exposure = self.accounts[account].exposures.get(&id);
        let slots = exposure.into_iter().flat_map(|exposure| exposure.slots());
        slots.map(|(side, slot)| (side, slot.position)).filter(|it| !it.1.is_flat()).collect()
    }
}

/// The deal by which the exchange closes a whole position, without fee.
pub(super) fn close_deal(
    account: usize,
    position_side: PositionSide,
    position: &Position,
    price: Price,
    reason: FillReason,
) -> Deal {
    let held = position.side().expect("only an open position is closed");
    Deal {
        account,
        client_id: None,
        side: held.opposite(),
        position_side,
        price,
        quantity: position.quantity.abs(),
        fee: Amount::ZERO,
        liquidity: Liquidity::Taker,
        reason,
    }
}
