//! Whether the server lives, and whether the engine may trade. Tells nothing else to strangers.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::error::ApiError;
use super::state::AppState;

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    version: &'static str,
}

pub(super) async fn alive() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

pub(super) async fn ready(State(state): State<AppState>) -> Result<Json<Health>, ApiError> {
    match state.engine.vitals().not_ready() {
        None => Ok(Json(Health { status: "ready", version: env!("CARGO_PKG_VERSION") })),
        Some(reason) => {
            let error = ApiError::unavailable(format!("not ready: {reason}"));
            Err(ApiError { code: "NOT_READY", ..error })
        }
    }
}
