//! How values of the core are written in columns of text, and read back.
//!
//! Names are those that the core's own serialisation uses, so that a column and the payload of its
//! record say the same.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value as JSON.
pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("values of ours have text for keys")
}

/// Reads a value from JSON in a column.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Reads an id.
#[expect(clippy::needless_pass_by_value, reason = "columns are read into texts of their own")]
pub(super) fn uuid(text: String) -> Result<uuid::Uuid, sqlx::Error> {
    text.parse().map_err(|error: uuid::Error| sqlx::Error::Decode(Box::new(error)))
}
