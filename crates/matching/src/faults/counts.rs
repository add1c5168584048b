//! Which fault met which state of an order, and how often.
//!
//! Only what really fired is counted. Knows nothing of why it fired.

use std::collections::BTreeMap;

use banyan_core::venue::{OrderReport, ReportedStatus};
use serde::{Deserialize, Serialize};

use super::Fault;

/// Where the venue knows an order to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStateAtVenue {
    /// The venue does not know it.
    NotThere,
    /// Open, nothing filled.
    Open,
    /// Open, filled in part.
    PartiallyFilled,
    /// Filled completely.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Refused.
    Rejected,
    /// Ended by its time in force.
    Expired,
}

impl OrderStateAtVenue {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::NotThere,
        Self::Open,
        Self::PartiallyFilled,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
    ];

    /// The name, e.g. `partially_filled`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotThere => "not_there",
            Self::Open => "open",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }

    /// Reads the state off what the venue tells of an order.
    #[must_use]
    pub fn of(report: Option<&OrderReport>) -> Self {
        let Some(report) = report else {
            return Self::NotThere;
        };
        match report.status {
            ReportedStatus::Open if report.filled.is_positive() => Self::PartiallyFilled,
            ReportedStatus::Open => Self::Open,
            ReportedStatus::Filled => Self::Filled,
            ReportedStatus::Cancelled => Self::Cancelled,
            ReportedStatus::Rejected => Self::Rejected,
            ReportedStatus::Expired => Self::Expired,
        }
    }
}

/// How often each fault fired, by the state of the order concerned; `None` when it concerned none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultCounts(BTreeMap<(Fault, Option<OrderStateAtVenue>), u64>);

impl FaultCounts {
    pub(super) fn add(&mut self, fault: Fault, state: Option<OrderStateAtVenue>) {
        *self.0.entry((fault, state)).or_default() += 1;
    }

    /// How often a fault met orders in this state.
    #[must_use]
    pub fn get(&self, fault: Fault, state: Option<OrderStateAtVenue>) -> u64 {
        self.0.get(&(fault, state)).copied().unwrap_or_default()
    }

    /// How often a fault fired.
    #[must_use]
    pub fn total(&self, fault: Fault) -> u64 {
        self.iter().filter(|(counted, ..)| *counted == fault).map(|(.., count)| count).sum()
    }

    /// The cells that are not zero, by fault, then by state.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, Option<OrderStateAtVenue>, u64)> {
        self.0.iter().map(|((fault, state), count)| (*fault, *state, *count))
    }

    /// Says whether no fault fired.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_counted_apart_and_summed() {
        let mut counts = FaultCounts::default();
        counts.add(Fault::Delay, None);
        counts.add(Fault::Delay, Some(OrderStateAtVenue::Open));
        counts.add(Fault::Delay, Some(OrderStateAtVenue::Open));
        counts.add(Fault::Stall, None);
        assert_eq!(counts.get(Fault::Delay, Some(OrderStateAtVenue::Open)), 2);
        assert_eq!(counts.get(Fault::Delay, Some(OrderStateAtVenue::Filled)), 0);
        assert_eq!((counts.total(Fault::Delay), counts.total(Fault::Stall)), (3, 1));
        assert_eq!(counts.iter().count(), 3);
    }
}
