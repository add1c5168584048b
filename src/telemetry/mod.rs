//! What tells how a run goes and how it went: vital signs, the event log's hash, logs.
//!
//! Imports nothing of ours: whatever can be serialised can be logged.

mod event_log;
mod logs;
mod models;
mod vitals;

pub use event_log::{Chain, EventLog};
pub use logs::{LogSettings, log_panics};
pub use models::{LATENCY_BUCKETS, ModelCallSample, ModelCounts, ModelMeter, ModelMeters};
pub use vitals::{JournalSign, Vitals};
