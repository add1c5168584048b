//! The latest known state of each market: what risk review, valuation and guards look at.

use serde::{Deserialize, Serialize};

use super::{MarketData, MarketEvent};
use crate::instrument::InstrumentId;
use crate::money::Price;
use crate::order::Side;
use crate::time::{Span, Timestamp};

/// The latest prices of one instrument; `None` until first seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketView {
    /// Best bid.
    pub bid: Option<Price>,
    /// Best ask.
    pub ask: Option<Price>,
    /// Last trade or candle close.
    pub last: Option<Price>,
    /// Mark price of the venue.
    pub mark: Option<Price>,
    /// When anything was last heard, by the venue's clock.
    pub time: Option<Timestamp>,
}

impl MarketView {
    /// Takes in an event.
    pub fn apply(&mut self, time: Timestamp, data: &MarketData) {
        match data {
            MarketData::Trade { price, .. } => self.last = Some(*price),
            MarketData::BookTop { bid, bid_size, ask, ask_size } => {
                self.bid = bid_size.is_positive().then_some(*bid);
                self.ask = ask_size.is_positive().then_some(*ask);
            }
            MarketData::Mark(price) => self.mark = Some(*price),
            MarketData::CandleClosed { candle, .. } => self.last = Some(candle.close),
            MarketData::Funding(_) | MarketData::InstrumentChanged(_) => return,
        }
        self.time = self.time.max(Some(time));
    }

    /// The price by which positions are valued: the mark, else the middle, else the last.
    #[must_use]
    pub fn valuation(&self) -> Option<Price> {
        self.mark.or_else(|| self.middle()).or(self.last)
    }

    /// Half way between bid and ask, rounded down.
    #[must_use]
    pub fn middle(&self) -> Option<Price> {
        Some(Price(i64::midpoint(self.bid?.0, self.ask?.0)))
    }

    /// The price at which an order of `side` would take: the opposite best, else the last.
    #[must_use]
    pub fn taking(&self, side: Side) -> Option<Price> {
        match side {
            Side::Buy => self.ask,
            Side::Sell => self.bid,
        }
        .or_else(|| self.last.or(self.mark))
    }

    /// Says whether nothing was heard for longer than `limit`.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp, limit: Span) -> bool {
        self.time.is_none_or(|time| now - time > limit)
    }
}

/// The views of all instruments of a venue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketViews(Vec<MarketView>);

impl MarketViews {
    /// Takes in an event.
    pub fn apply(&mut self, event: &MarketEvent) {
        let index = event.instrument.0 as usize;
        if index >= self.0.len() {
            self.0.resize(index + 1, MarketView::default());
        }
        self.0[index].apply(event.time, &event.data);
    }

    /// The view of one instrument; empty when nothing was heard of it.
    #[must_use]
    pub fn get(&self, instrument: InstrumentId) -> MarketView {
        self.0.get(instrument.0 as usize).copied().unwrap_or_default()
    }
}
