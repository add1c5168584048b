//! Decisions of strategies in words: what was decided, what became of it, and what a person says
//! to it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use banyan_core::decision::{Calibration, Counterfactual, Decision, DecisionId, Horizon};
use banyan_core::ids::WorkerId;
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::ledger::SubLedger;
use banyan_core::money::{Amount, Rate};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::extract::{Owned, Resource, found, id_of};
use super::fields::{Fields, Filter};
use super::state::AppState;
use crate::auth::Caller;
use crate::fleet::{LimitChange, replay_decision};
use crate::store::{
    DecisionFilter, DecisionRow, DecisionTotals, MeasuredRow, OrderRow, StrategyRow,
};
use crate::view::{self, Aftermath, ExecutedOrder, Number};

/// Decisions of one answer, when nobody says otherwise and at most: each is long.
const PAGE: u32 = 20;
const LARGEST_PAGE: u32 = 100;
/// Outcomes that a calibration looks at.
const OUTCOMES: u32 = 5_000;
/// How long an answer waits for what the engine makes of an approval.
const TRIES: u32 = 40;
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Serialize)]
pub(super) struct DecisionsShape {
    items: Vec<Box<RawValue>>,
    total: i64,
    limit: u32,
    offset: u32,
}

#[derive(Serialize)]
pub(super) struct StatsShape {
    total_decisions: i64,
    executed_decisions: i64,
    failed_decisions: i64,
    average_confidence: Number,
    average_latency_ms: i64,
    total_tokens: i64,
    total_cost_usd: Number,
    action_counts: BTreeMap<String, i64>,
}

#[derive(Serialize)]
pub(super) struct CalibrationShape {
    horizon: &'static str,
    models: Vec<ModelCalibrationShape>,
}

#[derive(Serialize)]
struct ModelCalibrationShape {
    model: String,
    decisions: u64,
    measured: u64,
    brier_score: Option<Number>,
    table: Vec<BinShape>,
}

#[derive(Serialize)]
struct BinShape {
    from: Number,
    to: Number,
    count: u64,
    mean_confidence: Number,
    hit_rate: Number,
}

impl Resource for DecisionRow {
    const NAME: &'static str = "decision";

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let id = DecisionId(id_of::<Self>(id)?);
        found(state.store.decision(caller.owner(), id).await)
    }
}

/// The sealed record of a row.
fn sealed(row: &DecisionRow) -> Result<Decision, ApiError> {
    serde_json::from_str(&row.payload).map_err(|error| {
        ApiError::internal(&format!("decision {} cannot be read: {error}", row.id))
    })
}

/// What became of a decision.
struct After {
    records: Vec<Record>,
    orders: Vec<ExecutedOrder>,
}

impl After {
    async fn of(state: &AppState, row: &DecisionRow) -> Result<Self, ApiError> {
        let records = state.store.decision_records(row).await?;
        let mut orders = Vec::new();
        for record in &records {
            let AccountEvent::IntentReviewed { id, outcome: Ok(_), .. } = &record.event else {
                continue;
            };
            for order in state.store.orders_of_intent(row.head.account, *id).await? {
                orders.push(executed(state, *id, row.strategy, order).await?);
            }
        }
        Ok(Self { records, orders })
    }

    fn view(&self) -> Aftermath<'_> {
        Aftermath { records: self.records.iter().collect(), orders: self.orders.clone() }
    }

    fn is_resolved(&self) -> bool {
        let resolved = |it: &Record| matches!(it.event, AccountEvent::DecisionResolved { .. });
        self.records.iter().any(resolved)
    }
}

/// An order with what was filled of it; of profit and fees, the strategy's own part.
async fn executed(
    state: &AppState,
    intent: banyan_core::ids::IntentId,
    strategy: WorkerId,
    order: OrderRow,
) -> Result<ExecutedOrder, ApiError> {
    let fills = state.store.fills_of_order(&order).await?;
    let filled: Decimal = fills.iter().map(|it| it.quantity).sum();
    let paid: Decimal = fills.iter().map(|it| it.price * it.quantity).sum();
    let own = fills.iter().filter(|it| it.sub_ledger == SubLedger::Worker(strategy));
    let (realized, fee) = own.fold((Amount::ZERO, Amount::ZERO), |(realized, fee), it| {
        (realized + it.realized, fee + it.fee)
    });
    Ok(ExecutedOrder {
        intent,
        id: order.client_order_id.to_string(),
        status: order.state,
        reject_reason: order.reject_reason,
        filled: order.filled,
        average_price: paid.checked_div(filled),
        realized,
        fee,
    })
}

