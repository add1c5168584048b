//! Every failure has one shape, whatever failed.

use std::io::{Read, Write};
use std::net::TcpStream;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HOST, ORIGIN};
use serde_json::json;

use crate::house::{House, Reply};

#[tokio::test]
async fn whatever_fails_is_told_in_one_shape() {
    let house = House::open();
    let (nobody, john) = (house.nobody(), house.guest("john@example.com").await);
    assert_eq!(nobody.get("/nowhere").await.failure(404), "NOT_FOUND");
    let root = format!("{}/nowhere", house.server.url);
    assert_eq!(Reply::of(house.http.get(&root)).await.failure(404), "NOT_FOUND");
    let wrong_method = nobody.delete("/auth/login").await;
    assert_eq!(wrong_method.headers["allow"], "POST");
    assert_eq!(wrong_method.failure(405), "METHOD_NOT_ALLOWED");
    assert_eq!(nobody.get("/accounts").await.failure(401), "AUTH_REQUIRED");
    assert_eq!(john.get("/accounts/not-an-id").await.failure(404), "NOT_FOUND");

    let accounts =
        || john.request(Method::POST, "/accounts").header(CONTENT_TYPE, "application/json");
    let broken = Reply::of(accounts().body("{\"name\":")).await;
    assert_eq!(broken.failure(400), "INVALID_JSON");
    let array = Reply::of(accounts().body("[]")).await;
    assert_eq!(array.fields(), ["body"]);
    let text =
        john.request(Method::POST, "/accounts").header(CONTENT_TYPE, "text/plain").body("{}");
    assert_eq!(Reply::of(text).await.failure(415), "UNSUPPORTED_MEDIA_TYPE");
    let json_login = nobody.post("/auth/login", &json!({"username": "a", "password": "b"})).await;
    assert_eq!(json_login.failure(415), "UNSUPPORTED_MEDIA_TYPE");
    let long = Reply::of(accounts().body("x".repeat(2 << 20))).await;
    assert_eq!(long.failure(413), "BODY_TOO_LARGE");
    let told = in_chunks(&house.server.url, &john.token, &"x".repeat(1 << 16), 32);
    assert!(told.starts_with("HTTP/1.1 413 ") && told.contains("BODY_TOO_LARGE"), "{told}");
}

