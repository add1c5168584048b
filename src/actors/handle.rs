//! The way into a running engine from any thread: what people ask of it becomes messages.
//!
//! Holds addresses and no rule. Every call waits for an answer of the tree, none for a database or
//! a venue's network, and each has a deadline: an engine that does not answer is an error here.

use std::sync::Arc;
use std::time::Duration;

use actix::dev::ToEnvelope;
use actix::prelude::*;
use banyan_core::decision::{DecisionId, ExternalText};
use banyan_core::ids::{AccountId, ClientOrderId, UserId, WorkerId};
use banyan_core::instrument::{InstrumentId, Instruments};
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::ledger::SubLedger;
use banyan_core::market::{Candle, MarketViews};
use banyan_core::money::Amount;
use banyan_core::symbol::Asset;
use banyan_core::terms::{AccountSettings, Arming, StopPolicy};
use banyan_core::time::Timeframe;
use tokio::sync::mpsc;

use super::account_supervisor::OpenPlan;
use super::prices::{GetPrices, PriceBoard};
use super::worker_supervisor::GetWorker;
use super::{
    AccountConnection, AccountSupervisor, AccountView, Arm, CancelOrder, ChannelSupervisor,
    ClosePosition, CountSubscribers, Directory, Engine, Frame, GetAccount, GetNotices, GetWorkers,
    Lookup, Notice, Notifier, Panic, PauseWorker, Publish, ResolveDecision, SUBSCRIBER_QUEUE,
    SetKillLevel, StartWorker, StopEngine, StopWorker, Subscribe, Subscription, TellWorker,
    TriggerWorker, WorkerReport, WorkerSpec, WorkerStatus, WorkerSupervisor,
};
use crate::clock::Clock;
use crate::exchanges::GetCandles;
use crate::telemetry::Vitals;

/// How long the tree may take to answer.
const DEADLINE: Duration = Duration::from_secs(5);

/// An account as it is opened, on the engine's side and at its venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPlan {
    /// The engine's side.
    pub settings: AccountSettings,
    /// What it has at the embedded exchange when it is opened there for the first time.
    pub balances: Vec<(Asset, Amount)>,
}

/// Why the engine could not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// It did not answer in time, or it is gone.
    #[error("the engine does not answer")]
    NoAnswer,
    /// It has no such account.
    #[error("the engine has no such account")]
    NoSuchAccount,
    /// It has no such worker, or the worker does not run.
    #[error("no such worker runs")]
    NoSuchWorker,
    /// The exchange of the account cannot be reached.
    #[error("the exchange cannot be reached")]
    Unreachable,
}

/// The way into a running engine; clones lead to the same one.
#[derive(Clone)]
pub struct EngineHandle {
    pub(super) engine: Addr<Engine>,
    pub(super) accounts: Addr<AccountSupervisor>,
    pub(super) workers: Addr<WorkerSupervisor>,
    pub(super) directory: Addr<Directory>,
    pub(super) notifier: Addr<Notifier>,
    pub(super) channels: Addr<ChannelSupervisor>,
    pub(super) prices: Addr<PriceBoard>,
    pub(super) history: Recipient<GetCandles>,
    pub(super) instruments: Arc<Instruments>,
    pub(super) clock: Clock,
    pub(super) vitals: Arc<Vitals>,
}

/// Asks an actor, within the deadline.
async fn ask<A, M>(address: &Addr<A>, message: M) -> Result<M::Result, EngineError>
where
    A: Actor + Handler<M>,
    A::Context: ToEnvelope<A, M>,
    M: Message + Send + 'static,
    M::Result: Send,
{
    match tokio::time::timeout(DEADLINE, address.send(message)).await {
        Ok(Ok(answer)) => Ok(answer),
        _ => Err(EngineError::NoAnswer),
    }
}

impl EngineHandle {
    /// Opens an account at its venue and in the engine; one that is open stays as it is.
    ///
    /// # Errors
    /// When the venue cannot be reached or the engine does not answer.
    pub async fn open_account(&self, plan: AccountPlan) -> Result<(), EngineError> {
        ask(&self.accounts, OpenPlan(plan)).await?.map_err(|_| EngineError::Unreachable)
    }

    /// How an account is; `None` while it is not there.
    pub async fn account(&self, id: AccountId) -> Option<AccountView> {
        let connection = self.connection(id).await.ok()?;
        ask(&connection, GetAccount { with_past: false }).await.ok()
    }

