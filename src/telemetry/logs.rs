//! Logs: lines on standard error, as text or JSON.

use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How logs are written; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct LogSettings {
    pub level: String,
    pub json: bool,
}

impl LogSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first key that is out of its bounds, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        match self.filter() {
            Some(_) => Ok(()),
            None => Err(("level", "must be one of off, error, warn, info, debug, trace")),
        }
    }

    fn filter(&self) -> Option<LevelFilter> {
        self.level.parse().ok()
    }

    /// Begins to write logs; the first call in a process counts. Libraries log from warnings on.
    pub fn begin(&self) {
        let level = self.filter().unwrap_or(LevelFilter::INFO);
        let targets =
            Targets::new().with_default(level.min(LevelFilter::WARN)).with_target("banyan", level);
        let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let registry = tracing_subscriber::registry().with(targets);
        let begun = if self.json {
            registry.with(lines.json()).try_init()
        } else {
            registry.with(lines.with_ansi(false)).try_init()
        };
        if begun.is_err() {
            tracing::debug!("logs are written already");
        }
    }
}

/// Writes panics to the log as well as what was logged before them; supervision handles them.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|info| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let payload = info.payload();
        let message = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no message");
        tracing::error!(thread = name, place, message, "panic");
    }));
}
