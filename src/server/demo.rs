//! The first hour: a user, a paper account, three strategies with parameters and two in words, made
//! once in a data folder.
//!
//! Those in words ask the rule-based demo model, which is not an AI and needs no key.
//!
//! Every step looks whether it was done before, so that a crash between two leaves nothing double.
//! What the user deletes later stays deleted.

use std::path::PathBuf;

use banyan_core::ids::{AccountId, WorkerId};
use banyan_core::money::Amount;
use banyan_core::strategy::config::{AiConfig, DebateConfig};
use banyan_core::strategy::{StrategyConfig, StrategyKind, defaults};
use banyan_core::symbol::Symbol;
use banyan_core::terms::AccountMode;
use banyan_core::time::{Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

use super::{ServerError, folder};
use crate::actors::EngineHandle;
use crate::auth::Hasher;
use crate::clock::Clock;
use crate::entropy;
use crate::llm::house;
use crate::secret::{Secret, secret_text};
use crate::store::{
    AccountDraft, Everyone, Owner, SealedCredentials, Store, StrategyDraft, StrategyFilter,
    StrategyRow, StrategyState,
};

const EMAIL: &str = "demo@banyan.local";
/// What the paper account starts with, in USDT.
const BALANCE: i64 = 10_000;
/// What each strategy may use of it.
const CAPITAL: i64 = 2_000;
/// Candles from which parameters are made.
const BARS: usize = 200;
/// Minutes between two regular orders: often enough to see something within an hour.
const DCA_MINUTES: u32 = 15;
/// Each strategy has a symbol of its own, so that none waits for another; the perpetual of BTC is
/// left to the first strategy of whoever tries this.
const CAST: [(StrategyKind, &str, &str); 5] = [
    (StrategyKind::Grid, "ETH/USDT:USDT", "Demo grid on ETH"),
    (StrategyKind::Dca, "BTC/USDT", "Demo DCA on BTC, spot"),
    (StrategyKind::Rsi, "SOL/USDT:USDT", "Demo RSI on SOL"),
    (StrategyKind::Ai, "XRP/USDT:USDT", "Demo in words on XRP"),
    (StrategyKind::Ai, DEBATED, "Demo debate on DOGE"),
];
/// The symbol whose strategy in words is a debate.
const DEBATED: &str = "DOGE/USDT:USDT";
/// What the owner of the strategies in words wants.
const PROMPT: &str = "Trade the trend of short candles with small positions. Always set a stop, \
                      take profits at twice the risk or more, and leave when the trend turns.";

/// How the demo user logs in.
#[derive(Debug, Clone, Deserialize)]
pub struct DemoLogin {
    /// The e-mail address.
    pub email: String,
    /// The password: random, and another one in each data folder.
    #[serde(deserialize_with = "secret_text")]
    pub password: Secret,
    /// Whether account and strategies were made.
    #[serde(default)]
    complete: bool,
}

/// The same as it is written; this is the one place that may write the password.
#[derive(Serialize)]
struct Written<'a> {
    email: &'a str,
    password: &'a str,
    complete: bool,
}

/// Makes what is missing and tells the login.
pub(super) async fn prepare(
    store: Store,
    engine: EngineHandle,
    clock: Clock,
    data: PathBuf,
) -> Result<DemoLogin, ServerError> {
    let file = data.join("demo.json");
    let mut login = match std::fs::read_to_string(&file) {
        Ok(text) => read(&file, &text)?,
        Err(_) => DemoLogin {
            email: EMAIL.to_owned(),
            password: Secret::new(format!("Demo-{}", entropy::token::<6>())),
            complete: false,
        },
    };
    if login.complete {
        return Ok(login);
    }
    write(&file, &login)?;
    let owner = user(&store, &login, clock.now()).await?;
    let account = account(&store, owner, clock.now()).await?;
    strategies(&store, &engine, owner, account, clock.now()).await?;
    login.complete = true;
    write(&file, &login)?;
    Ok(login)
}

fn read(file: &std::path::Path, text: &str) -> Result<DemoLogin, ServerError> {
    serde_json::from_str(text).map_err(|error| ServerError::Folder {
        folder: file.display().to_string(),
        why: format!("cannot be read ({error}); move it away to get another login"),
    })
}

fn write(file: &std::path::Path, login: &DemoLogin) -> Result<(), ServerError> {
    let DemoLogin { email, password, complete } = login;
    let written = Written { email, password: password.expose(), complete: *complete };
    let text = serde_json::to_string(&written).unwrap_or_default();
    folder::write_private(file, &text).map_err(|error| ServerError::Folder {
        folder: file.display().to_string(),
        why: error.to_string(),
    })
}

