//! Workers: the running side of strategies. A worker has the id of its strategy.

use axum::Json;
use axum::extract::State;
use banyan_core::ids::{AccountId, WorkerId};
use serde::Serialize;

use super::error::ApiError;
use super::extract::Owned;
use super::fields::Filter;
use super::lifecycle;
use super::state::AppState;
use crate::actors::{WorkerReport, WorkerState, WorkerStatus};
use crate::auth::Caller;
use crate::store::{StrategyFilter, StrategyRow, StrategyState};
use crate::view::Time;

/// Workers that are listed at most.
const MOST: i64 = 10_000;

#[derive(Serialize)]
pub(super) struct WorkersShape {
    running: bool,
    distributed: bool,
    total_workers: usize,
    workers: Vec<WorkerShape>,
}

#[derive(Serialize)]
pub(super) struct WorkerShape {
    strategy_id: WorkerId,
    running: bool,
    last_run: Option<Time>,
    error_count: u64,
    mode: &'static str,
}

/// A worker in full; what is not known is left out.
#[derive(Serialize)]
pub(super) struct WorkerDetail {
    strategy_id: WorkerId,
    account_id: AccountId,
    running: bool,
    state: &'static str,
    mode: &'static str,
    strategy_version: i64,
    error_count: u64,
    restarts: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_run_at: Option<Time>,
}

#[derive(Serialize)]
pub(super) struct Triggered {
    strategy_id: WorkerId,
    triggered: bool,
}

type Worker = (WorkerStatus, Option<WorkerReport>);

const fn runs(state: WorkerState) -> bool {
    !matches!(state, WorkerState::Error | WorkerState::Stopped)
}

const fn name(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Starting => "starting",
        WorkerState::Running => "running",
        WorkerState::Paused => "paused",
        WorkerState::BackingOff => "backing_off",
        WorkerState::Error => "error",
        WorkerState::Stopped => "stopped",
    }
}

fn detail(strategy: &StrategyRow, worker: Option<Worker>) -> WorkerDetail {
    let (status, report) = worker.map_or((None, None), |(status, report)| (Some(status), report));
    let state = status.as_ref().map_or(WorkerState::Stopped, |it| it.state);
    WorkerDetail {
        strategy_id: strategy.id,
        account_id: strategy.account,
        running: runs(state),
        state: name(state),
        mode: "quant",
        strategy_version: strategy.version,
        error_count: report.as_ref().map_or(0, |it| it.error_count),
        restarts: status.as_ref().map_or(0, |it| it.restarts),
        last_error: status.and_then(|it| it.last_error),
        last_run: report.as_ref().and_then(|it| it.last_run).map(Time),
        next_run_at: report.and_then(|it| it.next_run_at).map(Time),
    }
}

async fn show(state: &AppState, strategy: &StrategyRow) -> Json<WorkerDetail> {
    Json(detail(strategy, state.engine.worker(strategy.id).await))
}

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Filter(fields): Filter,
) -> Result<Json<WorkersShape>, ApiError> {
    fields.finish()?;
    let filter = StrategyFilter { limit: MOST, ..Default::default() };
    let strategies = state.store.strategies(caller.owner(), filter).await?;
    let workers = state.engine.workers().await;
    let own = workers
        .into_iter()
        .filter(|(status, _)| strategies.iter().any(|it| it.id == status.worker));
    let workers: Vec<_> = own
        .map(|(status, report)| WorkerShape {
            strategy_id: status.worker,
            running: runs(status.state),
            last_run: report.as_ref().and_then(|it| it.last_run).map(Time),
            error_count: report.map_or(0, |it| it.error_count),
            mode: "quant",
        })
        .collect();
    let running = state.engine.vitals().not_ready().is_none();
    Ok(Json(WorkersShape { running, distributed: false, total_workers: workers.len(), workers }))
}

pub(super) async fn status(
    State(state): State<AppState>,
    owned: Owned<StrategyRow>,
) -> Json<WorkerDetail> {
    show(&state, &owned.row).await
}

async fn change(
    state: &AppState,
    owned: Owned<StrategyRow>,
    wanted: StrategyState,
) -> Result<Json<WorkerDetail>, ApiError> {
    let owner = owned.caller.owner();
    let strategy = lifecycle::change(state, owner, owned.row, wanted).await?;
    Ok(show(state, &strategy).await)
}

pub(super) async fn start(
    State(state): State<AppState>,
    owned: Owned<StrategyRow>,
) -> Result<Json<WorkerDetail>, ApiError> {
    change(&state, owned, StrategyState::Active).await
}

pub(super) async fn stop(
    State(state): State<AppState>,
    owned: Owned<StrategyRow>,
) -> Result<Json<WorkerDetail>, ApiError> {
    change(&state, owned, StrategyState::Stopped).await
}

pub(super) async fn trigger(
    State(state): State<AppState>,
    owned: Owned<StrategyRow>,
) -> Result<Json<Triggered>, ApiError> {
    let strategy_id = owned.row.id;
    state.engine.trigger_worker(strategy_id).await?;
    Ok(Json(Triggered { strategy_id, triggered: true }))
}
