//! The way to models: whose provider is asked, with which key, and for whose money.
//!
//! Knows no strategy. Everything that waits runs on the I/O runtime.

use std::sync::Arc;
use std::time::Duration;

use banyan_core::ids::WorkerId;
use banyan_core::model::{
    Answer, FailureKind, Message, ModelFailure, ModelName, ModelReply, Question, Role, Usage,
};
use banyan_core::money::Amount;
use banyan_core::time::{Span, Timestamp};
use uuid::Uuid;

use super::address::AddressRules;
use super::budget::{Budget, Payer, Price};
use super::catalogue::{self, Preset};
use super::conversation::{Conversation, Means};
use super::learned::Memory;
use super::line::{Lines, ProviderHealth};
use super::port::Ask;
use super::refusal;
use super::resolve::{Provider, Resolver, key_place};
use super::settings::LlmSettings;
use super::transport::{Call, Transport};
use crate::auth::vault::Vault;
use crate::clock::Clock;
use crate::secret::Secret;
use crate::store::{Everyone, Owner, ProviderModel, ProviderRow, Store, StoreError};
use crate::telemetry::ModelMeters;

/// How long a test may take.
const TEST: Span = Span::seconds(20);
/// Of five parts of the time, those that the first model has when there is a fallback.
const FIRST_OF_FIVE: i64 = 3;
/// Tokens that a test may be answered with.
const TEST_TOKENS: u32 = 64;
/// Tokens that a model may reason about a test.
const TEST_REASONING: u32 = 1_024;

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
    store: Store,
    vault: Arc<Vault>,
    house: Option<String>,
    means: Means,
}

impl ModelService {
    /// A way to models.
    #[must_use]
    pub fn new(parts: ModelServiceParts) -> Arc<Self> {
        let ModelServiceParts { store, vault, clock, settings, meters, trusted_origins, house } =
            parts;
        let trusted: Vec<String> = trusted_origins.into_iter().chain(house.clone()).collect();
        let rules = AddressRules::new(settings.allow_private_urls, &trusted);
        let connect = Duration::from_secs(settings.connect_seconds);
        let means = Means {
            clock,
            transport: Transport::new(rules, connect, settings.answer_bytes),
            lines: Lines::new(&settings, clock),
            budget: Budget::new(store.clone(), clock, &settings),
            memory: Memory::default(),
            meters,
            settings,
        };
        Arc::new(Self { store, vault, house, means })
    }

