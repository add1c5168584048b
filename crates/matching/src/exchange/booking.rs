//! Booking: a fill changes wallet, position and order, and is told to its account.
//!
//! Fees are charged in the settle asset, for spot in the quote asset whichever side trades, so
//! that the base balance is exactly the sum of what was bought and sold.

use banyan_core::ids::ClientOrderId;
use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::{PositionSide, Side};
use banyan_core::venue::{FillReason, FillReport, Liquidity, ReportedStatus, VenueReport};

use super::engine::Exchange;
use super::open_order::OrderKey;

/// One side of a match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deal {
    /// Whose.
    pub(super) account: usize,
    /// Order that traded; `None` when the exchange acted.
    pub(super) client_id: Option<ClientOrderId>,
    /// Buy or sell.
    pub(super) side: Side,
    /// Which position.
    pub(super) position_side: PositionSide,
    /// Price.
    pub(super) price: Price,
    /// Quantity.
    pub(super) quantity: Quantity,
    /// Fee by the rates.
    pub(super) fee: Amount,
    /// Rested or took.
    pub(super) liquidity: Liquidity,
    /// Why.
    pub(super) reason: FillReason,
}

impl Exchange {
    /// Books a deal and tells it.
    pub(super) fn book(&mut self, instrument: &Instrument, deal: Deal) {
        let Deal { account, client_id, side, position_side, price, quantity, .. } = deal;
        let value = instrument.notional(price, quantity);
        let books = &mut self.accounts[account];
        let mut fee = deal.fee;
        if instrument.is_contract() {
            let traded = (quantity, value);
            fee = books.fill_contract(instrument, position_side, side, traded, fee);
        } else {
            books.fill_spot(instrument, side, quantity, value, fee);
        }
        let report = FillReport {
            trade_id: books.history.next_number(),
            client_id,
            instrument: instrument.id,
            side,
            position_side,
            price,
            quantity,
            fee,
            fee_asset: instrument.settle().clone(),
            liquidity: deal.liquidity,
            reason: deal.reason,
            time: self.now,
        };
        books.history.push_fill(report.clone());
        self.tell(account, VenueReport::OrderFilled(report));
        self.touch(account, instrument);
    }

    /// Books a deal that no order made; orders that have nothing left to close are cancelled.
    pub(super) fn book_venue_fill(&mut self, instrument: &Instrument, deal: Deal) {
        self.book(instrument, deal);
        self.drop_idle_closers(deal.account, instrument.id, deal.position_side);
    }

    /// Notes that positions and margin of an account may have changed.
    fn touch(&mut self, account: usize, instrument: &Instrument) {
        self.touched.insert((account, instrument.settle().clone()));
        if !instrument.is_contract() {
            self.touched.insert((account, instrument.symbol.base().clone()));
            return;
        }
        let exposure = self.accounts[account].exposures.get(&instrument.id);
        let is_open = exposure.is_some_and(|exposure| exposure.is_open());
        let holders = &mut self.market_mut(instrument.id).holders;
        if is_open {
            holders.insert(account);
        } else {
            holders.remove(&account);
        }
    }

    /// Counts a fill of an order, releases what it held for it, and ends it when it is filled.
    pub(super) fn count_fill(&mut self, key: OrderKey, instrument: &Instrument, filled: Quantity) {
        let account = &mut self.accounts[key.account];
        let Some(order) = account.open.get_mut(&key.client_id) else {
            return;
        };
        order.filled += filled;
        let (before, after) = (order.held, order.held_after(instrument, Quantity::ZERO));
        order.held = after;
        let done = order.remaining().is_zero();
        if before != after {
            let request = order.request.clone();
            account.change_held(instrument, &request, before, after);
        }
        if done {
            self.finish(key, ReportedStatus::Filled);
        }
    }

    /// Cancels the orders in the book that may only reduce a position that is gone.
    pub(super) fn drop_idle_closers(
        &mut self,
        account: usize,
        instrument: InstrumentId,
        position_side: PositionSide,
    ) {
        let slot = self.accounts[account].slot(instrument, position_side);
        let Some(slot) = slot.filter(|slot| !slot.closers.is_empty()) else {
            return;
        };
        for client_id in slot.closers.clone() {
            let key = OrderKey { account, client_id };
            if self.capped(key, Quantity(1)).is_zero() {
                self.finish(key, ReportedStatus::Cancelled);
            }
        }
    }
}
