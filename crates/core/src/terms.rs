//! What an account and its workers are set up with.
//!
//! Plain settings; the rules that use them are elsewhere.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, UserId};
use crate::instrument::InstrumentId;
use crate::money::Amount;
pub use crate::risk::Arming;
use crate::risk::RiskLimits;
use crate::symbol::Asset;
use crate::time::Span;
use crate::venue::{MarginMode, PositionMode};

/// Whose money is at stake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountMode {
    /// Nobody's: the embedded exchange.
    #[default]
    Paper,
    /// Nobody's: a venue's test network.
    Testnet,
    /// The owner's.
    Live,
}

/// An account as it is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// Its id.
    pub id: AccountId,
    /// Its tenant.
    pub tenant: UserId,
    /// Whose money is at stake.
    pub mode: AccountMode,
    /// Whether long and short are netted.
    pub position_mode: PositionMode,
    /// How margin is kept.
    pub margin_mode: MarginMode,
    /// The asset in which equity is counted.
    pub settle: Asset,
    /// The venue's leverage where none was set.
    pub default_leverage: u32,
    /// How often the books are compared with the venue.
    pub reconcile_every: Span,
    /// How long the venue may take a submit.
    pub request_expiry: Span,
}

/// What a worker may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerTerms {
    /// The version of the strategy it runs.
    pub strategy_version: u32,
    /// The instruments it may trade.
    pub instruments: Vec<InstrumentId>,
    /// The capital it may use, in the account's settle asset.
    pub capital: Amount,
    /// Its limits.
    pub limits: RiskLimits,
    /// Whether it is also told of funding and of where its positions are to be left.
    #[serde(default)]
    pub told_of_funding_and_protection: bool,
}

/// What becomes of a worker's orders and positions when it stops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopPolicy {
    /// Everything stays as it is; for a worker that comes back.
    Keep,
    /// Its own orders are cancelled; positions and their protection stay.
    #[default]
    CancelOrders,
    /// Orders are cancelled and positions closed.
    ClosePositions,
}
