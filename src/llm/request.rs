//! The body of a request: a question in the dialect of who is asked.
//!
//! Built with the request types of `async-openai`; what only some providers know is added to the
//! JSON that comes of them, and what they do not take never gets in.

use async_openai::types::chat::{
    ChatCompletionRequestAssistantMessage as FromAssistant,
    ChatCompletionRequestAssistantMessageContent as AssistantText, ChatCompletionRequestMessage,
    ChatCompletionRequestSystemMessage as FromSystem,
    ChatCompletionRequestSystemMessageContent as SystemText,
    ChatCompletionRequestUserMessage as FromUser,
    ChatCompletionRequestUserMessageContent as UserText, ChatCompletionStreamOptions,
    CreateChatCompletionRequest, ResponseFormat, ResponseFormatJsonSchema,
};
use banyan_core::model::{AnswerFormat, Message, Question, Role};
use banyan_core::money::Rate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::dialect::{Dialect, Learned, Temperature, TokenField};
use super::tokens;
use crate::store::ProviderModel;

/// The name under which the schema of an answer goes.
const SCHEMA_NAME: &str = "decision";
/// Tokens that each message takes beside its text.
const MESSAGE_TOKENS: u64 = 8;

/// How much may be written in answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caps {
    /// Tokens of the answer.
    pub(super) answer: u64,
    /// Tokens of reasoning.
    pub(super) reasoning: u64,
}

/// A request that is ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Request {
    pub(super) body: Value,
    pub(super) format: AnswerFormat,
    pub(super) caps: Caps,
    /// Tokens of the question, as we count them.
    pub(super) input_tokens: u64,
    /// Whether the model is expected to reason before it writes.
    pub(super) thinks: bool,
}

/// Makes the request for a question.
pub(super) fn request(
    question: &Question,
    model: &ProviderModel,
    dialect: &Dialect,
    learned: &Learned,
) -> Request {
    let thinks = model.supports_reasoning && question.max_reasoning_tokens > 0;
    let caps = caps(question, model, thinks);
    let format = format(question, dialect, learned, thinks);
    let request = CreateChatCompletionRequest {
        messages: question.messages.iter().map(message).collect(),
        model: model.id.clone(),
        response_format: response_format(format, &question.schema, dialect),
        stream: Some(true),
        stream_options: learned.takes_stream_options().then_some(ChatCompletionStreamOptions {
            include_usage: Some(true),
            include_obfuscation: None,
        }),
        ..CreateChatCompletionRequest::default()
    };
    let mut body = serde_json::to_value(request).expect("a request of texts and numbers is JSON");
    let mut set = |name: &str, value: Value| {
        body[name] = value;
    };
    let field = match learned.token_field(dialect) {
        TokenField::MaxTokens => "max_tokens",
        TokenField::MaxCompletionTokens => "max_completion_tokens",
    };
    set(field, json!(caps.answer + caps.reasoning));
    if let Some(temperature) = temperature(question, model, dialect, learned) {
        set("temperature", json!(temperature));
    }
    let how = (model.supports_reasoning, thinks, question.max_reasoning_tokens);
    for (name, value) in learned.thinking_fields(dialect, how) {
        set(name, value);
    }
    let input_tokens = input_tokens(question, format);
    Request { body, format, caps, input_tokens, thinks }
}

fn caps(question: &Question, model: &ProviderModel, thinks: bool) -> Caps {
    let most = u64::from(model.max_output_tokens).max(1);
    let answer = u64::from(question.max_answer_tokens).clamp(1, most);
    let reasoning = if thinks { u64::from(question.max_reasoning_tokens) } else { 0 };
    Caps { answer, reasoning: reasoning.min(most - answer) }
}

fn format(question: &Question, dialect: &Dialect, learned: &Learned, thinks: bool) -> AnswerFormat {
    let wished = learned.format(dialect);
    // Qwen takes no format while it thinks.
    let silent = thinks && dialect.thinking == super::dialect::Thinking::Enable;
    // Some refuse to answer an object when nobody says JSON.
    let unsaid = wished == AnswerFormat::JsonObject && !says_json(question);
    if question.schema.is_empty() || silent || unsaid { AnswerFormat::Text } else { wished }
}

fn says_json(question: &Question) -> bool {
    question.messages.iter().any(|it| it.content.contains("JSON") || it.content.contains("json"))
}

fn message(message: &Message) -> ChatCompletionRequestMessage {
    let content = message.content.as_str();
    match message.role {
        Role::System => FromSystem::from(SystemText::from(content)).into(),
        Role::User => FromUser::from(UserText::from(content)).into(),
        Role::Assistant => FromAssistant::from(AssistantText::from(content)).into(),
    }
}

fn response_format(
    format: AnswerFormat,
    schema: &str,
    dialect: &Dialect,
) -> Option<ResponseFormat> {
    match format {
        AnswerFormat::Text => None,
        AnswerFormat::JsonObject => Some(ResponseFormat::JsonObject),
        AnswerFormat::JsonSchema => {
            let mut schema = serde_json::from_str(schema).unwrap_or_else(|_| json!({}));
            strip(&mut schema, dialect.refused_keywords);
            // What is stripped would be demanded in strict mode.
            let strict = Some(dialect.refused_keywords.is_empty());
            let (name, description) = (SCHEMA_NAME.to_owned(), None);
            let json_schema = ResponseFormatJsonSchema { description, name, schema, strict };
            Some(ResponseFormat::JsonSchema { json_schema })
        }
    }
}

