//! What the journal tells: orders and their lives, fills, the ledger, positions, recoveries. Lists
//! are newest first.

use axum::Json;
use axum::extract::State;
use banyan_core::account::RecoveryReport;
use banyan_core::ids::{AccountId, ClientOrderId, WorkerId};
use banyan_core::ledger::SubLedger;
use serde::Serialize;
use serde_json::value::RawValue;

use super::error::ApiError;
use super::extract::{Owned, Resource, found};
use super::fields::{Fields, Filter};
use super::state::AppState;
use crate::auth::Caller;
use crate::store::{
    FillRow, LedgerRow, OrderEventRow, OrderFilter, OrderRow, Page, PositionFilter, PositionRow,
    RowFilter, sub_ledger_text,
};
use crate::view::{Number, Time};

/// Whose a row is: a strategy's, or nobody's.
#[derive(Serialize)]
struct OwnerShape {
    account_id: AccountId,
    strategy_id: Option<WorkerId>,
    sub_ledger: &'static str,
}

#[derive(Serialize)]
pub(super) struct OrderShape {
    id: String,
    #[serde(flatten)]
    owner: OwnerShape,
    strategy_version: Option<i64>,
    symbol: String,
    side: String,
    position_side: String,
    #[serde(rename = "type")]
    kind: String,
    time_in_force: String,
    status: String,
    price: Option<Number>,
    trigger_price: Option<Number>,
    quantity: Number,
    filled: Number,
    reduce_only: bool,
    purpose: String,
    tag: Option<String>,
    exit_reason: Option<String>,
    reject_reason: Option<String>,
    venue_order_id: Option<String>,
    correlation: String,
    created_at: Time,
    updated_at: Time,
}

#[derive(Serialize)]
pub(super) struct EventShape {
    seq: u64,
    kind: String,
    principal: String,
    recorded_at: Time,
    event_at: Time,
    record: Box<RawValue>,
}

#[derive(Serialize)]
pub(super) struct FillShape {
    id: String,
    trade_id: String,
    order_id: Option<String>,
    #[serde(flatten)]
    owner: OwnerShape,
    strategy_version: Option<i64>,
    symbol: String,
    side: String,
    price: Number,
    quantity: Number,
    closed: Number,
    value: Number,
    realized_pnl: Number,
    fee: Number,
    fee_asset: String,
    settle: String,
    liquidity: String,
    reason: String,
    exit_reason: Option<String>,
    time: Time,
}

#[derive(Serialize)]
pub(super) struct LedgerShape {
    seq: u64,
    line: i64,
    #[serde(flatten)]
    owner: OwnerShape,
    kind: String,
    bucket: String,
    asset: String,
    amount: Number,
    symbol: Option<String>,
    trade_id: Option<String>,
    time: Time,
}

#[derive(Serialize)]
pub(super) struct PositionShape {
    id: String,
    #[serde(flatten)]
    owner: OwnerShape,
    symbol: String,
    side: &'static str,
    size: Number,
    entry_price: Option<Number>,
    cost: Number,
    settle: String,
    stop_loss: Option<Number>,
    take_profit: Option<Number>,
    opened_at: Option<Time>,
    updated_at: Time,
}

#[derive(Serialize)]
pub(super) struct RecoveryShape {
    account_id: AccountId,
    incarnation: u32,
    started_at: Time,
    ready_at: Time,
    remembered_seq: u64,
    seq: u64,
    positions: u32,
    orders: u32,
    missed_fills: u32,
    missed_fundings: u32,
    doubtful_orders: u32,
    never_arrived: u32,
    adopted: u32,
    positions_after: u32,
    orders_after: u32,
}

fn owner(account: AccountId, owner: SubLedger) -> OwnerShape {
    let sub_ledger = match owner {
        SubLedger::Worker(_) => "worker",
        SubLedger::External => "external",
        SubLedger::Netting => "netting",
    };
    OwnerShape { account_id: account, strategy_id: owner.worker(), sub_ledger }
}

