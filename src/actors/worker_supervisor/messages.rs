//! What the worker supervisor is told and asked.

use actix::prelude::*;
use banyan_core::decision::{DecisionId, ExternalText};
use banyan_core::ids::{AccountId, Epoch, UserId, WorkerId};
use banyan_core::terms::StopPolicy;

use super::{WorkerSpec, WorkerStatus};
use crate::actors::WorkerReport;

/// Starts a worker, or starts it anew with another configuration.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StartWorker(pub WorkerSpec);

/// Stops a worker; by its own policy when none is given.
#[derive(Message)]
#[rtype(result = "()")]
pub struct StopWorker(pub WorkerId, pub Option<StopPolicy>);

/// Pauses a worker's entries, or lets it go on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct PauseWorker(pub WorkerId, pub bool);

/// Lets a worker evaluate now.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TriggerWorker(pub WorkerId);

/// Carries out what a worker's decision left to a person's approval, or drops it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ResolveDecision {
    /// Whose.
    pub worker: WorkerId,
    /// Which.
    pub decision: DecisionId,
    /// Whether it is to be carried out.
    pub approved: bool,
    /// Who says so.
    pub by: UserId,
}

/// Gives a worker a text from outside, to show to models as data.
#[derive(Message)]
#[rtype(result = "()")]
pub struct TellWorker(pub WorkerId, pub ExternalText);

/// Asks how all workers are, with why they did not trade.
#[derive(Message)]
#[rtype(result = "Vec<(WorkerStatus, Option<WorkerReport>)>")]
pub struct GetWorkers;

/// Asks how one worker is.
#[derive(Message)]
#[rtype(result = "Option<(WorkerStatus, Option<WorkerReport>)>")]
pub(in crate::actors) struct GetWorker(pub(in crate::actors) WorkerId);

/// A worker is in another state than before.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct WorkerChanged(pub(in crate::actors) WorkerStatus);

/// Wants to hear of every such change.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct WatchWorkers(pub(in crate::actors) Recipient<WorkerChanged>);

/// An account was started anew; its workers must be taken in again.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct AccountRestarted(pub(in crate::actors) AccountId);

/// A worker trades now.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct WorkerStarted {
    pub(in crate::actors) worker: WorkerId,
    pub(in crate::actors) epoch: Epoch,
}

/// A worker's error budget is spent.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct BudgetSpent {
    pub(in crate::actors) worker: WorkerId,
    pub(in crate::actors) reason: String,
}

#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct InjectWorkerPanic(pub(in crate::actors) WorkerId);

/// Stops all workers, keeping their orders and positions.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct StopAll;
