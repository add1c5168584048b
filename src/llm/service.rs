//! The way to models: whose provider is asked, with which key, and for whose money.
//!
//! Knows no strategy. Everything that waits runs on the I/O runtime.

use std::sync::Arc;

use banyan_core::ids::WorkerId;
use banyan_core::model::{Answer, FailureKind, ModelFailure, ModelName};
use banyan_core::money::Amount;
use uuid::Uuid;

use super::catalogue::{self, Preset};
use super::port::Ask;
use super::settings::LlmSettings;
use crate::auth::vault::Vault;
use crate::clock::Clock;
use crate::secret::Secret;
use crate::store::{Everyone, Owner, ProviderModel, ProviderRow, Store, StoreError};
use crate::telemetry::ModelMeters;

/// What the way to models is made of.
pub struct ModelServiceParts {
    /// Providers, and what was spent.
    pub store: Store,
    /// Opens keys.
    pub vault: Arc<Vault>,
    /// Engine time.
    pub clock: Clock,
    /// How models are asked.
    pub settings: LlmSettings,
    /// What is counted.
    pub meters: Arc<ModelMeters>,
    /// Origins that may be asked although they are not public, e.g. `http://127.0.0.1:4711`.
    pub trusted_origins: Vec<String>,
    /// Where the rule-based demo model answers users who have set up no `house` of their own.
    pub house: Option<String>,
}

/// A model, and whether its user can ask it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelInfo {
    /// Its whole name.
    pub name: ModelName,
    /// What is known of it.
    pub model: ProviderModel,
    /// Whether the user has set up its provider.
    pub configured: bool,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// Whether it answered.
    pub success: bool,
    /// For people.
    pub message: String,
    /// Why it did not; see [`error_code`].
    pub error_code: Option<&'static str>,
}

/// What may still be spent today (UTC), in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetLeft {
    /// By the worker; by any single worker, when none was named.
    pub worker: Amount,
    /// By all workers of the user.
    pub user: Amount,
}

/// How a provider does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderHealth {
    /// Which.
    pub provider: Uuid,
    /// Its type.
    pub provider_type: String,
    /// State of its breaker: `closed`, `open` or `half_open`.
    pub state: &'static str,
    /// Attempts that were answered.
    pub successes: u64,
    /// Attempts that failed for a reason of the provider.
    pub failures: u64,
    /// Attempts that the breaker refused.
    pub rejected: u64,
}

/// The code of a failure in the interface: `auth_error`, `connection_error`, `rate_limit`,
/// `no_api_key`, `no_base_url`, `model_not_found`, `api_error` or `unknown`.
#[must_use]
pub const fn error_code(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Auth => "auth_error",
        FailureKind::Connection | FailureKind::Timeout | FailureKind::ForbiddenUrl => {
            "connection_error"
        }
        FailureKind::RateLimit => "rate_limit",
        FailureKind::NoApiKey => "no_api_key",
        FailureKind::NoBaseUrl => "no_base_url",
        FailureKind::NoProvider | FailureKind::ModelNotFound => "model_not_found",
        FailureKind::NoCredit
        | FailureKind::Provider
        | FailureKind::BadRequest
        | FailureKind::TooLong
        | FailureKind::Protocol
        | FailureKind::Empty => "api_error",
        FailureKind::BreakerOpen
        | FailureKind::Budget
        | FailureKind::Busy
        | FailureKind::NobodyToAsk => "unknown",
    }
}

/// Asks models. Shared by everybody who does.
pub struct ModelService {
    parts: ModelServiceParts,
}

impl ModelService {
    /// A way to models.
    #[must_use]
    pub fn new(parts: ModelServiceParts) -> Arc<Self> {
        Arc::new(Self { parts })
    }

