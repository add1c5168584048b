//! The rule strategies by their behaviour: each is played through accepts, fills, denials,
//! restarts and candles, as an account and a market would.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "this whole crate is a test"
)]

mod account;
mod allocations;
mod configs;
mod dca;
mod fixtures;
mod grid;
mod grid_ends;
mod harness;
mod lints;
mod random;
mod signals;
