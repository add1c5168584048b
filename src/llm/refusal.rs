//! Why a provider refuses: its status and body, whatever shape it has, as one kind of failure.
//!
//! Knows no network. What is told to people holds no key and is short.

use banyan_core::model::FailureKind;
use serde_json::Value;

/// Characters of the longest message that is passed on.
const LONGEST: usize = 300;

/// What a provider refuses with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: FailureKind,
    /// For people.
    pub(super) message: String,
    /// What the provider would rather not see in a request.
    pub(super) dislikes: Option<Dislike>,
}

/// A part of a request that a provider does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dislike {
    /// The format that the answer was to have.
    Format,
    /// The temperature.
    Temperature,
    /// The name of the field that bounds the answer.
    TokenField,
    /// Being asked to tell the usage.
    StreamOptions,
    /// What was said about thinking.
    Thinking,
}

/// What the body of an error tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    code: String,
    message: String,
}

/// Reads a refusal from a status and a body.
pub(super) fn refusal(status: u16, body: &[u8]) -> Refusal {
    let value = serde_json::from_slice::<Value>(body).ok();
    let told = value
        .as_ref()
        .and_then(told)
        .unwrap_or_else(|| Told { code: String::new(), message: plain(body) });
    let kind = kind(status, &told, value.is_some());
    let dislikes = (kind == FailureKind::BadRequest).then(|| dislike(&told)).flatten();
    let message = match told.message.is_empty() {
        true => format!("the provider answered with status {status}"),
        false => format!("status {status}: {}", told.message),
    };
    Refusal { kind, message: short(&message), dislikes }
}

/// Reads the error in a body that came under a status of success, if there is one.
pub(super) fn error_within(value: &Value) -> Option<Refusal> {
    let has_error = match value {
        Value::Array(items) => items.first().is_some_and(|it| it.get("error").is_some()),
        Value::Object(fields) => {
            fields.get("error").is_some_and(|it| !it.is_null()) || failed_base(value).is_some()
        }
        _ => false,
    };
    if !has_error {
        return None;
    }
    let told = told(value)?;
    let status = told.code.parse().ok().filter(|it| (400..600).contains(it)).unwrap_or(500);
    let kind = kind(status, &told, true);
    Some(Refusal { kind, message: short(&told.message), dislikes: None })
}

/// The status that MiniMax writes into a body under HTTP 200.
fn failed_base(value: &Value) -> Option<Told> {
    let base = value.get("base_resp")?;
    let code = word(base.get("status_code"));
    let told = Told { code, message: word(base.get("status_msg")) };
    (!told.code.is_empty() && told.code != "0").then_some(told)
}

/// Reads the shapes that bodies of errors have.
fn told(value: &Value) -> Option<Told> {
    if let Value::Array(items) = value {
        return told(items.first()?);
    }
    if let Some(told) = failed_base(value) {
        return Some(told);
    }
    let (code, message) = match value.get("error") {
        Some(error @ Value::Object(_)) => (code_of(error), word(error.get("message"))),
        Some(Value::String(text)) => (code_of(value), text.clone()),
        _ => {
            let message = ["message", "detail", "msg"].iter().find_map(|name| value.get(name));
            (code_of(value), word(message))
        }
    };
    (!code.is_empty() || !message.is_empty()).then_some(Told { code, message })
}

fn code_of(error: &Value) -> String {
    let codes = ["code", "type", "status"].map(|name| word(error.get(name)));
    codes.join(" ").trim().to_owned()
}

fn word(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Array(items)) => items.first().map_or_else(String::new, |it| {
            let inner = it.get("msg").or_else(|| it.get("message"));
            inner.map_or_else(|| it.to_string(), |inner| word(Some(inner)))
        }),
        Some(Value::Object(_)) => value.map_or_else(String::new, Value::to_string),
        _ => String::new(),
    }
}

/// The text of a body that is no JSON: one line, without marks.
fn plain(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(4 * LONGEST)).unwrap_or_default());
    let is_page = text.trim_start().starts_with('<');
    if is_page { "a web page, not an answer".to_owned() } else { text.into_owned() }
}

