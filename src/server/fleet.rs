//! Brings accounts and workers of all users to life when the engine starts.
//!
//! One that cannot be started is told in the log and left out; the others go on.

use banyan_core::risk::RiskLimits;

use super::ServerError;
use crate::actors::{EngineError, EngineHandle, WorkerSpec};
use crate::fleet::{TradingSettings, account_plan, worker_spec};
use crate::store::{AccountRow, Everyone, Store, StrategyRow, StrategyState};

/// Opens accounts, then starts the strategies that should run.
pub(super) async fn start(
    store: Store,
    engine: EngineHandle,
    trading: TradingSettings,
    limits: RiskLimits,
) -> Result<(), ServerError> {
    let everyone = Everyone::at_start_of_engine();
    let accounts = store.accounts_of_everyone(everyone).await?;
    for account in &accounts {
        let Some(plan) = account_plan(account, &trading) else {
            continue;
        };
        if let Err(error) = engine.open_account(plan).await {
            tracing::error!(account = %account.id, %error, "an account was not opened");
        }
    }
    for strategy in store.running_strategies_of_everyone(everyone).await? {
        let account = accounts.iter().find(|account| account.id == strategy.account);
        if let Some(account) = account {
            start_worker(&engine, &strategy, account, &limits).await;
        }
    }
    Ok(())
}

async fn start_worker(
    engine: &EngineHandle,
    strategy: &StrategyRow,
    account: &AccountRow,
    limits: &RiskLimits,
) {
    let refusal = match worker_spec(strategy, account, engine.instruments(), limits) {
        Ok(spec) => launch(engine, spec, strategy.status).await.err().map(|it| it.to_string()),
        Err(errors) => Some(format!("{errors:?}")),
    };
    if let Some(why) = refusal {
        tracing::error!(strategy = %strategy.id, why, "a strategy was not started");
    }
}

async fn launch(
    engine: &EngineHandle,
    spec: WorkerSpec,
    status: StrategyState,
) -> Result<(), EngineError> {
    let id = spec.worker;
    engine.start_worker(spec).await?;
    if status == StrategyState::Paused {
        engine.pause_worker(id, true).await?;
    }
    Ok(())
}
