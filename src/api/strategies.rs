//! Strategies of rules: their configurations, versions, and whether they run; and what they share
//! with strategies in words.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use banyan_core::ids::{AccountId, WorkerId};
use banyan_core::strategy::StrategyConfig;
use serde::Serialize;

use super::error::ApiError;
use super::extract::{Owned, Resource, found, id_of};
use super::fields::{Fields, Filter};
use super::lifecycle;
use super::state::AppState;
use super::strategy_form::{self, NewStrategy};
use crate::actors::{AccountView, WorkerReport, WorkerState, WorkerStatus};
use crate::auth::Caller;
use crate::entropy;
use crate::store::{
    Owner, StrategyFamily, StrategyFilter, StrategyRow, StrategyState, StrategyVersion,
};
use crate::view::{Number, Time};

/// A strategy as its owner sees it.
#[derive(Serialize)]
pub(super) struct StrategyShape {
    id: WorkerId,
    name: String,
    description: String,
    #[serde(flatten)]
    config: StrategyConfig,
    symbol: String,
    #[serde(flatten)]
    standing: Standing,
}

/// What strategies of both families have in common.
#[derive(Serialize)]
pub(super) struct Standing {
    version: i64,
    status: &'static str,
    error_message: Option<String>,
    account_id: AccountId,
    allocated_capital: Option<Number>,
    total_pnl: Number,
    total_fees: Number,
    total_trades: u64,
    created_at: Time,
    updated_at: Time,
    last_run_at: Option<Time>,
    next_run_at: Option<Time>,
}

#[derive(Serialize)]
pub(super) struct VersionShape {
    version: i64,
    symbol: String,
    #[serde(flatten)]
    config: StrategyConfig,
    allocated_capital: Option<Number>,
    created_at: Time,
}

type Worker = (WorkerStatus, Option<WorkerReport>);

/// A strategy of rules; one in words is not found as such.
pub(super) struct Quant(StrategyRow);

impl Resource for StrategyRow {
    const NAME: &'static str = "strategy";

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let id = WorkerId(id_of::<Self>(id)?);
        found(state.store.strategy(caller.owner(), id).await)
    }
}

impl Resource for Quant {
    const NAME: &'static str = StrategyRow::NAME;

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        of_family(state, caller, id, StrategyFamily::Quant).await.map(Self)
    }
}

/// One of a user's strategies, if it is of the family.
pub(super) async fn of_family(
    state: &AppState,
    caller: &Caller,
    id: &str,
    family: StrategyFamily,
) -> Result<StrategyRow, ApiError> {
    let strategy = StrategyRow::find(state, caller, id).await?;
    let same = StrategyFamily::of(&strategy.draft.config) == family;
    if same { Ok(strategy) } else { Err(ApiError::not_found(StrategyRow::NAME)) }
}

/// What is shown as status: what the owner wants, unless the worker could not do it.
pub(super) fn shown_status(strategy: &StrategyRow, worker: Option<&WorkerStatus>) -> &'static str {
    let failed = worker.is_some_and(|it| it.state == WorkerState::Error);
    match strategy.status {
        StrategyState::Stopped => "stopped",
        StrategyState::Active | StrategyState::Paused if failed => "error",
        StrategyState::Active => "active",
        StrategyState::Paused => "paused",
    }
}

fn standing(
    strategy: &StrategyRow,
    worker: Option<&Worker>,
    account: Option<&AccountView>,
) -> Standing {
    let status = shown_status(strategy, worker.map(|(status, _)| status));
    let error = worker.and_then(|(status, _)| status.last_error.clone());
    let report = worker.and_then(|(_, report)| report.as_ref());
    let kept = account.and_then(|view| view.state.workers.get(&strategy.id));
    let totals = kept.map(|it| it.totals).unwrap_or_default();
    Standing {
        version: strategy.version,
        status,
        error_message: error.filter(|_| status != "stopped"),
        account_id: strategy.account,
        allocated_capital: strategy.draft.allocated_capital.map(Number::from),
        total_pnl: (totals.realized - totals.fees + totals.funding).into(),
        total_fees: totals.fees.into(),
        total_trades: totals.round_trips,
        created_at: strategy.created_at.into(),
        updated_at: strategy.updated_at.into(),
        last_run_at: report.and_then(|it| it.last_run).map(Time),
        next_run_at: report.and_then(|it| it.next_run_at).map(Time),
    }
}

