//! The order book of one instrument: orders of accounts and the liquidity of outsiders.
//!
//! Priority is price, then time. What outsiders had at a price when an order came stands before
//! it (`ahead`); what they add later stands behind it. Knows nothing of accounts, money or
//! messages: it says who would be met next and takes away what was traded.

use std::collections::{BTreeMap, VecDeque, btree_map};
use std::iter::{Peekable, Rev};
use std::slice;

use banyan_core::money::{Price, Quantity};
use banyan_core::order::Side;
use serde::{Deserialize, Serialize};

use super::open_order::OrderKey;
use crate::market::Level;

/// An order of an account in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resting {
    /// Which order.
    pub(super) key: OrderKey,
    /// How much of it is left.
    pub(super) quantity: Quantity,
    /// How much of outsiders stands before it at its price.
    pub(super) ahead: Quantity,
}

/// The next counterparty on a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    /// Its price.
    pub(super) price: Price,
    /// How much it offers.
    pub(super) quantity: Quantity,
    /// The order; `None` for outsiders.
    pub(super) maker: Option<OrderKey>,
}

/// One side: smaller ranks are better prices.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct BookSide {
    /// Outsiders, worst first, so that the best is taken off the end.
    outside: Vec<Level>,
    /// Orders of accounts by rank of their price, oldest first; never an empty queue.
    queues: BTreeMap<i64, VecDeque<Resting>>,
}

/// Both sides.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Book {
    bids: BookSide,
    asks: BookSide,
}

/// Orders prices of a side: the smaller, the earlier it trades.
pub(super) const fn rank(side: Side, price: Price) -> i64 {
    side.sign() * -price.0
}

/// Says whether a taker of `side` with this limit would take at `price`.
pub(super) fn reaches(side: Side, limit: Option<Price>, price: Price) -> bool {
    limit.is_none_or(|limit| rank(side, limit) <= rank(side, price))
}

