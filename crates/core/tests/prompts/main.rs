//! What models are told: configurations, observed markets, standings, and the texts made of them.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "this whole crate is a test"
)]

mod building;
mod configs;
mod desk;
mod injection;
mod lints;
mod observing;
mod standing;
