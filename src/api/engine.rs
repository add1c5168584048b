//! The engine as a whole: its state, kill levels, and why strategies did not trade.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use banyan_core::account::Phase;
use banyan_core::ids::{AccountId, WorkerId};
use banyan_core::kill::{KillLevel, KillScope};
use serde::Serialize;
use uuid::Uuid;

use super::error::ApiError;
use super::extract::{Resource, found};
use super::fields::{Fields, Filter};
use super::state::AppState;
use crate::auth::Caller;
use crate::store::{AccountRow, StrategyRow};
use crate::telemetry::JournalSign;
use crate::view::Time;

#[derive(Serialize)]
pub(super) struct EngineShape {
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_ready_because: Option<String>,
    journal: &'static str,
    time: Time,
    version: &'static str,
    accounts: Vec<AccountState>,
}

#[derive(Serialize)]
struct AccountState {
    account_id: AccountId,
    name: String,
    is_connected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<&'static str>,
    kill_level: KillLevel,
    is_armed: bool,
    workers: Vec<WorkerLevel>,
}

#[derive(Serialize)]
struct WorkerLevel {
    strategy_id: WorkerId,
    kill_level: KillLevel,
}

#[derive(Serialize)]
pub(super) struct Killed {
    level: KillLevel,
    scope: String,
    accounts: usize,
}

#[derive(Serialize)]
pub(super) struct WhyNotShape {
    strategy_id: WorkerId,
    counts: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Last>,
}

#[derive(Serialize)]
struct Last {
    time: Time,
    gate: String,
}

/// What a level is set on.
#[derive(Clone, Copy)]
enum Scope {
    All,
    Account(AccountId),
    Worker(WorkerId),
}

const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Reconciling => "reconciling",
        Phase::Ready => "ready",
    }
}

pub(super) async fn state(
    State(state): State<AppState>,
    caller: Caller,
    Filter(fields): Filter,
) -> Result<Json<EngineShape>, ApiError> {
    fields.finish()?;
    let mut accounts = Vec::new();
    for account in state.store.accounts(caller.owner(), None).await? {
        accounts.push(account_state(&state, account).await);
    }
    let vitals = state.engine.vitals();
    let not_ready_because = vitals.not_ready();
    Ok(Json(EngineShape {
        ready: not_ready_because.is_none(),
        not_ready_because,
        journal: match vitals.journal() {
            JournalSign::Healthy => "healthy",
            JournalSign::OnReserve => "on_reserve",
            JournalSign::Failed => "failed",
        },
        time: state.clock.now().into(),
        version: env!("CARGO_PKG_VERSION"),
        accounts,
    }))
}

async fn account_state(state: &AppState, account: AccountRow) -> AccountState {
    let view = state.engine.account(account.id).await;
    let workers = view.iter().flat_map(|view| &view.state.workers);
    let levels = workers
        .map(|(id, worker)| WorkerLevel { strategy_id: *id, kill_level: worker.kill_level })
        .collect();
    AccountState {
        account_id: account.id,
        name: account.draft.name,
        is_connected: view.is_some(),
        phase: view.as_ref().map(|view| phase_name(view.phase)),
        kill_level: view.as_ref().map(|view| view.state.kill_level).unwrap_or_default(),
        is_armed: view.as_ref().is_some_and(|view| view.state.arming.is_some()),
        workers: levels,
    }
}

pub(super) async fn kill(
    State(state): State<AppState>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<Killed>, ApiError> {
    let level = fields.text("level", 1..=32);
    let level = fields.require("level", level);
    let scope = read_scope(&mut fields);
    let parsed = match level.as_str() {
        "pause_entries" => KillLevel::PauseEntries,
        "cancel_all" => KillLevel::CancelAll,
        "flatten" => KillLevel::Flatten,
        "freeze" => KillLevel::Freeze,
        "" => KillLevel::None,
        _ => {
            fields.fail("level", "must be one of pause_entries, cancel_all, flatten, freeze");
            KillLevel::None
        }
    };
    if scope.is_none() {
        fields.require::<String>("scope", None);
    }
    fields.finish()?;
    set_level(&state, &caller, scope.unwrap_or(Scope::All), parsed).await
}

pub(super) async fn resume(
    State(state): State<AppState>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<Killed>, ApiError> {
    let confirm = fields.text("confirm", 1..=32);
    if confirm.as_deref() != Some("RESUME") {
        fields.fail("confirm", "must be RESUME, in capitals");
    }
    let scope = read_scope(&mut fields);
    fields.finish()?;
    set_level(&state, &caller, scope.unwrap_or(Scope::All), KillLevel::None).await
}

fn read_scope(fields: &mut Fields) -> Option<Scope> {
    let text = fields.text("scope", 1..=64)?;
    let id = |text: &str| text.parse::<Uuid>().ok();
    let scope = match text.split_once(':') {
        None if text == "all" => Some(Scope::All),
        Some(("account", text)) => id(text).map(|id| Scope::Account(AccountId(id))),
        Some(("worker", text)) => id(text).map(|id| Scope::Worker(WorkerId(id))),
        _ => None,
    };
    if scope.is_none() {
        fields.fail("scope", "must be all, account:ID or worker:ID");
    }
    scope
}

/// Sets a level on what the caller owns; on everything, for administrators alone.
async fn set_level(
    state: &AppState,
    caller: &Caller,
    scope: Scope,
    level: KillLevel,
) -> Result<Json<Killed>, ApiError> {
    let (targets, scope) = targets(state, caller, scope).await?;
    let mut reached = 0;
    for (account, on) in &targets {
        match state.engine.set_kill_level(*account, *on, level).await {
            Ok(()) => reached += 1,
            // An account of an exchange without adapter does not trade.
            Err(crate::actors::EngineError::NoSuchAccount) if targets.len() > 1 => {}
            Err(error) => return Err(error.into()),
        }
    }
    tracing::warn!(?level, scope, accounts = reached, user = %caller.user().id, "kill level set");
    Ok(Json(Killed { level, scope, accounts: reached }))
}

async fn targets(
    state: &AppState,
    caller: &Caller,
    scope: Scope,
) -> Result<(Vec<(AccountId, KillScope)>, String), ApiError> {
    Ok(match scope {
        Scope::All => {
            let message = "only administrators stop or resume everything";
            let everyone = caller.everyone().ok_or_else(|| ApiError::forbidden(message))?;
            let accounts = state.store.accounts_of_everyone(everyone).await?;
            let accounts = accounts.iter().map(|it| (it.id, KillScope::Account)).collect();
            (accounts, "all".to_owned())
        }
        Scope::Account(id) => {
            let account = found(state.store.account(caller.owner(), id).await)?;
            (vec![(account.id, KillScope::Account)], format!("account:{id}"))
        }
        Scope::Worker(id) => {
            let strategy = found(state.store.strategy(caller.owner(), id).await)?;
            (vec![(strategy.account, KillScope::Worker(id))], format!("worker:{id}"))
        }
    })
}

pub(super) async fn why_not(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<WhyNotShape>, ApiError> {
    let worker = fields.text("worker", 1..=64);
    let worker = fields.require("worker", worker);
    fields.finish()?;
    let strategy = StrategyRow::find(&state, &caller, &worker).await?;
    let report = state.engine.worker(strategy.id).await.and_then(|(_, report)| report);
    let why_not = report.map(|it| it.why_not).unwrap_or_default();
    let last = why_not.last().map(|(time, gate)| Last { time: time.into(), gate: gate.into() });
    Ok(Json(WhyNotShape { strategy_id: strategy.id, counts: why_not.counts().clone(), last }))
}
