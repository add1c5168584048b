//! The way of a public event: published, under way, shown or kept back.

use std::collections::BTreeMap;
use std::mem::discriminant;

use banyan_core::instrument::InstrumentId;
use banyan_core::market::{MarketData, MarketEvent};
use banyan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Delivery, Event, World};

/// The state of the public feed.
#[derive(Serialize, Deserialize)]
pub(super) struct Feed {
    /// No event is delivered before the one that was published before it.
    floor: Timestamp,
    /// What silent instruments have to tell, oldest first.
    held: BTreeMap<InstrumentId, Vec<MarketEvent>>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { floor: Timestamp(i64::MIN), held: BTreeMap::new() }
    }
}

impl World {
    /// The exchange tells the public.
    pub(super) fn publish(
        &mut self,
        event: MarketEvent,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        if self.delays.is_feed_immediate() {
            self.show(event, deliveries);
            return;
        }
        self.feed.floor = self.feed.floor.max(at + self.delays.feed());
        self.queue.push(self.feed.floor, Event::Market(event));
    }

    /// Hands out an event that is due, unless the feed of its instrument is silent.
    pub(super) fn show(&mut self, event: MarketEvent, deliveries: &mut Vec<Delivery>) {
        let silence = if self.dial.is_calm() { None } else { self.dial.silence(event.instrument) };
        let Some(fault) = silence else {
            deliveries.push(Delivery::Market(event));
            return;
        };
        self.dial.count(fault, None);
        self.withhold(event);
    }

    /// Trades are lost, of quotes and marks the newest is kept, the rest waits.
    fn withhold(&mut self, event: MarketEvent) {
        let held = self.feed.held.entry(event.instrument).or_default();
        match event.data {
            MarketData::Trade { .. } => return,
            MarketData::BookTop { .. } | MarketData::Mark(_) => {
                held.retain(|older| discriminant(&older.data) != discriminant(&event.data));
            }
            MarketData::CandleClosed { .. }
            | MarketData::Funding(_)
            | MarketData::InstrumentChanged(_) => {}
        }
        held.push(event);
    }

    /// Hands out what instruments that are silent no longer have to tell.
    pub(super) fn resume_feed(&mut self, deliveries: &mut Vec<Delivery>) {
        let dial = &self.dial;
        self.feed.held.retain(|instrument, held| {
            let is_silent = dial.silence(*instrument).is_some();
            if !is_silent {
                deliveries.extend(held.drain(..).map(Delivery::Market));
            }
            is_silent
        });
    }
}
