//! How often each fault comes and how long it lasts.

use std::collections::BTreeMap;

use banyan_core::time::Span;
use serde::{Deserialize, Serialize};

use super::Fault;

/// The position of the dial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultSettings {
    /// How often each fault comes; one that is missing or zero is off. Momentary faults: chances
    /// in a million, for each command or message that it could befall. The others: how many a day
    /// each target can expect.
    pub rates: BTreeMap<Fault, u32>,
    /// After how long a sender gives up waiting for an answer.
    pub time_out: Span,
    /// The longest delay.
    pub longest_delay: Span,
    /// The longest time after which a lost message is reported as a gap.
    pub longest_gap_notice: Span,
    /// The shortest time that a lasting fault lasts.
    pub shortest_window: Span,
    /// The longest time that a lasting fault other than an outage lasts.
    pub longest_window: Span,
    /// The longest outage.
    pub longest_outage: Span,
}

impl Default for FaultSettings {
    fn default() -> Self {
        Self::none()
    }
}

impl FaultSettings {
    /// Everything off.
    #[must_use]
    pub fn none() -> Self {
        Self {
            rates: BTreeMap::new(),
            time_out: Span::seconds(1),
            longest_delay: Span::seconds(5),
            longest_gap_notice: Span::seconds(5),
            shortest_window: Span::seconds(1),
            longest_window: Span::seconds(30),
            longest_outage: Span::seconds(60),
        }
    }

    /// Everything on, each fault many times more often than a venue has it on its worst days.
    #[must_use]
    pub fn bad_day() -> Self {
        let rates = Fault::ALL.map(|fault| (fault, bad_day_rate(fault)));
        Self { rates: BTreeMap::from(rates), ..Self::none() }
    }

    /// How often this fault comes; see [`Self::rates`].
    #[must_use]
    pub fn rate(&self, fault: Fault) -> u32 {
        self.rates.get(&fault).copied().unwrap_or_default()
    }
}

fn bad_day_rate(fault: Fault) -> u32 {
    match fault {
        Fault::DropRequest | Fault::LoseReply => 20_000,
        Fault::Delay | Fault::Duplicate => 30_000,
        Fault::DropMessage => 10_000,
        // Only messages with a neighbour under way can be reordered, so it has to be tried often.
        Fault::Reorder | Fault::CancelRace => 100_000,
        Fault::Stall | Fault::PartialFillStorm => 96,
        Fault::RejectionStorm | Fault::RateLimitBan | Fault::ClockSkew => 48,
        Fault::Outage | Fault::FilterChange | Fault::Halt | Fault::ExternalTrade => 24,
        Fault::Delisting => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_all_off_and_a_bad_day_all_on() {
        for fault in Fault::ALL {
            assert_eq!(FaultSettings::none().rate(fault), 0);
            assert!(FaultSettings::bad_day().rate(fault) > 0, "{}", fault.name());
        }
    }
}
