//! Which address leads where. A handler takes `Caller` or `Owned` unless it is open to
//! everybody.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post, put};

use super::edge::edge;
use super::error::ApiError;
use super::idempotency::once;
use super::state::AppState;
use super::{
    accounts, ai_strategies, auth, decisions, engine, health, history, metrics, models,
    prompt_preview, providers, sockets, strategies, workers,
};

/// The whole interface. Serve it with
/// `into_make_service_with_connect_info::<std::net::SocketAddr>()`: allowances go by address.
pub fn router(state: AppState) -> Router {
    let longest = state.settings.body_bytes;
    let api = Router::new()
        .merge(auth_routes())
        .merge(account_routes())
        .merge(strategy_routes())
        .merge(decision_routes())
        .merge(model_routes())
        .merge(watch_routes())
        .merge(history_routes())
        .merge(engine_routes())
        .fallback(nothing_here)
        .layer(from_fn_with_state(state.clone(), once));
    let router = Router::new()
        .route("/health", get(health::alive))
        .route("/health/ready", get(health::ready))
        .merge(health_routes())
        .nest("/api/v1", api);
    #[cfg(feature = "lab")]
    let router = router
        .route("/__lab/panic", post(super::lab::panic))
        .route("/__lab/publish", post(super::lab::publish));
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(longest))
        .layer(from_fn_with_state(state.clone(), edge))
        .with_state(state)
}

fn auth_routes() -> Router<AppState> {
    Router::new()
        .route("/auth/register", post(auth::register))
        .route("/auth/login", post(auth::login))
        .route("/auth/refresh", post(auth::refresh))
        .route("/auth/logout", post(auth::logout))
        .route("/auth/me", get(auth::me))
        .route("/auth/profile", put(auth::profile))
        .route("/auth/change-password", post(auth::change_password))
}

fn account_routes() -> Router<AppState> {
    let one = get(accounts::get).patch(accounts::update).delete(accounts::delete);
    Router::new()
        .route("/accounts", get(accounts::list).post(accounts::create))
        .route("/accounts/{id}", one)
        .route("/accounts/{id}/test", post(accounts::test))
        .route("/accounts/{id}/balance", get(accounts::get_balance))
        .route("/accounts/{id}/positions", get(accounts::get_positions))
        .route("/accounts/{id}/arm", post(accounts::arm))
        .route("/accounts/{id}/disarm", post(accounts::disarm))
}

fn strategy_routes() -> Router<AppState> {
    let one = get(strategies::get).patch(strategies::update).delete(strategies::delete);
    Router::new()
        .route("/quant-strategies", get(strategies::list).post(strategies::create))
        .route("/quant-strategies/{id}", one)
        .route("/quant-strategies/{id}/status", post(strategies::set_status))
        .route("/quant-strategies/{id}/versions", get(strategies::versions))
        .merge(ai_strategy_routes())
        .route("/workers/status", get(workers::list))
        .route("/workers/{id}/status", get(workers::status))
        .route("/workers/{id}/start", post(workers::start))
        .route("/workers/{id}/stop", post(workers::stop))
        .route("/workers/{id}/trigger", post(workers::trigger))
        .route("/workers/{id}/news", post(workers::news))
}

fn ai_strategy_routes() -> Router<AppState> {
    let one = get(ai_strategies::get).patch(ai_strategies::update).delete(ai_strategies::delete);
    let debaters = post(ai_strategies::validate_debate_models);
    Router::new()
        .route("/strategies", get(ai_strategies::list).post(ai_strategies::create))
        .route("/strategies/preview-prompt", post(prompt_preview::preview))
        .route("/strategies/validate-debate-models", debaters)
        .route("/strategies/{id}", one)
        .route("/strategies/{id}/status", post(ai_strategies::set_status))
        .route("/strategies/{id}/versions", get(ai_strategies::versions))
}

fn decision_routes() -> Router<AppState> {
    Router::new()
        .route("/decisions/recent", get(decisions::recent))
        .route("/decisions/calibration", get(decisions::calibration))
        .route("/decisions/strategy/{id}", get(decisions::of_strategy))
        .route("/decisions/strategy/{id}/stats", get(decisions::stats))
        .route("/decisions/{id}", get(decisions::get))
        .route("/decisions/{id}/export", get(decisions::export))
        .route("/decisions/{id}/approve", post(decisions::approve))
        .route("/decisions/{id}/refuse", post(decisions::refuse))
        .route("/decisions/{id}/replay", post(decisions::replay))
}

fn model_routes() -> Router<AppState> {
    let one = get(providers::get).patch(providers::update).delete(providers::delete);
    let offered =
        get(providers::list_models).put(providers::replace_models).post(providers::add_model);
    Router::new()
        .route("/models", get(models::list))
        .route("/models/providers", get(models::providers))
        .route("/models/test", post(models::test))
        .route("/models/{id}", get(models::get))
        .route("/providers", get(providers::list).post(providers::create))
        .route("/providers/presets", get(providers::list_presets))
        .route("/providers/formats", get(providers::formats))
        .route("/providers/{id}", one)
        .route("/providers/{id}/test", post(providers::test))
        .route("/providers/{id}/models", offered)
        .route("/providers/{id}/models/{model}", delete(providers::delete_model))
}

/// Also served outside of the interface's prefix, where it is about health.
fn health_routes() -> Router<AppState> {
    Router::new()
        .route("/health/detailed", get(metrics::detailed))
        .route("/health/circuit-breakers", get(metrics::circuit_breakers))
}

fn watch_routes() -> Router<AppState> {
    Router::new()
        .route("/metrics", get(metrics::text))
        .route("/metrics/json", get(metrics::as_json))
        .route("/health", get(health::alive))
        .merge(health_routes())
}

fn history_routes() -> Router<AppState> {
    Router::new()
        .route("/orders", get(history::orders))
        .route("/orders/{id}", get(history::order))
        .route("/orders/{id}/events", get(history::order_events))
        .route("/orders/{id}/cancel", post(history::cancel_order))
        .route("/fills", get(history::fills))
        .route("/ledger", get(history::ledger))
        .route("/positions", get(history::positions))
        .route("/positions/{id}/close", post(history::close_position))
        .route("/recovery-reports", get(history::recovery_reports))
}

fn engine_routes() -> Router<AppState> {
    Router::new()
        .route("/why-not", get(engine::why_not))
        .route("/engine/state", get(engine::state))
        .route("/engine/kill", post(engine::kill))
        .route("/engine/resume", post(engine::resume))
        .route("/ws", get(sockets::open))
        .route("/ws/stats", get(sockets::stats))
}

async fn nothing_here() -> ApiError {
    ApiError::of_status(StatusCode::NOT_FOUND)
}

async fn wrong_method() -> ApiError {
    ApiError::of_status(StatusCode::METHOD_NOT_ALLOWED)
}
