//! Decisions and what became of them as plain rows, each a function of one record of the journal.
//!
//! Knows nothing of databases beyond reading a row.

use banyan_core::decision::{Decision, DecisionId, DecisionResult, Verdict};
use banyan_core::ids::{AccountId, Sequence, UserId, WorkerId};
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::money::{Amount, Rate};
use banyan_core::time::Timestamp;

use super::driver::from_rows;
use super::event::{kind, number};
use super::rows::{RowHead, narrow};
use super::text::{amount_of, intent_text, json_text, name, parsed};

/// A decision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is as in the sealed record")]
pub struct DecisionRow {
    pub head: RowHead,
    pub id: DecisionId,
    pub strategy: WorkerId,
    pub strategy_version: i64,
    /// Counts the strategy's decisions; the first is 1.
    pub number: i64,
    pub decided_at: Timestamp,
    pub ai_model: String,
    /// What began the cycle.
    pub began_by: String,
    /// Why there is no decision, as a stable code, where there is none.
    pub failure: Option<String>,
    pub confidence: Rate,
    /// Each proposed action between commas, e.g. `,open_long,hold,`; empty when there is none.
    pub actions: String,
    pub tokens: i64,
    /// In dollars.
    pub cost: Amount,
    /// From the beginning of the cycle to the decision.
    pub latency_ms: i64,
    pub tainted: bool,
    /// Whether a wish of it waits, or waited, for a person.
    pub awaits_approval: bool,
    pub previous: String,
    pub hash: String,
    /// The sealed record as JSON.
    pub payload: String,
}

/// What became of a decision: a review of a wish, an approval, an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is as in the record")]
pub struct DecisionEventRow {
    pub account: AccountId,
    pub sequence: Sequence,
    pub owner: UserId,
    pub created_at: Timestamp,
    pub strategy: WorkerId,
    /// `intent_reviewed`, `review_witnessed`, `decision_resolved` or `decision_measured`.
    pub kind: String,
    /// The decision, where the record names it.
    pub decision: Option<DecisionId>,
    /// The record of the decision, or of its approval, where the record follows from one.
    pub cause: Option<Sequence>,
    /// The wish that was reviewed.
    pub correlation: Option<String>,
    /// Whether it was approved.
    pub approved: Option<bool>,
    /// When an outcome was measured.
    pub horizon: Option<String>,
    /// What it was, per notional.
    pub gain: Option<Rate>,
}

impl DecisionRow {
    /// The row of a record that holds a decision.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let AccountEvent::DecisionMade(decision) = &record.event else {
            return None;
        };
        Some(Self::of_decision(head(record), decision))
    }

    /// The row of a decision.
    pub(super) fn of_decision(head: RowHead, decision: &Decision) -> Self {
        let usage = decision.usage;
        let awaited = |it: &Verdict| matches!(it, Verdict::AwaitingApproval(_));
        Self {
            head,
            id: decision.id,
            strategy: decision.worker,
            strategy_version: i64::from(decision.strategy_version),
            number: number(decision.number),
            decided_at: decision.time,
            ai_model: decision.ai_model.clone(),
            began_by: name(&decision.trigger),
            failure: failure(&decision.result),
            confidence: decision.overall_confidence,
            actions: actions(decision),
            tokens: number(usage.input_tokens.saturating_add(usage.output_tokens)),
            cost: usage.cost,
            latency_ms: decision.time.0.saturating_sub(decision.began_at.0) / 1_000,
            tainted: decision.tainted,
            awaits_approval: decision.proposals.iter().any(|it| awaited(&it.verdict)),
            previous: decision.previous.clone(),
            hash: decision.hash.clone(),
            payload: json_text(decision),
        }
    }
}

