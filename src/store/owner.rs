//! Scopes: whose rows may be seen. A repository asks for one, so that forgetting whose a row is
//! does not compile.

use banyan_core::ids::UserId;

/// The rows of one user. Comes with a live session, and from nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner(UserId);

/// The rows of all users. Comes with a live session of an administrator, and with the engine's own
/// start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Everyone(());

impl Owner {
    pub(super) const fn of(user: UserId) -> Self {
        Self(user)
    }

    /// Whose rows.
    #[must_use]
    pub const fn user(self) -> UserId {
        self.0
    }
}

impl Everyone {
    pub(super) const fn all() -> Self {
        Self(())
    }

    /// For the engine, which opens accounts and starts workers of all users. Never for a request.
    #[must_use]
    pub const fn at_start_of_engine() -> Self {
        Self(())
    }

    /// The rows of one of all users.
    #[must_use]
    pub const fn rows_of(self, user: UserId) -> Owner {
        Owner(user)
    }
}
