//! Refuses, before a start, what cannot work: a configuration against its instrument, the price
//! and the account.
//!
//! Validation says whether numbers are possible at all; lint says whether they make sense here. It
//! only reads.

mod ai;
mod rules;

use serde::{Deserialize, Serialize};

use super::AnyStrategy;
use super::config::{FieldError, StrategyConfig};
use super::grid::Ladder;
use crate::instrument::{Instrument, InstrumentId};
use crate::money::{Amount, Price};

/// What is wrong. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LintCode {
    /// A field is outside of its bounds, or does not fit the instrument.
    InvalidValue,
    /// After rounding to the step an order is below the venue's minimum.
    OrderTooSmall,
    /// An order is above the venue's maximum.
    OrderTooLarge,
    /// The target does not pay the fees of entry and exit.
    TargetEatenByFees,
    /// The step of the grid does not pay the fees of a buy and a sell.
    GridStepEatenByFees,
    /// The position would be liquidated before the stop is reached.
    StopBeyondLiquidation,
    /// The stop or target would be reached at once.
    StopOnWrongSide,
    /// The stop would be reached before the first safety order.
    SafetyOrderBeyondStop,
    /// The grid lies far from the price.
    GridFarFromPrice,
    /// Another worker trades this symbol on the same one-way account.
    SymbolInUse,
    /// More than the capital may be bound.
    BudgetAboveCapital,
    /// The venue does not allow this leverage for a position of this size.
    LeverageTooHigh,
}

/// One reason not to start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LintFinding {
    /// What is wrong.
    pub code: LintCode,
    /// The field to change; `symbol` where it is not the configuration's.
    pub field: &'static str,
    /// What is wrong, with the numbers, for people.
    pub message: String,
    /// What would work.
    pub suggestion: String,
}

/// What is known of the account.
#[derive(Debug, Clone, Copy)]
pub struct LintContext<'a> {
    /// Whether a symbol has one position only.
    pub account_one_way: bool,
    /// What the other workers of the account trade.
    pub symbols_in_use: &'a [InstrumentId],
    /// The capital that the worker may use, in the settle asset.
    pub capital: Amount,
}

/// Finds every reason not to start; empty when there is none.
#[must_use]
pub fn lint(
    config: &StrategyConfig,
    instrument: &Instrument,
    price: Price,
    context: &LintContext<'_>,
) -> Vec<LintFinding> {
    if let Err(errors) = build(config, instrument) {
        return errors.iter().map(invalid).collect();
    }
    let mut rules = rules::Rules::new(instrument, price, context);
    rules.check_symbol();
    match config {
        StrategyConfig::Grid(config) => rules.check_grid(config),
        StrategyConfig::Dca(config) => rules.check_dca(config),
        StrategyConfig::Rsi(config) => rules.check_rsi(config),
        StrategyConfig::EmaCross(config) => rules.check_ema_cross(config),
        StrategyConfig::Ai(config) => rules.check_ai(config),
    }
    rules.findings
}

/// The same for a strategy that trades several instruments, each with its price. What is wrong
/// whatever the instrument is told once.
#[must_use]
pub fn lint_all(
    config: &StrategyConfig,
    markets: &[(&Instrument, Price)],
    context: &LintContext<'_>,
) -> Vec<LintFinding> {
    let mut findings: Vec<LintFinding> = Vec::new();
    for (instrument, price) in markets {
        for finding in lint(config, instrument, *price, context) {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

/// Only a grid that is too small for its levels is left to the rules: they say what is needed.
fn build(config: &StrategyConfig, instrument: &Instrument) -> Result<(), Vec<FieldError>> {
    config.validate()?;
    match config {
        StrategyConfig::Grid(config) => Ladder::new(config, instrument).map(drop),
        // It may trade more than this one instrument.
        StrategyConfig::Ai(_) => Ok(()),
        other => AnyStrategy::new(other, &[instrument]).map(drop),
    }
}

fn invalid(error: &FieldError) -> LintFinding {
    LintFinding {
        code: LintCode::InvalidValue,
        field: error.field,
        suggestion: format!("correct {}", error.field),
        message: format!("{} {}", error.field, error.message),
    }
}
