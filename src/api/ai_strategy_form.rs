//! What is entered for a strategy in words: some of its configuration is named beside it, as the
//! reference of the interface has it, and shown there again.

use banyan_core::ids::AccountId;
use banyan_core::instrument::Instruments;
use banyan_core::money::Amount;
use banyan_core::strategy::config::AiConfig;
use banyan_core::strategy::{AnyStrategy, StrategyConfig, StrategyKind};
use serde_json::{Map, Value};

use super::error::{ApiError, Detail};
use super::fields::Fields;
use super::strategy_form::{LONGEST_DESCRIPTION, NewStrategy, parse_config};
use crate::fleet;
use crate::store::{StrategyDraft, StrategyRow};

/// Fields of a strategy that are fields of its configuration: the name beside it, and within.
const BESIDE: [(&str, &str); 11] = [
    ("prompt", "prompt"),
    ("trading_mode", "trading_mode"),
    ("language", "language"),
    ("prompt_mode", "prompt_mode"),
    ("advanced_prompt", "advanced_prompt"),
    ("symbols", "symbols"),
    ("timeframes", "timeframes"),
    ("ai_model", "ai_model"),
    ("fallback_model", "fallback_model"),
    ("execution_interval_minutes", "interval_minutes"),
    ("auto_execute", "auto_execute"),
];
/// The same for what a debate is like.
const OF_DEBATE: [(&str, &str); 5] = [
    ("debate_models", "models"),
    ("debate_consensus_mode", "consensus_mode"),
    ("debate_min_participants", "min_participants"),
    ("debate_rebuttal", "rebuttal"),
    ("debate_timeout_seconds", "timeout_seconds"),
];

