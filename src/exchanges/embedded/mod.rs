//! The embedded exchange as an actor: lets its world happen in engine time.
//!
//! It outlives the engines that trade on it: each engine process connects its accounts under a
//! process id, and calls of a process that was disconnected are ignored, as those of a dead
//! process would be. The market waits for nobody; under paused time it moves on only when every
//! effect of what it did last has been carried out.
//!
//! With a memory it survives its own process too: what follows from an input is told only when the
//! input is durable, so that a world made again never contradicts what was told.

mod file;
mod log;
mod messages;
mod open;
mod outbox;

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use banyan_core::ids::AccountId;
use banyan_core::market::{Candle, MarketEvent};
use banyan_core::time::Timestamp;
use banyan_core::venue::{VenueCommand, VenueMessage};
use banyan_matching::world::{Delivery, Input, World};
use indexmap::IndexMap;
use tokio::sync::oneshot;

use self::outbox::{Outbox, Saying};
use super::{CandleHistory, MarketBatch, Unreachable, Venue, VenueDelivery};
use crate::clock::Clock;

pub use file::{ExchangeFile, ExchangeFileError};
pub use log::{Checkpoint, Group, InputLog, InputStore, KeptInput};
pub use messages::{
    Call, ConnectAccount, ConnectFeed, Disconnect, GetCandles, GetInstruments, InjectFault,
    Inspect, OpenAccount, ProcessId, SaveExchange, SetFaults,
};
pub use open::{PaperSettings, launch_paper, open_paper};

/// Pause before a write that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Watches what passes the exchange; for proofs.
pub trait Observer {
    /// A command arrived from a living process.
    fn called(&mut self, account: AccountId, command: &VenueCommand, now: Timestamp);
    /// Something is delivered to an account.
    fn delivered(&mut self, account: AccountId, message: &VenueMessage);
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
    outbox: Outbox,
    log: Option<InputLog>,
}

/// The answer to a wish, when it will not be forgotten.
type Durable = ResponseFuture<Result<(), Unreachable>>;

impl EmbeddedExchange {
    /// An exchange over a world, without a memory.
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
            outbox: Outbox::default(),
            log: None,
        }
    }

    /// The exchange with a memory, and the candles it remembers.
    #[must_use]
    pub fn remembering(self, log: InputLog, candles: CandleHistory) -> Self {
        Self { log: Some(log), candles, ..self }
    }

    /// Engine time. It never goes back behind the world; and while too much waits for a memory
    /// that does not write, it stands still.
    fn now(&self) -> Timestamp {
        let (now, reached) = (self.clock.now(), self.world.clock());
        if self.outbox.is_full() { reached } else { now.max(reached) }
    }

    /// Lets happen what is due, hands it out, and waits for what comes next.
    fn advance(&mut self, ctx: &mut Context<Self>) {
        let mut deliveries = std::mem::take(&mut self.deliveries);
        self.world.advance(self.now(), &mut deliveries);
        self.put_out(&mut deliveries);
        self.deliveries = deliveries;
        self.go_on(ctx);
    }

    /// Lets the world take in an input.
    ///
    /// Only a world with a memory is brought up to the moment before, as the one that is made
    /// again will be; without one the order within a moment stays that of arrival.
    fn take(&mut self, input: Input, ctx: &mut Context<Self>) {
        let now = self.now();
        let mut deliveries = std::mem::take(&mut self.deliveries);
        if self.log.is_some() {
            self.world.advance(now, &mut deliveries);
            self.put_out(&mut deliveries);
        }
        if let Some(log) = &mut self.log {
            log.push(now, input.clone());
        }
        self.world.apply(input, now);
        self.deliveries = deliveries;
        self.go_on(ctx);
    }

    /// What is to be done after each call.
    fn go_on(&mut self, ctx: &mut Context<Self>) {
        self.hand_out();
        self.write(ctx);
        self.wait(ctx);
    }

    /// Puts what the world delivers into the outbox.
    fn put_out(&mut self, deliveries: &mut Vec<Delivery>) {
        for delivery in deliveries.drain(..) {
            match delivery {
                Delivery::Market(event) => {
                    self.candles.push(&event);
                    let after = self.log.as_ref().map_or(0, InputLog::number);
                    self.outbox.push(after, Saying::Market(event));
                }
                Delivery::Account { account, message } => {
                    let reached = self.world.clock();
                    let after = self.log.as_mut().map_or(0, |log| log.cover(reached));
                    let process = self.accounts.get(&account).map(|(process, _)| *process);
                    self.outbox.push(after, Saying::Account { account, process, message });
                }
            }
        }
    }

    /// Hands out what may leave.
    fn hand_out(&mut self) {
        let durable = self.log.as_ref().map_or(u64::MAX, InputLog::durable);
        let mut batch = Vec::new();
        while let Some(saying) = self.outbox.pop(durable) {
            match saying {
                Saying::Market(event) => batch.push(event),
                Saying::Account { account, process, message } => {
                    self.publish(&mut batch);
                    self.deliver(account, process, message);
                }
                Saying::Done(waiting) => {
                    let _ = waiting.send(());
                }
            }
        }
        self.publish(&mut batch);
    }

    fn deliver(&mut self, account: AccountId, process: Option<ProcessId>, message: VenueMessage) {
        if let Some(observer) = &mut self.observer {
            observer.delivered(account, &message);
        }
        if let Some((connected, deliver_to)) = self.accounts.get(&account)
            && Some(*connected) == process
        {
            deliver_to.do_send(VenueDelivery(message));
        }
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

    /// Writes what has gathered, unless a write is under way.
    fn write(&mut self, ctx: &mut Context<Self>) {
        let Some(log) = &mut self.log else {
            return;
        };
        if let Some(group) = log.next_group(&self.world, &self.candles) {
            self.commit(group, ctx);
        }
    }

    fn commit(&mut self, group: Arc<Group>, ctx: &mut Context<Self>) {
        let Some(log) = &self.log else {
            return;
        };
        let written = log.commit(group.clone()).into_actor(self);
        ctx.spawn(written.map(move |outcome, exchange, ctx| {
            let Some(log) = &mut exchange.log else {
                return;
            };
            match outcome {
                Ok(()) => {
                    log.committed(&group);
                    exchange.go_on(ctx);
                }
                Err(error) => {
                    log.failed(&error);
                    ctx.run_later(RETRY_AFTER, |exchange, ctx| exchange.commit(group, ctx));
                }
            }
        }));
    }

    fn wait(&mut self, ctx: &mut Context<Self>) {
        let next = self.world.next_event_at().filter(|_| !self.outbox.is_full());
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

    /// Takes in a wish; the answer comes when it is durable.
    fn wish(&mut self, input: Option<Input>, ctx: &mut Context<Self>) -> Durable {
        let (waiting, done) = oneshot::channel();
        if let Some(input) = input {
            self.take(input, ctx);
        }
        let after = self.log.as_ref().map_or(0, InputLog::number);
        self.outbox.push(after, Saying::Done(waiting));
        self.go_on(ctx);
        Box::pin(async move { done.await.map_err(|_| Unreachable) })
    }

    /// The newest closed candles: those of the market's own past stand before what was heard,
    /// unless something between them was forgotten. Where the market began within a candle, that
    /// one may be missing.
    fn history(&self, ask: &GetCandles) -> Vec<Candle> {
        let recent = self.candles.latest(ask.instrument, ask.timeframe, ask.limit);
        let missing = ask.limit.saturating_sub(recent.len());
        if missing == 0 {
            return recent;
        }
        let mut past = self.world.market().history(ask.instrument, ask.timeframe, ask.limit);
        let Some(first) = recent.first().map(|candle| candle.open_time) else {
            return past;
        };
        past.retain(|candle| candle.open_time < first);
        let span = ask.timeframe.span();
        if past.last().is_some_and(|last| first > last.open_time + span + span) {
            return recent;
        }
        let mut candles = past.split_off(past.len().saturating_sub(missing));
        candles.extend(recent);
        candles
    }
}

impl Actor for EmbeddedExchange {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Commands of many accounts and workers may come at once; none may be lost here.
        ctx.set_mailbox_capacity(4_096);
        if self.log.is_some() {
            // Whoever was connected to the process before this one is so no more.
            let gone: Vec<_> = self.world.connected().collect();
            for account in gone {
                self.take(Input::Disconnect(account), ctx);
            }
        }
        self.wait(ctx);
    }
}