impl From<OrderRow> for OrderShape {
    fn from(row: OrderRow) -> Self {
        Self {
            id: row.client_order_id.to_string(),
            owner: owner(row.head.account, row.sub_ledger),
            strategy_version: row.strategy_version,
            symbol: row.instrument.symbol,
            side: row.side,
            position_side: row.position_side,
            kind: row.kind,
            time_in_force: row.time_in_force,
            status: row.state,
            price: row.price.map(Number),
            trigger_price: row.trigger_price.map(Number),
            quantity: row.quantity.into(),
            filled: row.filled.into(),
            reduce_only: row.reduce_only,
            purpose: row.purpose,
            tag: row.tag,
            exit_reason: row.exit_reason,
            reject_reason: row.reject_reason,
            venue_order_id: row.venue_order_id,
            correlation: row.correlation,
            created_at: row.head.created_at.into(),
            updated_at: row.head.updated_at.into(),
        }
    }
}

impl From<FillRow> for FillShape {
    fn from(row: FillRow) -> Self {
        let (account, owner_name) = (row.head.account, sub_ledger_text(row.sub_ledger));
        Self {
            id: format!("{account}.{owner_name}.{}", row.trade_id),
            trade_id: row.trade_id,
            order_id: row.client_order_id.map(|id| id.to_string()),
            owner: owner(row.head.account, row.sub_ledger),
            strategy_version: row.strategy_version,
            symbol: row.instrument.symbol,
            side: row.side,
            price: row.price.into(),
            quantity: row.quantity.into(),
            closed: row.closed.into(),
            value: row.value.into(),
            realized_pnl: row.realized.into(),
            fee: row.fee.into(),
            fee_asset: row.fee_asset,
            settle: row.settle,
            liquidity: row.liquidity,
            reason: row.reason,
            exit_reason: row.exit_reason,
            time: row.event_at.into(),
        }
    }
}

impl From<LedgerRow> for LedgerShape {
    fn from(row: LedgerRow) -> Self {
        Self {
            seq: row.head.sequence.0,
            line: row.line,
            owner: owner(row.head.account, row.sub_ledger),
            kind: row.kind,
            bucket: row.bucket,
            asset: row.asset,
            amount: row.amount.into(),
            symbol: row.instrument.map(|it| it.symbol),
            trade_id: row.trade_id,
            time: row.event_at.into(),
        }
    }
}

impl From<PositionRow> for PositionShape {
    fn from(row: PositionRow) -> Self {
        let side = match row.quantity {
            quantity if quantity.is_zero() => "flat",
            quantity if quantity.is_sign_negative() => "short",
            _ => "long",
        };
        Self {
            id: row.id,
            owner: owner(row.head.account, row.sub_ledger),
            symbol: row.instrument.symbol,
            side,
            size: row.quantity.abs().into(),
            entry_price: row.entry_price.map(Number),
            cost: row.cost.into(),
            settle: row.settle,
            stop_loss: row.stop_loss.map(Number),
            take_profit: row.take_profit.map(Number),
            opened_at: row.opened_at.map(Time),
            updated_at: row.head.updated_at.into(),
        }
    }
}

impl From<OrderEventRow> for EventShape {
    fn from(row: OrderEventRow) -> Self {
        Self {
            seq: row.sequence.0,
            kind: row.kind,
            principal: row.principal,
            recorded_at: row.recorded_at.into(),
            event_at: row.event_at.into(),
            record: RawValue::from_string(row.payload).unwrap_or_default(),
        }
    }
}

impl From<RecoveryReport> for RecoveryShape {
    fn from(report: RecoveryReport) -> Self {
        Self {
            account_id: report.account,
            incarnation: report.incarnation,
            started_at: report.started_at.into(),
            ready_at: report.ready_at.into(),
            remembered_seq: report.remembered.0,
            seq: report.sequence.0,
            positions: report.positions,
            orders: report.orders,
            missed_fills: report.missed_fills,
            missed_fundings: report.missed_fundings,
            doubtful_orders: report.doubtful,
            never_arrived: report.never_arrived,
            adopted: report.adopted,
            positions_after: report.positions_after,
            orders_after: report.orders_after,
        }
    }
}

impl Resource for OrderRow {
    const NAME: &'static str = "order";

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        let id: ClientOrderId = id.parse().map_err(|_| ApiError::not_found(Self::NAME))?;
        found(state.store.order(caller.owner(), id).await)
    }
}

impl Resource for PositionRow {
    const NAME: &'static str = "position";

    async fn find(state: &AppState, caller: &Caller, id: &str) -> Result<Self, ApiError> {
        found(state.store.position(caller.owner(), id).await)
    }
}

