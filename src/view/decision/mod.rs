//! A decision as people are shown it: what was known, what was said, what was made of it, and what
//! became of it.
//!
//! Reads a sealed record and the records that follow from it; decides nothing.

mod execution;
mod known;
mod proposal;
mod said;

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_core::decision::{
    ClaimReport, Decision, DecisionId, DecisionResult, LeftOut, Outcome, Resolution, Trigger,
    Verdict,
};
use banyan_core::ids::{UserId, WorkerId};
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::model::Message;
use banyan_core::time::Timestamp;
use serde::Serialize;

pub use execution::ExecutedOrder;
use execution::ExecutionView;
use known::{AccountSnapshotView, MarketSnapshotView};
use proposal::ProposalView;
use said::{AnswerView, DebateView, TextView};

use super::{Number, Time};

/// What became of a decision, as far as is known.
#[derive(Debug, Clone, Default)]
pub struct Aftermath<'r> {
    /// The records that follow from it, in sequence.
    pub records: Vec<&'r Record>,
    /// The orders that came of its wishes.
    pub orders: Vec<ExecutedOrder>,
}

/// A decision.
#[derive(Debug, Serialize)]
pub struct DecisionView<'d> {
    id: DecisionId,
    strategy_id: WorkerId,
    strategy_version: u32,
    number: u64,
    timestamp: Time,
    trigger: Trigger,
    status: &'static str,
    error: Option<FailureView<'d>>,
    chain_of_thought: &'d str,
    market_assessment: &'d str,
    overall_confidence: Number,
    next_review_minutes: Option<u32>,
    decisions: Vec<ProposalView<'d>>,
    executed: bool,
    execution_results: Vec<ExecutionView>,
    ai_model: &'d str,
    tokens_used: u64,
    latency_ms: i64,
    cost_usd: Number,
    market_snapshot: BTreeMap<String, MarketSnapshotView<'d>>,
    account_snapshot: AccountSnapshotView,
    left_out: &'d [LeftOut],
    is_debate: bool,
    debate_models: Option<Vec<&'d str>>,
    debate_consensus_mode: Option<banyan_core::decision::ConsensusMode>,
    debate_agreement_score: Option<Number>,
    debate: Option<DebateView<'d>>,
    claims: &'d ClaimReport,
    tainted: bool,
    safe_mode: bool,
    approval: Option<ApprovalView>,
    outcomes: Vec<OutcomeView>,
    prompt_hash: &'d str,
    snapshot_hash: &'d str,
    previous: &'d str,
    hash: &'d str,
}

/// A decision with everything that was said.
#[derive(Debug, Serialize)]
pub struct DecisionDetail<'d> {
    #[serde(flatten)]
    decision: DecisionView<'d>,
    prompt: &'d [Message],
    sections: &'d [String],
    answers: Vec<AnswerView<'d>>,
    external_texts: Vec<TextView<'d>>,
}

/// Why there is no decision.
#[derive(Debug, Serialize)]
struct FailureView<'d> {
    code: &'d str,
    message: &'d str,
}

/// How it stands with a person's approval.
#[derive(Debug, Serialize)]
struct ApprovalView {
    status: &'static str,
    expires_at: Option<Time>,
    resolved_at: Option<Time>,
    resolved_by: Option<UserId>,
}

/// What a proposal turned out to be worth.
#[derive(Debug, Serialize)]
struct OutcomeView {
    symbol: String,
    horizon: &'static str,
    measured_at: Time,
    price_then: Number,
    price_now: Number,
    gain_percent: Number,
    pnl: Option<Number>,
}

