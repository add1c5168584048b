//! The first hour without keys: a login, a fill, and the same account after a loss of power.

use serde_json::Value;

use crate::server::{Server, data_folder, demo, word};

fn items(value: &Value) -> &[Value] {
    value.as_array().unwrap_or_else(|| panic!("{value:#} is no list"))
}

/// The trades of a list of fills, sorted.
fn trades(value: &Value) -> Vec<String> {
    let mut ids: Vec<_> = items(value).iter().map(|it| word(&it["trade_id"])).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn the_demo_trades_and_goes_on_after_a_kill() {
    let (_folder, data) = data_folder();
    let mut server = Server::start(&mut demo(&data));
    let login = server.ready.clone();
    assert!(server.url.starts_with("http://127.0.0.1:") && !server.url.ends_with('/'));
    assert_eq!(server.get("/health").await["status"], "ok");
    server.log_in().await;
    let fills = server.until("/api/v1/fills", |fills| !items(fills).is_empty()).await;
    let accounts = server.get("/api/v1/accounts").await;
    assert_eq!(items(&accounts).len(), 1);
    let strategies = server.get("/api/v1/quant-strategies").await;
    assert_eq!(items(&strategies).len(), 3);
    let paused = word(&items(&strategies)[2]["id"]);
    let path = format!("/api/v1/quant-strategies/{paused}/status");
    let (status, answer) = server.post(&path, &serde_json::json!({ "status": "paused" })).await;
    assert_eq!(status, 200, "{answer:#}");
    server.kill();

    let mut server = Server::start(&mut demo(&data));
    assert_eq!(server.ready["password"], login["password"], "the login stays");
    server.log_in().await;
    assert_eq!(server.get("/api/v1/accounts").await, accounts);
    let reports =
        server.until("/api/v1/recovery-reports", |reports| items(reports).len() >= 2).await;
    let latest = &items(&reports)[0];
    assert_eq!(latest["incarnation"], 2, "{latest:#}");
    assert_eq!(latest["adopted"], 0, "nothing happened that nobody can explain: {latest:#}");
    let path = "/api/v1/fills?limit=500";
    let after = server.get(path).await;
    for fill in trades(&fills) {
        assert_eq!(trades(&after).iter().filter(|id| **id == fill).count(), 1, "{fill} once");
    }
    let status = |status: &Value| {
        items(&status["workers"]).iter().filter(|it| it["running"] == true).count() == 5
    };
    server.until("/api/v1/workers/status", status).await;
    let path = format!("/api/v1/workers/{paused}/status");
    server.until(&path, |worker| worker["state"] == "paused").await;
}

#[tokio::test]
async fn every_folder_has_a_login_of_its_own() {
    let (_one, first) = data_folder();
    let (_other, second) = data_folder();
    let (first, second) = (Server::start(&mut demo(&first)), Server::start(&mut demo(&second)));
    assert_ne!(first.ready["password"], second.ready["password"]);
}

#[tokio::test]
async fn secrets_are_neither_logged_nor_readable_by_others() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, data) = data_folder();
    let mut server = Server::start(demo(&data).env("BANYAN__LOG__LEVEL", "trace"));
    server.log_in().await;
    server.until("/api/v1/fills", |fills| !items(fills).is_empty()).await;
    assert!(!server.log().contains(&word(&server.ready["password"])));
    for file in ["demo.json", "keys/token.key", "keys/data.key"] {
        let found = std::fs::metadata(data.join(file)).expect("the file was made");
        assert_eq!(found.permissions().mode() & 0o077, 0, "{file} is for its owner alone");
    }
    let key = std::fs::read_to_string(data.join("keys/data.key")).unwrap();
    assert!(!server.log().contains(key.trim()));
}

/// The whole answer of the demo model to a conversation.
async fn complete(url: &str, body: &Value) -> Value {
    let client = crate::client::http(std::time::Duration::from_secs(20));
    let answer = client.post(format!("{url}/chat/completions")).json(body);
    let answer = answer.send().await.expect("the demo model answers");
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("completions are JSON")
}

#[tokio::test]
async fn strategies_in_words_decide_without_a_key_and_the_demo_model_says_what_it_is() {
    let (_folder, data) = data_folder();
    let mut server = Server::start(&mut demo(&data));
    let house = word(&server.ready["house_model_url"]);
    assert!(house.starts_with("http://127.0.0.1:") && house.ends_with("/v1"), "{house}");
    let question = serde_json::json!({
        "model": "rules-v1", "messages": [{ "role": "user", "content": "Who are you?" }],
    });
    let answer = complete(&house, &question).await;
    assert!(word(&answer["choices"][0]["message"]["content"]).contains("not an AI"));
    server.log_in().await;
    let decided = |decisions: &Value| {
        let of = |debate: bool| {
            items(decisions).iter().any(|it| {
                it["is_debate"] == debate
                    && it["decisions"].as_array().is_some_and(|it| !it.is_empty())
            })
        };
        of(false) && of(true)
    };
    server.until("/api/v1/decisions/recent", decided).await;
    let fills =
        |fills: &Value| items(fills).iter().any(|it| word(&it["symbol"]).starts_with("XRP"));
    server.until("/api/v1/fills", fills).await;
    server.kill();
    let server = Server::start(&mut demo(&data));
    assert_eq!(server.ready["house_model_url"], house.as_str(), "its address stays");
}