/// A decision as one text: what it borrows does not outlive the row.
fn as_text(shape: &impl Serialize) -> Result<Box<RawValue>, ApiError> {
    serde_json::value::to_raw_value(shape)
        .map_err(|error| ApiError::internal(&format!("a decision cannot be shown: {error}")))
}

async fn show(state: &AppState, row: &DecisionRow) -> Result<Box<RawValue>, ApiError> {
    let (decision, after) = (sealed(row)?, After::of(state, row).await?);
    as_text(&view::decision(&decision, &after.view(), state.clock.now()))
}

async fn show_detail(state: &AppState, row: &DecisionRow) -> Result<Json<Box<RawValue>>, ApiError> {
    let (decision, after) = (sealed(row)?, After::of(state, row).await?);
    as_text(&view::decision_detail(&decision, &after.view(), state.clock.now())).map(Json)
}

async fn listed(
    state: &AppState,
    caller: &Caller,
    filter: &DecisionFilter,
) -> Result<Vec<Box<RawValue>>, ApiError> {
    let rows = state.store.decisions(caller.owner(), filter).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        items.push(show(state, row).await?);
    }
    Ok(items)
}

fn page(fields: &mut Fields) -> crate::store::Page {
    let page = fields.page_of(PAGE.into(), LARGEST_PAGE.into());
    let narrow = |number: i64| u32::try_from(number).unwrap_or_default();
    crate::store::Page { limit: narrow(page.limit), offset: narrow(page.offset) }
}

/// `execution_filter`, `action`, `limit` and `offset`.
fn filter(fields: &mut Fields, strategy: Option<WorkerId>) -> DecisionFilter {
    let execution = fields.text("execution_filter", 1..=16);
    let executed = match execution.as_deref() {
        None | Some("all") => None,
        Some("executed") => Some(true),
        Some("skipped") => Some(false),
        Some(_) => {
            fields.fail("execution_filter", "must be one of all, executed, skipped");
            None
        }
    };
    let action = fields.text("action", 1..=16);
    let known = |name: &str| name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
    if action.as_deref().is_some_and(|name| !known(name)) {
        fields.fail("action", "must be an action, e.g. open_long");
    }
    DecisionFilter { strategy, executed, action, page: page(fields) }
}

