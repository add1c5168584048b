//! Who asks, and for what of theirs. A handler that takes `Owned<T>` cannot see another user's row:
//! the row was looked for among the caller's own, and is not found otherwise.

use axum::extract::{FromRequestParts, Path};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use uuid::Uuid;

use super::error::ApiError;
use super::state::AppState;
use crate::auth::Caller;
use crate::store::StoreError;

/// The row that `{id}` in the path names, if it is the caller's.
pub(super) struct Owned<T> {
    pub(super) caller: Caller,
    pub(super) row: T,
}

/// What can be owned.
pub(super) trait Resource: Sized + Send {
    /// What it is called when there is none.
    const NAME: &'static str;

    /// Looks for it among the caller's own.
    fn find(
        state: &AppState,
        caller: &Caller,
        id: &str,
    ) -> impl Future<Output = Result<Self, ApiError>> + Send;
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if let Some(caller) = parts.extensions.get::<Self>() {
            return Ok(caller.clone());
        }
        let token = bearer(parts)?;
        let caller = state.auth.authenticate(&token).await?;
        parts.extensions.insert(caller.clone());
        Ok(caller)
    }
}

/// The token in the Authorization header.
fn bearer(parts: &Parts) -> Result<String, ApiError> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|it| it.to_str().ok());
    let header = header.ok_or_else(|| ApiError::unauthenticated("log in first"))?;
    let (scheme, token) = header.split_once(' ').unwrap_or_default();
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::unauthenticated("the Authorization header must be a Bearer token"));
    }
    Ok(token.trim().to_owned())
}

impl<T: Resource> FromRequestParts<AppState> for Owned<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let named = Path::<Vec<(String, String)>>::from_request_parts(parts, state).await;
        let Path(named) = named.map_err(|_| ApiError::not_found(T::NAME))?;
        let id = named.into_iter().find(|(name, _)| name == "id").map(|(_, id)| id);
        let id = id.ok_or_else(|| ApiError::not_found(T::NAME))?;
        let row = T::find(state, &caller, &id).await?;
        Ok(Self { caller, row })
    }
}

/// Reads an id from a path; what is none names nothing.
pub(super) fn id_of<T: Resource>(text: &str) -> Result<Uuid, ApiError> {
    text.parse().map_err(|_| ApiError::not_found(T::NAME))
}

/// A row that the store looked for.
pub(super) fn found<T: Resource>(row: Result<T, StoreError>) -> Result<T, ApiError> {
    row.map_err(|error| match error {
        StoreError::NotFound => ApiError::not_found(T::NAME),
        other => other.into(),
    })
}