    fn resolver(&self) -> Resolver<'_> {
        Resolver {
            store: &self.store,
            vault: &self.vault,
            transport: &self.means.transport,
            house: self.house.as_deref(),
        }
    }

    /// Asks a model, and its fallback where it cannot answer.
    ///
    /// # Errors
    /// Why there is no answer, and what was spent nevertheless.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let owner = Everyone::at_start_of_engine().rows_of(ask.owner);
        let (payer, question) = (Payer { owner, worker: ask.worker }, &ask.question);
        let (now, mut usage) = (self.means.clock.now(), Usage::default());
        let first_until = match question.fallback {
            Some(_) => now + Span((question.deadline - now).0 / 5 * FIRST_OF_FIVE),
            None => question.deadline,
        };
        let first = self.ask_one(payer, question, &question.model, first_until, &mut usage).await;
        let answer = match (first, &question.fallback) {
            (Err(failure), Some(fallback)) if failure.kind != FailureKind::Busy => {
                let until = question.deadline;
                let second = self.ask_one(payer, question, fallback, until, &mut usage).await;
                second.map_err(|other| both(failure, fallback, &other))
            }
            (first, _) => first,
        };
        usage.latency = self.means.clock.now() - now;
        answer
            .map(|reply| ModelReply { usage, ..reply })
            .map_err(|failure| ModelFailure { usage, ..failure })
    }

    async fn ask_one(
        &self,
        payer: Payer,
        question: &Question,
        name: &ModelName,
        until: Timestamp,
        usage: &mut Usage,
    ) -> Answer {
        if until <= self.means.clock.now() {
            return Err(ModelFailure::new(FailureKind::Timeout, "the deadline has passed"));
        }
        let (provider, model) = self.resolver().model(payer.owner, name).await?;
        let attempts = self.means.settings.attempts;
        let whom = (name, &provider, &model);
        self.converse(payer, question, whom, (until, attempts), usage).await
    }

    async fn converse(
        &self,
        payer: Payer,
        question: &Question,
        (name, provider, model): (&ModelName, &Provider, &ProviderModel),
        (until, attempts): (Timestamp, u32),
        usage: &mut Usage,
    ) -> Answer {
        let means = &self.means;
        let conversation =
            Conversation { means, payer, question, name, provider, model, until, attempts };
        let (heard, format) = conversation.hold(usage).await?;
        Ok(ModelReply {
            model: name.clone(),
            text: heard.text,
            reasoning: heard.reasoning,
            finish: heard.finish,
            format,
            usage: *usage,
        })
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
        let (_, model) = self.resolver().model(owner, name).await?;
        Price::of(&model)?;
        Ok(ModelInfo { name: name.clone(), model, configured: true })
    }

    /// Says whether models of a type can be asked by users who have set up no provider.
    #[must_use]
    pub fn needs_no_provider(&self, provider_type: &str) -> bool {
        provider_type == catalogue::HOUSE_TYPE && self.house.is_some()
    }

    /// Says whether an address may be that of a provider, without asking anybody.
    ///
    /// # Errors
    /// Why not.
    pub fn check_base_url(&self, url: &str) -> Result<(), ModelFailure> {
        self.means.transport.read_url(url).map(|_| ())
    }

    /// Asks a provider whether it knows the key; the one that is kept, unless another is given.
    /// One that has no list of models is asked for a word of its first model.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such provider, or the store fails.
    pub async fn test_provider(
        &self,
        owner: Owner,
        id: Uuid,
        key: Option<Secret>,
    ) -> Result<Tested, StoreError> {
        let row = self.store.provider(owner, id).await?;
        let provider = match self.resolver().provider(&row, key) {
            Ok(provider) => provider,
            Err(failure) => return Ok(Tested::failed(&failure)),
        };
        let listed = tokio::time::timeout(self.patience(), self.ask_for_models(&provider)).await;
        let failure = match listed {
            Ok(Ok(())) => return Ok(Tested::passed("the provider answers and takes the key")),
            Ok(Err(failure)) => failure,
            Err(_) => ModelFailure::new(FailureKind::Timeout, "the provider does not answer"),
        };
        let has_no_list =
            matches!(failure.kind, FailureKind::ModelNotFound | FailureKind::BadRequest);
        let first = provider.models.first().filter(|_| has_no_list);
        Ok(match first {
            Some(model) => self.ask_for_a_word(owner, &provider, model).await,
            None => Tested::failed(&failure),
        })
    }

    fn patience(&self) -> Duration {
        self.means.clock.wait_until(self.means.clock.now() + TEST)
    }

    async fn ask_for_models(&self, provider: &Provider) -> Result<(), ModelFailure> {
        let url = provider.listing.clone();
        let call = Call { url, key: provider.key.as_ref(), body: None };
        let mut opened = self.means.transport.open(&call).await?;
        if (200..300).contains(&opened.status) {
            return Ok(());
        }
        let refusal = refusal::refusal(opened.status, &opened.error_body().await);
        let key = provider.key.as_ref().map(Secret::expose).unwrap_or_default();
        Err(ModelFailure::new(refusal.kind, refusal::without_key(&refusal.message, key)))
    }

    async fn ask_for_a_word(
        &self,
        owner: Owner,
        provider: &Provider,
        model: &ProviderModel,
    ) -> Tested {
        let Ok(name) = format!("{}:{}", provider.provider_type, model.id).parse::<ModelName>()
        else {
            let why = "no model can have this name";
            return Tested::failed(&ModelFailure::new(FailureKind::ModelNotFound, why));
        };
        let payer = Payer { owner, worker: WorkerId::from_u128(0) };
        let until = self.means.clock.now() + TEST;
        let (question, whom) = (test_question(&name, until), (&name, provider, model));
        let answer = self.converse(payer, &question, whom, (until, 1), &mut Usage::default()).await;
        match answer {
            Ok(_) => Tested::passed("the model answers"),
            // A model that thinks for longer than a test lasts is there all the same.
            Err(failure) if failure.kind == FailureKind::Empty => {
                Tested::passed("the model answers, though with nothing but thoughts")
            }
            Err(failure) => Tested::failed(&failure),
        }
    }

    /// Asks a model for a word; with the key that is kept, unless another is given.
    pub async fn test_model(&self, owner: Owner, name: &ModelName, key: Option<Secret>) -> Tested {
        match self.resolver().model(owner, name).await {
            Ok((mut provider, model)) => {
                provider.key = key.filter(|it| !it.is_empty()).or(provider.key);
                self.ask_for_a_word(owner, &provider, &model).await
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
        let worker = worker.unwrap_or(WorkerId::from_u128(0));
        let spent = self.store.model_spending(owner, worker, self.means.clock.now()).await?;
        let (worker, user) = self.means.budget.left(&spent);
        Ok(BudgetLeft { worker, user })
    }

    /// How the providers do that were asked since the start.
    #[must_use]
    pub fn health(&self) -> Vec<ProviderHealth> {
        self.means.lines.health()
    }

    /// The models that a user can ask, and those of providers that are not set up yet.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn models(&self, owner: Owner) -> Result<Vec<ModelInfo>, StoreError> {
        let rows = self.store.providers(owner).await?;
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
                let house = self.needs_no_provider(preset.id);
                known.extend(infos_of_preset(preset, house));
            }
        }
        Ok(known)
    }

    /// Seals a key for the provider with this id.
    #[must_use]
    pub fn seal_key(&self, provider: Uuid, key: &Secret) -> String {
        self.vault.seal(key, &key_place(provider))
    }

    /// What was counted.
    #[must_use]
    pub fn meters(&self) -> &Arc<ModelMeters> {
        &self.means.meters
    }
}

impl Tested {
    fn passed(message: &str) -> Self {
        Self { success: true, message: message.to_owned(), error_code: None }
    }

    fn failed(failure: &ModelFailure) -> Self {
        let error_code = Some(error_code(failure.kind));
        Self { success: false, message: failure.message.clone(), error_code }
    }
}

/// What is asked to see whether a model answers.
fn test_question(name: &ModelName, until: Timestamp) -> Question {
    let content = "Answer with this JSON object and nothing else: {\"ok\": true}".to_owned();
    Question {
        number: 0,
        model: name.clone(),
        fallback: None,
        messages: vec![Message { role: Role::User, content }],
        schema: String::new(),
        deadline: until,
        temperature: None,
        max_answer_tokens: TEST_TOKENS,
        max_reasoning_tokens: TEST_REASONING,
    }
}

/// Why neither a model nor its fallback answered.
fn both(first: ModelFailure, fallback: &ModelName, other: &ModelFailure) -> ModelFailure {
    let message = format!("{}; then {fallback}: {}", first.message, other.message);
    ModelFailure { message, ..first }
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
