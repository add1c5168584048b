//! What can be set about trading.

use serde::{Deserialize, Serialize};

/// What may be traded; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct TradingSettings {
    pub allow_live: bool,
    pub reconcile_seconds: u32,
    pub request_expiry_seconds: u32,
}

impl TradingSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first key that is out of its bounds, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !(1..=3_600).contains(&self.reconcile_seconds) {
            return Err(("reconcile_seconds", "must be 1 to 3600"));
        }
        if !(1..=60).contains(&self.request_expiry_seconds) {
            return Err(("request_expiry_seconds", "must be 1 to 60"));
        }
        Ok(())
    }
}
