//! Users, failed logins, and the check value of the data key.

use banyan_core::ids::UserId;
use banyan_core::time::{Span, Timestamp};

use super::database::Store;
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::owner::Owner;
use super::text::uuid;
use crate::entropy;

/// Failures are forgotten this long after the last one.
const FAILURES_KEPT: Span = Span::minutes(24 * 60);
/// The name of the check value of the data key.
const DATA_KEY: &str = "data_key";

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// In lower case.
    pub email: String,
    /// As the user wishes to be called.
    pub name: String,
    /// A hash in the PHC format.
    pub password_hash: String,
    /// Whether the user may log in.
    pub is_active: bool,
    /// Whether the user may do what concerns everybody.
    pub is_admin: bool,
    /// When the user registered.
    pub created_at: Timestamp,
}

from_rows!(User, row => User {
    id: UserId(uuid(row.try_get("id")?)?),
    email: row.try_get("email")?,
    name: row.try_get("name")?,
    password_hash: row.try_get("password_hash")?,
    is_active: row.try_get::<i64, _>("is_active")? != 0,
    is_admin: row.try_get::<i64, _>("is_admin")? != 0,
    created_at: Timestamp(row.try_get("created_at")?),
});

/// Failed logins for one address, which goes by its fingerprint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoginFailures {
    /// In a row, those while it is locked included.
    pub failures: i64,
    /// Until when no login is looked at.
    pub locked_until: Timestamp,
}

from_rows!(LoginFailures, row => LoginFailures {
    failures: row.try_get("failures")?,
    locked_until: Timestamp(row.try_get("locked_until")?),
});

impl Store {
    /// Adds a user; the first one is an administrator.
    ///
    /// # Errors
    /// `Conflict` when the address is taken.
    pub async fn insert_user(
        &self,
        email: &str,
        name: &str,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        const INSERT: &str = "
            INSERT INTO users (id, seq, tenant_id, owner_id, created_at, updated_at,
                email, name, password_hash, is_active, is_admin)
            VALUES ($1, 1, $1, $1, $2, $2, $3, $4, $5, 1,
                CASE WHEN EXISTS (SELECT 1 FROM users) THEN 0 ELSE 1 END)
            RETURNING *";
        let user: User = on_both!(self.writing(), pool => sqlx::query_as(INSERT)
            .bind(entropy::id(now).to_string())
            .bind(now.0)
            .bind(email)
            .bind(name)
            .bind(password_hash)
            .fetch_one(pool)
            .await)?;
        Ok(user)
    }

    /// Finds a user by address, in lower case.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        const SELECT: &str = "SELECT * FROM users WHERE email = $1";
        let user = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(email)
            .fetch_optional(pool)
            .await)?;
        Ok(user)
    }

    /// Changes a user's name.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn rename_user(
        &self,
        owner: Owner,
        name: &str,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        const UPDATE: &str = "
            UPDATE users SET name = $2, updated_at = $3, seq = seq + 1 WHERE id = $1 RETURNING *";
        let user: User = on_both!(self.writing(), pool => sqlx::query_as(UPDATE)
            .bind(owner.user().to_string())
            .bind(name)
            .bind(now.0)
            .fetch_one(pool)
            .await)?;
        Ok(user)
    }

    /// Changes a user's password and ends all of the user's sessions but one.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn change_password(
        &self,
        owner: Owner,
        password_hash: &str,
        kept: uuid::Uuid,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const UPDATE: &str = "
            UPDATE users SET password_hash = $2, updated_at = $3, seq = seq + 1 WHERE id = $1";
        const REVOKE: &str = "
            UPDATE sessions SET revoked_at = $3, updated_at = $3, seq = seq + 1
            WHERE owner_id = $1 AND id <> $2 AND revoked_at IS NULL";
        let mut transaction = self.begin().await?;
        let owner = owner.user().to_string();
        on_both!(transaction.connection(), connection => sqlx::query(UPDATE)
            .bind(&owner)
            .bind(password_hash)
            .bind(now.0)
            .execute(connection)
            .await
            .map(|_| ()))?;
        on_both!(transaction.connection(), connection => sqlx::query(REVOKE)
            .bind(&owner)
            .bind(kept.to_string())
            .bind(now.0)
            .execute(connection)
            .await
            .map(|_| ()))?;
        transaction.commit().await
    }

    /// Counts a login as failed before it is looked at; one that succeeds forgets the count. The
    /// one that is number `allowed` in a row locks the address until `until`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn count_login(
        &self,
        address: &str,
        allowed: i64,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<LoginFailures, StoreError> {
        const UPSERT: &str = "
            INSERT INTO login_failures AS old
                (id, seq, created_at, updated_at, failures, locked_until)
            VALUES ($1, 1, $2, $2, 1, 0)
            ON CONFLICT (id) DO UPDATE SET
                seq = old.seq + 1,
                updated_at = $2,
                failures = CASE
                    WHEN old.failures >= $3 AND old.locked_until <= $2 THEN 1
                    ELSE old.failures + 1 END,
                locked_until = CASE
                    WHEN old.failures >= $3 AND old.locked_until <= $2 THEN 0
                    WHEN old.failures + 1 = $3 THEN $4
                    ELSE old.locked_until END
            RETURNING failures, locked_until";
        let counted: LoginFailures = on_both!(self.writing(), pool => sqlx::query_as(UPSERT)
            .bind(address)
            .bind(now.0)
            .bind(allowed)
            .bind(until.0)
            .fetch_one(pool)
            .await)?;
        Ok(counted)
    }

    /// Forgets the failed logins of an address, and of all whose last is long ago.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn forget_login_failures(
        &self,
        address: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const DELETE: &str = "DELETE FROM login_failures WHERE id = $1 OR updated_at < $2";
        on_both!(self.writing(), pool => sqlx::query(DELETE)
            .bind(address)
            .bind((now - FAILURES_KEPT).0)
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// The check value that was kept first: the given one, where there was none.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn key_check(&self, value: &str, now: Timestamp) -> Result<String, StoreError> {
        const INSERT: &str = "
            INSERT INTO key_checks (id, seq, created_at, updated_at, value)
            VALUES ($1, 1, $2, $2, $3) ON CONFLICT (id) DO NOTHING";
        const SELECT: &str = "SELECT value FROM key_checks WHERE id = $1";
        on_both!(self.writing(), pool => sqlx::query(INSERT)
            .bind(DATA_KEY)
            .bind(now.0)
            .bind(value)
            .execute(pool)
            .await
            .map(|_| ()))?;
        let kept = on_both!(self.reading(), pool => sqlx::query_scalar(SELECT)
            .bind(DATA_KEY)
            .fetch_one(pool)
            .await)?;
        Ok(kept)
    }
}
