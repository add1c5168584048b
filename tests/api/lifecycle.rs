//! Accounts and strategies from their making to their end.

use serde_json::{Value, json};

use crate::house::{Guest, House, dca};
use crate::server::word;

async fn set(john: &Guest, id: &str, status: &str) -> crate::house::Reply {
    john.post(&format!("/quant-strategies/{id}/status"), &json!({"status": status})).await
}

/// The whole life of a strategy, and of the account it trades on.
async fn live(house: &House) {
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let id = john.strategy(&account).await;
    let positions = trades(&john, &account, &id).await;
    closes(&john, &account, &id, &positions).await;
    changes(&john, &id).await;
    let (path, of_account) = (format!("/quant-strategies/{id}"), format!("/accounts/{account}"));
    assert_eq!(john.delete(&path).await.status, 204);
    assert_eq!(john.get(&path).await.failure(404), "NOT_FOUND");
    assert_eq!(john.delete(&of_account).await.status, 204);
    assert_eq!(john.get(&of_account).await.failure(404), "NOT_FOUND");
    assert_ne!(john.get("/fills").await.expect(200), json!([]));
}

/// It is started, and what must not be done to what runs is refused; tells what it holds.
async fn trades(john: &Guest, account: &str, id: &str) -> Value {
    assert_eq!(set(john, id, "paused").await.failure(409), "STRATEGY_NOT_ACTIVE");
    assert_eq!(set(john, id, "lost").await.fields(), ["status"]);
    assert_eq!(set(john, id, "active").await.expect(200)["status"], "active");
    assert_eq!(set(john, id, "active").await.expect(200)["status"], "active");
    let path = format!("/quant-strategies/{id}");
    let change = json!({"config": {"order_amount": 600}});
    assert_eq!(john.patch(&path, &change).await.failure(409), "STRATEGY_ACTIVE");
    assert_eq!(john.delete(&path).await.failure(409), "STRATEGY_ACTIVE");
    assert_eq!(john.patch(&path, &json!({"name": "Renamed"})).await.expect(200)["version"], 1);
    let of_account = format!("/accounts/{account}");
    assert_eq!(john.delete(&of_account).await.failure(409), "ACCOUNT_IN_USE");
    let held = |it: &Value| it.as_array().is_some_and(|it| !it.is_empty());
    let positions = john.until("/positions", held).await;
    pauses(john, id).await;
    positions
}

/// It is paused, goes on, and is stopped.
async fn pauses(john: &Guest, id: &str) {
    assert_eq!(set(john, id, "paused").await.expect(200)["status"], "paused");
    let worker = format!("/workers/{id}/status");
    john.until(&worker, |it| it["state"] == "paused").await;
    assert_eq!(set(john, id, "active").await.expect(200)["status"], "active");
    john.until(&worker, |it| it["state"] == "running").await;
    john.post(&format!("/workers/{id}/trigger"), &json!({})).await.expect(200);
    assert_eq!(set(john, id, "stopped").await.expect(200)["status"], "stopped");
    john.until(&worker, |it| it["state"] == "stopped").await;
    let again = john.post(&format!("/workers/{id}/trigger"), &json!({})).await;
    assert_eq!(again.failure(409), "WORKER_NOT_RUNNING");
}

/// What it holds is closed by hand; until then neither it nor its account goes.
async fn closes(john: &Guest, account: &str, id: &str, positions: &Value) {
    let (path, of_account) = (format!("/quant-strategies/{id}"), format!("/accounts/{account}"));
    assert_eq!(john.delete(&path).await.failure(409), "STRATEGY_HAS_POSITIONS");
    assert_eq!(john.delete(&of_account).await.failure(409), "ACCOUNT_HAS_POSITIONS");
    let close = format!("/positions/{}/close", word(&positions[0]["id"]));
    john.post(&close, &json!({})).await.expect(200);
    john.until("/positions", |it| *it == json!([])).await;
    assert_eq!(john.post(&close, &json!({})).await.failure(409), "POSITION_CLOSED");
}

/// A change makes a version, and what was done before still tells the one it was done under.
async fn changes(john: &Guest, id: &str) {
    let path = format!("/quant-strategies/{id}");
    let change = json!({"config": {"order_amount": 600}});
    let changed = john.patch(&path, &change).await.expect(200);
    assert_eq!((&changed["version"], &changed["config"]["order_amount"]), (&json!(2), &json!(600)));
    assert_eq!(changed["config"]["interval_minutes"], 60);
    let versions = john.get(&format!("{path}/versions")).await.expect(200);
    let amounts = [&versions[0]["config"]["order_amount"], &versions[1]["config"]["order_amount"]];
    assert_eq!(amounts, [&json!(600), &json!(500)]);
    let orders = john.get(&format!("/orders?worker={id}")).await.expect(200);
    let entry = orders.as_array().into_iter().flatten().find(|it| it["side"] == "buy");
    let entry = entry.expect("what was bought");
    assert_eq!(entry["strategy_version"], 1, "{entry:#}");
    let cancel = format!("/orders/{}/cancel", word(&entry["id"]));
    assert_eq!(john.post(&cancel, &json!({})).await.failure(409), "ORDER_ENDED");
}

