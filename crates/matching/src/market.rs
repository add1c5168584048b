//! The port behind which a market stands: recorded or synthetic, it tells what the outside does.
//!
//! A market knows nothing of accounts or of the exchange; it hands over one step after another in
//! the order of time. The exchange applies each step to its books and tells the world what came
//! of it.

use std::sync::Arc;

use banyan_core::instrument::{Instrument, InstrumentId, Instruments};
use banyan_core::market::Candle;
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::time::{Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

/// One price and how much stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Price.
    pub price: Price,
    /// Quantity; positive.
    pub quantity: Quantity,
}

/// What the outside does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MarketChange {
    /// The resting orders of outsiders are now these, best first on each side.
    Depth {
        /// Buyers, highest price first.
        bids: Vec<Level>,
        /// Sellers, lowest price first.
        asks: Vec<Level>,
    },
    /// An outsider sends an order that takes up to `quantity` at `limit` or better; what finds
    /// nobody is gone.
    Taker {
        /// Side of the order.
        side: Side,
        /// How much at most.
        quantity: Quantity,
        /// Worst price.
        limit: Price,
    },
    /// A trade that was recorded elsewhere: it is repeated to the public as it was. Resting orders
    /// of accounts priced better than it fill, those at its price after the queue before them;
    /// without a quantity all better ones fill, and none at the price itself.
    Print {
        /// Price.
        price: Price,
        /// Quantity; `None` when unknown and to be taken as unlimited.
        quantity: Option<Quantity>,
        /// Side of the order that took.
        aggressor: Side,
    },
    /// The mark price.
    Mark(Price),
    /// Funding is settled now at this rate.
    Funding(Rate),
    /// A candle was closed.
    CandleClosed {
        /// Its length.
        timeframe: Timeframe,
        /// The candle.
        candle: Candle,
    },
    /// Filters, tiers, fees or status change: a halt and a delisting come this way too.
    Instrument(Arc<Instrument>),
}

/// One step of a market.
#[derive(Debug, Clone, PartialEq)]
pub struct MarketStep {
    /// When, by the venue's clock.
    pub time: Timestamp,
    /// Where.
    pub instrument: InstrumentId,
    /// What.
    pub change: MarketChange,
}

/// A source of market steps, ordered by time.
pub trait Market: Send {
    /// What is listed at the start.
    fn instruments(&self) -> Instruments;

    /// When the next step is due; `None` at the end.
    fn next_at(&self) -> Option<Timestamp>;

    /// Takes the next step.
    fn next_step(&mut self) -> Option<MarketStep>;

    /// Returns up to `limit` closed candles of an instrument that ended before the first step,
    /// oldest first.
    fn history(&self, instrument: InstrumentId, timeframe: Timeframe, limit: usize) -> Vec<Candle>;

    /// The market as it is now, as bytes from which it can be made again; `None` when it cannot,
    /// as one that is read from files cannot.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }
}
