//! How well a model knows how sure it may be: its confidence against what came of it.
//!
//! Where confidences and gains come from is not known here.

use serde::{Deserialize, Serialize};

use crate::money::{RATE_ONE, Rate, Rounding, divide};

/// How many bins the table has.
const BINS: i64 = 10;

/// The calibration of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// Which model.
    pub model: String,
    /// Its decisions.
    pub decisions: u64,
    /// Of these, those whose outcome is known.
    pub measured: u64,
    /// Mean of the squared distance of confidence and outcome (Brier 1950): 0 is perfect, 0.25 is
    /// what "perhaps" gets for everything. `None` when nothing was measured.
    pub brier: Option<Rate>,
    /// Confidence against hits, from the least confident to the most; bins without decisions are
    /// left out.
    pub table: Vec<Bin>,
}

/// Decisions of about the same confidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// The least confidence that belongs here.
    pub from: Rate,
    /// Where the next bin begins; the last one includes 1.
    pub to: Rate,
    /// How many there are.
    pub count: u64,
    /// Mean of their confidence.
    pub mean_confidence: Rate,
    /// Share of them that gained.
    pub hit_rate: Rate,
}

impl Calibration {
    /// Compares confidences with gains; a gain of `None` is not known yet, zero is no hit.
    #[must_use]
    pub fn of(model: &str, pairs: &[(Rate, Option<Rate>)]) -> Self {
        let measured: Vec<(Rate, bool)> = pairs
            .iter()
            .filter_map(|(confidence, gain)| Some((*confidence, (*gain)?.is_positive())))
            .collect();
        Self {
            model: model.to_owned(),
            decisions: pairs.len() as u64,
            measured: measured.len() as u64,
            brier: brier(&measured),
            table: (0..BINS).filter_map(|bin| Bin::of(bin, &measured)).collect(),
        }
    }
}

impl Bin {
    fn of(bin: i64, measured: &[(Rate, bool)]) -> Option<Self> {
        let width = RATE_ONE / BINS;
        let here: Vec<_> =
            measured.iter().filter(|(it, _)| (it.0 / width).clamp(0, BINS - 1) == bin).collect();
        let hits = here.iter().filter(|(_, hit)| *hit).count() as i128;
        Some(Self {
            from: Rate(bin * width),
            to: Rate((bin + 1) * width),
            count: here.len() as u64,
            mean_confidence: mean(here.iter().map(|(it, _)| i128::from(it.0)), here.len())?,
            hit_rate: mean([hits * i128::from(RATE_ONE)].into_iter(), here.len())?,
        })
    }
}

fn brier(measured: &[(Rate, bool)]) -> Option<Rate> {
    let squares = measured.iter().map(|(confidence, hit)| {
        let outcome = if *hit { RATE_ONE } else { 0 };
        let distance = i128::from(confidence.0 - outcome);
        divide(distance * distance, i128::from(RATE_ONE), Rounding::Nearest)
    });
    mean(squares, measured.len())
}

/// The sum of values per count, to the nearest; `None` when there are none.
fn mean(values: impl Iterator<Item = i128>, count: usize) -> Option<Rate> {
    let count = i128::try_from(count).ok().filter(|count| *count > 0)?;
    i64::try_from(divide(values.sum(), count, Rounding::Nearest)).ok().map(Rate)
}
