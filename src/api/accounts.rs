//! Exchange accounts: what their owners set up, and what the engine knows of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use banyan_core::account::Phase;
use banyan_core::ids::AccountId;
use banyan_core::money::Amount;
use banyan_core::terms::{AccountMode, Arming};
use serde::Serialize;

use super::account_form::{self, seal};
use super::error::{ApiError, Detail};
use super::extract::{Owned, Resource, found, id_of};
use super::fields::{Fields, Filter};
use super::state::AppState;
use crate::actors::AccountView;
use crate::auth::Caller;
use crate::entropy;
use crate::fleet;
use crate::store::{AccountRow, StrategyFilter, StrategyState};
use crate::view::{BalanceView, Number, PositionView, Time, balance, positions};

/// Times the engine is asked for an account that was just opened, and how long apart.
const TRIES: u32 = 40;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(50);

/// An account as its owner sees it.
#[derive(Serialize)]
pub(super) struct AccountShape {
    id: AccountId,
    name: String,
    exchange: String,
    is_testnet: bool,
    is_connected: bool,
    connection_error: Option<String>,
    created_at: Time,
    has_api_key: bool,
    has_api_secret: bool,
    has_private_key: bool,
    has_passphrase: bool,
    mode: AccountMode,
    is_armed: bool,
    initial_balance: Number,
}

#[derive(Serialize)]
pub(super) struct Tested {
    success: bool,
    exchange: String,
    balance: std::collections::BTreeMap<String, Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Resource for AccountRow {
    const NAME: &'static str = "account";

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let id = AccountId(id_of::<Self>(id)?);
        found(state.store.account(caller.owner(), id).await)
    }
}

/// Why an account is not connected.
fn connection_error(account: &AccountRow) -> String {
    if account.draft.exchange == fleet::PAPER {
        return "the engine has not opened this account yet".to_owned();
    }
    format!("no adapter for {} in this build", account.draft.exchange)
}

/// What the engine knows of an account.
pub(super) async fn engine_view(
    state: &AppState,
    account: &AccountRow,
) -> Result<AccountView, ApiError> {
    let view = state.engine.account(account.id).await;
    view.ok_or_else(|| ApiError::conflict("ACCOUNT_NOT_CONNECTED", connection_error(account)))
}

async fn shape(state: &AppState, account: AccountRow) -> AccountShape {
    let view = state.engine.account(account.id).await;
    let connection_error = view.is_none().then(|| connection_error(&account));
    let draft = account.draft;
    AccountShape {
        id: account.id,
        name: draft.name,
        exchange: draft.exchange,
        is_testnet: draft.mode == AccountMode::Testnet,
        is_connected: view.is_some(),
        connection_error,
        created_at: account.created_at.into(),
        has_api_key: draft.credentials.api_key.is_some(),
        has_api_secret: draft.credentials.api_secret.is_some(),
        has_private_key: draft.credentials.private_key.is_some(),
        has_passphrase: draft.credentials.passphrase.is_some(),
        mode: draft.mode,
        is_armed: view.is_some_and(|view| view.state.arming.is_some()),
        initial_balance: draft.initial_balance.into(),
    }
}

pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    fields: Fields,
) -> Result<Json<AccountShape>, ApiError> {
    let form = account_form::read_new(fields)?;
    let now = state.clock.now();
    let id = AccountId(entropy::id(now));
    let draft = form.draft(state.auth.vault(), id);
    let account = state.store.insert_account(caller.owner(), id, &draft, now).await?;
    if let Some(plan) = fleet::account_plan(&account, &state.trading) {
        // It is kept: if the engine cannot open it now, it does at its next start.
        if let Err(error) = state.engine.open_account(plan).await {
            tracing::warn!(%error, account = %id, "a new account could not be opened");
        } else {
            wait_until_open(&state, id).await;
        }
    }
    Ok(Json(shape(&state, account).await))
}

