//! Strategies in words: how they are written, shown and changed, and what they need to start.

use serde_json::{Value, json};

use crate::house::{House, dca};
use crate::provider::{Provider, proposing};
use crate::server::word;

/// The example of the reference, on an account.
pub(crate) fn example(account: &str) -> Value {
    json!({
        "name": "BTC 趋势跟踪",
        "description": "基于 EMA 金叉的趋势策略",
        "prompt": "专注 BTC 趋势跟踪...",
        "trading_mode": "balanced",
        "config": {
            "symbols": ["BTC/USDT:USDT"],
            "timeframes": ["4h", "1h"],
            "risk_controls": {"max_leverage": 3, "max_position_ratio": 0.3},
            "indicators": {
                "ema": {"enabled": true, "short_period": 9, "long_period": 21},
                "rsi": {"enabled": true, "period": 14}
            }
        },
        "account_id": account,
        "ai_model": "deepseek:deepseek-chat"
    })
}

/// A server that may ask providers on loopback.
pub(crate) fn house() -> House {
    House::open_with(|command| {
        command.env("BANYAN__LLM__ALLOW_PRIVATE_URLS", "true");
    })
}

#[tokio::test]
async fn the_example_of_the_reference_is_taken_and_shown_again() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let form = example(&account);
    let made = john.post("/strategies", &form).await.expect(200);
    for name in ["name", "description", "prompt", "trading_mode", "account_id", "ai_model"] {
        assert_eq!(made[name], form[name], "{made:#}");
    }
    let controls = &made["config"]["risk_controls"];
    assert_eq!(*controls, json!({"max_leverage": 3, "max_position_ratio": 0.3}), "{made:#}");
    assert_eq!(made["config"]["symbols"], json!(["BTC/USDT:USDT"]));
    assert_eq!(made["config"]["timeframes"].as_array().map(Vec::len), Some(2));
    assert_eq!(made["config"]["indicators"]["ema"]["long_period"], 21);
    assert_eq!((&made["status"], &made["version"]), (&json!("stopped"), &json!(1)));
    assert_eq!((&made["debate_enabled"], &made["auto_execute"]), (&json!(false), &json!(true)));
    let path = format!("/strategies/{}", word(&made["id"]));
    assert_eq!(john.get(&path).await.expect(200), made);
    assert_eq!(john.get("/strategies?status=stopped").await.expect(200), json!([made]));
    assert_eq!(john.get("/strategies?status=active").await.expect(200), json!([]));

    // What is shown can be entered again, and changes nothing.
    let again = json!({"config": made["config"], "prompt": made["prompt"]});
    assert_eq!(john.patch(&path, &again).await.expect(200)["version"], 1);
    let change = json!({"config": {"risk_controls": {"max_leverage": 2}},
        "execution_interval_minutes": 30});
    let changed = john.patch(&path, &change).await.expect(200);
    assert_eq!(
        (&changed["version"], &changed["execution_interval_minutes"]),
        (&json!(2), &json!(30))
    );
    let controls = &changed["config"]["risk_controls"];
    assert_eq!(*controls, json!({"max_leverage": 2, "max_position_ratio": 0.3}));
    let versions = john.get(&format!("{path}/versions")).await.expect(200);
    assert_eq!(versions[1]["config"], made["config"], "{versions:#}");
    assert_eq!(john.delete(&path).await.status, 204);
    assert_eq!(john.get(&path).await.status, 404);
}

#[tokio::test]
async fn each_family_has_its_own_addresses() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let words = word(&john.post("/strategies", &example(&account)).await.expect(200)["id"]);
    let rules = john.strategy(&account).await;
    for (path, own, other) in
        [("/strategies", &words, &rules), ("/quant-strategies", &rules, &words)]
    {
        let listed = john.get(path).await.expect(200);
        assert_eq!(listed.as_array().map(Vec::len), Some(1), "{path}");
        assert_eq!(listed[0]["id"], json!(own));
        assert_eq!(john.get(&format!("{path}/{other}")).await.status, 404);
        assert_eq!(john.delete(&format!("{path}/{other}")).await.status, 404);
    }
    let mut foreign = dca(&account);
    foreign["strategy_type"] = "ai".into();
    foreign["config"] = json!({});
    let fields = john.post("/quant-strategies", &foreign).await.fields();
    assert!(fields.contains(&"strategy_type".to_owned()), "{fields:?}");
    for (id, mode) in [(&words, "ai"), (&rules, "quant")] {
        let worker = john.get(&format!("/workers/{id}/status")).await.expect(200);
        assert_eq!(worker["mode"], mode);
    }
}

#[tokio::test]
async fn what_is_wrong_is_named_where_it_was_entered() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let with = |change: Value| {
        let mut form = example(&account);
        for (name, value) in change.as_object().expect("an object") {
            form[name] = value.clone();
        }
        form
    };
    let cases = [
        (json!({"ai_model": "deepseek"}), "ai_model"),
        (json!({"trading_mode": "reckless"}), "trading_mode"),
        (json!({"execution_interval_minutes": 0}), "execution_interval_minutes"),
        (json!({"config": {"symbols": []}}), "config.symbols"),
        (json!({"config": {"symbols": ["NOPE"]}}), "config.symbols"),
        (json!({"config": {"symbols": ["BTC"], "colour": 1}}), "config.colour"),
        (json!({"colour": 1}), "colour"),
        (json!({"prompt": ""}), "prompt"),
        (json!({"name": ""}), "name"),
        (json!({"debate_enabled": true, "debate_models": ["a:b"]}), "debate_models"),
    ];
    for (change, field) in cases {
        let fields = john.post("/strategies", &with(change.clone())).await.fields();
        assert!(fields.iter().any(|it| it == field), "{change}: {fields:?}");
    }
}

