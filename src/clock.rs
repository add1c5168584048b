//! The clock port: engine time, read in one place.
//!
//! It runs on tokio's clock, so the same code lives on real time, on accelerated time, and on
//! paused time that jumps when nobody has anything to do. Reports that tell how long a run took
//! read the wall by a `Stopwatch`.

use std::time::Duration;

use banyan_core::time::{MILLISECOND, Timestamp};
use tokio::time::Instant;

/// Engine time: starts at an origin and runs `speed` times as fast as tokio's clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Timestamp,
    started: Instant,
    speed: u32,
}

impl Clock {
    /// A clock that shows `origin` now and runs as fast as tokio's.
    #[must_use]
    pub fn starting_at(origin: Timestamp) -> Self {
        Self::accelerated(origin, 1)
    }

    /// A clock that shows `origin` now and runs `speed` times as fast as tokio's.
    #[must_use]
    pub fn accelerated(origin: Timestamp, speed: u32) -> Self {
        Self { origin, started: Instant::now(), speed: speed.max(1) }
    }

    /// Engine time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        Timestamp(self.origin.0.saturating_add(elapsed.saturating_mul(i64::from(self.speed))))
    }

    /// How long tokio must wait until engine time is `at`: whole milliseconds, rounded up, because
    /// its timers have no finer ones.
    #[must_use]
    pub fn wait_until(&self, at: Timestamp) -> Duration {
        let span = (at.0 - self.now().0).max(0);
        let step = u64::from(self.speed) * MILLISECOND.unsigned_abs();
        Duration::from_millis(span.unsigned_abs().div_ceil(step))
    }
}

/// Measures wall time, for reports alone.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is where wall time is read")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Seconds since the start.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
