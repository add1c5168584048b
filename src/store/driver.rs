//! Two drivers, each query written once: what SQLite and PostgreSQL share, and how one text of
//! SQL is instantiated for both.
//!
//! Parameters are `$1`, `$2` and so on; `ON CONFLICT` and `RETURNING` work on both. Columns are
//! only `BIGINT`, `TEXT` and `DOUBLE PRECISION`: ids are `TEXT`, truth is 0 or 1, times are
//! microseconds since 1970 UTC. Knows no table.

/// One value for each driver: pools, connections or transactions.
#[derive(Debug, Clone)]
pub(super) enum Driver<S, P> {
    /// SQLite.
    Sqlite(S),
    /// PostgreSQL.
    Postgres(P),
}

/// Writes one expression for both drivers: `on_both!(self.reading(), pool => ...)`. The expression
/// must have the same type for both.
macro_rules! on_both {
    ($driver:expr, $it:ident => $body:expr) => {
        match $driver {
            $crate::store::driver::Driver::Sqlite($it) => $body,
            $crate::store::driver::Driver::Postgres($it) => $body,
        }
    };
}
pub(super) use on_both;

/// Reads a row of either driver into a type: `from_rows!(Report, row => Report { .. })`. The body
/// may use `?` on `row.try_get("column")`.
macro_rules! from_rows {
    ($name:ty, $row:ident => $body:expr) => {
        impl ::sqlx::FromRow<'_, ::sqlx::sqlite::SqliteRow> for $name {
            fn from_row($row: &::sqlx::sqlite::SqliteRow) -> Result<Self, ::sqlx::Error> {
                #[allow(unused_imports, reason = "not every row has nested rows")]
                use ::sqlx::{FromRow as _, Row as _};
                Ok($body)
            }
        }
        impl ::sqlx::FromRow<'_, ::sqlx::postgres::PgRow> for $name {
            fn from_row($row: &::sqlx::postgres::PgRow) -> Result<Self, ::sqlx::Error> {
                #[allow(unused_imports, reason = "not every row has nested rows")]
                use ::sqlx::{FromRow as _, Row as _};
                Ok($body)
            }
        }
    };
}
pub(super) use from_rows;
