//! The line to one provider: how many calls at a time, how many a minute, and when to leave it
//! alone.
//!
//! Knows no question and no money.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use banyan_core::model::{FailureKind, ModelFailure};
use banyan_core::time::Timestamp;
use failsafe::backoff::{self, EqualJittered};
use failsafe::failure_policy::{self, ConsecutiveFailures};
use failsafe::{Instrument, StateMachine};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::settings::LlmSettings;
use crate::clock::{Clock, LimiterClock, LimiterMoment};

/// Lines that are kept; beyond them, those that nobody uses are forgotten.
const LINES: usize = 4_096;
/// Longest time that a provider is left alone.
const LONGEST_REST: Duration = Duration::from_secs(300);

type Limiter = RateLimiter<NotKeyed, InMemoryState, LimiterClock, NoOpMiddleware<LimiterMoment>>;
type Breaker = StateMachine<ConsecutiveFailures<EqualJittered>, Gauge>;

/// What is seen of a breaker. Clones show the same.
#[derive(Debug, Default, Clone)]
struct Gauge(Arc<Signs>);

#[derive(Debug, Default)]
struct Signs {
    state: AtomicU8,
    rejected: AtomicU64,
}

const CLOSED: u8 = 0;
const OPEN: u8 = 1;
const HALF_OPEN: u8 = 2;

impl Instrument for Gauge {
    fn on_call_rejected(&self) {
        self.0.rejected.fetch_add(1, Ordering::Relaxed);
    }
    fn on_open(&self) {
        self.0.state.store(OPEN, Ordering::Relaxed);
    }
    fn on_half_open(&self) {
        self.0.state.store(HALF_OPEN, Ordering::Relaxed);
    }
    fn on_closed(&self) {
        self.0.state.store(CLOSED, Ordering::Relaxed);
    }
}

/// The line to one provider.
pub(super) struct Line {
    provider_type: String,
    /// Which version of the provider's settings it belongs to.
    version: i64,
    limiter: Limiter,
    clock: Clock,
    breaker: Breaker,
    gauge: Gauge,
    room: Arc<Semaphore>,
    everybodys_room: Arc<Semaphore>,
    successes: AtomicU64,
    failures: AtomicU64,
}

/// The right to make one call.
pub(super) struct Turn {
    _own: OwnedSemaphorePermit,
    _everybodys: OwnedSemaphorePermit,
}

/// How a line does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderHealth {
    /// Which provider; the nil id for the rule-based demo model.
    pub provider: Uuid,
    /// Its type.
    pub provider_type: String,
    /// State of its breaker: `closed`, `open` or `half_open`.
    pub state: &'static str,
    /// Attempts that were answered.
    pub successes: u64,
    /// Attempts that failed for a reason of the provider.
    pub failures: u64,
    /// Attempts that the breaker refused.
    pub rejected: u64,
}

impl Line {
    /// Waits for a turn, as long as it comes before a moment.
    ///
    /// # Errors
    /// When it does not, or the provider is left alone.
    pub(super) async fn turn(&self, until: Timestamp) -> Result<Turn, ModelFailure> {
        if !self.breaker.is_call_permitted() {
            let why = "the provider failed again and again, and is left alone for a while";
            return Err(ModelFailure::new(FailureKind::BreakerOpen, why));
        }
        self.wait_for_rate(until).await?;
        let own = self.permit(&self.room, until).await?;
        let everybodys = self.permit(&self.everybodys_room, until).await?;
        Ok(Turn { _own: own, _everybodys: everybodys })
    }

    async fn wait_for_rate(&self, until: Timestamp) -> Result<(), ModelFailure> {
        while let Err(refused) = self.limiter.check() {
            let now = LimiterClock::new(self.clock).now();
            let pause = refused.wait_time_from(now);
            if pause >= self.clock.wait_until(until) {
                let why = "too many calls a minute with this key";
                return Err(ModelFailure::new(FailureKind::RateLimit, why));
            }
            // The limiter counts in nanoseconds, timers in milliseconds.
            tokio::time::sleep(pause.max(Duration::from_millis(1))).await;
        }
        Ok(())
    }

