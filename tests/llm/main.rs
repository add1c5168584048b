//! Models over the network: each dialect and each fault, with a real client, store and budget, and
//! servers on loopback that play the providers.

#![allow(clippy::unwrap_used, reason = "this whole crate is a test")]

mod addresses;
mod dialects;
mod faults;
mod money;
mod patience;
mod providers;
mod stage;
mod wire;
