//! Faults of instruments: what outsiders do becomes slivers, filters and status change.

use std::sync::Arc;

use banyan_core::instrument::{InstrumentId, TradingStatus};
use banyan_core::money::Quantity;
use banyan_core::time::Timestamp;

use super::listing::Listing;
use super::{Delivery, World};
use crate::faults::{Fault, OrderStateAtVenue, Target};
use crate::market::{Level, MarketChange, MarketStep};

/// The most steps of quantity that are left of what an outsider shows or takes.
const SLIVER_STEPS: usize = 3;

impl World {
    /// A step of the market as the faults on its instrument leave it.
    pub(super) fn alter(&mut self, step: MarketStep) -> MarketStep {
        if self.listings.is_empty() && self.dial.is_calm() {
            return step;
        }
        let instrument = step.instrument;
        let change = match step.change {
            MarketChange::Instrument(told) => {
                let version = self.version(instrument);
                MarketChange::Instrument(match self.listings.get_mut(&instrument) {
                    Some(listing) => {
                        listing.told = told;
                        Arc::new(listing.effective(version))
                    }
                    None => told,
                })
            }
            change if self.has_storm(instrument) => self.cut(instrument, change),
            change => change,
        };
        MarketStep { change, ..step }
    }

    pub(super) fn has_storm(&self, instrument: InstrumentId) -> bool {
        self.dial.window(Fault::PartialFillStorm, Target::Instrument(instrument)).is_some()
    }

    fn cut(&mut self, instrument: InstrumentId, change: MarketChange) -> MarketChange {
        match change {
            MarketChange::Depth { bids, asks } => MarketChange::Depth {
                bids: self.cut_levels(instrument, bids),
                asks: self.cut_levels(instrument, asks),
            },
            MarketChange::Taker { side, quantity, limit } => {
                let quantity = quantity.min(self.sliver(instrument));
                MarketChange::Taker { side, quantity, limit }
            }
            MarketChange::Print { price, quantity, aggressor } => {
                let sliver = self.sliver(instrument);
                let quantity = Some(quantity.map_or(sliver, |whole| whole.min(sliver)));
                MarketChange::Print { price, quantity, aggressor }
            }
            MarketChange::Mark(_)
            | MarketChange::Funding(_)
            | MarketChange::CandleClosed { .. }
            | MarketChange::Instrument(_) => change,
        }
    }

    fn cut_levels(&mut self, instrument: InstrumentId, mut levels: Vec<Level>) -> Vec<Level> {
        for level in &mut levels {
            level.quantity = level.quantity.min(self.sliver(instrument));
        }
        levels
    }

    /// A few steps of quantity.
    fn sliver(&mut self, instrument: InstrumentId) -> Quantity {
        let steps = 1 + self.dial.pick(SLIVER_STEPS) as i64;
        let step = self.exchange.instruments().get(instrument).map_or(1, |it| it.filters.step.0);
        Quantity(step * steps)
    }

    /// Halts an instrument or makes its filters coarser.
    pub(super) fn tighten(
        &mut self,
        fault: Fault,
        id: InstrumentId,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        if self.status(id) != Some(TradingStatus::Trading) {
            return;
        }
        let choice = self.dial.open(fault, Target::Instrument(id), at).choice;
        self.count_standing(fault, id, at);
        self.change_listing(id, at, deliveries, |listing| match fault {
            Fault::Halt => listing.is_halted = true,
            _ => listing.coarser = Some(choice),
        });
    }

    /// Takes back what [`Self::tighten`] did.
    pub(super) fn loosen(
        &mut self,
        fault: Fault,
        id: InstrumentId,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        if !self.is_open(id) {
            return;
        }
        self.change_listing(id, at, deliveries, |listing| match fault {
            Fault::Halt => listing.is_halted = false,
            _ => listing.coarser = None,
        });
    }

    /// Closes an instrument for ever, if none was closed before and another one is left.
    pub(super) fn delist(
        &mut self,
        id: InstrumentId,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        let is_second = self.listings.values().any(|listing| listing.is_delisted);
        if is_second || !self.is_open(id) || !self.has_open_beside(id) {
            return;
        }
        self.dial.disturbed(Fault::Delisting, Target::Instrument(id), at, Timestamp(i64::MAX));
        self.count_standing(Fault::Delisting, id, at);
        self.change_listing(id, at, deliveries, |listing| listing.is_delisted = true);
    }

    fn change_listing(
        &mut self,
        id: InstrumentId,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
        change: impl FnOnce(&mut Listing),
    ) {
        let Some(known) = self.exchange.instruments().get(id).cloned() else {
            return;
        };
        let version = known.filters.version;
        let listing = self.listings.entry(id).or_insert_with(|| Listing::new(known));
        change(listing);
        let effective = Arc::new(listing.effective(version));
        let change = MarketChange::Instrument(effective);
        self.exchange.step(&MarketStep { time: at, instrument: id, change }, &mut self.outputs);
        self.route(at, None, deliveries);
    }

    fn status(&self, id: InstrumentId) -> Option<TradingStatus> {
        self.exchange.instruments().get(id).map(|it| it.filters.status)
    }

    fn is_open(&self, id: InstrumentId) -> bool {
        self.status(id).is_some_and(|status| status != TradingStatus::Delisted)
    }

    fn has_open_beside(&self, id: InstrumentId) -> bool {
        self.exchange.instruments().iter().any(|it| it.id != id && self.is_open(it.id))
    }

    fn version(&self, id: InstrumentId) -> u32 {
        self.exchange.instruments().get(id).map_or(0, |it| it.filters.version)
    }

    /// Counts a fault for each order that rests on an instrument, or once when none does.
    fn count_standing(&mut self, fault: Fault, id: InstrumentId, at: Timestamp) {
        let snapshots =
            self.links.keys().filter_map(|account| self.exchange.snapshot(*account, at, at));
        let orders = snapshots.flat_map(|snapshot| snapshot.open_orders);
        let states: Vec<_> = orders
            .filter(|order| order.request.instrument == id)
            .map(|order| OrderStateAtVenue::of(Some(&order)))
            .collect();
        if states.is_empty() {
            self.dial.count(fault, None);
        }
        for state in states {
            self.dial.count(fault, Some(state));
        }
    }
}