#[tokio::test]
async fn a_strategy_lives_on_sqlite() {
    live(&House::open()).await;
}

#[tokio::test]
async fn a_strategy_lives_on_postgres() {
    let (house, _database) = House::open_on_postgres().await;
    live(&house).await;
}

#[tokio::test]
async fn what_cannot_work_is_refused_before_it_starts() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let form = json!({"name": "Small", "exchange": "paper", "initial_balance": 100});
    let small = word(&john.post("/accounts", &form).await.expect(200)["id"]);
    let id = john.strategy(&small).await;
    assert_eq!(set(&john, &id, "active").await.fields(), ["allocated_capital"]);
    let account = john.account().await;
    let mut tiny = dca(&account);
    tiny["config"] = json!({"order_amount": 1, "interval_minutes": 60});
    let tiny = word(&john.post("/quant-strategies", &tiny).await.expect(200)["id"]);
    let refused = set(&john, &tiny, "active").await;
    assert_eq!(refused.body["error"]["code"], "STRATEGY_REFUSED");
    assert_eq!(refused.fields(), ["config.order_amount"]);
    for _ in 0..2 {
        let sharing = john.strategy(&account).await;
        set(&john, &sharing, "active").await.expect(200);
    }
    let form = json!({"name": "Real", "exchange": "hyperliquid", "private_key": "0x01"});
    let real = word(&john.post("/accounts", &form).await.expect(200)["id"]);
    let on_real = john.strategy(&real).await;
    assert_eq!(set(&john, &on_real, "active").await.failure(409), "ACCOUNT_NOT_CONNECTED");
    let balance = john.get(&format!("/accounts/{real}/balance")).await;
    assert_eq!(balance.failure(409), "ACCOUNT_NOT_CONNECTED");
}

#[tokio::test]
async fn a_live_account_is_armed_by_its_name() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let form = json!({"name": "Real money", "exchange": "paper", "mode": "live"});
    let live = word(&john.post("/accounts", &form).await.expect(200)["id"]);
    let arm = |name: &str| {
        let body = json!({"confirm": name, "max_notional": 1_000, "max_daily_loss": 50});
        let (john, path) = (john.clone(), format!("/accounts/{live}/arm"));
        async move { john.post(&path, &body).await }
    };
    assert_eq!(arm("real money").await.fields(), ["confirm"]);
    arm("Real money").await.expect(200);
    let path = format!("/accounts/{live}");
    john.until(&path, |it| it["is_armed"] == true).await;
    john.post(&format!("{path}/disarm"), &json!({})).await.expect(200);
    john.until(&path, |it| it["is_armed"] == false).await;
    let paper = john.account().await;
    let body = json!({"confirm": "Paper", "max_notional": 1, "max_daily_loss": 1});
    let refused = john.post(&format!("/accounts/{paper}/arm"), &body).await;
    assert_eq!(refused.failure(409), "ACCOUNT_NOT_LIVE");
}

#[tokio::test]
async fn kill_levels_are_set_and_lifted() {
    let house = House::open();
    let admin = house.guest("admin@example.com").await;
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let kill = |level: &str, scope: &str| json!({"level": level, "scope": scope});
    let level =
        |expected: &'static str| move |it: &Value| it["accounts"][0]["kill_level"] == expected;
    john.post("/engine/kill", &kill("flatten", &format!("account:{account}"))).await.expect(200);
    john.until("/engine/state", level("flatten")).await;
    let refused = john.post("/engine/resume", &json!({"confirm": "resume"})).await;
    assert_eq!(refused.fields(), ["confirm"]);
    let resume = json!({"confirm": "RESUME", "scope": format!("account:{account}")});
    john.post("/engine/resume", &resume).await.expect(200);
    john.until("/engine/state", level("none")).await;
    admin.post("/engine/kill", &kill("freeze", "all")).await.expect(200);
    john.until("/engine/state", level("freeze")).await;
    admin.post("/engine/resume", &json!({"confirm": "RESUME"})).await.expect(200);
    john.until("/engine/state", level("none")).await;
    assert_eq!(john.post("/engine/kill", &kill("panic", "all")).await.fields(), ["level"]);
    assert_eq!(john.post("/engine/kill", &kill("freeze", "mars")).await.fields(), ["scope"]);
    assert_eq!(john.post("/engine/kill", &json!({})).await.fields(), ["level", "scope"]);
}