#[tokio::test]
async fn models_debate_when_several_are_named() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let mut form = example(&account);
    form["debate_enabled"] = true.into();
    form["debate_models"] = json!(["deepseek:deepseek-chat", "qwen:qwen3-plus"]);
    form["debate_consensus_mode"] = "unanimous".into();
    let made = john.post("/strategies", &form).await.expect(200);
    assert_eq!((&made["debate_enabled"], &made["ai_model"]), (&json!(true), &Value::Null));
    assert_eq!(made["debate_models"], form["debate_models"]);
    assert_eq!(made["debate_consensus_mode"], "unanimous");
    // One model beside a debate is asked when another cannot answer.
    assert_eq!(made["fallback_model"], "deepseek:deepseek-chat");
    let path = format!("/strategies/{}", word(&made["id"]));
    let single = json!({"debate_enabled": false, "ai_model": "qwen:qwen3-max"});
    let single = john.patch(&path, &single).await.expect(200);
    let expected = (&json!(false), &json!("qwen:qwen3-max"));
    assert_eq!((&single["debate_enabled"], &single["ai_model"]), expected);
}

#[tokio::test]
async fn a_prompt_is_previewed_with_its_sections_and_tokens() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let form = json!({
        "prompt": "BTC 趋势跟踪",
        "trading_mode": "balanced",
        "symbols": ["BTC/USDT:USDT"],
        "language": "zh",
        "indicators": {"ema": {"enabled": true}},
        "risk_controls": {"max_leverage": 3}
    });
    let shown = john.post("/strategies/preview-prompt", &form).await.expect(200);
    let prompt = word(&shown["system_prompt"]);
    assert!(prompt.contains("BTC 趋势跟踪"), "{prompt}");
    let sections = shown["sections"].as_array().expect("an array of names");
    assert!(sections.contains(&json!("user_prompt")) && sections.iter().all(Value::is_string));
    assert!(sections.contains(&json!("markets")), "{shown:#}");
    assert!(word(&shown["user_prompt"]).contains("BTC/USDT:USDT"), "{shown:#}");
    let tokens = |name: &str| shown[name].as_u64().expect("a number");
    assert!(tokens("system_tokens") > 20 && tokens("system_tokens") < prompt.len() as u64);
    let both = tokens("system_tokens") + tokens("user_tokens");
    assert_eq!(tokens("estimated_tokens"), both);
    let wrong = json!({"prompt": "x", "risk_controls": {"max_leverage": 900}});
    assert_eq!(john.post("/strategies/preview-prompt", &wrong).await.status, 400);
}

#[tokio::test]
async fn a_start_without_a_provider_is_refused_and_names_it() {
    let house = house();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let made = john.post("/strategies", &example(&account)).await.expect(200);
    let path = format!("/strategies/{}", word(&made["id"]));
    let active = json!({"status": "active"});
    let refused = john.post(&format!("{path}/status"), &active).await;
    assert!(refused.text.contains("deepseek"), "{}", refused.text);
    assert_eq!(refused.failure(409), "MISSING_PROVIDER");
    assert_eq!(john.get(&path).await.expect(200)["status"], "stopped");
    let debaters = json!({"model_ids": ["deepseek:deepseek-chat", "qwen:qwen3-plus"]});
    let checked = john.post("/strategies/validate-debate-models", &debaters).await.expect(200);
    assert_eq!(checked["valid"], false);
    assert_eq!(checked["models"][0]["model_id"], "deepseek:deepseek-chat");
    assert!(checked["models"][0]["error"].is_string(), "{checked:#}");

    let provider = Provider::open(&proposing("hold", 0)).await;
    for kind in ["deepseek", "qwen"] {
        let form = json!({"provider_type": kind, "base_url": provider.url, "api_key": "x"});
        john.post("/providers", &form).await.expect(200);
    }
    let checked = john.post("/strategies/validate-debate-models", &debaters).await.expect(200);
    let expected = json!({"valid": true, "models": [
        {"model_id": "deepseek:deepseek-chat", "valid": true, "error": null},
        {"model_id": "qwen:qwen3-plus", "valid": true, "error": null}
    ]});
    assert_eq!(checked, expected);
    let one = json!({"model_ids": ["deepseek:deepseek-chat"]});
    let fields = john.post("/strategies/validate-debate-models", &one).await.fields();
    assert_eq!(fields, ["model_ids"]);
    let started = john.post(&format!("{path}/status"), &active).await.expect(200);
    assert_eq!(started["status"], "active");
    let change = john.patch(&path, &json!({"prompt": "other"})).await;
    assert_eq!(change.failure(409), "STRATEGY_ACTIVE");
}
