//! The venue port, and the venues behind it.
//!
//! An account hands commands to a `Venue` and gets `VenueDelivery` messages back; market data comes
//! as `MarketBatch`. Nothing here knows the actors that use it.

mod candles;
mod embedded;
mod marketplace;
mod settings;

use std::sync::Arc;

use actix::Message;
use banyan_core::market::{Candle, MarketEvent};
use banyan_core::venue::{VenueCommand, VenueMessage};

pub use candles::CandleHistory;
pub use embedded::{
    ConnectAccount, ConnectFeed, Disconnect, EmbeddedExchange, EmbeddedVenue, GetCandles,
    GetInstruments, Inspect, Observer, OpenAccount, ProcessId,
};
pub use marketplace::{EmbeddedMarketplace, LocalAnswer, Marketplace, OpenError};
pub use settings::PaperSettings;

/// One account's way to its venue. A call never waits; answers come as deliveries.
pub trait Venue {
    /// Hands over a command.
    fn call(&self, command: VenueCommand);
}

/// A message of the venue to one account.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct VenueDelivery(pub VenueMessage);

/// Market events that came together, in order.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct MarketBatch(pub Arc<Vec<MarketEvent>>);

/// Closed candles, oldest first.
pub type Candles = Vec<Candle>;