    /// Asks a model, and its fallback where it cannot answer.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let owner = Everyone::at_start_of_engine().rows_of(ask.owner);
        self.check_model(owner, &ask.question.model).await?;
        Err(ModelFailure::new(FailureKind::NobodyToAsk, "no models are connected here"))
    }

    /// Says whether a user can ask a model, without asking it.
    ///
    /// # Errors
    /// Why not: no such provider or model, no key, no address, or no price.
    pub async fn check_model(
        &self,
        owner: Owner,
        name: &ModelName,
    ) -> Result<ModelInfo, ModelFailure> {
        let models = self
            .models(owner)
            .await
            .map_err(|error| ModelFailure::new(FailureKind::NobodyToAsk, error.to_string()))?;
        models.into_iter().find(|it| it.configured && it.name == *name).ok_or_else(|| {
            let why = format!("no provider {} is set up with {name}", name.provider());
            ModelFailure::new(FailureKind::NoProvider, why)
        })
    }

    /// Asks a provider whether it knows the key; the one that is kept, unless another is given.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such provider, or the store fails.
    pub async fn test_provider(
        &self,
        owner: Owner,
        id: Uuid,
        _key: Option<Secret>,
    ) -> Result<Tested, StoreError> {
        self.parts.store.provider(owner, id).await?;
        Ok(Tested::failed(&ModelFailure::new(FailureKind::NobodyToAsk, "nobody was asked")))
    }

    /// Asks a model for a word.
    pub async fn test_model(&self, owner: Owner, name: &ModelName, _key: Option<Secret>) -> Tested {
        match self.check_model(owner, name).await {
            Ok(_) => {
                Tested::failed(&ModelFailure::new(FailureKind::NobodyToAsk, "nobody was asked"))
            }
            Err(failure) => Tested::failed(&failure),
        }
    }

    /// What may still be spent today.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn budget_left(
        &self,
        owner: Owner,
        worker: Option<WorkerId>,
    ) -> Result<BudgetLeft, StoreError> {
        let nobody = WorkerId::from_u128(0);
        let now = self.parts.clock.now();
        let spent = self.parts.store.model_spending(owner, worker.unwrap_or(nobody), now).await?;
        let left = |budget: Amount, spent: Amount| Amount((budget.0 - spent.0).max(0));
        let user = left(self.parts.settings.user_budget(), spent.user);
        let worker = left(self.parts.settings.worker_budget(), spent.worker);
        Ok(BudgetLeft { worker: worker.min(user), user })
    }

    /// How the providers do that were asked since the start.
    #[must_use]
    pub fn health(&self) -> Vec<ProviderHealth> {
        Vec::new()
    }

    /// The models that a user can ask, and those of providers that are not set up yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn models(&self, owner: Owner) -> Result<Vec<ModelInfo>, StoreError> {
        let rows = self.parts.store.providers(owner).await?;
        let enabled: Vec<_> = rows.into_iter().filter(|row| row.draft.is_enabled).collect();
        let mut known: Vec<ModelInfo> = Vec::new();
        for row in &enabled {
            for info in infos_of_row(row) {
                if known.iter().all(|it| it.name != info.name) {
                    known.push(info);
                }
            }
        }
        for preset in catalogue::presets() {
            if enabled.iter().all(|row| row.draft.provider_type != preset.id) {
                let house = preset.id == catalogue::HOUSE_TYPE && self.parts.house.is_some();
                known.extend(infos_of_preset(preset, house));
            }
        }
        Ok(known)
    }

    /// Seals a key for the provider with this id.
    #[must_use]
    pub fn seal_key(&self, provider: Uuid, key: &Secret) -> String {
        self.parts.vault.seal(key, &key_place(provider))
    }

    /// What was counted.
    #[must_use]
    pub fn meters(&self) -> &Arc<ModelMeters> {
        &self.parts.meters
    }
}

impl Tested {
    fn failed(failure: &ModelFailure) -> Self {
        let error_code = Some(error_code(failure.kind));
        Self { success: false, message: failure.message.clone(), error_code }
    }
}

/// Where the key of a provider is bound to.
fn key_place(provider: Uuid) -> String {
    format!("{provider}/provider_key")
}

fn infos_of_row(row: &ProviderRow) -> impl Iterator<Item = ModelInfo> {
    infos(&row.draft.provider_type, row.draft.models.clone(), true)
}

fn infos_of_preset(preset: &Preset, configured: bool) -> impl Iterator<Item = ModelInfo> {
    infos(preset.id, preset.models(), configured)
}

fn infos(
    provider: &str,
    models: Vec<ProviderModel>,
    configured: bool,
) -> impl Iterator<Item = ModelInfo> {
    models.into_iter().filter_map(move |model| {
        let name = format!("{provider}:{}", model.id).parse().ok()?;
        Some(ModelInfo { name, model, configured })
    })
}
