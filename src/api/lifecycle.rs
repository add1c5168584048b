//! Starting, pausing and stopping strategies. What the owner wants is kept first, then the engine
//! is told: after a crash in between, the next start does what was wanted.

use banyan_core::account::Phase;
use banyan_core::instrument::Instrument;
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::model::FailureKind;
use banyan_core::money::Price;
use banyan_core::strategy::StrategyConfig;
use banyan_core::strategy::lint::{LintContext, lint_all};
use banyan_core::venue::PositionMode;

use super::accounts::engine_view;
use super::error::{ApiError, Detail};
use super::state::AppState;
use crate::actors::{AccountView, WorkerSpec, WorkerState};
use crate::fleet;
use crate::store::{Owner, StoreError, StrategyRow, StrategyState};
use crate::view;

/// Brings a strategy into the state that is wanted.
pub(super) async fn change(
    state: &AppState,
    owner: Owner,
    strategy: StrategyRow,
    wanted: StrategyState,
) -> Result<StrategyRow, ApiError> {
    let was = strategy.status;
    match wanted {
        StrategyState::Active => activate(state, owner, strategy).await,
        StrategyState::Paused if was == StrategyState::Stopped => {
            let message = "the strategy does not run; only an active one can be paused";
            Err(ApiError::conflict("STRATEGY_NOT_ACTIVE", message))
        }
        StrategyState::Paused => {
            let strategy = keep(state, owner, strategy, wanted).await?;
            state.engine.pause_worker(strategy.id, true).await?;
            Ok(strategy)
        }
        StrategyState::Stopped => {
            let strategy = keep(state, owner, strategy, wanted).await?;
            state.engine.stop_worker(strategy.id, None).await?;
            if was == StrategyState::Paused {
                // A pause is a level of the account, which would outlive the worker.
                lift_pause(state, &strategy).await;
            }
            Ok(strategy)
        }
    }
}

async fn lift_pause(state: &AppState, strategy: &StrategyRow) {
    let scope = KillScope::Worker(strategy.id);
    let lifted = state.engine.set_kill_level(strategy.account, scope, KillLevel::None).await;
    if let Err(error) = lifted {
        tracing::warn!(%error, strategy = %strategy.id, "a pause could not be lifted");
    }
}

async fn keep(
    state: &AppState,
    owner: Owner,
    strategy: StrategyRow,
    status: StrategyState,
) -> Result<StrategyRow, ApiError> {
    let mut kept = StrategyRow { status, ..strategy.clone() };
    if strategy.status != status {
        kept = state.store.update_strategy(owner, &kept, &strategy, state.clock.now()).await?;
    }
    let word = match status {
        StrategyState::Active => "active",
        StrategyState::Paused => "paused",
        StrategyState::Stopped => "stopped",
    };
    let data = view::strategy_status(kept.id, word, None);
    state.engine.publish(&format!("strategy:{}", kept.id), "strategy_status", data);
    Ok(kept)
}

async fn activate(
    state: &AppState,
    owner: Owner,
    strategy: StrategyRow,
) -> Result<StrategyRow, ApiError> {
    let worker = state.engine.worker(strategy.id).await;
    let lives = worker.is_some_and(|(status, _)| {
        !matches!(status.state, WorkerState::Error | WorkerState::Stopped)
    });
    let was = strategy.status;
    if lives && was != StrategyState::Stopped {
        let strategy = keep(state, owner, strategy, StrategyState::Active).await?;
        if was == StrategyState::Paused {
            state.engine.pause_worker(strategy.id, false).await?;
        }
        return Ok(strategy);
    }
    let spec = prepare(state, owner, &strategy).await?;
    let strategy = keep(state, owner, strategy, StrategyState::Active).await?;
    state.engine.start_worker(spec).await?;
    if was == StrategyState::Paused {
        lift_pause(state, &strategy).await;
    }
    Ok(strategy)
}

/// What a strategy is started with, after everything that would not work was looked for.
async fn prepare(
    state: &AppState,
    owner: Owner,
    strategy: &StrategyRow,
) -> Result<WorkerSpec, ApiError> {
    let account = state.store.account(owner, strategy.account).await;
    let account = account.map_err(|error| match error {
        StoreError::NotFound => {
            ApiError::conflict("ACCOUNT_GONE", "the strategy's account was deleted")
        }
        other => other.into(),
    })?;
    require_models(state, owner, strategy).await?;
    let view = engine_view(state, &account).await?;
    if view.phase != Phase::Ready {
        let message = "the account still compares its books with the exchange; try again soon";
        return Err(ApiError::unavailable(message));
    }
    let spec = fleet::worker_spec(strategy, &account, state.engine.instruments(), &state.risk)?;
    let mut findings = lint_spec(state, &spec, &view).await?;
    let equity = view.valuation.equity;
    if spec.terms.capital > equity && fleet::bound_capital(&strategy.draft).is_some() {
        let (capital, field) = (spec.terms.capital, "allocated_capital");
        let message = format!("the strategy wants {capital}, and the account is worth {equity}");
        findings.push(Detail::new(field, message));
    }
    if findings.is_empty() {
        return Ok(spec);
    }
    Err(ApiError { code: "STRATEGY_REFUSED", ..ApiError::invalid(findings) })
}

/// Every model that a strategy may ask must be one that its owner can ask.
async fn require_models(
    state: &AppState,
    owner: Owner,
    strategy: &StrategyRow,
) -> Result<(), ApiError> {
    let StrategyConfig::Ai(config) = &strategy.draft.config else {
        return Ok(());
    };
    let debaters = config.debate.iter().flat_map(|debate| &debate.models);
    for model in config.ai_model.iter().chain(debaters).chain(&config.fallback_model) {
        if let Err(failure) = state.models.check_model(owner, model).await {
            let code = match failure.kind {
                FailureKind::NoProvider | FailureKind::NoApiKey | FailureKind::NoBaseUrl => {
                    "MISSING_PROVIDER"
                }
                FailureKind::ModelNotFound => "MODEL_NOT_FOUND",
                FailureKind::Budget => "MODEL_WITHOUT_PRICE",
                _ => "MODEL_NOT_USABLE",
            };
            let message = format!("{model} cannot be asked: {}", failure.message);
            return Err(ApiError::conflict(code, message));
        }
    }
    Ok(())
}

async fn lint_spec(
    state: &AppState,
    spec: &WorkerSpec,
    view: &AccountView,
) -> Result<Vec<Detail>, ApiError> {
    let instruments = state.engine.instruments();
    let prices = state.engine.prices().await;
    let mut traded: Vec<(&Instrument, Price)> = Vec::new();
    for id in &spec.terms.instruments {
        let Some(instrument) = instruments.get(*id) else {
            return Err(ApiError::field("symbol", "is not listed"));
        };
        let Some(price) = prices.get(instrument.id).valuation() else {
            let message = format!("there is no price of {} yet; try again soon", instrument.symbol);
            return Err(ApiError::unavailable(message));
        };
        traded.push((instrument.as_ref(), price));
    }
    let context = LintContext {
        account_one_way: view.state.settings.position_mode == PositionMode::OneWay,
        // Workers may share a symbol: each has a sub-ledger of its own, and a wish that would cross
        // another's position is denied when it comes.
        symbols_in_use: &[],
        capital: spec.terms.capital,
    };
    let findings = lint_all(&spec.config, &traded, &context);
    Ok(findings
        .into_iter()
        .map(|it| {
            let field = match it.field {
                "symbol" => it.field.to_owned(),
                field => format!("config.{field}"),
            };
            Detail::new(field, format!("{}; {}", it.message, it.suggestion))
        })
        .collect())
}
