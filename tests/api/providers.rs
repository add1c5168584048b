//! Providers of models and their models: set up, shown without keys, tested, and watched.

use serde_json::{Value, json};

use crate::house::{Guest, House, names};
use crate::provider::{Provider, proposing};
use crate::server::word;
use crate::words::house;

async fn deepseek(john: &Guest, provider: &Provider) -> Value {
    let form = json!({"provider_type": "deepseek", "name": "DeepSeek", "api_key": "planted-key",
        "base_url": provider.url});
    john.post("/providers", &form).await.expect(200)
}

#[tokio::test]
async fn a_provider_is_set_up_changed_and_deleted() {
    let house = house();
    let john = house.guest("john@example.com").await;
    let provider = Provider::open(&proposing("hold", 0)).await;
    let made = deepseek(&john, &provider).await;
    assert_eq!((&made["has_api_key"], &made["name"]), (&json!(true), &json!("DeepSeek")));
    assert!(!names(&made).contains(&"api_key"), "{made:#}");
    let ids: Vec<_> = made["models"].as_array().unwrap().iter().map(|it| word(&it["id"])).collect();
    assert!(ids.contains(&"deepseek-chat".to_owned()), "{ids:?}");
    let path = format!("/providers/{}", word(&made["id"]));
    assert_eq!(john.get(&path).await.expect(200), made);
    assert_eq!(john.get("/providers").await.expect(200), json!([made]));
    let changed = john.patch(&path, &json!({"name": "D", "is_enabled": false})).await.expect(200);
    assert_eq!((&changed["name"], &changed["has_api_key"]), (&json!("D"), &json!(true)));
    let listed = john.get("/models/providers").await.expect(200);
    let of_type = |listed: &Value, kind: &str| {
        let mut all = listed.as_array().unwrap().iter();
        all.find(|it| it["id"] == kind).unwrap_or_else(|| panic!("{kind}")).clone()
    };
    assert_eq!(of_type(&listed, "deepseek")["configured"], false);
    john.patch(&path, &json!({"is_enabled": true})).await.expect(200);
    let listed = john.get("/models/providers").await.expect(200);
    assert_eq!(of_type(&listed, "deepseek")["configured"], true);
    assert_eq!(john.delete(&path).await.status, 204);
    assert_eq!(john.get(&path).await.status, 404);
    let presets = john.get("/providers/presets").await.expect(200);
    let preset = of_type(&presets, "deepseek");
    assert_eq!(preset["base_url"], "https://api.deepseek.com");
    assert_eq!(preset["api_format"], "openai");
}

#[tokio::test]
async fn what_is_wrong_with_a_provider_is_named() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let of = |url: &str| json!({"provider_type": "custom", "api_key": "x", "base_url": url});
    let cases = [
        (json!({}), "provider_type"),
        (json!({"provider_type": "nobody", "api_key": "x"}), "provider_type"),
        (json!({"provider_type": "deepseek"}), "api_key"),
        (json!({"provider_type": "custom"}), "base_url"),
        (json!({"provider_type": "deepseek", "api_key": "x", "base_url": "ftp://a"}), "base_url"),
        (
            json!({"provider_type": "deepseek", "api_key": "x", "base_url": "http://u:p@a"}),
            "base_url",
        ),
        (of("http://169.254.169.254/latest"), "base_url"),
        (of("http://127.0.0.1:11434/v1"), "base_url"),
        (of("http://[::ffff:10.0.0.1]/v1"), "base_url"),
        (json!({"provider_type": "deepseek", "api_key": "x", "models": [{"id": ""}]}), "models.0"),
        (json!({"provider_type": "deepseek", "api_key": "x", "colour": 1}), "colour"),
    ];
    for (form, field) in cases {
        let fields = john.post("/providers", &form).await.fields();
        assert!(fields.iter().any(|it| it == field), "{form}: {fields:?}");
    }
}

