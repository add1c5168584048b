//! The way of an order into the exchange: reviewed, accepted, then matched or made to wait.
//!
//! A refusal changes nothing. Conditional orders hold no margin until they are triggered; then
//! they are reviewed like a market order, and expire where that one would be refused.

use std::sync::Arc;

use banyan_core::instrument::{Instrument, TradingStatus};
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{OrderRequest, TimeInForce};
use banyan_core::time::Timestamp;
use banyan_core::venue::{RejectReason, ReportedStatus, VenueReport};

use super::book::reaches;
use super::checks::{check, is_closing};
use super::engine::Exchange;
use super::matching::{Taker, Who};
use super::open_order::{Held, HoldTerms, OpenOrder, OrderKey, Place};
use super::triggers::fires_at;

impl Exchange {
    /// Takes an order in or refuses it.
    pub(super) fn submit(&mut self, account: usize, request: &OrderRequest, expires: Timestamp) {
        let client_id = request.client_id;
        match self.review_order(account, request, expires) {
            Ok((instrument, terms)) => self.accept(account, &instrument, request, terms),
            Err(reason) => {
                self.tell(account, VenueReport::OrderRejected { client_id, reason });
            }
        }
    }

    fn review_order(
        &mut self,
        account: usize,
        request: &OrderRequest,
        expires: Timestamp,
    ) -> Result<(Arc<Instrument>, Option<HoldTerms>), RejectReason> {
        if self.now > expires {
            return Err(RejectReason::RequestExpired);
        }
        let instrument = self.listed(request.instrument).ok_or(RejectReason::InvalidOrder)?;
        if instrument.filters.status != TradingStatus::Trading {
            return Err(RejectReason::MarketClosed);
        }
        if self.accounts[account].open.contains_key(&request.client_id) {
            return Err(RejectReason::DuplicateOrderId);
        }
        let mark = self.mark(instrument.id);
        check(&instrument, mark, self.accounts[account].position_mode, request, self.now)?;
        if request.kind.is_conditional() {
            let fires = mark.is_some_and(|mark| fires_at(request, mark));
            let waits = (instrument, None);
            return if fires { Err(RejectReason::TriggerImmediately) } else { Ok(waits) };
        }
        let terms = self.review_taking(account, &instrument, request, request.quantity)?;
        Ok((instrument, terms))
    }

    /// Reviews an order that is about to be matched.
    fn review_taking(
        &mut self,
        account: usize,
        instrument: &Instrument,
        request: &OrderRequest,
        quantity: Quantity,
    ) -> Result<Option<HoldTerms>, RejectReason> {
        let closing = is_closing(request);
        let reducible =
            self.accounts[account].reducible(instrument.id, request.position_side, request.side);
        if closing && reducible.is_zero() {
            return Err(RejectReason::ReduceOnlyRejected);
        }
        let wanted = if closing { quantity.min(reducible) } else { quantity };
        if request.time_in_force == TimeInForce::PostOnly && self.would_take(request) {
            return Err(RejectReason::OrderImmediatelyFillable);
        }
        let reach = self.reach(account, request, wanted);
        if request.time_in_force == TimeInForce::FillOrKill && reach.quantity < wanted {
            return Err(RejectReason::OrderNotFillable);
        }
        if closing {
            return Ok(None);
        }
        self.review_funds(account, instrument, request, quantity, reach)
    }

    fn would_take(&mut self, request: &OrderRequest) -> bool {
        let book = &self.market_mut(request.instrument).book;
        book.top(request.side.opposite())
            .is_some_and(|top| reaches(request.side, request.kind.limit_price(), top.price))
    }

    fn accept(
        &mut self,
        account: usize,
        instrument: &Instrument,
        request: &OrderRequest,
        terms: Option<HoldTerms>,
    ) {
        self.last_venue_id = self.last_venue_id.next();
        let client_id = request.client_id;
        let key = OrderKey { account, client_id };
        let order = OpenOrder {
            request: request.clone(),
            venue_id: self.last_venue_id,
            target: request.quantity,
            filled: Quantity::ZERO,
            place: Place::Taking,
            closing: is_closing(request),
            terms: None,
            held: Held::default(),
        };
        self.accounts[account].open.insert(client_id, order);
        self.tell(account, VenueReport::OrderAccepted { client_id, venue_id: self.last_venue_id });
        if let TimeInForce::GoodTillDate(end) = request.time_in_force {
            self.expiries.insert((end, key));
        }
        if request.kind.is_conditional() {
            return self.wait(key, request);
        }
        self.hold(key, instrument, terms);
        self.work(key);
    }