impl Handler<Call> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, call: Call, ctx: &mut Self::Context) {
        let Call { account, process, command } = call;
        if self.accounts.get(&account).map(|(connected, _)| *connected) != Some(process) {
            return;
        }
        let now = self.clock.now();
        if let Some(observer) = &mut self.observer {
            observer.called(account, &command, now);
        }
        self.take(Input::Submit { account, command }, ctx);
    }
}

impl Handler<ConnectAccount> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, connect: ConnectAccount, ctx: &mut Self::Context) {
        let ConnectAccount { account, process, deliver_to } = connect;
        let before = self.accounts.insert(account, (process, deliver_to));
        if before.is_some_and(|(connected, _)| connected != process) {
            self.take(Input::Disconnect(account), ctx);
        }
        self.take(Input::Connect(account), ctx);
    }
}

impl Handler<ConnectFeed> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, connect: ConnectFeed, ctx: &mut Self::Context) {
        self.feed = Some((connect.process, connect.deliver_to));
        // Filters and prices may have changed while nobody listened.
        let after = self.log.as_ref().map_or(0, InputLog::number);
        for event in self.world.exchange().standing() {
            self.outbox.push(after, Saying::Market(event));
        }
        self.go_on(ctx);
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
            self.take(Input::Disconnect(account), ctx);
        }
        self.feed.take_if(|(connected, _)| *connected == process);
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
    type Result = Durable;

    fn handle(&mut self, open: OpenAccount, ctx: &mut Self::Context) -> Durable {
        let OpenAccount { account, settings } = open;
        let is_open = self.world.exchange().has_account(account);
        let settings = Box::new(settings);
        self.wish((!is_open).then_some(Input::OpenAccount { account, settings }), ctx)
    }
}

impl Handler<SetFaults> for EmbeddedExchange {
    type Result = Durable;

    fn handle(&mut self, SetFaults(settings): SetFaults, ctx: &mut Self::Context) -> Durable {
        self.wish(Some(Input::SetFaults(settings)), ctx)
    }
}

impl Handler<InjectFault> for EmbeddedExchange {
    type Result = Durable;

    fn handle(&mut self, inject: InjectFault, ctx: &mut Self::Context) -> Durable {
        let InjectFault { fault, target } = inject;
        self.wish(Some(Input::Inject { fault, target }), ctx)
    }
}

impl Handler<SaveExchange> for EmbeddedExchange {
    type Result = Durable;

    fn handle(&mut self, _: SaveExchange, ctx: &mut Self::Context) -> Durable {
        if let Some(log) = &mut self.log {
            log.want_checkpoint();
        }
        self.wish(Some(Input::Seen), ctx)
    }
}

impl Handler<Inspect> for EmbeddedExchange {
    type Result = ();

    fn handle(&mut self, Inspect(look): Inspect, _: &mut Self::Context) {
        look(&self.world, self.clock.now());
    }
}

/// One account's way to the embedded exchange, for one engine process.
#[derive(Debug, Clone)]
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
