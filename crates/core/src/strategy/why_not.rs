//! "Why did it not trade?": counts the first gate that refused, each time nothing was done.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Counts of refusing gates: the strategy's own and the codes of denied intents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyNot {
    counts: BTreeMap<String, u64>,
    last: Option<(Timestamp, String)>,
}

impl WhyNot {
    /// Counts one refusal.
    pub fn count(&mut self, now: Timestamp, gate: &str) {
        match self.counts.get_mut(gate) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(gate.to_owned(), 1);
            }
        }
        match &mut self.last {
            Some((time, last)) if last == gate => *time = now,
            last => *last = Some((now, gate.to_owned())),
        }
    }

    /// All gates that ever refused, with how often.
    #[must_use]
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }

    /// The latest refusal.
    #[must_use]
    pub fn last(&self) -> Option<(Timestamp, &str)> {
        self.last.as_ref().map(|(time, gate)| (*time, gate.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_by_gate() {
        let mut why_not = WhyNot::default();
        why_not.count(Timestamp(1), "warming_up");
        why_not.count(Timestamp(2), "warming_up");
        why_not.count(Timestamp(3), "STALE_FEED");
        assert_eq!(why_not.counts()["warming_up"], 2);
        assert_eq!(why_not.last(), Some((Timestamp(3), "STALE_FEED")));
    }
}
