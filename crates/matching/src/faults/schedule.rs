//! When lasting faults begin and end, and which of them are on.

use std::collections::BTreeMap;

use banyan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fault, Target};

/// A lasting fault that is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// When it ends.
    pub(crate) until: Timestamp,
    /// A seeded number by which a fault chooses among the ways it has.
    pub(crate) choice: u32,
}

/// Something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Change {
    /// A fault comes of itself.
    Begin(Fault, Target),
    /// A fault was forced.
    Force(Fault, Target),
    /// A fault is over.
    End(Fault, Target),
}

/// What is due, and what is on.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Schedule {
    due: BTreeMap<(Timestamp, u64), Change>,
    counter: u64,
    windows: BTreeMap<(Fault, Target), Window>,
}

impl Schedule {
    pub(super) fn add(&mut self, at: Timestamp, change: Change) {
        self.counter += 1;
        self.due.insert((at, self.counter), change);
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn pop(&mut self) -> Option<Change> {
        self.due.pop_first().map(|(_, change)| change)
    }

    /// Forgets what would come of itself.
    pub(super) fn disarm(&mut self) {
        self.due.retain(|_, change| !matches!(change, Change::Begin(..)));
    }

    /// Opens a window and schedules its end; one that is open already is lengthened.
    pub(super) fn open(&mut self, fault: Fault, target: Target, window: Window) {
        let open = self.windows.entry((fault, target)).or_insert(window);
        open.until = open.until.max(window.until);
        let until = open.until;
        self.add(until, Change::End(fault, target));
    }

    /// Closes a window, unless it was lengthened beyond `at` or is closed already.
    pub(super) fn close(&mut self, fault: Fault, target: Target, at: Timestamp) -> Option<Window> {
        let due = |window: &Window| window.until <= at;
        self.window(fault, target).filter(due).and_then(|_| self.windows.remove(&(fault, target)))
    }

    pub(super) fn window(&self, fault: Fault, target: Target) -> Option<Window> {
        self.windows.get(&(fault, target)).copied()
    }

    pub(super) fn is_calm(&self) -> bool {
        self.windows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lengthened_window_ends_once_at_its_later_end() {
        let mut schedule = Schedule::default();
        let window = |until| Window { until: Timestamp(until), choice: 0 };
        schedule.open(Fault::Halt, Target::Venue, window(10));
        schedule.open(Fault::Halt, Target::Venue, window(30));
        assert_eq!(schedule.next_at(), Some(Timestamp(10)));
        assert_eq!(schedule.close(Fault::Halt, Target::Venue, Timestamp(10)), None);
        assert!(!schedule.is_calm());
        assert!(schedule.close(Fault::Halt, Target::Venue, Timestamp(30)).is_some());
        assert!(schedule.is_calm());
    }

    #[test]
    fn disarming_leaves_ends_and_forced_faults() {
        let mut schedule = Schedule::default();
        let changes = [
            Change::Begin(Fault::Halt, Target::Venue),
            Change::Force(Fault::Halt, Target::Venue),
            Change::End(Fault::Halt, Target::Venue),
        ];
        for change in changes {
            schedule.add(Timestamp(5), change);
        }
        schedule.disarm();
        assert_eq!(schedule.pop(), Some(changes[1]));
        assert_eq!(schedule.pop(), Some(changes[2]));
        assert_eq!(schedule.pop(), None);
    }
}