    async fn permit(
        &self,
        room: &Arc<Semaphore>,
        until: Timestamp,
    ) -> Result<OwnedSemaphorePermit, ModelFailure> {
        let busy = || ModelFailure::new(FailureKind::Busy, "too many calls are under way");
        let waited =
            tokio::time::timeout(self.clock.wait_until(until), room.clone().acquire_owned());
        waited.await.map_err(|_| busy())?.map_err(|_| busy())
    }

    /// Notes how an attempt went; `None` for one that was answered.
    pub(super) fn record(&self, failure: Option<FailureKind>) {
        let is_its_fault = failure.is_some_and(|kind| {
            matches!(
                kind,
                FailureKind::Connection
                    | FailureKind::Timeout
                    | FailureKind::Provider
                    | FailureKind::Protocol
            )
        });
        if is_its_fault {
            self.failures.fetch_add(1, Ordering::Relaxed);
            self.breaker.on_error();
        } else {
            // Whoever refuses is there.
            self.successes.fetch_add(u64::from(failure.is_none()), Ordering::Relaxed);
            self.breaker.on_success();
        }
    }

    fn health(&self, provider: Uuid) -> ProviderHealth {
        let state = match self.gauge.0.state.load(Ordering::Relaxed) {
            CLOSED => "closed",
            OPEN => "open",
            _ => "half_open",
        };
        ProviderHealth {
            provider,
            provider_type: self.provider_type.clone(),
            state,
            successes: self.successes.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            rejected: self.gauge.0.rejected.load(Ordering::Relaxed),
        }
    }
}

/// The lines to all providers.
pub(super) struct Lines {
    lines: Mutex<BTreeMap<Uuid, Arc<Line>>>,
    everybodys_room: Arc<Semaphore>,
    settings: LlmSettings,
    clock: Clock,
}

impl Lines {
    pub(super) fn new(settings: &LlmSettings, clock: Clock) -> Self {
        let everybodys_room = Arc::new(Semaphore::new(settings.calls));
        Self { lines: Mutex::default(), everybodys_room, settings: settings.clone(), clock }
    }

    /// The line to a provider; a new one when its settings have changed.
    pub(super) fn line(&self, provider: Uuid, version: i64, provider_type: &str) -> Arc<Line> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(&provider).filter(|it| it.version == version) {
            return line.clone();
        }
        if lines.len() >= LINES {
            lines.retain(|_, line| Arc::strong_count(line) > 1);
        }
        let line = Arc::new(self.new_line(version, provider_type));
        lines.insert(provider, line.clone());
        line
    }

    fn new_line(&self, version: i64, provider_type: &str) -> Line {
        let rate = NonZeroU32::new(self.settings.calls_per_minute).unwrap_or(NonZeroU32::MIN);
        let clock = LimiterClock::new(self.clock);
        let gauge = Gauge::default();
        let first = Duration::from_secs(self.settings.breaker_seconds);
        let rests = backoff::equal_jittered(first, LONGEST_REST.max(first));
        let policy = failure_policy::consecutive_failures(self.settings.breaker_failures, rests);
        Line {
            provider_type: provider_type.to_owned(),
            version,
            limiter: RateLimiter::direct_with_clock(Quota::per_minute(rate), clock),
            clock: self.clock,
            breaker: StateMachine::new(policy, gauge.clone()),
            gauge,
            room: Arc::new(Semaphore::new(self.settings.calls_per_provider)),
            everybodys_room: self.everybodys_room.clone(),
            successes: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }
    }

    /// How the providers do that were asked.
    pub(super) fn health(&self) -> Vec<ProviderHealth> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(provider, line)| line.health(*provider)).collect()
    }
}
