//! Numbers for whoever watches the engine: the text format of Prometheus, the same as JSON, and how
//! providers of models do.
//!
//! Open to whoever is logged in, and without a login to programs on the same machine that no proxy
//! speaks for. Nothing of any user is told, but what the caller may still spend.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, FORWARDED};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::edge::Client;
use super::error::ApiError;
use super::state::AppState;
use crate::actors::WorkerState;
use crate::auth::Caller;
use crate::llm::ProviderHealth;
use crate::telemetry::{JournalSign, LATENCY_BUCKETS, ModelCounts, ModelMeter};
use crate::view::Number;

/// Who may watch.
pub(super) struct Watcher(Option<Caller>);

impl FromRequestParts<AppState> for Watcher {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        if parts.headers.contains_key(AUTHORIZATION) || !is_near(parts) {
            return Caller::from_request_parts(parts, state).await.map(|it| Self(Some(it)));
        }
        Ok(Self(None))
    }
}

/// Says whether a request is from this machine, and not passed on for somebody else.
fn is_near(parts: &Parts) -> bool {
    let near = parts.extensions.get::<Client>().is_some_and(|Client(it)| it.is_loopback());
    near && !parts.headers.contains_key("x-forwarded-for") && !parts.headers.contains_key(FORWARDED)
}

/// Everything that is told.
struct Seen {
    workers: BTreeMap<&'static str, u64>,
    websockets: usize,
    database: bool,
    ready: bool,
    models: ModelCounts,
    providers: Vec<ProviderHealth>,
    budget: Option<crate::llm::BudgetLeft>,
}

async fn look(state: &AppState, watcher: &Watcher) -> Result<Seen, ApiError> {
    let mut workers = BTreeMap::new();
    for (status, _) in state.engine.workers().await {
        *workers.entry(worker_word(status.state)).or_default() += 1;
    }
    let budget = match &watcher.0 {
        Some(caller) => Some(state.models.budget_left(caller.owner(), None).await?),
        None => None,
    };
    Ok(Seen {
        workers,
        websockets: state.sockets.count(),
        database: state.store.answers().await,
        ready: state.engine.vitals().not_ready().is_none(),
        models: state.models.meters().counts(),
        providers: state.models.health(),
        budget,
    })
}

const fn worker_word(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Starting | WorkerState::Running | WorkerState::BackingOff => "active",
        WorkerState::Paused => "paused",
        WorkerState::Error => "error",
        WorkerState::Stopped => "stopped",
    }
}

pub(super) async fn text(
    State(state): State<AppState>,
    watcher: Watcher,
) -> Result<Response, ApiError> {
    let seen = look(&state, &watcher).await?;
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((kind, render(&seen)).into_response())
}

/// Metrics on their way into text.
#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<_> =
            labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

/// A label as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn render(seen: &Seen) -> String {
    let mut page = Page::default();
    page.family("banyan_ready", "gauge", "Whether the engine may trade.");
    page.sample("banyan_ready", &[], u8::from(seen.ready));
    page.family("banyan_database_connected", "gauge", "Whether the database answers.");
    page.sample("banyan_database_connected", &[], u8::from(seen.database));
    page.family("banyan_websocket_connections", "gauge", "Open WebSocket connections.");
    page.sample("banyan_websocket_connections", &[], seen.websockets);
    page.family("banyan_strategies", "gauge", "Strategies that were started, by state.");
    for (word, count) in &seen.workers {
        page.sample("banyan_strategies", &[("state", word)], count);
    }
    calls(&mut page, &seen.models);
    tokens_and_money(&mut page, &seen.models);
    latencies(&mut page, &seen.models);
    answers(&mut page, &seen.models);
    breakers(&mut page, &seen.providers);
    if let Some(left) = seen.budget {
        let name = "banyan_model_budget_left_dollars";
        page.family(name, "gauge", "What the caller may still spend on models today (UTC).");
        page.sample(name, &[], left.user.to_decimal().normalize());
    }
    page.0
}

fn calls(page: &mut Page, counts: &ModelCounts) {
    let name = "banyan_model_calls_total";
    page.family(name, "counter", "Calls to models, by outcome.");
    for ((provider, model), meter) in &counts.models {
        for (outcome, count) in &meter.calls {
            let labels = [("provider", &**provider), ("model", &**model), ("outcome", &**outcome)];
            page.sample(name, &labels, count);
        }
    }
}

