//! Strategies in words: their configurations, and whether they run.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use banyan_core::decision::ConsensusMode;
use banyan_core::ids::WorkerId;
use banyan_core::model::ModelName;
use banyan_core::prompt::{Language, TradingMode};
use banyan_core::strategy::StrategyConfig;
use banyan_core::strategy::config::AiConfig;
use serde::Serialize;
use serde_json::{Map, Value};

use super::ai_strategy_form;
use super::error::ApiError;
use super::extract::{Owned, Resource};
use super::fields::{Fields, Filter};
use super::state::AppState;
use super::strategies::{self, Standing};
use crate::auth::Caller;
use crate::store::{StrategyFamily, StrategyRow, StrategyVersion};
use crate::view::{Number, Time};

/// Fields of the configuration that are shown beside it.
const BESIDE: [&str; 8] = [
    "prompt",
    "trading_mode",
    "language",
    "ai_model",
    "fallback_model",
    "debate",
    "interval_minutes",
    "auto_execute",
];
/// Models that debate.
const DEBATERS: std::ops::RangeInclusive<usize> = 2..=5;

/// A strategy in words.
pub(super) struct InWords {
    row: StrategyRow,
    config: Box<AiConfig>,
}

/// What a version fixes, as it is entered.
#[derive(Serialize)]
struct Words {
    strategy_type: &'static str,
    prompt: String,
    trading_mode: TradingMode,
    language: Language,
    symbols: Vec<String>,
    config: Map<String, Value>,
    ai_model: Option<ModelName>,
    fallback_model: Option<ModelName>,
    debate_enabled: bool,
    debate_models: Vec<ModelName>,
    debate_consensus_mode: ConsensusMode,
    debate_min_participants: u32,
    debate_rebuttal: bool,
    debate_timeout_seconds: u32,
    execution_interval_minutes: u32,
    auto_execute: bool,
}

/// A strategy as its owner sees it.
#[derive(Serialize)]
pub(super) struct AiShape {
    id: WorkerId,
    name: String,
    description: String,
    #[serde(flatten)]
    words: Words,
    #[serde(flatten)]
    standing: Standing,
}

#[derive(Serialize)]
pub(super) struct AiVersionShape {
    version: i64,
    #[serde(flatten)]
    words: Words,
    allocated_capital: Option<Number>,
    created_at: Time,
}

#[derive(Serialize)]
pub(super) struct DebatersShape {
    valid: bool,
    models: Vec<DebaterShape>,
}

#[derive(Serialize)]
struct DebaterShape {
    model_id: String,
    valid: bool,
    error: Option<String>,
}

impl Resource for InWords {
    const NAME: &'static str = StrategyRow::NAME;

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let row = strategies::of_family(state, caller, id, StrategyFamily::Ai).await?;
        Self::of(row)
    }
}

impl InWords {
    fn of(row: StrategyRow) -> Result<Self, ApiError> {
        match &row.draft.config {
            StrategyConfig::Ai(config) => Ok(Self { config: config.clone(), row }),
            _ => Err(ApiError::not_found(StrategyRow::NAME)),
        }
    }
}

impl Words {
    fn of(config: AiConfig) -> Self {
        let mut shown = ai_strategy_form::as_object(&config);
        for name in BESIDE {
            shown.remove(name);
        }
        for value in shown.values_mut().filter_map(Value::as_object_mut) {
            // Limits that were not said are as for all; they are not shown as nothing.
            value.retain(|_, value| !value.is_null());
        }
        let debate_enabled = config.debate.is_some();
        let debate = config.debate.unwrap_or_default();
        Self {
            strategy_type: "ai",
            prompt: config.prompt,
            trading_mode: config.trading_mode,
            language: config.language,
            symbols: config.symbols,
            config: shown,
            ai_model: config.ai_model,
            fallback_model: config.fallback_model,
            debate_enabled,
            debate_models: debate.models,
            debate_consensus_mode: debate.consensus_mode,
            debate_min_participants: debate.min_participants,
            debate_rebuttal: debate.rebuttal,
            debate_timeout_seconds: debate.timeout_seconds,
            execution_interval_minutes: config.interval_minutes,
            auto_execute: config.auto_execute,
        }
    }
}

