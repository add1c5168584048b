//! `banyan export`: fills and ledger entries of an account as CSV, with exact decimals.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use banyan_core::ids::AccountId;
use banyan_core::time::{DAY, Timestamp};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::data::{self, DataArguments, about_file};
use super::{CommandError, Exit};
use crate::settings::Settings;
use crate::store::{FillRow, LedgerRow, Store, StoreError, amount_text, sub_ledger_text};

#[derive(Args)]
pub(super) struct ExportArguments {
    #[command(subcommand)]
    what: Export,
}

#[derive(Subcommand)]
enum Export {
    /// Every fill, one line for each owner's part of it.
    Trades(ExportOptions),
    /// Every posting of the ledger.
    Ledger(ExportOptions),
}

#[derive(Args)]
struct ExportOptions {
    /// The account's id.
    #[arg(long, value_name = "ID")]
    account: Uuid,
    /// The first day, UTC.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Option<Timestamp>,
    /// The last day, UTC; it is included.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    to: Option<Timestamp>,
    /// The file to write; standard output where none is named.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataArguments,
}

const TRADE_COLUMNS: [&str; 20] = [
    "time",
    "recorded_at",
    "sequence",
    "line",
    "trade_id",
    "client_order_id",
    "owner",
    "strategy_version",
    "symbol",
    "side",
    "price",
    "quantity",
    "value",
    "realized",
    "settle",
    "fee",
    "fee_asset",
    "liquidity",
    "reason",
    "exit_reason",
];

const LEDGER_COLUMNS: [&str; 11] = [
    "time",
    "recorded_at",
    "sequence",
    "line",
    "kind",
    "owner",
    "bucket",
    "asset",
    "amount",
    "symbol",
    "trade_id",
];

type Table = csv::Writer<Box<dyn Write>>;

pub(super) fn run(arguments: &ExportArguments, settings: &Settings) -> Result<Exit, CommandError> {
    let (Export::Trades(options) | Export::Ledger(options)) = &arguments.what;
    let database = options.data.resolve(settings).database;
    let mut table = csv::Writer::from_writer(options.sink()?);
    data::run(async {
        let store = Store::visit(&database).await?;
        let written = match &arguments.what {
            Export::Trades(options) => trades(&store, options, &mut table).await,
            Export::Ledger(options) => ledger(&store, options, &mut table).await,
        };
        store.close().await;
        written
    })?;
    Ok(Exit::Success)
}

impl ExportOptions {
    fn sink(&self) -> Result<Box<dyn Write>, CommandError> {
        let Some(path) = &self.out else {
            return Ok(Box::new(io::stdout().lock()));
        };
        let file = File::create(path).map_err(|error| about_file(path, &error))?;
        Ok(Box::new(BufWriter::new(file)))
    }

    fn span(&self) -> (Timestamp, Timestamp) {
        let end = self.to.map_or(i64::MAX, |last| last.0.saturating_add(DAY));
        (self.from.unwrap_or(Timestamp(i64::MIN)), Timestamp(end))
    }
}

async fn trades(
    store: &Store,
    options: &ExportOptions,
    table: &mut Table,
) -> Result<(), StoreError> {
    put(table, &TRADE_COLUMNS.map(str::to_owned))?;
    let (account, mut last) = (AccountId(options.account), (0, 0));
    loop {
        let rows = store.export_fills(account, options.span(), last).await?;
        let Some(end) = rows.last() else {
            return Ok(table.flush()?);
        };
        last = (end.head.sequence.0, end.line);
        rows.iter().try_for_each(|row| put(table, &trade(row)))?;
    }
}

async fn ledger(
    store: &Store,
    options: &ExportOptions,
    table: &mut Table,
) -> Result<(), StoreError> {
    put(table, &LEDGER_COLUMNS.map(str::to_owned))?;
    let (account, mut last) = (AccountId(options.account), (0, 0));
    loop {
        let rows = store.export_ledger(account, options.span(), last).await?;
        let Some(end) = rows.last() else {
            return Ok(table.flush()?);
        };
        last = (end.head.sequence.0, end.line);
        rows.iter().try_for_each(|row| put(table, &entry(row)))?;
    }
}

fn trade(row: &FillRow) -> [String; 20] {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        row.event_at.to_string(),
        row.head.created_at.to_string(),
        row.head.sequence.to_string(),
        row.line.to_string(),
        row.trade_id.clone(),
        row.client_order_id.map(|id| id.to_string()).unwrap_or_default(),
        sub_ledger_text(row.sub_ledger),
        row.strategy_version.map(|version| version.to_string()).unwrap_or_default(),
        row.instrument.symbol.clone(),
        row.side.clone(),
        row.price.to_string(),
        row.quantity.to_string(),
        amount_text(row.value),
        amount_text(row.realized),
        row.settle.clone(),
        amount_text(row.fee),
        row.fee_asset.clone(),
        row.liquidity.clone(),
        row.reason.clone(),
        text(&row.exit_reason),
    ]
}

fn entry(row: &LedgerRow) -> [String; 11] {
    [
        row.event_at.to_string(),
        row.head.created_at.to_string(),
        row.head.sequence.to_string(),
        row.line.to_string(),
        row.kind.clone(),
        sub_ledger_text(row.sub_ledger),
        row.bucket.clone(),
        row.asset.clone(),
        amount_text(row.amount),
        row.instrument.as_ref().map(|it| it.symbol.clone()).unwrap_or_default(),
        row.trade_id.clone().unwrap_or_default(),
    ]
}

fn put(table: &mut Table, fields: &[String]) -> Result<(), StoreError> {
    table.write_record(fields).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The first moment of a day.
fn day(text: &str) -> Result<Timestamp, String> {
    let expected = || format!("{text:?} is no day: YYYY-MM-DD is expected");
    let parts: Vec<i64> =
        text.split('-').map(str::parse).collect::<Result<_, _>>().map_err(|_| expected())?;
    let [year, month @ 1..=12, day @ 1..=31] = parts[..] else {
        return Err(expected());
    };
    let first = Timestamp(days_from_civil(year, month, day) * DAY);
    // A day that its month does not have would be written as another one.
    if first.to_string().starts_with(text) { Ok(first) } else { Err(expected()) }
}

/// Day number of a Gregorian date, after Howard Hinnant's "chrono-compatible low-level date
/// algorithms" (`days_from_civil`).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_those_that_never_were_refused() {
        assert_eq!(day("1970-01-02"), Ok(Timestamp(DAY)));
        assert_eq!(day("2024-02-29").unwrap().to_string(), "2024-02-29T00:00:00.000Z");
        for wrong in ["2023-02-29", "2024-13-01", "today", "2024-1-1", "2024-01-01T00", ""] {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }
}
