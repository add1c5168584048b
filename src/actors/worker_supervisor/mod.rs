//! Keeps strategy workers alive, and knows how each of them is.
//!
//! A worker that panics is started again under a new epoch; one that dies too often is left in
//! `error` with a reason, its entry orders cancelled and its positions protected. Siblings notice
//! nothing.

mod messages;

use std::sync::Arc;

use actix::prelude::*;
use banyan_core::ids::{AccountId, Epoch, UserId, WorkerId};
use banyan_core::instrument::Instruments;
use banyan_core::strategy::{AnyStrategy, StrategyConfig};
use banyan_core::terms::{StopPolicy, WorkerTerms};
use indexmap::IndexMap;
use serde::Serialize;

pub(super) use messages::{
    AccountRestarted, BudgetSpent, GetWorker, InjectWorkerPanic, StopAll, WatchWorkers,
    WorkerChanged, WorkerStarted,
};
pub use messages::{
    GetWorkers, PauseWorker, ResolveDecision, StartWorker, StopWorker, TellWorker, TriggerWorker,
};

use super::account::DetachWorker;
use super::supervision::{ChildDied, ChildGuard, Decision, RestartPolicy, Restarts};
use super::worker::{Control, GetReport, History, Told, WorkerPorts};
use super::{
    Directory, InjectPanic, Level, Lookup, MarketFeed, ModelDesk, Notice, Notifier, StrategyWorker,
    SubscribeFeed, WorkerReport,
};
use crate::clock::Clock;

/// A worker as it is started.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerSpec {
    /// Which.
    pub worker: WorkerId,
    /// Whose.
    pub owner: UserId,
    /// The account it trades on.
    pub account: AccountId,
    /// Its strategy.
    pub config: StrategyConfig,
    /// What it may do.
    pub terms: WorkerTerms,
    /// What becomes of its orders and positions when it stops.
    pub on_stop: StopPolicy,
}

/// How a worker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    /// Waits for its account.
    Starting,
    /// Trades.
    Running,
    /// Makes no new entries.
    Paused,
    /// Died; will be started again.
    BackingOff,
    /// Left alone after too many deaths or refusals; see the reason.
    Error,
    /// Stopped on purpose.
    Stopped,
}

/// How a worker is, in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkerStatus {
    /// Which.
    pub worker: WorkerId,
    /// Its account.
    pub account: AccountId,
    /// How it is.
    pub state: WorkerState,
    /// Its latest epoch; zero before the first start.
    pub epoch: Epoch,
    /// Times it died and was started again.
    pub restarts: u64,
    /// What went wrong last.
    pub last_error: Option<String>,
}

struct Child {
    spec: WorkerSpec,
    status: WorkerStatus,
    life: u64,
    restarts: Restarts,
    address: Option<Addr<StrategyWorker>>,
    /// Whether it is to make no new entries, in this life and in those that follow.
    paused: bool,
}

/// What the worker supervisor needs from outside.
#[derive(Clone)]
pub(in crate::actors) struct SupervisorPorts {
    pub(in crate::actors) clock: Clock,
    pub(in crate::actors) instruments: Instruments,
    pub(in crate::actors) history: History,
    pub(in crate::actors) directory: Addr<Directory>,
    pub(in crate::actors) feed: Addr<MarketFeed>,
    pub(in crate::actors) models: Addr<ModelDesk>,
    pub(in crate::actors) notifier: Addr<Notifier>,
}

/// Keeps workers alive.
pub struct WorkerSupervisor {
    ports: SupervisorPorts,
    policy: RestartPolicy,
    children: IndexMap<WorkerId, Child>,
    random: rand_pcg::Pcg64Mcg,
    watchers: Vec<Recipient<WorkerChanged>>,
}

impl WorkerSupervisor {
    pub(in crate::actors) fn new(ports: SupervisorPorts, random: rand_pcg::Pcg64Mcg) -> Self {
        let (policy, children) = (RestartPolicy::default(), IndexMap::new());
        Self { ports, policy, children, random, watchers: Vec::new() }
    }

    pub(in crate::actors) fn addresses(&self) -> impl Iterator<Item = &Addr<StrategyWorker>> {
        self.children.values().filter_map(|child| child.address.as_ref())
    }

    fn launch(&mut self, worker: WorkerId, ctx: &mut Context<Self>) {
        let Some(child) = self.children.get_mut(&worker) else {
            return;
        };
        child.life += 1;
        child.address = None;
        child.status.state = WorkerState::Starting;
        self.changed(worker);
        let Some(child) = self.children.get(&worker) else {
            return;
        };
        let (life, account) = (child.life, child.spec.account);
        let found = self.ports.directory.send(Lookup(account)).into_actor(self);
        ctx.spawn(found.map(move |address, supervisor, ctx| {
            // An account that is not there yet announces itself when it is.
            if let Ok(Some(account)) = address {
                supervisor.create(worker, life, account, ctx);
            }
        }));
    }