fn tokens_and_money(page: &mut Page, counts: &ModelCounts) {
    let name = "banyan_model_tokens_total";
    page.family(name, "counter", "Tokens of models; reasoning is part of output.");
    for ((provider, model), meter) in &counts.models {
        let kinds = [
            ("input", meter.input_tokens),
            ("output", meter.output_tokens),
            ("reasoning", meter.reasoning_tokens),
        ];
        for (kind, count) in kinds {
            let labels = [("provider", &**provider), ("model", &**model), ("kind", kind)];
            page.sample(name, &labels, count);
        }
    }
    let name = "banyan_model_cost_dollars_total";
    page.family(name, "counter", "Money that models took.");
    for ((provider, model), meter) in &counts.models {
        page.sample(name, &[("provider", provider), ("model", model)], dollars(meter));
    }
}

/// Counted in units of 1e-8 dollars.
fn dollars(meter: &ModelMeter) -> rust_decimal::Decimal {
    banyan_core::money::Amount(meter.cost.into()).to_decimal().normalize()
}

/// Milliseconds as seconds.
fn seconds(milliseconds: u64) -> rust_decimal::Decimal {
    rust_decimal::Decimal::from(milliseconds) / rust_decimal::Decimal::ONE_THOUSAND
}

fn latencies(page: &mut Page, counts: &ModelCounts) {
    let name = "banyan_model_latency_seconds";
    page.family(name, "histogram", "From the question to the whole answer.");
    for ((provider, model), meter) in &counts.models {
        let of = [("provider", &**provider), ("model", &**model)];
        let bounds = LATENCY_BUCKETS.iter().map(|it| seconds(*it).normalize().to_string());
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let mut sum = 0;
        for (bound, count) in bounds.zip(meter.latency) {
            sum += count;
            let labels = [of[0], of[1], ("le", &*bound)];
            page.sample(&format!("{name}_bucket"), &labels, sum);
        }
        page.sample(&format!("{name}_sum"), &of, seconds(meter.milliseconds).normalize());
        page.sample(&format!("{name}_count"), &of, sum);
    }
}

fn answers(page: &mut Page, counts: &ModelCounts) {
    let name = "banyan_model_parse_failures_total";
    page.family(name, "counter", "Answers that could not be read, by kind.");
    for (kind, count) in &counts.parse_failures {
        page.sample(name, &[("kind", kind)], count);
    }
    let name = "banyan_model_contradictions_total";
    page.family(name, "counter", "Numbers in reasonings that contradict the data.");
    page.sample(name, &[], counts.contradictions);
}

fn breakers(page: &mut Page, providers: &[ProviderHealth]) {
    let name = "banyan_model_breakers";
    page.family(name, "gauge", "Breakers of providers, by type and state.");
    let mut states = BTreeMap::new();
    for provider in providers {
        *states.entry((&*provider.provider_type, provider.state)).or_insert(0_u64) += 1;
    }
    for ((kind, state), count) in states {
        page.sample(name, &[("provider", kind), ("state", state)], count);
    }
}

#[derive(Serialize)]
pub(super) struct MetricsShape {
    active_strategies: u64,
    websocket_connections: usize,
    redis_connected: bool,
    database_connected: bool,
    ready: bool,
    strategies: BTreeMap<&'static str, u64>,
    models: Vec<ModelMetricsShape>,
    parse_failures: BTreeMap<String, u64>,
    contradictions: u64,
    circuit_breakers: Vec<BreakerShape>,
    budget_left_usd: Option<Number>,
}

#[derive(Serialize)]
struct ModelMetricsShape {
    model_id: String,
    calls: BTreeMap<String, u64>,
    input_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    cost_usd: Number,
    average_latency_ms: u64,
}

#[derive(Serialize)]
struct BreakerShape {
    name: String,
    state: &'static str,
    successes: u64,
    failures: u64,
    rejected: u64,
}

#[derive(Serialize)]
pub(super) struct BreakersShape {
    circuit_breakers: Vec<BreakerShape>,
    open: usize,
}

#[derive(Serialize)]
pub(super) struct DetailedShape {
    status: &'static str,
    version: &'static str,
    ready: bool,
    not_ready_because: Option<String>,
    components: Components,
    circuit_breakers: Vec<BreakerShape>,
}

#[derive(Serialize)]
struct Components {
    database: &'static str,
    journal: &'static str,
    threads: &'static str,
    models: &'static str,
}

