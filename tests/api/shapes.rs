//! Answers have the fields of the reference, each of its type.

use serde_json::{Value, json};

use crate::house::{Guest, House, names};
use crate::provider::{Provider, proposing};
use crate::server::word;
use crate::words::example;

/// Says whether a value has the type that a letter stands for: a text, a number, a truth, a moment
/// in UTC, an array or an object; `?` before it lets null pass.
fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "text" => value.is_string(),
        "number" => value.is_number(),
        "truth" => value.is_boolean(),
        "moment" => value.as_str().is_some_and(|it| it.ends_with('Z') && it.len() == 24),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => value.is_null() || is_a(value, kind.trim_start_matches('?')),
    }
}

#[track_caller]
fn has(value: &Value, fields: &[(&str, &str)]) {
    for (name, kind) in fields {
        let field = value.get(name).unwrap_or_else(|| panic!("{name} is missing in {value:#}"));
        assert!(is_a(field, kind), "{name} is no {kind} in {value:#}");
    }
}

const ACCOUNT: [(&str, &str); 10] = [
    ("id", "text"),
    ("name", "text"),
    ("exchange", "text"),
    ("is_testnet", "truth"),
    ("is_connected", "truth"),
    ("connection_error", "?text"),
    ("created_at", "moment"),
    ("has_api_key", "truth"),
    ("has_api_secret", "truth"),
    ("has_private_key", "truth"),
];
const STRATEGY: [(&str, &str); 16] = [
    ("id", "text"),
    ("name", "text"),
    ("description", "text"),
    ("strategy_type", "text"),
    ("symbol", "text"),
    ("config", "object"),
    ("status", "text"),
    ("error_message", "?text"),
    ("account_id", "text"),
    ("allocated_capital", "?number"),
    ("total_pnl", "number"),
    ("total_trades", "number"),
    ("created_at", "moment"),
    ("updated_at", "moment"),
    ("last_run_at", "?moment"),
    ("version", "number"),
];
const POSITION: [(&str, &str); 10] = [
    ("symbol", "text"),
    ("side", "text"),
    ("size", "number"),
    ("size_usd", "number"),
    ("entry_price", "number"),
    ("mark_price", "number"),
    ("leverage", "number"),
    ("unrealized_pnl", "number"),
    ("unrealized_pnl_percent", "number"),
    ("liquidation_price", "?number"),
];

#[tokio::test]
async fn logins_and_users() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let tokens = house.log_in("john@example.com", crate::house::PASSWORD).await.expect(200);
    assert_eq!(names(&tokens), ["access_token", "expires_in", "refresh_token", "token_type"]);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("bearer"), &json!(3600)));
    let me = john.get("/auth/me").await.expect(200);
    has(&me, &[("id", "text"), ("email", "text"), ("name", "text"), ("is_active", "truth")]);
    assert_eq!((&me["email"], &me["name"]), (&json!("john@example.com"), &json!("John")));
    let name = json!({"name": "Jo"});
    let renamed = john.ask(reqwest::Method::PUT, "/auth/profile", Some(&name));
    assert_eq!(renamed.await.expect(200)["name"], "Jo");
}

