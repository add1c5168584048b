//! Replays a decision under other limits: the same answers read again, counted again, reviewed
//! again, and compared.
//!
//! Asks no model and sends no order. Where records are kept is not known here.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

mod reading;

use super::{Action, Decision, DecisionId, Judged, Universe, Verdict};
use crate::ids::IntentId;
use crate::instrument::Instrument;
use crate::intent::Intent;
use crate::money::{Amount, Price, Rounding};
use crate::order::OrderKind;
use crate::risk::{self, Approved, Clamp, ClampedField, Denial, DenialCode, KeptView, RiskLimits};
use crate::symbol::Symbol;

/// A review of an intent of the decision, with what it saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReview {
    /// Which intent.
    pub id: IntentId,
    /// The intent.
    pub intent: Intent,
    /// What came of it.
    pub outcome: Result<Approved, Denial>,
    /// What was seen.
    pub view: KeptView,
    /// The limits then.
    pub limits: RiskLimits,
}

/// What would have become of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counterfactual {
    /// Which.
    pub id: DecisionId,
    /// What became of each proposal.
    pub original: Vec<SymbolResult>,
    /// What would have.
    pub replayed: Vec<SymbolResult>,
    /// Every difference; empty when the limits are the same.
    pub changed: Vec<Change>,
}

/// What became of one proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolResult {
    /// Of what.
    pub symbol: Symbol,
    /// What was proposed.
    pub action: Action,
    /// How far it came.
    pub status: Status,
    /// Why it came no further: the code of a denial, or why it was skipped before any review.
    pub code: Option<String>,
    /// The order, where it was approved.
    pub order: Option<ReviewedOrder>,
}

/// How far a proposal came. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Review let it through.
    Approved,
    /// Review refused it.
    Denied,
    /// It never came to review, so other limits say nothing about it.
    Skipped,
    /// It waited for a person and never came to review.
    AwaitingApproval,
    /// It was a hold.
    Held,
    /// It became a wish, but of its review nothing was kept.
    NotReviewed,
}

/// An approved order, in numbers that people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewedOrder {
    /// How much, in units of the instrument.
    pub quantity: Decimal,
    /// The leverage.
    pub leverage: u32,
    /// What it is worth at the price it may cost at most, in the settle asset.
    pub notional: Decimal,
    /// What it binds; zero for an exit.
    pub margin: Decimal,
    /// What taking costs.
    pub expected_fee: Decimal,
    /// Stop price.
    pub stop_loss: Option<Decimal>,
    /// Target price.
    pub take_profit: Option<Decimal>,
    /// Every number that was changed.
    pub clamps: Vec<ClampRecord>,
}

/// A number that was changed by a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClampRecord {
    /// Which.
    pub field: String,
    /// The code of the limit.
    pub limit: String,
    /// As wished; `None` when the wish left it out.
    pub wished: Option<Decimal>,
    /// As approved.
    pub approved: Decimal,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of what.
    pub symbol: Symbol,
    /// Which number or word, e.g. `leverage`.
    pub field: String,
    /// As it was; `None` when there was none.
    pub original: Option<String>,
    /// As it would have been.
    pub replayed: Option<String>,
}

/// Replays a decision under limits that `change` makes of those that held.
///
/// The raw answers are read by today's parser and a debate is counted again; where that says
/// something else than the record, it is among the changes. Each review stands by itself: it sees
/// what was seen then, so what an earlier order of the same decision would have bound otherwise is
/// not carried over to the next.
#[must_use]
pub fn replay(
    decision: &Decision,
    instruments: &[&Instrument],
    reviews: &[KeptReview],
    change: &dyn Fn(&mut RiskLimits),
) -> Counterfactual {
    let instruments = reading::traded(decision, instruments);
    let universe = Universe { instruments: &instruments, held: &decision.snapshot.positions };
    let mut changed = reading::compare(decision, &universe);
    let (mut original, mut replayed) = (Vec::new(), Vec::new());
    for judged in &decision.proposals {
        let review = review_of(judged, reviews);
        let before = result_of(judged, review.map(|it| (it, it.outcome.clone())));
        let after = result_of(judged, review.map(|it| (it, again(it, change))));
        changed.extend(differences(&before, &after));
        original.push(before);
        replayed.push(after);
    }
    Counterfactual { id: decision.id, original, replayed, changed }
}

/// The review of the wish that became of a proposal; of several the last.
fn review_of<'a>(judged: &Judged, reviews: &'a [KeptReview]) -> Option<&'a KeptReview> {
    let (Verdict::Submitted(wish) | Verdict::AwaitingApproval(wish)) = &judged.verdict else {
        return None;
    };
    reviews.iter().rev().find(|it| it.intent == *wish)
}

/// Refusals that the account makes before any review; no limit has a part in them.
const BEFORE_REVIEW: [DenialCode; 5] = [
    DenialCode::StaleEpoch,
    DenialCode::UnknownInstrument,
    DenialCode::DuplicateTag,
    DenialCode::UnknownTag,
    DenialCode::AlreadyClosing,
];