fn page(fields: &mut Fields) -> Page {
    let page = fields.page();
    let narrow = |number: i64| u32::try_from(number).unwrap_or_default();
    Page { limit: narrow(page.limit), offset: narrow(page.offset) }
}

/// `account`, `worker` (a strategy's id, or `external`), `symbol`, `limit` and `offset`.
fn rows(fields: &mut Fields, state: &AppState) -> RowFilter {
    let account = fields.parsed::<uuid::Uuid>("account").map(AccountId);
    let worker = fields.text("worker", 1..=64);
    let sub_ledger = worker.and_then(|text| match text.parse() {
        _ if text == "external" => Some(SubLedger::External),
        Ok(id) => Some(SubLedger::Worker(WorkerId(id))),
        Err(_) => {
            fields.fail("worker", "must be a strategy's id, or external");
            None
        }
    });
    let symbol = fields.text("symbol", 1..=64).and_then(|name| {
        let found = crate::fleet::resolve(&name, state.engine.instruments());
        found.map(|it| it.symbol.to_string()).map_err(|it| fields.fail(it.field, it.message)).ok()
    });
    RowFilter { account, sub_ledger, symbol, from: None, until: None, page: page(fields) }
}

fn shapes<R, S: From<R>>(rows: Vec<R>) -> Json<Vec<S>> {
    Json(rows.into_iter().map(S::from).collect())
}

pub(super) async fn orders(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<OrderShape>>, ApiError> {
    let rows = rows(&mut fields, &state);
    let filter =
        OrderFilter { rows, state: fields.text("status", 1..=32), open: fields.flag("open") };
    fields.finish()?;
    Ok(shapes(state.store.orders(caller.owner(), &filter).await?))
}

pub(super) async fn order(owned: Owned<OrderRow>) -> Json<OrderShape> {
    Json(owned.row.into())
}

pub(super) async fn order_events(
    State(state): State<AppState>,
    owned: Owned<OrderRow>,
) -> Result<Json<Vec<EventShape>>, ApiError> {
    let id = owned.row.client_order_id;
    Ok(shapes(state.store.order_events(owned.caller.owner(), id).await?))
}

pub(super) async fn cancel_order(
    State(state): State<AppState>,
    owned: Owned<OrderRow>,
) -> Result<Json<OrderShape>, ApiError> {
    let order = owned.row;
    let (account, id) = (order.head.account, order.client_order_id);
    // What the engine holds is newer than what the database shows.
    let view = state.engine.account(account).await;
    if view.is_some_and(|view| !view.state.orders.contains_key(&id)) {
        let message = "the order has ended; there is nothing to cancel";
        return Err(ApiError::conflict("ORDER_ENDED", message));
    }
    state.engine.cancel_order(account, id).await?;
    Ok(Json(order.into()))
}

pub(super) async fn fills(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<FillShape>>, ApiError> {
    let filter = rows(&mut fields, &state);
    fields.finish()?;
    Ok(shapes(state.store.fills(caller.owner(), &filter).await?))
}

pub(super) async fn ledger(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<LedgerShape>>, ApiError> {
    let filter = rows(&mut fields, &state);
    fields.finish()?;
    Ok(shapes(state.store.ledger(caller.owner(), &filter).await?))
}

pub(super) async fn positions(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<PositionShape>>, ApiError> {
    let rows = rows(&mut fields, &state);
    let filter = PositionFilter { rows, flat: fields.flag("flat").unwrap_or_default() };
    fields.finish()?;
    Ok(shapes(state.store.positions(caller.owner(), &filter).await?))
}

pub(super) async fn close_position(
    State(state): State<AppState>,
    owned: Owned<PositionRow>,
) -> Result<Json<PositionShape>, ApiError> {
    let position = owned.row;
    let (account, instrument) = (position.head.account, position.instrument.id);
    if position.quantity.is_zero() {
        let message = "the position is closed already";
        return Err(ApiError::conflict("POSITION_CLOSED", message));
    }
    state.engine.close_position(account, position.sub_ledger, instrument).await?;
    Ok(Json(position.into()))
}

pub(super) async fn recovery_reports(
    State(state): State<AppState>,
    caller: Caller,
    Filter(mut fields): Filter,
) -> Result<Json<Vec<RecoveryShape>>, ApiError> {
    let page = page(&mut fields);
    fields.finish()?;
    Ok(shapes(state.store.recovery_reports(caller.owner(), page.limit).await?))
}
