//! The seed port: randomness of the operating system, read in one place.
//!
//! Ids, keys and tokens come from here; what decides a trade never does.

use banyan_core::time::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

/// Bytes that nobody can guess.
#[must_use]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("an operating system without randomness can run no server");
    bytes
}

/// A text of 2 `N` hexadecimal digits that nobody can guess.
#[must_use]
pub fn token<const N: usize>() -> String {
    bytes::<N>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A `UUIDv7`: ids made later sort later.
#[must_use]
pub fn id(now: Timestamp) -> Uuid {
    let milliseconds = u64::try_from(now.0 / 1_000).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &bytes::<10>()).into_uuid()
}

/// A number that decides what may be left to chance.
#[must_use]
pub fn seed() -> u64 {
    u64::from_le_bytes(bytes::<8>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_later_sort_later_and_none_repeats() {
        let (early, late) = (id(Timestamp(1_000_000)), id(Timestamp(2_000_000)));
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
        assert_ne!(id(Timestamp(0)), id(Timestamp(0)));
        assert_eq!(token::<16>().len(), 32);
    }
}
