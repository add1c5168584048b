//! Looking at decisions and at what became of them, within one owner's rows; newest first.
//!
//! What became of a decision is in the journal: its events name the records, which are read from
//! there.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_core::decision::DecisionId;
use banyan_core::ids::{AccountId, IntentId, WorkerId};
use banyan_core::instrument::Instrument;
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::money::{Amount, Rate};
use rust_decimal::Decimal;

use super::Page;
use super::database::Store;
use super::decision_rows::DecisionRow;
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::event::number;
use super::owner::{Everyone, Owner};
use super::rows::{FillRow, OrderRow};
use super::text::{amount_of, intent_text};
use super::upgrade::read_record;

/// Which decisions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Of one strategy.
    pub strategy: Option<WorkerId>,
    /// Only those of which some wish was approved (`true`), or none (`false`).
    pub executed: Option<bool>,
    /// With a proposal of this action, by its name.
    pub action: Option<String>,
    /// Which part of them.
    pub page: Page,
}

/// What many decisions come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionTotals {
    /// How many there are.
    pub decisions: i64,
    /// How many of them had a wish that was approved.
    pub executed: i64,
    /// How many came to no decision.
    pub failed: i64,
    /// Sum of their confidences, each 0 to 1.
    pub confidence: Decimal,
    /// Sum of their latencies.
    pub latency_ms: i64,
    /// Sum of their tokens.
    pub tokens: i64,
    /// Lists of actions as they are stored, and how many decisions have each.
    pub actions: Vec<(String, i64)>,
    /// Costs in dollars, and how many decisions have each.
    pub costs: Vec<(Amount, i64)>,
}

/// One outcome of a decision, for calibration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasuredRow {
    /// The model, or `debate:Nmodels`.
    pub ai_model: String,
    /// The decision's record.
    pub payload: String,
    /// The record of the outcome.
    pub outcome: String,
    /// The layout of that record.
    pub version: i64,
}

from_rows!(MeasuredRow, row => MeasuredRow {
    ai_model: row.try_get("ai_model")?,
    payload: row.try_get("payload")?,
    outcome: row.try_get("outcome")?,
    version: row.try_get("version")?,
});

struct Sums {
    decisions: i64,
    executed: i64,
    failed: i64,
    confidence: i64,
    latency_ms: i64,
    tokens: i64,
}

from_rows!(Sums, row => Sums {
    decisions: row.try_get("decisions")?,
    executed: row.try_get("executed")?,
    failed: row.try_get("failed")?,
    confidence: row.try_get("confidence")?,
    latency_ms: row.try_get("latency_ms")?,
    tokens: row.try_get("tokens")?,
});

struct StoredRecord {
    version: i64,
    payload: String,
}

from_rows!(StoredRecord, row => StoredRecord {
    version: row.try_get("version")?,
    payload: row.try_get("payload")?,
});

/// One where some wish was approved, in a query over `decisions`.
macro_rules! executed {
    () => {
        "EXISTS (SELECT 1 FROM decision_events AS review
            WHERE review.account_id = decisions.account_id AND review.approved = 1
                AND (review.cause = decisions.seq OR review.cause IN
                    (SELECT resolved.seq FROM decision_events AS resolved
                        WHERE resolved.decision_id = decisions.id
                            AND resolved.kind = 'decision_resolved')))"
    };
}

/// Binds `$1` to `$4`: owner, strategy, executed, action.
macro_rules! bind_filter {
    ($query:expr, $owner:expr, $filter:expr) => {{
        let filter: &DecisionFilter = $filter;
        $query
            .bind($owner.user().to_string())
            .bind(filter.strategy.map(|id| id.to_string()))
            .bind(filter.executed.map(i64::from))
            .bind(filter.action.as_ref().map(|action| format!("%,{action},%")))
    }};
}