/// How a strategy stands.
pub(super) async fn standing_of(state: &AppState, strategy: &StrategyRow) -> Standing {
    let worker = state.engine.worker(strategy.id).await;
    let account = state.engine.account(strategy.account).await;
    standing(strategy, worker.as_ref(), account.as_ref())
}

fn shape(strategy: StrategyRow, standing: Standing) -> StrategyShape {
    StrategyShape {
        id: strategy.id,
        name: strategy.name,
        description: strategy.description,
        config: strategy.draft.config,
        symbol: strategy.draft.symbol,
        standing,
    }
}

async fn show(state: &AppState, strategy: StrategyRow) -> Json<StrategyShape> {
    let standing = standing_of(state, &strategy).await;
    Json(shape(strategy, standing))
}

/// Keeps a new strategy, stopped.
pub(super) async fn insert(
    state: &AppState,
    owner: Owner,
    form: NewStrategy,
) -> Result<StrategyRow, ApiError> {
    strategy_form::require_account(state, owner, form.account).await?;
    let now = state.clock.now();
    let strategy = StrategyRow {
        id: WorkerId(entropy::id(now)),
        owner: owner.user(),
        account: form.account,
        seq: 1,
        created_at: now,
        updated_at: now,
        name: form.name,
        description: form.description,
        status: StrategyState::Stopped,
        version: 1,
        draft: form.draft,
    };
    state.store.insert_strategy(owner, &strategy).await?;
    Ok(strategy)
}

pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    fields: Fields,
) -> Result<Json<StrategyShape>, ApiError> {
    let form = strategy_form::read_new(fields, state.engine.instruments())?;
    let strategy = insert(&state, caller.owner(), form).await?;
    Ok(show(&state, strategy).await)
}

/// The strategies of a family that a query asks for, each with how it stands.
pub(super) async fn listed(
    state: &AppState,
    caller: &Caller,
    mut fields: Fields,
    family: StrategyFamily,
) -> Result<Vec<(StrategyRow, Standing)>, ApiError> {
    let page = fields.page();
    let status = strategy_form::read_status(&mut fields);
    let account = fields.parsed::<uuid::Uuid>("account_id").map(AccountId);
    fields.finish()?;
    let (family, limit, offset) = (Some(family), page.limit, page.offset);
    let filter = StrategyFilter { status, account, family, limit, offset };
    let strategies = state.store.strategies(caller.owner(), filter).await?;
    let workers = state.engine.workers().await;
    let mut accounts = BTreeMap::new();
    let mut found = Vec::with_capacity(strategies.len());
    for strategy in strategies {
        let id = strategy.account;
        if let Entry::Vacant(place) = accounts.entry(id) {
            place.insert(state.engine.account(id).await);
        }
        let worker = workers.iter().find(|(it, _)| it.worker == strategy.id);
        let account = accounts.get(&id).and_then(Option::as_ref);
        let standing = standing(&strategy, worker, account);
        found.push((strategy, standing));
    }
    Ok(found)
}

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Filter(fields): Filter,
) -> Result<Json<Vec<StrategyShape>>, ApiError> {
    let found = listed(&state, &caller, fields, StrategyFamily::Quant).await?;
    Ok(Json(found.into_iter().map(|(strategy, standing)| shape(strategy, standing)).collect()))
}

pub(super) async fn get(State(state): State<AppState>, owned: Owned<Quant>) -> Json<StrategyShape> {
    show(&state, owned.row.0).await
}

