//! Whose provider a model's name means, where it is asked, and with which key.
//!
//! Asks nobody but the store.

use banyan_core::model::{FailureKind, ModelFailure, ModelName};
use reqwest::Url;
use uuid::Uuid;

use super::catalogue::{self, Preset};
use super::dialect::{Dialect, dialect};
use super::transport::Transport;
use crate::auth::vault::Vault;
use crate::secret::Secret;
use crate::store::{Owner, ProviderModel, ProviderRow, Store, StoreError};

/// What follows the address of a provider when a model is asked.
const CHAT: &str = "chat/completions";
/// What follows the address of a provider when it is asked for its models.
const MODELS: &str = "models";

/// A provider that can be asked.
pub(super) struct Provider {
    pub(super) id: Uuid,
    /// Counts changes of its settings.
    pub(super) version: i64,
    pub(super) provider_type: String,
    pub(super) dialect: Dialect,
    /// Where models are asked.
    pub(super) chat: Url,
    /// Where the list of models is.
    pub(super) listing: Url,
    pub(super) key: Option<Secret>,
    pub(super) models: Vec<ProviderModel>,
}

/// Finds providers.
pub(super) struct Resolver<'a> {
    pub(super) store: &'a Store,
    pub(super) vault: &'a Vault,
    pub(super) transport: &'a Transport,
    pub(super) house: Option<&'a str>,
}

/// Where the key of a provider is bound to.
pub(super) fn key_place(provider: Uuid) -> String {
    format!("{provider}/provider_key")
}

fn unreadable(error: &StoreError) -> ModelFailure {
    let why = format!("the providers cannot be read: {error}");
    ModelFailure::new(FailureKind::NoProvider, why)
}

impl Resolver<'_> {
    /// The provider of a model, and the model: the newest that is enabled and of the type, one
    /// that lists the model before one that does not.
    ///
    /// # Errors
    /// What is missing.
    pub(super) async fn model(
        &self,
        owner: Owner,
        name: &ModelName,
    ) -> Result<(Provider, ProviderModel), ModelFailure> {
        let rows = self.store.providers(owner).await.map_err(|error| unreadable(&error))?;
        let mut fitting: Vec<ProviderRow> = rows
            .into_iter()
            .filter(|row| row.draft.is_enabled && row.draft.provider_type == name.provider())
            .collect();
        let lists = |row: &ProviderRow| row.draft.models.iter().any(|it| it.id == name.model());
        let at = fitting.iter().position(lists).unwrap_or(0);
        let provider = match fitting.is_empty() {
            true => self.unlisted(name)?,
            false => self.provider(&fitting.swap_remove(at), None)?,
        };
        let model = provider.models.iter().find(|it| it.id == name.model()).cloned();
        let model = model.ok_or_else(|| {
            let why = format!("the provider {} lists no model {}", name.provider(), name.model());
            ModelFailure::new(FailureKind::ModelNotFound, why)
        })?;
        Ok((provider, model))
    }

    /// The provider of a name for which the owner has set up none: the house, if it is there.
    fn unlisted(&self, name: &ModelName) -> Result<Provider, ModelFailure> {
        let house = self.house.filter(|_| name.provider() == catalogue::HOUSE_TYPE);
        let (Some(url), Some(preset)) = (house, catalogue::preset(name.provider())) else {
            let why = format!("no provider {} is set up and enabled", name.provider());
            return Err(ModelFailure::new(FailureKind::NoProvider, why));
        };
        let (chat, listing) = self.urls(url)?;
        Ok(Provider {
            id: Uuid::nil(),
            version: 0,
            provider_type: preset.id.to_owned(),
            dialect: dialect(preset.id),
            chat,
            listing,
            key: None,
            models: preset.models(),
        })
    }

    /// A provider as it can be asked, with another key if one is given.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn provider(
        &self,
        row: &ProviderRow,
        key: Option<Secret>,
    ) -> Result<Provider, ModelFailure> {
        let preset = catalogue::preset(&row.draft.provider_type);
        let base = self.base_url(row, preset).ok_or_else(|| {
            let why = format!("the provider {} has no address", row.draft.name);
            ModelFailure::new(FailureKind::NoBaseUrl, why)
        })?;
        let (chat, listing) = self.urls(&base)?;
        let key = match key.filter(|it| !it.is_empty()) {
            Some(key) => Some(key),
            None => self.kept_key(row)?,
        };
        if key.is_none() && preset.is_some_and(|it| it.needs_key) {
            let why = format!("the provider {} has no key", row.draft.name);
            return Err(ModelFailure::new(FailureKind::NoApiKey, why));
        }
        Ok(Provider {
            id: row.id,
            version: row.seq,
            provider_type: row.draft.provider_type.clone(),
            dialect: dialect(&row.draft.provider_type),
            chat,
            listing,
            key,
            models: row.draft.models.clone(),
        })
    }

    fn base_url(&self, row: &ProviderRow, preset: Option<&Preset>) -> Option<String> {
        let own = Some(row.draft.base_url.as_str());
        let usual = preset.map(|it| it.base_url);
        let is_house = row.draft.provider_type == catalogue::HOUSE_TYPE;
        let house = self.house.filter(|_| is_house);
        [own, usual, house]
            .into_iter()
            .flatten()
            .find(|it| !it.trim().is_empty())
            .map(str::to_owned)
    }

    fn kept_key(&self, row: &ProviderRow) -> Result<Option<Secret>, ModelFailure> {
        let Some(sealed) = &row.draft.api_key else {
            return Ok(None);
        };
        let opened = self.vault.open(sealed, &key_place(row.id)).map_err(|error| {
            ModelFailure::new(FailureKind::NoApiKey, format!("the key cannot be opened: {error}"))
        })?;
        Ok(Some(opened).filter(|it| !it.expose().trim().is_empty()))
    }

    /// Where models are asked, and where their list is.
    fn urls(&self, base: &str) -> Result<(Url, Url), ModelFailure> {
        let base = base.trim().trim_end_matches('/');
        let base = base.strip_suffix(CHAT).unwrap_or(base).trim_end_matches('/');
        let url = |path: &str| self.transport.read_url(&format!("{base}/{path}"));
        Ok((url(CHAT)?, url(MODELS)?))
    }
}
