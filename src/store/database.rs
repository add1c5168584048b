//! The store: which database, its pools, its schema, and that what it commits survives.
//!
//! SQLite has one connection that writes, so that writers queue here and not at the file's lock,
//! and several that read. PostgreSQL has one pool, and a connection of its own for the journal.
//! Knows no table; repositories add methods to `Store`, one file each.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqliteSynchronous,
};
use sqlx::{AssertSqlSafe, Connection, Database as Dialect, Pool, Postgres, Sqlite};

use super::driver::{Driver, on_both};
use super::error::StoreError;
use super::migrations;
use crate::secret::Secret;

/// How long a query waits for a connection, and a writer for a lock.
const PATIENCE: Duration = Duration::from_secs(5);
const READERS: u32 = 4;
const CONNECTIONS: u32 = 8;

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A file; lock and reserve lie beside it.
    Sqlite(PathBuf),
    /// A server, by its URL.
    Postgres(Secret),
}

/// What is kept, and the way to it. Clones share the same pools.
#[derive(Clone)]
pub struct Store {
    pools: Driver<Pools<Sqlite>, Pools<Postgres>>,
    place: Place,
}

/// Where the store is, for what lies beside it.
#[derive(Clone)]
pub(super) enum Place {
    File(PathBuf),
    Server(Box<PgConnectOptions>),
}

struct Pools<D: Dialect> {
    read: Pool<D>,
    write: Pool<D>,
    journal: Pool<D>,
}

impl<D: Dialect> Clone for Pools<D> {
    fn clone(&self) -> Self {
        let Self { read, write, journal } = self;
        Self { read: read.clone(), write: write.clone(), journal: journal.clone() }
    }
}

impl fmt::Debug for Store {
    /// The options of a connection hold a password; they are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}

/// A transaction of either driver; dropped without `commit` it leaves nothing behind.
pub(super) type Transaction =
    Driver<sqlx::Transaction<'static, Sqlite>, sqlx::Transaction<'static, Postgres>>;

/// A connection of either driver.
pub(super) type Connected<'c> = Driver<&'c mut SqliteConnection, &'c mut PgConnection>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// Makes what is missing and brings the schema up to date.
    Own,
    /// Changes nothing: another process may be at work.
    Visit,
}

impl Store {
    /// Opens the database for an engine: makes it where there is none, brings its schema up to
    /// date, and checks that a commit survives a loss of power.
    ///
    /// # Errors
    /// When it cannot be reached, written to or trusted, or a later version wrote it.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        Self::connect(database, Opening::Own).await
    }

    /// Opens a database that exists and has the schema of this binary, and leaves it as it is.
    ///
    /// # Errors
    /// When there is none, it cannot be reached, or has another schema.
    pub async fn visit(database: &Database) -> Result<Self, StoreError> {
        Self::connect(database, Opening::Visit).await
    }

    async fn connect(database: &Database, opening: Opening) -> Result<Self, StoreError> {
        let (pools, place) = match database {
            Database::Sqlite(file) => {
                (Driver::Sqlite(open_file(file, opening).await?), Place::File(file.clone()))
            }
            Database::Postgres(url) => {
                let server = server(url)?;
                let pools = Driver::Postgres(open_server(&server, opening).await?);
                (pools, Place::Server(Box::new(server)))
            }
        };
        Ok(Self { pools, place })
    }

    /// Closes all connections; the database is left in one piece, as it is after a crash.
    pub async fn close(&self) {
        on_both!(&self.pools, pools => {
            pools.journal.close().await;
            pools.write.close().await;
            pools.read.close().await;
        });
    }

    /// Says which database it is: `sqlite` or `postgres`.
    #[must_use]
    pub fn dialect(&self) -> &'static str {
        match self.pools {
            Driver::Sqlite(_) => "sqlite",
            Driver::Postgres(_) => "postgres",
        }
    }

    /// Says whether the database answers.
    pub async fn answers(&self) -> bool {
        let asked = async {
            on_both!(self.reading(), pool => {
                sqlx::query("SELECT 1").execute(pool).await.map(|_| ())
            })
        };
        matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Ok(())))
    }

    /// Where queries that only read go.
    pub(super) fn reading(&self) -> Driver<&SqlitePool, &PgPool> {
        match &self.pools {
            Driver::Sqlite(pools) => Driver::Sqlite(&pools.read),
            Driver::Postgres(pools) => Driver::Postgres(&pools.read),
        }
    }

    /// Where single statements that write go.
    pub(super) fn writing(&self) -> Driver<&SqlitePool, &PgPool> {
        match &self.pools {
            Driver::Sqlite(pools) => Driver::Sqlite(&pools.write),
            Driver::Postgres(pools) => Driver::Postgres(&pools.write),
        }
    }

    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction, StoreError> {
        Ok(match &self.pools {
            // Takes the lock at once; a reader that became a writer could find it was overtaken.
            Driver::Sqlite(pools) => {
                Driver::Sqlite(pools.write.begin_with("BEGIN IMMEDIATE").await?)
            }
            Driver::Postgres(pools) => Driver::Postgres(pools.write.begin().await?),
        })
    }

    /// Begins a transaction of the journal, on its own connection.
    pub(super) async fn begin_journal(&self) -> Result<Transaction, StoreError> {
        Ok(match &self.pools {
            Driver::Sqlite(pools) => {
                Driver::Sqlite(pools.journal.begin_with("BEGIN IMMEDIATE").await?)
            }
            Driver::Postgres(pools) => Driver::Postgres(pools.journal.begin().await?),
        })
    }

    /// Begins a transaction that sees one moment of the database, whatever is written meanwhile.
    pub(super) async fn begin_reading(&self) -> Result<Transaction, StoreError> {
        const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        Ok(match &self.pools {
            Driver::Sqlite(pools) => Driver::Sqlite(pools.read.begin().await?),
            Driver::Postgres(pools) => Driver::Postgres(pools.read.begin_with(ONE_MOMENT).await?),
        })
    }

    /// Bytes of the database file, free pages left out; 0 for a server.
    pub(super) async fn size(&self) -> Result<u64, StoreError> {
        const SIZE: &str = "
            SELECT (page_count - freelist_count) * page_size
            FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()";
        let Driver::Sqlite(pool) = self.reading() else {
            return Ok(0);
        };
        let bytes: i64 = sqlx::query_scalar(SIZE).fetch_one(pool).await?;
        Ok(bytes.unsigned_abs())
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }
}

