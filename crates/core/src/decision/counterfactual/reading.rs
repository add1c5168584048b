//! Reads the answers of a decision again, counts the votes again, and tells what would be read
//! otherwise today.
//!
//! With the parser that made the record there is no difference; a later one may read more.

use super::Change;
use crate::decision::{
    AnswerRecord, Decision, DecisionResult, Parsed, Proposal, Reply, Universe, Vote, consensus,
    parse,
};
use crate::instrument::Instrument;
use crate::model::ModelName;
use crate::symbol::Symbol;

/// Kinds of errors that reading makes; all others are of calls, which left nothing to be read.
const OF_READING: [&str; 3] = ["empty", "unreadable", "no_decisions"];

/// Of all instruments those that the decision was about, so that a short name means what it meant.
pub(super) fn traded<'a>(decision: &Decision, all: &[&'a Instrument]) -> Vec<&'a Instrument> {
    let seen = decision.snapshot.markets.iter().map(|it| &it.symbol);
    let seen = seen.chain(decision.snapshot.left_out.iter().map(|it| &it.symbol));
    let seen: Vec<&Symbol> = seen.chain(proposed(decision).map(|it| &it.symbol)).collect();
    all.iter().copied().filter(|it| seen.contains(&&it.symbol)).collect()
}

fn proposed(decision: &Decision) -> impl Iterator<Item = &Proposal> {
    decision.proposals.iter().map(|it| &it.proposal)
}

/// Every proposal that is another today, or was or is none.
pub(super) fn compare(decision: &Decision, universe: &Universe<'_>) -> Vec<Change> {
    // A cycle that ended before its answers were weighed has nothing to compare with.
    let was_weighed = match &decision.result {
        DecisionResult::Decided => true,
        DecisionResult::Failed { code, .. } => OF_READING.contains(&code.as_str()),
    };
    if !was_weighed {
        return Vec::new();
    }
    let recorded: Vec<&Proposal> = proposed(decision).collect();
    let today = reply_today(decision, universe).map(|it| it.proposals).unwrap_or_default();
    let mut changes = Vec::new();
    for before in &recorded {
        let now = today.iter().find(|it| it.instrument == before.instrument);
        changes.extend(differences(&before.symbol, Some(*before), now));
    }
    let is_new = |it: &&Proposal| recorded.iter().all(|was| was.instrument != it.instrument);
    for now in today.iter().filter(is_new) {
        changes.extend(differences(&now.symbol, None, Some(now)));
    }
    changes
}

/// What the answers come to today.
fn reply_today(decision: &Decision, universe: &Universe<'_>) -> Option<Reply> {
    let replies = replies(decision, universe);
    let votes: Vec<Vote<'_>> = replies.iter().map(|(model, reply)| Vote { model, reply }).collect();
    match &decision.debate {
        Some(debate) => {
            let quorum = debate.quorum as usize;
            consensus(debate.mode, quorum, &debate.models, &votes).map(|it| it.reply)
        }
        None => votes.first().map(|it| it.reply.clone()),
    }
}

/// The last readable reply of each model, in the order in which models were asked.
fn replies<'a>(decision: &'a Decision, universe: &Universe<'_>) -> Vec<(&'a ModelName, Reply)> {
    let mut found: Vec<(&ModelName, Reply)> = Vec::new();
    for answer in decision.answers.iter().filter(|it| was_read(it)) {
        let Some(reply) = read(answer, universe).reply else { continue };
        match found.iter_mut().find(|(model, _)| *model == &answer.model) {
            Some(earlier) => earlier.1 = reply,
            None => found.push((&answer.model, reply)),
        }
    }
    if let Some(debate) = &decision.debate {
        found.sort_by_key(|(model, _)| debate.models.iter().position(|it| it == *model));
    }
    found
}

fn was_read(answer: &AnswerRecord) -> bool {
    answer.error.as_ref().is_none_or(|error| OF_READING.contains(&error.kind.as_str()))
}

/// Where the answer is empty, some servers have put it where reasoning belongs.
fn read(answer: &AnswerRecord, universe: &Universe<'_>) -> Parsed {
    let source = if answer.raw.trim().is_empty() { &answer.reasoning } else { &answer.raw };
    parse(source, universe)
}

fn differences(symbol: &Symbol, before: Option<&Proposal>, now: Option<&Proposal>) -> Vec<Change> {
    let old = before.map(fields).unwrap_or_default();
    let new = now.map(fields).unwrap_or_default();
    let names =
        ["action", "leverage", "position_size_usd", "stop_loss", "take_profit", "confidence"];
    let pairs = names.into_iter().zip(old.into_iter().zip(new));
    let changes = pairs.filter(|(_, (old, new))| old != new).map(|(name, (original, replayed))| {
        let (symbol, field) = (symbol.clone(), format!("proposal.{name}"));
        Change { symbol, field, original, replayed }
    });
    changes.collect()
}

/// What of a proposal is compared, as text.
fn fields(it: &Proposal) -> [Option<String>; 6] {
    [
        Some(it.action.name().to_owned()),
        it.leverage.map(|it| it.to_string()),
        it.position_size_usd.map(|it| it.to_string()),
        it.stop_loss.map(|it| it.normalize().to_string()),
        it.take_profit.map(|it| it.normalize().to_string()),
        Some(it.confidence.to_string()),
    ]
}
