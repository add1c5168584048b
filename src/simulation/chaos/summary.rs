//! Many seeds on all processors, in one summary.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use banyan_matching::faults::Fault;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::run::{DecisionFigures, FaultTable};
use super::{Mutation, SeedOutcome, run_seed};
use crate::clock::Stopwatch;
use crate::llm::Misbehaviour;

/// How many seeds went.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Seeds that ran.
    pub seeds: u64,
    /// Seeds with violations, with the violations.
    pub failed: Vec<(u64, Vec<String>)>,
    /// Market events used.
    pub events: u64,
    /// Orders sent.
    pub orders: u64,
    /// Fewest orders of one seed.
    pub fewest_orders: u64,
    /// Fills at the venue.
    pub fills: u64,
    /// Faults by order state.
    pub faults: FaultTable,
    /// Engine restarts.
    pub restarts: u64,
    /// Panics injected.
    pub panics: u64,
    /// Positions whose stop stood in time.
    pub protected: u64,
    /// Positions that only the local guard watched, because of a fault or a restart.
    pub guarded: u64,
    /// Decisions of strategies in words.
    pub decisions: DecisionFigures,
    /// Wall time of the slowest seed.
    pub slowest_milliseconds: u64,
    /// Hash over the hashes of all seeds, in order.
    pub event_log_hash: String,
}

/// Runs seeds on `threads` threads; `told` hears of each as it ends. With `stop_at_first` no new
/// seed is begun after one has failed.
#[must_use]
pub fn simulate(
    seeds: Range<u64>,
    mutation: Option<Mutation>,
    threads: usize,
    stop_at_first: bool,
    told: impl Fn(&SeedOutcome) + Sync,
) -> Summary {
    let next = AtomicU64::new(seeds.start);
    let slowest = AtomicU64::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let watch = Stopwatch::start();
            let outcome = run_seed(seed, mutation, false);
            slowest.fetch_max((watch.seconds() * 1_000.0) as u64, Ordering::Relaxed);
            told(&outcome);
            if stop_at_first && !outcome.violations.is_empty() {
                next.store(seeds.end, Ordering::Relaxed);
            }
            outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(work);
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|outcome| outcome.seed);
    Summary { slowest_milliseconds: slowest.into_inner(), ..summarize(outcomes) }
}

fn summarize(outcomes: Vec<SeedOutcome>) -> Summary {
    let mut summary = Summary { fewest_orders: u64::MAX, ..Summary::default() };
    let mut hash = Sha256::new();
    for outcome in outcomes {
        summary.seeds += 1;
        summary.events += outcome.events;
        summary.orders += outcome.orders;
        summary.fewest_orders = summary.fewest_orders.min(outcome.orders);
        summary.fills += outcome.fills;
        summary.restarts += outcome.restarts;
        summary.panics += outcome.panics;
        summary.protected += outcome.protected;
        summary.guarded += outcome.guarded;
        summary.decisions.add(outcome.decisions);
        for (key, count) in outcome.faults {
            *summary.faults.entry(key).or_default() += count;
        }
        hash.update(outcome.event_log_hash.as_bytes());
        if !outcome.violations.is_empty() {
            summary.failed.push((outcome.seed, outcome.violations));
        }
    }
    summary.event_log_hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    summary
}

impl DecisionFigures {
    fn add(&mut self, other: Self) {
        self.made += other.made;
        self.failed += other.failed;
        self.approved += other.approved;
        for (treated, count) in other.questions {
            *self.questions.entry(treated).or_default() += count;
        }
    }

    fn to_json(&self) -> Value {
        let questions: serde_json::Map<_, _> = Misbehaviour::ALL
            .into_iter()
            .map(|it| (it.name().to_owned(), self.questions.get(&it).copied().unwrap_or(0).into()))
            .collect();
        json!({
            "made": self.made,
            "failed": self.failed,
            "approved_intents": self.approved,
            "questions": questions,
        })
    }
}

impl Summary {
    /// Faults that never fired.
    #[must_use]
    pub fn silent_faults(&self) -> Vec<Fault> {
        let fired =
            |fault: &Fault| self.faults.iter().any(|((it, _), count)| it == fault && *count > 0);
        Fault::ALL.into_iter().filter(|fault| !fired(fault)).collect()
    }

    /// How often a fault fired.
    #[must_use]
    pub fn fault_total(&self, fault: Fault) -> u64 {
        self.faults.iter().filter(|((it, _), _)| *it == fault).map(|(_, count)| count).sum()
    }

    /// One JSON object for scripts.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let faults: serde_json::Map<_, _> = Fault::ALL
            .into_iter()
            .map(|fault| (fault.name().to_owned(), self.states_of(fault)))
            .collect();
        json!({
            "seeds": self.seeds,
            "violations": self.failed.iter().map(|(_, it)| it.len()).sum::<usize>(),
            "failed_seeds": self.failed.iter().map(|(seed, _)| seed).collect::<Vec<_>>(),
            "events": self.events,
            "orders": self.orders,
            "fewest_orders": self.fewest_orders,
            "fills": self.fills,
            "faults": faults,
            "restarts": self.restarts,
            "panics": self.panics,
            "protected": self.protected,
            "guarded": self.guarded,
            "decisions": self.decisions.to_json(),
            "event_log_hash": self.event_log_hash,
        })
    }

    /// Ways to misbehave that no model showed.
    #[must_use]
    pub fn silent_models(&self) -> Vec<Misbehaviour> {
        let shown = &self.decisions.questions;
        Misbehaviour::ALL.into_iter().filter(|it| !shown.contains_key(it)).collect()
    }

    fn states_of(&self, fault: Fault) -> Value {
        let states = self.faults.iter().filter(|((it, _), _)| *it == fault);
        let named = states.map(|((_, state), count)| {
            let name = state.map_or("no_order", |state| state.name());
            (name.to_owned(), Value::from(*count))
        });
        Value::Object(named.collect())
    }
}
