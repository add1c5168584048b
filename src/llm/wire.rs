//! What providers write, read with leniency: each field may be missing, null, or of another type.
//!
//! Knows the OpenAI protocol as many servers bend it. No status and no network here.

use banyan_core::model::FinishReason;
use serde_json::Value;

/// One event of a stream, or a whole answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// Text of the answer.
    pub(super) content: String,
    /// Text of the reasoning beside it.
    pub(super) reasoning: String,
    /// Why the model stopped, once it did.
    pub(super) finish: Option<FinishReason>,
    /// What it took, as the provider tells.
    pub(super) usage: Option<ToldUsage>,
    /// Whether there was a choice at all.
    pub(super) has_choice: bool,
}

/// What a call took, as the provider tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ToldUsage {
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) reasoning: Option<u64>,
}

/// Reads an event or an answer that is not an error.
pub(super) fn piece(value: &Value) -> Piece {
    let choice = value.pointer("/choices/0");
    let mut piece = Piece {
        finish: choice.and_then(finish),
        usage: usage(value).or_else(|| usage(choice?)),
        has_choice: choice.is_some(),
        ..Piece::default()
    };
    let Some(choice) = choice else {
        return piece;
    };
    for part in ["delta", "message"].iter().filter_map(|name| choice.get(name)) {
        piece.content.push_str(&content(part));
        piece.reasoning.push_str(&reasoning(part));
    }
    if let Some(text) = choice.get("text").and_then(Value::as_str) {
        piece.content.push_str(text);
    }
    piece
}

fn content(part: &Value) -> String {
    let told = text(part.get("content"));
    // Some answer by a call of a tool that nobody offered; what they pass to it is the answer.
    if told.is_empty() { text(part.pointer("/tool_calls/0/function/arguments")) } else { told }
}

fn reasoning(part: &Value) -> String {
    const NAMES: [&str; 4] = ["reasoning_content", "reasoning", "thinking", "reasoning_details"];
    let mut texts = NAMES.iter().map(|name| text(part.get(name)));
    texts.find(|it| !it.is_empty()).unwrap_or_default()
}

/// A text; parts of one in a list are joined, an object is its JSON or its text.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().map(|part| text(Some(part))).collect(),
        Some(Value::Object(fields)) => {
            let inner = ["text", "content"].iter().find_map(|name| fields.get(*name)?.as_str());
            inner.map_or_else(|| Value::Object(fields.clone()).to_string(), str::to_owned)
        }
        _ => String::new(),
    }
}

fn finish(choice: &Value) -> Option<FinishReason> {
    let told = choice.get("finish_reason")?.as_str()?;
    match told {
        "" => None,
        "stop" | "end_turn" | "eos" | "STOP" => Some(FinishReason::Stop),
        "length" | "max_tokens" | "MAX_TOKENS" => Some(FinishReason::Length),
        "content_filter" | "sensitive" | "SAFETY" => Some(FinishReason::ContentFilter),
        _ => Some(FinishReason::Other),
    }
}

fn usage(value: &Value) -> Option<ToldUsage> {
    let usage = value.get("usage")?.as_object()?;
    let number = |names: &[&str]| names.iter().find_map(|name| whole(usage.get(*name)?));
    let details =
        usage.get("completion_tokens_details").or_else(|| usage.get("output_tokens_details"));
    let told = ToldUsage {
        input: number(&["prompt_tokens", "input_tokens"]).filter(|it| *it > 0),
        output: number(&["completion_tokens", "output_tokens"]).filter(|it| *it > 0),
        reasoning: details.and_then(|it| whole(it.get("reasoning_tokens")?)),
    };
    (told != ToldUsage::default()).then_some(told)
}

/// A whole number, also one that is written as a text or with a fraction of zero.
fn whole(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| number.to_string().parse().ok()),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn delta(delta: &Value) -> Piece {
        piece(&json!({"choices": [{"delta": delta, "finish_reason": null}]}))
    }

    #[test]
    fn content_is_read_in_all_its_shapes() {
        assert_eq!(delta(&json!({"content": "a"})).content, "a");
        assert_eq!(delta(&json!({"content": null})).content, "");
        let parts = json!({"content": [{"type": "text", "text": "a"}, {"text": "b"}]});
        assert_eq!(delta(&parts).content, "ab");
        assert_eq!(piece(&json!({"choices": [{"text": "c"}]})).content, "c");
        let called = json!({"message": {"tool_calls": [{"function": {"arguments": {"a": 1}}}]}});
        assert_eq!(piece(&json!({"choices": [called]})).content, "{\"a\":1}");
    }

    #[test]
    fn reasoning_is_read_under_all_its_names() {
        assert_eq!(delta(&json!({"reasoning_content": "a"})).reasoning, "a");
        assert_eq!(delta(&json!({"reasoning": "b", "content": ""})).reasoning, "b");
        assert_eq!(delta(&json!({"reasoning_details": [{"text": "c"}]})).reasoning, "c");
        let twice = json!({"reasoning_content": "d", "reasoning": "d"});
        assert_eq!(delta(&twice).reasoning, "d");
    }

    #[test]
    fn usage_that_says_nothing_is_none() {
        for usage in [json!({}), json!(null), json!({"prompt_tokens": 0}), json!("?")] {
            assert_eq!(piece(&json!({"usage": usage})).usage, None);
        }
        let told = piece(&json!({"choices": [], "usage": {
            "prompt_tokens": "12", "completion_tokens": 7,
            "completion_tokens_details": {"reasoning_tokens": 3}}}));
        let expected = ToldUsage { input: Some(12), output: Some(7), reasoning: Some(3) };
        assert_eq!((told.usage, told.has_choice), (Some(expected), false));
    }

    #[test]
    fn a_finish_that_is_empty_is_none() {
        let finish = |reason: Value| {
            piece(&json!({"choices": [{"delta": {}, "finish_reason": reason}]})).finish
        };
        assert_eq!(finish(json!("")), None);
        assert_eq!(finish(json!(null)), None);
        assert_eq!(finish(json!("stop")), Some(FinishReason::Stop));
        assert_eq!(finish(json!("length")), Some(FinishReason::Length));
        assert_eq!(finish(json!("tool_calls")), Some(FinishReason::Other));
    }
}
