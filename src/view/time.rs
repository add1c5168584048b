//! Moments as RFC 3339 texts in UTC.

use banyan_core::time::Timestamp;
use serde::{Serialize, Serializer};

/// A moment, written as `2026-01-01T00:00:00.000Z`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        sink.collect_str(&self.0)
    }
}
