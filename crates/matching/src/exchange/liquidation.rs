//! Liquidation, auto-deleveraging and the insurance fund.
//!
//! What fails its maintenance margin is closed in three stages: against the book up to the
//! bankruptcy price; then, at that price, against opposite positions that profit by it, the most
//! profitable and leveraged first; and what is still left is taken over by the insurance fund at
//! that price. The exchange keeps no account of the fund: it pays and takes without limit.

use std::cmp::Reverse;

use banyan_core::instrument::InstrumentId;
use banyan_core::money::{Amount, Price, Quantity, Rounding};
use banyan_core::order::{PositionSide, Side};
use banyan_core::symbol::Asset;
use banyan_core::venue::{FillReason, Liquidity, MarginMode, ReportedStatus};

use super::account::paid_asset;
use super::booking::Deal;
use super::engine::Exchange;
use super::margin::{self, Health};
use super::matching::{Taker, Who};
use super::open_order::OrderKey;

/// A position that can be closed.
type Held = (InstrumentId, PositionSide);

impl Exchange {
    /// Liquidates what fails its maintenance margin in an asset, isolated positions first, and
    /// cancels spot orders that the wallet no longer covers.
    pub(super) fn review_margin(&mut self, account: usize, asset: &Asset) {
        while let Some((held, equity)) = self.failing_isolated(account, asset) {
            self.cancel_orders(account, |id| id == held.0);
            self.close_out(account, held, equity);
        }
        if self.cross_health(account, asset).fails() {
            self.liquidate_cross(account, asset);
        }
        self.trim_spot_orders(account, asset);
    }

    fn cross_health(&self, account: usize, asset: &Asset) -> Health {
        margin::cross_health(&self.accounts[account], asset, self.valuer())
    }

    /// The open positions of one mode that can be traded and valued now.
    fn closable(&self, account: usize, asset: &Asset, mode: MarginMode) -> Vec<Held> {
        let exposures = self.accounts[account].exposures_in(asset);
        exposures
            .filter(|(id, it)| {
                it.margin_mode == mode && self.is_trading(*id) && self.mark(*id).is_some()
            })
            .flat_map(|(id, it)| it.slots().map(move |(side, slot)| (id, side, slot)))
            .filter(|(_, _, slot)| !slot.position.is_flat())
            .map(|(id, side, _)| (id, side))
            .collect()
    }

    fn failing_isolated(&self, account: usize, asset: &Asset) -> Option<(Held, Amount)> {
        let health = |held: &Held| {
            let slot = self.accounts[account].slot(held.0, held.1)?;
            Some(margin::isolated_health(self.valuer(), held.0, slot))
        };
        self.closable(account, asset, MarginMode::Isolated)
            .into_iter()
            .find_map(|held| health(&held).filter(Health::fails).map(|it| (held, it.equity)))
    }

    /// Closes all cross positions; each may lose its share, by notional, of the equity left.
    fn liquidate_cross(&mut self, account: usize, asset: &Asset) {
        let instruments = self.instruments.clone();
        self.cancel_orders(account, |id| {
            instruments.get(id).is_some_and(|it| it.is_contract() && it.settle() == asset)
        });
        for (id, side) in self.closable(account, asset, MarginMode::Cross) {
            let health = self.cross_health(account, asset);
            let Some(slot) = self.accounts[account].slot(id, side) else {
                continue;
            };
            let notional = margin::notional(self.valuer(), id, slot);
            let whole = health.notional.0.max(1);
            let allowance = health.equity.share(notional.0, whole, Rounding::Floor);
            self.close_out(account, (id, side), allowance);
        }
    }

    /// Closes a position that may lose `allowance` against the mark.
    fn close_out(&mut self, account: usize, (id, position_side): Held, allowance: Amount) {
        let position = self.accounts[account].position(id, position_side);
        let Some((instrument, mark)) = self.listed(id).zip(self.mark(id)) else {
            return;
        };
        let Some(held) = position.side() else { return };
        let price = margin::bankruptcy_price(&instrument, &position, mark, allowance);
        let mut taker = Taker {
            instrument: id,
            side: held.opposite(),
            limit: Some(price),
            remaining: position.quantity.abs(),
            who: Who::Liquidation { account, position_side },
            stopped: false,
        };
        self.take(&mut taker);
        for other in self.deleveraging_queue(account, id, taker.side, price) {
            self.deleverage(&mut taker, account, position_side, other, price);
        }
        self.take_over(&taker, (account, position_side), FillReason::Liquidation, price);
    }

