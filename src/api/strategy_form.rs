//! What is entered for a strategy of rules. A configuration is checked field by field, and all
//! that is wrong is told at once.

use banyan_core::ids::AccountId;
use banyan_core::instrument::Instruments;
use banyan_core::money::Amount;
use banyan_core::strategy::{AnyStrategy, StrategyConfig, StrategyKind};
use serde_json::{Value, json};

use super::error::{ApiError, Detail};
use super::fields::Fields;
use super::state::AppState;
use crate::fleet;
use crate::store::{Owner, StoreError, StrategyDraft, StrategyRow, StrategyState};

pub(super) const LONGEST_DESCRIPTION: usize = 2_000;

/// A new strategy.
pub(super) struct NewStrategy {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) account: AccountId,
    pub(super) draft: StrategyDraft,
}

/// Reads a status.
pub(super) fn read_status(fields: &mut Fields) -> Option<StrategyState> {
    let text = fields.text("status", 1..=16)?;
    let status = serde_json::from_value(Value::String(text)).ok();
    if status.is_none() {
        fields.fail("status", "must be one of active, paused, stopped");
    }
    status
}

/// Reads a new strategy.
pub(super) fn read_new(
    mut fields: Fields,
    instruments: &Instruments,
) -> Result<NewStrategy, ApiError> {
    let name = fields.text("name", 1..=100);
    let name = fields.require("name", name);
    let description = fields.text("description", 0..=LONGEST_DESCRIPTION).unwrap_or_default();
    let kind = fields.parsed::<StrategyKind>("strategy_type");
    match kind {
        None => fields.require::<()>("strategy_type", None),
        Some(StrategyKind::Ai) => {
            fields.fail("strategy_type", "strategies in words are made at /strategies");
        }
        Some(_) => {}
    }
    let symbol = fields.text("symbol", 1..=64);
    let symbol = fields.require("symbol", symbol);
    let account = fields.parsed::<uuid::Uuid>("account_id").map(AccountId);
    let account = fields.require("account_id", account);
    let allocated_capital = fields.amount("allocated_capital");
    let config = fields.value("config");
    let config = fields.require("config", config);
    let symbol = resolve(&mut fields, &symbol, instruments);
    let config = kind.and_then(|kind| read_config(&mut fields, kind, &config));
    let draft = complete(&mut fields, symbol, config, allocated_capital, instruments);
    fields.finish()?;
    let draft = draft.ok_or_else(|| ApiError::internal("a draft is neither whole nor wrong"))?;
    Ok(NewStrategy { name, description, account, draft })
}

/// Reads a change: what is not named stays, and of the configuration likewise.
pub(super) fn read_change(
    mut fields: Fields,
    before: &StrategyRow,
    instruments: &Instruments,
) -> Result<StrategyRow, ApiError> {
    let name = fields.text("name", 1..=100).unwrap_or_else(|| before.name.clone());
    let description = fields.text("description", 0..=LONGEST_DESCRIPTION);
    let description = description.unwrap_or_else(|| before.description.clone());
    let account = fields.parsed::<uuid::Uuid>("account_id").map_or(before.account, AccountId);
    let capital = fields.amount("allocated_capital").or(before.draft.allocated_capital);
    let kind = fields.parsed::<StrategyKind>("strategy_type");
    if kind.is_some_and(|kind| kind != before.draft.config.kind()) {
        fields.fail("strategy_type", "cannot be changed; make another strategy");
    }
    let symbol = fields.text("symbol", 1..=64);
    let symbol = symbol.map_or(Some(before.draft.symbol.clone()), |symbol| {
        resolve(&mut fields, &symbol, instruments)
    });
    let config = match fields.value("config") {
        Some(change) => merged(&mut fields, &before.draft.config, change),
        None => Some(before.draft.config.clone()),
    };
    let draft = complete(&mut fields, symbol, config, capital, instruments);
    fields.finish()?;
    let draft = draft.ok_or_else(|| ApiError::internal("a draft is neither whole nor wrong"))?;
    Ok(StrategyRow { name, description, account, draft, ..before.clone() })
}

