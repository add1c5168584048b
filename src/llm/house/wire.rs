//! The shapes of OpenAI's chat completions, as far as the rule-based demo model speaks them.
//!
//! Lenient towards whoever asks: fields that it does not know are ignored. Knows no rule.

use std::convert::Infallible;

use axum::Json;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use banyan_core::model::{Message, Role};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tokens_of;

/// Characters of one piece of a streamed answer.
const PIECE: usize = 160;
/// The id of every completion: the answer is a function of the question, and has no other.
const ID: &str = "chatcmpl-banyan-rules";

/// A question.
#[derive(Debug, Deserialize)]
pub(super) struct CompletionRequest {
    pub(super) model: String,
    messages: Vec<Said>,
    #[serde(default)]
    pub(super) stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<u64>,
    #[serde(default)]
    max_completion_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Debug, Deserialize)]
struct Said {
    role: String,
    #[serde(default)]
    content: Value,
}

impl Said {
    /// The text, also where it comes in parts.
    fn text(&self) -> String {
        match &self.content {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                let texts = parts.iter().filter_map(|part| part["text"].as_str());
                texts.collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        }
    }
}

impl CompletionRequest {
    /// The conversation.
    pub(super) fn messages(&self) -> Vec<Message> {
        let role = |said: &Said| match said.role.as_str() {
            "system" | "developer" => Role::System,
            "assistant" => Role::Assistant,
            _ => Role::User,
        };
        self.messages.iter().map(|it| Message { role: role(it), content: it.text() }).collect()
    }

    fn most_tokens(&self) -> u64 {
        self.max_completion_tokens.or(self.max_tokens).unwrap_or(u64::MAX)
    }

    fn wants_usage(&self) -> bool {
        self.stream_options.as_ref().is_some_and(|it| it.include_usage)
    }
}

/// An answer.
pub(super) struct Completion {
    model: String,
    text: String,
    finish: &'static str,
    usage: Value,
    wants_usage: bool,
}

impl Completion {
    /// Cuts the text where the question says so, and counts what it took.
    pub(super) fn new(request: &CompletionRequest, messages: &[Message], text: String) -> Self {
        let fits = tokens_of(&text) <= request.most_tokens();
        let text = if fits { text } else { shorten(&text, request.most_tokens()) };
        let asked: u64 = messages.iter().map(|it| tokens_of(&it.content)).sum();
        let answered = tokens_of(&text);
        let usage = json!({
            "prompt_tokens": asked,
            "completion_tokens": answered,
            "total_tokens": asked + answered,
        });
        let finish = if fits { "stop" } else { "length" };
        let (model, wants_usage) = (request.model.clone(), request.wants_usage());
        Self { model, text, finish, usage, wants_usage }
    }

    /// In one piece.
    pub(super) fn whole(self) -> Response {
        let message = json!({ "role": "assistant", "content": self.text });
        let mut body = self.object("chat.completion");
        body["choices"] = json!([
            { "index": 0, "message": message, "finish_reason": self.finish }
        ]);
        body["usage"] = self.usage;
        Json(body).into_response()
    }

    /// In pieces, as events.
    pub(super) fn streamed(self) -> Response {
        let mut chunks = vec![self.chunk(&json!({ "role": "assistant", "content": "" }), None)];
        let letters: Vec<char> = self.text.chars().collect();
        for piece in letters.chunks(PIECE) {
            let content: String = piece.iter().collect();
            chunks.push(self.chunk(&json!({ "content": content }), None));
        }
        chunks.push(self.chunk(&json!({}), Some(self.finish)));
        if self.wants_usage {
            let mut last = self.object("chat.completion.chunk");
            last["choices"] = json!([]);
            last["usage"] = self.usage;
            chunks.push(last);
        }
        let texts = chunks.into_iter().map(|it| it.to_string()).chain(["[DONE]".to_owned()]);
        let events: Vec<Result<Event, Infallible>> =
            texts.map(|it| Ok(Event::default().data(it))).collect();
        Sse::new(stream::iter(events)).into_response()
    }

    fn object(&self, kind: &str) -> Value {
        json!({
            "id": ID, "object": kind, "created": 0, "model": self.model,
            "system_fingerprint": "rule-based, not an AI",
        })
    }

    fn chunk(&self, delta: &Value, finish: Option<&str>) -> Value {
        let mut chunk = self.object("chat.completion.chunk");
        chunk["choices"] = json!([{ "index": 0, "delta": delta, "finish_reason": finish }]);
        chunk
    }
}

/// As much of a text as fits into so many tokens.
fn shorten(text: &str, tokens: u64) -> String {
    let letters = usize::try_from(tokens.saturating_mul(super::LETTERS_PER_TOKEN));
    text.chars().take(letters.unwrap_or(usize::MAX)).collect()
}

/// An error in the protocol's shape.
pub(super) fn error_body(kind: &str, message: &str) -> Value {
    json!({ "error": { "message": message, "type": kind, "param": null, "code": null } })
}
