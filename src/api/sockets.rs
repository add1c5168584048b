//! The door to WebSocket connections, and how many there are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use serde::Serialize;

use super::error::ApiError;
use super::fields::Filter;
use super::state::AppState;
use crate::auth::Caller;

#[derive(Serialize)]
pub(super) struct StatsShape {
    total_connections: usize,
    channels: BTreeMap<String, usize>,
}

/// Accepts first and refuses then: browsers show no reason for a refused handshake.
pub(super) async fn open(
    State(state): State<AppState>,
    Filter(mut fields): Filter,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<Response, ApiError> {
    let token = fields.secret("token");
    let upgrade =
        upgrade.map_err(|_| ApiError::of_status(axum::http::StatusCode::UPGRADE_REQUIRED))?;
    let sockets = state.sockets.clone();
    let upgrade =
        upgrade.max_message_size(sockets.frame_bytes()).max_frame_size(sockets.frame_bytes());
    Ok(upgrade.on_upgrade(move |socket| async move {
        sockets.serve(socket, token).await;
    }))
}

/// Channels of others are nobody's business: who is no administrator sees `system` and their own.
pub(super) async fn stats(
    State(state): State<AppState>,
    caller: Caller,
    Filter(fields): Filter,
) -> Result<Json<StatsShape>, ApiError> {
    fields.finish()?;
    let mut channels = BTreeMap::new();
    for (name, count) in state.engine.subscribers().await {
        let visible = caller.everyone().is_some() || state.sockets.may_hear(&caller, &name).await;
        if count > 0 && visible {
            channels.insert(name.to_string(), count);
        }
    }
    Ok(Json(StatsShape { total_connections: state.sockets.count(), channels }))
}
