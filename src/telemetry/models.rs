//! Meters of models: calls, tokens, money, latency, and what was wrong with answers.
//!
//! Plain counters behind one lock. Labels are bounded: beyond them, models count as `other`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Models that have counters of their own.
const MODELS: usize = 500;
/// Kinds of failures to read an answer.
const KINDS: usize = 100;
/// Upper bounds of the buckets of latency, in milliseconds; the last bucket has none.
pub const LATENCY_BUCKETS: [u64; 10] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000];

/// One call to a model.
#[derive(Debug, Clone, Copy)]
pub struct ModelCallSample<'a> {
    /// The type of the provider.
    pub provider: &'a str,
    /// The model as its provider knows it.
    pub model: &'a str,
    /// `answered`, or the kind of failure.
    pub outcome: &'a str,
    /// Tokens of the question.
    pub input_tokens: u64,
    /// Tokens of the answer, reasoning included.
    pub output_tokens: u64,
    /// Of these, tokens of reasoning.
    pub reasoning_tokens: u64,
    /// Money, in units of 1e-8 dollars.
    pub cost: u64,
    /// How long it took.
    pub milliseconds: u64,
}

/// What was counted of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelMeter {
    /// Calls, by outcome.
    pub calls: BTreeMap<String, u64>,
    /// Tokens of questions.
    pub input_tokens: u64,
    /// Tokens of answers, reasoning included.
    pub output_tokens: u64,
    /// Of these, tokens of reasoning.
    pub reasoning_tokens: u64,
    /// Money, in units of 1e-8 dollars.
    pub cost: u64,
    /// Calls by latency; one bucket more than `LATENCY_BUCKETS`, and not added up.
    pub latency: [u64; LATENCY_BUCKETS.len() + 1],
    /// All latencies together, in milliseconds.
    pub milliseconds: u64,
}

/// Everything that was counted, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelCounts {
    /// By provider and model.
    pub models: BTreeMap<(String, String), ModelMeter>,
    /// Answers that could not be read, by kind.
    pub parse_failures: BTreeMap<String, u64>,
    /// Numbers in reasonings that contradict the data.
    pub contradictions: u64,
}

/// The meters of one engine.
#[derive(Debug, Default)]
pub struct ModelMeters(Mutex<ModelCounts>);

impl ModelMeters {
    /// Counts a call.
    pub fn count_call(&self, sample: &ModelCallSample<'_>) {
        self.change(|counts| counts.meter(sample.provider, sample.model).add(sample));
    }

    /// Counts an answer that could not be read.
    pub fn count_parse_failure(&self, kind: &str) {
        self.change(|counts| *bounded(&mut counts.parse_failures, kind) += 1);
    }

    /// Counts numbers that contradict the data.
    pub fn count_contradictions(&self, number: u64) {
        self.change(|counts| counts.contradictions += number);
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> ModelCounts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut ModelCounts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl ModelCounts {
    fn meter(&mut self, provider: &str, model: &str) -> &mut ModelMeter {
        let key = (provider.to_owned(), model.to_owned());
        let known = self.models.len() < MODELS || self.models.contains_key(&key);
        let other = || (provider.to_owned(), "other".to_owned());
        self.models.entry(if known { key } else { other() }).or_default()
    }
}

fn bounded<'a>(counters: &'a mut BTreeMap<String, u64>, key: &str) -> &'a mut u64 {
    let known = counters.len() < KINDS || counters.contains_key(key);
    counters.entry(if known { key } else { "other" }.to_owned()).or_default()
}

impl ModelMeter {
    fn add(&mut self, sample: &ModelCallSample<'_>) {
        *bounded(&mut self.calls, sample.outcome) += 1;
        self.input_tokens += sample.input_tokens;
        self.output_tokens += sample.output_tokens;
        self.reasoning_tokens += sample.reasoning_tokens;
        self.cost += sample.cost;
        let bucket = LATENCY_BUCKETS.partition_point(|bound| *bound < sample.milliseconds);
        self.latency[bucket] += 1;
        self.milliseconds += sample.milliseconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample<'a>(model: &'a str, outcome: &'a str, milliseconds: u64) -> ModelCallSample<'a> {
        ModelCallSample {
            provider: "deepseek",
            model,
            outcome,
            input_tokens: 10,
            output_tokens: 5,
            reasoning_tokens: 1,
            cost: 7,
            milliseconds,
        }
    }

    #[test]
    fn calls_are_counted_by_model_and_outcome() {
        let meters = ModelMeters::default();
        meters.count_call(&sample("a", "answered", 100));
        meters.count_call(&sample("a", "timeout", 200_000));
        meters.count_parse_failure("unreadable");
        meters.count_contradictions(3);
        let counts = meters.counts();
        let meter = &counts.models[&("deepseek".to_owned(), "a".to_owned())];
        assert_eq!((meter.calls["answered"], meter.calls["timeout"]), (1, 1));
        assert_eq!((meter.input_tokens, meter.output_tokens, meter.cost), (20, 10, 14));
        assert_eq!((meter.latency[0], meter.latency[10]), (1, 1));
        assert_eq!((counts.parse_failures["unreadable"], counts.contradictions), (1, 3));
    }

    #[test]
    fn models_without_end_count_as_other() {
        let meters = ModelMeters::default();
        for number in 0..MODELS + 9 {
            meters.count_call(&sample(&number.to_string(), "answered", 1));
        }
        let counts = meters.counts();
        assert_eq!(counts.models.len(), MODELS + 1);
        let other = &counts.models[&("deepseek".to_owned(), "other".to_owned())];
        assert_eq!(other.calls["answered"], 9);
    }
}
