//! The engine: starts the tree, passes on what people ask of it, stops it. Holds no rule.

use std::sync::Arc;

use actix::prelude::*;
use banyan_core::decision::{DecisionId, ExternalText};
use banyan_core::ids::{AccountId, UserId, WorkerId};
use banyan_core::terms::AccountSettings;
use rand::SeedableRng;

use super::account::AccountView;
use super::account_supervisor::{AccountSupervisor, InjectAccountPanic, OpenAccount};
use super::journal::{Flush, Follow};
use super::notifier::WatchNotices;
use super::prices::PriceBoard;
use super::publisher::{KeepReport, Publisher};
use super::worker_supervisor::{InjectWorkerPanic, StopAll, SupervisorPorts, WatchWorkers};
use super::{
    AccountPorts, Arm, CancelOrder, ChannelSupervisor, ClosePosition, Directory, EngineHandle,
    GetAccount, GetNotices, GetWorkers, JobSupervisor, JournalWriter, Lookup, MarketFeed,
    ModelDesk, Notice, Notifier, PauseWorker, ResolveDecision, SetKillLevel, StartWorker,
    StopWorker, SubscribeFeed, TellWorker, TriggerWorker, WorkerReport, WorkerStatus,
    WorkerSupervisor,
};
use crate::llm::Models;
use crate::store::Journal;
use crate::telemetry::{EventLog, ModelMeters, Vitals};

/// What the engine needs from outside.
pub struct EnginePorts {
    /// What accounts need.
    pub accounts: AccountPorts,
    /// Where the journal is kept.
    pub journal: Box<dyn Journal>,
    /// The log of what mattered.
    pub log: EventLog,
    /// Decides what is left to chance (pauses of restarts).
    pub seed: u64,
    /// Where vital signs go.
    pub vitals: Arc<Vitals>,
    /// Called when another process has taken the journal over.
    pub on_fenced: Option<Box<dyn FnOnce()>>,
    /// Called with every recovery report.
    pub keep_report: Option<KeepReport>,
    /// Where it is counted what answers were worth.
    pub meters: Arc<ModelMeters>,
    /// Who answers questions of strategies.
    pub models: Box<dyn Models>,
}

/// The root of the tree.
pub struct Engine {
    accounts: Addr<AccountSupervisor>,
    workers: Addr<WorkerSupervisor>,
    directory: Addr<Directory>,
    journal: Addr<JournalWriter>,
    feed: Addr<MarketFeed>,
    notifier: Addr<Notifier>,
    models: Addr<ModelDesk>,
    /// Where frames for people go.
    pub channels: Addr<ChannelSupervisor>,
    /// Where long tasks live.
    pub jobs: Addr<JobSupervisor>,
}

/// Opens an account, or takes over one that is in the journal.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StartAccount(pub AccountSettings);

/// What may be asked of one account.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct OnAccount(pub AccountId, pub AccountRequest);

/// See `OnAccount`.
#[derive(Debug, Clone, Copy)]
pub enum AccountRequest {
    /// Set or lift a kill level.
    SetKillLevel(SetKillLevel),
    /// Close a position.
    ClosePosition(ClosePosition),
    /// Cancel an order.
    CancelOrder(CancelOrder),
    /// Arm or disarm it.
    Arm(Arm),
}

/// What may be asked of workers.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub enum OnWorker {
    /// Start one.
    Start(Box<super::WorkerSpec>),
    /// Stop one; by its own policy when none is given.
    Stop(WorkerId, Option<banyan_core::terms::StopPolicy>),
    /// Pause one, or let it go on.
    Pause(WorkerId, bool),
    /// Let one evaluate now.
    Trigger(WorkerId),
    /// Approve or refuse what waits for a person.
    Resolve {
        /// Whose.
        worker: WorkerId,
        /// Which decision.
        decision: DecisionId,
        /// Approved, or refused.
        approved: bool,
    },
    /// Give one a text from outside.
    Tell(WorkerId, ExternalText),
}

/// Kills an actor by a panic, to prove that the tree survives it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub enum Panic {
    /// A worker.
    Worker(WorkerId),
    /// An account connection.
    Account(AccountId),
}

/// Ends an actor at once, and whatever lives below it: the process died.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Terminate;

