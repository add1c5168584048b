//! The sealed record of a decision: what was asked, what was known, what came back, what was made
//! of it.
//!
//! Records of one worker are chained by their hashes. What happened later (reviews, orders, fills,
//! outcomes) refers to it by id and sequence and is not part of it.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claims::ClaimReport;
use super::debate::DebateSummary;
use super::{Proposal, Reply, Snapshot};
use crate::ids::{UserId, WorkerId};
use crate::intent::Intent;
use crate::model::{AnswerFormat, FailureKind, FinishReason, Message, ModelName, Usage};
use crate::money::{Amount, Rate};
use crate::time::Timestamp;

/// Version of the record's layout.
pub const DECISION_VERSION: u16 = 1;

/// One decision.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct DecisionId(pub Uuid);

impl std::fmt::Display for DecisionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What began a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The worker started.
    Started,
    /// The interval was over.
    Interval,
    /// The model wanted to be asked again now.
    Review,
    /// A person asked.
    Manual,
    /// The price moved a lot.
    Volatility,
    /// An order was filled.
    Fill,
    /// A stop is near.
    StopNear,
}

/// One answer of one model, with everything that was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerRecord {
    /// Who was asked.
    pub model: ModelName,
    /// Who answered, where that was another.
    pub answered_by: Option<ModelName>,
    /// Which round: 1, or 2 for a rebuttal.
    pub round: u32,
    /// Which attempt: 1, or 2 after the model was shown its error.
    pub attempt: u32,
    /// Parameters of the call.
    pub parameters: CallParameters,
    /// What was said to this model after the common prompt.
    pub follow_up: Vec<Message>,
    /// The answer as it came.
    pub raw: String,
    /// Reasoning that came beside it.
    pub reasoning: String,
    /// Why it stopped; `None` when there was no answer.
    pub finish: Option<FinishReason>,
    /// What reading it took, step by step.
    pub trail: Vec<String>,
    /// What was understood; `None` when nothing was.
    pub reply: Option<Reply>,
    /// Proposals that were dropped, and why.
    pub dropped: Vec<Dropped>,
    /// Why there is nothing, where there is nothing.
    pub error: Option<AnswerError>,
    /// What it took.
    pub usage: Usage,
}

/// Parameters of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallParameters {
    /// Randomness.
    pub temperature: Option<Rate>,
    /// Most tokens of the answer.
    pub max_answer_tokens: u32,
    /// Most tokens of reasoning.
    pub max_reasoning_tokens: u32,
    /// How the answer was asked for; `None` when nobody was asked.
    pub format: Option<AnswerFormat>,
}

/// Why an answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerError {
    /// `unreadable`, or the name of a `FailureKind`.
    pub kind: String,
    /// For people.
    pub message: String,
}

impl AnswerError {
    /// The error of a call that failed.
    #[must_use]
    pub fn of_call(kind: FailureKind, message: &str) -> Self {
        Self { kind: kind.name().to_owned(), message: message.to_owned() }
    }
}

/// A proposal that was not understood, while its neighbours were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// The proposal as it came, shortened.
    pub text: String,
    /// Why.
    pub reason: String,
}

/// What was made of a proposal. The names are stable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing was to be done.
    Held,
    /// It became this wish; the account's review follows it in the journal.
    Submitted(Intent),
    /// It became this wish, which waits for a person.
    AwaitingApproval(Intent),
    /// It was not carried out; a stable code such as `nothing_to_close` or `safe_mode`.
    Skipped(String),
}

/// A proposal and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// What was proposed.
    pub proposal: Proposal,
    /// What was made of it.
    pub verdict: Verdict,
}

/// How a cycle ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionResult {
    /// There is a decision, perhaps to do nothing.
    Decided,
    /// There is none; a stable code and a sentence.
    Failed {
        /// E.g. `no_quorum`, `unreadable`, `interrupted`, or the name of a `FailureKind`.
        code: String,
        /// For people.
        message: String,
    },
}