#[tokio::test]
async fn accounts_balances_and_positions() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let form = json!({"name": "Main", "exchange": "binance", "is_testnet": false,
        "api_key": "planted-key", "api_secret": "planted-secret"});
    let real = john.post("/accounts", &form).await.expect(200);
    has(&real, &ACCOUNT);
    assert_eq!(real["is_connected"], false);
    assert_eq!(real["connection_error"], "no adapter for binance in this build");
    assert_eq!((&real["has_api_key"], &real["has_private_key"]), (&json!(true), &json!(false)));
    let tested = john.post(&format!("/accounts/{}/test", word(&real["id"])), &json!({})).await;
    let tested = tested.expect(200);
    assert_eq!((&tested["success"], &tested["exchange"]), (&json!(false), &json!("binance")));

    let form = json!({"name": "Paper", "exchange": "paper", "initial_balance": 2_500.5});
    let paper = john.post("/accounts", &form).await.expect(200);
    has(&paper, &ACCOUNT);
    assert_eq!(paper["is_connected"], true, "{paper:#}");
    let path = format!("/accounts/{}", word(&paper["id"]));
    john.until(&format!("{path}/balance"), |it| it["equity"] == 2_500.5).await;
    let tested = john.post(&format!("{path}/test"), &json!({})).await.expect(200);
    assert_eq!(tested, json!({"success": true, "exchange": "paper", "balance": {"USDT": 2500.5}}));
    let balance = john.get(&format!("{path}/balance")).await;
    // Numbers keep the point that tells a decimal from a count.
    assert!(balance.text.contains("\"total_margin_used\":0.0"), "{}", balance.text);
    let expected = [
        "account_id",
        "available_balance",
        "equity",
        "positions",
        "total_margin_used",
        "unrealized_pnl",
    ];
    assert_eq!(names(&balance.expect(200)), expected);
    assert_eq!(john.get(&format!("{path}/positions")).await.expect(200), json!([]));
    let listed = john.get("/accounts?exchange=binance").await.expect(200);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn strategies_workers_and_what_comes_of_them() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let id = john.strategy(&account).await;
    let strategy = john.get(&format!("/quant-strategies/{id}")).await.expect(200);
    has(&strategy, &STRATEGY);
    assert_eq!(strategy["status"], "stopped");
    assert_eq!(strategy["config"]["order_amount"], 500);
    let stopped = john.get(&format!("/workers/{id}/status")).await.expect(200);
    assert_eq!((&stopped["running"], &stopped["state"]), (&json!(false), &json!("stopped")));
    john.post(&format!("/workers/{id}/start"), &json!({})).await.expect(200);
    let path = format!("/accounts/{account}/positions");
    let positions = john.until(&path, |it| it.as_array().is_some_and(|it| !it.is_empty())).await;
    has(&positions[0], &POSITION);
    assert_eq!(positions[0]["symbol"], "BTC/USDT:USDT");
    let running = |it: &Value| it["workers"][0]["running"] == true;
    let workers = john.until("/workers/status", running).await;
    assert_eq!(names(&workers), ["distributed", "running", "total_workers", "workers"]);
    assert_eq!((&workers["running"], &workers["total_workers"]), (&json!(true), &json!(1)));
    let fields = ["error_count", "last_run", "mode", "running", "strategy_id"];
    assert_eq!(names(&workers["workers"][0]), fields);
    let worker = john.get(&format!("/workers/{id}/status")).await.expect(200);
    assert!(worker.as_object().unwrap().values().all(|it| !it.is_null()), "{worker:#}");
    has(&worker, &[("state", "text"), ("restarts", "number"), ("last_run", "moment")]);

    what_comes_of_them(&john, &account, &id).await;
}

async fn what_comes_of_them(john: &Guest, account: &str, id: &str) {
    let rows = |it: &Value| it.as_array().is_some_and(|it| !it.is_empty());
    let order = &john.until("/orders", rows).await[0];
    has(
        order,
        &[
            ("id", "text"),
            ("symbol", "text"),
            ("side", "text"),
            ("type", "text"),
            ("status", "text"),
            ("quantity", "number"),
            ("filled", "number"),
            ("strategy_id", "text"),
            ("created_at", "moment"),
        ],
    );
    let events = john.get(&format!("/orders/{}/events", word(&order["id"]))).await.expect(200);
    assert_eq!(events[0]["kind"], "order_planned", "{events:#}");
    assert!(events[0]["record"].is_object());
    let fill = &john.until(&format!("/fills?worker={id}"), rows).await[0];
    has(
        fill,
        &[
            ("trade_id", "text"),
            ("price", "number"),
            ("quantity", "number"),
            ("fee", "number"),
            ("realized_pnl", "number"),
            ("time", "moment"),
        ],
    );
    let ledger = john.until(&format!("/ledger?account={account}"), rows).await;
    has(&ledger[0], &[("kind", "text"), ("bucket", "text"), ("amount", "number")]);
    let position = &john.until("/positions?symbol=BTC", rows).await[0];
    has(position, &[("id", "text"), ("side", "text"), ("size", "number"), ("strategy_id", "text")]);
    let why = john.get(&format!("/why-not?worker={id}")).await.expect(200);
    has(&why, &[("counts", "object")]);
    let state = john.get("/engine/state").await.expect(200);
    assert_eq!((&state["ready"], &state["journal"]), (&json!(true), &json!("healthy")));
    let reports = john.until("/recovery-reports", rows).await;
    has(&reports[0], &[("account_id", "text"), ("started_at", "moment"), ("adopted", "number")]);
    has(
        &john.get("/ws/stats").await.expect(200),
        &[("total_connections", "number"), ("channels", "object")],
    );
}

