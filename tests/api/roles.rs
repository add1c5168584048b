//! Every route, asked by everybody: nobody, the owner, another user, an administrator.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{Guest, dca};
use crate::provider::{Provider, proposing};
use crate::server::word;
use crate::words::{example, house};

/// Who may do what on a route.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Open {
    /// Everybody, logged in or not.
    Anybody,
    /// Programs on the same machine, and whoever is logged in.
    Watchers,
    /// Whoever is logged in; each sees what is their own.
    Users,
    /// The owner of what the path or the body names; to others it is not there.
    Owner,
    /// Administrators.
    Admins,
}

struct Route {
    method: Method,
    path: String,
    body: Option<Value>,
    open: Open,
}

fn route(method: &Method, path: impl Into<String>, body: Option<Value>, open: Open) -> Route {
    Route { method: method.clone(), path: path.into(), body, open }
}

/// What John owns.
struct Owned {
    account: String,
    strategy: String,
    order: String,
    position: String,
    words: String,
    provider: String,
    decision: String,
}

fn routes(owned: &Owned) -> Vec<Route> {
    use Open::{Admins, Anybody, Owner, Users};
    let (get, post, put) = (&Method::GET, &Method::POST, &Method::PUT);
    let (patch, delete) = (&Method::PATCH, &Method::DELETE);
    let Owned { account, strategy, order, position, .. } = owned;
    let kill = |scope: String| json!({"level": "pause_entries", "scope": scope});
    let resume = |scope: String| json!({"confirm": "RESUME", "scope": scope});
    let arming = json!({"confirm": "Paper", "max_notional": 1, "max_daily_loss": 1});
    let mut routes = vec![
        route(post, "/auth/register", Some(json!({})), Anybody),
        route(post, "/auth/refresh", Some(json!({})), Anybody),
        route(get, "/auth/me", None, Users),
        route(put, "/auth/profile", Some(json!({"name": "J"})), Users),
        route(post, "/auth/change-password", Some(json!({})), Users),
        route(get, "/accounts", None, Users),
        route(post, "/accounts", Some(json!({})), Users),
        route(get, "/quant-strategies", None, Users),
        route(post, "/quant-strategies", Some(json!({})), Users),
        route(get, "/workers/status", None, Users),
        route(get, "/engine/state", None, Users),
        route(get, "/ws/stats", None, Users),
        route(post, "/engine/kill", Some(kill("all".into())), Admins),
        route(post, "/engine/resume", Some(resume("all".into())), Admins),
        route(post, "/engine/resume", Some(json!({"confirm": "RESUME"})), Admins),
    ];
    for path in ["/orders", "/fills", "/ledger", "/positions", "/recovery-reports"] {
        routes.push(route(get, path, None, Users));
    }
    let of_account = format!("/accounts/{account}");
    let of_strategy = format!("/quant-strategies/{strategy}");
    let of_worker = format!("/workers/{strategy}");
    routes.extend([
        route(get, &of_account, None, Owner),
        route(patch, &of_account, Some(json!({"name": "Paper"})), Owner),
        route(post, format!("{of_account}/test"), None, Owner),
        route(get, format!("{of_account}/balance"), None, Owner),
        route(get, format!("{of_account}/positions"), None, Owner),
        route(post, format!("{of_account}/arm"), Some(arming), Owner),
        route(post, format!("{of_account}/disarm"), None, Owner),
        route(get, &of_strategy, None, Owner),
        route(patch, &of_strategy, Some(json!({"name": "B"})), Owner),
        route(get, format!("{of_strategy}/versions"), None, Owner),
        route(post, format!("{of_strategy}/status"), Some(json!({"status": "active"})), Owner),
        route(get, format!("{of_worker}/status"), None, Owner),
        route(post, format!("{of_worker}/start"), None, Owner),
        route(post, format!("{of_worker}/trigger"), None, Owner),
        route(get, format!("/why-not?worker={strategy}"), None, Owner),
        route(get, format!("/orders/{order}"), None, Owner),
        route(get, format!("/orders/{order}/events"), None, Owner),
        route(post, format!("/orders/{order}/cancel"), None, Owner),
        route(post, "/engine/kill", Some(kill(format!("account:{account}"))), Owner),
        route(post, "/engine/resume", Some(resume(format!("account:{account}"))), Owner),
        route(post, "/engine/kill", Some(kill(format!("worker:{strategy}"))), Owner),
        route(post, "/engine/resume", Some(resume(format!("worker:{strategy}"))), Owner),
        route(post, format!("/positions/{position}/close"), None, Owner),
        route(post, format!("{of_worker}/stop"), None, Owner),
        route(delete, &of_strategy, None, Owner),
    ]);
    routes.extend(routes_of_words(owned));
    routes.push(route(delete, &of_account, None, Owner));
    routes
}