/// Lets actors end at once, after telling those below them.
macro_rules! terminates {
    ($($actor:ty $(: |$this:ident| $($below:expr),+)?;)+) => {
        $(
            impl Handler<Terminate> for $actor {
                type Result = ();
                fn handle(&mut self, _: Terminate, ctx: &mut Self::Context) {
                    $(
                        let $this = &mut *self;
                        $( for below in $below { below.do_send(Terminate); } )+
                    )?
                    ctx.terminate();
                }
            }
        )+
    };
}

terminates! {
    Engine: |it| [&it.accounts], [&it.workers], [&it.directory], [&it.journal], [&it.feed],
        [&it.notifier], [&it.models], [&it.channels], [&it.jobs];
    Directory;
    JournalWriter;
    MarketFeed;
    Notifier;
    ChannelSupervisor;
    ModelDesk;
    JobSupervisor;
    AccountSupervisor: |it| it.addresses();
    super::AccountConnection;
    WorkerSupervisor: |it| it.addresses();
    super::StrategyWorker;
}

/// Stops workers (keeping orders and positions) and waits until the journal holds everything.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopEngine;

/// Asks how everything is.
#[derive(Message)]
#[rtype(result = "EngineStatus")]
pub struct GetStatus(pub Vec<AccountId>);

/// How everything is.
#[derive(Debug, Clone, Default)]
pub struct EngineStatus {
    /// Accounts asked for that are there.
    pub accounts: Vec<AccountView>,
    /// All workers.
    pub workers: Vec<(WorkerStatus, Option<WorkerReport>)>,
    /// What people should know.
    pub notices: Vec<Notice>,
}

impl Engine {
    /// Starts the tree on this arbiter, and connects it with the market.
    #[must_use]
    pub fn launch(ports: EnginePorts) -> Addr<Self> {
        let directory = Directory::default().start();
        let channels = ChannelSupervisor::new(ports.accounts.clock.now()).start();
        Self::start_tree(ports, directory, channels).start()
    }

    /// Starts the tree on this arbiter, and gives the way into it from other threads.
    #[must_use]
    pub fn serve(mut ports: EnginePorts) -> EngineHandle {
        let (clock, vitals) = (ports.accounts.clock, ports.vitals.clone());
        let instruments = Arc::new(ports.accounts.venue.instruments());
        let history = ports.accounts.venue.history();
        let keep_report = ports.keep_report.take();
        let directory = Directory::default().start();
        let channels = ChannelSupervisor::new(clock.now()).start();
        let publisher = Publisher::new(
            clock,
            channels.clone(),
            directory.clone(),
            keep_report,
            ports.meters.clone(),
        )
        .start();
        ports.accounts.reports = Some(publisher.clone().recipient());
        let tree = Self::start_tree(ports, directory, channels);
        tree.journal.do_send(Follow(publisher.clone().recipient()));
        tree.workers.do_send(WatchWorkers(publisher.clone().recipient()));
        tree.notifier.do_send(WatchNotices(publisher.recipient()));
        let prices = PriceBoard::default().start();
        tree.feed.do_send(SubscribeFeed(prices.clone().recipient()));
        EngineHandle {
            accounts: tree.accounts.clone(),
            workers: tree.workers.clone(),
            directory: tree.directory.clone(),
            notifier: tree.notifier.clone(),
            channels: tree.channels.clone(),
            engine: tree.start(),
            prices,
            history,
            instruments,
            clock,
            vitals,
        }
    }

    fn start_tree(
        ports: EnginePorts,
        directory: Addr<Directory>,
        channels: Addr<ChannelSupervisor>,
    ) -> Self {
        let journal = JournalWriter::new(ports.journal, ports.log.clone())
            .on_fenced(ports.on_fenced)
            .with_vitals(ports.vitals)
            .start();
        let feed = MarketFeed::new(ports.log).start();
        let models = ModelDesk::new(ports.models, ports.accounts.clock).start();
        let notifier = Notifier::default().start();
        let workers = SupervisorPorts {
            clock: ports.accounts.clock,
            instruments: ports.accounts.venue.instruments(),
            history: ports.accounts.venue.history(),
            directory: directory.clone(),
            feed: feed.clone(),
            models: models.clone(),
            notifier: notifier.clone(),
        };
        let random = |stream: u64| rand_pcg::Pcg64Mcg::seed_from_u64(ports.seed ^ stream);
        let workers = WorkerSupervisor::new(workers, random(1)).start();
        let venue = ports.accounts.venue.clone();
        let accounts = AccountSupervisor::new(
            ports.accounts,
            journal.clone(),
            feed.clone(),
            directory.clone(),
            workers.clone(),
            random(2),
        )
        .start();
        venue.connect_feed(feed.clone().recipient());
        let jobs = JobSupervisor::default().start();
        Self { accounts, workers, directory, journal, feed, notifier, models, channels, jobs }
    }

