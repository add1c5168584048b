//! Strategies in words: what is asked and when, what becomes of answers, what is recorded.

mod answers;
mod approvals;
mod debates;
mod desk;
mod outcomes;
mod schedule;
