//! What models are asked to answer: the JSON schema, and the request to answer again.
//!
//! The schema is of the kind that providers enforce strictly: every property is required, what may
//! be missing may be null, and nothing may be added.

use serde_json::{Value, json};

use super::{AnswerError, Dropped};
use crate::language::Language;

/// The JSON schema of an answer about these symbols. Properties stand in the order in which they
/// are to be written: what a model thinks comes before what it decides.
#[must_use]
pub fn schema(symbols: &[String]) -> String {
    let decisions = format!(
        r#"{{"type":"array","description":"one for each symbol","items":{}}}"#,
        decision(symbols),
    );
    strict_object(&[
        ("chain_of_thought", text("how you come to your decisions, step by step")),
        ("market_assessment", text("what you make of the market, in short")),
        ("decisions", decisions),
        ("overall_confidence", number("how sure you are as a whole, 0 to 1", false)),
        ("next_review_minutes", integer("minutes until you want to be asked again, 1 to 43200")),
    ])
}

fn decision(symbols: &[String]) -> String {
    let actions = ["open_long", "open_short", "close_long", "close_short", "hold", "wait"];
    strict_object(&[
        ("symbol", one_of(&json!(symbols))),
        ("action", one_of(&json!(actions))),
        ("leverage", integer("1 to 50; null unless opening")),
        ("position_size_usd", number("value of the position: margin times leverage", true)),
        ("entry_price", number("null to enter at the market", true)),
        ("stop_loss", number("price; required to open", true)),
        ("take_profit", number("price; required to open", true)),
        ("confidence", number("how sure you are, 0 to 1", false)),
        ("risk_usd", number("what would be lost at the stop", true)),
        ("reasoning", text("why")),
    ])
}

fn text(says: &str) -> String {
    json!({"type": "string", "description": says}).to_string()
}

fn one_of(words: &Value) -> String {
    json!({"type": "string", "enum": words}).to_string()
}

fn integer(says: &str) -> String {
    json!({"type": ["integer", "null"], "description": says}).to_string()
}

fn number(says: &str, nullable: bool) -> String {
    let kind = if nullable { json!(["number", "null"]) } else { json!("number") };
    json!({"type": kind, "description": says}).to_string()
}

/// Written by hand, because a JSON object of the library would sort its keys.
fn strict_object(properties: &[(&str, String)]) -> String {
    let names: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let body: Vec<String> =
        properties.iter().map(|(name, shape)| format!(r#""{name}":{shape}"#)).collect();
    format!(
        r#"{{"type":"object","properties":{{{}}},"required":{},"additionalProperties":false}}"#,
        body.join(","),
        json!(names),
    )
}

/// What a model is told when its answer was not understood, so that it answers again.
#[must_use]
pub fn repair_request(error: &AnswerError, dropped: &[Dropped], language: Language) -> String {
    let (opening, of_these, closing) = match language {
        Language::En => (
            "Your last answer could not be used",
            "These decisions were dropped:",
            "Answer again with one JSON object of the shape that was asked for, complete, and \
             with nothing before or after it.",
        ),
        Language::Zh => (
            "你上一次的回答无法使用",
            "以下决策被舍弃：",
            "请重新回答：只输出一个完整的、符合要求格式的 JSON 对象，前后不要有任何其他文字。",
        ),
    };
    let mut lines = vec![format!("{opening}: {} ({})", error.message, error.kind)];
    if !dropped.is_empty() {
        lines.push(of_these.to_owned());
        lines.extend(dropped.iter().take(SHOWN).map(|it| format!("- {}: {}", it.reason, it.text)));
    }
    lines.push(closing.to_owned());
    lines.join("\n")
}

/// How many dropped decisions a model is shown.
const SHOWN: usize = 20;
