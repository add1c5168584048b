//! Reads answers of models: strictly first, and with repairs only where that fails.
//!
//! Pure text in, proposals out. Whether a proposal is wise, and what is done about one that was
//! dropped, is not known here.

mod fields;
mod proposal;
mod quotes;
mod salvage;
mod shape;
mod text;
mod tolerant;
mod value;

use super::{Action, AnswerError, Dropped, PositionSnapshot, Proposal, Reply};
use crate::instrument::Instrument;
use crate::money::Rate;
use crate::symbol::Symbol;
use proposal::{Context, Scale};
use salvage::{Answer, Unusable};
use value::Value;

/// Characters of the longest text that is kept of an answer.
const LONGEST_TEXT: usize = 32_768;
/// How many dropped decisions are told.
const MOST_DROPPED: usize = 64;
/// How many notes are kept on what was changed.
const MOST_NOTES: usize = 128;
/// Minutes of the latest review that may be asked for: 30 days.
const LATEST_REVIEW: u32 = 43_200;

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

/// Reads an answer. An answer whose list of decisions is empty is a reply without proposals; one
/// whose decisions all had to be dropped is none.
#[must_use]
pub fn parse(text: &str, universe: &Universe<'_>) -> Parsed {
    let mut trail = Vec::new();
    match salvage::find(text, &mut trail) {
        Ok(answer) => understand(&answer, universe, trail),
        Err(unusable) => failed(unusable, Vec::new(), trail),
    }
}

fn failed(unusable: Unusable, dropped: Vec<Dropped>, trail: Vec<String>) -> Parsed {
    let (kind, message) = (unusable.kind().to_owned(), unusable.message().to_owned());
    Parsed { reply: None, dropped, trail, error: Some(AnswerError { kind, message }) }
}

fn understand(answer: &Answer, universe: &Universe<'_>, mut trail: Vec<String>) -> Parsed {
    let symbols: Vec<Symbol> = universe.instruments.iter().map(|it| it.symbol.clone()).collect();
    let stated = answer.member(&fields::OVERALL);
    let each = answer.decisions.iter().filter_map(|it| match it {
        Value::Object(object) => object.get(&fields::CONFIDENCE),
        _ => None,
    });
    let scale = Scale::of(each.chain(stated));
    let overall = scale.read(stated).unwrap_or_else(Some);
    let context = Context { universe, symbols: &symbols, scale, overall };
    let (proposals, dropped) = read_all(&answer.decisions, &context, &mut trail);
    if proposals.is_empty() && !answer.decisions.is_empty() {
        return failed(Unusable::NothingLeft, dropped, trail);
    }
    let reply = Reply {
        chain_of_thought: answer.thought(),
        market_assessment: answer.words(&fields::ASSESSMENT),
        overall_confidence: overall.unwrap_or_else(|| mean_confidence(&proposals)),
        next_review_minutes: next_review(answer),
        proposals,
    };
    Parsed { reply: Some(reply), dropped, trail, error: None }
}

fn read_all(
    decisions: &[Value],
    context: &Context<'_>,
    trail: &mut Vec<String>,
) -> (Vec<Proposal>, Vec<Dropped>) {
    let (mut proposals, mut dropped): (Vec<Proposal>, Vec<Dropped>) = (Vec::new(), Vec::new());
    let mut notes = Vec::new();
    for value in decisions {
        let kept = proposal::read(value, context, &mut notes);
        match kept.map(|it| (refusal(&proposals, &it), it)) {
            Ok((None, it)) => proposals.push(it),
            Ok((Some(reason), _)) => dropped.push(proposal::dropped(value, reason)),
            Err(it) => dropped.push(it),
        }
        notes.truncate(MOST_NOTES);
        dropped.truncate(MOST_DROPPED);
    }
    trail.append(&mut notes);
    (proposals, dropped)
}

/// Why a proposal has no place beside those before it: a symbol has one, and a position is closed
/// before the other side is opened.
fn refusal(before: &[Proposal], it: &Proposal) -> Option<&'static str> {
    let first = before.iter().find(|first| first.instrument == it.instrument)?;
    let turns = matches!(
        (first.action, it.action),
        (Action::CloseLong, Action::OpenShort) | (Action::CloseShort, Action::OpenLong)
    );
    Some(if turns { "close_first" } else { "duplicate_symbol" })
}

fn mean_confidence(proposals: &[Proposal]) -> Rate {
    let sum: i64 = proposals.iter().map(|it| it.confidence.0).sum();
    Rate(sum / i64::try_from(proposals.len()).unwrap_or(1).max(1))
}

fn next_review(answer: &Answer) -> Option<u32> {
    let minutes = answer.member(&fields::REVIEW).and_then(fields::number)?;
    u32::try_from(minutes.trunc()).ok().filter(|it| (1..=LATEST_REVIEW).contains(it))
}
