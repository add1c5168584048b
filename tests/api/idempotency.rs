//! Requests that are sent again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Guest, House, PASSWORD, Reply};
use crate::server::word;

async fn post(guest: &Guest, path: &str, key: &str, body: &Value) -> Reply {
    let request = guest.request(Method::POST, path).header("Idempotency-Key", key).json(body);
    Reply::of(request).await
}

#[tokio::test]
async fn the_same_request_is_carried_out_once_on_sqlite() {
    repeat(&House::open()).await;
}

#[tokio::test]
async fn the_same_request_is_carried_out_once_on_postgres() {
    let (house, _database) = House::open_on_postgres().await;
    repeat(&house).await;
}

async fn repeat(house: &House) {
    let john = house.guest("john@example.com").await;
    let jane = house.guest("jane@example.com").await;
    let body = json!({"name": "Paper", "exchange": "paper"});
    let first = post(&john, "/accounts", "k1", &body).await;
    let again = post(&john, "/accounts", "k1", &body).await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(first.text, again.text);
    let other = json!({"name": "Other", "exchange": "paper"});
    let reused = post(&john, "/accounts", "k1", &other).await;
    assert_eq!(reused.failure(409), "IDEMPOTENCY_KEY_REUSED");
    assert_ne!(post(&jane, "/accounts", "k1", &other).await.expect(200), Value::Null);
    let accounts = john.get("/accounts").await.expect(200);
    assert_eq!(accounts.as_array().map(Vec::len), Some(1));
    let invalid = post(&john, "/accounts", "k2", &json!({})).await;
    invalid.failure(400);
    post(&john, "/accounts", "k2", &body).await.expect(200);
    assert_eq!(post(&john, "/accounts", "", &body).await.fields(), ["Idempotency-Key"]);
}

#[tokio::test]
async fn many_at_once_are_carried_out_once() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let body = json!({"name": "Paper", "exchange": "paper"});
    let all = (0..8).map(|_| post(&john, "/accounts", "k", &body));
    let replies = futures_util::future::join_all(all).await;
    let (done, refused): (Vec<_>, Vec<_>) = replies.into_iter().partition(|it| it.status == 200);
    let first = &done[0].text;
    assert!(done.iter().all(|it| it.text == *first));
    for reply in refused {
        assert_eq!(reply.failure(409), "IDEMPOTENCY_IN_PROGRESS");
    }
    let accounts = john.get("/accounts").await.expect(200);
    assert_eq!(accounts.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn tokens_are_never_replayed() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let body = json!({"refresh_token": john.refresh});
    let renewed = post(&house.nobody(), "/auth/refresh", "k", &body).await.expect(200);
    assert!(!word(&renewed["access_token"]).is_empty());
    post(&house.nobody(), "/auth/refresh", "k", &body).await.failure(401);
    let register = json!({"email": "a@b.c", "password": PASSWORD, "name": "A"});
    let first = post(&house.nobody(), "/auth/register", "k", &register).await.expect(200);
    let again = post(&house.nobody(), "/auth/register", "k", &register).await.expect(200);
    assert_eq!(first, again);
}