const DECISION: [(&str, &str); 24] = [
    ("id", "text"),
    ("strategy_id", "text"),
    ("timestamp", "moment"),
    ("chain_of_thought", "text"),
    ("market_assessment", "text"),
    ("overall_confidence", "number"),
    ("decisions", "array"),
    ("executed", "truth"),
    ("execution_results", "array"),
    ("ai_model", "text"),
    ("tokens_used", "number"),
    ("latency_ms", "number"),
    ("cost_usd", "number"),
    ("market_snapshot", "object"),
    ("account_snapshot", "object"),
    ("is_debate", "truth"),
    ("debate_models", "?array"),
    ("debate_consensus_mode", "?text"),
    ("debate_agreement_score", "?number"),
    ("claims", "object"),
    ("tainted", "truth"),
    ("safe_mode", "truth"),
    ("outcomes", "array"),
    ("hash", "text"),
];
const PROPOSAL: [(&str, &str); 10] = [
    ("symbol", "text"),
    ("action", "text"),
    ("leverage", "?number"),
    ("position_size_usd", "?number"),
    ("entry_price", "?number"),
    ("stop_loss", "?number"),
    ("take_profit", "?number"),
    ("confidence", "number"),
    ("risk_usd", "?number"),
    ("reasoning", "text"),
];
const MODEL: [(&str, &str); 9] = [
    ("id", "text"),
    ("provider", "text"),
    ("name", "text"),
    ("description", "text"),
    ("context_window", "number"),
    ("max_output_tokens", "number"),
    ("supports_json_mode", "truth"),
    ("supports_vision", "truth"),
    ("cost_per_1k_input", "?number"),
];
const PROVIDER: [(&str, &str); 8] = [
    ("id", "text"),
    ("provider_type", "text"),
    ("name", "text"),
    ("base_url", "text"),
    ("api_format", "text"),
    ("is_enabled", "truth"),
    ("has_api_key", "truth"),
    ("models", "array"),
];

#[tokio::test]
async fn strategies_in_words_decisions_models_and_providers() {
    let house = crate::words::house();
    let john = house.guest("john@example.com").await;
    let speaker = Provider::open(&proposing("hold", 0)).await;
    let form = json!({"provider_type": "deepseek", "base_url": speaker.url, "api_key": "x"});
    has(&john.post("/providers", &form).await.expect(200), &PROVIDER);
    has(&john.get("/models?provider=deepseek").await.expect(200)[0], &MODEL);
    let made = john.post("/strategies", &example(&john.account().await)).await.expect(200);
    has(
        &made,
        &STRATEGY
            .map(|(name, kind)| if name == "symbol" { ("symbols", "array") } else { (name, kind) }),
    );
    let id = word(&made["id"]);
    let active = json!({"status": "active"});
    john.post(&format!("/strategies/{id}/status"), &active).await.expect(200);
    let path = format!("/decisions/strategy/{id}");
    let some = |page: &Value| page["total"].as_i64().is_some_and(|it| it > 0);
    let page = john.until(&path, some).await;
    assert_eq!(names(&page), ["items", "limit", "offset", "total"]);
    assert_eq!((&page["limit"], &page["offset"]), (&json!(20), &json!(0)));
    let item = &page["items"][0];
    has(item, &DECISION);
    has(&item["decisions"][0], &PROPOSAL);
    has(&item["account_snapshot"], &[("equity", "number"), ("available_balance", "number")]);
    let market = &item["market_snapshot"]["BTC/USDT:USDT"];
    has(market, &[("price", "number"), ("timeframes", "object")]);
    let stats = john.get(&format!("{path}/stats")).await.expect(200);
    has(
        &stats,
        &[
            ("total_decisions", "number"),
            ("executed_decisions", "number"),
            ("average_confidence", "number"),
            ("average_latency_ms", "number"),
            ("total_tokens", "number"),
            ("action_counts", "object"),
        ],
    );
    let recent = john.get("/decisions/recent?limit=1").await.expect(200);
    assert_eq!(recent.as_array().map(Vec::len), Some(1));
    let one = john.get(&format!("/decisions/{}", word(&item["id"]))).await.expect(200);
    has(&one, &DECISION);
    has(&one, &[("prompt", "array"), ("answers", "array"), ("sections", "array")]);
}