pub(super) async fn recent(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<Box<RawValue>>>, ApiError> {
    let filter = filter(&mut fields, None);
    fields.finish()?;
    listed(&state, &caller, &filter).await.map(Json)
}

pub(super) async fn of_strategy(
    State(state): State<AppState>,
    Owned { caller, row: strategy }: Owned<StrategyRow>,
    Filter(mut fields): Filter,
) -> Result<Json<DecisionsShape>, ApiError> {
    let filter = filter(&mut fields, Some(strategy.id));
    fields.finish()?;
    let total = state.store.count_decisions(caller.owner(), &filter).await?;
    let items = listed(&state, &caller, &filter).await?;
    let page = filter.page;
    Ok(Json(DecisionsShape { items, total, limit: page.limit, offset: page.offset }))
}

pub(super) async fn stats(
    State(state): State<AppState>,
    Owned { caller, row: strategy }: Owned<StrategyRow>,
    Filter(mut fields): Filter,
) -> Result<Json<StatsShape>, ApiError> {
    let filter = filter(&mut fields, Some(strategy.id));
    fields.finish()?;
    let totals = state.store.decision_totals(caller.owner(), &filter).await?;
    Ok(Json(stats_of(&totals)))
}

fn stats_of(totals: &DecisionTotals) -> StatsShape {
    let mut action_counts = BTreeMap::new();
    for (actions, count) in &totals.actions {
        for action in actions.split(',').filter(|it| !it.is_empty()) {
            *action_counts.entry(action.to_owned()).or_default() += count;
        }
    }
    let many = totals.decisions.max(1);
    let cost = totals.costs.iter().map(|(cost, count)| Amount(cost.0 * i128::from(*count)));
    let cost = cost.fold(Amount::ZERO, |sum, it| sum + it);
    StatsShape {
        total_decisions: totals.decisions,
        executed_decisions: totals.executed,
        failed_decisions: totals.failed,
        average_confidence: (totals.confidence / Decimal::from(many)).round_dp(4).into(),
        average_latency_ms: totals.latency_ms / many,
        total_tokens: totals.tokens,
        total_cost_usd: cost.into(),
        action_counts,
    }
}

pub(super) async fn get(
    State(state): State<AppState>,
    owned: Owned<DecisionRow>,
) -> Result<Json<Box<RawValue>>, ApiError> {
    show_detail(&state, &owned.row).await
}

/// The sealed record as a file, to the letter.
pub(super) async fn export(owned: Owned<DecisionRow>) -> Response {
    let name = format!("attachment; filename=\"decision-{}.json\"", owned.row.id);
    let headers = [(CONTENT_TYPE, "application/json".to_owned()), (CONTENT_DISPOSITION, name)];
    (headers, owned.row.payload).into_response()
}

async fn resolve(
    state: &AppState,
    owned: Owned<DecisionRow>,
    approved: bool,
) -> Result<Json<Box<RawValue>>, ApiError> {
    let Owned { caller, row } = owned;
    let before = After::of(state, &row).await?;
    let expires_at = sealed(&row)?.approval_expires_at;
    let expired = expires_at.is_some_and(|end| state.clock.now() > end);
    if !row.awaits_approval || before.is_resolved() || expired {
        let message = "the decision does not wait for an approval, or waits no more";
        return Err(ApiError::conflict("DECISION_NOT_PENDING", message));
    }
    let by = caller.owner().user();
    state.engine.resolve_decision(row.strategy, row.id, approved, by).await?;
    for _ in 0..TRIES {
        if After::of(state, &row).await?.is_resolved() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    show_detail(state, &row).await
}

pub(super) async fn approve(
    State(state): State<AppState>,
    owned: Owned<DecisionRow>,
) -> Result<Json<Box<RawValue>>, ApiError> {
    resolve(&state, owned, true).await
}

pub(super) async fn refuse(
    State(state): State<AppState>,
    owned: Owned<DecisionRow>,
) -> Result<Json<Box<RawValue>>, ApiError> {
    resolve(&state, owned, false).await
}

/// The same answers under other limits; asks no model.
pub(super) async fn replay(
    State(state): State<AppState>,
    owned: Owned<DecisionRow>,
    mut fields: Fields,
) -> Result<Json<Counterfactual>, ApiError> {
    let named = LimitChange::NAMES.map(|name| (name, fields.literal(name)));
    fields.finish()?;
    let named = named.into_iter().filter_map(|(name, text)| Some((name, text?)));
    let change = LimitChange::read(named)?;
    let decision = sealed(&owned.row)?;
    let records = state.store.decision_records(&owned.row).await?;
    let listed = state.engine.instruments().iter();
    Ok(Json(replay_decision(&decision, &records, listed, &change)))
}

/// How well each model knows how sure it may be.
pub(super) async fn calibration(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<CalibrationShape>, ApiError> {
    const HORIZONS: [Horizon; 4] =
        [Horizon::OneHour, Horizon::FourHours, Horizon::OneDay, Horizon::Close];
    let strategy = fields.parsed::<uuid::Uuid>("strategy_id").map(WorkerId);
    let wished = fields.text("horizon", 1..=8).unwrap_or_else(|| Horizon::FourHours.name().into());
    let horizon = HORIZONS.into_iter().find(|it| it.name() == wished);
    if horizon.is_none() {
        fields.fail("horizon", "must be one of 1h, 4h, 24h, close");
    }
    fields.finish()?;
    let horizon = horizon.unwrap_or(Horizon::FourHours).name();
    let owner = caller.owner();
    let measured = state.store.measured_decisions(owner, strategy, horizon, OUTCOMES).await?;
    let mut pairs: BTreeMap<String, Vec<(Rate, Option<Rate>)>> = BTreeMap::new();
    for row in &measured {
        if let Some(pair) = confidence_and_gain(row)? {
            pairs.entry(row.ai_model.clone()).or_default().push(pair);
        }
    }
    let models = pairs.iter().map(|(model, pairs)| Calibration::of(model, pairs));
    Ok(Json(CalibrationShape { horizon, models: models.map(model_calibration).collect() }))
}

fn confidence_and_gain(row: &MeasuredRow) -> Result<Option<(Rate, Option<Rate>)>, ApiError> {
    let AccountEvent::DecisionMeasured { outcome, .. } = row.record()?.event else {
        return Ok(None);
    };
    let decision: Decision = serde_json::from_str(&row.payload)
        .map_err(|error| ApiError::internal(&format!("a decision cannot be read: {error}")))?;
    let mut proposals = decision.proposals.iter().map(|it| &it.proposal);
    let proposal = proposals.find(|it| it.symbol == outcome.symbol);
    Ok(proposal.map(|it| (it.confidence, Some(outcome.gain))))
}

fn model_calibration(found: Calibration) -> ModelCalibrationShape {
    let bins = found.table.into_iter().map(|bin| BinShape {
        from: bin.from.into(),
        to: bin.to.into(),
        count: bin.count,
        mean_confidence: bin.mean_confidence.into(),
        hit_rate: bin.hit_rate.into(),
    });
    ModelCalibrationShape {
        model: found.model,
        decisions: found.decisions,
        measured: found.measured,
        brier_score: found.brier.map(Number::from),
        table: bins.collect(),
    }
}
