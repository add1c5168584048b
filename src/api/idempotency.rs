//! `Idempotency-Key`: a request that is sent again with the same key is carried out once, and
//! answered as it was the first time.
//!
//! Logins and refreshed tokens are never kept: their answers are secrets.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::fields::read_body;
use super::state::AppState;
use crate::auth::Caller;
use crate::store::{Claim, Request as Claimed, StoredAnswer};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST_KEY: usize = 255;
/// Answers with secrets, and questions that change nothing.
const NEVER_KEPT: [&str; 2] = ["/auth/login", "/auth/refresh"];
/// Who asks when nobody is logged in.
const NOBODY: &str = "nobody";
/// Longest answer that is kept.
const LONGEST_ANSWER: usize = 1 << 20;

/// The middleware around all requests.
pub(super) async fn once(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(key) = key_of(&request)? else {
        return Ok(next.run(request).await);
    };
    let (mut parts, body) = request.into_parts();
    let owner = owner_of(&mut parts, &state).await;
    let path = parts.uri.path().to_owned();
    let body = read_body(Request::new(body), state.settings.body_bytes).await?;
    let fingerprint = state.auth.vault().fingerprint(&body);
    let claimed = Claimed { owner, path, key, fingerprint };
    match state.store.claim(&claimed, state.clock.now()).await? {
        Claim::Fresh => {}
        Claim::Answered(answer) => return Ok(replay(answer)),
        Claim::UnderWay => {
            let message = "a request with this Idempotency-Key is under way";
            return Err(ApiError::conflict("IDEMPOTENCY_IN_PROGRESS", message));
        }
        Claim::OtherBody => {
            let message = "this Idempotency-Key was used with another body";
            return Err(ApiError::conflict("IDEMPOTENCY_KEY_REUSED", message));
        }
    }
    // In a task of its own: a client that hangs up does not leave the answer unkept.
    let request = Request::from_parts(parts, Body::from(body));
    let work = tokio::spawn(async move {
        let response = next.run(request).await;
        keep(&state, &claimed, response).await
    });
    work.await.map_err(|_| ApiError::internal("a handler panicked"))?
}

fn key_of(request: &Request) -> Result<Option<String>, ApiError> {
    let path = request.uri().path();
    let kept = !NEVER_KEPT.iter().any(|it| path.ends_with(it));
    let Some(key) = request.headers().get(KEY).filter(|_| request.method() == Method::POST) else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    let message = "must be 1 to 255 visible characters";
    let key = key.ok_or_else(|| ApiError::field("Idempotency-Key", message))?;
    Ok(kept.then(|| key.to_owned()))
}

/// Whose key it is; a request that is not authenticated is refused by its handler, if it must be.
async fn owner_of(parts: &mut Parts, state: &AppState) -> String {
    let caller = Caller::from_request_parts(parts, state).await;
    caller.map_or_else(|_| NOBODY.to_owned(), |caller| caller.user().id.to_string())
}

fn replay(answer: StoredAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let headers = response.headers_mut();
    if response_has_body(answer.status) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

fn response_has_body(status: u16) -> bool {
    status != StatusCode::NO_CONTENT.as_u16()
}

/// Keeps an answer. One that only says that it did not work now frees the key instead.
async fn keep(
    state: &AppState,
    claimed: &Claimed,
    response: Response,
) -> Result<Response, ApiError> {
    let status = response.status();
    if !status.is_success() {
        // Nothing was done: the same key may be used for another try.
        state.store.free_key(claimed).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LONGEST_ANSWER).await;
    let body = body.map_err(|_| ApiError::internal("an answer is too long to be kept"))?;
    let text = String::from_utf8_lossy(&body).into_owned();
    let answer = StoredAnswer { status: status.as_u16(), body: text };
    state.store.keep_answer(claimed, &answer, state.clock.now()).await?;
    Ok(Response::from_parts(parts, Body::from(body)).into_response())
}
