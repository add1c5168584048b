//! Exchange accounts as their owners set them up. What an account holds is in its journal.
//!
//! Credentials come and go sealed; this file cannot open them. A deleted account stays as a row,
//! because its orders and fills do.

use banyan_core::ids::{AccountId, UserId};
use banyan_core::money::Amount;
use banyan_core::terms::AccountMode;
use banyan_core::time::Timestamp;
use rust_decimal::Decimal;

use super::database::Store;
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::owner::{Everyone, Owner};
use super::text::{json, json_text, uuid};

/// Sealed credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SealedCredentials {
    /// The API key.
    pub api_key: Option<String>,
    /// Its secret.
    pub api_secret: Option<String>,
    /// A wallet's private key.
    pub private_key: Option<String>,
    /// The API key's passphrase.
    pub passphrase: Option<String>,
}

/// An account as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountDraft {
    /// What its owner calls it.
    pub name: String,
    /// `paper`, or a real exchange.
    pub exchange: String,
    /// Whose money is at stake.
    pub mode: AccountMode,
    /// What a paper account starts with.
    pub initial_balance: Amount,
    /// Its credentials.
    pub credentials: SealedCredentials,
}

/// An account as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// Which.
    pub id: AccountId,
    /// Whose.
    pub owner: UserId,
    /// Counts changes.
    pub seq: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// What can be changed.
    pub draft: AccountDraft,
}

from_rows!(AccountRow, row => AccountRow {
    id: AccountId(uuid(row.try_get("id")?)?),
    owner: UserId(uuid(row.try_get("owner_id")?)?),
    seq: row.try_get("seq")?,
    created_at: Timestamp(row.try_get("created_at")?),
    draft: AccountDraft {
        name: row.try_get("name")?,
        exchange: row.try_get("exchange")?,
        mode: json(&row.try_get::<String, _>("mode")?)?,
        initial_balance: amount(row.try_get("initial_balance")?)?,
        credentials: SealedCredentials {
            api_key: row.try_get("api_key")?,
            api_secret: row.try_get("api_secret")?,
            private_key: row.try_get("private_key")?,
            passphrase: row.try_get("passphrase")?,
        },
    },
});

/// Reads an exact amount.
#[expect(clippy::needless_pass_by_value, reason = "columns are read into texts of their own")]
pub(super) fn amount(text: String) -> Result<Amount, sqlx::Error> {
    let decimal: Decimal =
        text.parse().map_err(|error: rust_decimal::Error| sqlx::Error::Decode(Box::new(error)))?;
    Amount::from_decimal(decimal).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

impl Store {
    /// Adds an account.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn insert_account(
        &self,
        owner: Owner,
        id: AccountId,
        draft: &AccountDraft,
        now: Timestamp,
    ) -> Result<AccountRow, StoreError> {
        const INSERT: &str = "
            INSERT INTO exchange_accounts (id, seq, tenant_id, owner_id, created_at, updated_at,
                name, exchange, mode, initial_balance,
                api_key, api_secret, private_key, passphrase)
            VALUES ($1, 1, $2, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING *";
        let row = on_both!(self.writing(), pool => sqlx::query_as(INSERT)
            .bind(id.to_string())
            .bind(owner.user().to_string())
            .bind(now.0)
            .bind(&draft.name)
            .bind(&draft.exchange)
            .bind(json_text(&draft.mode))
            .bind(draft.initial_balance.to_string())
            .bind(&draft.credentials.api_key)
            .bind(&draft.credentials.api_secret)
            .bind(&draft.credentials.private_key)
            .bind(&draft.credentials.passphrase)
            .fetch_one(pool)
            .await)?;
        Ok(row)
    }

    /// An owner's accounts, oldest first; of one exchange, if one is named.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn accounts(
        &self,
        owner: Owner,
        exchange: Option<&str>,
    ) -> Result<Vec<AccountRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM exchange_accounts
            WHERE owner_id = $1 AND deleted_at IS NULL AND ($2 = '' OR exchange = $2)
            ORDER BY created_at, id";
        let rows = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(exchange.unwrap_or_default())
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }

    /// The accounts of all users, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn accounts_of_everyone(&self, _: Everyone) -> Result<Vec<AccountRow>, StoreError> {
        const SELECT: &str =
            "SELECT * FROM exchange_accounts WHERE deleted_at IS NULL ORDER BY created_at, id";
        let rows = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }

    /// One of an owner's accounts.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such account.
    pub async fn account(&self, owner: Owner, id: AccountId) -> Result<AccountRow, StoreError> {
        const SELECT: &str = "
            SELECT * FROM exchange_accounts
            WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL";
        let row = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .fetch_one(pool)
            .await)?;
        Ok(row)
    }

    /// Writes what was changed of an account that nobody changed meanwhile.
    ///
    /// # Errors
    /// `Conflict` when somebody did, or it is gone.
    pub async fn update_account(
        &self,
        owner: Owner,
        account: &AccountRow,
        now: Timestamp,
    ) -> Result<AccountRow, StoreError> {
        const UPDATE: &str = "
            UPDATE exchange_accounts SET seq = seq + 1, updated_at = $4, name = $5, mode = $6,
                api_key = $7, api_secret = $8, private_key = $9, passphrase = $10
            WHERE owner_id = $1 AND id = $2 AND seq = $3 AND deleted_at IS NULL RETURNING *";
        let draft = &account.draft;
        let row = on_both!(self.writing(), pool => sqlx::query_as(UPDATE)
            .bind(owner.user().to_string())
            .bind(account.id.to_string())
            .bind(account.seq)
            .bind(now.0)
            .bind(&draft.name)
            .bind(json_text(&draft.mode))
            .bind(&draft.credentials.api_key)
            .bind(&draft.credentials.api_secret)
            .bind(&draft.credentials.private_key)
            .bind(&draft.credentials.passphrase)
            .fetch_optional(pool)
            .await)?;
        row.ok_or_else(|| StoreError::Conflict("the account was changed meanwhile".to_owned()))
    }

    /// Deletes an account, and the credentials for good.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such account.
    pub async fn delete_account(
        &self,
        owner: Owner,
        id: AccountId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const DELETE: &str = "
            UPDATE exchange_accounts SET seq = seq + 1, updated_at = $3, deleted_at = $3,
                api_key = NULL, api_secret = NULL, private_key = NULL, passphrase = NULL
            WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL";
        let deleted = on_both!(self.writing(), pool => sqlx::query(DELETE)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .bind(now.0)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        if deleted == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}
