//! Compares numbers that a model cites with the data it was given.

mod cited;
mod known;

use cited::Citation;
use known::Known;
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

/// Fewer numbers than this never veto anything.
const FEWEST: u32 = 3;

/// Compares what a reply says of the market with what was known.
///
/// Numbers count that stand right behind the name of what they tell: a price, an RSI, EMA, MACD or
/// ATR, the funding rate, equity, and of a position that is held its entry, stop, liquidation price
/// and size. The value of any timeframe will do. What a model proposes (its own entry, stop, target
/// and size) is no claim. The tolerance is 1 % of a price or average, 2 points of an RSI, 10 % of a
/// MACD, ATR or funding rate, 2 % of equity, 5 % of a size, and always half a unit of the last
/// digit that was cited.
///
/// Entries are refused (`vetoed`) when more than `veto_percent` of the numbers are contradicted,
/// and at least three could be compared.
#[must_use]
pub fn check(reply: &Reply, snapshot: &Snapshot, veto_percent: Decimal) -> ClaimReport {
    let mut report = ClaimReport::default();
    let markets: Vec<&Symbol> = snapshot.markets.iter().map(|it| &it.symbol).collect();
    for citation in cited::citations(&reply.chain_of_thought, &markets, None) {
        compare(&citation, reply, snapshot, &mut report);
    }
    for proposal in &reply.proposals {
        for citation in cited::citations(&proposal.reasoning, &markets, Some(&proposal.symbol)) {
            compare(&citation, reply, snapshot, &mut report);
        }
    }
    let share = Decimal::from(report.contradictions.len()) * Decimal::ONE_HUNDRED;
    let allowed = veto_percent * Decimal::from(report.checked);
    report.vetoed = report.checked >= FEWEST && share > allowed;
    report
}

/// Compares one number with the nearest of those that it may mean.
fn compare(it: &Citation, reply: &Reply, snapshot: &Snapshot, report: &mut ClaimReport) {
    let values: Vec<Known> = snapshot
        .markets
        .iter()
        .filter(|market| it.symbol.as_ref().is_none_or(|symbol| *symbol == market.symbol))
        .filter(|market| !(it.topic.is_of_position() && opens(reply, &market.symbol)))
        .flat_map(|market| known::values(it, market, snapshot))
        .collect();
    let nearest = values.iter().min_by_key(|known| (known.value - it.number.value).abs());
    let Some(nearest) = nearest else { return };
    report.checked += 1;
    if !values.iter().any(|known| known.agrees(it)) {
        report.contradictions.push(Contradiction {
            symbol: nearest.symbol.clone(),
            what: nearest.name.clone(),
            claimed: it.number.value.normalize().to_string(),
            actual: nearest.value.normalize().to_string(),
        });
    }
}

/// Says whether an entry is proposed, so that what is said of a position may be about that.
fn opens(reply: &Reply, symbol: &Symbol) -> bool {
    reply.proposals.iter().any(|it| it.symbol == *symbol && it.action.is_open())
}
