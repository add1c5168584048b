//! Identities: accounts, workers, orders, trades, journal sequence numbers.
//!
//! Ids are made by the shell from its seed port and handed in; the core only derives client order
//! ids, which must be the same after every restart.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

macro_rules! uuid_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Wraps a raw 128-bit value.
            #[must_use]
            pub const fn from_u128(value: u128) -> Self {
                Self(Uuid::from_u128(value))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_newtype! {
    /// One exchange account.
    AccountId
}
uuid_newtype! {
    /// One strategy worker.
    WorkerId
}
uuid_newtype! {
    /// One person who owns accounts and workers.
    UserId
}

macro_rules! counter_newtype {
    ($(#[$doc:meta])* $name:ident, $inner:ty) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl $name {
            /// Returns the next value.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0 + 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter_newtype! {
    /// Position of a record in the journal of one account; the first is 1.
    Sequence, u64
}
counter_newtype! {
    /// How often a worker was started; commands of an older epoch are refused.
    Epoch, u32
}
counter_newtype! {
    /// The number of one trade or funding, unique and rising within an account; an adapter whose
    /// venue numbers otherwise makes it so.
    TradeId, u64
}
counter_newtype! {
    /// The venue's number of one order.
    VenueOrderId, u64
}

/// One wish of one worker: the number counts up within an epoch.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct IntentId {
    /// Who wishes.
    pub worker: WorkerId,
    /// The worker's start that the wish belongs to.
    pub epoch: Epoch,
    /// Counts from 1; numbers with the top bit set are the engine's own (protection, kill).
    pub number: u32,
}

impl IntentId {
    /// The bit that marks an intent of the engine itself.
    pub const ENGINE: u32 = 1 << 31;

    /// Says whether the engine, not the strategy, had this intent.
    #[must_use]
    pub const fn is_engine(self) -> bool {
        self.number & Self::ENGINE != 0
    }
}

/// The id under which an order is sent; the venue refuses a second open order with the same one.
///
/// 128 bits, from the top: mark `0xBA` (8), account (16), worker (32), epoch (24), intent number
/// (32), start of the engine (16). The last keeps ids apart that left while the journal could not
/// write, and that a restart does not remember. Written as 32 hexadecimal digits, which every
/// supported venue accepts.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientOrderId(pub u128);

impl Serialize for ClientOrderId {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        if sink.is_human_readable() { sink.collect_str(self) } else { self.0.serialize(sink) }
    }
}

impl<'de> Deserialize<'de> for ClientOrderId {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        if !source.is_human_readable() {
            return u128::deserialize(source).map(Self);
        }
        let text = std::borrow::Cow::<'de, str>::deserialize(source)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A text that is no client order id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a client order id: 32 hexadecimal digits are expected")]
pub struct BadClientOrderId(pub String);

impl ClientOrderId {
    const MARK: u128 = 0xBA;

    /// Derives the id of an intent's order; an intent has one order.
    #[must_use]
    pub fn derive(account: AccountId, intent: IntentId, incarnation: u16) -> Self {
        let account = account.0.as_u128() & 0xFFFF;
        let worker = fold32(intent.worker.0.as_u128());
        let epoch = u128::from(intent.epoch.0) & 0xFF_FFFF;
        Self(
            Self::MARK << 120
                | account << 104
                | worker << 72
                | epoch << 48
                | u128::from(intent.number) << 16
                | u128::from(incarnation),
        )
    }

    /// Says whether this is an order of a worker, whatever the intent.
    #[must_use]
    pub fn belongs_to(self, worker: WorkerId) -> bool {
        self.is_ours() && self.0 >> 72 & 0xFFFF_FFFF == fold32(worker.0.as_u128())
    }

    /// Says whether Banyan made this id.
    #[must_use]
    pub const fn is_ours(self) -> bool {
        self.0 >> 120 == Self::MARK
    }
}

/// Folds all bits of an id into 32, so that ids which differ in any part rarely collide.
fn fold32(value: u128) -> u128 {
    let folded = value ^ value >> 64;
    let mixed = (folded as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    u128::from(mixed >> 32)
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientOrderId({self})")
    }
}

impl FromStr for ClientOrderId {
    type Err = BadClientOrderId;
    fn from_str(text: &str) -> Result<Self, BadClientOrderId> {
        let bad = || BadClientOrderId(text.to_owned());
        if text.len() != 32 {
            return Err(bad());
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| bad())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_order_ids_are_stable_and_distinct() {
        let account = AccountId::from_u128(7);
        let worker = WorkerId::from_u128(9);
        let intent = |epoch, number| IntentId { worker, epoch: Epoch(epoch), number };
        let id = ClientOrderId::derive(account, intent(1, 1), 0);
        assert_eq!(id, ClientOrderId::derive(account, intent(1, 1), 0));
        assert!(id.is_ours() && id.belongs_to(worker));
        assert!(!id.belongs_to(WorkerId::from_u128(10)));
        let others = [(2, 1, 0), (1, 2, 0), (1, 1, 1)];
        for (epoch, number, leg) in others {
            assert_ne!(id, ClientOrderId::derive(account, intent(epoch, number), leg));
        }
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("xyz".parse::<ClientOrderId>().is_err());
    }
}
