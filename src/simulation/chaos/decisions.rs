//! The invariants of strategies in words, checked against what is durable.
//!
//! No wish is approved that does not follow from a decision of the worker that is in the journal
//! before it; what is wished is what the record says; a cycle whose models failed leaves a record
//! that wishes nothing; nothing is entered in safe mode, after a veto, or when text from outside
//! took part; records of a worker are an unbroken chain.

use std::collections::{BTreeMap, BTreeSet};

use banyan_core::decision::{
    Decision, DecisionId, DecisionResult, Resolution, Verdict, check_link,
};
use banyan_core::ids::{AccountId, IntentId, Sequence, WorkerId};
use banyan_core::intent::Intent;
use banyan_core::journal::{AccountEvent, Record};

/// What the journal says of the decisions of all workers.
#[derive(Debug, Default)]
pub(super) struct DecisionBooks {
    /// The workers that decide by models.
    by_models: BTreeSet<WorkerId>,
    /// The latest decision of each worker.
    latest: BTreeMap<WorkerId, Decision>,
    /// What may be wished because of a record.
    allowed: BTreeMap<(AccountId, Sequence), (WorkerId, Vec<Intent>)>,
    /// What waits for a person.
    awaiting: BTreeMap<DecisionId, Vec<Intent>>,
    /// Decisions made.
    pub(super) made: u64,
    /// Of these, cycles that came to none.
    pub(super) failed: u64,
    /// Wishes of decisions that the account approved.
    pub(super) approved: u64,
}

impl DecisionBooks {
    pub(super) fn new(by_models: BTreeSet<WorkerId>) -> Self {
        Self { by_models, ..Self::default() }
    }

    /// The decisions that wait for a person.
    pub(super) fn awaiting(&self) -> Vec<(WorkerId, DecisionId)> {
        let latest = self.latest.values().filter(|it| self.awaiting.contains_key(&it.id));
        latest.map(|it| (it.worker, it.id)).collect()
    }

    /// Takes a durable record in; what it breaks, if it does.
    pub(super) fn fold(&mut self, account: AccountId, record: &Record) -> Option<String> {
        let place = (account, record.sequence);
        match &record.event {
            AccountEvent::DecisionMade(decision) => self.made(place, decision),
            AccountEvent::DecisionResolved { worker, decision, resolution, .. } => {
                let awaiting = self.awaiting.remove(decision).unwrap_or_default();
                if *resolution == Resolution::Approved {
                    self.allowed.insert(place, (*worker, awaiting));
                }
                None
            }
            AccountEvent::IntentReviewed { id, intent, outcome: Ok(_) } => {
                let cause = record.cause.map(|sequence| (account, sequence));
                self.reviewed(*id, intent, cause)
            }
            _ => None,
        }
    }

    fn made(&mut self, place: (AccountId, Sequence), decision: &Decision) -> Option<String> {
        let worker = decision.worker;
        let number = decision.number;
        let before = self.latest.insert(worker, decision.clone());
        if let Err(broken) = check_link(before.as_ref(), decision) {
            return Some(format!("decision {number} of {worker} breaks the chain: {broken}"));
        }
        self.made += 1;
        let (submitted, awaiting) = wishes(decision);
        if matches!(decision.result, DecisionResult::Failed { .. }) {
            self.failed += 1;
            if !submitted.is_empty() || !awaiting.is_empty() {
                return Some(format!("decision {number} of {worker} failed, and wishes something"));
            }
        }
        let enters = submitted.iter().chain(&awaiting).any(|it| it.side().is_some());
        if enters && (decision.safe_mode || decision.tainted || decision.claims.vetoed) {
            return Some(format!("decision {number} of {worker} enters all the same"));
        }
        self.allowed.insert(place, (worker, submitted));
        if !awaiting.is_empty() {
            self.awaiting.insert(decision.id, awaiting);
        }
        None
    }

    fn reviewed(
        &mut self,
        id: IntentId,
        intent: &Intent,
        cause: Option<(AccountId, Sequence)>,
    ) -> Option<String> {
        if !self.by_models.contains(&id.worker) || id.is_engine() {
            return None;
        }
        let allowed = cause.and_then(|place| self.allowed.get_mut(&place));
        let Some((worker, intents)) = allowed.filter(|(worker, _)| *worker == id.worker) else {
            return Some(format!("intent {id:?} follows from no decision: {intent:?}"));
        };
        // Each wish of a decision is wished once.
        let Some(at) = intents.iter().position(|it| it == intent) else {
            return Some(format!("intent {id:?} is not what {worker} decided: {intent:?}"));
        };
        intents.remove(at);
        self.approved += 1;
        None
    }
}

/// What a decision wishes at once, and what waits for a person.
fn wishes(decision: &Decision) -> (Vec<Intent>, Vec<Intent>) {
    let (mut submitted, mut awaiting) = (Vec::new(), Vec::new());
    for judged in &decision.proposals {
        match &judged.verdict {
            Verdict::Submitted(intent) => submitted.push(intent.clone()),
            Verdict::AwaitingApproval(intent) => awaiting.push(intent.clone()),
            Verdict::Held | Verdict::Skipped(_) => {}
        }
    }
    (submitted, awaiting)
}