fn shape(strategy: InWords, standing: Standing) -> AiShape {
    AiShape {
        id: strategy.row.id,
        name: strategy.row.name,
        description: strategy.row.description,
        words: Words::of(*strategy.config),
        standing,
    }
}

async fn show(state: &AppState, row: StrategyRow) -> Result<Json<AiShape>, ApiError> {
    let standing = strategies::standing_of(state, &row).await;
    Ok(Json(shape(InWords::of(row)?, standing)))
}

pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    fields: Fields,
) -> Result<Json<AiShape>, ApiError> {
    let form = ai_strategy_form::read_new(fields, state.engine.instruments())?;
    let strategy = strategies::insert(&state, caller.owner(), form).await?;
    show(&state, strategy).await
}

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Filter(fields): Filter,
) -> Result<Json<Vec<AiShape>>, ApiError> {
    let found = strategies::listed(&state, &caller, fields, StrategyFamily::Ai).await?;
    let shapes = found.into_iter().map(|(row, standing)| Ok(shape(InWords::of(row)?, standing)));
    shapes.collect::<Result<_, ApiError>>().map(Json)
}

pub(super) async fn get(
    State(state): State<AppState>,
    owned: Owned<InWords>,
) -> Result<Json<AiShape>, ApiError> {
    show(&state, owned.row.row).await
}

pub(super) async fn versions(
    State(state): State<AppState>,
    owned: Owned<InWords>,
    Filter(fields): Filter,
) -> Result<Json<Vec<AiVersionShape>>, ApiError> {
    let id = owned.row.row.id;
    let versions = strategies::versions_of(&state, &owned.caller, id, fields).await?;
    let shape = |it: StrategyVersion| match it.draft.config {
        StrategyConfig::Ai(config) => Some(AiVersionShape {
            version: it.version,
            words: Words::of(*config),
            allocated_capital: it.draft.allocated_capital.map(Number::from),
            created_at: it.created_at.into(),
        }),
        _ => None,
    };
    Ok(Json(versions.into_iter().filter_map(shape).collect()))
}

pub(super) async fn update(
    State(state): State<AppState>,
    Owned { caller, row: before }: Owned<InWords>,
    fields: Fields,
) -> Result<Json<AiShape>, ApiError> {
    let InWords { row, config } = before;
    let listed = state.engine.instruments();
    let change = ai_strategy_form::read_change(fields, &row, &config, listed)?;
    let updated = strategies::put(&state, caller.owner(), row, change).await?;
    show(&state, updated).await
}

pub(super) async fn delete(
    State(state): State<AppState>,
    Owned { caller, row: strategy }: Owned<InWords>,
) -> Result<StatusCode, ApiError> {
    strategies::remove(&state, caller.owner(), &strategy.row).await
}

pub(super) async fn set_status(
    State(state): State<AppState>,
    Owned { caller, row: strategy }: Owned<InWords>,
    fields: Fields,
) -> Result<Json<AiShape>, ApiError> {
    let strategy = strategies::bring(&state, caller.owner(), strategy.row, fields).await?;
    show(&state, strategy).await
}

/// Says which models a debate could be held with. Asks none of them.
pub(super) async fn validate_debate_models(
    State(state): State<AppState>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<DebatersShape>, ApiError> {
    let ids = fields.texts("model_ids", 200);
    let ids = fields.require("model_ids", ids);
    if !DEBATERS.contains(&ids.len()) {
        fields.fail("model_ids", "must name 2 to 5 models");
    }
    fields.finish()?;
    let mut models: Vec<DebaterShape> = Vec::with_capacity(ids.len());
    for model_id in ids {
        let twice = models.iter().any(|it| it.model_id == model_id);
        let error = match model_id.parse::<ModelName>() {
            _ if twice => Some("is named twice".to_owned()),
            Err(error) => Some(error.to_string()),
            Ok(name) => {
                let checked = state.models.check_model(caller.owner(), &name).await;
                checked.err().map(|failure| failure.message)
            }
        };
        models.push(DebaterShape { model_id, valid: error.is_none(), error });
    }
    Ok(Json(DebatersShape { valid: models.iter().all(|it| it.valid), models }))
}