/// What `bind_filter` binds for.
macro_rules! filtered {
    () => {
        concat!(
            "FROM decisions WHERE owner_id = $1
                AND (CAST($2 AS TEXT) IS NULL OR strategy_id = $2)
                AND (CAST($3 AS BIGINT) IS NULL OR $3 = CASE WHEN ",
            executed!(),
            " THEN 1 ELSE 0 END)
                AND (CAST($4 AS TEXT) IS NULL OR actions LIKE $4) "
        )
    };
}

impl Store {
    /// Decisions, the latest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn decisions(
        &self,
        owner: Owner,
        filter: &DecisionFilter,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        const SELECT: &str = concat!(
            "SELECT * ",
            filtered!(),
            "ORDER BY decided_at DESC, number DESC, id LIMIT $5 OFFSET $6"
        );
        Ok(on_both!(self.reading(), pool => {
            bind_filter!(sqlx::query_as(SELECT), owner, filter)
                .bind(i64::from(filter.page.limit))
                .bind(i64::from(filter.page.offset))
                .fetch_all(pool)
                .await
        })?)
    }

    /// How many decisions there are, whatever the page.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub async fn count_decisions(
        &self,
        owner: Owner,
        filter: &DecisionFilter,
    ) -> Result<i64, StoreError> {
        const COUNT: &str = concat!("SELECT COUNT(*) ", filtered!());
        Ok(on_both!(self.reading(), pool => {
            bind_filter!(sqlx::query_scalar(COUNT), owner, filter).fetch_one(pool).await
        })?)
    }

    /// One decision.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such decision, or why it cannot be read.
    pub async fn decision(&self, owner: Owner, id: DecisionId) -> Result<DecisionRow, StoreError> {
        const SELECT: &str = "SELECT * FROM decisions WHERE owner_id = $1 AND id = $2";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .fetch_one(pool)
            .await)?)
    }

    /// The decision before another of the same strategy; `None` for the first.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn decision_before(
        &self,
        owner: Owner,
        row: &DecisionRow,
    ) -> Result<Option<DecisionRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM decisions WHERE owner_id = $1 AND strategy_id = $2 AND number < $3
            ORDER BY number DESC LIMIT 1";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(row.strategy.to_string())
            .bind(row.number)
            .fetch_optional(pool)
            .await)?)
    }

    /// One decision of anybody, for whoever has the data itself.
    ///
    /// # Errors
    /// `NotFound` when there is no such decision, or why it cannot be read.
    pub async fn decision_of_anybody(
        &self,
        _: Everyone,
        id: DecisionId,
    ) -> Result<DecisionRow, StoreError> {
        const SELECT: &str = "SELECT * FROM decisions WHERE id = $1";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(id.to_string())
            .fetch_one(pool)
            .await)?)
    }

    /// The latest decisions of everybody, or of one strategy, for whoever has the data itself.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn decisions_of_everybody(
        &self,
        _: Everyone,
        strategy: Option<WorkerId>,
        page: Page,
    ) -> Result<Vec<DecisionRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM decisions WHERE CAST($1 AS TEXT) IS NULL OR strategy_id = $1
            ORDER BY decided_at DESC, number DESC, id LIMIT $2 OFFSET $3";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(strategy.map(|id| id.to_string()))
            .bind(i64::from(page.limit))
            .bind(i64::from(page.offset))
            .fetch_all(pool)
            .await)?)
    }

    /// The records that tell what became of a decision, in sequence.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn decision_records(&self, row: &DecisionRow) -> Result<Vec<Record>, StoreError> {
        const SELECT: &str = "
            SELECT journal.version, journal.payload FROM decision_events AS event
                JOIN journal ON journal.account_id = event.account_id AND journal.seq = event.seq
            WHERE event.account_id = $1 AND (event.decision_id = $2 OR event.cause = $3
                OR event.cause IN (SELECT resolved.seq FROM decision_events AS resolved
                    WHERE resolved.decision_id = $2 AND resolved.kind = 'decision_resolved'))
            ORDER BY event.seq";
        let rows: Vec<StoredRecord> = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(row.head.account.to_string())
            .bind(row.id.to_string())
            .bind(number(row.head.sequence.0))
            .fetch_all(pool)
            .await)?;
        rows.iter().map(|row| record(row.version, &row.payload)).collect()
    }

    /// The orders that come from a wish, first to last.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn orders_of_intent(
        &self,
        account: AccountId,
        intent: IntentId,
    ) -> Result<Vec<OrderRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM orders WHERE account_id = $1 AND correlation = $2
            ORDER BY created_at, seq, client_order_id";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(account.to_string())
            .bind(intent_text(intent))
            .fetch_all(pool)
            .await)?)
    }

    /// The instruments that an account's journal lists, as they were listed last.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn listed_instruments(
        &self,
        account: AccountId,
    ) -> Result<Vec<Arc<Instrument>>, StoreError> {
        const SELECT: &str = "
            SELECT version, payload FROM journal
            WHERE account_id = $1 AND kind = 'instrument_changed' ORDER BY seq";
        let rows: Vec<StoredRecord> = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(account.to_string())
            .fetch_all(pool)
            .await)?;
        let mut listed = BTreeMap::new();
        for row in rows {
            if let AccountEvent::InstrumentChanged(it) = record(row.version, &row.payload)?.event {
                listed.insert(it.id, it);
            }
        }
        Ok(listed.into_values().collect())
    }

    /// What decisions come to, whatever the page.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn decision_totals(
        &self,
        owner: Owner,
        filter: &DecisionFilter,
    ) -> Result<DecisionTotals, StoreError> {
        const SUMS: &str = concat!(
            "SELECT COUNT(*) AS decisions, COUNT(failure) AS failed,
                CAST(COALESCE(SUM(CASE WHEN ",
            executed!(),
            " THEN 1 ELSE 0 END), 0) AS BIGINT) AS executed,
                CAST(COALESCE(SUM(confidence), 0) AS BIGINT) AS confidence,
                CAST(COALESCE(SUM(latency_ms), 0) AS BIGINT) AS latency_ms,
                CAST(COALESCE(SUM(tokens), 0) AS BIGINT) AS tokens ",
            filtered!()
        );
        const ACTIONS: &str =
            concat!("SELECT actions, COUNT(*) ", filtered!(), "GROUP BY actions ORDER BY actions");
        const COSTS: &str =
            concat!("SELECT cost, COUNT(*) ", filtered!(), "GROUP BY cost ORDER BY cost");
        let sums: Sums = on_both!(self.reading(), pool => {
            bind_filter!(sqlx::query_as(SUMS), owner, filter).fetch_one(pool).await
        })?;
        let actions = on_both!(self.reading(), pool => {
            bind_filter!(sqlx::query_as(ACTIONS), owner, filter).fetch_all(pool).await
        })?;
        let costs: Vec<(String, i64)> = on_both!(self.reading(), pool => {
            bind_filter!(sqlx::query_as(COSTS), owner, filter).fetch_all(pool).await
        })?;
        Ok(DecisionTotals {
            decisions: sums.decisions,
            executed: sums.executed,
            failed: sums.failed,
            confidence: Rate(sums.confidence).to_decimal(),
            latency_ms: sums.latency_ms,
            tokens: sums.tokens,
            actions,
            costs: costs
                .into_iter()
                .map(|(cost, count)| Ok((amount_of(&cost)?, count)))
                .collect::<Result<_, sqlx::Error>>()?,
        })
    }

    /// Outcomes of decisions at one horizon, by its name; the latest first, at most `limit`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn measured_decisions(
        &self,
        owner: Owner,
        strategy: Option<WorkerId>,
        horizon: &str,
        limit: u32,
    ) -> Result<Vec<MeasuredRow>, StoreError> {
        const SELECT: &str = "
            SELECT decisions.ai_model, decisions.payload, journal.payload AS outcome,
                journal.version
            FROM decision_events AS event
                JOIN decisions ON decisions.id = event.decision_id
                JOIN journal ON journal.account_id = event.account_id AND journal.seq = event.seq
            WHERE event.owner_id = $1 AND event.kind = 'decision_measured' AND event.horizon = $2
                AND (CAST($3 AS TEXT) IS NULL OR event.strategy_id = $3)
            ORDER BY event.created_at DESC, event.seq DESC LIMIT $4";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(horizon)
            .bind(strategy.map(|id| id.to_string()))
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await)?)
    }

    /// The fills of an order on an account, first to last.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn fills_of_order(&self, order: &OrderRow) -> Result<Vec<FillRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM fills WHERE account_id = $1 AND client_order_id = $2
            ORDER BY seq, line";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(order.head.account.to_string())
            .bind(order.client_order_id.to_string())
            .fetch_all(pool)
            .await)?)
    }
}

impl MeasuredRow {
    /// The record of the outcome.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn record(&self) -> Result<Record, StoreError> {
        record(self.version, &self.outcome)
    }
}

fn record(version: i64, payload: &str) -> Result<Record, StoreError> {
    read_record(version, payload).map_err(|error| StoreError::Corrupt(error.to_string()))
}
