//! Everything of one account, first to last, for tables and tax offices: fills and ledger entries.
//!
//! Rows come page by page, so that an account's age costs no memory.

use banyan_core::ids::AccountId;
use banyan_core::time::Timestamp;

use super::database::Store;
use super::driver::on_both;
use super::error::StoreError;
use super::rows::{FillRow, LedgerRow};

/// Rows of one page.
const PAGE: i64 = 1_000;

/// Where an export stands: the last row that was read.
pub type ExportCursor = (u64, i64);

impl Store {
    /// The next fills of an account after a row, of those booked from a moment on and before
    /// another; empty when there are no more.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn export_fills(
        &self,
        account: AccountId,
        (from, until): (Timestamp, Timestamp),
        after: ExportCursor,
    ) -> Result<Vec<FillRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM fills WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                AND (seq > $4 OR seq = $4 AND line > $5)
            ORDER BY seq, line LIMIT $6";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(account.to_string())
            .bind(from.0)
            .bind(until.0)
            .bind(super::event::number(after.0))
            .bind(after.1)
            .bind(PAGE)
            .fetch_all(pool)
            .await)?)
    }

    /// The next ledger entries of an account after a row; as with fills.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn export_ledger(
        &self,
        account: AccountId,
        (from, until): (Timestamp, Timestamp),
        after: ExportCursor,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM ledger_entries
            WHERE account_id = $1 AND created_at >= $2 AND created_at < $3
                AND (seq > $4 OR seq = $4 AND line > $5)
            ORDER BY seq, line LIMIT $6";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(account.to_string())
            .bind(from.0)
            .bind(until.0)
            .bind(super::event::number(after.0))
            .bind(after.1)
            .bind(PAGE)
            .fetch_all(pool)
            .await)?)
    }
}