fn again(review: &KeptReview, change: &dyn Fn(&mut RiskLimits)) -> Result<Approved, Denial> {
    if let Err(denial) = &review.outcome
        && BEFORE_REVIEW.contains(&denial.code)
    {
        return Err(denial.clone());
    }
    let mut limits = review.limits.clone();
    change(&mut limits);
    risk::review(&review.intent, &review.view.view(), &limits)
}

fn result_of(
    judged: &Judged,
    reviewed: Option<(&KeptReview, Result<Approved, Denial>)>,
) -> SymbolResult {
    let (status, code, order) = match (&judged.verdict, reviewed) {
        (Verdict::Skipped(code), _) => (Status::Skipped, Some(code.clone()), None),
        (Verdict::Held, _) => (Status::Held, None, None),
        (_, Some((review, Ok(approved)))) => {
            (Status::Approved, None, Some(order(&approved, &review.view)))
        }
        (_, Some((_, Err(denial)))) => (Status::Denied, Some(denial.code.name().to_owned()), None),
        (Verdict::AwaitingApproval(_), None) => (Status::AwaitingApproval, None, None),
        (Verdict::Submitted(_), None) => (Status::NotReviewed, None, None),
    };
    let (symbol, action) = (judged.proposal.symbol.clone(), judged.proposal.action);
    SymbolResult { symbol, action, status, code, order }
}

fn order(approved: &Approved, view: &KeptView) -> ReviewedOrder {
    let instrument = &view.instrument;
    let price = match approved.kind() {
        OrderKind::Limit { price } => Some(price),
        _ => view.market.taking(approved.side()),
    };
    let notional = price.map_or(Amount::ZERO, |it| instrument.notional(it, approved.quantity()));
    let leverage = approved.leverage();
    let decimals =
        |it: Option<Price>| it.map(|it| it.to_decimal(instrument.price_decimals).normalize());
    let margin = if approved.reduces() {
        Amount::ZERO
    } else {
        notional.share(1, i128::from(leverage.max(1)), Rounding::Up)
    };
    let plain = |it: Amount| it.to_decimal().normalize();
    ReviewedOrder {
        quantity: approved.quantity().to_decimal(instrument.quantity_decimals).normalize(),
        leverage,
        notional: plain(notional),
        margin: plain(margin),
        expected_fee: plain(notional.times(instrument.fees.taker, Rounding::Up)),
        stop_loss: decimals(approved.protection().stop_loss),
        take_profit: decimals(approved.protection().take_profit),
        clamps: approved.clamps().iter().map(|it| clamp(it, instrument)).collect(),
    }
}

fn clamp(it: &Clamp, instrument: &Instrument) -> ClampRecord {
    let (field, decimals) = match it.field {
        ClampedField::Quantity => ("quantity", instrument.quantity_decimals),
        ClampedField::Leverage => ("leverage", 0),
        ClampedField::StopLoss => ("stop_loss", instrument.price_decimals),
        ClampedField::TakeProfit => ("take_profit", instrument.price_decimals),
    };
    let decimal = |mantissa: i64| Decimal::new(mantissa, u32::from(decimals)).normalize();
    ClampRecord {
        field: field.to_owned(),
        limit: it.limit.name().to_owned(),
        wished: (it.wished != 0).then(|| decimal(it.wished)),
        approved: decimal(it.approved),
    }
}

/// Every field in which two results differ.
fn differences(before: &SymbolResult, after: &SymbolResult) -> Vec<Change> {
    let (old, new) = (fields(before), fields(after));
    let pairs = old.into_iter().zip(new).filter(|((_, old), (_, new))| old != new);
    pairs
        .map(|((field, original), (_, replayed))| Change {
            symbol: before.symbol.clone(),
            field: field.to_owned(),
            original,
            replayed,
        })
        .collect()
}

type Field = (&'static str, Option<String>);

/// What of a result is compared, as text.
fn fields(it: &SymbolResult) -> [Field; 10] {
    fn text<T: ToString>(it: Option<T>) -> Option<String> {
        it.map(|it| it.to_string())
    }
    let order = it.order.as_ref();
    [
        ("status", Some(it.status.name().to_owned())),
        ("code", it.code.clone()),
        ("quantity", text(order.map(|it| it.quantity))),
        ("leverage", text(order.map(|it| it.leverage))),
        ("notional", text(order.map(|it| it.notional))),
        ("margin", text(order.map(|it| it.margin))),
        ("expected_fee", text(order.map(|it| it.expected_fee))),
        ("stop_loss", text(order.and_then(|it| it.stop_loss))),
        ("take_profit", text(order.and_then(|it| it.take_profit))),
        ("clamps", order.map(|it| it.clamps.iter().map(clamp_text).collect::<Vec<_>>().join(", "))),
    ]
}

fn clamp_text(it: &ClampRecord) -> String {
    let wished = it.wished.map_or_else(|| "none".to_owned(), |it| it.to_string());
    format!("{} {} -> {} ({})", it.field, wished, it.approved, it.limit)
}

impl Status {
    /// The name, e.g. `approved`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Skipped => "skipped",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Held => "held",
            Self::NotReviewed => "not_reviewed",
        }
    }
}