/// Sends a body that does not say how long it is; the answer as it came.
fn in_chunks(url: &str, token: &str, chunk: &str, times: usize) -> String {
    let address = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let head = format!(
        "POST /api/v1/accounts HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("the server reads");
    let chunk = format!("{:x}\r\n{chunk}\r\n", chunk.len());
    // It may have heard enough before the end.
    let _ = (0..times).try_for_each(|_| stream.write_all(chunk.as_bytes()));
    let mut answer = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn hosts_and_pages_that_are_not_ours_are_refused() {
    let house = House::open();
    let health = format!("{}/health", house.server.url);
    let named = |name, value: &str| Reply::of(house.http.get(&health).header(name, value));
    assert_eq!(named(HOST, "evil.example").await.failure(403), "HOST_REFUSED");
    assert_eq!(named(ORIGIN, "http://evil.example").await.failure(403), "HOST_REFUSED");
    let own = named(ORIGIN, &house.server.url).await;
    assert!(!own.headers.contains_key("access-control-allow-origin"));
    own.expect(200);
}

#[tokio::test]
async fn answers_have_an_id_and_headers_for_browsers() {
    let house = House::open();
    let health = format!("{}/health", house.server.url);
    let given = |id: &str| Reply::of(house.http.get(&health).header("x-request-id", id));
    let sane = given("my-id.1").await;
    assert_eq!(sane.headers["x-request-id"], "my-id.1");
    assert_eq!(sane.headers["x-content-type-options"], "nosniff");
    assert_eq!(sane.headers["x-frame-options"], "DENY");
    assert_eq!(sane.headers["cache-control"], "no-store");
    for insane in ["a b", &"x".repeat(65), "\"quoted\""] {
        let answer = given(insane).await;
        assert_ne!(answer.headers["x-request-id"], insane);
    }
    assert_eq!(given("a").await.expect(200)["status"], "ok");
    let ready = format!("{}/health/ready", house.server.url);
    assert_eq!(Reply::of(house.http.get(ready)).await.expect(200)["status"], "ready");
}

#[tokio::test]
async fn every_wrong_field_of_an_account_is_named() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let keys = json!({"name": "A", "exchange": "binance", "api_key": "k", "api_secret": "s"});
    let with = |key: &str, value: serde_json::Value| {
        let mut body = keys.clone();
        body[key] = value;
        body
    };
    let accounts = [
        (json!({}), vec!["name", "exchange"]),
        (with("name", json!("")), vec!["name"]),
        (with("name", json!(5)), vec!["name"]),
        (with("name", json!("x".repeat(101))), vec!["name"]),
        (with("exchange", json!("mtgox")), vec!["exchange"]),
        (with("api_secret", json!(null)), vec!["api_secret"]),
        (with("private_key", json!("0x1")), vec!["private_key"]),
        (with("is_testnet", json!("maybe")), vec!["is_testnet"]),
        (with("mode", json!("paper")), vec!["mode"]),
        (with("initial_balance", json!(5)), vec!["initial_balance"]),
        (with("isTestnet", json!(true)), vec!["isTestnet"]),
        (json!({"name": "A", "exchange": "paper", "initial_balance": -1}), vec!["initial_balance"]),
        (json!({"name": "A", "exchange": "paper", "api_key": "k"}), vec!["api_key"]),
        (
            json!({"name": "A", "exchange": "paper", "mode": "live", "is_testnet": true}),
            vec!["is_testnet"],
        ),
    ];
    for (body, fields) in accounts {
        assert_eq!(john.post("/accounts", &body).await.fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn every_wrong_field_of_a_strategy_is_named() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let grid = |key: &str, value: serde_json::Value| {
        let mut body = json!({
            "name": "G", "strategy_type": "grid", "symbol": "BTCUSDT", "account_id": account,
            "config": {"upper_price": 105_000, "lower_price": 95_000, "grid_count": 20,
                "total_investment": 5_000}
        });
        match key.strip_prefix("config.") {
            Some(key) => body["config"][key] = value,
            None => body[key] = value,
        }
        body
    };
    let nobodys = "00000000-0000-0000-0000-000000000000";
    let strategies = [
        (json!({}), vec!["name", "strategy_type", "symbol", "account_id", "config"]),
        (grid("strategy_type", json!("martingale")), vec!["strategy_type"]),
        (grid("symbol", json!("DOGE/MOON")), vec!["symbol"]),
        (grid("account_id", json!(nobodys)), vec!["account_id"]),
        (grid("account_id", json!("x")), vec!["account_id"]),
        (grid("config", json!([])), vec!["config"]),
        (grid("config.grid_count", json!(1)), vec!["config.grid_count"]),
        (grid("config.grid_count", json!("many")), vec!["config.grid_count"]),
        (grid("config.grid_count", json!(null)), vec!["config.grid_count"]),
        (grid("config.lower_price", json!("cheap")), vec!["config.lower_price"]),
        (grid("config.color", json!("red")), vec!["config.color"]),
        (grid("config.leverage", json!(100)), vec!["config.leverage"]),
        (grid("config.lower_price", json!(200_000)), vec!["config.upper_price"]),
        (grid("allocated_capital", json!(0)), vec!["allocated_capital"]),
        (grid("status", json!("active")), vec!["status"]),
    ];
    for (body, fields) in strategies {
        assert_eq!(john.post("/quant-strategies", &body).await.fields(), fields, "{body}");
    }
}

#[tokio::test]
async fn every_wrong_field_of_a_query_is_named() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let lists = [
        ("/orders?limit=0", "limit"),
        ("/orders?limit=100000", "limit"),
        ("/orders?offset=-1", "offset"),
        ("/orders?account=x", "account"),
        ("/fills?worker=x", "worker"),
        ("/ledger?symbol=NOPE", "symbol"),
        ("/positions?flat=perhaps", "flat"),
        ("/quant-strategies?status=lost", "status"),
        ("/accounts?color=red", "color"),
        ("/why-not", "worker"),
    ];
    for (path, field) in lists {
        assert_eq!(john.get(path).await.fields(), [field], "{path}");
    }
    let register = json!({"email": "x", "password": "short", "name": "X"});
    assert_eq!(house.nobody().post("/auth/register", &register).await.fields(), ["email"]);
}
