//! Recovery reports: what each start of the engine found, kept for their owners.
//!
//! The smallest repository, and the pattern of them all: methods of `Store`, one text of SQL for
//! both databases, plain values in and out.

use banyan_core::account::RecoveryReport;
use banyan_core::ids::UserId;
use banyan_core::time::Timestamp;

use super::database::Store;
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::owner::Owner;
use super::text::{json, json_text};
use crate::entropy;

struct Kept(RecoveryReport);

from_rows!(Kept, row => Kept(json(row.try_get("report")?)?));

impl Store {
    /// Keeps a report for the owner of its account.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn insert_recovery_report(
        &self,
        owner: UserId,
        report: &RecoveryReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const INSERT: &str = "
            INSERT INTO recovery_reports
                (id, seq, tenant_id, owner_id, account_id, created_at, updated_at, report)
            VALUES ($1, $2, $3, $3, $4, $5, $5, $6)";
        on_both!(self.writing(), pool => sqlx::query(INSERT)
            .bind(entropy::id(now).to_string())
            .bind(i64::from(report.incarnation))
            .bind(owner.to_string())
            .bind(report.account.to_string())
            .bind(now.0)
            .bind(json_text(report))
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// The reports on an owner's accounts, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn recovery_reports(
        &self,
        owner: Owner,
        limit: u32,
    ) -> Result<Vec<RecoveryReport>, StoreError> {
        const SELECT: &str = "
            SELECT report FROM recovery_reports WHERE owner_id = $1
            ORDER BY created_at DESC, id DESC LIMIT $2";
        let kept: Vec<Kept> = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?;
        Ok(kept.into_iter().map(|Kept(report)| report).collect())
    }
}
