//! The end of an order: taken out of every index, remembered, told.

use banyan_core::instrument::InstrumentId;
use banyan_core::order::TimeInForce;
use banyan_core::time::Timestamp;
use banyan_core::venue::{ReportedStatus, VenueReport};

use super::engine::{Exchange, Output};
use super::open_order::{Held, OpenOrder, OrderKey, Place};

impl Exchange {
    /// Ends the orders whose time is up at `now`.
    pub fn expire(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.set_time(now);
        while let Some(&(_, key)) = self.expiries.first().filter(|(end, _)| *end <= now) {
            self.finish(key, ReportedStatus::Expired);
        }
        self.settle_down();
        out.append(&mut self.outbox);
    }

    /// When the next order's time is up.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|(end, _)| *end)
    }

    /// Ends an order. A filled one has left the book before; its last fill tells the end.
    pub(super) fn finish(&mut self, key: OrderKey, status: ReportedStatus) {
        let Some(order) = self.accounts[key.account].open.remove(&key.client_id) else {
            return;
        };
        if status != ReportedStatus::Filled {
            self.take_out(key, &order);
        }
        if let TimeInForce::GoodTillDate(end) = order.request.time_in_force {
            self.expiries.remove(&(end, key));
        }
        self.release(key, &order);
        self.accounts[key.account].history.push_closed(order.report(status));
        let client_id = key.client_id;
        match status {
            ReportedStatus::Cancelled => {
                self.tell(key.account, VenueReport::OrderCancelled { client_id });
            }
            ReportedStatus::Expired => {
                self.tell(key.account, VenueReport::OrderExpired { client_id });
            }
            ReportedStatus::Filled | ReportedStatus::Open | ReportedStatus::Rejected => {}
        }
    }

    /// Takes an order out of the book or the triggers.
    fn take_out(&mut self, key: OrderKey, order: &OpenOrder) {
        let id = order.request.instrument;
        let market = self.market_mut(id);
        match (order.place, order.request.kind.limit_price()) {
            (Place::Resting, Some(price)) => {
                market.book.remove(order.request.side, price, key);
                self.changed.insert(id);
            }
            (Place::Waiting, _) => market.triggers.remove(key, order.venue_id, &order.request),
            (Place::Taking | Place::Resting, _) => {}
        }
    }

    /// Gives back what an order held.
    fn release(&mut self, key: OrderKey, order: &OpenOrder) {
        let Some(instrument) = self.listed(order.request.instrument) else {
            return;
        };
        let account = &mut self.accounts[key.account];
        account.change_held(&instrument, &order.request, order.held, Held::default());
        if order.closing
            && let Some(exposure) = account.exposures.get_mut(&instrument.id)
        {
            let closers = &mut exposure.slot_mut(order.request.position_side).closers;
            closers.retain(|client_id| *client_id != key.client_id);
        }
    }

    /// Cancels the open orders of an account in the instruments that are `meant`.
    pub(super) fn cancel_orders(&mut self, account: usize, meant: impl Fn(InstrumentId) -> bool) {
        let open = self.accounts[account].open.values();
        let ids: Vec<_> = open
            .filter(|order| meant(order.request.instrument))
            .map(|order| order.request.client_id)
            .collect();
        for client_id in ids {
            self.finish(OrderKey { account, client_id }, ReportedStatus::Cancelled);
        }
    }
}
