//! What can be set about WebSocket connections.

use serde::{Deserialize, Serialize};

/// WebSocket connections; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct WsSettings {
    pub connections_per_user: usize,
    pub connections: usize,
    pub subscriptions: usize,
    pub ping_seconds: u64,
    pub idle_seconds: u64,
    pub frame_bytes: usize,
}

impl WsSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first key that is out of its bounds, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let sizes = [
            ("connections_per_user", self.connections_per_user, 10_000),
            ("connections", self.connections, 100_000),
            ("subscriptions", self.subscriptions, 10_000),
            ("frame_bytes", self.frame_bytes, 1 << 20),
        ];
        if let Some((key, ..)) = sizes.iter().find(|(_, size, most)| !(1..=*most).contains(size)) {
            return Err((key, "is zero or too large"));
        }
        if self.ping_seconds == 0 || self.idle_seconds <= self.ping_seconds {
            return Err(("idle_seconds", "must be greater than ping_seconds, and that than zero"));
        }
        Ok(())
    }
}
