//! The embedded exchange: order books, matching, margin, market models, latency and faults.
//!
//! Pure and seeded: time comes in with every call, and the same seed gives the same run. It speaks
//! the venue port of the core and knows nothing of the engine that trades on it.

pub mod exchange;
pub mod faults;
pub mod listing;
pub mod market;
pub mod replay;
pub mod synthetic;
pub mod world;
