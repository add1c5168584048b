//! What calls to models cost: each is written down before it is made.
//!
//! A call without an outcome counts with what was reserved for it, also when the engine died in
//! between. Knows no price and no limit.

use banyan_core::ids::{UserId, WorkerId};
use banyan_core::model::Usage;
use banyan_core::money::Amount;
use banyan_core::time::Timestamp;
use uuid::Uuid;

use super::database::Store;
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::owner::Owner;

/// A call that is about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCallDraft {
    /// For which strategy.
    pub worker: WorkerId,
    /// Whom it asks.
    pub provider: Uuid,
    /// For which model, as `provider:model`.
    pub model: String,
    /// Most that it may cost, in dollars.
    pub reserved: Amount,
}

/// What was spent, or is reserved, within one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelSpending {
    /// By one worker.
    pub worker: Amount,
    /// By all workers of the owner.
    pub user: Amount,
    /// Calls of the owner.
    pub calls: i64,
}

from_rows!(ModelSpending, row => ModelSpending {
    worker: Amount(i128::from(row.try_get::<i64, _>("worker")?)),
    user: Amount(i128::from(row.try_get::<i64, _>("owner")?)),
    calls: row.try_get("calls")?,
});

/// Calls of one model, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCallTotal {
    /// Which model.
    pub model: String,
    /// How many calls.
    pub calls: i64,
    /// Of these, answered.
    pub answered: i64,
    /// Tokens of the questions.
    pub input_tokens: i64,
    /// Tokens of the answers.
    pub output_tokens: i64,
    /// What they cost, in dollars.
    pub cost: Amount,
}

from_rows!(ModelCallTotal, row => ModelCallTotal {
    model: row.try_get("model")?,
    calls: row.try_get("calls")?,
    answered: row.try_get("answered")?,
    input_tokens: row.try_get("input_tokens")?,
    output_tokens: row.try_get("output_tokens")?,
    cost: Amount(i128::from(row.try_get::<i64, _>("cost")?)),
});

/// The outcome of a call that was answered.
pub const ANSWERED: &str = "answered";

/// An amount as the columns hold it.
fn units(amount: Amount) -> i64 {
    i64::try_from(amount.0).unwrap_or(i64::MAX)
}

