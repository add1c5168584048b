//! What can be set about the embedded exchange.

use banyan_matching::synthetic::SyntheticSettings;
use serde::{Deserialize, Serialize};

/// The embedded exchange and its market; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct PaperSettings {
    pub seed: u64,
    pub symbols: Vec<String>,
    pub step_milliseconds: u32,
    pub latency_milliseconds: u32,
    pub faults: bool,
}

impl PaperSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first key that is out of its bounds, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let known = SyntheticSettings::available_symbols();
        let listed = |name: &String| known.iter().any(|symbol| symbol.to_string() == *name);
        if self.symbols.is_empty() || !self.symbols.iter().all(listed) {
            return Err(("symbols", "must name symbols that the synthetic market has"));
        }
        if !(10..=60_000).contains(&self.step_milliseconds) {
            return Err(("step_milliseconds", "must be 10 to 60000"));
        }
        if self.latency_milliseconds > 10_000 {
            return Err(("latency_milliseconds", "must be 0 to 10000"));
        }
        Ok(())
    }
}