    /// Arms a live account within bounds, or disarms it.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn arm(&self, id: AccountId, arming: Option<Arming>) -> Result<(), EngineError> {
        ask(&self.connection(id).await?, Arm(arming)).await
    }

    /// Starts a worker, or starts it anew.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn start_worker(&self, spec: WorkerSpec) -> Result<(), EngineError> {
        ask(&self.workers, StartWorker(spec)).await
    }

    /// Stops a worker; by its own policy when none is given.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn stop_worker(
        &self,
        id: WorkerId,
        policy: Option<StopPolicy>,
    ) -> Result<(), EngineError> {
        ask(&self.workers, StopWorker(id, policy)).await
    }

    /// Pauses a worker's entries, or lets it go on.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn pause_worker(&self, id: WorkerId, paused: bool) -> Result<(), EngineError> {
        ask(&self.workers, PauseWorker(id, paused)).await
    }

    /// Lets a worker evaluate now.
    ///
    /// # Errors
    /// When no such worker runs.
    pub async fn trigger_worker(&self, id: WorkerId) -> Result<(), EngineError> {
        self.require_worker(id).await?;
        ask(&self.workers, TriggerWorker(id)).await
    }

    /// Carries out what a worker's decision left to a person's approval, or drops it. What becomes
    /// of it is told by the journal (`DecisionResolved`); nothing happens when it waits no more.
    ///
    /// # Errors
    /// When no such worker runs.
    pub async fn resolve_decision(
        &self,
        worker: WorkerId,
        decision: DecisionId,
        approved: bool,
        by: UserId,
    ) -> Result<(), EngineError> {
        self.require_worker(worker).await?;
        ask(&self.workers, ResolveDecision { worker, decision, approved, by }).await
    }

    /// Gives a worker a text from outside, to show to models as data.
    ///
    /// # Errors
    /// When no such worker runs.
    pub async fn tell_worker(&self, id: WorkerId, text: ExternalText) -> Result<(), EngineError> {
        self.require_worker(id).await?;
        ask(&self.workers, TellWorker(id, text)).await
    }

    async fn require_worker(&self, id: WorkerId) -> Result<(), EngineError> {
        let known = ask(&self.workers, GetWorker(id)).await?;
        let runs = known.is_some_and(|(_, report)| report.is_some());
        if runs { Ok(()) } else { Err(EngineError::NoSuchWorker) }
    }

    /// How all workers are.
    pub async fn workers(&self) -> Vec<(WorkerStatus, Option<WorkerReport>)> {
        ask(&self.workers, GetWorkers).await.unwrap_or_default()
    }

    /// How a worker is; `None` when it was never started.
    pub async fn worker(&self, id: WorkerId) -> Option<(WorkerStatus, Option<WorkerReport>)> {
        ask(&self.workers, GetWorker(id)).await.ok().flatten()
    }

    /// Cancels an order.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn cancel_order(
        &self,
        account: AccountId,
        id: ClientOrderId,
    ) -> Result<(), EngineError> {
        ask(&self.connection(account).await?, CancelOrder(id)).await
    }

    /// Closes an owner's position.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn close_position(
        &self,
        account: AccountId,
        owner: SubLedger,
        instrument: InstrumentId,
    ) -> Result<(), EngineError> {
        ask(&self.connection(account).await?, ClosePosition { owner, instrument }).await
    }

    /// Sets or lifts a kill level.
    ///
    /// # Errors
    /// When there is no such account.
    pub async fn set_kill_level(
        &self,
        account: AccountId,
        scope: KillScope,
        level: KillLevel,
    ) -> Result<(), EngineError> {
        ask(&self.connection(account).await?, SetKillLevel { scope, level }).await
    }

    /// What was listed when the engine started.
    #[must_use]
    pub fn instruments(&self) -> &Instruments {
        &self.instruments
    }

    /// The latest prices.
    pub async fn prices(&self) -> MarketViews {
        ask(&self.prices, GetPrices).await.unwrap_or_default()
    }

    /// The newest closed candles, oldest first; empty when the exchange does not answer.
    pub async fn candles(
        &self,
        instrument: InstrumentId,
        timeframe: Timeframe,
        limit: usize,
    ) -> Vec<Candle> {
        let asked = self.history.send(GetCandles { instrument, timeframe, limit });
        tokio::time::timeout(DEADLINE, asked).await.ok().and_then(Result::ok).unwrap_or_default()
    }

    /// What people should know, oldest first.
    pub async fn notices(&self) -> Vec<Notice> {
        ask(&self.notifier, GetNotices).await.unwrap_or_default()
    }

    /// Engine time.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The vital signs.
    #[must_use]
    pub fn vitals(&self) -> &Vitals {
        &self.vitals
    }

    /// The vital signs, for whoever writes them.
    #[must_use]
    pub fn vitals_shared(&self) -> Arc<Vitals> {
        self.vitals.clone()
    }

    /// Subscribes to a channel: frames that follow, and those after `after` where it is given.
    /// The receiver ends when it cannot keep up.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn subscribe(
        &self,
        channel: &str,
        after: Option<u64>,
    ) -> Result<(Subscription, mpsc::Receiver<Frame>), EngineError> {
        // Room for a whole ring to resume from, and for as much again that follows.
        let (deliver_to, frames) = mpsc::channel(2 * SUBSCRIBER_QUEUE);
        let subscribe = Subscribe { channel: channel.into(), after, deliver_to };
        Ok((ask(&self.channels, subscribe).await?, frames))
    }

    /// Publishes a frame; it is dropped when the channels cannot keep up.
    pub fn publish(&self, channel: &str, kind: &'static str, data: Arc<str>) {
        let (channel, time) = (channel.into(), self.clock.now());
        if self.channels.try_send(Publish { channel, kind, time, data }).is_err() {
            tracing::warn!(kind, "a frame was dropped: the channels cannot keep up");
        }
    }

    /// How many subscribers each channel has.
    pub async fn subscribers(&self) -> Vec<(Arc<str>, usize)> {
        ask(&self.channels, CountSubscribers).await.unwrap_or_default()
    }

    /// Kills a worker by a panic, to show that the tree survives it.
    pub fn panic_worker(&self, id: WorkerId) {
        self.engine.do_send(Panic::Worker(id));
    }

    /// Stops workers, keeping orders and positions, and waits until the journal holds everything.
    ///
    /// # Errors
    /// When the engine does not answer in time.
    pub async fn stop(&self) -> Result<(), EngineError> {
        ask(&self.engine, StopEngine).await
    }

    async fn connection(&self, id: AccountId) -> Result<Addr<AccountConnection>, EngineError> {
        ask(&self.directory, Lookup(id)).await?.ok_or(EngineError::NoSuchAccount)
    }
}