impl Book {
    fn side(&self, side: Side) -> &BookSide {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    fn side_mut(&mut self, side: Side) -> &mut BookSide {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Everything that stands on a side in the order in which it would trade.
    pub(super) fn offers(&self, side: Side) -> Offers<'_> {
        let book = self.side(side);
        Offers {
            side,
            levels: book.outside.iter().rev().peekable(),
            queues: book.queues.iter().peekable(),
            walk: None,
        }
    }

    /// The best order of an account on a side, whatever outsiders offer.
    pub(super) fn best_order(&self, side: Side) -> Option<(Price, Resting)> {
        let (rank, queue) = self.side(side).queues.first_key_value()?;
        Some((price_of(side, *rank), *queue.front()?))
    }

    /// The best outsiders of a side.
    pub(super) fn best_outside(&self, side: Side) -> Option<Level> {
        self.side(side).outside.last().copied()
    }

    /// The oldest order of an account at a price.
    pub(super) fn front(&self, side: Side, price: Price) -> Option<Resting> {
        self.side(side).queues.get(&rank(side, price))?.front().copied()
    }

    /// Best price of a side and all that stands there.
    pub(super) fn top(&self, side: Side) -> Option<Level> {
        let book = self.side(side);
        let outside = book.outside.last().copied();
        let orders = book.queues.first_key_value().map(|(rank, queue)| Level {
            price: price_of(side, *rank),
            quantity: queue.iter().map(|order| order.quantity).sum(),
        });
        match (outside, orders) {
            (Some(a), Some(b)) if a.price == b.price => {
                Some(Level { price: a.price, quantity: a.quantity + b.quantity })
            }
            (Some(a), Some(b)) => {
                Some(if rank(side, a.price) < rank(side, b.price) { a } else { b })
            }
            (a, b) => a.or(b),
        }
    }

    /// Puts an order at the end of its queue.
    pub(super) fn insert(&mut self, side: Side, price: Price, key: OrderKey, quantity: Quantity) {
        let book = self.side_mut(side);
        let ahead = book.outside_at(side, price).map_or(Quantity::ZERO, |level| level.quantity);
        let queue = book.queues.entry(rank(side, price)).or_default();
        queue.push_back(Resting { key, quantity, ahead });
    }

    /// Takes an order out.
    pub(super) fn remove(&mut self, side: Side, price: Price, key: OrderKey) {
        let queues = &mut self.side_mut(side).queues;
        if let btree_map::Entry::Occupied(mut entry) = queues.entry(rank(side, price)) {
            entry.get_mut().retain(|order| order.key != key);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }

    /// Takes `quantity` off the oldest order of an account at a price.
    pub(super) fn take_front(&mut self, side: Side, price: Price, quantity: Quantity) {
        let queues = &mut self.side_mut(side).queues;
        let btree_map::Entry::Occupied(mut entry) = queues.entry(rank(side, price)) else {
            return;
        };
        if let Some(front) = entry.get_mut().front_mut() {
            front.quantity -= quantity;
            if !front.quantity.is_positive() {
                entry.get_mut().pop_front();
            }
        }
        if entry.get().is_empty() {
            entry.remove();
        }
    }

    /// Takes `quantity` off the best outsiders of a side; the queue at their price moves up.
    pub(super) fn take_outside(&mut self, side: Side, quantity: Quantity) {
        let book = self.side_mut(side);
        let Some(level) = book.outside.last_mut() else {
            return;
        };
        level.quantity -= quantity;
        let price = level.price;
        if !level.quantity.is_positive() {
            book.outside.pop();
        }
        self.advance_queue(side, price, quantity);
    }

    /// Tells the queue at a price that `quantity` of outsiders before it has traded.
    pub(super) fn advance_queue(&mut self, side: Side, price: Price, quantity: Quantity) {
        if let Some(queue) = self.side_mut(side).queues.get_mut(&rank(side, price)) {
            for order in queue {
                order.ahead = (order.ahead - quantity).max(Quantity::ZERO);
            }
        }
    }

    /// Replaces the outsiders of both sides, best first.
    pub(super) fn set_outside(&mut self, bids: &[Level], asks: &[Level]) {
        self.bids.set_outside(Side::Buy, bids);
        self.asks.set_outside(Side::Sell, asks);
    }
}

impl BookSide {
    fn outside_at(&self, side: Side, price: Price) -> Option<&Level> {
        let wanted = rank(side, price);
        let found = self.outside.binary_search_by(|level| wanted.cmp(&rank(side, level.price)));
        found.ok().map(|index| &self.outside[index])
    }

    fn set_outside(&mut self, side: Side, levels: &[Level]) {
        self.outside.clear();
        self.outside.extend(levels.iter().rev().filter(|level| level.quantity.is_positive()));
        // Beyond the last level that is told, nothing is known: those queues stay as they are.
        let Some(worst) = self.outside.first().map(|level| rank(side, level.price)) else {
            return;
        };
        let Self { outside, queues } = self;
        for (at, queue) in queues.range_mut(..=worst) {
            if queue.back().is_none_or(|order| order.ahead.is_zero()) {
                continue;
            }
            let found = outside.binary_search_by(|level| at.cmp(&rank(side, level.price)));
            let size = found.map_or(Quantity::ZERO, |index| outside[index].quantity);
            for order in queue {
                order.ahead = order.ahead.min(size);
            }
        }
    }
}

const fn price_of(side: Side, rank: i64) -> Price {
    Price(side.sign() * -rank)
}

/// Walks one side of a book in the order in which it would trade.
pub(super) struct Offers<'a> {
    side: Side,
    levels: Peekable<Rev<slice::Iter<'a, Level>>>,
    queues: Peekable<btree_map::Iter<'a, i64, VecDeque<Resting>>>,
    walk: Option<Walk<'a>>,
}

/// The walk through one price.
struct Walk<'a> {
    price: Price,
    outside_left: Quantity,
    outside_gone: Quantity,
    queue: Option<&'a VecDeque<Resting>>,
    next: usize,
}

impl Walk<'_> {
    fn step(&mut self) -> Option<Offer> {
        let order = self.queue.and_then(|queue| queue.get(self.next));
        let before = order.map_or(self.outside_left, |order| {
            (order.ahead - self.outside_gone).max(Quantity::ZERO).min(self.outside_left)
        });
        if before.is_positive() {
            self.outside_left -= before;
            self.outside_gone += before;
            return Some(Offer { price: self.price, quantity: before, maker: None });
        }
        let order = order?;
        self.next += 1;
        Some(Offer { price: self.price, quantity: order.quantity, maker: Some(order.key) })
    }
}

