//! Durations gathered one by one, and the line that tells of them.
//!
//! Means hide what a trader feels, so every sample is kept and quantiles are read from all of
//! them. Knows nothing of what is measured.

#![allow(dead_code, reason = "each bench is a program of its own and uses a part of this")]

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The durations of one thing that was done many times.
pub(crate) struct Samples {
    nanoseconds: Vec<u64>,
}

impl Samples {
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { nanoseconds: Vec::with_capacity(count) }
    }

    pub(crate) fn push(&mut self, elapsed: Duration) {
        self.nanoseconds.push(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Measures one call.
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let started = now();
        let result = black_box(work());
        self.push(started.elapsed());
        result
    }

    /// Returns the smallest sample that at least `share` (0 to 1) of all samples do not exceed.
    pub(crate) fn quantile(&mut self, share: f64) -> u64 {
        let last = self.nanoseconds.len() - 1;
        let rank = (share * self.nanoseconds.len() as f64).ceil() as usize;
        *self.nanoseconds.select_nth_unstable(rank.saturating_sub(1).min(last)).1
    }

    /// Prints the figure under its name.
    pub(crate) fn report(&mut self, name: &str) {
        let [median, p99, p999] = [0.5, 0.99, 0.999].map(|share| self.quantile(share));
        let count = self.nanoseconds.len();
        println!("{name}: p50 {median} ns, p99 {p99} ns, p99.9 {p999} ns ({count} samples)");
    }
}

/// Says whether a figure was asked for: all are, unless names or parts of names are given, as in
/// `cargo bench --bench tick_to_order -- core`.
pub(crate) fn is_wanted(name: &str) -> bool {
    let mut asked = std::env::args().skip(1).filter(|it| !it.starts_with("--")).peekable();
    asked.peek().is_none() || asked.any(|it| name.contains(&it))
}

/// Reads the wall clock.
#[expect(clippy::disallowed_methods, reason = "wall time is what a bench measures")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How often something is done: `full` times under `cargo bench`, which passes `--bench`; a
/// hundredth of that when a test run only wants to see that the bench works.
pub(crate) fn repetitions(full: usize) -> usize {
    let measures = std::env::args().any(|argument| argument == "--bench");
    if measures { full } else { (full / 100).max(3) }
}
