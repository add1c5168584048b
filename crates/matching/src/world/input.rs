//! Everything that can come into a world from outside, as one value that can be kept.
//!
//! A world follows from its settings, its market and its inputs with their times; so whoever keeps
//! those can make it again. Knows nothing of how they are kept.

use banyan_core::ids::AccountId;
use banyan_core::time::Timestamp;
use banyan_core::venue::VenueCommand;
use serde::{Deserialize, Serialize};

use super::{Delivery, Latency, World};
use crate::exchange::AccountSettings;
use crate::faults::{Fault, FaultSettings, Target};

/// What comes in from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// See [`World::open_account`].
    OpenAccount {
        /// Which account.
        account: AccountId,
        /// How it trades and what it starts with.
        settings: Box<AccountSettings>,
    },
    /// See [`World::submit`].
    Submit {
        /// Whose.
        account: AccountId,
        /// What is asked.
        command: VenueCommand,
    },
    /// See [`World::connect`].
    Connect(AccountId),
    /// See [`World::disconnect`].
    Disconnect(AccountId),
    /// See [`World::set_faults`].
    SetFaults(FaultSettings),
    /// See [`World::set_latency`].
    SetLatency(Latency),
    /// See [`World::inject`].
    Inject {
        /// What goes wrong.
        fault: Fault,
        /// For whom.
        target: Target,
    },
    /// Nothing came in, but somebody saw what had happened until now.
    Seen,
}

impl World {
    /// Lets happen what is due at or before `now`, then takes in an input. The same inputs at the
    /// same times make the same world, however often it is advanced in between.
    pub fn take(&mut self, input: Input, now: Timestamp, deliveries: &mut Vec<Delivery>) {
        self.advance(now, deliveries);
        self.apply(input, now);
    }

    /// Takes in an input without letting anything happen before it.
    pub fn apply(&mut self, input: Input, now: Timestamp) {
        match input {
            Input::OpenAccount { account, settings } => self.open_account(account, *settings),
            Input::Submit { account, command } => self.submit(account, command, now),
            Input::Connect(account) => self.connect(account, now),
            Input::Disconnect(account) => self.disconnect(account),
            Input::SetFaults(settings) => self.set_faults(settings),
            Input::SetLatency(latency) => self.set_latency(latency),
            Input::Inject { fault, target } => {
                self.inject(fault, target, now);
            }
            Input::Seen => {}
        }
    }
}