impl Store {
    /// Writes down that a call is about to be made.
    ///
    /// # Errors
    /// When it cannot be written; it must not be made then.
    pub async fn reserve_model_call(
        &self,
        owner: Owner,
        id: Uuid,
        call: &ModelCallDraft,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const INSERT: &str = "
            INSERT INTO model_calls (id, seq, tenant_id, owner_id, created_at, updated_at,
                worker_id, provider_id, model, day, reserved, cost, outcome,
                input_tokens, output_tokens, reasoning_tokens, latency)
            VALUES ($1, 1, $2, $2, $3, $3, $4, $5, $6, $7, $8, 0, NULL, 0, 0, 0, 0)";
        on_both!(self.writing(), pool => sqlx::query(INSERT)
            .bind(id.to_string())
            .bind(owner.user().to_string())
            .bind(now.0)
            .bind(call.worker.to_string())
            .bind(call.provider.to_string())
            .bind(&call.model)
            .bind(now.day())
            .bind(units(call.reserved))
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Writes down what became of a call, and what it cost; once.
    ///
    /// # Errors
    /// When it cannot be written; what was reserved counts then.
    pub async fn settle_model_call(
        &self,
        id: Uuid,
        outcome: &str,
        usage: &Usage,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const UPDATE: &str = "
            UPDATE model_calls SET seq = seq + 1, updated_at = $2, outcome = $3, cost = $4,
                input_tokens = $5, output_tokens = $6, reasoning_tokens = $7, latency = $8
            WHERE id = $1 AND outcome IS NULL";
        let whole = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
        on_both!(self.writing(), pool => sqlx::query(UPDATE)
            .bind(id.to_string())
            .bind(now.0)
            .bind(outcome)
            .bind(units(usage.cost))
            .bind(whole(usage.input_tokens))
            .bind(whole(usage.output_tokens))
            .bind(whole(usage.reasoning_tokens))
            .bind(usage.latency.0)
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// What an owner, and one of the owner's workers, spent or reserved on the UTC day of `now`.
    ///
    /// # Errors
    /// When it cannot be read; nothing may be spent then.
    pub async fn model_spending(
        &self,
        owner: Owner,
        worker: WorkerId,
        now: Timestamp,
    ) -> Result<ModelSpending, StoreError> {
        const SELECT: &str = "
            SELECT COUNT(*) AS calls,
                CAST(COALESCE(SUM(CASE WHEN outcome IS NULL THEN reserved ELSE cost END), 0)
                    AS BIGINT) AS owner,
                CAST(COALESCE(SUM(CASE WHEN worker_id <> $3 THEN 0
                    WHEN outcome IS NULL THEN reserved ELSE cost END), 0) AS BIGINT) AS worker
            FROM model_calls WHERE owner_id = $1 AND day = $2";
        // On the connection that writes: what was reserved a moment ago is always seen.
        let spending = on_both!(self.writing(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(now.day())
            .bind(worker.to_string())
            .fetch_one(pool)
            .await)?;
        Ok(spending)
    }

    /// An owner's calls on the UTC day of `now`, added up by model.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn model_call_totals(
        &self,
        owner: Owner,
        now: Timestamp,
    ) -> Result<Vec<ModelCallTotal>, StoreError> {
        const SELECT: &str = "
            SELECT model, COUNT(*) AS calls,
                CAST(SUM(CASE WHEN outcome = $3 THEN 1 ELSE 0 END) AS BIGINT) AS answered,
                CAST(SUM(input_tokens) AS BIGINT) AS input_tokens,
                CAST(SUM(output_tokens) AS BIGINT) AS output_tokens,
                CAST(SUM(cost) AS BIGINT) AS cost
            FROM model_calls WHERE owner_id = $1 AND day = $2 GROUP BY model ORDER BY model";
        let totals = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(now.day())
            .bind(ANSWERED)
            .fetch_all(pool)
            .await)?;
        Ok(totals)
    }

    /// Forgets calls of days before a moment.
    ///
    /// # Errors
    /// When they cannot be deleted.
    pub async fn forget_model_calls(&self, before: Timestamp) -> Result<u64, StoreError> {
        const DELETE: &str = "DELETE FROM model_calls WHERE day < $1";
        let gone = on_both!(self.writing(), pool => sqlx::query(DELETE)
            .bind(before.day())
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(gone)
    }

    /// Who paid for a call, what it was reserved and what it cost; for tests and audits.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn model_calls_of(&self, owner: Owner) -> Result<Vec<ModelCallRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM model_calls WHERE owner_id = $1 ORDER BY created_at DESC, id DESC
            LIMIT 1000";
        let rows = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }
}

/// A call as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCallRow {
    /// Which.
    pub id: Uuid,
    /// Who pays.
    pub owner: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What was known before.
    pub draft: ModelCallDraft,
    /// What became of it; unknown while it is under way, or when the engine died.
    pub outcome: Option<String>,
    /// What it cost, in dollars.
    pub cost: Amount,
    /// Tokens of the question.
    pub input_tokens: i64,
    /// Tokens of the answer.
    pub output_tokens: i64,
}

from_rows!(ModelCallRow, row => ModelCallRow {
    id: super::text::uuid(row.try_get("id")?)?,
    owner: UserId(super::text::uuid(row.try_get("owner_id")?)?),
    created_at: Timestamp(row.try_get("created_at")?),
    draft: ModelCallDraft {
        worker: WorkerId(super::text::uuid(row.try_get("worker_id")?)?),
        provider: super::text::uuid(row.try_get("provider_id")?)?,
        model: row.try_get("model")?,
        reserved: Amount(i128::from(row.try_get::<i64, _>("reserved")?)),
    },
    outcome: row.try_get("outcome")?,
    cost: Amount(i128::from(row.try_get::<i64, _>("cost")?)),
    input_tokens: row.try_get("input_tokens")?,
    output_tokens: row.try_get("output_tokens")?,
});