impl Transaction {
    /// The connection that the transaction is on.
    pub(super) fn connection(&mut self) -> Connected<'_> {
        match self {
            Self::Sqlite(transaction) => Driver::Sqlite(&mut *transaction),
            Self::Postgres(transaction) => Driver::Postgres(&mut *transaction),
        }
    }

    /// Makes everything that was written in it durable.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        on_both!(self, transaction => transaction.commit().await)?;
        Ok(())
    }
}

impl Connected<'_> {
    /// The same connection, for one more query.
    pub(super) fn again(&mut self) -> Connected<'_> {
        match self {
            Self::Sqlite(connection) => Driver::Sqlite(connection),
            Self::Postgres(connection) => Driver::Postgres(connection),
        }
    }
}

/// Lets a file grow to about `bytes` at most; beyond that its disk counts as full.
pub(super) async fn limit_size(
    connection: &mut SqliteConnection,
    bytes: u64,
) -> Result<(), StoreError> {
    let page: i64 = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *connection).await?;
    let pages = (bytes / page.unsigned_abs().max(1)).max(1);
    let limit = AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    sqlx::query(limit).execute(connection).await?;
    Ok(())
}

async fn open_file(file: &Path, opening: Opening) -> Result<Pools<Sqlite>, StoreError> {
    if opening == Opening::Visit && !file.is_file() {
        return Err(StoreError::Invalid(format!("there is no database {}", file.display())));
    }
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(opening == Opening::Own)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE);
    let write = lasting(1).connect_with(options.clone()).await?;
    let mut connection = write.acquire().await?;
    match opening {
        Opening::Own => {
            check_file(&mut connection).await?;
            migrations::bring_up_to_date(&mut *connection).await?;
        }
        Opening::Visit => migrations::require_known(&mut *connection).await?,
    }
    drop(connection);
    let read = lasting(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Pools { read, journal: write.clone(), write })
}

/// Connections to a file are kept for good: another one would be no fresher.
fn lasting(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_at_rest(connection)))
}

/// SQLite ends a transaction by itself when its disk is full or fails; the driver goes on counting
/// it, and could never begin another one on that connection.
async fn is_at_rest(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // Whatever a dropped transaction left to do is done first.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// Checks that the file can be written to, and that a commit waits for the disk.
async fn check_file(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await?;
    let synchronous: i64 =
        sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await?;
    connection.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
    if mode != "wal" || synchronous != 2 {
        let found = format!("journal_mode {mode} and synchronous {synchronous}, not wal and 2");
        return Err(StoreError::NotDurable(found));
    }
    Ok(())
}

fn server(url: &Secret) -> Result<PgConnectOptions, StoreError> {
    // What is wrong with the text stays untold: it may have a password in it.
    let options = PgConnectOptions::from_str(url.expose())
        .map_err(|_| StoreError::Invalid("this is no URL of a PostgreSQL database".to_owned()))?;
    Ok(options.application_name("banyan").options([("synchronous_commit", "on")]))
}

async fn open_server(
    server: &PgConnectOptions,
    opening: Opening,
) -> Result<Pools<Postgres>, StoreError> {
    let options = || PoolOptions::new().acquire_timeout(PATIENCE);
    let journal = options().max_connections(1).connect_with(server.clone()).await?;
    let mut connection = journal.acquire().await?;
    match opening {
        Opening::Own => {
            check_server(&mut connection).await?;
            migrations::bring_up_to_date(&mut *connection).await?;
        }
        Opening::Visit => migrations::require_known(&mut *connection).await?,
    }
    drop(connection);
    let write = options().max_connections(CONNECTIONS).connect_lazy_with(server.clone());
    Ok(Pools { read: write.clone(), write, journal })
}

/// Checks that the server can be written to, and that a commit waits for its disk.
async fn check_server(connection: &mut PgConnection) -> Result<(), StoreError> {
    for setting in ["SHOW fsync", "SHOW synchronous_commit"] {
        let found: String = sqlx::query_scalar(setting).fetch_one(&mut *connection).await?;
        if found != "on" {
            return Err(StoreError::NotDurable(format!("{setting} says {found}, not on")));
        }
    }
    let read_only: String =
        sqlx::query_scalar("SHOW transaction_read_only").fetch_one(&mut *connection).await?;
    if read_only == "off" { Ok(()) } else { Err(StoreError::ReadOnly) }
}
