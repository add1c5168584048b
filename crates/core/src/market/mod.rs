//! Market data as domain values: trades, book tops, marks, candles, funding.
//!
//! Knows nothing of where they come from.

mod resample;
mod view;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use resample::Resampler;
pub use view::{MarketView, MarketViews};

use crate::instrument::{Instrument, InstrumentId};
use crate::money::{Price, Quantity, Rate};
use crate::order::Side;
use crate::time::{Timeframe, Timestamp};

/// Open, high, low, close and base volume of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candle {
    /// When the period began.
    pub open_time: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Volume as the source counts it, at the instrument's quantity decimals.
    pub volume: Quantity,
}

/// What happened in the market of one instrument.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MarketData {
    /// A public trade.
    Trade {
        /// Price.
        price: Price,
        /// Quantity.
        quantity: Quantity,
        /// Side of the order that took.
        aggressor: Side,
    },
    /// The best bid and ask changed; a zero size means that the side is empty.
    BookTop {
        /// Best bid.
        bid: Price,
        /// Quantity at the best bid.
        bid_size: Quantity,
        /// Best ask.
        ask: Price,
        /// Quantity at the best ask.
        ask_size: Quantity,
    },
    /// The mark price, by which margin is computed.
    Mark(Price),
    /// A candle was closed.
    CandleClosed {
        /// Its length.
        timeframe: Timeframe,
        /// The candle.
        candle: Candle,
    },
    /// Funding was settled at this rate; longs pay shorts when it is positive.
    Funding(Rate),
    /// Filters, tiers, fees or status changed.
    InstrumentChanged(Arc<Instrument>),
}

/// One market event: what, where, and when by the venue's clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarketEvent {
    /// The venue's time.
    pub time: Timestamp,
    /// The instrument.
    pub instrument: InstrumentId,
    /// What happened.
    pub data: MarketData,
}
