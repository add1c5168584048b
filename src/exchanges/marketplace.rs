//! One exchange as an engine process sees it, and the embedded exchange seen so.
//!
//! An engine reaches a venue through this port alone, whether the exchange lives in its own
//! process or at the other end of a wire. Knows nothing of how an exchange works.

use actix::prelude::*;
use banyan_core::ids::AccountId;
use banyan_core::instrument::Instruments;
use banyan_matching::exchange::AccountSettings as VenueAccount;

use super::{
    ConnectAccount, ConnectFeed, EmbeddedExchange, EmbeddedVenue, GetCandles, GetInstruments,
    LocalAnswer, MarketBatch, OpenAccount, ProcessId, Unreachable, Venue, VenueDelivery,
};

/// One exchange, seen by one engine process; used on the engine's own arbiter.
pub trait Marketplace {
    /// Connects an account and returns the way to it. Its messages go to `deliver_to`. An account
    /// that was connected before hears that its stream was interrupted.
    fn connect(&self, account: AccountId, deliver_to: Recipient<VenueDelivery>) -> Box<dyn Venue>;

    /// Connects the public feed; it begins with every instrument as it is now.
    fn connect_feed(&self, deliver_to: Recipient<MarketBatch>);

    /// Where closed candles of the past can be asked for.
    fn history(&self) -> Recipient<GetCandles>;

    /// Opens an account, or leaves it as it is if it is open. Durable when the answer is there.
    fn open_account(
        &self,
        account: AccountId,
        settings: VenueAccount,
    ) -> LocalAnswer<Result<(), Unreachable>>;

    /// What was listed when the engine process came to the exchange; later changes come by feed.
    fn instruments(&self) -> Instruments;
}

/// The embedded exchange, seen by one engine process.
#[derive(Debug, Clone)]
pub struct EmbeddedMarketplace {
    exchange: Addr<EmbeddedExchange>,
    process: ProcessId,
    instruments: Instruments,
}

impl EmbeddedMarketplace {
    /// The way of a process to an exchange that lists these instruments.
    #[must_use]
    pub fn new(
        exchange: Addr<EmbeddedExchange>,
        process: ProcessId,
        instruments: Instruments,
    ) -> Self {
        Self { exchange, process, instruments }
    }

    /// Comes to an exchange and asks what it lists.
    ///
    /// # Errors
    /// When the exchange is gone.
    pub async fn enter(
        exchange: Addr<EmbeddedExchange>,
        process: ProcessId,
    ) -> Result<Self, Unreachable> {
        let listed = exchange.send(GetInstruments).await;
        let instruments = listed.map_err(|_| Unreachable)?;
        Ok(Self { exchange, process, instruments })
    }

    /// The exchange itself.
    #[must_use]
    pub fn exchange(&self) -> &Addr<EmbeddedExchange> {
        &self.exchange
    }
}

impl Marketplace for EmbeddedMarketplace {
    fn connect(&self, account: AccountId, deliver_to: Recipient<VenueDelivery>) -> Box<dyn Venue> {
        let (exchange, process) = (self.exchange.clone(), self.process);
        exchange.do_send(ConnectAccount { account, process, deliver_to });
        Box::new(EmbeddedVenue { exchange, account, process })
    }

    fn connect_feed(&self, deliver_to: Recipient<MarketBatch>) {
        self.exchange.do_send(ConnectFeed { process: self.process, deliver_to });
    }

    fn history(&self) -> Recipient<GetCandles> {
        self.exchange.clone().recipient()
    }

    fn open_account(
        &self,
        account: AccountId,
        settings: VenueAccount,
    ) -> LocalAnswer<Result<(), Unreachable>> {
        let asked = self.exchange.send(OpenAccount { account, settings });
        Box::pin(async move { asked.await.unwrap_or(Err(Unreachable)) })
    }

    fn instruments(&self) -> Instruments {
        self.instruments.clone()
    }
}
