//! The file that tells a replay which strategies trade.

use std::path::Path;

use banyan_core::strategy::{StrategyConfig, StrategyKind};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::CommandError;

/// A list of strategies.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplayConfig {
    pub(super) strategies: Vec<StrategyEntry>,
}

/// One strategy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StrategyEntry {
    /// Its name in the report; the type when left out.
    pub(super) name: Option<String>,
    /// What it trades; the only symbol of the files when left out.
    pub(super) symbol: Option<String>,
    /// What it starts with; as in the settings when left out.
    pub(super) capital: Option<Decimal>,
    /// Its type.
    strategy_type: StrategyKind,
    /// Its parameters.
    config: toml::Table,
}

impl ReplayConfig {
    /// Reads and checks a file.
    pub(super) fn read(file: &Path) -> Result<Self, CommandError> {
        let name = file.display();
        let text = std::fs::read_to_string(file)
            .map_err(|error| CommandError::Usage(format!("{name}: {error}")))?;
        let config: Self = toml::from_str(&text)
            .map_err(|error| CommandError::Usage(format!("{name}: {error}")))?;
        if config.strategies.is_empty() {
            return Err(CommandError::Usage(format!("{name}: strategies: at least one is needed")));
        }
        Ok(config)
    }
}

impl StrategyEntry {
    /// The name in the report.
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.strategy_type.name().to_owned())
    }

    /// The configuration, all bounds checked.
    pub(super) fn config(&self) -> Result<StrategyConfig, CommandError> {
        let mut table = toml::Table::new();
        let kind = self.strategy_type.name().to_owned();
        table.insert("strategy_type".to_owned(), toml::Value::String(kind));
        table.insert("config".to_owned(), toml::Value::Table(self.config.clone()));
        let text = toml::to_string(&table).unwrap_or_default();
        let config: StrategyConfig = toml::from_str(&text)
            .map_err(|error| CommandError::Usage(error.message().to_owned()))?;
        config.validate().map_err(|errors| {
            let told = errors.iter().map(|error| format!("{}: {}", error.field, error.message));
            CommandError::Usage(told.collect::<Vec<_>>().join("; "))
        })?;
        Ok(config)
    }
}
