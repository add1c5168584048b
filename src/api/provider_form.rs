//! What is entered for a provider of models. Whether its address may be asked is not decided here;
//! it must be one at all.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::error::ApiError;
use super::fields::{Fields, decimal};
use crate::llm::{preset, presets};
use crate::secret::Secret;
use crate::store::{ProviderDraft, ProviderModel};

/// Whoever speaks the usual protocol at an address of their own.
const CUSTOM: &str = "custom";
const FORMATS: [&str; 2] = ["openai", CUSTOM];
const LONGEST_NOTE: usize = 2_000;
const LONGEST_URL: usize = 500;
const LONGEST_ID: usize = 180;
/// Models of one provider.
const MODELS: usize = 200;

/// Reads a new provider, and its key. Models come from the list of its type.
pub(super) fn read_new(mut fields: Fields) -> Result<(ProviderDraft, Option<Secret>), ApiError> {
    let kind = fields.text("provider_type", 1..=32);
    let kind = fields.require("provider_type", kind);
    let known = preset(&kind);
    if !kind.is_empty() && known.is_none() {
        let names: Vec<_> = presets().iter().map(|it| it.id).collect();
        fields.fail("provider_type", format!("must be one of {}", names.join(", ")));
    }
    let name = fields.text("name", 1..=100);
    let blank = ProviderDraft {
        name: name.unwrap_or_else(|| known.map_or(kind.as_str(), |it| it.name).to_owned()),
        provider_type: kind,
        note: String::new(),
        website_url: known.map_or("", |it| it.website_url).to_owned(),
        base_url: String::new(),
        api_format: known.map_or("openai", |it| it.api_format).to_owned(),
        api_key: None,
        is_enabled: true,
        models: known.map(|it| it.models()).unwrap_or_default(),
    };
    let key = fields.secret("api_key");
    let mut draft = read_rest(&mut fields, blank);
    if let Some(models) = fields.value("models") {
        draft.models = models_of(&mut fields, &models);
    }
    let addressed = known.is_none_or(|it| !it.base_url.is_empty());
    if draft.base_url.is_empty() && !addressed {
        fields.require::<String>("base_url", None);
    }
    if key.is_none() && known.is_some_and(|it| it.needs_key) {
        fields.require::<String>("api_key", None);
    }
    fields.finish()?;
    Ok((draft, key))
}

/// Reads a change; what is not named stays, the key too.
pub(super) fn read_change(
    mut fields: Fields,
    before: &ProviderDraft,
) -> Result<(ProviderDraft, Option<Secret>), ApiError> {
    let kind = fields.text("provider_type", 1..=32);
    if kind.is_some_and(|kind| kind != before.provider_type) {
        fields.fail("provider_type", "cannot be changed; make another provider");
    }
    let name = fields.text("name", 1..=100).unwrap_or_else(|| before.name.clone());
    let key = fields.secret("api_key");
    let draft = read_rest(&mut fields, ProviderDraft { name, ..before.clone() });
    fields.finish()?;
    Ok((draft, key))
}

fn read_rest(fields: &mut Fields, before: ProviderDraft) -> ProviderDraft {
    let note = fields.text("note", 0..=LONGEST_NOTE).unwrap_or(before.note);
    let website_url = url(fields, "website_url").unwrap_or(before.website_url);
    let base_url = url(fields, "base_url").unwrap_or(before.base_url);
    let api_format = fields.text("api_format", 1..=16).unwrap_or(before.api_format);
    if !FORMATS.contains(&api_format.as_str()) {
        fields.fail("api_format", "must be one of openai, custom");
    }
    let is_enabled = fields.flag("is_enabled").unwrap_or(before.is_enabled);
    ProviderDraft { note, website_url, base_url, api_format, is_enabled, ..before }
}

/// An address without credentials, query or fragment; empty for none.
fn url(fields: &mut Fields, name: &str) -> Option<String> {
    let text = fields.text(name, 0..=LONGEST_URL)?;
    if text.is_empty() {
        return Some(text);
    }
    let parsed = text.parse::<axum::http::Uri>().ok();
    let sound = parsed.as_ref().is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|it| !it.host().is_empty() && !it.as_str().contains('@'))
            && uri.query().is_none()
            && !text.contains('#')
    });
    if !sound {
        fields.fail(name, "must be an http or https address, without user, query or fragment");
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// Reads `{"models": [...]}`.
pub(super) fn read_models(mut fields: Fields) -> Result<Vec<ProviderModel>, ApiError> {
    let list = fields.value("models");
    let list = fields.require("models", list);
    let models = models_of(&mut fields, &list);
    fields.finish()?;
    Ok(models)
}

/// Reads one model, whose fields are those of the body.
pub(super) fn read_model(fields: Fields) -> Result<ProviderModel, ApiError> {
    model_of(&Value::Object(fields.into_object()))
        .map_err(|message| ApiError::field("model", message))
}

/// A provider has only so many models.
pub(super) fn require_room(models: &[ProviderModel]) -> Result<(), ApiError> {
    if models.len() <= MODELS {
        return Ok(());
    }
    Err(ApiError::field("models", format!("must be at most {MODELS}")))
}

fn models_of(fields: &mut Fields, list: &Value) -> Vec<ProviderModel> {
    let Some(list) = list.as_array().filter(|list| list.len() <= MODELS) else {
        if !list.is_null() {
            fields.fail("models", format!("must be a list of at most {MODELS} models"));
        }
        return Vec::new();
    };
    let mut models: Vec<ProviderModel> = Vec::with_capacity(list.len());
    for (number, value) in list.iter().enumerate() {
        let place = format!("models.{number}");
        match model_of(value) {
            Ok(model) if models.iter().any(|it| it.id == model.id) => {
                fields.fail(&place, format!("{} is named twice", model.id));
            }
            Ok(model) => models.push(model),
            Err(message) => fields.fail(&place, message),
        }
    }
    models
}

fn model_of(value: &Value) -> Result<ProviderModel, String> {
    let mut value = value.clone();
    for name in ["cost_per_1k_input", "cost_per_1k_output"] {
        // What is kept is read digit by digit; people write numbers.
        if let Some(cost) = value.get_mut(name).filter(|cost| cost.is_number()) {
            let exact = decimal(cost).ok_or_else(|| format!("{name} must be a number"))?;
            *cost = Value::String(exact.to_string());
        }
    }
    let mut model = ProviderModel::deserialize(value).map_err(|error| error.to_string())?;
    model.id = model.id.trim().to_owned();
    let plain = |text: &str| !text.chars().any(char::is_control);
    if model.id.is_empty() || model.id.chars().count() > LONGEST_ID || !plain(&model.id) {
        return Err(format!("id must be 1 to {LONGEST_ID} characters long"));
    }
    if model.name.chars().count() > LONGEST_ID || model.description.chars().count() > LONGEST_NOTE {
        return Err("name or description is too long".to_owned());
    }
    let most = Decimal::from(1_000);
    let fair = |cost: Option<Decimal>| cost.is_none_or(|it| !it.is_sign_negative() && it <= most);
    if !fair(model.cost_per_1k_input) || !fair(model.cost_per_1k_output) {
        return Err("costs must be 0 to 1000 dollars for 1000 tokens".to_owned());
    }
    if model.context_window == 0 || model.max_output_tokens == 0 {
        return Err("context_window and max_output_tokens must be above zero".to_owned());
    }
    Ok(model)
}
