//! Copying every table from one database to another, whichever kinds they are.
//!
//! Works by the columns that SQLite names, because one side of every copy is a file of SQLite.
//! Knows no table by name.

use sqlx::{AssertSqlSafe, QueryBuilder};

use super::database::{Connected, Transaction};
use super::driver::{Driver, from_rows, on_both};
use super::error::StoreError;

/// Rows of one statement.
const ROWS: usize = 200;

/// A table and its columns, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    columns: Vec<String>,
}

enum Cell {
    Nothing,
    Whole(i64),
    Text(String),
    Real(f64),
}

struct Cells(Vec<Cell>);

from_rows!(Cells, row => Cells(
    (0..row.len())
        .map(|at| {
            let whole = || row.try_get::<Option<i64>, _>(at).map(|it| it.map(Cell::Whole));
            let text = || row.try_get::<Option<String>, _>(at).map(|it| it.map(Cell::Text));
            let real = || row.try_get::<Option<f64>, _>(at).map(|it| it.map(Cell::Real));
            let cell = whole().or_else(|_| text()).or_else(|_| real())?;
            Ok(cell.unwrap_or(Cell::Nothing))
        })
        .collect::<Result<_, sqlx::Error>>()?
));

/// The tables of a file, in the order of their names; those that keep order among others are not
/// needed, as no table refers to another.
pub(super) async fn tables(file: &mut Transaction) -> Result<Vec<Table>, StoreError> {
    const NAMES: &str = "
        SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'
            AND name NOT IN ('_sqlx_migrations', 'backup_files') ORDER BY name";
    const COLUMNS: &str = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
    let Driver::Sqlite(file) = file else {
        return Err(StoreError::Invalid("only a file names its tables".to_owned()));
    };
    let names: Vec<String> = sqlx::query_scalar(NAMES).fetch_all(&mut **file).await?;
    let mut tables = Vec::new();
    for name in names {
        let columns = sqlx::query_scalar(COLUMNS).bind(&name).fetch_all(&mut **file).await?;
        tables.push(Table { name, columns });
    }
    Ok(tables)
}

/// Says how many rows a table has.
pub(super) async fn count(connection: Connected<'_>, table: &Table) -> Result<i64, StoreError> {
    let count = format!("SELECT COUNT(*) FROM {}", table.name);
    Ok(on_both!(connection, connection => sqlx::query_scalar(AssertSqlSafe(count))
        .fetch_one(connection)
        .await)?)
}

/// Copies all rows of a table; returns how many there were.
pub(super) async fn copy(
    from: &mut Transaction,
    to: &mut Transaction,
    table: &Table,
) -> Result<u64, StoreError> {
    use futures_util::TryStreamExt as _;
    let select = format!("SELECT {} FROM {}", table.columns.join(", "), table.name);
    on_both!(from.connection(), connection => {
        let (mut copied, mut chunk) = (0, Vec::with_capacity(ROWS));
        let mut rows = sqlx::query_as(AssertSqlSafe(select)).fetch(connection);
        while let Some(cells) = rows.try_next().await? {
            let cells: Cells = cells;
            chunk.push(cells);
            if chunk.len() == ROWS {
                copied += insert(to.connection(), table, &mut chunk).await?;
            }
        }
        Ok(copied + insert(to.connection(), table, &mut chunk).await?)
    })
}

async fn insert(
    connection: Connected<'_>,
    table: &Table,
    rows: &mut Vec<Cells>,
) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let insert = format!("INSERT INTO {} ({}) ", table.name, table.columns.join(", "));
    let done = on_both!(connection, connection => {
        let mut query = QueryBuilder::new(&insert);
        query.push_values(&*rows, |mut values, Cells(cells)| {
            for cell in cells {
                match cell {
                    Cell::Nothing => values.push("NULL"),
                    Cell::Whole(whole) => values.push_bind(*whole),
                    Cell::Text(text) => values.push_bind(text),
                    Cell::Real(real) => values.push_bind(*real),
                };
            }
        });
        query.build().execute(connection).await.map(|done| done.rows_affected())
    })?;
    rows.clear();
    Ok(done)
}