    fn wait(&mut self, key: OrderKey, request: &OrderRequest) {
        let (venue_id, mark) = (self.last_venue_id, self.mark(request.instrument));
        self.market_mut(request.instrument).triggers.insert(key, venue_id, request, mark);
        if let Some(order) = self.open_order_mut(key) {
            order.place = Place::Waiting;
        }
    }

    /// Matches an order; what finds nobody rests or ends.
    fn work(&mut self, key: OrderKey) {
        let Some(order) = self.open_order(key) else {
            return;
        };
        let mut taker = Taker {
            instrument: order.request.instrument,
            side: order.request.side,
            limit: order.request.kind.limit_price(),
            remaining: order.remaining(),
            who: Who::Order(key),
            stopped: false,
        };
        self.take(&mut taker);
        let Some(order) = self.open_order(key) else {
            return;
        };
        if !order.rests() || taker.stopped {
            return self.finish(key, ReportedStatus::Expired);
        }
        if order.closing && self.capped(key, order.remaining()).is_zero() {
            return self.finish(key, ReportedStatus::Cancelled);
        }
        self.rest(key);
    }

    fn rest(&mut self, key: OrderKey) {
        let Some(order) = self.open_order_mut(key) else {
            return;
        };
        order.place = Place::Resting;
        let (id, side, position_side) =
            (order.request.instrument, order.request.side, order.request.position_side);
        let (remaining, closing) = (order.remaining(), order.closing);
        let Some(price) = order.request.kind.limit_price() else {
            return;
        };
        self.market_mut(id).book.insert(side, price, key, remaining);
        self.changed.insert(id);
        if closing && let Some(exposure) = self.accounts[key.account].exposures.get_mut(&id) {
            exposure.slot_mut(position_side).closers.push(key.client_id);
        }
    }

    /// Sets off conditional orders, nearest trigger first, until none is due at this mark.
    pub(super) fn fire_triggers(&mut self, instrument: &Arc<Instrument>, mark: Price) {
        self.market_mut(instrument.id).triggers.follow(mark);
        while let Some(key) = self.market_mut(instrument.id).triggers.next_due(mark) {
            self.trigger(key, instrument);
        }
    }

    fn trigger(&mut self, key: OrderKey, instrument: &Arc<Instrument>) {
        let Some(order) = self.open_order_mut(key) else {
            return;
        };
        order.place = Place::Taking;
        let (request, venue_id) = (order.request.clone(), order.venue_id);
        self.market_mut(instrument.id).triggers.remove(key, venue_id, &request);
        self.tell(key.account, VenueReport::OrderTriggered { client_id: key.client_id });
        let mut quantity = request.quantity;
        if request.close_position {
            let account = &self.accounts[key.account];
            quantity = account.reducible(instrument.id, request.position_side, request.side);
        }
        match self.review_taking(key.account, instrument, &request, quantity) {
            Ok(terms) => {
                if let Some(order) = self.open_order_mut(key) {
                    order.target = quantity;
                }
                self.hold(key, instrument, terms);
                self.work(key);
            }
            Err(_) => self.finish(key, ReportedStatus::Expired),
        }
    }

    /// Sets aside what an order holds by its terms.
    fn hold(&mut self, key: OrderKey, instrument: &Instrument, terms: Option<HoldTerms>) {
        let account = &mut self.accounts[key.account];
        let Some(order) = account.open.get_mut(&key.client_id) else {
            return;
        };
        let Some(terms) = terms else { return };
        let held = terms.held(instrument, order.request.side, order.target, order.target);
        (order.terms, order.held) = (Some(terms), held);
        let request = order.request.clone();
        account.change_held(instrument, &request, Held::default(), held);
    }

    /// Says how much of a quantity an order of `key` may trade: a closing one no more than the
    /// position it closes.
    pub(super) fn capped(&self, key: OrderKey, quantity: Quantity) -> Quantity {
        let Some(order) = self.open_order(key) else {
            return Quantity::ZERO;
        };
        if !order.closing {
            return quantity;
        }
        let OrderRequest { instrument, position_side, side, .. } = order.request;
        quantity.min(self.accounts[key.account].reducible(instrument, position_side, side))
    }
}
