//! A way to models with a database of its own, and what tests ask of it.

use std::sync::Arc;

use banyan::auth::keys::Key;
use banyan::auth::vault::Vault;
use banyan::clock::Clock;
use banyan::llm::{self, Ask, LlmSettings, ModelService, ModelServiceParts};
use banyan::secret::Secret;
use banyan::settings::Settings;
use banyan::store::{Database, Everyone, ModelCallRow, Owner, ProviderDraft, ProviderModel, Store};
use banyan::telemetry::ModelMeters;
use banyan_core::ids::{UserId, WorkerId};
use banyan_core::model::{Answer, Message, Question, Role};
use banyan_core::time::Span;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// The key that the stage gives to providers.
pub(crate) const KEY: &str = "sk-of-this-test";
/// What models are to answer.
pub(crate) const DECISION: &str = r#"{"chain_of_thought":"flat","decisions":[]}"#;

pub(crate) struct Stage {
    pub(crate) service: Arc<ModelService>,
    pub(crate) store: Store,
    pub(crate) meters: Arc<ModelMeters>,
    pub(crate) clock: Clock,
    pub(crate) user: UserId,
    pub(crate) worker: WorkerId,
    _folder: TempDir,
}

impl Stage {
    /// One that may ask this machine, and has little patience.
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut LlmSettings)) -> Self {
        Self::trusting(&[], change).await
    }

    pub(crate) async fn trusting(
        origins: &[String],
        change: impl FnOnce(&mut LlmSettings),
    ) -> Self {
        let mut settings = Settings::load(None, None, []).unwrap().llm;
        settings.allow_private_urls = true;
        settings.retry_milliseconds = 5;
        settings.idle_seconds = 1;
        change(&mut settings);
        settings.check().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(folder.path().join("banyan.db"));
        let store = Store::open(&database).await.unwrap();
        let (clock, meters) = (Clock::wall(), Arc::new(ModelMeters::default()));
        let service = ModelService::new(ModelServiceParts {
            store: store.clone(),
            vault: Arc::new(Vault::new(&Key::random())),
            clock,
            settings,
            meters: meters.clone(),
            trusted_origins: origins.to_vec(),
            house: None,
        });
        let (user, worker) = (UserId::from_u128(7), WorkerId::from_u128(8));
        Self { service, store, meters, clock, user, worker, _folder: folder }
    }

    pub(crate) fn owner(&self) -> Owner {
        Everyone::at_start_of_engine().rows_of(self.user)
    }

    /// Sets up a provider with the models that its type is known for.
    pub(crate) async fn provider(&self, kind: &str, base_url: &str) -> Uuid {
        let models = llm::preset(kind).unwrap().models();
        self.provider_with(kind, base_url, models).await
    }

    pub(crate) async fn provider_with(
        &self,
        kind: &str,
        base_url: &str,
        models: Vec<ProviderModel>,
    ) -> Uuid {
        let id = banyan::entropy::id(self.clock.now());
        let draft = ProviderDraft {
            provider_type: kind.to_owned(),
            name: kind.to_owned(),
            note: String::new(),
            website_url: String::new(),
            base_url: base_url.to_owned(),
            api_format: "openai".to_owned(),
            api_key: Some(self.service.seal_key(id, &Secret::new(KEY))),
            is_enabled: true,
            models,
        };
        self.store.insert_provider(self.owner(), id, &draft, self.clock.now()).await.unwrap();
        id
    }

    pub(crate) fn question(&self, model: &str) -> Question {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        Question {
            number: 1,
            model: model.parse().unwrap(),
            fallback: None,
            messages: vec![
                message(Role::System, "Answer as JSON."),
                message(Role::User, "What now?"),
            ],
            schema: r#"{"type":"object","additionalProperties":false}"#.to_owned(),
            deadline: self.clock.now() + Span::seconds(20),
            temperature: None,
            max_answer_tokens: 500,
            max_reasoning_tokens: 500,
        }
    }

    pub(crate) async fn ask(&self, model: &str) -> Answer {
        self.put(self.question(model)).await
    }

    pub(crate) async fn put(&self, question: Question) -> Answer {
        let (owner, worker, now) = (self.user, self.worker, self.clock.now());
        self.service.ask(Ask { owner, worker, now, question }).await
    }

    /// The calls that were written down, oldest first.
    pub(crate) async fn calls(&self) -> Vec<ModelCallRow> {
        let mut calls = self.store.model_calls_of(self.owner()).await.unwrap();
        calls.reverse();
        calls
    }
}

/// A model that costs nothing, or has no price.
pub(crate) fn model(id: &str, free: bool) -> ProviderModel {
    serde_json::from_value(json!({"id": id, "free": free, "supports_json_mode": true})).unwrap()
}

/// Events of a stream as a server writes them.
pub(crate) fn events(data: &[Value]) -> String {
    let events = data.iter().map(|it| format!("data: {it}\n\n")).collect::<String>();
    format!("{events}data: [DONE]\n\n")
}

/// The stream of an answer, in pieces of three characters.
pub(crate) fn stream(text: &str) -> String {
    stream_with(text, "stop", json!({"prompt_tokens": 100, "completion_tokens": 20}))
}

#[expect(clippy::needless_pass_by_value, reason = "made where it is passed")]
pub(crate) fn stream_with(text: &str, finish: &str, usage: Value) -> String {
    let letters: Vec<char> = text.chars().collect();
    let pieces = letters.chunks(3).map(|it| it.iter().collect::<String>());
    let mut data: Vec<Value> = pieces.map(|it| delta(json!({"content": it}))).collect();
    data.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]}));
    data.push(json!({"choices": [], "usage": usage}));
    events(&data)
}

#[expect(clippy::needless_pass_by_value, reason = "made where it is passed")]
pub(crate) fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

pub(crate) fn sse(body: String) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")
}

/// A provider that answers every chat alike.
pub(crate) async fn answering(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    chat(response).mount(&server).await;
    server
}

pub(crate) fn chat(response: ResponseTemplate) -> Mock {
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(response)
}

/// The address of a provider.
pub(crate) fn base(server: &MockServer) -> String {
    format!("{}/v1", server.uri())
}

/// The bodies of the requests that a provider got.
pub(crate) async fn bodies(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|it| serde_json::from_slice(&it.body).unwrap()).collect()
}
