//! The exchange by its behaviour: what it is told and what it answers.

#![allow(clippy::unwrap_used, reason = "this whole crate is a test")]

mod actions;
mod answers;
mod desk;
mod kinds;
mod liquidation;
mod margin;
mod priority;
mod property;
mod rejections;
mod self_trade;
mod settlement;
mod spot;
mod time_in_force;
