//! The fault dial: what can go wrong between an account and its venue, how often, and what did.
//!
//! It decides and remembers; the world carries out. It has its own seeded generator, so that
//! turning it never changes what the market does. It knows nothing of queues or books.

mod counts;
mod dial;
mod disturbance;
mod schedule;
mod settings;

use banyan_core::ids::AccountId;
use banyan_core::instrument::InstrumentId;
use serde::{Deserialize, Serialize};

pub use counts::{FaultCounts, OrderStateAtVenue};
pub(crate) use dial::Dial;
pub(crate) use schedule::{Change, Window};
pub use settings::FaultSettings;

/// One thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A command never arrives; its sender runs into the time-out.
    DropRequest,
    /// A command is executed, and its answer is lost: the sender runs into the time-out. What the
    /// user stream tells of it still comes.
    LoseReply,
    /// A command or a user-stream message comes late. The sender of a command that is later than
    /// the time-out gets the time-out in place of the answer. Stream messages behind a late one
    /// wait with it; answers overtake it.
    Delay,
    /// A message about an order, a fill or a funding is delivered a second time, somewhat later.
    /// Answers to queries, snapshots and settings never are: no connection repeats those.
    Duplicate,
    /// Two neighbouring messages of an account change places.
    Reorder,
    /// A user-stream message is lost; the stream reports the gap some seconds later.
    DropMessage,
    /// An account: its user stream is silent for a while; what was held comes late together, or is
    /// lost and the stream reports the gap. An instrument: its public feed is silent; trades are
    /// lost, quotes resume with the newest.
    Stall,
    /// For a while each submit is refused as `ExchangeNotAvailable` or `InsufficientFunds`.
    RejectionStorm,
    /// For a while each command is refused as `RateLimitExceeded`.
    RateLimitBan,
    /// For a while all commands time out unexecuted and the user stream is silent, and reports a
    /// gap at the end; an outage of the whole venue silences the public feed too.
    Outage,
    /// For a while each submit is refused as `RequestExpired`.
    ClockSkew,
    /// For a while what outsiders show and take is cut to slivers.
    PartialFillStorm,
    /// Tick, step or least notional become coarser, and fine again after a while.
    FilterChange,
    /// No orders are taken for a while.
    Halt,
    /// The instrument is closed for ever: at most one in a run, and never the last one.
    Delisting,
    /// Somebody trades by hand on the account, under an id that the engine did not make.
    ExternalTrade,
    /// An outsider fills a resting order just before its cancel arrives.
    CancelRace,
}

/// What a fault befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The link of one account.
    Account(AccountId),
    /// One instrument.
    Instrument(InstrumentId),
    /// The venue and all its links.
    Venue,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 17] = [
        Self::DropRequest,
        Self::LoseReply,
        Self::Delay,
        Self::Duplicate,
        Self::Reorder,
        Self::DropMessage,
        Self::Stall,
        Self::RejectionStorm,
        Self::RateLimitBan,
        Self::Outage,
        Self::ClockSkew,
        Self::PartialFillStorm,
        Self::FilterChange,
        Self::Halt,
        Self::Delisting,
        Self::ExternalTrade,
        Self::CancelRace,
    ];

    /// The name, e.g. `lose_reply`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DropRequest => "drop_request",
            Self::LoseReply => "lose_reply",
            Self::Delay => "delay",
            Self::Duplicate => "duplicate",
            Self::Reorder => "reorder",
            Self::DropMessage => "drop_message",
            Self::Stall => "stall",
            Self::RejectionStorm => "rejection_storm",
            Self::RateLimitBan => "rate_limit_ban",
            Self::Outage => "outage",
            Self::ClockSkew => "clock_skew",
            Self::PartialFillStorm => "partial_fill_storm",
            Self::FilterChange => "filter_change",
            Self::Halt => "halt",
            Self::Delisting => "delisting",
            Self::ExternalTrade => "external_trade",
            Self::CancelRace => "cancel_race",
        }
    }

    /// Says whether it befalls one command or message, rather than coming at a time of its own.
    #[must_use]
    pub const fn is_momentary(self) -> bool {
        matches!(
            self,
            Self::DropRequest
                | Self::LoseReply
                | Self::Delay
                | Self::Duplicate
                | Self::Reorder
                | Self::DropMessage
                | Self::CancelRace
        )
    }

    /// Says whether it can keep an order from reaching the venue, from standing there, or from
    /// being known to stand there.
    #[must_use]
    pub const fn holds_back_orders(self) -> bool {
        !matches!(
            self,
            Self::Duplicate
                | Self::Reorder
                | Self::PartialFillStorm
                | Self::ExternalTrade
                | Self::CancelRace
        )
    }

    /// Says whether it can befall this target.
    #[must_use]
    pub const fn befalls(self, target: Target) -> bool {
        match target {
            Target::Account(_) => !matches!(
                self,
                Self::PartialFillStorm | Self::FilterChange | Self::Halt | Self::Delisting
            ),
            Target::Instrument(_) => matches!(
                self,
                Self::Stall
                    | Self::PartialFillStorm
                    | Self::FilterChange
                    | Self::Halt
                    | Self::Delisting
            ),
            Target::Venue => matches!(self, Self::Outage),
        }
    }

    /// Says whether it comes to this target of itself; an outage of a single link is only forced.
    pub(crate) const fn comes_to(self, target: Target) -> bool {
        let single_outage = matches!((self, target), (Self::Outage, Target::Account(_)));
        !self.is_momentary() && !single_outage && self.befalls(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_listed_once_under_its_own_name() {
        let mut names: Vec<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Fault::ALL.len());
    }

    #[test]
    fn every_fault_can_befall_something() {
        let targets = [
            Target::Account(AccountId::default()),
            Target::Instrument(InstrumentId::default()),
            Target::Venue,
        ];
        for fault in Fault::ALL {
            assert!(targets.iter().any(|target| fault.befalls(*target)), "{}", fault.name());
            let comes = targets.iter().any(|target| fault.comes_to(*target));
            assert_eq!(comes, !fault.is_momentary(), "{}", fault.name());
        }
    }
}