/// The sealed record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Layout version.
    pub version: u16,
    /// Its id, derived from worker, number and time.
    pub id: DecisionId,
    /// Whose.
    pub worker: WorkerId,
    /// Counts the worker's decisions; the first is 1.
    pub number: u64,
    /// Hash of the one before, empty for the first.
    pub previous: String,
    /// When it was made.
    pub time: Timestamp,
    /// When the cycle began.
    pub began_at: Timestamp,
    /// What began it.
    pub trigger: Trigger,
    /// Which version of the strategy.
    pub strategy_version: u32,
    /// The model asked, or `debate:Nmodels`.
    pub ai_model: String,
    /// The common prompt: system, then user.
    pub prompt: Vec<Message>,
    /// Its sections, in order.
    pub sections: Vec<String>,
    /// SHA-256 of the prompt.
    pub prompt_hash: String,
    /// What was known.
    pub snapshot: Snapshot,
    /// SHA-256 of the snapshot.
    pub snapshot_hash: String,
    /// Every answer, in the order they came.
    pub answers: Vec<AnswerRecord>,
    /// The debate, where there was one.
    pub debate: Option<DebateSummary>,
    /// How it ended.
    pub result: DecisionResult,
    /// How the model came to it.
    pub chain_of_thought: String,
    /// What it makes of the market.
    pub market_assessment: String,
    /// How sure it is as a whole, 0 to 1.
    pub overall_confidence: Rate,
    /// When it wants to be asked again, within bounds.
    pub next_review_minutes: Option<u32>,
    /// Proposals and what was made of them.
    pub proposals: Vec<Judged>,
    /// What became of numbers that were cited.
    pub claims: ClaimReport,
    /// Whether text from outside took part.
    pub tainted: bool,
    /// Whether entries were refused because models had failed repeatedly.
    pub safe_mode: bool,
    /// All calls together.
    pub usage: Usage,
    /// When approvals expire, where some are awaited.
    pub approval_expires_at: Option<Timestamp>,
    /// SHA-256 over all of the above; see `seal`.
    pub hash: String,
}

/// What became of proposals that awaited approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// A person agreed; the wishes follow.
    Approved,
    /// A person refused.
    Refused,
    /// Nobody answered in time.
    Expired,
    /// A person agreed, but the price had left the band; nothing was done.
    PriceMoved,
    /// A newer decision took its place.
    Superseded,
}

/// What a decision turned out to be worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// After how long.
    pub horizon: Horizon,
    /// Of which proposal.
    pub symbol: crate::symbol::Symbol,
    /// Price when it was decided.
    pub price_then: rust_decimal::Decimal,
    /// Price now.
    pub price_now: rust_decimal::Decimal,
    /// Gain per notional in the proposed direction, before costs; negative for a loss.
    pub gain: Rate,
    /// What the trade earned, fees included; only after a close.
    pub pnl: Option<Amount>,
}

/// When an outcome is measured. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Horizon {
    /// After one hour.
    OneHour,
    /// After four hours.
    FourHours,
    /// After a day.
    OneDay,
    /// When the position that it opened was closed.
    Close,
}

impl Horizon {
    /// The name in answers, e.g. `4h`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneHour => "1h",
            Self::FourHours => "4h",
            Self::OneDay => "24h",
            Self::Close => "close",
        }
    }
}

/// What a worker tells its account about decisions; each becomes a record of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DecisionEvent {
    /// A decision was made.
    Made(Box<Decision>),
    /// What awaited approval was resolved.
    Resolved {
        /// Which decision.
        decision: DecisionId,
        /// How.
        resolution: Resolution,
        /// By whom, where a person did.
        by: Option<UserId>,
    },
    /// What it turned out to be worth.
    Measured {
        /// Which decision.
        decision: DecisionId,
        /// What.
        outcome: Outcome,
    },
}