    /// Opposite positions that would profit by closing at `price`, in the order of their score.
    fn deleveraging_queue(
        &self,
        account: usize,
        id: InstrumentId,
        held: Side,
        price: Price,
    ) -> Vec<(usize, PositionSide)> {
        let Some((instrument, mark)) = self.listed(id).zip(self.mark(id)) else {
            return Vec::new();
        };
        let others = self.markets[id.0 as usize].holders.iter().filter(|it| **it != account);
        let mut queue: Vec<_> = others
            .flat_map(|it| self.open_positions(*it, id).into_iter().map(move |at| (*it, at)))
            .filter(|(_, (_, position))| position.side() == Some(held))
            .filter(|(_, (_, position))| position.unrealized(&instrument, price).is_positive())
            .map(|(other, (side, position))| {
                let profit = position.unrealized(&instrument, mark);
                (Reverse(self.deleveraging_score(other, (id, side), profit)), other, side)
            })
            .collect();
        queue.sort_unstable_by_key(|entry| (entry.0, entry.1));
        queue.into_iter().map(|(_, other, side)| (other, side)).collect()
    }

    fn deleveraging_score(&self, account: usize, (id, side): Held, profit: Amount) -> i128 {
        let books = &self.accounts[account];
        let Some(exposure) = books.exposures.get(&id) else {
            return 0;
        };
        let slot = exposure.slot(side);
        let health = match exposure.margin_mode {
            MarginMode::Cross => self.cross_health(account, &exposure.settle),
            MarginMode::Isolated => margin::isolated_health(self.valuer(), id, slot),
        };
        margin::deleveraging_score(profit, slot, health)
    }

    /// Closes as much as possible of what is left against the position of another account.
    fn deleverage(
        &mut self,
        taker: &mut Taker,
        account: usize,
        position_side: PositionSide,
        other: (usize, PositionSide),
        price: Price,
    ) {
        let opposite = self.accounts[other.0].position(taker.instrument, other.1).quantity.abs();
        let quantity = taker.remaining.min(opposite);
        if !quantity.is_positive() {
            return;
        }
        let part = Taker { remaining: quantity, ..*taker };
        self.take_over(&part, (account, position_side), FillReason::Liquidation, price);
        let back = Taker { side: taker.side.opposite(), ..part };
        self.take_over(&back, other, FillReason::AutoDeleveraging, price);
        taker.remaining -= quantity;
    }

    /// Books what is left of a taker at `price`, without the book and without fee.
    fn take_over(
        &mut self,
        taker: &Taker,
        (account, position_side): (usize, PositionSide),
        reason: FillReason,
        price: Price,
    ) {
        let Some(instrument) = self.listed(taker.instrument) else {
            return;
        };
        if taker.remaining > Quantity::ZERO {
            let deal = Deal {
                account,
                client_id: None,
                side: taker.side,
                position_side,
                price,
                quantity: taker.remaining,
                fee: Amount::ZERO,
                liquidity: Liquidity::Taker,
                reason,
            };
            self.book_venue_fill(&instrument, deal);
        }
    }

    /// Cancels the newest spot orders that pay with an asset until the wallet covers the rest: a
    /// loss on margin may have eaten what they held.
    fn trim_spot_orders(&mut self, account: usize, asset: &Asset) {
        while self.accounts[account].balance(asset) < self.accounts[account].spot_held(asset) {
            let pays = |id: InstrumentId, side: Side| {
                let instrument = self.instruments.get(id).filter(|it| !it.is_contract());
                instrument.is_some_and(|it| paid_asset(it, side) == asset)
            };
            let open = self.accounts[account].open.values();
            let newest = open
                .filter(|order| pays(order.request.instrument, order.request.side))
                .filter(|order| order.held.cash.is_positive())
                .max_by_key(|order| order.venue_id);
            let Some(client_id) = newest.map(|order| order.request.client_id) else {
                return;
            };
            self.finish(OrderKey { account, client_id }, ReportedStatus::Cancelled);
        }
    }
}
