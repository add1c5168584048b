//! Why a server could not start; each says what was wrong and, where it helps, what to do.

use crate::auth::AuthError;
use crate::auth::keys::KeyError;
use crate::exchanges::ExchangeFileError;
use crate::store::StoreError;

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The settings ask for what cannot be.
    #[error("{0}")]
    Settings(String),
    /// Another engine works on the same data.
    #[error("{0}")]
    InUse(String),
    /// The data folder cannot be used.
    #[error("the data folder {folder}: {why}")]
    Folder {
        /// The folder.
        folder: String,
        /// What is wrong with it.
        why: String,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Store(StoreError),
    /// The embedded exchange cannot be opened.
    #[error(transparent)]
    Exchange(ExchangeFileError),
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Logins cannot be made ready.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {why}")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        why: String,
    },
    /// The engine could not be started.
    #[error("the engine could not be started: {0}")]
    Engine(String),
}

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InUse(_) => Self::InUse(error.to_string()),
            error => Self::Store(error),
        }
    }
}

impl From<ExchangeFileError> for ServerError {
    fn from(error: ExchangeFileError) -> Self {
        match error {
            ExchangeFileError::InUse(_) => Self::InUse(error.to_string()),
            error => Self::Exchange(error),
        }
    }
}
