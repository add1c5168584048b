//! Secrets are in no answer, no log and no file of the data folder.

use std::path::Path;

use serde_json::json;

use crate::house::{Guest, House, PASSWORD};
use crate::provider::{Provider, proposing};
use crate::server::word;
use crate::words::example;

const PLANTED: [&str; 6] = [
    "planted-api-key",
    "planted-api-secret",
    "0xplanted",
    "planted-phrase",
    "planted-model-key",
    "planted-other-key",
];

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("the folder is readable").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            found.push((path.display().to_string(), bytes));
        }
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// What is said about a provider whose key is tried, changed and refused.
async fn with_a_provider(john: &Guest) -> String {
    let speaker = Provider::open(&proposing("hold", 0)).await;
    let form = json!({"provider_type": "deepseek", "base_url": speaker.url,
        "api_key": PLANTED[4]});
    let made = john.post("/providers", &form).await;
    let mut said = made.text.clone();
    let path = format!("/providers/{}", word(&made.expect(200)["id"]));
    let strategy = john.post("/strategies", &example(&john.account().await)).await.expect(200);
    let id = word(&strategy["id"]);
    let active = json!({"status": "active"});
    said += &john.post(&format!("/strategies/{id}/status"), &active).await.text;
    let some = |page: &serde_json::Value| page["total"].as_i64().is_some_and(|it| it > 0);
    said += &john.until(&format!("/decisions/strategy/{id}"), some).await.to_string();
    said += &john.post(&format!("{path}/test"), &json!({"api_key": PLANTED[5]})).await.text;
    speaker.fail(401);
    said += &john.post("/models/test", &json!({"model_id": "deepseek:deepseek-chat"})).await.text;
    said += &john.patch(&path, &json!({"api_key": PLANTED[5]})).await.text;
    said +=
        &john.post("/providers", &json!({"provider_type": "x", "api_key": PLANTED[4]})).await.text;
    for path in [path.as_str(), "/providers", "/models", "/metrics", "/metrics/json"] {
        said += &john.get(path).await.text;
    }
    said
}

#[tokio::test]
async fn planted_secrets_are_found_nowhere() {
    let house = House::open_on_sqlite(|command| {
        command.env("BANYAN__LOG__LEVEL", "trace");
        command.env("BANYAN__LLM__ALLOW_PRIVATE_URLS", "true");
    });
    let john = house.guest("john@example.com").await;
    let okx = json!({"name": "O", "exchange": "okx", "api_key": PLANTED[0],
        "api_secret": PLANTED[1], "passphrase": PLANTED[3]});
    let hyperliquid = json!({"name": "H", "exchange": "hyperliquid", "private_key": PLANTED[2]});
    let mut said = String::new();
    for body in [&okx, &hyperliquid, &json!({"name": "", "exchange": "okx", "api_key": PLANTED[0]})]
    {
        said += &john.post("/accounts", body).await.text;
    }
    let id = word(&john.get("/accounts").await.expect(200)[0]["id"]);
    for path in ["/accounts", &format!("/accounts/{id}"), &format!("/accounts/{id}/balance")] {
        said += &john.get(path).await.text;
    }
    said += &john.patch(&format!("/accounts/{id}"), &json!({"api_key": PLANTED[0]})).await.text;
    said += &john.post(&format!("/accounts/{id}/test"), &json!({})).await.text;
    said += &with_a_provider(&john).await;
    said += &house.log_in("john@example.com", "planted-password").await.text;
    said += &house.server.log();
    let secrets = PLANTED.iter().chain(&[PASSWORD, "planted-password"]).copied();
    let mut kept = Vec::new();
    files(house.folder.path(), &mut kept);
    assert!(kept.iter().any(|(name, _)| name.ends_with("banyan.db")), "no database was seen");
    for secret in secrets.chain([john.token.as_str(), john.refresh.as_str()]) {
        assert!(!said.contains(secret), "{secret} was said");
        for (name, bytes) in &kept {
            assert!(!holds(bytes, secret), "{secret} is in {name}");
        }
    }
}
