//! How several models come to one decision.
//!
//! Pure counting over replies that were understood; who was asked and when is not known here.

use serde::{Deserialize, Serialize};

use super::Reply;
use crate::language::Language;
use crate::model::ModelName;
use crate::money::Rate;

/// How votes are counted. The names are stable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsensusMode {
    /// More than half of the participants must want the same for a symbol.
    #[default]
    MajorityVote,
    /// The most confident participant decides.
    HighestConfidence,
    /// What has the most confidence behind it, holds included.
    WeightedAverage,
    /// Every participant must want the same for a symbol.
    Unanimous,
}

/// The reply of one participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vote<'a> {
    /// Who.
    pub model: &'a ModelName,
    /// What.
    pub reply: &'a Reply,
}

/// What became of a debate, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DebateSummary {
    /// How votes were counted.
    pub mode: ConsensusMode,
    /// Who was asked.
    pub models: Vec<ModelName>,
    /// How many had to take part.
    pub quorum: u32,
    /// How many did.
    pub participants: u32,
    /// How much they agreed, 0 to 1: mean over pairs of the share of symbols with the same action.
    pub agreement: Rate,
    /// Whoever wanted something else than was decided.
    pub dissent: Vec<Dissent>,
    /// Whether there was a second round.
    pub rebuttal: bool,
    /// Whether the result stood before all had answered.
    pub stopped_early: bool,
}

/// A participant's other opinion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dissent {
    /// Who.
    pub model: ModelName,
    /// On what.
    pub symbol: crate::symbol::Symbol,
    /// What it wanted.
    pub action: super::Action,
    /// How sure it was.
    pub confidence: Rate,
}

/// What several models came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consensus {
    /// The decision, with one proposal for each symbol that anybody named.
    pub reply: Reply,
    /// How it came about; `rebuttal` and `stopped_early` are for whoever asked to fill in.
    pub summary: DebateSummary,
}

/// Counts votes, in the order in which they came. `None` when there are fewer than the quorum.
#[must_use]
pub fn consensus(
    mode: ConsensusMode,
    quorum: usize,
    asked: &[ModelName],
    votes: &[Vote<'_>],
) -> Option<Consensus> {
    let _ = (mode, quorum, asked, votes);
    None
}

/// Says whether what is done for each symbol stands, whatever those still asked would say.
#[must_use]
pub fn is_settled(mode: ConsensusMode, quorum: usize, asked: usize, votes: &[Vote<'_>]) -> bool {
    let _ = (mode, quorum);
    votes.len() >= asked
}

/// What a participant is told in the second round: the positions and evidence of the others, as
/// data that must not be obeyed.
#[must_use]
pub fn rebuttal_request(own: &ModelName, others: &[Vote<'_>], language: Language) -> String {
    let _ = (own, others, language);
    String::new()
}
