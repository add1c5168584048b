//! How several models come to one decision.
//!
//! Pure counting over replies that were understood; who was asked and when is not known here.

use serde::{Deserialize, Serialize};

mod means;
mod rebuttal;

use super::{Action, Proposal, Reply};
use crate::instrument::InstrumentId;
use crate::model::ModelName;
use crate::money::{RATE_ONE, Rate, Rounding, divide};

pub use rebuttal::rebuttal_request;

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

/// Counts votes. `None` when there are fewer than the quorum.
///
/// A participant is whoever is among `votes`. To hold and to wait is one choice, and not to name a
/// symbol is that choice too. Where no action wins, nothing is done. Sizes, leverage, stops and
/// targets are means over those who wanted what won: equal ones, or by the weight of their votes.
/// Of two that are equally confident, the first counts.
#[must_use]
pub fn consensus(
    mode: ConsensusMode,
    quorum: usize,
    asked: &[ModelName],
    votes: &[Vote<'_>],
) -> Option<Consensus> {
    if votes.is_empty() || votes.len() < quorum {
        return None;
    }
    let reply = match mode {
        ConsensusMode::HighestConfidence => most_confident(votes)?.reply.clone(),
        _ => counted(mode, votes),
    };
    let summary = DebateSummary {
        mode,
        models: asked.to_vec(),
        quorum: u32::try_from(quorum).unwrap_or(u32::MAX),
        participants: u32::try_from(votes.len()).unwrap_or(u32::MAX),
        agreement: agreement(votes),
        dissent: dissent(votes, &reply),
        rebuttal: false,
        stopped_early: false,
    };
    Some(Consensus { reply, summary })
}

fn most_confident<'a>(votes: &[Vote<'a>]) -> Option<Vote<'a>> {
    let mut best = votes.first()?;
    for vote in votes {
        if vote.reply.overall_confidence > best.reply.overall_confidence {
            best = vote;
        }
    }
    Some(best.clone())
}