    /// The market feed of the tree.
    #[must_use]
    pub fn feed(&self) -> &Addr<MarketFeed> {
        &self.feed
    }
}

impl Actor for Engine {
    type Context = Context<Self>;
}

impl Handler<StartAccount> for Engine {
    type Result = ();
    fn handle(&mut self, StartAccount(settings): StartAccount, _: &mut Self::Context) {
        self.accounts.do_send(OpenAccount(settings));
    }
}

impl Handler<OnAccount> for Engine {
    type Result = ();
    fn handle(&mut self, OnAccount(account, request): OnAccount, ctx: &mut Self::Context) {
        let found = self.directory.send(Lookup(account)).into_actor(self);
        ctx.spawn(found.map(move |address, _, _| {
            if let Ok(Some(address)) = address {
                match request {
                    AccountRequest::SetKillLevel(set) => address.do_send(set),
                    AccountRequest::ClosePosition(close) => address.do_send(close),
                    AccountRequest::CancelOrder(cancel) => address.do_send(cancel),
                    AccountRequest::Arm(arm) => address.do_send(arm),
                }
            }
        }));
    }
}

impl Handler<OnWorker> for Engine {
    type Result = ();
    fn handle(&mut self, request: OnWorker, _: &mut Self::Context) {
        match request {
            OnWorker::Start(spec) => self.workers.do_send(StartWorker(*spec)),
            OnWorker::Stop(worker, policy) => self.workers.do_send(StopWorker(worker, policy)),
            OnWorker::Pause(worker, pause) => self.workers.do_send(PauseWorker(worker, pause)),
            OnWorker::Trigger(worker) => self.workers.do_send(TriggerWorker(worker)),
            OnWorker::Resolve { worker, decision, approved } => {
                let by = UserId::default();
                self.workers.do_send(ResolveDecision { worker, decision, approved, by });
            }
            OnWorker::Tell(worker, text) => self.workers.do_send(TellWorker(worker, text)),
        }
    }
}

impl Handler<Panic> for Engine {
    type Result = ();
    fn handle(&mut self, panic: Panic, _: &mut Self::Context) {
        match panic {
            Panic::Worker(worker) => self.workers.do_send(InjectWorkerPanic(worker)),
            Panic::Account(account) => self.accounts.do_send(InjectAccountPanic(account)),
        }
    }
}

impl Handler<StopEngine> for Engine {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, _: StopEngine, _: &mut Self::Context) -> Self::Result {
        let (workers, journal) = (self.workers.clone(), self.journal.clone());
        Box::pin(async move {
            let _ = workers.send(StopAll).await;
            // The workers' last states and the accounts' last records are on their way.
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            let _ = journal.send(Flush).await;
        })
    }
}

impl Handler<GetStatus> for Engine {
    type Result = ResponseFuture<EngineStatus>;
    fn handle(&mut self, GetStatus(ids): GetStatus, _: &mut Self::Context) -> Self::Result {
        let (directory, workers) = (self.directory.clone(), self.workers.clone());
        let notifier = self.notifier.clone();
        Box::pin(async move {
            let mut accounts = Vec::new();
            for id in ids {
                if let Ok(Some(address)) = directory.send(Lookup(id)).await
                    && let Ok(view) = address.send(GetAccount { with_past: true }).await
                {
                    accounts.push(view);
                }
            }
            let workers = workers.send(GetWorkers).await.unwrap_or_default();
            let notices = notifier.send(GetNotices).await.unwrap_or_default();
            EngineStatus { accounts, workers, notices }
        })
    }
}