fn short(text: &str) -> String {
    let words: Vec<&str> = text.split(|it: char| it.is_whitespace() || it.is_control()).collect();
    let line = words.iter().filter(|it| !it.is_empty()).copied().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST).collect()
}

/// Takes a key out of a text that a provider wrote.
pub(super) fn without_key(text: &str, key: &str) -> String {
    if key.len() < 4 { text.to_owned() } else { text.replace(key, "***") }
}

fn kind(status: u16, told: &Told, is_json: bool) -> FailureKind {
    let text = format!("{} {}", told.code, told.message).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let coded =
        |codes: &[&str]| text.split_whitespace().next().is_some_and(|it| codes.contains(&it));
    let model_is_missing = says(&["model"])
        && says(&["not exist", "not found", "not_found", "invalid model", "unknown model"]);
    if status == 402 || coded(&["1113", "1008"]) || says(&NO_CREDIT) {
        FailureKind::NoCredit
    } else if matches!(status, 401 | 403) || coded(&["1004"]) || says(&BAD_KEY) {
        FailureKind::Auth
    } else if status == 429 || coded(&["1302", "1303", "1305", "1002"]) || says(&TOO_FAST) {
        FailureKind::RateLimit
    } else if status == 413 || coded(&["1261"]) || says(&TOO_LONG) {
        FailureKind::TooLong
    } else if coded(&["1211"]) || (model_is_missing && status < 500) {
        FailureKind::ModelNotFound
    } else if status == 404 {
        if is_json { FailureKind::ModelNotFound } else { FailureKind::BadRequest }
    } else if status == 408 {
        FailureKind::Timeout
    } else if status >= 500 {
        FailureKind::Provider
    } else {
        FailureKind::BadRequest
    }
}

const NO_CREDIT: [&str; 6] = [
    "insufficient_quota",
    "insufficient balance",
    "insufficient_balance",
    "insufficient credit",
    "credit balance is too low",
    "arrearage",
];
const TOO_FAST: [&str; 3] = ["rate_limit", "throttling", "resource_exhausted"];
const BAD_KEY: [&str; 6] = [
    "invalid_api_key",
    "invalid api key",
    "incorrect api key",
    "api key not valid",
    "authentication_error",
    "no connected db",
];
const TOO_LONG: [&str; 5] = [
    "context_length_exceeded",
    "exceed_context_size",
    "maximum context length",
    "context window",
    "prompt is too long",
];

