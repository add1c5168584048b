//! What was made of each proposal: review, clamps, orders, fills.
//!
//! A proposal and the records that follow from its decision belong together by instrument: a
//! decision has at most one proposal for each.

use banyan_core::decision::{Action, Decision, Horizon, Judged, Verdict};
use banyan_core::ids::IntentId;
use banyan_core::instrument::Instrument;
use banyan_core::intent::Intent;
use banyan_core::journal::AccountEvent;
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::risk::{Approved, Clamp, ClampedField, Denial, KeptView};
use rust_decimal::Decimal;
use serde::Serialize;

use super::{Aftermath, Number};

/// An order that came of a wish, with what was filled of it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is as in the order and its fills")]
pub struct ExecutedOrder {
    pub intent: IntentId,
    pub id: String,
    pub status: String,
    pub reject_reason: Option<String>,
    pub filled: Decimal,
    /// Mean price of what was filled.
    pub average_price: Option<Decimal>,
    /// Profit of what was closed, fees not counted.
    pub realized: Amount,
    pub fee: Amount,
}

/// What was made of one proposal.
#[derive(Debug, Serialize)]
pub(super) struct ExecutionView {
    pub(super) symbol: String,
    pub(super) action: Action,
    pub(super) confidence: Number,
    pub(super) executed: bool,
    /// `held`, `skipped`, `submitted`, `approved`, `denied`, or how an approval stands.
    pub(super) status: &'static str,
    /// Why it was skipped or denied, as a stable code.
    pub(super) code: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) requested_size_usd: Option<Number>,
    pub(super) actual_size_usd: Option<Number>,
    pub(super) requested_leverage: Option<u32>,
    pub(super) actual_leverage: Option<u32>,
    pub(super) stop_loss: Option<Number>,
    pub(super) take_profit: Option<Number>,
    pub(super) clamps: Vec<ClampView>,
    pub(super) order_ids: Vec<String>,
    pub(super) order_result: Option<OrderResult>,
    pub(super) realized_pnl: Option<Number>,
    pub(super) fee: Option<Number>,
}

/// A number that was changed.
#[derive(Debug, Serialize)]
pub(super) struct ClampView {
    field: ClampedField,
    limit: &'static str,
    requested: Option<Number>,
    approved: Number,
}

/// All orders of a wish together.
#[derive(Debug, Serialize)]
pub(super) struct OrderResult {
    order_id: String,
    filled_size: Number,
    filled_price: Option<Number>,
    status: String,
    error: Option<String>,
}

/// The review of a wish, with what it saw.
struct Review<'r> {
    id: IntentId,
    outcome: &'r Result<Approved, Denial>,
    seen: Option<&'r KeptView>,
}

pub(super) fn results(
    decision: &Decision,
    after: &Aftermath<'_>,
    approval: Option<&'static str>,
) -> Vec<ExecutionView> {
    decision.proposals.iter().map(|judged| result(judged, after, approval)).collect()
}

fn result(judged: &Judged, after: &Aftermath<'_>, approval: Option<&'static str>) -> ExecutionView {
    let proposal = &judged.proposal;
    let blank = ExecutionView {
        symbol: proposal.symbol.to_string(),
        action: proposal.action,
        confidence: proposal.confidence.into(),
        executed: false,
        status: "held",
        code: None,
        reason: None,
        requested_size_usd: proposal.position_size_usd.map(Number::from),
        actual_size_usd: None,
        requested_leverage: proposal.leverage,
        actual_leverage: None,
        stop_loss: proposal.stop_loss.map(Number),
        take_profit: proposal.take_profit.map(Number),
        clamps: Vec::new(),
        order_ids: Vec::new(),
        order_result: None,
        realized_pnl: None,
        fee: None,
    };
    match &judged.verdict {
        Verdict::Held => blank,
        Verdict::Skipped(code) => {
            let (code, reason) = (Some(code.clone()), Some(code.replace('_', " ")));
            ExecutionView { status: "skipped", code, reason, ..blank }
        }
        Verdict::Submitted(intent) => carried_out(blank, intent, after, "submitted"),
        Verdict::AwaitingApproval(intent) => {
            carried_out(blank, intent, after, approval.unwrap_or("pending"))
        }
    }
}

