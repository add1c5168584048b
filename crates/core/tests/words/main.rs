//! Strategies in words: what is asked and when, what becomes of answers, what is recorded.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "this whole crate is a test"
)]

mod answers;
mod approvals;
mod debates;
mod desk;
mod outcomes;
mod schedule;
