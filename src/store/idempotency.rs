//! Answers to requests that came with an idempotency key, so that the same request is carried out
//! once.

use banyan_core::time::{Span, Timestamp};

use super::database::Store;
use super::driver::{from_rows, on_both};
use super::error::StoreError;

/// How long an answer is kept.
const KEPT: Span = Span::minutes(24 * 60);
/// After this a request that got no answer is believed to have died with its server.
const ABANDONED: Span = Span::minutes(2);

/// A request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub owner: String,
    /// What is asked, e.g. `/api/v1/accounts`.
    pub path: String,
    /// The key.
    pub key: String,
    /// Tells two bodies apart.
    pub fingerprint: String,
}

/// What a request was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
}

/// What to do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Carry it out.
    Fresh,
    /// Answer as before.
    Answered(StoredAnswer),
    /// Refuse it: the first one is under way.
    UnderWay,
    /// Refuse it: the key came with another body.
    OtherBody,
}

struct Found {
    fingerprint: String,
    answer: StoredAnswer,
}

from_rows!(Found, row => Found {
    fingerprint: row.try_get("fingerprint")?,
    answer: StoredAnswer {
        status: u16::try_from(row.try_get::<i64, _>("status")?).unwrap_or_default(),
        body: row.try_get("body")?,
    },
});

impl Store {
    /// Claims a key for a request, or tells what became of it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn claim(&self, request: &Request, now: Timestamp) -> Result<Claim, StoreError> {
        const SWEEP: &str = "
            DELETE FROM idempotency_keys
            WHERE created_at < $1 OR (status = 0 AND created_at < $2)";
        const INSERT: &str = "
            INSERT INTO idempotency_keys (owner_id, path, key, seq, tenant_id, created_at,
                updated_at, fingerprint, status, body)
            VALUES ($1, $2, $3, 1, $1, $4, $4, $5, 0, '')
            ON CONFLICT (owner_id, path, key) DO NOTHING";
        on_both!(self.writing(), pool => sqlx::query(SWEEP)
            .bind((now - KEPT).0)
            .bind((now - ABANDONED).0)
            .execute(pool)
            .await
            .map(|_| ()))?;
        let inserted = on_both!(self.writing(), pool => sqlx::query(INSERT)
            .bind(&request.owner)
            .bind(&request.path)
            .bind(&request.key)
            .bind(now.0)
            .bind(&request.fingerprint)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        if inserted == 1 { Ok(Claim::Fresh) } else { self.earlier_claim(request).await }
    }

    async fn earlier_claim(&self, request: &Request) -> Result<Claim, StoreError> {
        const SELECT: &str = "
            SELECT fingerprint, status, body FROM idempotency_keys
            WHERE owner_id = $1 AND path = $2 AND key = $3";
        // From where it was written: a reader may be a moment behind.
        let found: Option<Found> = on_both!(self.writing(), pool => sqlx::query_as(SELECT)
            .bind(&request.owner)
            .bind(&request.path)
            .bind(&request.key)
            .fetch_optional(pool)
            .await)?;
        Ok(match found {
            Some(found) if found.fingerprint != request.fingerprint => Claim::OtherBody,
            Some(found) if found.answer.status != 0 => Claim::Answered(found.answer),
            Some(_) | None => Claim::UnderWay,
        })
    }

    /// Keeps the answer to a request.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn keep_answer(
        &self,
        request: &Request,
        answer: &StoredAnswer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const UPDATE: &str = "
            UPDATE idempotency_keys SET status = $4, body = $5, updated_at = $6, seq = seq + 1
            WHERE owner_id = $1 AND path = $2 AND key = $3";
        on_both!(self.writing(), pool => sqlx::query(UPDATE)
            .bind(&request.owner)
            .bind(&request.path)
            .bind(&request.key)
            .bind(i64::from(answer.status))
            .bind(&answer.body)
            .bind(now.0)
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }

    /// Frees the key of a request that was not carried out.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn free_key(&self, request: &Request) -> Result<(), StoreError> {
        const DELETE: &str = "
            DELETE FROM idempotency_keys WHERE owner_id = $1 AND path = $2 AND key = $3";
        on_both!(self.writing(), pool => sqlx::query(DELETE)
            .bind(&request.owner)
            .bind(&request.path)
            .bind(&request.key)
            .execute(pool)
            .await
            .map(|_| ()))?;
        Ok(())
    }
}