async fn user(store: &Store, login: &DemoLogin, now: Timestamp) -> Result<Owner, ServerError> {
    let user = match store.user_by_email(&login.email).await? {
        Some(user) => user,
        None => {
            let hash = Hasher::new().await?.hash(login.password.clone()).await?;
            store.insert_user(&login.email, "Demo", &hash, now).await?
        }
    };
    Ok(Everyone::at_start_of_engine().rows_of(user.id))
}

async fn account(store: &Store, owner: Owner, now: Timestamp) -> Result<AccountId, ServerError> {
    if let Some(account) = store.accounts(owner, Some("paper")).await?.first() {
        return Ok(account.id);
    }
    let draft = AccountDraft {
        name: "Demo paper account".to_owned(),
        exchange: "paper".to_owned(),
        mode: AccountMode::Paper,
        initial_balance: Amount::from_units(BALANCE),
        credentials: SealedCredentials::default(),
    };
    let id = AccountId(entropy::id(now));
    Ok(store.insert_account(owner, id, &draft, now).await?.id)
}

async fn strategies(
    store: &Store,
    engine: &EngineHandle,
    owner: Owner,
    account: AccountId,
    now: Timestamp,
) -> Result<(), ServerError> {
    let filter = StrategyFilter { limit: 100, ..StrategyFilter::default() };
    let made = store.strategies(owner, filter).await?;
    for (kind, symbol, name) in CAST {
        if made.iter().any(|strategy| strategy.name == name) {
            continue;
        }
        let Some(config) = config(engine, kind, symbol).await else {
            tracing::warn!(symbol, "a demo strategy was left out: its symbol is not listed");
            continue;
        };
        let draft = StrategyDraft {
            symbol: symbol.to_owned(),
            config,
            allocated_capital: Some(Amount::from_units(CAPITAL)),
        };
        let strategy = StrategyRow {
            id: WorkerId(entropy::id(now)),
            owner: owner.user(),
            account,
            seq: 1,
            created_at: now,
            updated_at: now,
            name: name.to_owned(),
            description: description(kind).to_owned(),
            status: StrategyState::Active,
            version: 1,
            draft,
        };
        store.insert_strategy(owner, &strategy).await?;
    }
    Ok(())
}

/// Parameters that fit the market as it is.
async fn config(engine: &EngineHandle, kind: StrategyKind, symbol: &str) -> Option<StrategyConfig> {
    let symbol: Symbol = symbol.parse().ok()?;
    let instrument = engine.instruments().by_symbol(&symbol)?.clone();
    let timeframe = Timeframe::OneMinute;
    let bars = engine.candles(instrument.id, timeframe, BARS).await;
    let capital = Amount::from_units(CAPITAL);
    let config = defaults::from_bars(kind, &instrument, timeframe, &bars, capital)?;
    Some(match config {
        StrategyConfig::Dca(mut dca) => {
            dca.interval_minutes = DCA_MINUTES;
            StrategyConfig::Dca(dca)
        }
        StrategyConfig::Ai(words) => StrategyConfig::Ai(Box::new(in_words(*words, &symbol))),
        config => config,
    })
}

/// What a strategy's owner is told about it.
fn description(kind: StrategyKind) -> &'static str {
    match kind {
        StrategyKind::Ai => {
            "Made for the demo: decided by the rule-based demo model, not an AI; it promises no \
             profit."
        }
        _ => "Made for the demo; its parameters promise no profit.",
    }
}

/// A strategy in words that decides every minute, alone or in a debate.
fn in_words(config: AiConfig, symbol: &Symbol) -> AiConfig {
    let models = house::MODELS.iter();
    let names = models.map(|(model, _)| format!("{}:{model}", house::PROVIDER));
    let debate = DebateConfig {
        models: names.filter_map(|name| name.parse().ok()).collect(),
        ..DebateConfig::default()
    };
    let alone = symbol.to_string() != DEBATED;
    AiConfig {
        prompt: PROMPT.to_owned(),
        timeframes: vec![Timeframe::OneMinute, Timeframe::FiveMinutes],
        interval_minutes: 1,
        min_review_minutes: 1,
        ai_model: config.ai_model.filter(|_| alone),
        debate: (!alone).then_some(debate),
        ..config
    }
}