fn model_metrics(((provider, model), meter): ((String, String), ModelMeter)) -> ModelMetricsShape {
    let many: u64 = meter.latency.iter().sum();
    ModelMetricsShape {
        model_id: format!("{provider}:{model}"),
        input_tokens: meter.input_tokens,
        output_tokens: meter.output_tokens,
        reasoning_tokens: meter.reasoning_tokens,
        cost_usd: dollars(&meter).into(),
        average_latency_ms: meter.milliseconds / many.max(1),
        calls: meter.calls,
    }
}

/// Breakers by the type of their provider; whose it is is not told.
fn breaker_shapes(providers: Vec<ProviderHealth>) -> Vec<BreakerShape> {
    let shape = |it: ProviderHealth| BreakerShape {
        name: it.provider_type,
        state: it.state,
        successes: it.successes,
        failures: it.failures,
        rejected: it.rejected,
    };
    providers.into_iter().map(shape).collect()
}

pub(super) async fn as_json(
    State(state): State<AppState>,
    watcher: Watcher,
) -> Result<Json<MetricsShape>, ApiError> {
    let seen = look(&state, &watcher).await?;
    Ok(Json(MetricsShape {
        active_strategies: seen.workers.get("active").copied().unwrap_or_default(),
        websocket_connections: seen.websockets,
        // There is none: one process keeps everything itself.
        redis_connected: false,
        database_connected: seen.database,
        ready: seen.ready,
        strategies: seen.workers,
        models: seen.models.models.into_iter().map(model_metrics).collect(),
        parse_failures: seen.models.parse_failures,
        contradictions: seen.models.contradictions,
        circuit_breakers: breaker_shapes(seen.providers),
        budget_left_usd: seen.budget.map(|left| left.user.into()),
    }))
}

pub(super) async fn circuit_breakers(
    State(state): State<AppState>,
    _: Watcher,
) -> Json<BreakersShape> {
    let circuit_breakers = breaker_shapes(state.models.health());
    let open = circuit_breakers.iter().filter(|it| it.state != "closed").count();
    Json(BreakersShape { circuit_breakers, open })
}

/// How each part does; the status is that of the worst.
pub(super) async fn detailed(State(state): State<AppState>, _: Watcher) -> Json<DetailedShape> {
    let vitals = state.engine.vitals();
    let not_ready_because = vitals.not_ready();
    let circuit_breakers = breaker_shapes(state.models.health());
    let components = Components {
        database: if state.store.answers().await { "healthy" } else { "unreachable" },
        journal: match vitals.journal() {
            JournalSign::Healthy => "healthy",
            JournalSign::OnReserve => "on_reserve",
            JournalSign::Failed => "failed",
        },
        threads: if vitals.stalled().is_empty() { "healthy" } else { "stalled" },
        models: if circuit_breakers.iter().all(|it| it.state == "closed") {
            "healthy"
        } else {
            "degraded"
        },
    };
    let sound = components.database == "healthy" && not_ready_because.is_none();
    let status = match (sound, components.models) {
        (false, _) => "unhealthy",
        (true, "healthy") => "healthy",
        (true, _) => "degraded",
    };
    Json(DetailedShape {
        status,
        version: env!("CARGO_PKG_VERSION"),
        ready: not_ready_because.is_none(),
        not_ready_because,
        components,
        circuit_breakers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::{ModelCallSample, ModelMeters};

    #[test]
    fn metrics_are_text_that_prometheus_reads() {
        let meters = ModelMeters::default();
        meters.count_call(&ModelCallSample {
            provider: "custom",
            model: "a\"b",
            outcome: "answered",
            input_tokens: 10,
            output_tokens: 5,
            reasoning_tokens: 1,
            cost: 120_000,
            milliseconds: 3_200,
        });
        meters.count_parse_failure("unreadable");
        let seen = Seen {
            workers: BTreeMap::from([("active", 2)]),
            websockets: 1,
            database: true,
            ready: true,
            models: meters.counts(),
            providers: Vec::new(),
            budget: None,
        };
        let text = render(&seen);
        let expected = [
            "banyan_strategies{state=\"active\"} 2",
            "banyan_model_calls_total{provider=\"custom\",model=\"a\\\"b\",outcome=\"answered\"} 1",
            "banyan_model_cost_dollars_total{provider=\"custom\",model=\"a\\\"b\"} 0.0012",
            "le=\"2.5\"} 0",
            "le=\"5\"} 1",
            "le=\"+Inf\"} 1",
            "banyan_model_latency_seconds_sum{provider=\"custom\",model=\"a\\\"b\"} 3.2",
            "banyan_model_parse_failures_total{kind=\"unreadable\"} 1",
        ];
        for line in expected {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (_, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
