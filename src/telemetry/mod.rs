//! What tells how a run went: the event log's hash.
//!
//! Imports nothing of ours: whatever can be serialised can be logged.

mod event_log;

pub use event_log::{Chain, EventLog};
