//! How several models come to one decision.
//!
//! Pure counting over replies that were understood; who was asked and when is not known here.

use serde::{Deserialize, Serialize};

use super::Reply;
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
