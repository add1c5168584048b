//! What can be set about logins.

use serde::{Deserialize, Serialize};

use crate::secret::{Secret, secret_text};

/// Logins; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct AuthSettings {
    #[serde(deserialize_with = "secret_text")]
    pub token_key: Secret,
    #[serde(deserialize_with = "secret_text")]
    pub data_key: Secret,
    pub open_registration: bool,
}