/// A configuration that is being put together.
struct Draft {
    config: Map<String, Value>,
    /// Names that were given beside the configuration, and their names within.
    beside: Vec<(&'static str, String)>,
}

/// Reads a new strategy.
pub(super) fn read_new(
    mut fields: Fields,
    instruments: &Instruments,
) -> Result<NewStrategy, ApiError> {
    let name = fields.text("name", 1..=100);
    let name = fields.require("name", name);
    let description = fields.text("description", 0..=LONGEST_DESCRIPTION).unwrap_or_default();
    let account = fields.parsed::<uuid::Uuid>("account_id").map(AccountId);
    let account = fields.require("account_id", account);
    let allocated_capital = fields.amount("allocated_capital");
    let config = read_config(&mut fields, Map::new());
    let draft = complete(&mut fields, config, allocated_capital, instruments);
    fields.finish()?;
    let draft = draft.ok_or_else(|| ApiError::internal("a draft is neither whole nor wrong"))?;
    Ok(NewStrategy { name, description, account, draft })
}

/// Reads a change: what is not named stays, however deep in the configuration.
pub(super) fn read_change(
    mut fields: Fields,
    before: &StrategyRow,
    config: &AiConfig,
    instruments: &Instruments,
) -> Result<StrategyRow, ApiError> {
    let name = fields.text("name", 1..=100).unwrap_or_else(|| before.name.clone());
    let description = fields.text("description", 0..=LONGEST_DESCRIPTION);
    let description = description.unwrap_or_else(|| before.description.clone());
    let account = fields.parsed::<uuid::Uuid>("account_id").map_or(before.account, AccountId);
    let capital = fields.amount("allocated_capital").or(before.draft.allocated_capital);
    let config = read_config(&mut fields, as_object(config));
    let draft = complete(&mut fields, config, capital, instruments);
    fields.finish()?;
    let draft = draft.ok_or_else(|| ApiError::internal("a draft is neither whole nor wrong"))?;
    Ok(StrategyRow { name, description, account, draft, ..before.clone() })
}

/// Reads what a prompt is made of; symbols and a model need not be named.
pub(super) fn read_preview(mut fields: Fields) -> Result<AiConfig, ApiError> {
    for name in ["indicators", "risk_controls", "prompt_sections"] {
        fields.move_into("config", name);
    }
    let mut base = Map::new();
    base.insert("symbols".to_owned(), Value::from(vec!["BTC/USDT:USDT"]));
    base.insert("ai_model".to_owned(), Value::from("preview:preview"));
    let config = read_config(&mut fields, base);
    for name in ["name", "description", "account_id", "allocated_capital"] {
        fields.ignore(name);
    }
    fields.finish()?;
    config.ok_or_else(|| ApiError::internal("a configuration is neither whole nor wrong"))
}

/// A configuration as an object; see `AiConfig`.
pub(super) fn as_object(config: &AiConfig) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

fn read_config(fields: &mut Fields, base: Map<String, Value>) -> Option<AiConfig> {
    let mut draft = Draft { config: base, beside: Vec::new() };
    match fields.value("config") {
        None => {}
        Some(Value::Object(change)) => merge(&mut draft.config, change),
        Some(_) => {
            fields.fail("config", "must be an object");
            return None;
        }
    }
    for (name, within) in BESIDE {
        if let Some(value) = fields.value(name) {
            draft.config.insert(within.to_owned(), value);
            draft.beside.push((name, within.to_owned()));
        }
    }
    read_debate(fields, &mut draft);
    match parse_config(StrategyKind::Ai, &Value::Object(draft.config.clone())) {
        Ok(StrategyConfig::Ai(config)) => Some(*config),
        Ok(_) => None,
        Err(errors) => {
            for Detail { field, message } in errors {
                fields.fail(&draft.name_of(&field), message);
            }
            None
        }
    }
}

/// Reads whether models debate, and how. One model beside a debate is asked when another cannot
/// answer.
fn read_debate(fields: &mut Fields, draft: &mut Draft) {
    let wanted = fields.flag("debate_enabled");
    let mut given = Map::new();
    for (name, within) in OF_DEBATE {
        if let Some(value) = fields.value(name) {
            given.insert(within.to_owned(), value);
            draft.beside.push((name, format!("debate.{within}")));
        }
    }
    if wanted == Some(false) {
        draft.config.remove("debate");
        return;
    }
    let had = draft.config.get("debate").is_some_and(|it| !it.is_null());
    let models = given.get("models").and_then(Value::as_array).is_some_and(|it| !it.is_empty());
    if wanted != Some(true) && !had && !models {
        return;
    }
    let debate = draft.config.entry("debate").or_insert(Value::Null);
    match debate {
        Value::Object(debate) => merge(debate, given),
        other => *other = Value::Object(given),
    }
    let fallback = draft.config.get("fallback_model").is_some_and(|it| !it.is_null());
    if let Some(model) = draft.config.remove("ai_model").filter(|it| !it.is_null()) {
        if fallback {
            fields.fail("ai_model", "models debate; leave it out, or set debate_enabled to false");
        } else {
            draft.config.insert("fallback_model".to_owned(), model);
        }
    }
}

/// Lays a change over what there is, object by object.
fn merge(base: &mut Map<String, Value>, change: Map<String, Value>) {
    for (name, value) in change {
        match (base.get_mut(&name), value) {
            (Some(Value::Object(below)), Value::Object(change)) => merge(below, change),
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

impl Draft {
    /// The name by which a field of the configuration was entered.
    fn name_of(&self, field: &str) -> String {
        let beside = self.beside.iter().find(|(_, within)| within == field);
        match beside {
            Some((name, _)) => (*name).to_owned(),
            None if field.is_empty() => "config".to_owned(),
            None => format!("config.{field}"),
        }
    }
}

/// Puts a draft together, if its configuration fits what is listed.
fn complete(
    fields: &mut Fields,
    config: Option<AiConfig>,
    allocated_capital: Option<Amount>,
    instruments: &Instruments,
) -> Option<StrategyDraft> {
    let mut config = config?;
    let mut traded = Vec::new();
    for name in &config.symbols {
        match fleet::resolve(name, instruments) {
            Ok(instrument) => traded.push(instrument),
            Err(error) => {
                fields.fail("config.symbols", format!("{name}: {}", error.message));
                return None;
            }
        }
    }
    config.symbols = traded.iter().map(|it| it.symbol.to_string()).collect();
    let symbol = config.symbols.join(",");
    let config = StrategyConfig::Ai(Box::new(config));
    let checked = config.validate().and_then(|()| AnyStrategy::new(&config, &traded).map(|_| ()));
    if let Err(errors) = checked {
        for error in errors {
            fields.fail(&format!("config.{}", error.field), error.message);
        }
        return None;
    }
    Some(StrategyDraft { symbol, config, allocated_capital })
}
