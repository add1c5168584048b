//! A provider of models that is made up: it speaks the usual protocol on loopback, answers what a
//! test wants it to answer, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What is answered, and what was asked.
#[derive(Default)]
struct Script {
    reply: String,
    status: u16,
    asked: Vec<Value>,
    keys: Vec<String>,
}

/// A provider; it answers as long as the test runs.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
}

impl Provider {
    pub(crate) async fn open(reply: &Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
        let script = Script { reply: reply.to_string(), status: 200, ..Script::default() };
        let script = Arc::new(Mutex::new(script));
        let router = Router::new()
            .route("/v1/chat/completions", post(answer))
            .route("/v1/models", get(models))
            .with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, script }
    }

    /// Answers something else from now on.
    pub(crate) fn say(&self, reply: impl std::fmt::Display) {
        self.script.lock().expect("nobody panics with it").reply = reply.to_string();
    }

    /// Fails from now on.
    pub(crate) fn fail(&self, status: u16) {
        self.script.lock().expect("nobody panics with it").status = status;
    }

    /// Every question so far.
    pub(crate) fn asked(&self) -> Vec<Value> {
        self.script.lock().expect("nobody panics with it").asked.clone()
    }

    /// The keys that it was shown.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.script.lock().expect("nobody panics with it").keys.clone()
    }
}

async fn models() -> Json<Value> {
    Json(json!({"object": "list", "data": [{"id": "deepseek-chat", "object": "model"}]}))
}

async fn answer(
    State(script): State<Arc<Mutex<Script>>>,
    headers: axum::http::HeaderMap,
    Json(question): Json<Value>,
) -> Response {
    let mut script = script.lock().expect("nobody panics with it");
    let key = headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    script.keys.push(key.to_owned());
    let streams = question["stream"] == true;
    script.asked.push(question);
    if script.status != 200 {
        let status = StatusCode::from_u16(script.status).expect("a status");
        return (status, Json(json!({"error": {"message": "no", "type": "error"}})))
            .into_response();
    }
    let usage = json!({"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100});
    if !streams {
        let message = json!({"role": "assistant", "content": script.reply});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        return Json(json!({"id": "1", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [choice], "usage": usage}))
        .into_response();
    }
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({"id": "1", "object": "chat.completion.chunk", "created": 1,
            "model": "m", "choices": choices, "usage": usage});
        format!("data: {chunk}\n\n")
    };
    let said = json!([{"index": 0, "delta": {"role": "assistant", "content": script.reply},
        "finish_reason": null}]);
    let ended = json!([{"index": 0, "delta": {}, "finish_reason": "stop"}]);
    let body = chunk(said, Value::Null)
        + &chunk(ended, Value::Null)
        + &chunk(json!([]), usage)
        + "data: [DONE]\n\n";
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

/// A whole answer with one proposal for bitcoin; where to leave is left to the limits.
pub(crate) fn proposing(action: &str, size: u32) -> Value {
    json!({
        "chain_of_thought": "BTC 在 4h 级别形成“金叉”",
        "market_assessment": "看多",
        "decisions": [{
            "symbol": "BTC", "action": action, "leverage": 3, "position_size_usd": size,
            "entry_price": null, "stop_loss": null, "take_profit": null, "confidence": 90,
            "risk_usd": null, "reasoning": "the trend is up on both timeframes"
        }],
        "overall_confidence": 75,
        "next_review_minutes": 60
    })
}
