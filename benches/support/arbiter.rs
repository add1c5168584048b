//! An engine of actors on one thread: the tree as it runs, between a feed that the bench plays, a
//! venue that answers at once, and a journal that is durable at once and tells when an order
//! reached it.
//!
//! Knows nothing of what is measured beyond that moment.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use actix::prelude::*;
use banyan::actors::{
    AccountPorts, Engine, EnginePorts, GetStatus, OnWorker, StartAccount, WorkerSpec, WorkerState,
};
use banyan::clock::Clock;
use banyan::exchanges::{
    GetCandles, LocalAnswer, MarketBatch, Marketplace, Unreachable, Venue, VenueDelivery,
};
use banyan::store::{Batch, Journal, JournalError, LocalFuture, Memory, Room};
use banyan::telemetry::EventLog;
use banyan_core::ids::AccountId;
use banyan_core::instrument::Instruments;
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::market::{Candle, MarketEvent};
use banyan_core::terms::StopPolicy;
use banyan_core::venue::{VenueCommand, VenueMessage};

use super::{fixtures, samples};

/// When orders reached the journal, and how many fills did.
#[derive(Default)]
pub(crate) struct Watch {
    planned: Cell<Option<Instant>>,
    fills: Cell<u64>,
}

impl Watch {
    /// When the latest order reached the journal; told once.
    pub(crate) fn take_planned(&self) -> Option<Instant> {
        self.planned.take()
    }

    pub(crate) fn fills(&self) -> u64 {
        self.fills.get()
    }
}

/// The running engine.
pub(crate) struct Arbiter {
    pub(crate) clock: Clock,
    pub(crate) feed: Recipient<MarketBatch>,
    pub(crate) watch: Rc<Watch>,
    engine: Addr<Engine>,
}

impl Arbiter {
    /// Starts the tree with one account and one worker, and waits until the worker trades.
    pub(crate) async fn start() -> Self {
        let (clock, watch) = (Clock::starting_at(fixtures::START), Rc::new(Watch::default()));
        let market = Rc::new(MarketAtHand { clock, feed: RefCell::default() });
        let engine = Engine::launch(EnginePorts {
            accounts: AccountPorts {
                clock,
                venue: market.clone(),
                prepare: None,
                reports: None,
                allow_live: false,
            },
            journal: Box::new(JournalAtHand(Rc::clone(&watch))),
            log: EventLog::default(),
            seed: 1,
            vitals: Arc::default(),
            on_fenced: None,
            keep_report: None,
            meters: Arc::default(),
            models: Box::new(banyan::llm::NobodyToAsk),
        });
        let feed = market.feed.take().expect("an engine connects its feed when it starts");
        engine.do_send(StartAccount(fixtures::account_settings()));
        engine.do_send(OnWorker::Start(Box::new(worker())));
        let arbiter = Self { clock, feed, watch, engine };
        arbiter.wait_for_worker().await;
        arbiter.play(fixtures::first_prices(clock.now()).to_vec());
        arbiter.idle().await;
        arbiter
    }

    async fn wait_for_worker(&self) {
        loop {
            let status = self.engine.send(GetStatus(Vec::new())).await.expect("the engine lives");
            if status.workers.iter().any(|(it, _)| it.state == WorkerState::Running) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn play(&self, events: Vec<MarketEvent>) {
        self.feed.do_send(MarketBatch(Arc::new(events)));
    }

    /// Waits until every actor has done what it had to do: the runtime comes back to a task that
    /// yields only after all others that are ready, and the longest chain of messages is shorter
    /// than the number of turns.
    pub(crate) async fn idle(&self) {
        for _ in 0..32 {
            tokio::task::yield_now().await;
        }
    }
}

fn worker() -> WorkerSpec {
    WorkerSpec {
        worker: fixtures::WORKER,
        owner: fixtures::account_settings().tenant,
        account: fixtures::ACCOUNT,
        config: fixtures::strategy_config(),
        terms: fixtures::worker_terms(),
        on_stop: StopPolicy::Keep,
    }
}

struct VenueAtHand {
    clock: Clock,
    venue: RefCell<fixtures::InstantVenue>,
    deliver_to: Recipient<VenueDelivery>,
}

impl Venue for VenueAtHand {
    fn call(&self, command: VenueCommand) {
        let time = self.clock.now();
        for report in self.venue.borrow_mut().answer(&command, time) {
            self.deliver_to.do_send(VenueDelivery(VenueMessage { time, report }));
        }
    }
}

/// Keeps nothing: it only looks at what comes.
struct JournalAtHand(Rc<Watch>);

impl JournalAtHand {
    fn look_at(&self, record: &Record) {
        match record.event {
            AccountEvent::OrderPlanned(_) => self.0.planned.set(Some(samples::now())),
            AccountEvent::FillBooked { .. } => self.0.fills.set(self.0.fills.get() + 1),
            _ => {}
        }
    }
}

impl Journal for JournalAtHand {
    fn append(&self, batches: Arc<Vec<Batch>>) -> LocalFuture<Result<Room, JournalError>> {
        batches.iter().flat_map(|batch| &batch.records).for_each(|it| self.look_at(it));
        Box::pin(std::future::ready(Ok(Room::Ample)))
    }

    fn load(&self, _: AccountId) -> LocalFuture<Result<Memory, JournalError>> {
        Box::pin(std::future::ready(Ok(Memory::default())))
    }
}

/// Where the account trades: a venue that answers at once, and a feed that the bench plays.
struct MarketAtHand {
    clock: Clock,
    feed: RefCell<Option<Recipient<MarketBatch>>>,
}

impl Marketplace for MarketAtHand {
    fn connect(&self, _: AccountId, deliver_to: Recipient<VenueDelivery>) -> Box<dyn Venue> {
        let venue = RefCell::new(fixtures::InstantVenue::new());
        Box::new(VenueAtHand { clock: self.clock, venue, deliver_to })
    }

    fn connect_feed(&self, deliver_to: Recipient<MarketBatch>) {
        self.feed.replace(Some(deliver_to));
    }

    fn history(&self) -> Recipient<GetCandles> {
        NoHistory.start().recipient()
    }

    fn open_account(
        &self,
        _: AccountId,
        _: banyan_matching::exchange::AccountSettings,
    ) -> LocalAnswer<Result<(), Unreachable>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn instruments(&self) -> Instruments {
        fixtures::listing()
    }
}

/// A market without a past: strategies warm up on what they hear.
struct NoHistory;

impl Actor for NoHistory {
    type Context = Context<Self>;
}

impl Handler<GetCandles> for NoHistory {
    type Result = MessageResult<GetCandles>;

    fn handle(&mut self, _: GetCandles, _: &mut Self::Context) -> Self::Result {
        MessageResult(Vec::<Candle>::new())
    }
}