    fn create(
        &mut self,
        worker: WorkerId,
        life: u64,
        account: Addr<super::AccountConnection>,
        ctx: &mut Context<Self>,
    ) {
        let Some(child) = self.children.get_mut(&worker).filter(|child| child.life == life) else {
            return;
        };
        let strategy = match build(&child.spec, &self.ports.instruments) {
            Ok(strategy) => strategy,
            Err(reason) => return self.give_up(worker, reason),
        };
        let ports = WorkerPorts {
            clock: self.ports.clock,
            instruments: self.ports.instruments.clone(),
            account,
            models: self.ports.models.clone(),
            history: self.ports.history.clone(),
            supervisor: ctx.address(),
            guard: ChildGuard::new(worker, life, ctx.address().recipient()),
        };
        let address = StrategyWorker::new(child.spec.clone(), strategy, ports).start();
        self.ports.feed.do_send(SubscribeFeed(address.clone().recipient()));
        if child.paused {
            address.do_send(Control::Pause);
        }
        child.address = Some(address);
    }

    /// Leaves a worker in `error`: nothing new is entered for it, what it holds stays protected.
    fn give_up(&mut self, worker: WorkerId, reason: String) {
        let Some(child) = self.children.get_mut(&worker) else {
            return;
        };
        child.life += 1;
        child.status.state = WorkerState::Error;
        child.status.last_error = Some(reason.clone());
        tracing::error!(%worker, %reason, "a worker was given up");
        let (account, address) = (child.spec.account, child.address.take());
        self.ports.notifier.do_send(Notice {
            level: Level::Error,
            title: format!("worker {worker} was stopped"),
            message: reason,
            account: Some(account),
        });
        match address.filter(Addr::connected) {
            Some(address) => address.do_send(Control::Stop(StopPolicy::CancelOrders)),
            None => self.detach(worker, account),
        }
        self.changed(worker);
    }

    fn changed(&self, worker: WorkerId) {
        if let Some(child) = self.children.get(&worker) {
            for watcher in &self.watchers {
                watcher.do_send(WorkerChanged(child.status.clone()));
            }
        }
    }

    /// Tells the account on behalf of a worker that is dead.
    fn detach(&self, worker: WorkerId, account: AccountId) {
        let directory = self.ports.directory.clone();
        actix::spawn(async move {
            if let Ok(Some(account)) = directory.send(Lookup(account)).await {
                account.do_send(DetachWorker(worker, StopPolicy::CancelOrders));
            }
        });
    }

    fn tell(&self, worker: WorkerId, control: Control) {
        if let Some(address) = self.children.get(&worker).and_then(|it| it.address.as_ref()) {
            address.do_send(control);
        }
    }
}

impl Child {
    const fn state_at_work(&self) -> WorkerState {
        if self.paused { WorkerState::Paused } else { WorkerState::Running }
    }
}

fn build(spec: &WorkerSpec, instruments: &Instruments) -> Result<AnyStrategy, String> {
    let traded = spec.terms.instruments.iter().map(|id| instruments.get(*id).map(Arc::as_ref));
    let traded: Option<Vec<_>> = traded.collect();
    let traded = traded.ok_or("its instrument is not listed")?;
    AnyStrategy::new(&spec.config, &traded).map_err(|errors| {
        let told = errors.iter().map(|error| format!("{}: {}", error.field, error.message));
        told.collect::<Vec<_>>().join("; ")
    })
}

impl Actor for WorkerSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1_024);
    }
}

impl Handler<StartWorker> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, StartWorker(spec): StartWorker, ctx: &mut Self::Context) {
        let worker = spec.worker;
        let alive = self.children.get(&worker).is_some_and(|child| child.address.is_some());
        if alive {
            return;
        }
        let status = WorkerStatus {
            worker,
            account: spec.account,
            state: WorkerState::Starting,
            epoch: Epoch::default(),
            restarts: 0,
            last_error: None,
        };
        let restarts = Restarts::default();
        let life = self.children.get(&worker).map_or(0, |child| child.life);
        self.children
            .insert(worker, Child { spec, status, life, restarts, address: None, paused: false });
        self.launch(worker, ctx);
    }
}

impl Handler<StopWorker> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, StopWorker(worker, policy): StopWorker, _: &mut Self::Context) {
        let Some(child) = self.children.get_mut(&worker) else {
            return;
        };
        child.life += 1;
        child.status.state = WorkerState::Stopped;
        let policy = policy.unwrap_or(child.spec.on_stop);
        let (account, address) = (child.spec.account, child.address.take());
        match address.filter(Addr::connected) {
            Some(address) => address.do_send(Control::Stop(policy)),
            None => self.detach(worker, account),
        }
        self.changed(worker);
    }
}

impl Handler<PauseWorker> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, PauseWorker(worker, pause): PauseWorker, _: &mut Self::Context) {
        self.tell(worker, if pause { Control::Pause } else { Control::Resume });
        let Some(child) = self.children.get_mut(&worker) else {
            return;
        };
        child.paused = pause;
        if matches!(child.status.state, WorkerState::Running | WorkerState::Paused) {
            child.status.state = child.state_at_work();
            self.changed(worker);
        }
    }
}

impl Handler<TriggerWorker> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, TriggerWorker(worker): TriggerWorker, _: &mut Self::Context) {
        self.tell(worker, Control::Trigger);
    }
}

