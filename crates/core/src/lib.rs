//! The pure core of Banyan: money, instruments, orders, positions, ledger, account, risk,
//! indicators and strategies.
//!
//! Everything here is a plain value with methods of the shape `state + event -> effects`. There is
//! no I/O, no async, no clock, no logging and no randomness: time comes in on the event, ids and
//! seeds are handed in. The dependencies in Cargo.toml keep it so.

pub mod account;
pub mod decision;
pub mod ids;
pub mod indicators;
pub mod instrument;
pub mod intent;
pub mod journal;
pub mod kill;
pub mod language;
pub mod ledger;
pub mod margin;
pub mod market;
pub mod model;
pub mod money;
pub mod order;
pub mod position;
pub mod prompt;
pub mod risk;
pub mod strategy;
pub mod symbol;
pub mod terms;
mod text;
pub mod time;
pub mod venue;
pub mod worker;
