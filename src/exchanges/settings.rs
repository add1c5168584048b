//! What can be set about the embedded exchange.

use banyan_core::time::Span;
use banyan_matching::faults::FaultSettings;
use banyan_matching::synthetic::SyntheticSettings;
use banyan_matching::world::Latency;
use serde::{Deserialize, Serialize};

use super::PaperSettings;

/// The embedded exchange and its market; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct PaperExchangeSettings {
    pub seed: u64,
    pub symbols: Vec<String>,
    pub step_milliseconds: u32,
    pub latency_milliseconds: u32,
    pub faults: bool,
}

impl PaperExchangeSettings {
    /// The same as the exchange is opened with.
    #[must_use]
    pub fn plan(&self) -> PaperSettings {
        let latency = Span::milliseconds(i64::from(self.latency_milliseconds));
        let faults = if self.faults { FaultSettings::bad_day() } else { FaultSettings::none() };
        PaperSettings {
            seed: Some(self.seed).filter(|seed| *seed != 0),
            symbols: self.symbols.iter().filter_map(|name| name.parse().ok()).collect(),
            step: Span::milliseconds(i64::from(self.step_milliseconds)),
            regimes: Vec::new(),
            keep_history: false,
            latency: Latency {
                order: latency,
                user_stream: latency,
                feed: Span(latency.0 / 2),
                jitter: Span(latency.0 / 2),
            },
            faults: Some(faults),
        }
    }

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