/// Strategies in words, their decisions, models and providers.
fn routes_of_words(owned: &Owned) -> Vec<Route> {
    use Open::{Owner, Users, Watchers};
    let (get, post, put) = (&Method::GET, &Method::POST, &Method::PUT);
    let (patch, delete) = (&Method::PATCH, &Method::DELETE);
    let Owned { words, provider, decision, .. } = owned;
    let of_words = format!("/strategies/{words}");
    let of_decision = format!("/decisions/{decision}");
    let of_provider = format!("/providers/{provider}");
    let empty = || Some(json!({}));
    let news = json!({"source": "wire", "text": "something happened"});
    let mut routes = vec![
        route(get, "/strategies", None, Users),
        route(post, "/strategies", empty(), Users),
        route(post, "/strategies/preview-prompt", Some(json!({"prompt": "BTC"})), Users),
        route(post, "/strategies/validate-debate-models", empty(), Users),
        route(get, "/decisions/recent", None, Users),
        route(get, "/decisions/calibration", None, Users),
        route(get, "/models", None, Users),
        route(get, "/models/providers", None, Users),
        route(get, "/models/deepseek:deepseek-chat", None, Users),
        route(post, "/models/test", empty(), Users),
        route(get, "/providers", None, Users),
        route(post, "/providers", empty(), Users),
        route(get, "/providers/presets", None, Users),
        route(get, "/providers/formats", None, Users),
    ];
    for path in ["/metrics", "/metrics/json", "/health/detailed", "/health/circuit-breakers"] {
        routes.push(route(get, path, None, Watchers));
    }
    routes.extend([
        route(get, &of_words, None, Owner),
        route(patch, &of_words, Some(json!({"name": "B"})), Owner),
        route(get, format!("{of_words}/versions"), None, Owner),
        route(get, format!("/decisions/strategy/{words}"), None, Owner),
        route(get, format!("/decisions/strategy/{words}/stats"), None, Owner),
        route(get, &of_decision, None, Owner),
        route(get, format!("{of_decision}/export"), None, Owner),
        route(post, format!("{of_decision}/replay"), empty(), Owner),
        route(post, format!("{of_decision}/approve"), empty(), Owner),
        route(post, format!("{of_decision}/refuse"), empty(), Owner),
        route(post, format!("/workers/{words}/news"), Some(news), Owner),
        route(post, format!("{of_words}/status"), Some(json!({"status": "stopped"})), Owner),
        route(get, &of_provider, None, Owner),
        route(patch, &of_provider, Some(json!({"note": "mine"})), Owner),
        route(post, format!("{of_provider}/test"), None, Owner),
        route(get, format!("{of_provider}/models"), None, Owner),
        route(put, format!("{of_provider}/models"), Some(json!({"models": []})), Owner),
        route(post, format!("{of_provider}/models"), Some(json!({"id": "other"})), Owner),
        route(delete, format!("{of_provider}/models/other"), None, Owner),
        route(delete, &of_provider, None, Owner),
        route(delete, &of_words, None, Owner),
    ]);
    routes
}

async fn ask(guest: &Guest, route: &Route) -> u16 {
    guest.ask(route.method.clone(), &route.path, route.body.as_ref()).await.status
}

