//! The conditional orders of one instrument, found by the mark that sets them off.
//!
//! Fixed triggers lie in two sorted maps (one waits for a rising mark, one for a falling), so that
//! a mark touches only those it sets off. Trailing stops are few and followed one by one.

use std::collections::BTreeMap;

use banyan_core::ids::VenueOrderId;
use banyan_core::money::{Price, Rate, Rounding};
use banyan_core::order::{OrderKind, OrderRequest, Side};
use serde::{Deserialize, Serialize};

use super::open_order::OrderKey;

/// A trailing stop and what it has seen.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Trailing {
    key: OrderKey,
    side: Side,
    callback: Rate,
    /// The mark to wait for; `None` once it was seen.
    activation: Option<Price>,
    /// Best mark since activation.
    best: Option<Price>,
}

/// Conditional orders that wait.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Triggers {
    rising: BTreeMap<(i64, VenueOrderId), OrderKey>,
    falling: BTreeMap<(i64, VenueOrderId), OrderKey>,
    trailing: Vec<Trailing>,
}

/// Says whether the trigger of this order waits for a rising mark: a stop to buy and a take-profit
/// to sell do.
fn waits_for_rise(request: &OrderRequest) -> bool {
    let stop = matches!(request.kind, OrderKind::StopMarket { .. });
    stop == (request.side == Side::Buy)
}

/// Says whether a conditional order would be set off by this mark at once.
pub(super) fn fires_at(request: &OrderRequest, mark: Price) -> bool {
    request.kind.trigger().is_some_and(|trigger| {
        if waits_for_rise(request) { mark >= trigger } else { mark <= trigger }
    })
}

impl Trailing {
    /// Says whether `price` is at least as good as `other` for the position that is protected.
    fn is_beyond(&self, price: Price, other: Price) -> bool {
        match self.side {
            Side::Sell => price >= other,
            Side::Buy => price <= other,
        }
    }

    fn follow(&mut self, mark: Price) {
        if self.activation.is_some_and(|wanted| !self.is_beyond(mark, wanted)) {
            return;
        }
        self.activation = None;
        if self.best.is_none_or(|best| self.is_beyond(mark, best)) {
            self.best = Some(mark);
        }
    }

    fn is_due(&self, mark: Price) -> bool {
        self.best.is_some_and(|best| match self.side {
            Side::Sell => mark <= best.times(Rate::ONE - self.callback, Rounding::Floor),
            Side::Buy => mark >= best.times(Rate::ONE + self.callback, Rounding::Ceiling),
        })
    }
}

impl Triggers {
    /// Takes in a conditional order; `mark` starts a trailing stop that needs no activation.
    pub(super) fn insert(
        &mut self,
        key: OrderKey,
        venue_id: VenueOrderId,
        request: &OrderRequest,
        mark: Option<Price>,
    ) {
        if let OrderKind::TrailingStop { callback, activation } = request.kind {
            let mut trailing =
                Trailing { key, side: request.side, callback, activation, best: None };
            if let Some(mark) = mark {
                trailing.follow(mark);
            }
            self.trailing.push(trailing);
        } else if let Some(trigger) = request.kind.trigger() {
            let (map, rank) = self.place(request, trigger);
            map.insert((rank, venue_id), key);
        }
    }

    /// Takes an order out.
    pub(super) fn remove(&mut self, key: OrderKey, venue_id: VenueOrderId, request: &OrderRequest) {
        match request.kind.trigger() {
            Some(trigger) => {
                let (map, rank) = self.place(request, trigger);
                map.remove(&(rank, venue_id));
            }
            None => self.trailing.retain(|trailing| trailing.key != key),
        }
    }

    fn place(
        &mut self,
        request: &OrderRequest,
        trigger: Price,
    ) -> (&mut BTreeMap<(i64, VenueOrderId), OrderKey>, i64) {
        if waits_for_rise(request) {
            (&mut self.rising, trigger.0)
        } else {
            (&mut self.falling, -trigger.0)
        }
    }

    /// Lets trailing stops see a mark.
    pub(super) fn follow(&mut self, mark: Price) {
        for trailing in &mut self.trailing {
            trailing.follow(mark);
        }
    }

    /// The next order that this mark sets off; the nearest trigger first, at one trigger the
    /// oldest.
    pub(super) fn next_due(&self, mark: Price) -> Option<OrderKey> {
        let due = |map: &BTreeMap<(i64, VenueOrderId), OrderKey>, rank: i64| {
            map.first_key_value().filter(|(at, _)| at.0 <= rank).map(|(_, key)| *key)
        };
        due(&self.rising, mark.0)
            .or_else(|| due(&self.falling, -mark.0))
            .or_else(|| self.trailing.iter().find(|it| it.is_due(mark)).map(|it| it.key))
    }
}
