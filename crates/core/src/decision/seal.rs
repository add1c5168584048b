//! Seals records: hashes over what they say, each linked to the one before.
//!
//! A hash is SHA-256, in hexadecimal, over the JSON of what it covers. Who keeps records, and
//! where, is not known here.

use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Decision, DecisionId};
use crate::ids::WorkerId;
use crate::time::Timestamp;

/// Why a record is not what was sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokenSeal {
    /// The prompt was changed.
    #[error("the prompt is not the one that was sealed")]
    Prompt,
    /// The snapshot was changed.
    #[error("the snapshot is not the one that was sealed")]
    Snapshot,
    /// Anything was changed.
    #[error("the record is not the one that was sealed")]
    Record,
    /// A record is missing, or stands twice.
    #[error("number {found} stands where {expected} is due")]
    Number {
        /// The number that is due.
        expected: u64,
        /// The number that stands there.
        found: u64,
    },
    /// The one before is another than when this was sealed.
    #[error("it follows another record than the one before it")]
    Previous,
    /// The one before belongs to another worker.
    #[error("the record before it belongs to another worker")]
    Worker,
}

impl Decision {
    /// Fills in all hashes; `previous` is the hash of the one before, empty for the first.
    #[must_use]
    pub fn seal(mut self, previous: &str) -> Self {
        self.previous = previous.to_owned();
        self.prompt_hash = hash_of(&self.prompt);
        self.snapshot_hash = hash_of(&self.snapshot);
        self.hash = self.computed_hash();
        self
    }

    /// What the hash of the record must be.
    fn computed_hash(&self) -> String {
        hash_of(&Self { hash: String::new(), ..self.clone() })
    }
}

/// The id of a worker's decision: a UUID of version 7 whose bits beyond the time are derived from
/// worker and number, so that the same decision always has the same id.
#[must_use]
pub fn decision_id(worker: WorkerId, number: u64, time: Timestamp) -> DecisionId {
    let mut hasher = Sha256::new();
    hasher.update(worker.0.as_bytes());
    hasher.update(number.to_be_bytes());
    let digest = hasher.finalize();
    let mut bytes = [0_u8; 16];
    bytes[..6].copy_from_slice(&time.milliseconds().to_be_bytes()[2..]);
    bytes[6..].copy_from_slice(&digest[..10]);
    bytes[6] = bytes[6] & 0x0F | 0x70;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    DecisionId(Uuid::from_bytes(bytes))
}

/// Checks that a record is as it was sealed and follows the one before it; `None` when it is the
/// worker's first.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_link(previous: Option<&Decision>, it: &Decision) -> Result<(), BrokenSeal> {
    if previous.is_some_and(|before| before.worker != it.worker) {
        return Err(BrokenSeal::Worker);
    }
    let expected = previous.map_or(0, |before| before.number) + 1;
    if it.number != expected {
        return Err(BrokenSeal::Number { expected, found: it.number });
    }
    if it.previous != previous.map_or("", |before| before.hash.as_str()) {
        return Err(BrokenSeal::Previous);
    }
    check_hashes(it)
}

fn check_hashes(it: &Decision) -> Result<(), BrokenSeal> {
    if it.prompt_hash != hash_of(&it.prompt) {
        return Err(BrokenSeal::Prompt);
    }
    if it.snapshot_hash != hash_of(&it.snapshot) {
        return Err(BrokenSeal::Snapshot);
    }
    if it.hash != it.computed_hash() { Err(BrokenSeal::Record) } else { Ok(()) }
}

/// SHA-256 over the JSON of a value, in hexadecimal.
fn hash_of<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_vec(value).expect("records have text keys only, so JSON holds them");
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}
