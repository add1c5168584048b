//! Sessions: one login with all tokens that follow from it. A live session gives the scope of its
//! user, which all other repositories ask for.

use banyan_core::ids::UserId;
use banyan_core::time::Timestamp;
use uuid::Uuid;

use super::database::Store;
use super::driver::on_both;
use super::error::StoreError;
use super::users::User;
use super::{Everyone, Owner};
use crate::entropy;

/// A session that was not ended, of a user who may log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// Which.
    pub id: Uuid,
    /// Whose.
    pub user: User,
    owner: Owner,
}

impl LiveSession {
    /// The rows that the user may see.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        self.owner
    }

    /// All rows, if the user is an administrator.
    #[must_use]
    pub fn everyone(&self) -> Option<Everyone> {
        self.user.is_admin.then(Everyone::all)
    }
}

/// What became of a refresh token that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It was the current one, and is replaced.
    Rotated,
    /// It was replaced before, or its session has ended; now it has.
    Refused,
}

impl Store {
    /// Begins a session whose current refresh token is `refresh`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn begin_session(
        &self,
        user: UserId,
        refresh: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Uuid, StoreError> {
        const SWEEP: &str = "DELETE FROM sessions WHERE owner_id = $1 AND expires_at < $2";
        const INSERT: &str = "
            INSERT INTO sessions (id, seq, tenant_id, owner_id, created_at, updated_at,
                refresh_id, expires_at)
            VALUES ($1, 1, $2, $2, $3, $3, $4, $5)";
        let id = entropy::id(now);
        on_both!(self.writing(), pool => sqlx::query(SWEEP)
            .bind(user.to_string())
            .bind(now.0)
            .execute(pool)
            .await
            .map(|_| ()))?;
        on_both!(self.writing(), pool => sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(user.to_string())
            .bind(now.0)
            .bind(refresh.to_string())
            .bind(until.0)
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(id)
    }

    /// Finds a session that lives.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn live_session(
        &self,
        session: Uuid,
        now: Timestamp,
    ) -> Result<Option<LiveSession>, StoreError> {
        const SELECT: &str = "
            SELECT users.* FROM sessions JOIN users ON users.id = sessions.owner_id
            WHERE sessions.id = $1 AND sessions.revoked_at IS NULL AND sessions.expires_at > $2
                AND users.is_active = 1";
        let found: Option<User> = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(session.to_string())
            .bind(now.0)
            .fetch_optional(pool)
            .await)?;
        Ok(found.map(|user| LiveSession { id: session, owner: Owner::of(user.id), user }))
    }

    /// Replaces a session's refresh token; one that is not the current one ends the session.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn rotate_session(
        &self,
        session: Uuid,
        (used, next): (Uuid, Uuid),
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Rotation, StoreError> {
        const ROTATE: &str = "
            UPDATE sessions SET refresh_id = $3, expires_at = $4, updated_at = $5, seq = seq + 1
            WHERE id = $1 AND refresh_id = $2 AND revoked_at IS NULL AND expires_at > $5";
        let rotated = on_both!(self.writing(), pool => sqlx::query(ROTATE)
            .bind(session.to_string())
            .bind(used.to_string())
            .bind(next.to_string())
            .bind(until.0)
            .bind(now.0)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        if rotated == 1 {
            return Ok(Rotation::Rotated);
        }
        self.end_session(session, now).await?;
        Ok(Rotation::Refused)
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn end_session(&self, session: Uuid, now: Timestamp) -> Result<(), StoreError> {
        const REVOKE: &str = "
            UPDATE sessions SET revoked_at = $2, updated_at = $2, seq = seq + 1
            WHERE id = $1 AND revoked_at IS NULL";
        on_both!(self.writing(), pool => sqlx::query(REVOKE)
            .bind(session.to_string())
            .bind(now.0)
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }
}
