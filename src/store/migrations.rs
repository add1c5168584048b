//! The schema: its versions, in order, as part of the binary.
//!
//! A version that was released is never edited, a change is a new file. Both databases read the
//! same files. Knows no row.

use std::borrow::Cow;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};

use super::error::StoreError;

const TABLE: &str = "_sqlx_migrations";

const MIGRATIONS: [(i64, &str, &str); 4] = [
    (1, "journal", include_str!("../../migrations/0001_journal.sql")),
    (2, "users", include_str!("../../migrations/0002_users.sql")),
    (3, "models", include_str!("../../migrations/0003_models.sql")),
    (4, "decisions", include_str!("../../migrations/0004_decisions.sql")),
];

/// The newest schema that this binary knows.
pub(super) const KNOWN: i64 = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// Brings the schema up to date.
pub(super) async fn bring_up_to_date<C: Migrate>(connection: &mut C) -> Result<(), StoreError> {
    refuse_newer(applied(connection).await?)?;
    migrator().run_direct(None, connection, false).await?;
    Ok(())
}

/// Refuses a schema that is not exactly the one of this binary.
pub(super) async fn require_known<C: Migrate>(connection: &mut C) -> Result<(), StoreError> {
    let found = applied(connection).await?;
    refuse_newer(found)?;
    if found == KNOWN { Ok(()) } else { Err(StoreError::OlderSchema { found, known: KNOWN }) }
}

fn refuse_newer(found: i64) -> Result<(), StoreError> {
    if found > KNOWN { Err(StoreError::NewerSchema { found, known: KNOWN }) } else { Ok(()) }
}

/// The newest version that the database has; 0 for an empty one.
async fn applied<C: Migrate>(connection: &mut C) -> Result<i64, StoreError> {
    let applied = match connection.list_applied_migrations(TABLE).await {
        Ok(applied) => applied,
        Err(error) if is_missing_table(&error) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    Ok(applied.iter().map(|it| it.version).max().unwrap_or_default())
}

fn is_missing_table(error: &sqlx::migrate::MigrateError) -> bool {
    let sqlx::migrate::MigrateError::Execute(sqlx::Error::Database(error)) = error else {
        return false;
    };
    error.code().as_deref() == Some("42P01") || error.message().starts_with("no such table")
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, name, sql)| {
        Migration::new(
            version,
            Cow::Borrowed(name),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(migrations.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up() {
        assert!(MIGRATIONS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn every_column_has_a_type_that_both_databases_read_alike() {
        let allowed = ["BIGINT", "TEXT", "DOUBLE"];
        for (_, name, sql) in MIGRATIONS {
            for line in sql.lines().filter(|line| line.starts_with("    ")) {
                let mut words = line.split_whitespace();
                let (Some(column), Some(kind)) = (words.next(), words.next()) else {
                    continue;
                };
                if column.chars().all(|it| it.is_ascii_lowercase() || it == '_') {
                    let kind = kind.trim_end_matches(',');
                    assert!(allowed.contains(&kind), "{name}: {column} is {kind}");
                }
            }
        }
    }
}
