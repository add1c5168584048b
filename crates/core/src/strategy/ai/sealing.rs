//! The end of a cycle: answers become one decision, the decision wishes and a sealed record.

use super::approval::Approval;
use super::cycle::{Cycle, Work, models};
use super::judge::{Bars, judge};
use super::{APPROVAL_OVER, AiStrategy};
use crate::decision::claims;
use crate::decision::{
    ClaimReport, DECISION_VERSION, DebateSummary, Decision, DecisionEvent, DecisionId,
    DecisionResult, Judged, Reply, Resolution, Snapshot, Trigger, Verdict, consensus, decision_id,
};
use crate::intent::Intent;
use crate::money::Rate;
use crate::strategy::Effects;
use crate::strategy::ai::schedule::bounded_review;
use crate::strategy::config::AiConfig;
use crate::time::{Span, Timestamp};
use crate::worker::WorkerView;

/// What the answers came to.
type Agreed = Result<(Reply, Option<DebateSummary>), (String, String)>;

impl AiStrategy {
    /// Ends the cycle with what was answered.
    pub(super) fn conclude(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(cycle) = self.cycle.take() else {
            return;
        };
        let agreed = cycle.work.as_ref().map(|work| agree(work, &self.config));
        match agreed {
            Some(Ok((reply, debate))) => self.decide(cycle, reply, debate, view, effects),
            Some(Err((code, message))) => self.fail(cycle, &code, &message, view, effects),
            None => self.fail(cycle, "interrupted", "the worker was stopped", view, effects),
        }
        self.set_timers(view.now, effects);
    }

    /// Records a cycle that came to no decision. Nothing is wished; what is promised stays.
    pub(super) fn fail(
        &mut self,
        cycle: Cycle,
        code: &str,
        message: &str,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        self.failures = self.failures.saturating_add(1);
        effects.refuse("no_decision");
        let failed = DecisionResult::Failed { code: code.to_owned(), message: message.to_owned() };
        let decision = self.blank(cycle, failed, view);
        self.record(decision, effects);
        self.schedule.ended(view.now, None, &self.config);
    }

    fn decide(
        &mut self,
        cycle: Cycle,
        reply: Reply,
        debate: Option<DebateSummary>,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        let mut decision = self.blank(cycle, DecisionResult::Decided, view);
        decision.claims = claims::check(&reply, &decision.snapshot, self.config.veto_percent);
        let bars = Bars {
            safe_mode: decision.safe_mode,
            contradicted: decision.claims.vetoed,
            tainted: decision.tainted && !self.config.allow_tainted_entries,
        };
        let snapshot = &decision.snapshot;
        let seen = |it: &crate::decision::Proposal| {
            snapshot.markets.iter().any(|market| market.instrument == it.instrument)
        };
        let judged = judge(reply.proposals, bars, &seen, view);
        decision.chain_of_thought = reply.chain_of_thought;
        decision.market_assessment = reply.market_assessment;
        decision.overall_confidence = reply.overall_confidence;
        decision.next_review_minutes = bounded_review(reply.next_review_minutes, &self.config);
        decision.debate = debate;
        decision.proposals = self.hold_back(judged, &mut decision.approval_expires_at, view.now);
        self.failures = 0;
        self.schedule.ended(view.now, decision.next_review_minutes, &self.config);
        self.carry_out(decision, view, effects);
    }

    /// Without leave to execute, wishes wait for a person.
    fn hold_back(
        &self,
        judged: Vec<Judged>,
        expires_at: &mut Option<Timestamp>,
        now: Timestamp,
    ) -> Vec<Judged> {
        if self.config.auto_execute {
            return judged;
        }
        let waiting = Span::minutes(i64::from(self.config.approval_minutes));
        let held = judged.into_iter().map(|it| match it.verdict {
            Verdict::Submitted(intent) => {
                *expires_at = Some(now + waiting);
                Judged { verdict: Verdict::AwaitingApproval(intent), ..it }
            }
            _ => it,
        });
        held.collect()
    }

    fn carry_out(&mut self, decision: Decision, view: &WorkerView<'_>, effects: &mut Effects) {
        let id = decision.id;
        for judged in &decision.proposals {
            self.outcomes.expect(id, &judged.proposal, view);
        }
        let wishes = |awaiting: bool| -> Vec<Intent> {
            let verdicts = decision.proposals.iter().map(|it| &it.verdict);
            let wished = verdicts.filter_map(|verdict| match verdict {
                Verdict::Submitted(intent) if !awaiting => Some(intent.clone()),
                Verdict::AwaitingApproval(intent) if awaiting => Some(intent.clone()),
                _ => None,
            });
            wished.collect()
        };
        let (now, later, expires) = (wishes(false), wishes(true), decision.approval_expires_at);
        // A newer decision knows more: what still awaited approval is void.
        if let Some(before) = self.approval.take() {
            effects.decisions.push(before.ended(Resolution::Superseded));
        }
        self.record(decision, effects);
        if let Some(expires_at) = expires {
            let band = percent(self.config.approval_band_percent);
            self.approval = Some(Approval::new(id, expires_at, later, band, view));
            effects.timers.push((APPROVAL_OVER, expires_at));
        }
        for intent in now {
            self.wish(id, intent, view, effects);
        }
    }

