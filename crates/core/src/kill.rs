//! Kill levels: how much of an account or worker is stopped. They persist until lifted.

use serde::{Deserialize, Serialize};

use crate::ids::WorkerId;

/// How much is stopped; each level includes those before it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum KillLevel {
    /// Nothing.
    #[default]
    None,
    /// No new entries; exits and protection go on.
    PauseEntries,
    /// Resting entry orders are cancelled too.
    CancelAll,
    /// Positions are closed too.
    Flatten,
    /// Nothing at all is sent any more, exits and cancels included.
    Freeze,
}

/// What a kill level is set on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KillScope {
    /// The whole account.
    Account,
    /// One worker of it.
    Worker(WorkerId),
}