/// What of a request the refusal complains about.
fn dislike(told: &Told) -> Option<Dislike> {
    let text = format!("{} {}", told.code, told.message).to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["response_format", "json_schema", "json_object", "json mode", "structured output"]) {
        Some(Dislike::Format)
    } else if says(&["stream_options"]) {
        Some(Dislike::StreamOptions)
    } else if says(&["max_tokens", "max_completion_tokens"]) {
        Some(Dislike::TokenField)
    } else if says(&["temperature"]) {
        Some(Dislike::Temperature)
    } else if says(&["thinking", "reasoning", "chat_template_kwargs"]) {
        Some(Dislike::Thinking)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(status: u16, body: &str) -> FailureKind {
        refusal(status, body.as_bytes()).kind
    }

    #[test]
    fn every_shape_of_body_is_read_and_the_status_kept() {
        let shapes = [
            (r#"{"error":{"message":"no such thing","code":"x"}}"#, "no such thing"),
            (
                r#"{"error":{"code":400,"message":"no such thing","type":"invalid"}}"#,
                "no such thing",
            ),
            (r#"[{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"odd"}}]"#, "odd"),
            (r#"{"code":"Client specified an invalid argument","error":"odd"}"#, "odd"),
            (r#"{"error":"odd"}"#, "odd"),
            (r#"{"object":"error","message":"odd"}"#, "odd"),
            (r#"{"detail":[{"msg":"odd","loc":["body"]}]}"#, "odd"),
            ("odd\n  text", "odd text"),
            ("<html>502</html>", "a web page"),
            ("", "answered with status 422"),
        ];
        for (body, message) in shapes {
            let refusal = refusal(422, body.as_bytes());
            assert_eq!(refusal.kind, FailureKind::BadRequest, "{body}");
            assert!(refusal.message.contains(message), "{body}: {}", refusal.message);
            assert!(refusal.message.contains("422"), "{body}: {}", refusal.message);
        }
    }

    #[test]
    fn kinds_are_told_by_status_code_and_words() {
        assert_eq!(kind_of(401, "{}"), FailureKind::Auth);
        assert_eq!(kind_of(401, r#"{"error":{"code":"1002","message":"x"}}"#), FailureKind::Auth);
        assert_eq!(kind_of(402, "{}"), FailureKind::NoCredit);
        assert_eq!(
            kind_of(429, r#"{"error":{"code":"insufficient_quota"}}"#),
            FailureKind::NoCredit
        );
        assert_eq!(kind_of(429, ""), FailureKind::RateLimit);
        assert_eq!(
            kind_of(400, r#"{"error":{"code":"1302","message":"x"}}"#),
            FailureKind::RateLimit
        );
        assert_eq!(
            kind_of(400, r#"{"error":{"code":"1113","message":"x"}}"#),
            FailureKind::NoCredit
        );
        assert_eq!(
            kind_of(400, r#"{"error":{"code":"1261","message":"x"}}"#),
            FailureKind::TooLong
        );
        assert_eq!(
            kind_of(500, r#"{"error":{"message":"x","type":"server"}}"#),
            FailureKind::Provider
        );
        assert_eq!(
            kind_of(404, r#"{"error":{"message":"The model `x` does not exist"}}"#),
            FailureKind::ModelNotFound
        );
        assert_eq!(kind_of(404, "<html>"), FailureKind::BadRequest);
        let litellm =
            r#"{"error":{"message":"No connected db.","type":"no_db_connection","code":"400"}}"#;
        assert_eq!(kind_of(400, litellm), FailureKind::Auth);
        let long = r#"{"error":{"code":400,"type":"exceed_context_size_error","n_ctx":4096}}"#;
        assert_eq!(kind_of(400, long), FailureKind::TooLong);
        let gemini = r#"[{"error":{"code":400,"message":"API key not valid."}}]"#;
        assert_eq!(kind_of(400, gemini), FailureKind::Auth);
    }

    #[test]
    fn what_a_provider_dislikes_is_told() {
        let dislikes = |message: &str| {
            let body = format!("{{\"error\":{{\"message\":\"{message}\"}}}}");
            refusal(400, body.as_bytes()).dislikes
        };
        assert_eq!(dislikes("This response_format type is unavailable now"), Some(Dislike::Format));
        assert_eq!(
            dislikes("Unsupported parameter: 'max_tokens' is not supported with this model."),
            Some(Dislike::TokenField)
        );
        assert_eq!(
            dislikes("Unsupported value: 'temperature' does not support 0.2"),
            Some(Dislike::Temperature)
        );
        assert_eq!(
            dislikes("parameter.enable_thinking must be set to false for non-streaming calls"),
            Some(Dislike::Thinking)
        );
        assert_eq!(dislikes("bad"), None);
    }

    #[test]
    fn errors_under_a_status_of_success_are_found() {
        let read = |text: &str| error_within(&serde_json::from_str(text).unwrap());
        let broken = read(r#"{"error":{"code":500,"message":"broke"}}"#).unwrap();
        assert_eq!((broken.kind, broken.message.as_str()), (FailureKind::Provider, "broke"));
        let minimax =
            read(r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#);
        assert_eq!(minimax.unwrap().kind, FailureKind::NoCredit);
        assert_eq!(read(r#"{"choices":[],"base_resp":{"status_code":0}}"#), None);
        assert_eq!(read(r#"{"error":null,"choices":[]}"#), None);
    }

    #[test]
    fn no_key_is_passed_on() {
        assert_eq!(without_key("bad key sk-abc123", "sk-abc123"), "bad key ***");
        assert_eq!(without_key("a bad x", "x"), "a bad x");
    }
}