#[tokio::test]
async fn the_models_of_a_provider_are_its_owners_to_list() {
    let house = house();
    let john = house.guest("john@example.com").await;
    let provider = Provider::open(&proposing("hold", 0)).await;
    let path = format!("/providers/{}/models", word(&deepseek(&john, &provider).await["id"]));
    let own =
        json!({"id": "org/model:7b", "cost_per_1k_input": 0.001, "cost_per_1k_output": 0.002});
    let added = john.post(&path, &own).await.expect(200);
    assert_eq!(
        (&added["context_window"], &added["cost_per_1k_input"]),
        (&json!(128_000), &json!(0.001))
    );
    assert_eq!(john.post(&path, &own).await.failure(409), "MODEL_EXISTS");
    let models = john.get("/models?provider=deepseek").await.expect(200);
    let id = "deepseek:org/model:7b";
    assert!(models.as_array().unwrap().iter().any(|it| it["id"] == id), "{models:#}");
    let encoded = id.replace('/', "%2F");
    assert_eq!(john.get(&format!("/models/{encoded}")).await.expect(200)["id"], id);
    assert_eq!(john.get("/models/deepseek:nothing").await.status, 404);
    assert_eq!(john.delete(&format!("{path}/org%2Fmodel:7b")).await.status, 204);
    assert_eq!(john.delete(&format!("{path}/org%2Fmodel:7b")).await.status, 404);
    let replaced = json!({"models": [{"id": "only", "free": true}]});
    let replaced = john.ask(reqwest::Method::PUT, &path, Some(&replaced)).await.expect(200);
    assert_eq!(replaced.as_array().map(Vec::len), Some(1));
    assert_eq!(john.get(&path).await.expect(200), replaced);
}

#[tokio::test]
async fn a_test_tells_whether_a_provider_answers() {
    let house = house();
    let john = house.guest("john@example.com").await;
    let none = json!({"model_id": "deepseek:deepseek-chat"});
    let tested = john.post("/models/test", &none).await.expect(200);
    assert_eq!((&tested["success"], &tested["model_id"]), (&json!(false), &none["model_id"]));
    let provider = Provider::open(&proposing("hold", 0)).await;
    let path = format!("/providers/{}/test", word(&deepseek(&john, &provider).await["id"]));
    let tested = john.ask(reqwest::Method::POST, &path, None).await.expect(200);
    assert_eq!(tested["success"], true, "{tested:#}");
    let tested = john.post("/models/test", &none).await.expect(200);
    assert_eq!((&tested["success"], &tested["error_code"]), (&json!(true), &Value::Null));
    assert!(provider.keys().iter().all(|key| key == "Bearer planted-key"), "{:?}", provider.keys());
    provider.fail(401);
    let tested = john.post("/models/test", &none).await.expect(200);
    assert_eq!((&tested["success"], &tested["error_code"]), (&json!(false), &json!("auth_error")));
}

#[tokio::test]
async fn metrics_and_breakers_are_there_for_whoever_may_watch() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let metrics = john.get("/metrics").await;
    assert!(metrics.header("content-type").starts_with("text/plain"), "{}", metrics.text);
    assert!(metrics.text.contains("banyan_ready 1"), "{}", metrics.text);
    assert!(metrics.text.contains("banyan_model_budget_left_dollars 1"), "{}", metrics.text);
    let same = john.get("/metrics/json").await.expect(200);
    assert_eq!(same["database_connected"], true, "{same:#}");
    assert_eq!((&same["active_strategies"], &same["budget_left_usd"]), (&json!(0), &json!(1.0)));
    for prefix in ["", "/api/v1"] {
        for path in ["/health/detailed", "/health/circuit-breakers"] {
            let url = format!("{}{prefix}{path}", house.server.url);
            let near = house.http.get(&url).send().await.unwrap();
            assert_eq!(near.status(), 200, "{prefix}{path}");
            let passed_on = house.http.get(&url).header("x-forwarded-for", "203.0.113.9");
            assert_eq!(passed_on.send().await.unwrap().status(), 401, "{prefix}{path}");
        }
    }
    let detailed = john.get("/health/detailed").await.expect(200);
    assert_eq!((&detailed["status"], &detailed["ready"]), (&json!("healthy"), &json!(true)));
    let breakers = john.get("/health/circuit-breakers").await.expect(200);
    assert_eq!(breakers, json!({"circuit_breakers": [], "open": 0}));
}
