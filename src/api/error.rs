//! Every failure, in one shape: `detail` for people, `error` for programs.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use banyan_core::strategy::FieldError;
use serde::Serialize;

use crate::actors::EngineError;
use crate::auth::AuthError;
use crate::store::StoreError;

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// Which field.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

/// A failure that is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// For programs; stable.
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// By field.
    pub details: Vec<Detail>,
    /// Seconds after which another try makes sense.
    pub retry_after: Option<u64>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    detail: &'a str,
    error: Inner<'a>,
}

#[derive(Serialize)]
struct Inner<'a> {
    code: &'a str,
    message: &'a str,
    details: &'a [Detail],
    request_id: &'a str,
}

impl Detail {
    /// What is wrong with one field.
    #[must_use]
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

impl ApiError {
    /// A failure without fields.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        let (details, retry_after) = (Vec::new(), None);
        Self { status, code, message: message.into(), details, retry_after }
    }

    /// Fields that are wrong.
    #[must_use]
    pub fn invalid(details: Vec<Detail>) -> Self {
        let told: Vec<_> =
            details.iter().map(|it| format!("{} {}", it.field, it.message)).collect();
        let error = Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", told.join("; "));
        Self { details, ..error }
    }

    /// One field that is wrong.
    #[must_use]
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::invalid(vec![Detail::new(field, message)])
    }

    /// What somebody asks for is not there, or not theirs.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("there is no such {what}"))
    }

    /// What somebody wants contradicts how things are.
    #[must_use]
    pub fn conflict(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }

    /// Who asks must log in.
    #[must_use]
    pub fn unauthenticated(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "AUTH_REQUIRED", message)
    }

    /// Who asks may not.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// Something cannot answer now.
    #[must_use]
    pub fn unavailable(message: impl Into<String>) -> Self {
        let error = Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message);
        Self { retry_after: Some(2), ..error }
    }

    /// A fault of ours; what it is goes to the log alone.
    #[must_use]
    pub fn internal(cause: &str) -> Self {
        tracing::error!(cause, "a request failed");
        let message = "something went wrong here; the log tells more under this request id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message)
    }

    /// What a status alone says, where nobody said more.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::NOT_FOUND => ("NOT_FOUND", "there is nothing at this address"),
            StatusCode::METHOD_NOT_ALLOWED => {
                ("METHOD_NOT_ALLOWED", "this address does not answer to this method")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "the body is too long"),
            StatusCode::UPGRADE_REQUIRED => ("UPGRADE_REQUIRED", "this is a WebSocket address"),
            _ if status.is_server_error() => return Self::internal("answered without a reason"),
            _ => ("BAD_REQUEST", "the request is not understood"),
        };
        Self::new(status, code, message)
    }

    /// The whole answer.
    #[must_use]
    pub fn render(&self, request_id: &str) -> Response {
        let error =
            Inner { code: self.code, message: &self.message, details: &self.details, request_id };
        let body = ErrorBody { detail: &self.message, error };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }

    /// Gives an answer that failed its shape, whoever made it.
    #[must_use]
    pub fn reshape(response: Response, request_id: &str) -> Response {
        let status = response.status();
        if !status.is_client_error() && !status.is_server_error() {
            return response;
        }
        let told = response.extensions().get::<Self>().cloned();
        let allowed = response.headers().get(ALLOW).cloned();
        let mut shaped = told.unwrap_or_else(|| Self::of_status(status)).render(request_id);
        if let Some(allowed) = allowed {
            shaped.headers_mut().insert(ALLOW, allowed);
        }
        shaped
    }
}

impl IntoResponse for ApiError {
    /// Leaves the text to the edge, which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Vec<FieldError>> for ApiError {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::invalid(errors.into_iter().map(|it| Detail::new(it.field, it.message)).collect())
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let message = error.to_string();
        let unauthorized = |code| Self::new(StatusCode::UNAUTHORIZED, code, message.clone());
        match error {
            AuthError::InvalidCredentials => unauthorized("AUTH_INVALID_CREDENTIALS"),
            AuthError::InvalidToken => unauthorized("AUTH_INVALID_TOKEN"),
            AuthError::TokenExpired => unauthorized("AUTH_TOKEN_EXPIRED"),
            AuthError::SessionEnded => unauthorized("AUTH_TOKEN_REVOKED"),
            AuthError::Locked { seconds } => {
                let locked = Self::new(StatusCode::LOCKED, "AUTH_ACCOUNT_LOCKED", message);
                Self { retry_after: Some(seconds), ..locked }
            }
            AuthError::RegistrationClosed => {
                Self::new(StatusCode::FORBIDDEN, "AUTH_REGISTRATION_CLOSED", message)
            }
            AuthError::EmailTaken => Self::conflict("AUTH_EMAIL_EXISTS", message),
            AuthError::Field { field, message } => Self::field(field, message),
            AuthError::Busy => Self::unavailable(message),
            AuthError::Store(error) => error.into(),
            AuthError::OtherDataKey | AuthError::Hash(_) => Self::internal(&message),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::not_found("thing"),
            StoreError::Conflict(message) => Self::conflict("CONFLICT", message),
            StoreError::Locked | StoreError::Full | StoreError::ReadOnly => {
                Self::unavailable(error.to_string())
            }
            StoreError::Unavailable(_) => {
                tracing::error!(%error, "the store does not answer");
                Self::unavailable("the database cannot be reached at the moment")
            }
            other => Self::internal(&other.to_string()),
        }
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::NoAnswer | EngineError::Unreachable => Self::unavailable(message),
            EngineError::NoSuchAccount => Self::conflict("ACCOUNT_NOT_CONNECTED", message),
            EngineError::NoSuchWorker => Self::conflict("WORKER_NOT_RUNNING", message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_has_its_shape_and_headers() {
        let mut error = ApiError::field("name", "must not be empty");
        error.retry_after = Some(7);
        let response = ApiError::reshape(error.into_response(), "r1");
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[RETRY_AFTER], "7");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "detail": "name must not be empty",
                "error": {
                    "code": "VALIDATION_ERROR",
                    "message": "name must not be empty",
                    "details": [{"field": "name", "message": "must not be empty"}],
                    "request_id": "r1"
                }
            })
        );
        let response = ApiError::reshape(StatusCode::UNAUTHORIZED.into_response(), "r1");
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
