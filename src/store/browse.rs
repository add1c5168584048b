//! Looking at what is derived from the journal: orders, fills, ledger entries, positions, newest
//! first, within one owner's rows.
//!
//! A filter that is `None` lets everything pass. Every query names the owner, so that nobody sees
//! what is not theirs.

use banyan_core::ids::{AccountId, ClientOrderId, Sequence};
use banyan_core::ledger::SubLedger;
use banyan_core::time::Timestamp;

use super::database::Store;
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::owner::Owner;
use super::rows::{FillRow, LedgerRow, OrderRow, PositionRow};
use super::text::{parsed, sub_ledger_text};

/// Which part of a long list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many rows at most.
    pub limit: u32,
    /// How many to leave out before them.
    pub offset: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { limit: 100, offset: 0 }
    }
}

/// Which rows of orders, fills and ledger entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// Of one account.
    pub account: Option<AccountId>,
    /// Of one worker, or what no worker owns.
    pub sub_ledger: Option<SubLedger>,
    /// Of one symbol.
    pub symbol: Option<String>,
    /// Written at this moment or later.
    pub from: Option<Timestamp>,
    /// Written before this moment.
    pub until: Option<Timestamp>,
    /// Which part of them.
    pub page: Page,
}

/// Which orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// As with all rows.
    pub rows: RowFilter,
    /// In one state, by its name.
    pub state: Option<String>,
    /// Only those that are not ended (`true`), or only those that are.
    pub open: Option<bool>,
}

/// Which positions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PositionFilter {
    /// As with all rows; times are those of the latest change.
    pub rows: RowFilter,
    /// Those that are flat, too.
    pub flat: bool,
}

/// One step in the life of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderEventRow {
    /// Position in the account's journal.
    pub sequence: Sequence,
    /// When it was written.
    pub recorded_at: Timestamp,
    /// When it happened.
    pub event_at: Timestamp,
    /// The kind of the record: `order_planned`, `order_advanced`, `fill_booked`.
    pub kind: String,
    /// Who caused it.
    pub principal: String,
    /// The whole record as JSON.
    pub payload: String,
}

from_rows!(OrderEventRow, row => OrderEventRow {
    sequence: Sequence(row.try_get::<i64, _>("seq")?.unsigned_abs()),
    recorded_at: Timestamp(row.try_get("recorded_at")?),
    event_at: Timestamp(row.try_get("event_at")?),
    kind: row.try_get("kind")?,
    principal: row.try_get("principal")?,
    payload: row.try_get("payload")?,
});

/// Binds `$1` to `$8`: owner, account, sub-ledger, symbol, from, until, limit, offset.
macro_rules! bind_filter {
    ($query:expr, $owner:expr, $filter:expr) => {{
        let filter: &RowFilter = $filter;
        $query
            .bind($owner.user().to_string())
            .bind(filter.account.map(|account| account.to_string()))
            .bind(filter.sub_ledger.map(sub_ledger_text))
            .bind(&filter.symbol)
            .bind(filter.from.map(|at| at.0))
            .bind(filter.until.map(|at| at.0))
            .bind(i64::from(filter.page.limit))
            .bind(i64::from(filter.page.offset))
    }};
}

