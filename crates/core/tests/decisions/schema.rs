//! What models are asked for, and what they are told when they answer otherwise.

use banyan_core::decision::{repair_request, schema};
use banyan_core::language::Language;
use serde_json::Value;

use crate::scene::read;

/// Checks that providers which enforce a schema strictly will take this.
fn expect_strict(shape: &Value) {
    if shape["type"] == "object" {
        let keys: Vec<&String> =
            shape["properties"].as_object().expect("properties").keys().collect();
        let required = shape["required"].as_array().expect("required");
        assert_eq!(required.len(), keys.len());
        assert!(keys.iter().all(|key| required.contains(&Value::String((*key).clone()))));
        assert_eq!(shape["additionalProperties"], false);
        shape["properties"].as_object().expect("properties").values().for_each(expect_strict);
    } else if shape["type"] == "array" {
        expect_strict(&shape["items"]);
    } else {
        assert!(shape["type"].is_string() || shape["type"].is_array());
    }
}

#[test]
fn the_schema_is_of_the_strict_kind() {
    let text = schema(&["BTC".to_owned(), "a \"quoted\" one".to_owned()]);
    let shape: Value = serde_json::from_str(&text).expect("the schema is JSON");
    expect_strict(&shape);
    let decision = &shape["properties"]["decisions"]["items"]["properties"];
    assert_eq!(decision["symbol"]["enum"], serde_json::json!(["BTC", "a \"quoted\" one"]));
    assert_eq!(decision["action"]["enum"].as_array().map(Vec::len), Some(6));
    assert_eq!(decision["leverage"]["type"], serde_json::json!(["integer", "null"]));
    assert!(decision["confidence"]["description"].to_string().contains("0 to 1"));
    let place = |word: &str| text.find(word).expect("it is there");
    assert!(place("\"chain_of_thought\"") < place("\"decisions\""));
}

#[test]
fn a_model_is_shown_what_was_wrong() {
    let parsed =
        read(r#"[{"symbol":"DOGE","action":"open_long"},{"symbol":"BTC","action":"fly"}]"#);
    let error = parsed.error.expect("nothing could be used");
    for (language, word) in [(Language::En, "Answer again"), (Language::Zh, "请重新回答")] {
        let text = repair_request(&error, &parsed.dropped, language);
        for part in [word, "no_decisions", "unknown_symbol", "DOGE", "unknown_action", "JSON"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
