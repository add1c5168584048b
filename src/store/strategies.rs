//! Strategies and their versions, which are never changed. How a worker does is not here.

use banyan_core::ids::{AccountId, UserId, WorkerId};
use banyan_core::money::Amount;
use banyan_core::strategy::StrategyConfig;
use banyan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::accounts::amount;
use super::database::{Connected, Store};
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::owner::{Everyone, Owner};
use super::text::{json, json_text, uuid};

/// What its owner wants of a strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategyState {
    /// It trades.
    Active,
    /// It makes no new entries.
    Paused,
    /// It does not run.
    Stopped,
}

/// Which of the two families a strategy belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrategyFamily {
    /// Rules and their parameters.
    Quant,
    /// Words, and models that decide.
    Ai,
}

impl StrategyFamily {
    /// The family of a configuration.
    #[must_use]
    pub const fn of(config: &StrategyConfig) -> Self {
        match config {
            StrategyConfig::Ai(_) => Self::Ai,
            _ => Self::Quant,
        }
    }

    /// The name: `quant` or `ai`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quant => "quant",
            Self::Ai => "ai",
        }
    }
}

/// What a version fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyDraft {
    /// What it trades; several symbols are parted by commas.
    pub symbol: String,
    /// Its type and parameters.
    pub config: StrategyConfig,
    /// The capital it may use, where its owner said so.
    pub allocated_capital: Option<Amount>,
}

impl StrategyDraft {
    /// The symbols that it trades.
    pub fn symbols(&self) -> impl Iterator<Item = &str> {
        self.symbol.split(',').map(str::trim)
    }
}

/// A strategy with its latest version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyRow {
    /// Which; its worker has the same id.
    pub id: WorkerId,
    /// Whose.
    pub owner: UserId,
    /// Where it trades.
    pub account: AccountId,
    /// Counts changes.
    pub seq: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// What its owner calls it.
    pub name: String,
    /// What its owner notes about it.
    pub description: String,
    /// What its owner wants of it.
    pub status: StrategyState,
    /// The latest version.
    pub version: i64,
    /// What that version fixes.
    pub draft: StrategyDraft,
}

/// One version of a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyVersion {
    /// Counts from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// What it fixes.
    pub draft: StrategyDraft,
}

macro_rules! draft {
    ($row:ident) => {
        StrategyDraft {
            symbol: $row.try_get("symbol")?,
            config: json(&$row.try_get::<String, _>("config")?)?,
            allocated_capital: $row
                .try_get::<Option<String>, _>("allocated_capital")?
                .map(amount)
                .transpose()?,
        }
    };
}

from_rows!(StrategyRow, row => StrategyRow {
    id: WorkerId(uuid(row.try_get("id")?)?),
    owner: UserId(uuid(row.try_get("owner_id")?)?),
    account: AccountId(uuid(row.try_get("account_id")?)?),
    seq: row.try_get("seq")?,
    created_at: Timestamp(row.try_get("created_at")?),
    updated_at: Timestamp(row.try_get("updated_at")?),
    name: row.try_get("name")?,
    description: row.try_get("description")?,
    status: json(&row.try_get::<String, _>("status")?)?,
    version: row.try_get("version")?,
    draft: draft!(row),
});

from_rows!(StrategyVersion, row => StrategyVersion {
    version: row.try_get("version")?,
    created_at: Timestamp(row.try_get("created_at")?),
    draft: draft!(row),
});

/// What a list of strategies is narrowed to, and which part of it is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct StrategyFilter {
    /// With this status.
    pub status: Option<StrategyState>,
    /// On this account.
    pub account: Option<AccountId>,
    /// Of this family.
    pub family: Option<StrategyFamily>,
    /// At most so many.
    pub limit: i64,
    /// After so many.
    pub offset: i64,
}

