//! The vital signs of an engine, written by whoever notices and read by whoever asks.
//!
//! Plain flags, so that reading them waits for nobody.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

/// How the journal is, as a vital sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalSign {
    /// It writes.
    Healthy,
    /// It writes out of its reserve.
    OnReserve,
    /// It cannot write.
    Failed,
}

/// The vital signs of one engine.
#[derive(Debug, Default)]
pub struct Vitals {
    journal: AtomicU8,
    started: AtomicBool,
    stalled: Mutex<BTreeSet<&'static str>>,
}

impl Vitals {
    /// Notes how the journal is.
    pub fn set_journal(&self, sign: JournalSign) {
        self.journal.store(sign as u8, Ordering::Relaxed);
    }

    /// How the journal is.
    #[must_use]
    pub fn journal(&self) -> JournalSign {
        match self.journal.load(Ordering::Relaxed) {
            0 => JournalSign::Healthy,
            1 => JournalSign::OnReserve,
            _ => JournalSign::Failed,
        }
    }

    /// Notes that everything was started, or that the engine is about to stop.
    pub fn set_started(&self, started: bool) {
        self.started.store(started, Ordering::Relaxed);
    }

    /// Notes whether a thread answers.
    pub fn set_stalled(&self, thread: &'static str, stalled: bool) {
        let mut threads = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        if stalled {
            threads.insert(thread);
        } else {
            threads.remove(thread);
        }
    }

    /// The threads that do not answer.
    #[must_use]
    pub fn stalled(&self) -> Vec<&'static str> {
        let threads = self.stalled.lock().unwrap_or_else(PoisonError::into_inner);
        threads.iter().copied().collect()
    }

    /// Why nothing new should be asked of the engine; `None` when it is ready.
    #[must_use]
    pub fn not_ready(&self) -> Option<String> {
        if !self.started.load(Ordering::Relaxed) {
            return Some("the engine is starting or stopping".to_owned());
        }
        let stalled = self.stalled();
        (!stalled.is_empty()).then(|| format!("no answer from: {}", stalled.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_is_who_was_started_and_answers() {
        let vitals = Vitals::default();
        assert!(vitals.not_ready().is_some());
        vitals.set_started(true);
        assert_eq!(vitals.not_ready(), None);
        vitals.set_stalled("trading", true);
        assert_eq!(vitals.not_ready().unwrap(), "no answer from: trading");
        vitals.set_stalled("trading", false);
        assert_eq!(vitals.not_ready(), None);
    }

    #[test]
    fn the_journal_is_healthy_until_told_otherwise() {
        let vitals = Vitals::default();
        assert_eq!(vitals.journal(), JournalSign::Healthy);
        vitals.set_journal(JournalSign::OnReserve);
        assert_eq!(vitals.journal(), JournalSign::OnReserve);
    }
}
