//! Why the store could not do something: the errors of both databases, by what follows from them.

use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::migrate::MigrateError;
use sqlx::sqlite::SqliteError;

/// Why the store could not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another engine works on the same data.
    #[error("another engine works on this data{0}")]
    InUse(String),
    /// Another process holds a lock of the database, and held it too long.
    #[error("the database is locked by another process")]
    Locked,
    /// The database may not be written to.
    #[error("the database is read-only")]
    ReadOnly,
    /// There is no room left.
    #[error("there is no room left for the database")]
    Full,
    /// What is stored is damaged, or is no database of ours.
    #[error("the database is damaged: {0}")]
    Corrupt(String),
    /// A later version of Banyan wrote the database.
    #[error(
        "the database has schema {found}, this version of Banyan knows {known}: use the newer \
         version"
    )]
    NewerSchema {
        /// The schema of the database.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// An earlier version of Banyan wrote the database, and it was not brought up to date.
    #[error(
        "the database has schema {found}, this version of Banyan needs {known}: start the engine \
         once, which brings it up to date"
    )]
    OlderSchema {
        /// The schema of the database.
        found: i64,
        /// The one that is needed.
        known: i64,
    },
    /// A commit would not survive a loss of power.
    #[error("the database would not keep what it commits: {0}")]
    NotDurable(String),
    /// The database cannot be reached, or does not answer.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// Another process has taken the lease; this one may write no more.
    #[error("the data belongs to another process now")]
    Fenced,
    /// It exists already, or contradicts what exists.
    #[error("{0}")]
    Conflict(String),
    /// There is no such thing.
    #[error("not found")]
    NotFound,
    /// A value or a file that cannot be used.
    #[error("{0}")]
    Invalid(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::Database(inner) => of_database(inner.as_ref()),
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_) => Self::Corrupt(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Corrupt(format!("its schema is not ours: {other}")),
        }
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Unavailable(error.to_string()),
        }
    }
}

fn of_database(error: &dyn DatabaseError) -> StoreError {
    if error.kind() == ErrorKind::UniqueViolation {
        return StoreError::Conflict(format!("it exists already: {error}"));
    }
    let code = error.code().unwrap_or_default();
    match error.try_downcast_ref::<SqliteError>() {
        Some(_) => of_sqlite(code.parse().unwrap_or_default(), error),
        None => of_postgres(&code, error),
    }
}

/// By the result codes of <https://www.sqlite.org/rescode.html>; the low byte is the family.
fn of_sqlite(code: i32, error: &dyn DatabaseError) -> StoreError {
    // The index of the write-ahead log lies in shared memory, which is a file beside the database.
    const SHARED_MEMORY_SIZE: i32 = 4_874;
    match code & 0xFF {
        5 | 6 => StoreError::Locked,
        8 => StoreError::ReadOnly,
        11 | 26 => StoreError::Corrupt(error.to_string()),
        13 => StoreError::Full,
        _ if code == SHARED_MEMORY_SIZE => StoreError::Full,
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// By the classes of <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_postgres(code: &str, error: &dyn DatabaseError) -> StoreError {
    match code {
        "53100" => StoreError::Full,
        "25006" => StoreError::ReadOnly,
        "40001" | "40P01" | "55P03" => StoreError::Locked,
        "XX001" | "XX002" => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Unavailable(error.to_string()),
    }
}