impl DecisionEventRow {
    /// The row of a record that tells what became of a decision. A review is one only when it
    /// follows from a decision: other strategies wish without a cause.
    pub(super) fn of(record: &Record) -> Option<Self> {
        let mut row = Self {
            account: record.account,
            sequence: record.sequence,
            owner: record.tenant,
            created_at: record.recorded_at,
            strategy: WorkerId::default(),
            kind: kind(&record.event).to_owned(),
            decision: None,
            cause: record.cause,
            correlation: None,
            approved: None,
            horizon: None,
            gain: None,
        };
        match &record.event {
            AccountEvent::IntentReviewed { id, outcome, .. } if record.cause.is_some() => {
                row.strategy = id.worker;
                row.correlation = Some(intent_text(*id));
                row.approved = Some(outcome.is_ok());
            }
            AccountEvent::ReviewWitnessed { id, .. } => {
                row.strategy = id.worker;
                row.correlation = Some(intent_text(*id));
            }
            AccountEvent::DecisionResolved { worker, decision, .. } => {
                (row.strategy, row.decision) = (*worker, Some(*decision));
            }
            AccountEvent::DecisionMeasured { worker, decision, outcome } => {
                (row.strategy, row.decision) = (*worker, Some(*decision));
                row.horizon = Some(outcome.horizon.name().to_owned());
                row.gain = Some(outcome.gain);
            }
            _ => return None,
        }
        Some(row)
    }
}

fn head(record: &Record) -> RowHead {
    RowHead {
        account: record.account,
        sequence: record.sequence,
        owner: record.tenant,
        created_at: record.recorded_at,
        updated_at: record.recorded_at,
    }
}

fn failure(result: &DecisionResult) -> Option<String> {
    match result {
        DecisionResult::Decided => None,
        DecisionResult::Failed { code, .. } => Some(code.clone()),
    }
}

fn actions(decision: &Decision) -> String {
    let names = decision.proposals.iter().map(|it| it.proposal.action.name());
    let mut text = names.fold(String::new(), |text, name| text + "," + name);
    if !text.is_empty() {
        text.push(',');
    }
    text
}

from_rows!(DecisionRow, row => DecisionRow {
    head: RowHead::from_row(row)?,
    id: DecisionId(parsed(row.try_get("id")?)?),
    strategy: WorkerId(parsed(row.try_get("strategy_id")?)?),
    strategy_version: row.try_get("strategy_version")?,
    number: row.try_get("number")?,
    decided_at: Timestamp(row.try_get("decided_at")?),
    ai_model: row.try_get("ai_model")?,
    began_by: row.try_get("began_by")?,
    failure: row.try_get("failure")?,
    confidence: Rate(row.try_get("confidence")?),
    actions: row.try_get("actions")?,
    tokens: row.try_get("tokens")?,
    cost: amount_of(row.try_get("cost")?)?,
    latency_ms: row.try_get("latency_ms")?,
    tainted: row.try_get::<i64, _>("tainted")? != 0,
    awaits_approval: row.try_get::<i64, _>("awaits_approval")? != 0,
    previous: row.try_get("previous")?,
    hash: row.try_get("hash")?,
    payload: row.try_get("payload")?,
});

from_rows!(DecisionEventRow, row => {
    let decision: Option<String> = row.try_get("decision_id")?;
    let cause: Option<i64> = row.try_get("cause")?;
    DecisionEventRow {
        account: AccountId(parsed(row.try_get("account_id")?)?),
        sequence: Sequence(narrow(row.try_get("seq")?, "seq")?),
        owner: UserId(parsed(row.try_get("owner_id")?)?),
        created_at: Timestamp(row.try_get("created_at")?),
        strategy: WorkerId(parsed(row.try_get("strategy_id")?)?),
        kind: row.try_get("kind")?,
        decision: decision.as_deref().map(parsed).transpose()?.map(DecisionId),
        cause: cause.map(|cause| narrow(cause, "cause")).transpose()?.map(Sequence),
        correlation: row.try_get("correlation")?,
        approved: row.try_get::<Option<i64>, _>("approved")?.map(|it| it != 0),
        horizon: row.try_get("horizon")?,
        gain: row.try_get::<Option<i64>, _>("gain")?.map(Rate),
    }
});
