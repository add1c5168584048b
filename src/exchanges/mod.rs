//! The venue port, and the venues behind it.
//!
//! An account hands commands to a `Venue` and gets `VenueDelivery` messages back; market data comes
//! as `MarketBatch`. Nothing here knows the actors that use it.

mod candles;
mod embedded;
mod marketplace;
mod settings;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix::Message;
use banyan_core::market::{Candle, MarketEvent};
use banyan_core::venue::{VenueCommand, VenueMessage};

pub use candles::CandleHistory;
pub use embedded::{
    Call, Checkpoint, ConnectAccount, ConnectFeed, Disconnect, EmbeddedExchange, EmbeddedVenue,
    ExchangeFile, ExchangeFileError, GetCandles, GetInstruments, Group, InjectFault, InputLog,
    InputStore, Inspect, KeptInput, Observer, OpenAccount, PaperSettings, ProcessId, SaveExchange,
    SetFaults, launch_paper, open_paper,
};
pub use marketplace::{EmbeddedMarketplace, Marketplace};
pub use settings::PaperExchangeSettings;

/// An answer that comes later, on the thread that asked.
pub type LocalAnswer<T> = Pin<Box<dyn Future<Output = T>>>;

/// The exchange is not there, or went away before it answered. What was asked for may have
/// happened; to ask again is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the exchange cannot be reached")]
pub struct Unreachable;

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