/// Shows a decision and what became of it by `now`.
#[must_use]
pub fn decision<'d>(
    decision: &'d Decision,
    after: &Aftermath<'_>,
    now: Timestamp,
) -> DecisionView<'d> {
    let approval = approval(decision, after, now);
    let waiting = approval.as_ref().map(|it| it.status);
    let execution_results = execution::results(decision, after, waiting);
    let summary = decision.debate.as_ref();
    let error = failure(&decision.result);
    DecisionView {
        id: decision.id,
        strategy_id: decision.worker,
        strategy_version: decision.strategy_version,
        number: decision.number,
        timestamp: decision.time.into(),
        trigger: decision.trigger,
        status: if error.is_some() { "failed" } else { "decided" },
        error,
        chain_of_thought: &decision.chain_of_thought,
        market_assessment: &decision.market_assessment,
        overall_confidence: decision.overall_confidence.into(),
        next_review_minutes: decision.next_review_minutes,
        decisions: decision.proposals.iter().map(|it| proposal::show(&it.proposal)).collect(),
        executed: execution_results.iter().any(|it| it.executed),
        execution_results,
        ai_model: &decision.ai_model,
        tokens_used: decision.usage.input_tokens.saturating_add(decision.usage.output_tokens),
        latency_ms: decision.time.0.saturating_sub(decision.began_at.0) / 1_000,
        cost_usd: decision.usage.cost.into(),
        market_snapshot: known::markets(&decision.snapshot),
        account_snapshot: known::account(&decision.snapshot),
        left_out: &decision.snapshot.left_out,
        is_debate: summary.is_some(),
        debate_models: summary.map(|it| it.models.iter().map(|model| model.as_str()).collect()),
        debate_consensus_mode: summary.map(|it| it.mode),
        debate_agreement_score: summary.map(|it| it.agreement.into()),
        debate: summary.map(said::debate),
        claims: &decision.claims,
        tainted: decision.tainted,
        safe_mode: decision.safe_mode,
        approval,
        outcomes: outcomes(after),
        prompt_hash: &decision.prompt_hash,
        snapshot_hash: &decision.snapshot_hash,
        previous: &decision.previous,
        hash: &decision.hash,
    }
}

/// Shows a decision with everything that was said.
#[must_use]
pub fn decision_detail<'d>(
    of: &'d Decision,
    after: &Aftermath<'_>,
    now: Timestamp,
) -> DecisionDetail<'d> {
    DecisionDetail {
        decision: decision(of, after, now),
        prompt: &of.prompt,
        sections: &of.sections,
        answers: of.answers.iter().map(said::answer).collect(),
        external_texts: of.snapshot.external.iter().map(said::external).collect(),
    }
}

#[derive(Serialize)]
struct Frame<'d> {
    strategy_id: WorkerId,
    decision: DecisionView<'d>,
}

/// The data of a `decision` frame: the decision and the records that were written with it.
#[must_use]
pub fn decision_frame(of: &Decision, records: Vec<&Record>) -> Arc<str> {
    let after = Aftermath { records, orders: Vec::new() };
    let frame = Frame { strategy_id: of.worker, decision: decision(of, &after, of.time) };
    super::frames::text(&frame)
}

fn failure(result: &DecisionResult) -> Option<FailureView<'_>> {
    match result {
        DecisionResult::Decided => None,
        DecisionResult::Failed { code, message } => Some(FailureView { code, message }),
    }
}

fn approval(decision: &Decision, after: &Aftermath<'_>, now: Timestamp) -> Option<ApprovalView> {
    let mut verdicts = decision.proposals.iter().map(|it| &it.verdict);
    if !verdicts.any(|it| matches!(it, Verdict::AwaitingApproval(_))) {
        return None;
    }
    let expires_at = decision.approval_expires_at;
    let resolved = after.records.iter().find_map(|record| match &record.event {
        AccountEvent::DecisionResolved { resolution, by, .. } => Some((record, *resolution, *by)),
        _ => None,
    });
    let status = match resolved {
        Some((_, resolution, _)) => resolution_name(resolution),
        None if expires_at.is_some_and(|end| now > end) => "expired",
        None => "pending",
    };
    Some(ApprovalView {
        status,
        expires_at: expires_at.map(Time),
        resolved_at: resolved.map(|(record, ..)| record.event_at.into()),
        resolved_by: resolved.and_then(|(.., by)| by),
    })
}

const fn resolution_name(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Approved => "approved",
        Resolution::Refused => "refused",
        Resolution::Expired => "expired",
        Resolution::PriceMoved => "price_moved",
        Resolution::Superseded => "superseded",
    }
}

fn outcomes(after: &Aftermath<'_>) -> Vec<OutcomeView> {
    let measured = after.records.iter().filter_map(|record| match &record.event {
        AccountEvent::DecisionMeasured { outcome, .. } => Some((outcome, record.event_at)),
        _ => None,
    });
    measured.map(|(outcome, at)| show_outcome(outcome, at)).collect()
}

fn show_outcome(outcome: &Outcome, at: Timestamp) -> OutcomeView {
    OutcomeView {
        symbol: outcome.symbol.to_string(),
        horizon: outcome.horizon.name(),
        measured_at: at.into(),
        price_then: outcome.price_then.into(),
        price_now: outcome.price_now.into(),
        gain_percent: Number::percent(outcome.gain),
        pnl: outcome.pnl.map(Number::from),
    }
}