/// The versions of a strategy that a query asks for.
pub(super) async fn versions_of(
    state: &AppState,
    caller: &Caller,
    strategy: WorkerId,
    mut fields: Fields,
) -> Result<Vec<StrategyVersion>, ApiError> {
    let page = fields.page();
    fields.finish()?;
    let part = (page.limit, page.offset);
    Ok(state.store.strategy_versions(caller.owner(), strategy, part).await?)
}

pub(super) async fn versions(
    State(state): State<AppState>,
    Owned { caller, row: Quant(strategy) }: Owned<Quant>,
    Filter(fields): Filter,
) -> Result<Json<Vec<VersionShape>>, ApiError> {
    let versions = versions_of(&state, &caller, strategy.id, fields).await?;
    let shape = |it: StrategyVersion| VersionShape {
        version: it.version,
        symbol: it.draft.symbol,
        config: it.draft.config,
        allocated_capital: it.draft.allocated_capital.map(Number::from),
        created_at: it.created_at.into(),
    };
    Ok(Json(versions.into_iter().map(shape).collect()))
}

/// Keeps a change of a strategy; what fixes a version is changed only while it does not run.
pub(super) async fn put(
    state: &AppState,
    owner: Owner,
    before: StrategyRow,
    change: StrategyRow,
) -> Result<StrategyRow, ApiError> {
    let idle = before.status == StrategyState::Stopped;
    if !idle && (change.draft != before.draft || change.account != before.account) {
        let message = "the strategy runs; stop it before it is changed";
        return Err(ApiError::conflict("STRATEGY_ACTIVE", message));
    }
    strategy_form::require_account(state, owner, change.account).await?;
    if change == before {
        return Ok(before);
    }
    Ok(state.store.update_strategy(owner, &change, &before, state.clock.now()).await?)
}

pub(super) async fn update(
    State(state): State<AppState>,
    Owned { caller, row: Quant(before) }: Owned<Quant>,
    fields: Fields,
) -> Result<Json<StrategyShape>, ApiError> {
    let change = strategy_form::read_change(fields, &before, state.engine.instruments())?;
    let updated = put(&state, caller.owner(), before, change).await?;
    Ok(show(&state, updated).await)
}

/// Deletes a strategy that neither runs nor holds anything.
pub(super) async fn remove(
    state: &AppState,
    owner: Owner,
    strategy: &StrategyRow,
) -> Result<StatusCode, ApiError> {
    if strategy.status != StrategyState::Stopped {
        let message = "the strategy runs; stop it before it is deleted";
        return Err(ApiError::conflict("STRATEGY_ACTIVE", message));
    }
    if let Some(view) = state.engine.account(strategy.account).await {
        let own = banyan_core::ledger::SubLedger::Worker(strategy.id);
        let mut shares = view.shares.iter();
        if shares.any(|it| it.owner == Some(own) && !it.quantity.is_zero()) {
            let message = "the strategy still has positions; close them first";
            return Err(ApiError::conflict("STRATEGY_HAS_POSITIONS", message));
        }
    }
    state.store.delete_strategy(owner, strategy, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn delete(
    State(state): State<AppState>,
    Owned { caller, row: Quant(strategy) }: Owned<Quant>,
) -> Result<StatusCode, ApiError> {
    remove(&state, caller.owner(), &strategy).await
}

/// Brings a strategy into the state that a body asks for.
pub(super) async fn bring(
    state: &AppState,
    owner: Owner,
    strategy: StrategyRow,
    mut fields: Fields,
) -> Result<StrategyRow, ApiError> {
    let wanted = strategy_form::read_status(&mut fields);
    if wanted.is_none() {
        fields.require::<String>("status", None);
    }
    fields.finish()?;
    let wanted = wanted.unwrap_or(StrategyState::Stopped);
    lifecycle::change(state, owner, strategy, wanted).await
}

pub(super) async fn set_status(
    State(state): State<AppState>,
    Owned { caller, row: Quant(strategy) }: Owned<Quant>,
    fields: Fields,
) -> Result<Json<StrategyShape>, ApiError> {
    let strategy = bring(&state, caller.owner(), strategy, fields).await?;
    Ok(show(&state, strategy).await)
}
