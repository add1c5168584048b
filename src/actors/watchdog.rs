//! The watchdog: a thread that asks each trading thread every second whether it is alive.
//!
//! Three seconds of silence are told in the log and in the vital signs, by which readiness fails,
//! until the thread answers again. It only watches: a thread that is stuck cannot be ended safely.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::ArbiterHandle;

use crate::telemetry::Vitals;

/// Pause between two questions.
const BEAT: Duration = Duration::from_secs(1);
/// Questions without an answer at which a thread counts as stalled.
const PATIENCE: u64 = 3;

/// A thread that is watched.
struct Patient {
    name: &'static str,
    thread: ArbiterHandle,
    asked: u64,
    answered: Arc<AtomicU64>,
    stalled: bool,
}

impl Patient {
    /// Looks whether earlier questions were answered, and asks again.
    fn beat(&mut self, vitals: &Vitals) {
        let silent = self.asked - self.answered.load(Ordering::Relaxed);
        if (silent >= PATIENCE) != self.stalled {
            self.stalled = !self.stalled;
            vitals.set_stalled(self.name, self.stalled);
            if self.stalled {
                tracing::error!(thread = self.name, "ArbiterStalled: no answer for {silent} s");
            } else {
                tracing::info!(thread = self.name, "the thread answers again");
            }
        }
        self.asked += 1;
        let (answered, question) = (self.answered.clone(), self.asked);
        self.thread.spawn_fn(move || answered.store(question, Ordering::Relaxed));
    }
}

/// Watches threads for as long as the process lives.
///
/// # Errors
/// When the operating system gives no thread.
pub fn watch(
    threads: Vec<(&'static str, ArbiterHandle)>,
    vitals: Arc<Vitals>,
) -> std::io::Result<()> {
    let patient = |(name, thread)| Patient {
        name,
        thread,
        asked: 0,
        answered: Arc::default(),
        stalled: false,
    };
    let mut patients: Vec<_> = threads.into_iter().map(patient).collect();
    let rounds = move || {
        loop {
            std::thread::sleep(BEAT);
            patients.iter_mut().for_each(|it| it.beat(&vitals));
        }
    };
    std::thread::Builder::new().name("watchdog".to_owned()).spawn(rounds).map(|_| ())
}
