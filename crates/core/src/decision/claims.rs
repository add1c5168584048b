//! Compares numbers that a model cites with the data it was given.

use serde::{Deserialize, Serialize};

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
