//! Models that can be asked, by their providers.

use axum::Json;
use axum::extract::{Path, State};
use banyan_core::model::ModelName;
use serde::Serialize;

use super::error::ApiError;
use super::fields::{Fields, Filter};
use super::state::AppState;
use crate::auth::Caller;
use crate::llm::{ModelInfo, preset, presets};
use crate::view::Number;

#[derive(Serialize)]
pub(super) struct ModelShape {
    id: String,
    provider: String,
    model: String,
    name: String,
    description: String,
    configured: bool,
    context_window: u32,
    max_output_tokens: u32,
    supports_json_mode: bool,
    supports_reasoning: bool,
    supports_vision: bool,
    cost_per_1k_input: Option<Number>,
    cost_per_1k_output: Option<Number>,
    free: bool,
}

#[derive(Serialize)]
pub(super) struct ModelProviderShape {
    id: String,
    name: String,
    configured: bool,
}

#[derive(Serialize)]
pub(super) struct TestedModelShape {
    model_id: String,
    success: bool,
    message: String,
    error_code: Option<&'static str>,
}

impl From<ModelInfo> for ModelShape {
    fn from(info: ModelInfo) -> Self {
        let (name, model) = (info.name, info.model);
        Self {
            id: name.as_str().to_owned(),
            provider: name.provider().to_owned(),
            model: name.model().to_owned(),
            name: if model.name.is_empty() { model.id } else { model.name },
            description: model.description,
            configured: info.configured,
            context_window: model.context_window,
            max_output_tokens: model.max_output_tokens,
            supports_json_mode: model.supports_json_mode,
            supports_reasoning: model.supports_reasoning,
            supports_vision: model.supports_vision,
            cost_per_1k_input: model.cost_per_1k_input.map(Number),
            cost_per_1k_output: model.cost_per_1k_output.map(Number),
            free: model.free,
        }
    }
}

pub(super) async fn providers(
    State(state): State<AppState>,
    caller: Caller,
    Filter(fields): Filter,
) -> Result<Json<Vec<ModelProviderShape>>, ApiError> {
    fields.finish()?;
    let rows = state.store.providers(caller.owner()).await?;
    let own =
        |kind: &str| rows.iter().any(|row| row.draft.is_enabled && row.draft.provider_type == kind);
    let shape = |id: &str| ModelProviderShape {
        id: id.to_owned(),
        name: preset(id).map_or(id, |it| it.name).to_owned(),
        configured: own(id) || state.models.needs_no_provider(id),
    };
    Ok(Json(presets().iter().map(|it| shape(it.id)).collect()))
}

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<ModelShape>>, ApiError> {
    let provider = fields.text("provider", 1..=32);
    fields.finish()?;
    let models = state.models.models(caller.owner()).await?;
    let wanted = models
        .into_iter()
        .filter(|it| provider.as_deref().is_none_or(|wanted| it.name.provider() == wanted));
    Ok(Json(wanted.map(ModelShape::from).collect()))
}

pub(super) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ModelShape>, ApiError> {
    let models = state.models.models(caller.owner()).await?;
    let found = models.into_iter().find(|it| it.name.as_str() == id);
    found.map(|it| Json(it.into())).ok_or_else(|| ApiError::not_found("model"))
}

/// Asks a model for a word, with the key that is kept or with another; a failure is an answer.
pub(super) async fn test(
    State(state): State<AppState>,
    caller: Caller,
    mut fields: Fields,
) -> Result<Json<TestedModelShape>, ApiError> {
    let name = fields.parsed::<ModelName>("model_id");
    if name.is_none() {
        fields.require::<String>("model_id", None);
    }
    let key = fields.secret("api_key");
    fields.finish()?;
    let name = name.ok_or_else(|| ApiError::internal("a name is neither there nor wrong"))?;
    let tested = state.models.test_model(caller.owner(), &name, key).await;
    Ok(Json(TestedModelShape {
        model_id: name.as_str().to_owned(),
        success: tested.success,
        message: tested.message,
        error_code: tested.error_code,
    }))
}
