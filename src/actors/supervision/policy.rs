//! When a dead child is started again: a pure function of its deaths.

use std::collections::VecDeque;

use banyan_core::time::{Span, Timestamp};
use rand::{Rng, RngExt};

/// How often and how soon a child is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Pause after the first death.
    pub first_pause: Span,
    /// Longest pause.
    pub longest_pause: Span,
    /// Deaths within the window at which the parent gives up.
    pub give_up_after: usize,
    /// The window.
    pub window: Span,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            first_pause: Span::milliseconds(100),
            longest_pause: Span::seconds(30),
            give_up_after: 5,
            window: Span::minutes(10),
        }
    }
}

/// What the parent does about a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Start it again after this pause.
    RestartAfter(Span),
    /// Leave it dead; it died this often within the window.
    GiveUp {
        /// Deaths within the window.
        deaths: usize,
    },
}

/// The deaths of one child.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restarts {
    recent: VecDeque<Timestamp>,
    total: u64,
}

impl Restarts {
    /// Notes a death and decides. Pauses double with each death in the window, give or take a
    /// quarter, so that children who died together do not all come back at once.
    pub fn died(
        &mut self,
        policy: &RestartPolicy,
        now: Timestamp,
        random: &mut impl Rng,
    ) -> Decision {
        self.recent.push_back(now);
        self.total += 1;
        while self.recent.front().is_some_and(|death| now - *death > policy.window) {
            self.recent.pop_front();
        }
        let deaths = self.recent.len();
        if deaths >= policy.give_up_after {
            return Decision::GiveUp { deaths };
        }
        let doublings = u32::try_from(deaths - 1).unwrap_or(u32::MAX).min(30);
        let pause = policy.first_pause.0.saturating_mul(1 << doublings).min(policy.longest_pause.0);
        let jitter = pause / 4;
        let pause = pause - jitter + random.random_range(0..=2 * jitter.max(1));
        Decision::RestartAfter(Span(pause))
    }

    /// Deaths ever.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Forgets recent deaths: somebody started the child on purpose.
    pub fn forgive(&mut self) {
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::*;

    fn pauses(deaths_at: &[i64]) -> Vec<Decision> {
        let (mut restarts, mut random) = (Restarts::default(), Pcg64Mcg::seed_from_u64(1));
        let policy = RestartPolicy::default();
        deaths_at
            .iter()
            .map(|second| {
                restarts.died(&policy, Timestamp(0) + Span::seconds(*second), &mut random)
            })
            .collect()
    }

    #[test]
    fn pauses_grow_and_then_the_parent_gives_up() {
        let decisions = pauses(&[0, 1, 2, 3, 4]);
        let mut last = Span(0);
        for decision in &decisions[..4] {
            let Decision::RestartAfter(pause) = decision else {
                panic!("gave up too soon: {decisions:?}");
            };
            assert!(*pause > last, "{decisions:?}");
            last = *pause;
        }
        assert_eq!(decisions[4], Decision::GiveUp { deaths: 5 });
    }

    #[test]
    fn deaths_long_ago_are_forgotten() {
        let decisions = pauses(&[0, 700, 1400, 2100, 2800, 3500]);
        for decision in decisions {
            assert!(matches!(decision, Decision::RestartAfter(pause) if pause < Span::seconds(1)));
        }
    }

    #[test]
    fn the_longest_pause_is_kept() {
        let policy = RestartPolicy { give_up_after: 100, ..RestartPolicy::default() };
        let (mut restarts, mut random) = (Restarts::default(), Pcg64Mcg::seed_from_u64(1));
        for second in 0..50 {
            let now = Timestamp(0) + Span::seconds(second);
            let Decision::RestartAfter(pause) = restarts.died(&policy, now, &mut random) else {
                panic!("gave up");
            };
            assert!(pause.0 <= policy.longest_pause.0 * 5 / 4);
        }
    }
}
