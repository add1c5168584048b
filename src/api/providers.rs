//! Providers of models as their owners set them up. Keys come in and never go out.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use uuid::Uuid;

use super::error::ApiError;
use super::extract::{Owned, Resource, found, id_of};
use super::fields::{Fields, Filter, MaybeFields};
use super::provider_form;
use super::state::AppState;
use crate::auth::Caller;
use crate::entropy;
use crate::llm::{Preset, preset, presets};
use crate::store::{ProviderDraft, ProviderModel, ProviderRow};
use crate::view::{Number, Time};

/// A provider as its owner sees it.
#[derive(Serialize)]
pub(super) struct ProviderShape {
    id: Uuid,
    provider_type: String,
    name: String,
    note: String,
    website_url: String,
    base_url: String,
    api_format: String,
    is_enabled: bool,
    has_api_key: bool,
    models: Vec<ProviderModelShape>,
    created_at: Time,
    updated_at: Time,
}

/// A model in the list of a provider; what a call costs is not known where it is null.
#[derive(Serialize)]
pub(super) struct ProviderModelShape {
    id: String,
    name: String,
    description: String,
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
pub(super) struct PresetShape {
    id: &'static str,
    name: &'static str,
    base_url: &'static str,
    api_format: &'static str,
    website_url: &'static str,
    needs_key: bool,
}

#[derive(Serialize)]
pub(super) struct FormatShape {
    id: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
pub(super) struct TestedShape {
    success: bool,
    message: String,
    error_code: Option<&'static str>,
}

impl From<ProviderModel> for ProviderModelShape {
    fn from(model: ProviderModel) -> Self {
        Self {
            name: if model.name.is_empty() { model.id.clone() } else { model.name },
            id: model.id,
            description: model.description,
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

impl From<ProviderRow> for ProviderShape {
    fn from(row: ProviderRow) -> Self {
        let draft = row.draft;
        let usual = || preset(&draft.provider_type).map_or("", |it| it.base_url).to_owned();
        let base_url = if draft.base_url.is_empty() { usual() } else { draft.base_url.clone() };
        Self {
            id: row.id,
            name: draft.name,
            note: draft.note,
            website_url: draft.website_url,
            base_url,
            api_format: draft.api_format,
            is_enabled: draft.is_enabled,
            has_api_key: draft.api_key.is_some(),
            models: shapes(draft.models),
            provider_type: draft.provider_type,
            created_at: row.created_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}

fn shapes(models: Vec<ProviderModel>) -> Vec<ProviderModelShape> {
    models.into_iter().map(ProviderModelShape::from).collect()
}

impl Resource for ProviderRow {
    const NAME: &'static str = "provider";

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let id = id_of::<Self>(id)?;
        found(state.store.provider(caller.owner(), id).await)
    }
}

pub(super) async fn list_presets(_: Caller) -> Json<Vec<PresetShape>> {
    let shape = |it: &Preset| PresetShape {
        id: it.id,
        name: it.name,
        base_url: it.base_url,
        api_format: it.api_format,
        website_url: it.website_url,
        needs_key: it.needs_key,
    };
    Json(presets().iter().map(shape).collect())
}

pub(super) async fn formats(_: Caller) -> Json<[FormatShape; 2]> {
    let openai = FormatShape { id: "openai", name: "OpenAI chat completions" };
    let custom = FormatShape { id: "custom", name: "Compatible with OpenAI, elsewhere" };
    Json([openai, custom])
}

pub(super) async fn list(
    State(state): State<AppState>,
    caller: Caller,
    Filter(fields): Filter,
) -> Result<Json<Vec<ProviderShape>>, ApiError> {
    fields.finish()?;
    let rows = state.store.providers(caller.owner()).await?;
    Ok(Json(rows.into_iter().map(ProviderShape::from).collect()))
}

/// An address that must not be asked is refused at once; where a name leads is looked at when it
/// is asked.
fn check_address(state: &AppState, draft: &ProviderDraft) -> Result<(), ApiError> {
    if draft.base_url.is_empty() {
        return Ok(());
    }
    let checked = state.models.check_base_url(&draft.base_url);
    checked.map_err(|failure| ApiError::field("base_url", failure.message))
}

pub(super) async fn create(
    State(state): State<AppState>,
    caller: Caller,
    fields: Fields,
) -> Result<Json<ProviderShape>, ApiError> {
    let now = state.clock.now();
    let id = entropy::id(now);
    let (draft, key) = provider_form::read_new(fields)?;
    check_address(&state, &draft)?;
    let api_key = key.map(|key| state.models.seal_key(id, &key));
    let draft = ProviderDraft { api_key, ..draft };
    let row = state.store.insert_provider(caller.owner(), id, &draft, now).await?;
    Ok(Json(row.into()))
}

pub(super) async fn get(owned: Owned<ProviderRow>) -> Json<ProviderShape> {
    Json(owned.row.into())
}

async fn put(
    state: &AppState,
    caller: &Caller,
    changed: &ProviderRow,
) -> Result<ProviderRow, ApiError> {
    Ok(state.store.update_provider(caller.owner(), changed, state.clock.now()).await?)
}

pub(super) async fn update(
    State(state): State<AppState>,
    Owned { caller, row: before }: Owned<ProviderRow>,
    fields: Fields,
) -> Result<Json<ProviderShape>, ApiError> {
    let (mut draft, key) = provider_form::read_change(fields, &before.draft)?;
    check_address(&state, &draft)?;
    if let Some(key) = key {
        draft.api_key = Some(state.models.seal_key(before.id, &key));
    }
    let changed = ProviderRow { draft, ..before };
    Ok(Json(put(&state, &caller, &changed).await?.into()))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    Owned { caller, row }: Owned<ProviderRow>,
) -> Result<StatusCode, ApiError> {
    state.store.delete_provider(caller.owner(), row.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the provider, with the key that is kept or with another; a failure is an answer.
pub(super) async fn test(
    State(state): State<AppState>,
    Owned { caller, row }: Owned<ProviderRow>,
    MaybeFields(mut fields): MaybeFields,
) -> Result<Json<TestedShape>, ApiError> {
    let key = fields.secret("api_key");
    fields.finish()?;
    let tested = state.models.test_provider(caller.owner(), row.id, key).await?;
    let (success, message, error_code) = (tested.success, tested.message, tested.error_code);
    Ok(Json(TestedShape { success, message, error_code }))
}

pub(super) async fn list_models(owned: Owned<ProviderRow>) -> Json<Vec<ProviderModelShape>> {
    Json(shapes(owned.row.draft.models))
}

/// Puts a list of models in the place of the one before; `{"models": [...]}`.
pub(super) async fn replace_models(
    State(state): State<AppState>,
    Owned { caller, row: mut changed }: Owned<ProviderRow>,
    fields: Fields,
) -> Result<Json<Vec<ProviderModelShape>>, ApiError> {
    changed.draft.models = provider_form::read_models(fields)?;
    Ok(Json(shapes(put(&state, &caller, &changed).await?.draft.models)))
}

pub(super) async fn add_model(
    State(state): State<AppState>,
    Owned { caller, row: mut changed }: Owned<ProviderRow>,
    fields: Fields,
) -> Result<Json<ProviderModelShape>, ApiError> {
    let model = provider_form::read_model(fields)?;
    if changed.draft.models.iter().any(|it| it.id == model.id) {
        let message = format!("the provider has a model {} already", model.id);
        return Err(ApiError::conflict("MODEL_EXISTS", message));
    }
    changed.draft.models.push(model.clone());
    provider_form::require_room(&changed.draft.models)?;
    put(&state, &caller, &changed).await?;
    Ok(Json(model.into()))
}

pub(super) async fn delete_model(
    State(state): State<AppState>,
    Owned { caller, row: mut changed }: Owned<ProviderRow>,
    Path((_, model)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    let before = changed.draft.models.len();
    changed.draft.models.retain(|it| it.id != model);
    if changed.draft.models.len() == before {
        return Err(ApiError::not_found("model"));
    }
    put(&state, &caller, &changed).await?;
    Ok(StatusCode::NO_CONTENT)
}
