//! Doors for experiments: kill a worker, flood a channel. Only on builds with feature `lab`, and
//! only for this machine.

use axum::Json;
use axum::extract::{Extension, State};
use banyan_core::ids::WorkerId;
use serde::Serialize;

use super::edge::Client;
use super::error::ApiError;
use super::fields::Filter;
use super::state::AppState;

const MOST_FRAMES: u64 = 10_000_000;
const LONGEST_PAD: u64 = 1 << 20;
/// Frames after which others get a turn.
const TURN: u64 = 256;

#[derive(Serialize)]
pub(super) struct Done {
    done: bool,
    published: u64,
}

fn admit(client: Client) -> Result<(), ApiError> {
    let local = client.0.is_loopback();
    if local { Ok(()) } else { Err(ApiError::of_status(axum::http::StatusCode::NOT_FOUND)) }
}

fn monotonic_nanoseconds() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

pub(super) async fn panic(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    Filter(mut fields): Filter,
) -> Result<Json<Done>, ApiError> {
    admit(client)?;
    let worker = fields.parsed::<uuid::Uuid>("worker");
    let worker = fields.require("worker", worker);
    fields.finish()?;
    state.engine.panic_worker(WorkerId(worker));
    Ok(Json(Done { done: true, published: 0 }))
}

/// Publishes `n` frames whose data tells when each was handed over.
pub(super) async fn publish(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    Filter(mut fields): Filter,
) -> Result<Json<Done>, ApiError> {
    admit(client)?;
    let channel = fields.text("channel", 1..=128);
    let channel = fields.require("channel", channel);
    let mut number = |name: &str| fields.parsed::<u64>(name).unwrap_or_default();
    let (count, size) = (number("n").clamp(1, MOST_FRAMES), number("size").min(LONGEST_PAD));
    fields.finish()?;
    let pad = "x".repeat(usize::try_from(size.saturating_sub(60)).unwrap_or_default());
    for i in 0..count {
        let sent = monotonic_nanoseconds();
        let data = format!("{{\"i\":{i},\"t_ns\":{sent},\"pad\":\"{pad}\"}}");
        state.engine.publish(&channel, "lab", data.into());
        if i % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
    }
    Ok(Json(Done { done: true, published: count }))
}
