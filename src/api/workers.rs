//! Workers: the running side of strategies. A worker has the id of its strategy.

use axum::Json;
use axum::extract::State;
use banyan_core::decision::ExternalText;
use banyan_core::ids::{AccountId, WorkerId};
use serde::Serialize;

use super::error::ApiError;
use super::extract::Owned;
use super::fields::{Fields, Filter};
use super::lifecycle;
use super::state::AppState;
use crate::actors::{WorkerReport, WorkerState, WorkerStatus};
use crate::auth::Caller;
use crate::store::{Owner, StrategyFamily, StrategyFilter, StrategyRow, StrategyState};
use crate::view::{Number, Time};

/// Workers that are listed at most.
const MOST: i64 = 10_000;
/// Characters of a text from outside, and of where it is from.
const LONGEST_NEWS: usize = 4_000;
const LONGEST_SOURCE: usize = 100;

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
    /// What a strategy in words may still spend on models today.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget_left_usd: Option<Number>,
}

#[derive(Serialize)]
pub(super) struct Told {
    strategy_id: WorkerId,
    accepted: bool,
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

fn mode(strategy: &StrategyRow) -> &'static str {
    StrategyFamily::of(&strategy.draft.config).name()
}

fn detail(
    strategy: &StrategyRow,
    worker: Option<Worker>,
    budget_left_usd: Option<Number>,
) -> WorkerDetail {
    let (status, report) = worker.map_or((None, None), |(status, report)| (Some(status), report));
    let state = status.as_ref().map_or(WorkerState::Stopped, |it| it.state);
    WorkerDetail {
        strategy_id: strategy.id,
        account_id: strategy.account,
        running: runs(state),
        state: name(state),
        mode: mode(strategy),
        strategy_version: strategy.version,
        error_count: report.as_ref().map_or(0, |it| it.error_count),
        restarts: status.as_ref().map_or(0, |it| it.restarts),
        last_error: status.and_then(|it| it.last_error),
        last_run: report.as_ref().and_then(|it| it.last_run).map(Time),
        next_run_at: report.and_then(|it| it.next_run_at).map(Time),
        budget_left_usd,
    }
}

async fn show(
    state: &AppState,
    owner: Owner,
    strategy: &StrategyRow,
) -> Result<Json<WorkerDetail>, ApiError> {
    let budget = match StrategyFamily::of(&strategy.draft.config) {
        StrategyFamily::Ai => Some(state.models.budget_left(owner, Some(strategy.id)).await?),
        StrategyFamily::Quant => None,
    };
    let left = budget.map(|it| it.worker.into());
    Ok(Json(detail(strategy, state.engine.worker(strategy.id).await, left)))
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
    let shape = |(status, report): Worker| {
        let strategy = strategies.iter().find(|it| it.id == status.worker)?;
        Some(WorkerShape {
            strategy_id: status.worker,
            running: runs(status.state),
            last_run: report.as_ref().and_then(|it| it.last_run).map(Time),
            error_count: report.map_or(0, |it| it.error_count),
            mode: mode(strategy),
        })
    };
    let workers: Vec<_> = workers.into_iter().filter_map(shape).collect();
    let running = state.engine.vitals().not_ready().is_none();
    Ok(Json(WorkersShape { running, distributed: false, total_workers: workers.len(), workers }))
}

pub(super) async fn status(
    State(state): State<AppState>,
    owned: Owned<StrategyRow>,
) -> Result<Json<WorkerDetail>, ApiError> {
    show(&state, owned.caller.owner(), &owned.row).await
}

async fn change(
    state: &AppState,
    owned: Owned<StrategyRow>,
    wanted: StrategyState,
) -> Result<Json<WorkerDetail>, ApiError> {
    let owner = owned.caller.owner();
    let strategy = lifecycle::change(state, owner, owned.row, wanted).await?;
    show(state, owner, &strategy).await
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

/// Gives a strategy in words a text from outside, which models are shown as data.
pub(super) async fn news(
    State(state): State<AppState>,
    owned: Owned<StrategyRow>,
    mut fields: Fields,
) -> Result<Json<Told>, ApiError> {
    let strategy = owned.row;
    let source = fields.text("source", 1..=LONGEST_SOURCE);
    let source = fields.require("source", source);
    let text = fields.text("text", 1..=LONGEST_NEWS);
    let text = fields.require("text", text);
    let symbol = fields.text("symbol", 1..=64).and_then(|name| {
        let found = crate::fleet::resolve(&name, state.engine.instruments());
        found.map(|it| it.symbol.clone()).map_err(|it| fields.fail(it.field, it.message)).ok()
    });
    fields.finish()?;
    if StrategyFamily::of(&strategy.draft.config) != StrategyFamily::Ai {
        let message = "only strategies in words read texts";
        return Err(ApiError::conflict("NOT_IN_WORDS", message));
    }
    let time = state.clock.now();
    state.engine.tell_worker(strategy.id, ExternalText { source, symbol, text, time }).await?;
    Ok(Json(Told { strategy_id: strategy.id, accepted: true }))
}