impl Handler<ResolveDecision> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, resolve: ResolveDecision, _: &mut Self::Context) {
        let ResolveDecision { worker, decision, approved, by } = resolve;
        self.tell(worker, Control::Resolve { decision, approved, by });
    }
}

impl Handler<TellWorker> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, TellWorker(worker, text): TellWorker, _: &mut Self::Context) {
        if let Some(address) = self.children.get(&worker).and_then(|it| it.address.as_ref()) {
            address.do_send(Told(text));
        }
    }
}

impl Handler<InjectWorkerPanic> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, InjectWorkerPanic(worker): InjectWorkerPanic, _: &mut Self::Context) {
        if let Some(address) = self.children.get(&worker).and_then(|it| it.address.as_ref()) {
            address.do_send(InjectPanic);
        }
    }
}

impl Handler<StopAll> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, _: StopAll, ctx: &mut Self::Context) {
        let workers: Vec<_> = self.children.keys().copied().collect();
        for worker in workers {
            self.handle(StopWorker(worker, Some(StopPolicy::Keep)), ctx);
        }
    }
}

impl Handler<AccountRestarted> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, AccountRestarted(account): AccountRestarted, ctx: &mut Self::Context) {
        let concerned: Vec<_> = self
            .children
            .iter()
            .filter(|(_, child)| child.spec.account == account)
            .filter(|(_, child)| {
                !matches!(child.status.state, WorkerState::Error | WorkerState::Stopped)
            })
            .map(|(worker, _)| *worker)
            .collect();
        for worker in concerned {
            // The old life, if any, talks to an account that is gone.
            if let Some(child) = self.children.get_mut(&worker)
                && let Some(address) = child.address.take()
            {
                address.do_send(Control::Stop(StopPolicy::Keep));
            }
            self.launch(worker, ctx);
        }
    }
}

impl Handler<WorkerStarted> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, started: WorkerStarted, _: &mut Self::Context) {
        if let Some(child) = self.children.get_mut(&started.worker)
            && child.status.state == WorkerState::Starting
        {
            child.status.state = child.state_at_work();
            child.status.epoch = started.epoch;
            self.changed(started.worker);
        }
    }
}

impl Handler<BudgetSpent> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, spent: BudgetSpent, _: &mut Self::Context) {
        self.give_up(spent.worker, spent.reason);
    }
}

impl Handler<ChildDied<WorkerId>> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, died: ChildDied<WorkerId>, ctx: &mut Self::Context) {
        let (worker, now) = (died.child, self.ports.clock.now());
        let Some(child) = self.children.get_mut(&worker) else {
            return;
        };
        if child.life != died.life || !died.panicked {
            return;
        }
        child.address = None;
        child.status.last_error = Some("the worker panicked".to_owned());
        match child.restarts.died(&self.policy, now, &mut self.random) {
            Decision::RestartAfter(pause) => {
                child.status.state = WorkerState::BackingOff;
                child.status.restarts = child.restarts.total();
                tracing::warn!(%worker, "a worker died and will be started again");
                let (wait, life) = (self.ports.clock.wait_until(now + pause), child.life);
                ctx.run_later(wait, move |supervisor, ctx| {
                    if supervisor.children.get(&worker).is_some_and(|it| it.life == life) {
                        supervisor.launch(worker, ctx);
                    }
                });
                self.changed(worker);
            }
            Decision::GiveUp { deaths } => {
                let minutes = self.policy.window.0 / banyan_core::time::MINUTE;
                self.give_up(worker, format!("panicked {deaths} times within {minutes} minutes"));
            }
        }
    }
}

impl Handler<GetWorkers> for WorkerSupervisor {
    type Result = ResponseFuture<Vec<(WorkerStatus, Option<WorkerReport>)>>;
    fn handle(&mut self, _: GetWorkers, _: &mut Self::Context) -> Self::Result {
        let asked: Vec<_> = self
            .children
            .values()
            .map(|child| (child.status.clone(), child.address.clone()))
            .collect();
        Box::pin(async move {
            let mut workers = Vec::new();
            for (status, address) in asked {
                let report = match address {
                    Some(address) => address.send(GetReport).await.ok().flatten(),
                    None => None,
                };
                workers.push((status, report));
            }
            workers
        })
    }
}

impl Handler<GetWorker> for WorkerSupervisor {
    type Result = ResponseFuture<Option<(WorkerStatus, Option<WorkerReport>)>>;
    fn handle(&mut self, GetWorker(worker): GetWorker, _: &mut Self::Context) -> Self::Result {
        let known = self.children.get(&worker);
        let asked = known.map(|child| (child.status.clone(), child.address.clone()));
        Box::pin(async move {
            let (status, address) = asked?;
            let report = match address {
                Some(address) => address.send(GetReport).await.ok().flatten(),
                None => None,
            };
            Some((status, report))
        })
    }
}

impl Handler<WatchWorkers> for WorkerSupervisor {
    type Result = ();
    fn handle(&mut self, WatchWorkers(watcher): WatchWorkers, _: &mut Self::Context) {
        self.watchers.push(watcher);
    }
}
