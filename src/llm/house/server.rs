//! The rule-based demo model behind the protocol of OpenAI, on loopback: not an AI.
//!
//! Lets any client of that protocol ask the rules of this room. Any key is accepted and any model
//! name is answered, because nothing here costs or is secret. Knows no user and no order.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::wire::{Completion, CompletionRequest, error_body};
use super::{DESCRIPTION, MODELS, answer};

/// Questions that are answered at a time; more are told to come again.
const AT_A_TIME: usize = 32;
/// Bytes of the longest question.
const LONGEST_QUESTION: usize = 8 * 1024 * 1024;

/// The server of the rule-based demo model.
#[derive(Debug)]
pub struct HouseServer {
    origin: String,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// Serves on loopback, on `port` if it is free and on any other port if not. Must be called on
/// the runtime that is to serve.
///
/// # Errors
/// When no port of loopback can be had.
pub async fn serve(port: Option<u16>) -> std::io::Result<HouseServer> {
    let listener = bind(port).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    let (stop, mut stopping) = watch::channel(false);
    let told = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let serving = Handle::current().spawn(async move {
        if let Err(error) = axum::serve(listener, router()).with_graceful_shutdown(told).await {
            tracing::error!(%error, "the rule-based demo model no longer answers");
        }
    });
    Ok(HouseServer { origin, stop, serving })
}

async fn bind(port: Option<u16>) -> std::io::Result<TcpListener> {
    let at = |port| TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    if let Some(port) = port
        && let Ok(listener) = at(port).await
    {
        return Ok(listener);
    }
    at(0).await
}

impl HouseServer {
    /// Its origin, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The base URL of a provider that asks it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}/v1", self.origin)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.origin.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or_default()
    }

    /// Takes no more questions, answers those under way, and ends.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let patience = std::time::Duration::from_secs(1);
        let abort = self.serving.abort_handle();
        if tokio::time::timeout(patience, self.serving).await.is_err() {
            // A client keeps its connection open; nothing is lost when it is cut.
            abort.abort();
        }
    }
}

/// The interface: chat completions, streamed or not, and the list of models.
pub fn router() -> Router {
    Router::new()
        .route("/", get(async || DESCRIPTION))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{model}", get(show_model))
        .route("/v1/chat/completions", post(complete))
        .layer(DefaultBodyLimit::max(LONGEST_QUESTION))
        .with_state(Arc::new(Semaphore::new(AT_A_TIME)))
}

async fn list_models() -> Json<Value> {
    let models: Vec<_> = MODELS.iter().map(|(model, _)| model_object(model)).collect();
    Json(json!({ "object": "list", "data": models }))
}

async fn show_model(Path(model): Path<String>) -> Json<Value> {
    Json(model_object(&model))
}

fn model_object(model: &str) -> Value {
    let about = MODELS.iter().find(|(it, _)| *it == model).map_or(DESCRIPTION, |(_, about)| about);
    json!({
        "id": model, "object": "model", "created": 0, "owned_by": "banyan", "description": about,
    })
}

async fn complete(State(places): State<Arc<Semaphore>>, body: String) -> Response {
    let Ok(_place) = places.try_acquire() else {
        return refuse(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", "too many at a time");
    };
    let request: CompletionRequest = match serde_json::from_str(&body) {
        Ok(request) => request,
        Err(error) => {
            return refuse(StatusCode::BAD_REQUEST, "invalid_request_error", &error.to_string());
        }
    };
    let messages = request.messages();
    match answer(&request.model, &messages) {
        Ok(text) => {
            let completion = Completion::new(&request, &messages, text);
            if request.stream { completion.streamed() } else { completion.whole() }
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, "invalid_request_error", &error.to_string()),
    }
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, Json(error_body(kind, message))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn call(path: &str, body: Option<Value>) -> (StatusCode, String) {
        let request = match body {
            Some(body) => Request::post(path).body(Body::from(body.to_string())),
            None => Request::get(path).body(Body::empty()),
        };
        let answer = router().oneshot(request.unwrap()).await.unwrap();
        let status = answer.status();
        let bytes = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(bytes.to_vec()).unwrap())
    }

    fn question(stream: bool) -> Value {
        json!({
            "model": "deepseek-chat", "stream": stream,
            "stream_options": { "include_usage": true },
            "response_format": { "type": "json_schema", "json_schema": {} },
            "messages": [
                { "role": "system", "content": "x" },
                { "role": "user", "content": [{ "type": "text", "text": "Say OK." }] },
            ],
        })
    }

    #[tokio::test]
    async fn a_streamed_answer_is_the_whole_one_in_pieces() {
        let (status, whole) = call("/v1/chat/completions", Some(question(false))).await;
        assert_eq!(status, StatusCode::OK);
        let whole: Value = serde_json::from_str(&whole).unwrap();
        let (_, streamed) = call("/v1/chat/completions", Some(question(true))).await;
        let events: Vec<_> = streamed.lines().filter_map(|it| it.strip_prefix("data: ")).collect();
        let (last, chunks) = events.split_last().unwrap();
        assert_eq!(*last, "[DONE]");
        let chunks: Vec<Value> =
            chunks.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
        let pieces = chunks.iter().filter_map(|it| it["choices"][0]["delta"]["content"].as_str());
        let text: String = pieces.collect();
        assert_eq!(text, whole["choices"][0]["message"]["content"].as_str().unwrap());
        assert_eq!(chunks.last().unwrap()["usage"], whole["usage"]);
        assert!(whole["usage"]["completion_tokens"].as_u64().unwrap() > 0);
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    }

    #[tokio::test]
    async fn a_question_for_few_tokens_is_cut() {
        let mut short = question(false);
        short["max_tokens"] = json!(5);
        let (_, answer) = call("/v1/chat/completions", Some(short)).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["choices"][0]["finish_reason"], "length");
        assert_eq!(answer["usage"]["completion_tokens"], 5);
    }

    #[tokio::test]
    async fn models_are_listed_as_what_they_are() {
        let (status, list) = call("/v1/models", None).await;
        assert_eq!(status, StatusCode::OK);
        let list: Value = serde_json::from_str(&list).unwrap();
        let models = list["data"].as_array().unwrap();
        assert_eq!(models.len(), MODELS.len());
        for model in models {
            assert!(model["description"].as_str().unwrap().contains("not an AI"));
        }
    }

    #[tokio::test]
    async fn what_is_no_question_is_refused() {
        for body in [json!("x"), json!({ "model": "rules-v1", "messages": [] })] {
            let (status, answer) = call("/v1/chat/completions", Some(body)).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert!(answer.contains("invalid_request_error"));
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_replaced_and_a_stopped_server_frees_it() {
        let first = serve(None).await.unwrap();
        let port = first.port();
        let second = serve(Some(port)).await.unwrap();
        assert_ne!(second.port(), port);
        first.stop().await;
        assert_eq!(serve(Some(port)).await.unwrap().port(), port);
    }
}