impl Store {
    /// Adds a strategy, stopped.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn insert_strategy(
        &self,
        owner: Owner,
        strategy: &StrategyRow,
    ) -> Result<(), StoreError> {
        const INSERT: &str = "
            INSERT INTO strategies (id, seq, tenant_id, owner_id, created_at, updated_at,
                account_id, name, description, status, version, family)
            VALUES ($1, 1, $2, $2, $3, $3, $4, $5, $6, $7, 1, $8)";
        let mut transaction = self.begin().await?;
        on_both!(transaction.connection(), connection => sqlx::query(INSERT)
            .bind(strategy.id.to_string())
            .bind(owner.user().to_string())
            .bind(strategy.created_at.0)
            .bind(strategy.account.to_string())
            .bind(&strategy.name)
            .bind(&strategy.description)
            .bind(json_text(&strategy.status))
            .bind(StrategyFamily::of(&strategy.draft.config).name())
            .execute(connection)
            .await
            .map(|_| ()))?;
        insert_version(transaction.connection(), owner, strategy, strategy.created_at).await?;
        transaction.commit().await
    }

    /// An owner's strategies, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn strategies(
        &self,
        owner: Owner,
        filter: StrategyFilter,
    ) -> Result<Vec<StrategyRow>, StoreError> {
        const SELECT: &str = "
            SELECT strategies.*, symbol, config, allocated_capital
            FROM strategies JOIN strategy_versions AS latest
                ON latest.strategy_id = strategies.id AND latest.version = strategies.version
            WHERE strategies.owner_id = $1 AND deleted_at IS NULL
                AND ($2 = '' OR status = $2) AND ($3 = '' OR account_id = $3)
                AND ($4 = '' OR family = $4)
            ORDER BY strategies.created_at, strategies.id LIMIT $5 OFFSET $6";
        let rows = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(filter.status.map_or_else(String::new, |status| json_text(&status)))
            .bind(filter.account.map_or_else(String::new, |account| account.to_string()))
            .bind(filter.family.map_or("", StrategyFamily::name))
            .bind(filter.limit)
            .bind(filter.offset)
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }

    /// The strategies of all users that should run, oldest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn running_strategies_of_everyone(
        &self,
        _: Everyone,
    ) -> Result<Vec<StrategyRow>, StoreError> {
        const SELECT: &str = "
            SELECT strategies.*, symbol, config, allocated_capital
            FROM strategies JOIN strategy_versions AS latest
                ON latest.strategy_id = strategies.id AND latest.version = strategies.version
            WHERE deleted_at IS NULL AND status <> $1
            ORDER BY strategies.created_at, strategies.id";
        let rows = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(json_text(&StrategyState::Stopped))
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }

    /// One of an owner's strategies.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such strategy.
    pub async fn strategy(&self, owner: Owner, id: WorkerId) -> Result<StrategyRow, StoreError> {
        const SELECT: &str = "
            SELECT strategies.*, symbol, config, allocated_capital
            FROM strategies JOIN strategy_versions AS latest
                ON latest.strategy_id = strategies.id AND latest.version = strategies.version
            WHERE strategies.owner_id = $1 AND strategies.id = $2 AND deleted_at IS NULL";
        let row = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .fetch_one(pool)
            .await)?;
        Ok(row)
    }

    /// The versions of a strategy, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn strategy_versions(
        &self,
        owner: Owner,
        id: WorkerId,
        (limit, offset): (i64, i64),
    ) -> Result<Vec<StrategyVersion>, StoreError> {
        const SELECT: &str = "
            SELECT version, created_at, symbol, config, allocated_capital FROM strategy_versions
            WHERE owner_id = $1 AND strategy_id = $2
            ORDER BY version DESC LIMIT $3 OFFSET $4";
        let rows = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .bind(limit)
            .bind(offset)
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }

    /// Writes what was changed of a strategy that nobody changed meanwhile. A draft that is not
    /// that of the version before becomes a new version.
    ///
    /// # Errors
    /// `Conflict` when somebody did, or it is gone.
    pub async fn update_strategy(
        &self,
        owner: Owner,
        strategy: &StrategyRow,
        before: &StrategyRow,
        now: Timestamp,
    ) -> Result<StrategyRow, StoreError> {
        const UPDATE: &str = "
            UPDATE strategies SET seq = seq + 1, updated_at = $4, account_id = $5, name = $6,
                description = $7, status = $8, version = $9
            WHERE owner_id = $1 AND id = $2 AND seq = $3 AND deleted_at IS NULL";
        let renewed = strategy.draft != before.draft;
        let version = before.version + i64::from(renewed);
        let strategy = StrategyRow { version, updated_at: now, ..strategy.clone() };
        let mut transaction = self.begin().await?;
        let updated = on_both!(transaction.connection(), connection => sqlx::query(UPDATE)
            .bind(owner.user().to_string())
            .bind(strategy.id.to_string())
            .bind(before.seq)
            .bind(now.0)
            .bind(strategy.account.to_string())
            .bind(&strategy.name)
            .bind(&strategy.description)
            .bind(json_text(&strategy.status))
            .bind(version)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        if updated == 0 {
            return Err(StoreError::Conflict("the strategy was changed meanwhile".to_owned()));
        }
        if renewed {
            insert_version(transaction.connection(), owner, &strategy, now).await?;
        }
        transaction.commit().await?;
        Ok(StrategyRow { seq: before.seq + 1, ..strategy })
    }

    /// Deletes a strategy; its versions stay, because orders and fills name them.
    ///
    /// # Errors
    /// `Conflict` when it was changed meanwhile.
    pub async fn delete_strategy(
        &self,
        owner: Owner,
        strategy: &StrategyRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const DELETE: &str = "
            UPDATE strategies SET seq = seq + 1, updated_at = $4, deleted_at = $4
            WHERE owner_id = $1 AND id = $2 AND seq = $3 AND deleted_at IS NULL";
        let deleted = on_both!(self.writing(), pool => sqlx::query(DELETE)
            .bind(owner.user().to_string())
            .bind(strategy.id.to_string())
            .bind(strategy.seq)
            .bind(now.0)
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        if deleted == 0 {
            return Err(StoreError::Conflict("the strategy was changed meanwhile".to_owned()));
        }
        Ok(())
    }
}

async fn insert_version(
    connection: Connected<'_>,
    owner: Owner,
    strategy: &StrategyRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    const INSERT: &str = "
        INSERT INTO strategy_versions (strategy_id, version, seq, tenant_id, owner_id,
            created_at, updated_at, symbol, config, allocated_capital)
        VALUES ($1, $2, 1, $3, $3, $4, $4, $5, $6, $7)";
    let draft = &strategy.draft;
    on_both!(connection, connection => sqlx::query(INSERT)
        .bind(strategy.id.to_string())
        .bind(strategy.version)
        .bind(owner.user().to_string())
        .bind(now.0)
        .bind(&draft.symbol)
        .bind(json_text(&draft.config))
        .bind(draft.allocated_capital.map(|capital| capital.to_string()))
        .execute(connection)
        .await
        .map(|_| ()))?;
    Ok(())
}
