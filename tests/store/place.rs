//! A database of a test's own, of either kind, and the way to it past the store.

use std::path::PathBuf;
use std::sync::Arc;

use banyan::secret::Secret;
use banyan::store::{Database, SqlJournal, Store};
use banyan_core::time::Timestamp;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

use crate::banyan::{Answer, banyan};
use crate::postgres_server::Server;

/// A database that is empty at first.
pub(crate) struct Place {
    pub(crate) database: Database,
    pub(crate) folder: tempfile::TempDir,
    _server: Option<Arc<Server>>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::Sqlite(folder.path().join("banyan.db"));
        Self { database, folder, _server: None }
    }

    pub(crate) async fn postgres() -> Self {
        let server = tokio::task::spawn_blocking(Server::shared).await.unwrap();
        let url = server.fresh_database().await;
        println!("{}", server.version());
        let folder = tempfile::tempdir().unwrap();
        Self { database: Database::Postgres(Secret::new(url)), folder, _server: Some(server) }
    }

    /// Another, empty place of the same kind.
    pub(crate) async fn another(&self) -> Self {
        match self.database {
            Database::Sqlite(_) => Self::sqlite(),
            Database::Postgres(_) => Self::postgres().await,
        }
    }

    /// An empty place of the other kind.
    pub(crate) async fn opposite(&self) -> Self {
        match self.database {
            Database::Sqlite(_) => Self::postgres().await,
            Database::Postgres(_) => Self::sqlite(),
        }
    }

    /// The flags by which a command finds the place.
    pub(crate) fn flags(&self) -> Vec<String> {
        let folder = self.folder.path().display().to_string();
        let mut flags = vec!["--data-dir".to_owned(), folder];
        if let Database::Postgres(url) = &self.database {
            flags.extend(["--database-url".to_owned(), url.expose().to_owned()]);
        }
        flags
    }

    /// What a command answers about the place.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        let flags = self.flags();
        let all: Vec<_> =
            arguments.iter().copied().chain(flags.iter().map(String::as_str)).collect();
        Answer::from(banyan(&all).current_dir(self.folder.path()).output().unwrap())
    }

    pub(crate) fn file(&self) -> Option<PathBuf> {
        match &self.database {
            Database::Sqlite(file) => Some(file.clone()),
            Database::Postgres(_) => None,
        }
    }

    pub(crate) async fn store(&self) -> Store {
        Store::open(&self.database).await.unwrap()
    }

    /// A store and a journal over it, whose lease is held as long as the journal lives.
    pub(crate) async fn journal(&self) -> (Store, SqlJournal) {
        let store = self.store().await;
        let lease = Arc::new(store.take_lease("test", Timestamp(1)).await.unwrap());
        let journal = SqlJournal::new(store.clone(), lease, tokio::runtime::Handle::current());
        (store, journal)
    }

    /// Does something to the database behind the store's back; returns how many rows it met.
    pub(crate) async fn tamper(&self, sql: &str) -> u64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.database {
            Database::Sqlite(file) => {
                let url = format!("sqlite://{}", file.display());
                let pool = SqlitePool::connect(&url).await.unwrap();
                let done = sqlx::query(sql).execute(&pool).await.unwrap();
                pool.close().await;
                done.rows_affected()
            }
            Database::Postgres(url) => {
                let pool = PgPool::connect(url.expose()).await.unwrap();
                let done = sqlx::query(sql).execute(&pool).await.unwrap();
                pool.close().await;
                done.rows_affected()
            }
        }
    }

    /// One number out of the database.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.database {
            Database::Sqlite(file) => {
                let url = format!("sqlite://{}", file.display());
                let pool = SqlitePool::connect(&url).await.unwrap();
                let count = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
                pool.close().await;
                count
            }
            Database::Postgres(url) => {
                let pool = PgPool::connect(url.expose()).await.unwrap();
                let count = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
                pool.close().await;
                count
            }
        }
    }
}
