//! What a strategy knows of the fate of a wish, and for how long it waits.
//!
//! An account answers every intent that reached it: with a state of an order, a fill or a denial. A
//! strategy that was restored from its saved state may remember wishes that never reached the
//! account; those are given up once everything missed has surely been told. Knows no order.

use serde::{Deserialize, Serialize};

use super::{Effects, TimerId};
use crate::time::{Span, Timestamp};

/// After a restart, how long an unanswered wish blocks another one.
const DOUBT: Span = Span::minutes(1);
/// How long the first retry waits; each further one waits twice as long.
const FIRST_RETRY: Span = Span::seconds(30);
/// How often the wait is doubled at most: 16 minutes.
const MOST_DOUBLINGS: u8 = 5;

/// The timer that ends the doubt; strategies use their own numbers from 1.
const DOUBT_TIMER: TimerId = TimerId(0);

/// What was heard of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    /// Nothing yet.
    Awaited,
    /// Nothing before a restart; it may never have reached the account.
    Doubtful,
    /// The account has it.
    Heard,
}

impl Answer {
    /// Marks an unanswered wish as doubtful.
    pub(super) fn restarted(&mut self) {
        if *self == Self::Awaited {
            *self = Self::Doubtful;
        }
    }
}

/// The time after a restart in which unanswered wishes are doubtful.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Doubt(Option<Timestamp>);

impl Doubt {
    /// A restart: begins to doubt.
    pub(super) fn begin(&mut self, now: Timestamp, effects: &mut Effects) {
        self.0 = Some(now + DOUBT);
        effects.timers.push((DOUBT_TIMER, now + DOUBT));
    }

    /// Says, once, that doubtful wishes are to be given up.
    pub(super) fn is_over(&mut self, now: Timestamp) -> bool {
        self.0.take_if(|end| *end <= now).is_some()
    }
}

/// When something that failed may be tried again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retry {
    failures: u8,
    at: Timestamp,
}

impl Retry {
    /// Counts a failure and waits longer than the last time. Returns when the wait ends.
    pub(super) fn failed(&mut self, now: Timestamp) -> Timestamp {
        self.at = now + Span(FIRST_RETRY.0 << self.failures);
        self.failures = (self.failures + 1).min(MOST_DOUBLINGS);
        self.at
    }

    /// Forgets earlier failures.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Says whether it may be tried.
    pub(super) fn is_due(self, now: Timestamp) -> bool {
        now >= self.at
    }
}
