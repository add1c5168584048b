//! The whole engine under simulated time: replays of recorded markets, and the proof that nothing
//! is lost.
//!
//! One thread, paused time, seeded ids: two runs of the same inputs do the same, to the hash.

pub mod audit;
pub mod chaos;
pub mod panics;
pub mod replay;
mod runtime;
mod stage;

pub use runtime::{Pace, run, silence_injected_panics};
pub use stage::{Stage, TradingAccount, make_clock};