impl<'a> Offers<'a> {
    /// Begins the next price.
    fn enter(&mut self) -> Option<Walk<'a>> {
        let level = self.levels.peek().map(|level| rank(self.side, level.price));
        let queue = self.queues.peek().map(|(rank, _)| **rank);
        let best = level.into_iter().chain(queue).min()?;
        let level = self.levels.next_if(|level| rank(self.side, level.price) == best);
        let queue = self.queues.next_if(|(rank, _)| **rank == best);
        Some(Walk {
            price: price_of(self.side, best),
            outside_left: level.map_or(Quantity::ZERO, |level| level.quantity),
            outside_gone: Quantity::ZERO,
            queue: queue.map(|(_, queue)| queue),
            next: 0,
        })
    }
}

impl Iterator for Offers<'_> {
    type Item = Offer;

    fn next(&mut self) -> Option<Offer> {
        loop {
            if let Some(offer) = self.walk.as_mut().and_then(Walk::step) {
                return Some(offer);
            }
            self.walk = Some(self.enter()?);
        }
    }
}

#[cfg(test)]
mod tests {
    use banyan_core::ids::ClientOrderId;

    use super::*;

    fn key(n: u128) -> OrderKey {
        OrderKey { account: 0, client_id: ClientOrderId(n) }
    }

    fn level(price: i64, quantity: i64) -> Level {
        Level { price: Price(price), quantity: Quantity(quantity) }
    }

    fn walked(book: &Book, side: Side) -> Vec<(i64, i64, Option<u128>)> {
        let maker = |offer: &Offer| offer.maker.map(|key| key.client_id.0);
        book.offers(side).map(|offer| (offer.price.0, offer.quantity.0, maker(&offer))).collect()
    }

    #[test]
    fn outsiders_stand_before_orders_that_came_later_and_behind_those_that_came_before() {
        let mut book = Book::default();
        book.set_outside(&[level(100, 5)], &[level(101, 7)]);
        book.insert(Side::Buy, Price(100), key(1), Quantity(2));
        book.set_outside(&[level(100, 9)], &[level(101, 7)]);
        book.insert(Side::Buy, Price(100), key(2), Quantity(3));
        book.insert(Side::Buy, Price(99), key(3), Quantity(4));
        let expected = [
            (100, 5, None),
            (100, 2, Some(1)),
            (100, 4, None),
            (100, 3, Some(2)),
            (99, 4, Some(3)),
        ];
        assert_eq!(walked(&book, Side::Buy), expected);
        assert_eq!(book.top(Side::Buy), Some(level(100, 14)));
    }

    #[test]
    fn a_smaller_level_moves_the_queue_up() {
        let mut book = Book::default();
        book.set_outside(&[], &[level(101, 7), level(102, 5), level(103, 1)]);
        book.insert(Side::Sell, Price(101), key(1), Quantity(1));
        book.insert(Side::Sell, Price(102), key(2), Quantity(1));
        book.insert(Side::Sell, Price(103), key(3), Quantity(1));
        book.set_outside(&[], &[level(101, 3), level(103, 4)]);
        assert_eq!(book.front(Side::Sell, Price(101)).unwrap().ahead, Quantity(3));
        assert_eq!(book.front(Side::Sell, Price(102)).unwrap().ahead, Quantity(0));
        assert_eq!(book.front(Side::Sell, Price(103)).unwrap().ahead, Quantity(1));
        book.set_outside(&[], &[level(101, 3)]);
        assert_eq!(book.front(Side::Sell, Price(103)).unwrap().ahead, Quantity(1));
    }

    #[test]
    fn what_is_taken_is_gone() {
        let mut book = Book::default();
        book.set_outside(&[level(100, 5)], &[]);
        book.insert(Side::Buy, Price(100), key(1), Quantity(2));
        book.take_outside(Side::Buy, Quantity(4));
        assert_eq!(walked(&book, Side::Buy), [(100, 1, None), (100, 2, Some(1))]);
        book.take_outside(Side::Buy, Quantity(1));
        book.take_front(Side::Buy, Price(100), Quantity(2));
        assert_eq!(walked(&book, Side::Buy), []);
        assert_eq!(book.top(Side::Buy), None);
    }
}
