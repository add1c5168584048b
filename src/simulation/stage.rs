//! The stage: an embedded exchange, and engines that come and go on it.
//!
//! The exchange and the journal's store outlive engines; an engine that is killed can neither send
//! nor write any more.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use banyan_core::ids::AccountId;
use banyan_core::instrument::Instruments;
use banyan_core::terms::AccountSettings;
use banyan_core::time::Timestamp;
use banyan_matching::exchange::AccountSettings as VenueAccount;
use banyan_matching::faults::FaultSettings;
use banyan_matching::world::World;

use crate::actors::{
    AccountPorts, Engine, EnginePorts, EngineStatus, GetStatus, PrepareAccount, StartAccount,
    StopEngine, Terminate,
};
use crate::clock::Clock;
use crate::exchanges::{
    Disconnect, EmbeddedExchange, EmbeddedMarketplace, Inspect, Observer, ProcessId, SetFaults,
};
use crate::llm::{Models, NobodyToAsk};
use crate::simulation::Pace;
use crate::store::MemoryStore;
use crate::telemetry::EventLog;

/// How long the journal in memory takes for a commit.
const COMMIT: Duration = Duration::from_millis(1);

/// An account on both sides: as the engine opens it, and as the exchange does.
#[derive(Debug, Clone)]
pub struct TradingAccount {
    /// The engine's side.
    pub settings: AccountSettings,
    /// The exchange's side.
    pub venue: VenueAccount,
}

/// An exchange, a store, and the engine that is running, if one is.
pub struct Stage {
    /// Engine time.
    pub clock: Clock,
    /// What is kept.
    pub store: MemoryStore,
    /// What mattered.
    pub log: EventLog,
    exchange: Addr<EmbeddedExchange>,
    instruments: Instruments,
    accounts: Vec<TradingAccount>,
    engine: Option<Addr<Engine>>,
    process: ProcessId,
    seed: u64,
    prepare: Option<Rc<PrepareAccount>>,
    models: Box<dyn FnMut() -> Box<dyn Models>>,
}

/// Makes a clock for a pace; must be called within the runtime.
#[must_use]
pub fn make_clock(start: Timestamp, pace: Pace) -> Clock {
    match pace {
        Pace::Unlimited => Clock::starting_at(start),
        Pace::Times(speed) => Clock::accelerated(start, speed),
    }
}

impl Stage {
    /// Sets the stage. No engine runs yet.
    #[must_use]
    pub fn new(
        mut world: World,
        clock: Clock,
        accounts: Vec<TradingAccount>,
        seed: u64,
        observer: Option<Box<dyn Observer>>,
        store: MemoryStore,
    ) -> Self {
        let instruments = world.market().instruments();
        for account in &accounts {
            world.open_account(account.settings.id, account.venue.clone());
        }
        let exchange = EmbeddedExchange::new(world, clock, observer).start();
        Self {
            clock,
            store,
            log: EventLog::default(),
            exchange,
            instruments,
            accounts,
            engine: None,
            process: ProcessId(0),
            seed,
            prepare: None,
            models: Box::new(|| Box::new(NobodyToAsk)),
        }
    }

    /// Meddles with every account before it starts.
    pub fn prepare_accounts(&mut self, prepare: Rc<PrepareAccount>) {
        self.prepare = Some(prepare);
    }

    /// Lets every engine that is started ask models that `make` makes; without, there are none.
    pub fn connect_models(&mut self, make: Box<dyn FnMut() -> Box<dyn Models>>) {
        self.models = make;
    }

    /// Starts an engine with all accounts.
    pub fn start_engine(&mut self) -> Addr<Engine> {
        self.process = ProcessId(self.process.0 + 1);
        let (exchange, process) = (self.exchange.clone(), self.process);
        let marketplace = EmbeddedMarketplace::new(exchange, process, self.instruments.clone());
        let engine = Engine::launch(EnginePorts {
            accounts: AccountPorts {
                clock: self.clock,
                venue: Rc::new(marketplace),
                prepare: self.prepare.clone(),
                reports: None,
                allow_live: false,
            },
            journal: Box::new(self.store.open(COMMIT)),
            log: self.log.clone(),
            seed: self.seed ^ self.process.0,
            vitals: Arc::default(),
            on_fenced: None,
            keep_report: None,
            meters: Arc::default(),
            models: (self.models)(),
        });
        for account in &self.accounts {
            engine.do_send(StartAccount(account.settings.clone()));
        }
        self.engine = Some(engine.clone());
        engine
    }

    /// The running engine.
    #[must_use]
    pub fn engine(&self) -> Option<&Addr<Engine>> {
        self.engine.as_ref()
    }

    /// Stops the engine in good order.
    pub async fn stop_engine(&mut self) {
        if let Some(engine) = self.engine.take() {
            let _ = engine.send(StopEngine).await;
            self.exchange.do_send(Disconnect(self.process));
            engine.do_send(Terminate);
        }
    }

    /// Kills the engine: from now on it can neither send nor write. Of the journal's batches under
    /// way the first `keep` survive.
    pub async fn kill_engine(&mut self, keep: usize) -> usize {
        let lost = self.store.crash(keep);
        let _ = self.exchange.send(Disconnect(self.process)).await;
        if let Some(engine) = self.engine.take() {
            engine.do_send(Terminate);
        }
        lost
    }

    /// How everything in the engine is; `None` when none runs.
    pub async fn status(&self) -> Option<EngineStatus> {
        let accounts: Vec<AccountId> = self.accounts.iter().map(|it| it.settings.id).collect();
        self.engine.as_ref()?.send(GetStatus(accounts)).await.ok()
    }

    /// Turns the fault dial.
    pub async fn set_faults(&self, settings: FaultSettings) {
        let _ = self.exchange.send(SetFaults(settings)).await;
    }

    /// Looks into the world.
    pub async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&World, Timestamp) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = tokio::sync::oneshot::channel();
        let look = move |world: &World, now| {
            let _ = answer.send(look(world, now));
        };
        self.exchange.send(Inspect(Box::new(look))).await.ok()?;
        answered.await.ok()
    }

    /// Waits until engine time is `at`.
    pub async fn sleep_until(&self, at: Timestamp) {
        tokio::time::sleep(self.clock.wait_until(at)).await;
    }
}
