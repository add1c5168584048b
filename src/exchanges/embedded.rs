//! The embedded exchange as an actor: lets its world happen in engine time.
//!
//! It outlives the engines that trade on it: each engine process connects its accounts under a
//! process id, and calls of a process that was disconnected are ignored, as those of a dead
//! process would be. The market waits for nobody; under paused time it moves on only when every
//! effect of what it did last has been carried out.

use std::sync::Arc;

use actix::prelude::*;
use banyan_core::ids::AccountId;
use banyan_core::instrument::{InstrumentId, Instruments};
use banyan_core::market::{Candle, MarketData, MarketEvent};
use banyan_core::time::{Timeframe, Timestamp};
use banyan_core::venue::VenueCommand;
use banyan_matching::exchange::AccountSettings as VenueAccount;
use banyan_matching::world::{Delivery, World};
use indexmap::IndexMap;

use super::{CandleHistory, MarketBatch, Venue, VenueDelivery};
use crate::clock::Clock;

/// Which engine process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub u64);

/// Watches what passes the exchange; for proofs.
pub trait Observer {
    /// A command arrived from a living process.
    fn called(&mut self, account: AccountId, command: &VenueCommand, now: Timestamp);
    /// Something is delivered to an account.
    fn delivered(&mut self, account: AccountId, message: &banyan_core::venue::VenueMessage);
}

/// The exchange.
pub struct EmbeddedExchange {
    world: World,
    clock: Clock,
    accounts: IndexMap<AccountId, (ProcessId, Recipient<VenueDelivery>)>,
    feed: Option<(ProcessId, Recipient<MarketBatch>)>,
    candles: CandleHistory,
    observer: Option<Box<dyn Observer>>,
    timer: Option<(Timestamp, SpawnHandle)>,
    deliveries: Vec<Delivery>,
}

/// Connects an account of an engine process.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectAccount {
    /// Which account.
    pub account: AccountId,
    /// Which process.
    pub process: ProcessId,
    /// Where its messages go.
    pub deliver_to: Recipient<VenueDelivery>,
}

/// Connects the market feed of an engine process.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectFeed {
    /// Which process.
    pub process: ProcessId,
    /// Where market data goes.
    pub deliver_to: Recipient<MarketBatch>,
}

/// An engine process is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Disconnect(pub ProcessId);

/// Asks for the newest closed candles, oldest first.
#[derive(Message)]
#[rtype(result = "Vec<Candle>")]
pub struct GetCandles {
    /// Where.
    pub instrument: InstrumentId,
    /// Their length.
    pub timeframe: Timeframe,
    /// How many at most.
    pub limit: usize,
}

/// Asks what is listed, as it is now.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Instruments")]
pub struct GetInstruments;

/// Opens an account and connects it; one that is open already stays as it is. Answered when the
/// exchange will not forget it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct OpenAccount {
    /// Which account.
    pub account: AccountId,
    /// How it trades and what it starts with.
    pub settings: VenueAccount,
}

/// A look into the world, at engine time.
type Look = Box<dyn FnOnce(&mut World, Timestamp) + Send>;

/// Looks into, or meddles with, the world; for reports, proofs and administration.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Inspect(pub Look);

#[derive(Message)]
#[rtype(result = "()")]
struct Call {
    account: AccountId,
    process: ProcessId,
    command: VenueCommand,
}

impl EmbeddedExchange {
    /// An exchange over a world.
    #[must_use]
    pub fn new(world: World, clock: Clock, observer: Option<Box<dyn Observer>>) -> Self {
        Self {
            world,
            clock,
            accounts: IndexMap::new(),
            feed: None,
            candles: CandleHistory::default(),
            observer,
            timer: None,
            deliveries: Vec::new(),
        }
    }

    /// Lets happen what is due, hands it out, and waits for what comes next.
    fn advance(&mut self, ctx: &mut Context<Self>) {
        let mut deliveries = std::mem::take(&mut self.deliveries);
        self.world.advance(self.clock.now(), &mut deliveries);
        let mut batch = Vec::new();
        for delivery in deliveries.drain(..) {
            match delivery {
                Delivery::Market(event) => {
                    self.candles.push(&event);
                    batch.push(event);
                }
                Delivery::Account { account, message } => {
                    self.publish(&mut batch);
                    if let Some(observer) = &mut self.observer {
                        observer.delivered(account, &message);
                    }
                    if let Some((_, deliver_to)) = self.accounts.get(&account) {
                        deliver_to.do_send(VenueDelivery(message));
                    }
                }
            }
        }
        self.publish(&mut batch);
        self.deliveries = deliveries;
        self.wait(ctx);
    }

