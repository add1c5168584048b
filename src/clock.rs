//! The clock port: engine time, read in one place.
//!
//! A server lives on the time of day. A simulated engine runs on tokio's clock: real, accelerated,
//! or paused, when it jumps as soon as nobody has anything to do. Reports that tell how long a run
//! took read a `Stopwatch`.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use banyan_core::time::{MILLISECOND, Timestamp};
use governor::clock::Reference;
use governor::nanos::Nanos;
use tokio::time::Instant;

/// Engine time.
#[derive(Debug, Clone, Copy)]
pub struct Clock(Source);

#[derive(Debug, Clone, Copy)]
enum Source {
    /// Starts at an origin and runs `speed` times as fast as tokio's clock.
    Own { origin: Timestamp, started: Instant, speed: u32 },
    /// The time of day, as this machine knows it.
    Wall,
}

/// The latest time of day that was told: time never goes back, whatever is done to the machine's
/// clock.
static LATEST: AtomicI64 = AtomicI64::new(0);

impl Clock {
    /// A clock that shows `origin` now and runs as fast as tokio's.
    #[must_use]
    pub fn starting_at(origin: Timestamp) -> Self {
        Self::accelerated(origin, 1)
    }

    /// A clock that shows `origin` now and runs `speed` times as fast as tokio's.
    #[must_use]
    pub fn accelerated(origin: Timestamp, speed: u32) -> Self {
        Self(Source::Own { origin, started: Instant::now(), speed: speed.max(1) })
    }

    /// The time of day. It follows the machine's clock, also through a sleep of the machine, but
    /// stands still rather than go back.
    #[must_use]
    pub const fn wall() -> Self {
        Self(Source::Wall)
    }

    /// Engine time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Source::Own { origin, started, speed } => {
                let elapsed = i64::try_from(started.elapsed().as_micros()).unwrap_or(i64::MAX);
                Timestamp(origin.0.saturating_add(elapsed.saturating_mul(i64::from(speed))))
            }
            Source::Wall => {
                let now = time_of_day();
                Timestamp(LATEST.fetch_max(now, Ordering::Relaxed).max(now))
            }
        }
    }

    /// How long tokio must wait until engine time is `at`: whole milliseconds, rounded up, because
    /// its timers have no finer ones.
    #[must_use]
    pub fn wait_until(&self, at: Timestamp) -> Duration {
        let speed = match self.0 {
            Source::Own { speed, .. } => speed,
            Source::Wall => 1,
        };
        let span = (at.0 - self.now().0).max(0);
        let step = u64::from(speed) * MILLISECOND.unsigned_abs();
        Duration::from_millis(span.unsigned_abs().div_ceil(step))
    }
}

/// Engine time, as limiters of rates read it.
#[derive(Debug, Clone, Copy)]
pub struct LimiterClock(Clock);

impl LimiterClock {
    /// A limiter's view of a clock.
    #[must_use]
    pub const fn new(clock: Clock) -> Self {
        Self(clock)
    }
}

/// Nanoseconds of engine time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LimiterMoment(u64);

impl std::ops::Add<Nanos> for LimiterMoment {
    type Output = Self;
    fn add(self, span: Nanos) -> Self {
        Self(self.0.saturating_add(span.as_u64()))
    }
}

impl Reference for LimiterMoment {
    fn duration_since(&self, earlier: Self) -> Nanos {
        self.0.saturating_sub(earlier.0).into()
    }

    fn saturating_sub(&self, span: Nanos) -> Self {
        Self(self.0.checked_sub(span.as_u64()).unwrap_or(self.0))
    }
}

impl governor::clock::Clock for LimiterClock {
    type Instant = LimiterMoment;
    fn now(&self) -> LimiterMoment {
        let microseconds = u64::try_from(self.0.now().0).unwrap_or_default();
        LimiterMoment(microseconds.saturating_mul(1_000))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the time of day is read")]
fn time_of_day() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_day_never_goes_back() {
        let clock = Clock::wall();
        let first = clock.now();
        assert!(first > Timestamp::from_milliseconds(1_767_225_600_000), "after 2026 began");
        assert!(clock.now() >= first);
        assert_eq!(clock.wait_until(first), Duration::ZERO);
    }
}
