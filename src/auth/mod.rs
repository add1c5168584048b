//! Who somebody is: passwords, tokens, sessions, and the key vault.
//!
//! Knows nothing of HTTP. What a user may see is decided by the store's owner scope, which only a
//! live session gives.

mod error;
pub mod keys;
pub mod password;
mod service;
mod settings;
mod tokens;
pub mod vault;

pub use error::AuthError;
pub use password::Hasher;
pub use service::{Auth, Caller, IssuedTokens, Registration};
pub use settings::AuthSettings;
pub use tokens::{ACCESS_LIFE, Claims, REFRESH_LIFE, TokenKind, Tokens};