impl Store {
    /// Orders, those planned last first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn orders(
        &self,
        owner: Owner,
        filter: &OrderFilter,
    ) -> Result<Vec<OrderRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM orders WHERE owner_id = $1
                AND (CAST($2 AS TEXT) IS NULL OR account_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR sub_ledger = $3)
                AND (CAST($4 AS TEXT) IS NULL OR symbol = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR created_at >= $5)
                AND (CAST($6 AS BIGINT) IS NULL OR created_at < $6)
                AND (CAST($9 AS TEXT) IS NULL OR state = $9)
                AND (CAST($10 AS BIGINT) IS NULL OR $10 = CASE WHEN state IN
                    ('filled', 'cancelled', 'rejected', 'expired', 'never_arrived')
                    THEN 0 ELSE 1 END)
            ORDER BY created_at DESC, seq DESC, client_order_id LIMIT $7 OFFSET $8";
        Ok(on_both!(self.reading(), pool => {
            bind_filter!(sqlx::query_as(SELECT), owner, &filter.rows)
                .bind(&filter.state)
                .bind(filter.open.map(i64::from))
                .fetch_all(pool)
                .await
        })?)
    }

    /// One order.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such order, or why it cannot be read.
    pub async fn order(&self, owner: Owner, id: ClientOrderId) -> Result<OrderRow, StoreError> {
        const SELECT: &str = "
            SELECT * FROM orders WHERE owner_id = $1 AND client_order_id = $2
            ORDER BY created_at DESC LIMIT 1";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .fetch_one(pool)
            .await)?)
    }

    /// The life of an order, from its plan on, as the journal has it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn order_events(
        &self,
        owner: Owner,
        id: ClientOrderId,
    ) -> Result<Vec<OrderEventRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM journal WHERE tenant_id = $1 AND client_order_id = $2
            ORDER BY account_id, seq";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .fetch_all(pool)
            .await)?)
    }

    /// The fills of an order, first to last.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn fills_of(
        &self,
        owner: Owner,
        id: ClientOrderId,
    ) -> Result<Vec<FillRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM fills WHERE owner_id = $1 AND client_order_id = $2
            ORDER BY account_id, seq, line";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .fetch_all(pool)
            .await)?)
    }

    /// Fills, by owner's part.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn fills(
        &self,
        owner: Owner,
        filter: &RowFilter,
    ) -> Result<Vec<FillRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM fills WHERE owner_id = $1
                AND (CAST($2 AS TEXT) IS NULL OR account_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR sub_ledger = $3)
                AND (CAST($4 AS TEXT) IS NULL OR symbol = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR created_at >= $5)
                AND (CAST($6 AS BIGINT) IS NULL OR created_at < $6)
            ORDER BY created_at DESC, account_id, seq DESC, line DESC LIMIT $7 OFFSET $8";
        Ok(on_both!(self.reading(), pool => bind_filter!(sqlx::query_as(SELECT), owner, filter)
            .fetch_all(pool)
            .await)?)
    }

    /// Ledger entries.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn ledger(
        &self,
        owner: Owner,
        filter: &RowFilter,
    ) -> Result<Vec<LedgerRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM ledger_entries WHERE owner_id = $1
                AND (CAST($2 AS TEXT) IS NULL OR account_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR sub_ledger = $3)
                AND (CAST($4 AS TEXT) IS NULL OR symbol = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR created_at >= $5)
                AND (CAST($6 AS BIGINT) IS NULL OR created_at < $6)
            ORDER BY created_at DESC, account_id, seq DESC, line DESC LIMIT $7 OFFSET $8";
        Ok(on_both!(self.reading(), pool => bind_filter!(sqlx::query_as(SELECT), owner, filter)
            .fetch_all(pool)
            .await)?)
    }

    /// Positions, those that changed last first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn positions(
        &self,
        owner: Owner,
        filter: &PositionFilter,
    ) -> Result<Vec<PositionRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM positions WHERE owner_id = $1
                AND (CAST($2 AS TEXT) IS NULL OR account_id = $2)
                AND (CAST($3 AS TEXT) IS NULL OR sub_ledger = $3)
                AND (CAST($4 AS TEXT) IS NULL OR symbol = $4)
                AND (CAST($5 AS BIGINT) IS NULL OR updated_at >= $5)
                AND (CAST($6 AS BIGINT) IS NULL OR updated_at < $6)
                AND ($9 = 1 OR quantity <> 0)
            ORDER BY updated_at DESC, seq DESC, id LIMIT $7 OFFSET $8";
        Ok(on_both!(self.reading(), pool => {
            bind_filter!(sqlx::query_as(SELECT), owner, &filter.rows)
                .bind(i64::from(filter.flat))
                .fetch_all(pool)
                .await
        })?)
    }

    /// One position, flat or not.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such position, or why it cannot be read.
    pub async fn position(&self, owner: Owner, id: &str) -> Result<PositionRow, StoreError> {
        const SELECT: &str = "SELECT * FROM positions WHERE owner_id = $1 AND id = $2";
        Ok(on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id)
            .fetch_one(pool)
            .await)?)
    }

    /// Every account that the journal knows, in the order of their ids.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn journalled_accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        const SELECT: &str = "SELECT DISTINCT account_id FROM journal ORDER BY account_id";
        let ids: Vec<String> = on_both!(self.reading(), pool => sqlx::query_scalar(SELECT)
            .fetch_all(pool)
            .await)?;
        Ok(ids.iter().map(|id| parsed(id).map(AccountId)).collect::<Result<_, _>>()?)
    }

    /// How many records the journal has.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn journal_length(&self) -> Result<u64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM journal";
        let count: i64 = on_both!(self.reading(), pool => sqlx::query_scalar(COUNT)
            .fetch_one(pool)
            .await)?;
        Ok(count.unsigned_abs())
    }
}
