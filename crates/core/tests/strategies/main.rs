//! The rule strategies by their behaviour: each is played through accepts, fills, denials,
//! restarts and candles, as an account and a market would.

mod allocations;
mod configs;
mod dca;
mod grid;
mod grid_ends;
mod harness;
mod lints;
mod random;
mod signals;
