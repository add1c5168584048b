//! Whether an account can pay for an order, and what the order must hold back.
//!
//! An order is taken at the price within its reach at which it is worth most. A contract order
//! that does not raise the margin demand of its position needs no funds at all.

use banyan_core::instrument::{Instrument, InstrumentKind};
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::{OrderRequest, PositionSide, Side};
use banyan_core::symbol::Asset;
use banyan_core::venue::RejectReason;

use super::account::paid_asset;
use super::book::reaches;
use super::engine::Exchange;
use super::margin;
use super::open_order::{HoldTerms, OrderKey};
use super::settings::SelfTradePrevention;

/// How far an order would come if it were matched now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// How much it would fill.
    pub(super) quantity: Quantity,
    /// Price of its first fill.
    pub(super) best: Option<Price>,
    /// Price of its last fill.
    pub(super) worst: Option<Price>,
}

impl Exchange {
    /// Walks the book as the order would, without changing it. Orders that may only reduce count
    /// for no more than what their position has left by then.
    pub(super) fn reach(&self, account: usize, request: &OrderRequest, wanted: Quantity) -> Reach {
        let mut reach = Reach::default();
        let mut reduced: Vec<((usize, PositionSide), Quantity)> = Vec::new();
        let prevention = self.accounts[account].self_trade_prevention;
        let book = &self.markets[request.instrument.0 as usize].book;
        for offer in book.offers(request.side.opposite()) {
            let enough = reach.quantity >= wanted;
            if enough || !reaches(request.side, request.kind.limit_price(), offer.price) {
                break;
            }
            let mut quantity = offer.quantity.min(wanted - reach.quantity);
            if let Some(maker) = offer.maker {
                if maker.account == account {
                    match prevention {
                        SelfTradePrevention::ExpireTaker | SelfTradePrevention::ExpireBoth => break,
                        SelfTradePrevention::ExpireMaker => continue,
                        SelfTradePrevention::None => {}
                    }
                }
                quantity = self.reducing_part(maker, quantity, &mut reduced);
            }
            if quantity.is_positive() {
                reach.quantity += quantity;
                reach.best = reach.best.or(Some(offer.price));
                reach.worst = Some(offer.price);
            }
        }
        reach
    }

    /// How much of `quantity` a maker may trade after what its account traded in this walk.
    fn reducing_part(
        &self,
        maker: OrderKey,
        quantity: Quantity,
        reduced: &mut Vec<((usize, PositionSide), Quantity)>,
    ) -> Quantity {
        let Some(order) = self.open_order(maker) else {
            return Quantity::ZERO;
        };
        let slot = (maker.account, order.request.position_side);
        let index = reduced.iter().position(|(at, _)| *at == slot).unwrap_or_else(|| {
            reduced.push((slot, Quantity::ZERO));
            reduced.len() - 1
        });
        let gone = &mut reduced[index].1;
        let left = self.capped(maker, quantity + *gone) - *gone;
        let part = left.max(Quantity::ZERO);
        *gone += part;
        part
    }

    /// Says by what terms an order that may open holds funds.
    ///
    /// # Errors
    /// `InsufficientFunds`, or `InvalidOrder` where the leverage forbids so large a position.
    pub(super) fn review_funds(
        &mut self,
        account: usize,
        instrument: &Instrument,
        request: &OrderRequest,
        quantity: Quantity,
        reach: Reach,
    ) -> Result<Option<HoldTerms>, RejectReason> {
        let Some(bound) = request.kind.limit_price().or(reach.worst) else {
            return Ok(None);
        };
        let price = dearest(instrument, bound, reach.best);
        let fee_rate = instrument.fees.maker.max(instrument.fees.taker).max(Rate::ZERO);
        let mut terms = HoldTerms { price, fee_rate, loss: Amount::ZERO };
        if !instrument.is_contract() {
            let held = terms.held(instrument, request.side, quantity, quantity);
            let asset = paid_asset(instrument, request.side);
            return self.require(account, asset, held.cash).map(|()| Some(terms));
        }
        terms.loss = self.opening_loss(instrument, request.side, bound, quantity);
        let held = terms.held(instrument, request.side, quantity, quantity);
        let exposure = self.accounts[account].exposure_mut(instrument).clone();
        let mut slot = exposure.slot(request.position_side).clone();
        let (_, before) = margin::slot_demand(self.valuer(), instrument.id, &exposure, &slot);
        match request.side {
            Side::Buy => slot.buys += held.value,
            Side::Sell => slot.sells += held.value,
        }
        let (gross, after) = margin::slot_demand(self.valuer(), instrument.id, &exposure, &slot);
        if after <= before {
            return Ok(Some(HoldTerms { price, fee_rate: Rate::ZERO, loss: Amount::ZERO }));
        }
        if exposure.leverage > instrument.max_leverage(gross) {
            return Err(RejectReason::InvalidOrder);
        }
        self.require(account, instrument.settle(), after - before + held.cash)?;
        Ok(Some(terms))
    }

    fn require(&self, account: usize, asset: &Asset, amount: Amount) -> Result<(), RejectReason> {
        let free = margin::free(&self.accounts[account], asset, self.valuer());
        if free < amount { Err(RejectReason::InsufficientFunds) } else { Ok(()) }
    }

    /// What a position opened at `bound` would have lost at once against the mark.
    fn opening_loss(
        &self,
        instrument: &Instrument,
        side: Side,
        bound: Price,
        quantity: Quantity,
    ) -> Amount {
        let Some(mark) = self.mark(instrument.id) else {
            return Amount::ZERO;
        };
        let loses = match side {
            Side::Buy => bound > mark,
            Side::Sell => bound < mark,
        };
        let moved = instrument.notional(bound, quantity) - instrument.notional(mark, quantity);
        if loses { moved.abs() } else { Amount::ZERO }
    }
}

/// Of the prices an order may trade at, the one at which it is worth most.
fn dearest(instrument: &Instrument, bound: Price, best: Option<Price>) -> Price {
    let best = best.unwrap_or(bound);
    match instrument.kind {
        InstrumentKind::Inverse => bound.min(best),
        InstrumentKind::Spot | InstrumentKind::Linear => bound.max(best),
    }
}
