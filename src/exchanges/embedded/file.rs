//! The exchange's own file: where it keeps its seed, its world and the inputs since.
//!
//! SQLite, written on the I/O runtime. A lock beside the file keeps a second process out of it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use banyan_core::time::Timestamp;
use banyan_matching::world::RestoreError;
use sha2::{Digest, Sha256};
use sqlx::Connection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::runtime::Handle;

use super::log::{Checkpoint, Group, InputStore, KeptInput};
use crate::exchanges::LocalAnswer;

/// How long a statement waits for somebody else who reads or writes the file.
const BUSY: Duration = Duration::from_secs(2);

const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS exchange (
        id BIGINT PRIMARY KEY CHECK (id = 1), seed TEXT NOT NULL, opened_at BIGINT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS inputs (
        number BIGINT PRIMARY KEY, at BIGINT NOT NULL, input BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS checkpoints (
        number BIGINT PRIMARY KEY, at BIGINT NOT NULL, world BLOB NOT NULL,
        candles BLOB NOT NULL, digest TEXT NOT NULL)",
];

/// Why the exchange's file cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeFileError {
    /// Another process has it open.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// What it holds is not what was written, or not by this version.
    #[error("{file} cannot be used: {why}")]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// The system or the database refused.
    #[error("the exchange's file: {0}")]
    Database(#[from] sqlx::Error),
    /// The system refused.
    #[error("the exchange's file: {0}")]
    System(#[from] std::io::Error),
    /// The I/O runtime was shut down.
    #[error("the I/O runtime is gone")]
    RuntimeGone,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Remembered {
    /// Decides all that is left to chance.
    pub(super) seed: u64,
    pub(super) checkpoint: Checkpoint,
    /// Those after it, in order.
    pub(super) inputs: Vec<KeptInput>,
}

/// The open file.
#[derive(Debug, Clone)]
pub struct ExchangeFile {
    pool: SqlitePool,
    io: Handle,
    path: PathBuf,
    _lock: Arc<File>,
}

impl ExchangeFile {
    /// Opens the file, or makes it.
    pub(super) async fn open(path: &Path, io: &Handle) -> Result<Self, ExchangeFileError> {
        let lock = lock(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let opened = io.spawn(async move {
            // A full disk ends a transaction without asking; the driver then believes for good that
            // it goes on, and its connection is of no use any more.
            let pool = SqlitePoolOptions::new()
                .max_connections(1)
                .after_release(|connection, _| {
                    Box::pin(async move {
                        connection.ping().await?;
                        Ok(!connection.is_in_transaction())
                    })
                })
                .connect_with(options)
                .await?;
            let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&pool).await?;
            for table in TABLES {
                sqlx::query(table).execute(&pool).await?;
            }
            Ok::<_, sqlx::Error>((pool, level))
        });
        let (pool, level) = opened.await.map_err(|_| ExchangeFileError::RuntimeGone)??;
        let file = Self { pool, io: io.clone(), path: path.to_owned(), _lock: lock };
        // 2 is FULL: a commit returns after the write-ahead log was synchronised.
        if level < 2 {
            return Err(file.unusable("it does not synchronise what it commits"));
        }
        Ok(file)
    }

    /// The same file, seen as one whose content cannot be used.
    pub(super) fn unusable(&self, why: &str) -> ExchangeFileError {
        ExchangeFileError::Unusable { file: self.path.clone(), why: why.to_owned() }
    }

    /// Why a world could not be restored from it.
    pub(super) fn unreadable(&self, error: &RestoreError) -> ExchangeFileError {
        self.unusable(&format!("{error}; move it away to begin with a new market and new accounts"))
    }

    /// What the file holds; `None` when it is new.
    pub(super) async fn load(&self) -> Result<Option<Remembered>, ExchangeFileError> {
        let pool = self.pool.clone();
        let read = self.io.spawn(async move { read(&pool).await });
        let Some(rows) = read.await.map_err(|_| ExchangeFileError::RuntimeGone)?? else {
            return Ok(None);
        };
        let (seed, (number, at, world, candles, digest), inputs) = rows;
        if digest != fingerprint(&world, &candles) {
            return Err(self.unusable("the world in it is not the one that was written"));
        }
        let checkpoint = Checkpoint { number: number as u64, at: Timestamp(at), world, candles };
        let mut kept = Vec::with_capacity(inputs.len());
        for (number, at, bytes) in inputs {
            let input =
                postcard::from_bytes(&bytes).map_err(|error| self.unusable(&error.to_string()))?;
            kept.push(KeptInput { number: number as u64, at: Timestamp(at), input });
        }
        let expected = checkpoint.number + 1..;
        if kept.iter().zip(expected).any(|(kept, number)| kept.number != number) {
            return Err(self.unusable("inputs are missing from it"));
        }
        let seed = seed.parse::<u64>().map_err(|error| self.unusable(&error.to_string()))?;
        Ok(Some(Remembered { seed, checkpoint, inputs: kept }))
    }

    /// Writes the first world of a new file.
    pub(super) async fn begin(
        &self,
        seed: u64,
        first: &Checkpoint,
    ) -> Result<(), ExchangeFileError> {
        let (pool, first) = (self.pool.clone(), first.clone());
        let written = self.io.spawn(async move {
            let mut transaction = pool.begin().await?;
            sqlx::query("INSERT INTO exchange (id, seed, opened_at) VALUES (1, $1, $2)")
                .bind(seed.to_string())
                .bind(first.at.0)
                .execute(&mut *transaction)
                .await?;
            put_checkpoint(&mut transaction, &first).await?;
            transaction.commit().await
        });
        Ok(written.await.map_err(|_| ExchangeFileError::RuntimeGone)??)
    }
}

impl InputStore for ExchangeFile {
    fn commit(&self, group: Arc<Group>) -> LocalAnswer<Result<(), ExchangeFileError>> {
        let pool = self.pool.clone();
        let written = self.io.spawn(async move { write(&pool, &group).await });
        Box::pin(async move { Ok(written.await.map_err(|_| ExchangeFileError::RuntimeGone)??) })
    }
}

/// Takes the lock that goes with the file; the system gives it back when the process ends.
fn lock(path: &Path) -> Result<Arc<File>, ExchangeFileError> {
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path.with_extension("lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(Arc::new(lock)),
        Err(std::fs::TryLockError::WouldBlock) => Err(ExchangeFileError::InUse(path.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

type CheckpointRow = (i64, i64, Vec<u8>, Vec<u8>, String);
type InputRow = (i64, i64, Vec<u8>);

async fn read(
    pool: &SqlitePool,
) -> Result<Option<(String, CheckpointRow, Vec<InputRow>)>, sqlx::Error> {
    let seed: Option<String> =
        sqlx::query_scalar("SELECT seed FROM exchange").fetch_optional(pool).await?;
    let Some(seed) = seed else {
        return Ok(None);
    };
    let checkpoint: CheckpointRow = sqlx::query_as(
        "SELECT number, at, world, candles, digest FROM checkpoints ORDER BY number DESC LIMIT 1",
    )
    .fetch_one(pool)
    .await?;
    let inputs =
        sqlx::query_as("SELECT number, at, input FROM inputs WHERE number > $1 ORDER BY number")
            .bind(checkpoint.0)
            .fetch_all(pool)
            .await?;
    Ok(Some((seed, checkpoint, inputs)))
}

async fn write(pool: &SqlitePool, group: &Group) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin().await?;
    match group {
        Group::Inputs(inputs) => {
            for kept in inputs {
                put_input(&mut transaction, kept).await?;
            }
        }
        Group::Checkpoint(checkpoint) => put_checkpoint(&mut transaction, checkpoint).await?,
    }
    transaction.commit().await
}

async fn put_input(
    connection: &mut sqlx::SqliteConnection,
    kept: &KeptInput,
) -> Result<(), sqlx::Error> {
    let bytes = postcard::to_stdvec(&kept.input).expect("plain values can be written to memory");
    // An attempt that was told to have failed may have been written all the same.
    sqlx::query(
        "INSERT INTO inputs (number, at, input) VALUES ($1, $2, $3)
            ON CONFLICT (number) DO NOTHING",
    )
    .bind(kept.number as i64)
    .bind(kept.at.0)
    .bind(bytes)
    .execute(connection)
    .await?;
    Ok(())
}

async fn put_checkpoint(
    connection: &mut sqlx::SqliteConnection,
    checkpoint: &Checkpoint,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM checkpoints").execute(&mut *connection).await?;
    sqlx::query("DELETE FROM inputs WHERE number <= $1")
        .bind(checkpoint.number as i64)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO checkpoints (number, at, world, candles, digest)
            VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(checkpoint.number as i64)
    .bind(checkpoint.at.0)
    .bind(&checkpoint.world[..])
    .bind(&checkpoint.candles[..])
    .bind(fingerprint(&checkpoint.world, &checkpoint.candles))
    .execute(connection)
    .await?;
    Ok(())
}

fn fingerprint(world: &[u8], candles: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(world);
    hash.update(candles);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
