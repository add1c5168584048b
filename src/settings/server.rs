//! What can be set about the server.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Where the server listens, and how it ends; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct ServerSettings {
    pub listen: SocketAddr,
    pub loopback_only: bool,
    pub demo: bool,
    pub stop_seconds: u64,
    pub io_threads: usize,
}

impl ServerSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first key that is out of its bounds, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if (self.loopback_only || self.demo) && !self.listen.ip().is_loopback() {
            return Err(("listen", "must be an address of this machine (127.0.0.1 or ::1) here"));
        }
        if !(1..=600).contains(&self.stop_seconds) {
            return Err(("stop_seconds", "must be 1 to 600"));
        }
        if !(1..=64).contains(&self.io_threads) {
            return Err(("io_threads", "must be 1 to 64"));
        }
        Ok(())
    }
}
