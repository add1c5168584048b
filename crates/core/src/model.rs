//! What passes between a strategy and the models it asks: questions, replies, failures.
//!
//! Knows no provider, no network and no meaning of an answer.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::money::{Amount, Rate};
use crate::time::{Span, Timestamp};

/// A model as people name it: `provider:model`, e.g. `deepseek:deepseek-chat`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelName(String);

/// A text that names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not provider:model, e.g. deepseek:deepseek-chat")]
pub struct NotAModel(pub String);

/// Characters of the longest name.
const LONGEST_NAME: usize = 200;

impl ModelName {
    /// The provider, e.g. `deepseek`.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.0.split_once(':').map_or("", |(provider, _)| provider)
    }

    /// The model as its provider knows it, e.g. `deepseek-chat`; may contain colons.
    #[must_use]
    pub fn model(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, model)| model)
    }

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = NotAModel;
    fn from_str(text: &str) -> Result<Self, NotAModel> {
        let plain = text.len() <= LONGEST_NAME && text.chars().all(|it| !it.is_control());
        match text.split_once(':') {
            Some((provider, model)) if plain && !provider.is_empty() && !model.is_empty() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotAModel(text.chars().take(LONGEST_NAME).collect())),
        }
    }
}

impl TryFrom<String> for ModelName {
    type Error = NotAModel;
    fn try_from(text: String) -> Result<Self, NotAModel> {
        text.parse()
    }
}

impl From<ModelName> for String {
    fn from(name: ModelName) -> Self {
        name.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who speaks in a conversation with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The rules that hold throughout.
    System,
    /// Who asks.
    User,
    /// The model.
    Assistant,
}

/// One part of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// A question to one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The strategy's number for it, unique within the strategy's life.
    pub number: u64,
    /// Who is asked.
    pub model: ModelName,
    /// Who is asked when that model cannot answer.
    pub fallback: Option<ModelName>,
    /// The conversation so far; the last message is the user's.
    pub messages: Vec<Message>,
    /// JSON schema of the answer, as text.
    pub schema: String,
    /// When the answer is of no use any more; the desk answers before, whatever happens.
    pub deadline: Timestamp,
    /// Randomness, where the model takes one.
    pub temperature: Option<Rate>,
    /// Most tokens of the answer.
    pub max_answer_tokens: u32,
    /// Most tokens of reasoning, beside the answer.
    pub max_reasoning_tokens: u32,
}

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It ran out of tokens.
    Length,
    /// The provider filtered it.
    ContentFilter,
    /// Anything else, or nothing was said.
    Other,
}

/// How the answer was asked for, from strict to loose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// A JSON schema that the provider enforces.
    JsonSchema,
    /// Any JSON object.
    JsonObject,
    /// Text; the prompt alone asks for JSON.
    Text,
}

/// What a call took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the question.
    pub input_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: u64,
    /// Of these, tokens of reasoning.
    pub reasoning_tokens: u64,
    /// Money, in dollars; zero for a model that is declared free.
    pub cost: Amount,
    /// From the question to the whole answer, all attempts included.
    pub latency: Span,
    /// How often the provider was asked.
    pub attempts: u32,
}

/// The answer of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelReply {
    /// Who answered: the model asked, or its fallback.
    pub model: ModelName,
    /// The answer as it came, without reasoning.
    pub text: String,
    /// Reasoning that came beside it.
    pub reasoning: String,
    /// Why it stopped.
    pub finish: FinishReason,
    /// How it was asked for.
    pub format: AnswerFormat,
    /// What it took.
    pub usage: Usage,
}

/// Why there is no answer. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The user has no such provider.
    NoProvider,
    /// The provider has no key.
    NoApiKey,
    /// The provider has no address.
    NoBaseUrl,
    /// The address must not be asked.
    ForbiddenUrl,
    /// The key is refused.
    Auth,
    /// The provider wants money.
    NoCredit,
    /// The provider has no such model.
    ModelNotFound,
    /// The provider wants fewer calls, and its wait is longer than the deadline.
    RateLimit,
    /// The provider cannot be reached, or the connection broke.
    Connection,
    /// No answer in time.
    Timeout,
    /// The provider failed (5xx).
    Provider,
    /// The provider refuses the request (other 4xx).
    BadRequest,
    /// The question is longer than the model takes.
    TooLong,
    /// The answer is not what the protocol says, or far too long.
    Protocol,
    /// The answer is empty; reasoning may have taken its room.
    Empty,
    /// The breaker of the provider is open.
    BreakerOpen,
    /// The money of the day is spent, or what a call costs is not known.
    Budget,
    /// Too many questions are under way.
    Busy,
    /// Nobody answers questions here.
    NobodyToAsk,
}

impl FailureKind {
    /// The name, e.g. `rate_limit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoProvider => "no_provider",
            Self::NoApiKey => "no_api_key",
            Self::NoBaseUrl => "no_base_url",
            Self::ForbiddenUrl => "forbidden_url",
            Self::Auth => "auth_error",
            Self::NoCredit => "no_credit",
            Self::ModelNotFound => "model_not_found",
            Self::RateLimit => "rate_limit",
            Self::Connection => "connection_error",
            Self::Timeout => "timeout",
            Self::Provider => "provider_error",
            Self::BadRequest => "bad_request",
            Self::TooLong => "too_long",
            Self::Protocol => "protocol_error",
            Self::Empty => "empty_answer",
            Self::BreakerOpen => "breaker_open",
            Self::Budget => "budget_exhausted",
            Self::Busy => "busy",
            Self::NobodyToAsk => "nobody_to_ask",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No answer, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct ModelFailure {
    /// What kind.
    pub kind: FailureKind,
    /// For people; without secrets.
    pub message: String,
    /// What was spent nevertheless.
    pub usage: Usage,
    /// What had come of the answer before it broke off.
    pub partial: String,
}

impl ModelFailure {
    /// A failure that cost nothing.
    #[must_use]
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        let (usage, partial) = (Usage::default(), String::new());
        Self { kind, message: message.into(), usage, partial }
    }
}

/// What becomes of a question.
pub type Answer = Result<ModelReply, ModelFailure>;
