//! What models said: their answers, and how a debate of them ended.

use banyan_core::decision::{
    Action, AnswerError, AnswerRecord, ConsensusMode, DebateSummary, Dissent, Dropped, ExternalText,
};
use banyan_core::model::{AnswerFormat, FinishReason, Message};
use serde::Serialize;

use super::proposal::{self, ProposalView};
use crate::view::{Number, Time};

/// One answer of one model.
#[derive(Debug, Serialize)]
pub(super) struct AnswerView<'d> {
    model: &'d str,
    answered_by: Option<&'d str>,
    round: u32,
    attempt: u32,
    format: Option<AnswerFormat>,
    temperature: Option<Number>,
    max_answer_tokens: u32,
    max_reasoning_tokens: u32,
    follow_up: &'d [Message],
    raw_response: &'d str,
    reasoning: &'d str,
    finish_reason: Option<FinishReason>,
    trail: &'d [String],
    overall_confidence: Option<Number>,
    decisions: Vec<ProposalView<'d>>,
    dropped: &'d [Dropped],
    error: Option<&'d AnswerError>,
    input_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    cost_usd: Number,
    latency_ms: i64,
    attempts: u32,
}

/// How a debate ended.
#[derive(Debug, Serialize)]
pub(super) struct DebateView<'d> {
    consensus_mode: ConsensusMode,
    models: Vec<&'d str>,
    quorum: u32,
    participants: u32,
    agreement_score: Number,
    rebuttal: bool,
    stopped_early: bool,
    dissent: Vec<DissentView<'d>>,
}

/// A participant's other opinion.
#[derive(Debug, Serialize)]
pub(super) struct DissentView<'d> {
    model: &'d str,
    symbol: String,
    action: Action,
    confidence: Number,
}

/// A text from outside.
#[derive(Debug, Serialize)]
pub(super) struct TextView<'d> {
    source: &'d str,
    symbol: Option<String>,
    text: &'d str,
    time: Time,
}

pub(super) fn external(text: &ExternalText) -> TextView<'_> {
    TextView {
        source: &text.source,
        symbol: text.symbol.as_ref().map(ToString::to_string),
        text: &text.text,
        time: text.time.into(),
    }
}

pub(super) fn answer(answer: &AnswerRecord) -> AnswerView<'_> {
    let (parameters, usage) = (answer.parameters, answer.usage);
    let reply = answer.reply.as_ref();
    let proposals = reply.into_iter().flat_map(|it| &it.proposals);
    AnswerView {
        model: answer.model.as_str(),
        answered_by: answer.answered_by.as_ref().map(|it| it.as_str()),
        round: answer.round,
        attempt: answer.attempt,
        format: parameters.format,
        temperature: parameters.temperature.map(Number::from),
        max_answer_tokens: parameters.max_answer_tokens,
        max_reasoning_tokens: parameters.max_reasoning_tokens,
        follow_up: &answer.follow_up,
        raw_response: &answer.raw,
        reasoning: &answer.reasoning,
        finish_reason: answer.finish,
        trail: &answer.trail,
        overall_confidence: reply.map(|it| it.overall_confidence.into()),
        decisions: proposals.map(proposal::show).collect(),
        dropped: &answer.dropped,
        error: answer.error.as_ref(),
        input_tokens: usage.input_tokens,
        output_tokens: usage.output_tokens,
        reasoning_tokens: usage.reasoning_tokens,
        cost_usd: usage.cost.into(),
        latency_ms: usage.latency.0 / 1_000,
        attempts: usage.attempts,
    }
}

pub(super) fn debate(summary: &DebateSummary) -> DebateView<'_> {
    DebateView {
        consensus_mode: summary.mode,
        models: summary.models.iter().map(|it| it.as_str()).collect(),
        quorum: summary.quorum,
        participants: summary.participants,
        agreement_score: summary.agreement.into(),
        rebuttal: summary.rebuttal,
        stopped_early: summary.stopped_early,
        dissent: summary.dissent.iter().map(dissent).collect(),
    }
}

fn dissent(dissent: &Dissent) -> DissentView<'_> {
    DissentView {
        model: dissent.model.as_str(),
        symbol: dissent.symbol.to_string(),
        action: dissent.action,
        confidence: dissent.confidence.into(),
    }
}
