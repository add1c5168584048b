//! `banyan simulate`: seeded chaos.

use clap::Args;

use super::{CommandError, Exit};
use crate::settings::Settings;

#[derive(Args)]
pub(super) struct SimulateArguments {
    /// Seeds, as first..past-the-last.
    #[arg(long, default_value = "0..10")]
    seeds: String,
}

pub(super) fn run(_: &SimulateArguments, _: &Settings, _: bool) -> Result<Exit, CommandError> {
    Ok(Exit::Success)
}