/// Takes keywords out of a schema, at any depth.
fn strip(schema: &mut Value, keywords: &[&str]) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, _| !keywords.contains(&name.as_str()));
            fields.values_mut().for_each(|inner| strip(inner, keywords));
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| strip(inner, keywords)),
        _ => {}
    }
}

/// The temperature to tell, as a number that reads as it was meant.
fn temperature(
    question: &Question,
    model: &ProviderModel,
    dialect: &Dialect,
    learned: &Learned,
) -> Option<f64> {
    if model.supports_reasoning || !learned.takes_temperature() {
        return None;
    }
    let wished = question.temperature.map(Rate::to_decimal)?;
    let told = match dialect.temperature {
        Temperature::Own => return None,
        Temperature::Free => wished,
        Temperature::Between(low, high) => {
            wished.clamp(Decimal::new(i64::from(low), 2), Decimal::new(i64::from(high), 2))
        }
    };
    told.normalize().to_string().parse().ok()
}

fn input_tokens(question: &Question, format: AnswerFormat) -> u64 {
    let texts = question.messages.iter();
    let messages: u64 = texts.map(|it| tokens::count(&it.content) + MESSAGE_TOKENS).sum();
    let schema = match format {
        AnswerFormat::JsonSchema => tokens::count(&question.schema),
        AnswerFormat::JsonObject | AnswerFormat::Text => 0,
    };
    messages + schema
}

#[cfg(test)]
mod tests {
    use banyan_core::time::Timestamp;

    use super::*;
    use crate::llm::catalogue;
    use crate::llm::dialect::dialect;
    use crate::llm::refusal::Dislike;

    const SCHEMA: &str = r#"{"type":"object","additionalProperties":false,
        "properties":{"a":{"type":"number","exclusiveMinimum":0}},"required":["a"]}"#;

    fn question(temperature: i64) -> Question {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        Question {
            number: 1,
            model: "x:y".parse().unwrap(),
            fallback: None,
            messages: vec![message(Role::System, "Answer JSON."), message(Role::User, "Now?")],
            schema: SCHEMA.to_owned(),
            deadline: Timestamp(0),
            temperature: Some(Rate::from_decimal(Decimal::new(temperature, 1)).unwrap()),
            max_answer_tokens: 1_000,
            max_reasoning_tokens: 2_000,
        }
    }

    fn body(provider: &str, model: &str, temperature: i64) -> Value {
        body_after(provider, model, temperature, &[])
    }

    fn body_after(provider: &str, model: &str, temperature: i64, dislikes: &[Dislike]) -> Value {
        let models = catalogue::preset(provider).unwrap().models();
        let (model, dialect) =
            (models.iter().find(|it| it.id == model).unwrap(), dialect(provider));
        let mut learned = Learned::default();
        assert!(dislikes.iter().all(|it| learned.learn(&dialect, *it)));
        request(&question(temperature), model, &dialect, &learned).body
    }

    #[test]
    fn deepseek_is_asked_for_an_object() {
        let body = body("deepseek", "deepseek-chat", 2);
        assert_eq!(body["response_format"], json!({"type": "json_object"}));
        assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(1_000), &json!(0.2)));
        assert_eq!(body["messages"][0], json!({"role": "system", "content": "Answer JSON."}));
        assert_eq!(body["stream_options"], json!({"include_usage": true}));
    }

    #[test]
    fn models_that_reason_are_told_no_temperature_and_given_room() {
        let body = body("openai", "o4-mini", 2);
        assert_eq!(body.get("temperature"), None);
        assert_eq!(body["max_completion_tokens"], json!(3_000));
        assert_eq!(body.get("max_tokens"), None);
        assert_eq!(body["response_format"]["json_schema"]["strict"], json!(true));
    }

    #[test]
    fn temperatures_are_kept_within_what_each_takes() {
        assert_eq!(body("zhipu", "glm-4.6", 0).get("temperature"), None);
        assert_eq!(body("kimi", "kimi-k2", 2).get("temperature"), None);
        assert_eq!(body("anthropic", "claude-haiku-4-5", 15)["temperature"], json!(1.0));
        assert_eq!(body("grok", "grok-4", 2).get("temperature"), None);
        assert_eq!(body("gemini", "gemini-2.5-pro", 2).get("temperature"), None);
    }

    #[test]
    fn gemini_gets_no_keyword_that_it_refuses() {
        let body = body("gemini", "gemini-2.5-flash", 2);
        let schema = &body["response_format"]["json_schema"]["schema"];
        assert_eq!(schema["properties"]["a"], json!({"type": "number"}));
        assert_eq!(schema.get("additionalProperties"), None);
        for unknown in ["store", "frequency_penalty", "presence_penalty", "stop", "thinking"] {
            assert_eq!(body.get(unknown), None);
        }
    }

    #[test]
    fn minimax_gets_no_format_and_splits_its_reasoning() {
        let body = body("minimax", "MiniMax-M2.1", 2);
        assert_eq!(body.get("response_format"), None);
        assert_eq!(body["reasoning_split"], json!(true));
        assert_eq!(body["max_completion_tokens"], json!(3_000));
    }

    #[test]
    fn what_was_learned_is_left_out() {
        let dislikes = [Dislike::Temperature, Dislike::TokenField, Dislike::StreamOptions];
        let body = body_after("deepseek", "deepseek-chat", 2, &dislikes);
        assert_eq!((body.get("temperature"), body.get("stream_options")), (None, None));
        assert_eq!(body["max_completion_tokens"], json!(1_000));
        let text = body_after("deepseek", "deepseek-chat", 2, &[Dislike::Format]);
        assert_eq!(text.get("response_format"), None);
    }
}
