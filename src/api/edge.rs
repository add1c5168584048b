//! What every request passes: its id, the host it names, its allowance, a deadline; and what every
//! answer gets: one shape for failures, headers for browsers. A panic of a handler ends here.

use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, StreamExt};

use super::error::ApiError;
use super::state::AppState;
use crate::entropy;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_ID: usize = 64;
/// How much is read of a body that is too long, in longest bodies, and for how long.
const TIMES: usize = 8;
const PATIENCE: Duration = Duration::from_secs(1);

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client(pub(super) IpAddr);

/// The middleware around everything.
pub(super) async fn edge(
    State(state): State<AppState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let client = state.hosts.client(peer, request.headers());
    request.extensions_mut().insert(Client(client));
    let response = match admit(&state, client, &request) {
        Ok(()) => within(state.settings.timeout_seconds, answer(&state, request, next)).await,
        Err(refused) => refused.into_response(),
    };
    let mut response = ApiError::reshape(response, &id);
    dress(response.headers_mut(), &id);
    response
}

async fn answer(state: &AppState, request: Request, next: Next) -> Response {
    match hear(request, state.settings.body_bytes).await {
        Ok(request) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// Reads the whole body before anything is done.
async fn hear(request: Request, longest: usize) -> Result<Request, ApiError> {
    let (head, body) = request.into_parts();
    let mut chunks = body.into_data_stream();
    let mut taken = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::of_status(StatusCode::BAD_REQUEST))?;
        if taken.len() + chunk.len() > longest {
            let _ = tokio::time::timeout(PATIENCE, pour_away(chunks, longest)).await;
            return Err(ApiError::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        taken.extend_from_slice(&chunk);
    }
    Ok(Request::from_parts(head, Body::from(taken)))
}

/// Reads some more of a body that is too long: a client that is cut off while it sends never hears
/// why.
async fn pour_away(mut chunks: BodyDataStream, longest: usize) {
    let mut left = longest.saturating_mul(TIMES);
    while let Some(Ok(chunk)) = chunks.next().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            return;
        }
    }
}

fn admit(state: &AppState, client: IpAddr, request: &Request) -> Result<(), ApiError> {
    if let Some(reason) = state.hosts.refusal(request.headers(), request.uri()) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "HOST_REFUSED", reason));
    }
    let allowed = state.limits.check(client, request.method(), request.uri().path());
    allowed.map_err(|seconds| {
        let message = format!("too many requests; try again in {seconds} seconds");
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message);
        ApiError { retry_after: Some(seconds), ..error }
    })
}

async fn within(seconds: u64, answer: impl Future<Output = Response>) -> Response {
    let answer = AssertUnwindSafe(answer).catch_unwind();
    match tokio::time::timeout(Duration::from_secs(seconds), answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => ApiError::internal("a handler panicked").into_response(),
        Err(_) => {
            let message = "the request took too long";
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, "TIMEOUT", message).into_response()
        }
    }
}

/// The id that the client gave, if it is a sane one, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|it| it.to_str().ok());
    let sane = given.filter(|id| {
        (1..=LONGEST_ID).contains(&id.len())
            && id.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
    });
    sane.map_or_else(entropy::token::<16>, str::to_owned)
}

fn dress(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        // What an answer says itself counts.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_panics_or_hangs_is_answered_for() {
        let panics = within(1, async { std::panic::panic_any("planted") }).await;
        assert_eq!(panics.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let hangs = within(1, std::future::pending()).await;
        assert_eq!(hangs.status(), StatusCode::GATEWAY_TIMEOUT);
    }
}
