//! Brings accounts and workers of all users to life when the engine starts.
//!
//! One that cannot be started is told in the log and left out; the others go on.

use banyan_core::risk::RiskLimits;

use super::ServerError;
use crate::actors::EngineHandle;
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
    let id = strategy.id;
    let spec = match worker_spec(strategy, account, engine.instruments(), limits) {
        Ok(spec) => spec,
        Err(errors) => {
            tracing::error!(strategy = %id, ?errors, "a strategy was not started");
            return;
        }
    };
    if let Err(error) = engine.start_worker(spec).await {
        tracing::error!(strategy = %id, %error, "a strategy was not started");
    }
    if strategy.status == StrategyState::Paused
        && let Err(error) = engine.pause_worker(id, true).await
    {
        tracing::error!(strategy = %id, %error, "a strategy was not paused");
    }
}
