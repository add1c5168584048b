//! What runs: turns accounts and strategies as they are kept into what the engine starts.
//!
//! Used by the interface when somebody activates a strategy, and by the server when it starts.
//! Decides no trade.

mod again;
mod limits;
mod settings;

use banyan_core::instrument::{Instrument, Instruments};
use banyan_core::money::Amount;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::{AnyStrategy, FieldError, StrategyConfig};
use banyan_core::symbol::{Asset, Symbol};
use banyan_core::terms::{AccountSettings, StopPolicy, WorkerTerms};
use banyan_core::time::Span;
use banyan_core::venue::{MarginMode, PositionMode};
use rust_decimal::Decimal;

pub use again::replay_decision;
pub use limits::LimitChange;
pub use settings::TradingSettings;

use crate::actors::{AccountPlan, WorkerSpec};
use crate::store::{AccountRow, StrategyDraft, StrategyRow};

/// The exchange inside the engine; accounts of others are kept, and cannot trade in this build.
pub const PAPER: &str = "paper";
/// The asset in which accounts are counted.
const SETTLE: &str = "USDT";
/// An account's leverage at the venue until a strategy wishes another.
const DEFAULT_LEVERAGE: u32 = 5;

/// The asset in which accounts are counted.
///
/// # Panics
/// Never: the name is one of an asset.
#[must_use]
pub fn settle_asset() -> Asset {
    Asset::new(SETTLE).expect("USDT names an asset")
}

/// How an account is opened; `None` when this build has no adapter for its exchange.
#[must_use]
pub fn account_plan(account: &AccountRow, trading: &TradingSettings) -> Option<AccountPlan> {
    if account.draft.exchange != PAPER {
        return None;
    }
    let settle = settle_asset();
    let settings = AccountSettings {
        id: account.id,
        tenant: account.owner,
        mode: account.draft.mode,
        position_mode: PositionMode::OneWay,
        margin_mode: MarginMode::Cross,
        settle: settle.clone(),
        default_leverage: DEFAULT_LEVERAGE,
        reconcile_every: Span::seconds(i64::from(trading.reconcile_seconds)),
        request_expiry: Span::seconds(i64::from(trading.request_expiry_seconds)),
    };
    Some(AccountPlan { settings, balances: vec![(settle, account.draft.initial_balance)] })
}

/// Finds what a name stands for, e.g. `BTCUSDT`, among what is listed and settled as accounts are.
///
/// # Errors
/// What is wrong with the name.
pub fn resolve<'a>(name: &str, instruments: &'a Instruments) -> Result<&'a Instrument, FieldError> {
    let wrong = |message| FieldError { field: "symbol", message };
    let listed: Vec<Symbol> = instruments.iter().map(|it| it.symbol.clone()).collect();
    let symbol = Symbol::resolve(name, &listed).map_err(|error| wrong(error.to_string()))?;
    let found = instruments.by_symbol(symbol);
    let found = found.ok_or_else(|| wrong("is not listed".to_owned()))?;
    if *found.settle() != settle_asset() {
        let settled = found.settle();
        return Err(wrong(format!("is settled in {settled}, and accounts are kept in {SETTLE}")));
    }
    Ok(found)
}

/// What a worker of a strategy is started with.
///
/// # Errors
/// Every field that makes it impossible.
pub fn worker_spec(
    strategy: &StrategyRow,
    account: &AccountRow,
    instruments: &Instruments,
    limits: &RiskLimits,
) -> Result<WorkerSpec, Vec<FieldError>> {
    let draft = &strategy.draft;
    let traded = draft.symbols().map(|symbol| resolve(symbol, instruments));
    let traded = traded.collect::<Result<Vec<_>, _>>().map_err(|error| vec![error])?;
    draft.config.validate()?;
    AnyStrategy::new(&draft.config, &traded)?;
    let version = u32::try_from(strategy.version).unwrap_or(u32::MAX);
    Ok(WorkerSpec {
        worker: strategy.id,
        owner: strategy.owner,
        account: account.id,
        config: draft.config.clone(),
        terms: WorkerTerms {
            strategy_version: version,
            instruments: traded.iter().map(|it| it.id).collect(),
            capital: capital(draft, account),
            limits: own_limits(&draft.config).unwrap_or_else(|| limits.clone()),
            told_of_funding_and_protection: matches!(draft.config, StrategyConfig::Ai(_)),
        },
        on_stop: StopPolicy::CancelOrders,
    })
}

/// The limits that a strategy brings itself: one in words has its own risk controls.
fn own_limits(config: &StrategyConfig) -> Option<RiskLimits> {
    match config {
        StrategyConfig::Ai(config) => Some(config.limits()),
        StrategyConfig::Grid(_)
        | StrategyConfig::Dca(_)
        | StrategyConfig::Rsi(_)
        | StrategyConfig::EmaCross(_) => None,
    }
}

/// The capital of a strategy: what its owner allocated, else what its configuration binds at
/// most, else what the account began with.
#[must_use]
pub fn capital(draft: &StrategyDraft, account: &AccountRow) -> Amount {
    bound_capital(draft).unwrap_or(account.draft.initial_balance)
}

