//! Matching: an order that takes meets what stands in the book, by price and time.
//!
//! Orders of accounts, outsiders and the exchange itself (liquidation) take in the same way.

use banyan_core::instrument::InstrumentId;
use banyan_core::market::MarketData;
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::{PositionSide, Side};
use banyan_core::venue::{FillReason, Liquidity, ReportedStatus};

use super::book::{Offer, reaches};
use super::booking::Deal;
use super::engine::Exchange;
use super::open_order::{OrderKey, fee};
use super::settings::SelfTradePrevention;

/// Who takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Somebody without an account.
    Outsider,
    /// An order of an account.
    Order(OrderKey),
    /// The exchange, for the position of an account that it liquidates.
    Liquidation {
        /// Whose position.
        account: usize,
        /// Which position.
        position_side: PositionSide,
    },
}

/// Something that takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taker {
    /// Where.
    pub(super) instrument: InstrumentId,
    /// Buy or sell.
    pub(super) side: Side,
    /// Worst price; any when `None`.
    pub(super) limit: Option<Price>,
    /// How much is still to be taken.
    pub(super) remaining: Quantity,
    /// Who.
    pub(super) who: Who,
    /// Self-trade prevention ended it.
    pub(super) stopped: bool,
}

impl Exchange {
    /// Takes until nothing is left, nobody is within the limit, or prevention stops it.
    pub(super) fn take(&mut self, taker: &mut Taker) {
        while !taker.stopped
            && let Some(offer) = self.next_offer(taker)
        {
            match offer.maker {
                None => {
                    let book = &mut self.market_mut(taker.instrument).book;
                    book.take_outside(taker.side.opposite(), offer.quantity);
                    self.match_taker(taker, offer);
                }
                Some(maker) if self.is_prevented(taker, maker) => self.prevent(taker, maker),
                Some(maker) => self.take_order(taker, offer, maker),
            }
        }
    }

    /// The next counterparty within the limit, for no more than the taker may take.
    fn next_offer(&mut self, taker: &Taker) -> Option<Offer> {
        let wanted = match taker.who {
            Who::Order(key) => self.capped(key, taker.remaining),
            Who::Outsider | Who::Liquidation { .. } => taker.remaining,
        };
        let book = &self.market_mut(taker.instrument).book;
        let mut offer = book.offers(taker.side.opposite()).next()?;
        offer.quantity = offer.quantity.min(wanted);
        let fits = reaches(taker.side, taker.limit, offer.price) && wanted.is_positive();
        fits.then_some(offer)
    }

    fn is_prevented(&self, taker: &Taker, maker: OrderKey) -> bool {
        let Who::Order(key) = taker.who else {
            return false;
        };
        let prevention = self.accounts[key.account].self_trade_prevention;
        key.account == maker.account && prevention != SelfTradePrevention::None
    }

    fn prevent(&mut self, taker: &mut Taker, maker: OrderKey) {
        let prevention = self.accounts[maker.account].self_trade_prevention;
        taker.stopped = prevention != SelfTradePrevention::ExpireMaker;
        if prevention != SelfTradePrevention::ExpireTaker {
            self.finish(maker, ReportedStatus::Expired);
        }
    }

    fn take_order(&mut self, taker: &mut Taker, offer: Offer, maker: OrderKey) {
        let quantity = self.capped(maker, offer.quantity);
        if quantity.is_zero() {
            return self.finish(maker, ReportedStatus::Cancelled);
        }
        let offer = Offer { quantity, ..offer };
        let book = &mut self.market_mut(taker.instrument).book;
        book.take_front(taker.side.opposite(), offer.price, quantity);
        self.match_taker(taker, offer);
        self.fill_order(maker, offer.price, quantity, Liquidity::Maker);
    }

    /// The taker's half of a match, and what the public hears of it.
    fn match_taker(&mut self, taker: &mut Taker, offer: Offer) {
        let Offer { price, quantity, .. } = offer;
        taker.remaining -= quantity;
        let trade = MarketData::Trade { price, quantity, aggressor: taker.side };
        self.publish(taker.instrument, trade);
        self.changed.insert(taker.instrument);
        match taker.who {
            Who::Outsider => {}
            Who::Order(key) => self.fill_order(key, price, quantity, Liquidity::Taker),
            Who::Liquidation { account, position_side } => {
                self.liquidate_part(taker, account, position_side, offer);
            }
        }
    }

    /// A part of a liquidation that the book took.
    fn liquidate_part(
        &mut self,
        taker: &Taker,
        account: usize,
        position_side: PositionSide,
        offer: Offer,
    ) {
        let Some(instrument) = self.listed(taker.instrument) else {
            return;
        };
        let Offer { price, quantity, .. } = offer;
        let deal = Deal {
            account,
            client_id: None,
            side: taker.side,
            position_side,
            price,
            quantity,
            fee: fee(instrument.notional(price, quantity), instrument.fees.taker),
            liquidity: Liquidity::Taker,
            reason: FillReason::Liquidation,
        };
        self.book_venue_fill(&instrument, deal);
    }

    /// Fills an order of an account that rests at the best price of a side against an outsider;
    /// returns how much, at most `limit`. Zero means that the order had to be cancelled.
    pub(super) fn fill_front(
        &mut self,
        instrument: InstrumentId,
        side: Side,
        (price, key): (Price, OrderKey),
        limit: Quantity,
    ) -> Quantity {
        let quantity = self.capped(key, limit);
        if quantity.is_zero() {
            self.finish(key, ReportedStatus::Cancelled);
        } else {
            self.market_mut(instrument).book.take_front(side, price, quantity);
            self.changed.insert(instrument);
            self.fill_order(key, price, quantity, Liquidity::Maker);
        }
        quantity
    }

    /// A fill of an order: booked, told, counted.
    fn fill_order(&mut self, key: OrderKey, price: Price, quantity: Quantity, how: Liquidity) {
        let Some(order) = self.open_order(key) else {
            return;
        };
        let Some(instrument) = self.listed(order.request.instrument) else {
            return;
        };
        let (side, position_side) = (order.request.side, order.request.position_side);
        let rate = match how {
            Liquidity::Maker => instrument.fees.maker,
            Liquidity::Taker => instrument.fees.taker,
        };
        let value = instrument.notional(price, quantity);
        let mut charge = fee(value, rate);
        if !instrument.is_contract() && side == Side::Buy {
            // A buyer of spot never pays more than his order had set aside.
            let released = order.held.cash - order.held_after(&instrument, quantity).cash;
            charge = charge.min((released - value).max(Amount::ZERO));
        }
        let deal = Deal {
            account: key.account,
            client_id: Some(key.client_id),
            side,
            position_side,
            price,
            quantity,
            fee: charge,
            liquidity: how,
            reason: FillReason::Order,
        };
        self.book(&instrument, deal);
        self.count_fill(key, &instrument, quantity);
        self.drop_idle_closers(key.account, instrument.id, position_side);
    }
}
