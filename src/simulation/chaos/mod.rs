//! The proof: the whole engine under seeded chaos, and invariants that must hold all the same.
//!
//! A seed decides everything: the market, the faults of the venue, when workers start, stop and
//! panic, when the engine is killed and how much of the journal's tail survives. A seed that fails
//! replays to the same hash.

mod cast;
mod checker;
mod decisions;
mod finale;
mod run;
mod script;
mod summary;

pub(super) use cast::draw as draw_cast;
pub use run::{DecisionFigures, FaultTable, SeedOutcome, run_seed};
pub use summary::{Summary, simulate};

#[cfg(feature = "mutants")]
pub use banyan_core::account::Mutation;

/// Stands for deliberate faults of the engine in builds that have none.
#[cfg(not(feature = "mutants"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {}

#[cfg(feature = "mutants")]
fn mutate(account: &mut banyan_core::account::Account, mutation: Mutation) {
    account.mutate(mutation);
}

#[cfg(not(feature = "mutants"))]
fn mutate(_: &mut banyan_core::account::Account, mutation: Mutation) {
    match mutation {}
}
