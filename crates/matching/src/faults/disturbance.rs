//! When faults that can hold back an order touched which link or instrument.
//!
//! The list is bounded; what was forgotten counts as disturbed, because nobody can say otherwise.

use std::collections::VecDeque;

use banyan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fault, Target};

const REMEMBERED: usize = 4096;

#[derive(Serialize, Deserialize)]
struct Disturbance {
    target: Target,
    from: Timestamp,
    to: Timestamp,
}

/// The latest disturbances.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Disturbances {
    list: VecDeque<Disturbance>,
    forgotten_to: Option<Timestamp>,
}

impl Disturbances {
    /// Remembers a span, both ends included, unless the fault holds back no orders.
    pub(super) fn add(&mut self, fault: Fault, target: Target, from: Timestamp, to: Timestamp) {
        if !fault.holds_back_orders() {
            return;
        }
        if self.list.len() == REMEMBERED {
            let oldest = self.list.pop_front();
            self.forgotten_to = self.forgotten_to.max(oldest.map(|it| it.to));
        }
        self.list.push_back(Disturbance { target, from, to });
    }

    /// Says whether anything that `concerns` picks was disturbed in this span, both ends included.
    pub(super) fn any(
        &self,
        from: Timestamp,
        to: Timestamp,
        concerns: impl Fn(Target) -> bool,
    ) -> bool {
        let meets = |it: &Disturbance| it.from <= to && from <= it.to && concerns(it.target);
        self.forgotten_to >= Some(from) || self.list.iter().any(meets)
    }
}

#[cfg(test)]
mod tests {
    use banyan_core::instrument::InstrumentId;

    use super::*;

    const VENUE: Target = Target::Venue;

    #[test]
    fn only_spans_that_meet_disturb() {
        let mut list = Disturbances::default();
        list.add(Fault::Outage, VENUE, Timestamp(10), Timestamp(20));
        let any = |from, to| list.any(Timestamp(from), Timestamp(to), |_| true);
        assert!(any(20, 30) && any(0, 10) && any(12, 13));
        assert!(!any(0, 9) && !any(21, 30));
        let elsewhere = |target| target == Target::Instrument(InstrumentId(1));
        assert!(!list.any(Timestamp(10), Timestamp(20), elsewhere));
    }

    #[test]
    fn a_fault_that_holds_back_nothing_disturbs_nothing() {
        let mut list = Disturbances::default();
        list.add(Fault::Duplicate, VENUE, Timestamp(10), Timestamp(20));
        assert!(!list.any(Timestamp(0), Timestamp(100), |_| true));
    }

    #[test]
    fn what_is_forgotten_counts_as_disturbed() {
        let mut list = Disturbances::default();
        for at in 0..=REMEMBERED as i64 {
            list.add(Fault::Outage, VENUE, Timestamp(at * 10), Timestamp(at * 10 + 1));
        }
        assert!(list.any(Timestamp(0), Timestamp(0), |_| false));
        assert!(!list.any(Timestamp(2), Timestamp(100), |_| false));
    }
}