/// An account that was just opened first hears from its venue what it holds.
async fn wait_until_open(state: &AppState, id: AccountId) {
    for _ in 0..TRIES {
        let view = state.engine.account(id).await;
        if view.is_some_and(|view| view.phase == Phase::Ready) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<AccountShape>>, ApiError> {
    let exchange = fields.text("exchange", 1..=32).map(|it| it.to_ascii_lowercase());
    fields.finish()?;
    let accounts = state.store.accounts(caller.owner(), exchange.as_deref()).await?;
    let mut shapes = Vec::with_capacity(accounts.len());
    for account in accounts {
        shapes.push(shape(&state, account).await);
    }
    Ok(Json(shapes))
}

pub(super) async fn get(
    State(state): State<AppState>,
    owned: Owned<AccountRow>,
) -> Json<AccountShape> {
    Json(shape(&state, owned.row).await)
}

pub(super) async fn update(
    State(state): State<AppState>,
    Owned { caller, row: mut account }: Owned<AccountRow>,
    fields: Fields,
) -> Result<Json<AccountShape>, ApiError> {
    let change = account_form::read_change(fields, &account)?;
    if let Some(name) = change.name {
        account.draft.name = name;
    }
    if let Some(mode) = change.mode {
        account.draft.mode = mode;
    }
    let rekeyed = change.credentials.any();
    seal(&change.credentials, state.auth.vault(), account.id, &mut account.draft.credentials);
    let account = state.store.update_account(caller.owner(), &account, state.clock.now()).await?;
    if rekeyed && state.engine.account(account.id).await.is_some() {
        // Another key may lead to other money: its owner must arm the account again.
        state.engine.arm(account.id, None).await?;
    }
    Ok(Json(shape(&state, account).await))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    Owned { caller, row: account }: Owned<AccountRow>,
) -> Result<StatusCode, ApiError> {
    let filter = StrategyFilter { account: Some(account.id), limit: 1_000, ..Default::default() };
    let strategies = state.store.strategies(caller.owner(), filter).await?;
    if let Some(running) = strategies.iter().find(|it| it.status != StrategyState::Stopped) {
        let message =
            format!("strategy {} still runs on this account; stop it first", running.name);
        return Err(ApiError::conflict("ACCOUNT_IN_USE", message));
    }
    if let Some(view) = state.engine.account(account.id).await {
        if view.holdings.iter().any(|holding| !holding.quantity.is_zero()) {
            let message = "the account has open positions; close them first";
            return Err(ApiError::conflict("ACCOUNT_HAS_POSITIONS", message));
        }
        if !view.state.orders.is_empty() {
            let message = "the account has open orders; cancel them first";
            return Err(ApiError::conflict("ACCOUNT_HAS_ORDERS", message));
        }
    }
    state.store.delete_account(caller.owner(), account.id, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn test(State(state): State<AppState>, owned: Owned<AccountRow>) -> Json<Tested> {
    let account = owned.row;
    let view = state.engine.account(account.id).await;
    let error = view.is_none().then(|| connection_error(&account));
    let balance = view.map(|view| {
        let wallets = view.state.ledger.wallets().iter();
        wallets.map(|(asset, amount)| (asset.to_string(), Number::from(*amount))).collect()
    });
    Json(Tested {
        success: error.is_none(),
        exchange: account.draft.exchange,
        balance: balance.unwrap_or_default(),
        error,
    })
}

pub(super) async fn get_balance(
    State(state): State<AppState>,
    owned: Owned<AccountRow>,
) -> Result<Json<BalanceView>, ApiError> {
    let view = engine_view(&state, &owned.row).await?;
    let instruments = &view.state.instruments;
    Ok(Json(balance(owned.row.id, view.valuation, &view.holdings, instruments)))
}

pub(super) async fn get_positions(
    State(state): State<AppState>,
    owned: Owned<AccountRow>,
) -> Result<Json<Vec<PositionView>>, ApiError> {
    let view = engine_view(&state, &owned.row).await?;
    Ok(Json(positions(&view.holdings, &view.state.instruments)))
}

/// Lets a live account trade, within bounds. Its owner types its name.
pub(super) async fn arm(
    State(state): State<AppState>,
    owned: Owned<AccountRow>,
    mut fields: Fields,
) -> Result<Json<AccountShape>, ApiError> {
    let account = owned.row;
    let name = fields.text("confirm", 1..=100);
    let name = fields.require("confirm", name);
    let mut amount = |field: &str| -> Amount {
        let given = fields.amount(field);
        fields.require(field, given)
    };
    let max_notional = amount("max_notional");
    let max_daily_loss = amount("max_daily_loss");
    fields.finish()?;
    if account.draft.mode != AccountMode::Live {
        let message = "only live accounts are armed; others risk no money";
        return Err(ApiError::conflict("ACCOUNT_NOT_LIVE", message));
    }
    if name != account.draft.name {
        let message = "must be the account's name, letter by letter";
        return Err(ApiError::invalid(vec![Detail::new("confirm", message)]));
    }
    engine_view(&state, &account).await?;
    state.engine.arm(account.id, Some(Arming { max_notional, max_daily_loss })).await?;
    Ok(Json(shape(&state, account).await))
}

pub(super) async fn disarm(
    State(state): State<AppState>,
    owned: Owned<AccountRow>,
) -> Result<Json<AccountShape>, ApiError> {
    engine_view(&state, &owned.row).await?;
    state.engine.arm(owned.row.id, None).await?;
    Ok(Json(shape(&state, owned.row).await))
}
