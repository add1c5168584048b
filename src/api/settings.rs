//! What can be set about the REST interface.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The REST interface; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct ApiSettings {
    pub auth_per_minute: u32,
    pub accounts_per_minute: u32,
    pub status_per_minute: u32,
    pub requests_per_minute: u32,
    pub body_bytes: usize,
    pub timeout_seconds: u64,
    pub hosts: Vec<String>,
    pub origins: Vec<String>,
    pub proxies: Vec<IpAddr>,
}

impl ApiSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first key that is out of its bounds, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let rates = [
            ("auth_per_minute", self.auth_per_minute),
            ("accounts_per_minute", self.accounts_per_minute),
            ("status_per_minute", self.status_per_minute),
            ("requests_per_minute", self.requests_per_minute),
        ];
        if let Some((key, _)) = rates.iter().find(|(_, rate)| !(1..=1_000_000).contains(rate)) {
            return Err((key, "must be 1 to 1000000"));
        }
        if !(1_024..=64 << 20).contains(&self.body_bytes) {
            return Err(("body_bytes", "must be 1024 to 67108864"));
        }
        if !(1..=600).contains(&self.timeout_seconds) {
            return Err(("timeout_seconds", "must be 1 to 600"));
        }
        Ok(())
    }
}