    /// Wishes, and remembers which decision an entry came from.
    pub(super) fn wish(
        &mut self,
        decision: DecisionId,
        intent: Intent,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        if let Intent::Open { instrument, leverage, .. } = &intent {
            let leverage = leverage.unwrap_or(1).clamp(1, view.limits.max_leverage.max(1));
            let price = view.markets.get(*instrument).valuation();
            self.books.wished(*instrument, decision, leverage, price);
        }
        effects.intents.push(intent);
    }

    /// Seals a decision onto the chain.
    fn record(&mut self, decision: Decision, effects: &mut Effects) {
        let sealed = decision.seal(&self.chain.1);
        self.chain = (sealed.number, sealed.hash.clone());
        effects.decisions.push(DecisionEvent::Made(Box::new(sealed)));
    }

    /// A cycle that asked nobody.
    pub(super) fn empty_cycle(
        &self,
        trigger: Trigger,
        snapshot: Snapshot,
        now: Timestamp,
    ) -> Cycle {
        let work = Some(Box::new(Work::of_nobody(snapshot)));
        Cycle { trigger, began_at: now, deadline: now, work }
    }

    /// A record with everything but what was decided.
    fn blank(&self, cycle: Cycle, result: DecisionResult, view: &WorkerView<'_>) -> Decision {
        let number = self.chain.0 + 1;
        let work = cycle.work.map_or_else(|| Work::of_nobody(lost(view)), |work| *work);
        let usage = work.usage();
        Decision {
            version: DECISION_VERSION,
            id: decision_id(view.worker, number, view.now),
            worker: view.worker,
            number,
            previous: String::new(),
            time: view.now,
            began_at: cycle.began_at,
            trigger: cycle.trigger,
            strategy_version: view.strategy_version,
            ai_model: label(&self.config),
            prompt: work.prompt,
            sections: work.sections,
            prompt_hash: String::new(),
            tainted: !work.snapshot.external.is_empty(),
            snapshot: work.snapshot,
            snapshot_hash: String::new(),
            answers: work.answers,
            debate: None,
            result,
            chain_of_thought: String::new(),
            market_assessment: String::new(),
            overall_confidence: Rate::ZERO,
            next_review_minutes: None,
            proposals: Vec::new(),
            claims: ClaimReport::default(),
            safe_mode: self.is_safe_mode(),
            usage,
            approval_expires_at: None,
            hash: String::new(),
        }
    }
}

/// What one model said, or what several agree on.
fn agree(work: &Work, config: &AiConfig) -> Agreed {
    let votes = work.votes();
    let Some(debate) = &config.debate else {
        return match votes.first() {
            Some(vote) => Ok((vote.reply.clone(), None)),
            None => Err(why_nobody(work)),
        };
    };
    let quorum = debate.min_participants as usize;
    let agreed = consensus(debate.consensus_mode, quorum, &debate.models, &votes);
    let Some(agreed) = agreed else {
        let (heard, of) = (votes.len(), debate.models.len());
        let message = format!("{heard} of {of} models answered; {quorum} are needed");
        return Err(("no_quorum".to_owned(), message));
    };
    let mut summary = agreed.summary;
    (summary.rebuttal, summary.stopped_early) = (work.round > 1, work.stopped_early);
    Ok((agreed.reply, Some(summary)))
}

/// Why the only model gave no decision.
fn why_nobody(work: &Work) -> (String, String) {
    let error = work.answers.iter().rev().find_map(|answer| answer.error.clone());
    let late = || ("timeout".to_owned(), "the model did not answer in time".to_owned());
    error.map_or_else(late, |error| (error.kind, error.message))
}

/// What is left to say of a cycle whose data a restart lost.
fn lost(view: &WorkerView<'_>) -> Snapshot {
    let held = std::collections::BTreeMap::new();
    let none = crate::money::Amount::ZERO;
    let (account, positions) = crate::prompt::standing(view, none, none, &held);
    Snapshot {
        time: view.now,
        account,
        positions,
        markets: Vec::new(),
        left_out: Vec::new(),
        closed_trades: Vec::new(),
        external: Vec::new(),
    }
}

/// Whom a decision is attributed to.
fn label(config: &AiConfig) -> String {
    let asked = models(config);
    match (&config.debate, asked.first()) {
        (None, Some(model)) => model.to_string(),
        _ => format!("debate:{}models", asked.len()),
    }
}

fn percent(value: rust_decimal::Decimal) -> Rate {
    Rate::from_decimal(value / rust_decimal::Decimal::ONE_HUNDRED).unwrap_or_default()
}