    fn publish(&self, batch: &mut Vec<MarketEvent>) {
        if batch.is_empty() {
            return;
        }
        let events = std::mem::take(batch);
        if let Some((_, deliver_to)) = &self.feed {
            deliver_to.do_send(MarketBatch(Arc::new(events)));
        }
    }

    fn wait(&mut self, ctx: &mut Context<Self>) {
        let next = self.world.next_event_at();
        if self.timer.map(|(at, _)| at) == next {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        if let Some(at) = next {
            let handle = ctx.run_later(self.clock.wait_until(at), |exchange, ctx| {
                exchange.timer = None;
                exchange.advance(ctx);
            });
            self.timer = Some((at, handle));
        }
    }

    fn history(&self, ask: &GetCandles) -> Vec<Candle> {
        let recent = self.candles.latest(ask.instrument, ask.timeframe, ask.limit);
        let missing = ask.limit.saturating_sub(recent.len());
        let mut candles = self.world.market().history(ask.instrument, ask.timeframe, missing);
        candles.extend(recent);
        candles
    }
}

impl Actor for EmbeddedExchange {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Commands of many accounts and workers may come at once; none may be lost here.
        ctx.set_mailbox_capacity(4_096);
        self.wait(ctx);
    }
}

impl Handler<Call> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, call: Call, ctx: &mut Self::Context) {
        let alive = self.accounts.get(&call.account).map(|(process, _)| *process);
        if alive != Some(call.process) {
            return;
        }
        let now = self.clock.now();
        if let Some(observer) = &mut self.observer {
            observer.called(call.account, &call.command, now);
        }
        self.world.submit(call.account, call.command, now);
        self.wait(ctx);
    }
}

impl Handler<ConnectAccount> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, connect: ConnectAccount, ctx: &mut Self::Context) {
        self.world.connect(connect.account, self.clock.now());
        self.accounts.insert(connect.account, (connect.process, connect.deliver_to));
        self.wait(ctx);
    }
}

impl Handler<ConnectFeed> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, connect: ConnectFeed, _: &mut Self::Context) {
        self.feed = Some((connect.process, connect.deliver_to));
        // Filters may have changed while nobody listened.
        let now = self.clock.now();
        let listed = self.world.exchange().instruments().iter();
        let mut batch = listed
            .map(|it| MarketEvent {
                time: now,
                instrument: it.id,
                data: MarketData::InstrumentChanged(it.clone()),
            })
            .collect();
        self.publish(&mut batch);
    }
}

impl Handler<Disconnect> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, Disconnect(process): Disconnect, ctx: &mut Self::Context) {
        let gone: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, (connected, _))| *connected == process)
            .map(|(account, _)| *account)
            .collect();
        for account in gone {
            self.accounts.shift_remove(&account);
            self.world.disconnect(account);
        }
        self.feed.take_if(|(connected, _)| *connected == process);
        self.wait(ctx);
    }
}

impl Handler<GetCandles> for EmbeddedExchange {
    type Result = MessageResult<GetCandles>;

    fn handle(&mut self, ask: GetCandles, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.history(&ask))
    }
}

impl Handler<GetInstruments> for EmbeddedExchange {
    type Result = MessageResult<GetInstruments>;

    fn handle(&mut self, _: GetInstruments, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.world.exchange().instruments().clone())
    }
}

impl Handler<OpenAccount> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, open: OpenAccount, ctx: &mut Self::Context) {
        self.world.open_account(open.account, open.settings);
        self.wait(ctx);
    }
}

impl Handler<Inspect> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, Inspect(look): Inspect, ctx: &mut Self::Context) {
        look(&mut self.world, self.clock.now());
        self.wait(ctx);
    }
}

/// One account's way to the embedded exchange, for one engine process.
pub struct EmbeddedVenue {
    /// The exchange.
    pub exchange: Addr<EmbeddedExchange>,
    /// The account.
    pub account: AccountId,
    /// The process.
    pub process: ProcessId,
}

impl Venue for EmbeddedVenue {
    fn call(&self, command: VenueCommand) {
        // Within one process the mailbox is the network: what it takes arrives.
        self.exchange.do_send(Call { account: self.account, process: self.process, command });
    }
}
