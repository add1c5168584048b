//! What can be set about where data is kept.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Database;
use crate::secret::Secret;

/// Where data is kept; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct StoreSettings {
    pub data_dir: PathBuf,
    #[serde(deserialize_with = "crate::secret::secret_text")]
    pub database_url: Secret,
}

impl StoreSettings {
    /// The database: PostgreSQL where a URL is set, else SQLite in the data folder.
    #[must_use]
    pub fn database(&self) -> Database {
        if self.database_url.is_empty() {
            Database::Sqlite(self.data_dir.join("banyan.db"))
        } else {
            Database::Postgres(self.database_url.clone())
        }
    }
}