/// What the account made of a wish; `otherwise` is how it stands where no review is known.
fn carried_out(
    blank: ExecutionView,
    intent: &Intent,
    after: &Aftermath<'_>,
    otherwise: &'static str,
) -> ExecutionView {
    let Some(review) = review_of(intent, after) else {
        return ExecutionView { status: otherwise, ..blank };
    };
    match review.outcome {
        Err(denial) => ExecutionView {
            status: "denied",
            code: Some(denial.code.name().to_owned()),
            reason: Some(denial.detail.clone()),
            ..blank
        },
        Ok(approved) => with_orders(approved_view(blank, approved, review.seen), &review, after),
    }
}

fn review_of<'r>(intent: &Intent, after: &Aftermath<'r>) -> Option<Review<'r>> {
    let instrument = intent.instrument();
    let (id, outcome) = after.records.iter().find_map(|record| match &record.event {
        AccountEvent::IntentReviewed { id, intent, outcome }
            if intent.instrument() == instrument =>
        {
            Some((*id, outcome))
        }
        _ => None,
    })?;
    let seen = after.records.iter().find_map(|record| match &record.event {
        AccountEvent::ReviewWitnessed { id: of, view, .. } if *of == id => Some(&**view),
        _ => None,
    });
    Some(Review { id, outcome, seen })
}

fn approved_view(
    blank: ExecutionView,
    approved: &Approved,
    seen: Option<&KeptView>,
) -> ExecutionView {
    let listed = seen.map(|it| &*it.instrument);
    let price = seen.and_then(|it| it.market.valuation());
    let size = listed.zip(price).map(|(it, price)| it.notional(price, approved.quantity()));
    let shown = |price: Option<Price>| Some(Number::price(price?, listed?));
    let protection = approved.protection();
    ExecutionView {
        executed: true,
        status: "approved",
        actual_size_usd: size.map(Number::from),
        actual_leverage: Some(approved.leverage()),
        stop_loss: shown(protection.stop_loss).or(blank.stop_loss),
        take_profit: shown(protection.take_profit).or(blank.take_profit),
        clamps: approved.clamps().iter().map(|clamp| show_clamp(clamp, listed)).collect(),
        ..blank
    }
}

/// A clamp in the units of its field; zero stands for what was not wished.
fn show_clamp(clamp: &Clamp, listed: Option<&Instrument>) -> ClampView {
    let number = |value: i64| match (clamp.field, listed) {
        (ClampedField::Leverage, _) | (_, None) => Number(value.into()),
        (ClampedField::Quantity, Some(it)) => Number::quantity(Quantity(value), it),
        (_, Some(it)) => Number::price(Price(value), it),
    };
    ClampView {
        field: clamp.field,
        limit: clamp.limit.name(),
        requested: (clamp.wished != 0).then(|| number(clamp.wished)),
        approved: number(clamp.approved),
    }
}

fn with_orders(view: ExecutionView, review: &Review<'_>, after: &Aftermath<'_>) -> ExecutionView {
    let orders: Vec<_> = after.orders.iter().filter(|it| it.intent == review.id).collect();
    let Some(last) = orders.last() else {
        return view;
    };
    let fee = orders.iter().fold(Amount::ZERO, |sum, it| sum + it.fee);
    let realized = orders.iter().fold(Amount::ZERO, |sum, it| sum + it.realized) - fee;
    let order_result = OrderResult {
        order_id: last.id.clone(),
        filled_size: orders.iter().map(|it| it.filled).sum::<Decimal>().into(),
        filled_price: average(&orders).map(Number),
        status: last.status.clone(),
        error: last.reject_reason.clone(),
    };
    let closes = view.action.is_close().then_some(realized);
    ExecutionView {
        order_ids: orders.iter().map(|it| it.id.clone()).collect(),
        order_result: Some(order_result),
        realized_pnl: closes.or_else(|| earned(&view.symbol, after)).map(Number::from),
        fee: Some(fee.into()),
        ..view
    }
}

/// The mean price over all orders.
fn average(orders: &[&ExecutedOrder]) -> Option<Decimal> {
    let filled: Decimal = orders.iter().map(|it| it.filled).sum();
    let value: Decimal = orders.iter().filter_map(|it| Some(it.average_price? * it.filled)).sum();
    value.checked_div(filled).map(|price| price.round_dp(8))
}

/// What the trade that was opened earned, once it was closed.
fn earned(symbol: &str, after: &Aftermath<'_>) -> Option<Amount> {
    after.records.iter().find_map(|record| match &record.event {
        AccountEvent::DecisionMeasured { outcome, .. }
            if outcome.horizon == Horizon::Close && outcome.symbol.to_string() == symbol =>
        {
            outcome.pnl
        }
        _ => None,
    })
}