fn counted(mode: ConsensusMode, votes: &[Vote<'_>]) -> Reply {
    let proposals = named(votes)
        .into_iter()
        .map(|it| means::proposal(it, winner(mode, votes, it), mode, votes));
    Reply {
        chain_of_thought: means::together(votes, |reply| &reply.chain_of_thought),
        market_assessment: means::together(votes, |reply| &reply.market_assessment),
        overall_confidence: means::overall_confidence(votes),
        next_review_minutes: votes.iter().filter_map(|it| it.reply.next_review_minutes).min(),
        proposals: proposals.collect(),
    }
}

/// Every instrument that anybody named, in the order in which they were.
fn named(votes: &[Vote<'_>]) -> Vec<InstrumentId> {
    let mut found = Vec::new();
    for proposal in votes.iter().flat_map(|vote| &vote.reply.proposals) {
        if !found.contains(&proposal.instrument) {
            found.push(proposal.instrument);
        }
    }
    found
}

impl<'a> Vote<'a> {
    fn on(&self, instrument: InstrumentId) -> Option<&'a Proposal> {
        self.reply.proposals.iter().find(|it| it.instrument == instrument)
    }

    /// What it wants done; `None` for nothing.
    fn choice(&self, instrument: InstrumentId) -> Option<Action> {
        self.on(instrument).map(|it| it.action).filter(|it| !it.is_passive())
    }

    /// How sure it is of its choice; where it does not name the instrument, as sure as it is of the
    /// whole.
    fn confidence(&self, instrument: InstrumentId) -> Rate {
        self.on(instrument).map_or(self.reply.overall_confidence, |it| it.confidence)
    }

    /// What its choice weighs: its confidence as a whole times that in the choice.
    fn weight(&self, instrument: InstrumentId) -> i64 {
        let overall = i128::from(self.reply.overall_confidence.0);
        let product = overall * i128::from(self.confidence(instrument).0);
        i64::try_from(product / i128::from(RATE_ONE)).unwrap_or(RATE_ONE)
    }
}

/// What is to be done; `None` for nothing.
fn winner(mode: ConsensusMode, votes: &[Vote<'_>], instrument: InstrumentId) -> Option<Action> {
    let tally = Tally::of(mode, votes, instrument);
    let (leader, most) = tally.leader();
    let wins = match mode {
        ConsensusMode::MajorityVote => most * 2 > tally.total,
        ConsensusMode::Unanimous => most == tally.total,
        ConsensusMode::WeightedAverage | ConsensusMode::HighestConfidence => {
            tally.others(leader).all(|it| it < most)
        }
    };
    leader.filter(|_| wins)
}

/// What stands behind each choice: heads, or weights.
struct Tally {
    choices: Vec<(Option<Action>, i64)>,
    total: i64,
}

/// Everything that can be chosen; doing nothing first, so that it wins where all are equal.
const CHOICES: [Option<Action>; 5] = [
    None,
    Some(Action::CloseLong),
    Some(Action::CloseShort),
    Some(Action::OpenLong),
    Some(Action::OpenShort),
];

impl Tally {
    fn of(mode: ConsensusMode, votes: &[Vote<'_>], instrument: InstrumentId) -> Self {
        let weighs = |vote: &Vote<'_>| match mode {
            ConsensusMode::WeightedAverage => vote.weight(instrument),
            _ => 1,
        };
        let behind = |choice: Option<Action>| {
            votes.iter().filter(|it| it.choice(instrument) == choice).map(weighs).sum()
        };
        let choices = CHOICES.map(|choice| (choice, behind(choice)));
        Self { choices: choices.into(), total: votes.iter().map(weighs).sum() }
    }

    /// What has most behind it; the first of several.
    fn leader(&self) -> (Option<Action>, i64) {
        let mut best = (None, i64::MIN);
        for choice in &self.choices {
            if choice.1 > best.1 {
                best = *choice;
            }
        }
        best
    }

    fn others(&self, choice: Option<Action>) -> impl Iterator<Item = i64> {
        self.choices.iter().filter(move |it| it.0 != choice).map(|it| it.1)
    }
}

/// Says whether what is done for each symbol stands, whatever those still asked would say: they
/// may agree, disagree, name another symbol, or not answer at all.
///
/// This is about actions. The means of what wins are of those who answered, so whoever stops here
/// leaves out what the others might have added to them. The most confident is not known before all
/// have answered.
#[must_use]
pub fn is_settled(mode: ConsensusMode, quorum: usize, asked: usize, votes: &[Vote<'_>]) -> bool {
    let open = i64::try_from(asked.saturating_sub(votes.len())).unwrap_or(i64::MAX);
    if open == 0 {
        return true;
    }
    // An instrument that nobody named yet counts too.
    let unnamed = InstrumentId(u32::MAX);
    votes.len() >= quorum
        && !votes.is_empty()
        && named(votes).into_iter().chain([unnamed]).all(|it| stands(mode, open, votes, it))
}

fn stands(mode: ConsensusMode, open: i64, votes: &[Vote<'_>], instrument: InstrumentId) -> bool {
    let tally = Tally::of(mode, votes, instrument);
    let (leader, most) = tally.leader();
    match mode {
        ConsensusMode::HighestConfidence => false,
        ConsensusMode::Unanimous => leader.is_none() || most < tally.total,
        ConsensusMode::MajorityVote => {
            let certain = most * 2 > tally.total + open;
            let possible = |behind: i64| (behind + open) * 2 > tally.total + open;
            certain || !tally.others(None).any(possible)
        }
        // Each of those still asked weighs one at most.
        ConsensusMode::WeightedAverage => {
            let could_be = |behind: i64| behind.saturating_add(open.saturating_mul(RATE_ONE));
            let passive = tally.choices[0].1;
            tally.others(leader).all(|it| could_be(it) < most)
                || tally.others(None).all(|it| could_be(it) <= passive)
        }
    }
}

/// The mean over pairs of the share of instruments on which both choose the same.
fn agreement(votes: &[Vote<'_>]) -> Rate {
    let named = named(votes);
    let (mut same, mut all) = (0_i128, 0_i128);
    for (index, one) in votes.iter().enumerate() {
        for other in &votes[index + 1..] {
            let agreed = named.iter().filter(|it| one.choice(**it) == other.choice(**it)).count();
            same += agreed as i128;
            all += named.len() as i128;
        }
    }
    if all == 0 {
        return Rate::ONE;
    }
    let share = divide(same * i128::from(RATE_ONE), all, Rounding::Nearest);
    Rate(i64::try_from(share).unwrap_or(RATE_ONE))
}

/// Whoever chose something else than was decided, and for what.
fn dissent(votes: &[Vote<'_>], decided: &Reply) -> Vec<Dissent> {
    let decided = |instrument: InstrumentId| {
        let it = decided.proposals.iter().find(|it| it.instrument == instrument);
        it.map(|it| it.action).filter(|it| !it.is_passive())
    };
    let mut found = Vec::new();
    for instrument in named(votes) {
        let symbol = votes.iter().find_map(|it| it.on(instrument)).map(|it| &it.symbol);
        let others = votes.iter().filter(|it| it.choice(instrument) != decided(instrument));
        found.extend(others.zip(symbol.into_iter().cycle()).map(|(vote, symbol)| Dissent {
            model: vote.model.clone(),
            symbol: symbol.clone(),
            action: vote.on(instrument).map_or(Action::Wait, |it| it.action),
            confidence: vote.confidence(instrument),
        }));
    }
    found
}