/// An account, a strategy that trades, and an order and a position that came of it.
async fn settle(john: &Guest) -> Owned {
    let account = john.account().await;
    let strategy = john.strategy(&account).await;
    let status = format!("/quant-strategies/{strategy}/status");
    john.post(&status, &json!({"status": "active"})).await.expect(200);
    let some = |body: &Value| body.as_array().is_some_and(|rows| !rows.is_empty());
    let positions = john.until("/positions", some).await;
    let orders = john.until("/orders", some).await;
    let (words, provider, decision) = decide(john, &account).await;
    Owned {
        strategy,
        order: word(&orders[0]["id"]),
        position: word(&positions[0]["id"]),
        account,
        words,
        provider,
        decision,
    }
}

/// A strategy in words that holds, its provider, and a decision of it.
async fn decide(john: &Guest, account: &str) -> (String, String, String) {
    let speaker = Provider::open(&proposing("hold", 0)).await;
    let form = json!({"provider_type": "deepseek", "base_url": speaker.url, "api_key": "x"});
    let provider = word(&john.post("/providers", &form).await.expect(200)["id"]);
    let made = john.post("/strategies", &example(account)).await.expect(200);
    let words = word(&made["id"]);
    let active = json!({"status": "active"});
    john.post(&format!("/strategies/{words}/status"), &active).await.expect(200);
    let some = |page: &Value| page["total"].as_i64().is_some_and(|it| it > 0);
    let page = john.until(&format!("/decisions/strategy/{words}"), some).await;
    (words, provider, word(&page["items"][0]["id"]))
}

#[tokio::test]
async fn nobody_sees_or_touches_what_is_not_theirs() {
    let house = house();
    let admin = house.guest("admin@example.com").await;
    let john = house.guest("john@example.com").await;
    let jane = house.guest("jane@example.com").await;
    let owned = settle(&john).await;
    for route in routes(&owned) {
        let Route { method, path, open, .. } = &route;
        let asked = format!("{method} {path}");
        let nobody = ask(&house.nobody(), &route).await;
        if matches!(open, Open::Anybody | Open::Watchers) {
            let expected = if *open == Open::Anybody { 400 } else { 200 };
            assert_eq!(nobody, expected, "{asked}");
            continue;
        }
        assert_eq!(nobody, 401, "{asked} by nobody");
        let (other, ruler) = (ask(&jane, &route).await, ask(&admin, &route).await);
        match open {
            Open::Owner => assert_eq!((other, ruler), (404, 404), "{asked} by others"),
            Open::Admins => assert_eq!((other, ruler), (403, 200), "{asked}"),
            _ => assert!([200, 400].contains(&other) && other == ruler, "{asked}: {other}"),
        }
        let own = ask(&john, &route).await;
        match open {
            Open::Admins => assert_eq!(own, 403, "{asked} by John"),
            // What is there may still be refused, for what it is.
            _ => assert!(matches!(own, 200 | 204 | 400 | 409), "{asked} by John: {own}"),
        }
    }
}

#[tokio::test]
async fn lists_hold_what_is_ones_own() {
    let house = house();
    let john = house.guest("john@example.com").await;
    let jane = house.guest("jane@example.com").await;
    settle(&john).await;
    let lists = [
        "/accounts",
        "/quant-strategies",
        "/strategies",
        "/decisions/recent",
        "/providers",
        "/orders",
        "/fills",
        "/ledger",
        "/positions",
    ];
    for path in lists {
        let (own, other) = (john.get(path).await.expect(200), jane.get(path).await.expect(200));
        assert_ne!(own, json!([]), "{path}");
        assert_eq!(other, json!([]), "{path}");
    }
    assert_eq!(jane.get("/workers/status").await.expect(200)["total_workers"], 0);
    let account = jane.account().await;
    let theirs = john.get("/accounts").await.expect(200)[0]["id"].clone();
    let mut foreign = dca(&account);
    foreign["account_id"] = theirs;
    assert_eq!(jane.post("/quant-strategies", &foreign).await.fields(), ["account_id"]);
}
