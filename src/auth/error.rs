//! Why a login, a token or a registration is refused.

use crate::store::StoreError;

/// Why a login, a token or a registration is refused.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// No such user, or another password; it is not told which.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// Too many failures in a row, whether or not there is such a user.
    #[error("too many failed logins; try again in {seconds} seconds")]
    Locked {
        /// Seconds until the next try counts.
        seconds: u64,
    },
    /// No token of ours.
    #[error("the token is not valid")]
    InvalidToken,
    /// The token is over.
    #[error("the token has expired")]
    TokenExpired,
    /// The session was ended.
    #[error("the session has ended; log in again")]
    SessionEnded,
    /// Nobody may register from where this came.
    #[error("registration is open on this machine only")]
    RegistrationClosed,
    /// Somebody has this address already.
    #[error("this e-mail address is registered already")]
    EmailTaken,
    /// What was entered is not taken.
    #[error("{field} {message}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong.
        message: &'static str,
    },
    /// More password checks wait than can be made soon.
    #[error("too many logins at the moment; try again in a few seconds")]
    Busy,
    /// The data was sealed with another key.
    #[error(
        "the data key is not the one this database was sealed with; give the old one back \
         (keys/data.key in the data folder, or auth.data_key)"
    )]
    OtherDataKey,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed or a token not be signed.
    #[error("cryptography failed: {0}")]
    Hash(String),
}