fn merged(fields: &mut Fields, before: &StrategyConfig, change: Value) -> Option<StrategyConfig> {
    let Value::Object(change) = change else {
        fields.fail("config", "must be an object");
        return None;
    };
    let mut whole = serde_json::to_value(before).ok()?;
    let config = whole.get_mut("config").and_then(Value::as_object_mut)?;
    for (name, value) in change {
        config.insert(name, value);
    }
    let config = config.clone();
    read_config(fields, before.kind(), &Value::Object(config))
}

/// The listed symbol that a name stands for.
fn resolve(fields: &mut Fields, name: &str, instruments: &Instruments) -> Option<String> {
    if name.is_empty() {
        return None;
    }
    match fleet::resolve(name, instruments) {
        Ok(instrument) => Some(instrument.symbol.to_string()),
        Err(error) => {
            fields.fail(error.field, error.message);
            None
        }
    }
}

fn read_config(fields: &mut Fields, kind: StrategyKind, config: &Value) -> Option<StrategyConfig> {
    if config.is_null() {
        return None;
    }
    match parse_config(kind, config) {
        Ok(config) => Some(config),
        Err(errors) => {
            for Detail { field, message } in errors {
                let place = if field.is_empty() { "config" } else { "config." };
                fields.fail(&format!("{place}{field}"), message);
            }
            None
        }
    }
}

/// Reads a configuration; what is wrong is told by field, within the configuration.
pub(super) fn parse_config(
    kind: StrategyKind,
    config: &Value,
) -> Result<StrategyConfig, Vec<Detail>> {
    if !config.is_object() {
        return Err(vec![Detail::new("", "must be an object")]);
    }
    let whole = json!({"strategy_type": kind, "config": config});
    let config: StrategyConfig = serde_json::from_value(whole)
        .map_err(|error| vec![explain(&error.to_string(), kind, config)])?;
    match config.validate() {
        Ok(()) => Ok(config),
        Err(errors) => {
            Err(errors.into_iter().map(|it| Detail::new(it.field, it.message)).collect())
        }
    }
}

/// Names the field that a configuration could not be read at.
fn explain(error: &str, kind: StrategyKind, config: &Value) -> Detail {
    let named = |at: &str| {
        let rest = error.split_once(at)?.1;
        rest.split_once('`').map(|(name, _)| name.to_owned())
    };
    if let Some(field) = named("missing field `") {
        return Detail::new(field, "is required");
    }
    if let Some(field) = named("unknown field `") {
        return Detail::new(field, format!("is not a parameter of {kind}"));
    }
    // The value itself: the one without which the rest can be read, or at least fails elsewhere.
    let culprit = config.as_object().into_iter().flatten().find(|(name, _)| {
        let mut without = config.clone();
        if let Some(fields) = without.as_object_mut() {
            fields.remove(*name);
        }
        let whole = json!({"strategy_type": kind, "config": without});
        match serde_json::from_value::<StrategyConfig>(whole) {
            Ok(_) => true,
            Err(other) => other.to_string() == format!("missing field `{name}`"),
        }
    });
    let field = culprit.map_or("", |(name, _)| name.as_str());
    Detail::new(field, error)
}

/// Puts a draft together, if its configuration fits its instrument.
fn complete(
    fields: &mut Fields,
    symbol: Option<String>,
    config: Option<StrategyConfig>,
    allocated_capital: Option<Amount>,
    instruments: &Instruments,
) -> Option<StrategyDraft> {
    let (symbol, config) = (symbol?, config?);
    let instrument = match fleet::resolve(&symbol, instruments) {
        Ok(instrument) => instrument,
        Err(error) => {
            fields.fail(error.field, error.message);
            return None;
        }
    };
    if let Err(errors) = AnyStrategy::new(&config, &[instrument]) {
        for error in errors {
            fields.fail(&format!("config.{}", error.field), error.message);
        }
        return None;
    }
    Some(StrategyDraft { symbol, config, allocated_capital })
}

/// A strategy trades on an account of the same owner.
pub(super) async fn require_account(
    state: &AppState,
    owner: Owner,
    account: AccountId,
) -> Result<(), ApiError> {
    match state.store.account(owner, account).await {
        Ok(_) => Ok(()),
        Err(StoreError::NotFound) => Err(ApiError::field("account_id", "there is no such account")),
        Err(error) => Err(error.into()),
    }
}
