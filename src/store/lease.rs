//! The lease: one engine at a time works on a store, and one that was replaced writes no more.
//!
//! Two locks. The first keeps a second engine from starting: a lock on a file beside SQLite, an
//! advisory lock of PostgreSQL on a connection that is held; both end with the process, however it
//! ends. The second is a token that counts owners and is checked within every append, for an
//! engine that lost the first lock (a cut connection, a folder shared over a network) and has not
//! noticed yet.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Mutex;

use banyan_core::time::Timestamp;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};

use super::database::{Connected, Place, Store};
use super::driver::on_both;
use super::error::StoreError;

/// The key of the advisory lock: `BANYAN` in ASCII. Each database has locks of its own.
const LOCK_KEY: i64 = 0x42_41_4E_59_41_4E;

/// The right to write the journal, until it is dropped or another engine takes it.
#[derive(Debug)]
pub struct Lease {
    token: i64,
    lock: Lock,
}

#[derive(Debug)]
enum Lock {
    /// Held as long as the file is open.
    File { _open: File },
    /// Held as long as the connection lives.
    Server(Box<Mutex<PgConnection>>),
}

impl Store {
    /// Takes the lease; `holder` tells others who has it.
    ///
    /// # Errors
    /// `InUse` when another engine has it, or why it cannot be taken.
    pub async fn take_lease(&self, holder: &str, now: Timestamp) -> Result<Lease, StoreError> {
        let lock = match self.place() {
            Place::File(file) => lock_file(&file.with_file_name("lock"))?,
            Place::Server(server) => lock_server(server).await?,
        };
        let Some(lock) = lock else {
            return Err(StoreError::InUse(self.who_has_it().await));
        };
        Ok(Lease { token: self.next_token(holder, now).await?, lock })
    }

    async fn next_token(&self, holder: &str, now: Timestamp) -> Result<i64, StoreError> {
        const TAKE: &str = "
            INSERT INTO engine_lease (name, holder, token, created_at, updated_at)
            VALUES ('engine', $1, 1, $2, $2)
            ON CONFLICT (name) DO UPDATE SET holder = EXCLUDED.holder,
                token = engine_lease.token + 1, updated_at = EXCLUDED.updated_at
            RETURNING token";
        Ok(on_both!(self.writing(), pool => sqlx::query_scalar(TAKE)
            .bind(holder)
            .bind(now.0)
            .fetch_one(pool)
            .await)?)
    }

    async fn who_has_it(&self) -> String {
        const WHO: &str = "SELECT holder FROM engine_lease WHERE name = 'engine'";
        let holder: Option<String> = on_both!(self.reading(), pool => sqlx::query_scalar(WHO)
            .fetch_optional(pool)
            .await
            .ok()
            .flatten());
        holder.map(|holder| format!(": {holder}")).unwrap_or_default()
    }
}

impl Lease {
    /// Checks within a transaction that the lease is still ours. The row stays locked until the
    /// transaction ends, so nobody can take the lease between the check and the commit.
    pub(super) async fn check(&self, connection: Connected<'_>) -> Result<(), StoreError> {
        const CHECK: &str =
            "UPDATE engine_lease SET token = token WHERE name = 'engine' AND token = $1";
        let found = on_both!(connection, connection => sqlx::query(CHECK)
            .bind(self.token)
            .execute(connection)
            .await
            .map(|done| done.rows_affected()))?;
        if found == 1 { Ok(()) } else { Err(StoreError::Fenced) }
    }

    /// Gives the lease back at once; a lease that is dropped is given back when the system, or the
    /// server, notices.
    pub async fn release(self) {
        if let Lock::Server(connection) = self.lock
            && let Ok(connection) = connection.into_inner()
        {
            let _ = connection.close().await;
        }
    }
}

fn lock_file(path: &Path) -> Result<Option<Lock>, StoreError> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock::File { _open: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

async fn lock_server(server: &PgConnectOptions) -> Result<Option<Lock>, StoreError> {
    let mut connection = server.connect().await?;
    let locked: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
        .bind(LOCK_KEY)
        .fetch_one(&mut connection)
        .await?;
    Ok(locked.then(|| Lock::Server(Box::new(Mutex::new(connection)))))
}