/// What a strategy's owner allocated, else what its configuration binds at most, if it says so.
#[must_use]
pub fn bound_capital(draft: &StrategyDraft) -> Option<Amount> {
    draft.allocated_capital.or_else(|| bound(&draft.config))
}

fn bound(config: &StrategyConfig) -> Option<Amount> {
    let most = match config {
        StrategyConfig::Grid(config) => config.total_investment,
        StrategyConfig::Dca(config) if config.total_budget.is_zero() => {
            let regular = config.order_amount * Decimal::from(config.max_orders);
            let (mut safety, mut value) = (Decimal::ZERO, config.safety_order_amount);
            for _ in 0..config.safety_order_count {
                safety += value;
                value *= config.volume_scale;
            }
            if regular.is_zero() { regular } else { (regular + safety).round_dp(8) }
        }
        StrategyConfig::Dca(config) => config.total_budget,
        StrategyConfig::Rsi(_) | StrategyConfig::EmaCross(_) | StrategyConfig::Ai(_) => {
            Decimal::ZERO
        }
    };
    Amount::from_decimal(most).ok().filter(|amount| amount.is_positive())
}

#[cfg(test)]
mod tests {
    const TRADING: TradingSettings =
        TradingSettings { allow_live: false, reconcile_seconds: 30, request_expiry_seconds: 5 };

    use banyan_core::ids::{AccountId, UserId, WorkerId};
    use banyan_core::terms::AccountMode;
    use banyan_core::time::Timestamp;
    use banyan_matching::market::Market;
    use banyan_matching::synthetic::{SyntheticMarket, SyntheticSettings};
    use serde_json::json;

    use super::*;
    use crate::store::{AccountDraft, SealedCredentials, StrategyState};

    fn instruments() -> Instruments {
        let settings = SyntheticSettings::new(1, Timestamp(0));
        SyntheticMarket::new(&settings).unwrap().instruments().clone()
    }

    fn account(exchange: &str) -> AccountRow {
        AccountRow {
            id: AccountId::from_u128(1),
            owner: UserId::from_u128(2),
            seq: 1,
            created_at: Timestamp(0),
            draft: AccountDraft {
                name: "Paper".into(),
                exchange: exchange.into(),
                mode: AccountMode::Paper,
                initial_balance: Amount::from_units(10_000),
                credentials: SealedCredentials::default(),
            },
        }
    }

    fn strategy(config: serde_json::Value) -> StrategyRow {
        StrategyRow {
            id: WorkerId::from_u128(3),
            owner: UserId::from_u128(2),
            account: AccountId::from_u128(1),
            seq: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
            name: "A".into(),
            description: String::new(),
            status: StrategyState::Stopped,
            version: 7,
            draft: StrategyDraft {
                symbol: "btcusdt".into(),
                config: serde_json::from_value(config).unwrap(),
                allocated_capital: None,
            },
        }
    }

    fn units(units: i64) -> Amount {
        Amount::from_units(units)
    }

    #[test]
    fn a_strategy_becomes_a_worker_of_its_version() {
        let config = json!({"strategy_type": "dca", "config": {
            "order_amount": 100, "interval_minutes": 60}});
        let strategy = strategy(config);
        let limits = RiskLimits::for_parameters();
        let spec = worker_spec(&strategy, &account(PAPER), &instruments(), &limits).unwrap();
        assert_eq!((spec.worker, spec.terms.strategy_version), (strategy.id, 7));
        assert_eq!((spec.terms.capital, spec.terms.instruments.len()), (units(10_000), 1));
        let unknown = StrategyDraft { symbol: "NOPE".into(), ..strategy.draft.clone() };
        let strategy = StrategyRow { draft: unknown, ..strategy };
        let errors = worker_spec(&strategy, &account(PAPER), &instruments(), &limits).unwrap_err();
        assert_eq!(errors[0].field, "symbol");
    }

    #[test]
    fn capital_is_what_was_allocated_or_what_is_bound_or_what_there_is() {
        let grid = json!({"strategy_type": "grid", "config": {"upper_price": 105000,
            "lower_price": 95000, "grid_count": 20, "total_investment": 5000}});
        let dca = |more: &str, value: u32| {
            let mut config = json!({"order_amount": 100, "interval_minutes": 60});
            config[more] = value.into();
            json!({"strategy_type": "dca", "config": config})
        };
        let rsi = json!({"strategy_type": "rsi", "config": {"order_amount": 100}});
        let cases = [
            (grid, 5_000),
            (dca("total_budget", 700), 700),
            (dca("max_orders", 5), 500),
            (dca("max_orders", 0), 10_000),
            (rsi, 10_000),
        ];
        for (config, expected) in cases {
            let mut draft = strategy(config).draft;
            assert_eq!(capital(&draft, &account(PAPER)), units(expected));
            draft.allocated_capital = Some(units(1));
            assert_eq!(capital(&draft, &account(PAPER)), units(1));
        }
    }

    #[test]
    fn only_paper_accounts_are_opened() {
        let plan = account_plan(&account(PAPER), &TRADING).unwrap();
        assert_eq!(plan.balances, [(settle_asset(), units(10_000))]);
        assert_eq!(account_plan(&account("binance"), &TRADING), None);
    }
}
