//! Reads CSV text of one of four kinds, told apart by the header, and checks every row.

use banyan_core::money::{RATE_DECIMALS, Rate};
use banyan_core::order::Side;
use banyan_core::symbol::Symbol;
use banyan_core::time::{Span, Timeframe, Timestamp};

use super::error::{DataError, DataProblem};
use super::file_name::read_file_name;
use super::number::Number;
use super::recording::{CandleRow, FundingRow, QuoteRow, Recording, Rows, TradeRow, line_of};

/// The last millisecond of the year 9999.
const LAST_MILLISECOND: i64 = 253_402_300_799_999;

/// What is known of a file beside its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParseOptions {
    /// The symbol; read from the file name when not given.
    pub symbol: Option<Symbol>,
    /// The timeframe of candles; read from the file name when not given, else from the smallest
    /// spacing of the rows.
    pub timeframe: Option<Timeframe>,
    /// Accept missing candles.
    pub allow_gaps: bool,
}

/// Reads the text of a recorded file.
///
/// Times are epoch milliseconds; candles are stamped with their open time. Trades and quotes may
/// share a time, candles and funding may not.
///
/// # Errors
/// When a row breaks the rules of its kind, when the header is unknown, when there are no rows, or
/// when neither name nor options tell the symbol. The error names file and line.
pub fn parse(text: &str, file: &str, options: &ParseOptions) -> Result<Recording, DataError> {
    let named = read_file_name(file);
    let timeframe = options.timeframe.or(named.timeframe);
    let rows = read_rows(text, timeframe, options.allow_gaps)
        .map_err(|(line, problem)| DataError { file: file.to_owned(), line, problem })?;
    let symbol = options.symbol.clone().or(named.symbol).ok_or_else(|| DataError {
        file: file.to_owned(),
        line: None,
        problem: DataProblem::UnknownSymbol,
    })?;
    Ok(Recording { file: file.to_owned(), symbol, allow_gaps: options.allow_gaps, rows })
}

/// A problem and its line.
type Located = (Option<usize>, DataProblem);

fn read_rows(text: &str, timeframe: Option<Timeframe>, gaps: bool) -> Result<Rows, Located> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end();
    let (header, body) = text.split_once('\n').unwrap_or((text, ""));
    match header.trim() {
        "open_time,open,high,low,close,volume" => {
            let rows = each_row(body, candle)?;
            let timeframe = timeframe.map_or_else(|| smallest_spacing(&rows), Ok);
            let timeframe = timeframe.map_err(|problem| (None, problem))?;
            check_spacing(&rows, timeframe, gaps)?;
            Ok(Rows::Candles(timeframe, rows))
        }
        "time,trade_id,price,quantity,buyer_maker" => each_row(body, trade).map(Rows::Trades),
        "time,bid,bid_size,ask,ask_size" => each_row(body, quote).map(Rows::Quotes),
        "time,rate" => each_row(body, funding).map(Rows::Funding),
        other => {
            let shown = other.chars().take(80).collect();
            Err((Some(1), DataProblem::UnknownHeader(shown)))
        }
    }
}

/// Reads all lines after the header; `read` also sees the row before.
fn each_row<T>(
    body: &str,
    read: impl Fn(&str, Option<&T>) -> Result<T, DataProblem>,
) -> Result<Vec<T>, Located> {
    let mut rows: Vec<T> = Vec::new();
    for (index, line) in body.lines().enumerate() {
        let row = read(line, rows.last()).map_err(|problem| (Some(line_of(index)), problem))?;
        rows.push(row);
    }
    if rows.is_empty() { Err((None, DataProblem::Empty)) } else { Ok(rows) }
}

fn candle(line: &str, above: Option<&CandleRow>) -> Result<CandleRow, DataProblem> {
    let [time, open, high, low, close, volume] = columns(line)?;
    let row = CandleRow {
        time: read_time(time)?,
        open: positive("open", open)?,
        high: positive("high", high)?,
        low: positive("low", low)?,
        close: positive("close", close)?,
        volume: not_negative("volume", volume)?,
    };
    check_later(row.time, above.map(|above| above.time))?;
    if row.high < row.low {
        return Err(DataProblem::HighBelowLow);
    }
    let outside = |price: Number| price < row.low || price > row.high;
    match (outside(row.open), outside(row.close)) {
        (true, _) => Err(DataProblem::OutsideRange { column: "open" }),
        (_, true) => Err(DataProblem::OutsideRange { column: "close" }),
        _ => Ok(row),
    }
}

fn trade(line: &str, above: Option<&TradeRow>) -> Result<TradeRow, DataProblem> {
    let [time, id, price, quantity, buyer_maker] = columns(line)?;
    let row = TradeRow {
        time: read_time(time)?,
        id: id.parse().map_err(|_| DataProblem::NotANumber(id.to_owned()))?,
        price: positive("price", price)?,
        quantity: positive("quantity", quantity)?,
        aggressor: if read_boolean(buyer_maker)? { Side::Sell } else { Side::Buy },
    };
    check_sorted(row.time, above.map(|above| above.time))?;
    match above.map(|above| above.id) {
        Some(previous) if previous == row.id => Err(DataProblem::DuplicateTrade(row.id)),
        Some(previous) if previous > row.id => {
            Err(DataProblem::TradeOrder { id: row.id, previous })
        }
        _ => Ok(row),
    }
}

fn quote(line: &str, above: Option<&QuoteRow>) -> Result<QuoteRow, DataProblem> {
    let [time, bid, bid_size, ask, ask_size] = columns(line)?;
    let row = QuoteRow {
        time: read_time(time)?,
        bid: positive("bid", bid)?,
        bid_size: not_negative("bid_size", bid_size)?,
        ask: positive("ask", ask)?,
        ask_size: not_negative("ask_size", ask_size)?,
    };
    check_sorted(row.time, above.map(|above| above.time))?;
    if row.bid < row.ask { Ok(row) } else { Err(DataProblem::Crossed) }
}

fn funding(line: &str, above: Option<&FundingRow>) -> Result<FundingRow, DataProblem> {
    let [time, rate] = columns(line)?;
    let number = Number::read(rate)?;
    let mantissa = number.at(RATE_DECIMALS, u32::from(RATE_DECIMALS));
    let row = FundingRow {
        time: read_time(time)?,
        rate: Rate(mantissa.ok_or_else(|| DataProblem::OutOfRange(rate.to_owned()))?),
    };
    check_later(row.time, above.map(|above| above.time))?;
    Ok(row)
}

fn columns<const N: usize>(line: &str) -> Result<[&str; N], DataProblem> {
    let mut columns = [""; N];
    let mut found = 0;
    for text in line.split(',') {
        if let Some(column) = columns.get_mut(found) {
            *column = text.trim();
        }
        found += 1;
    }
    if found == N { Ok(columns) } else { Err(DataProblem::ColumnCount { expected: N, found }) }
}

fn read_time(text: &str) -> Result<Timestamp, DataProblem> {
    let milliseconds: i64 = text.parse().map_err(|_| DataProblem::NotANumber(text.to_owned()))?;
    if (0..=LAST_MILLISECOND).contains(&milliseconds) {
        Ok(Timestamp::from_milliseconds(milliseconds))
    } else {
        Err(DataProblem::OutOfRange(text.to_owned()))
    }
}

fn read_boolean(text: &str) -> Result<bool, DataProblem> {
    match text {
        "True" | "true" | "1" => Ok(true),
        "False" | "false" | "0" => Ok(false),
        _ => Err(DataProblem::NotABoolean(text.to_owned())),
    }
}

fn positive(column: &'static str, text: &str) -> Result<Number, DataProblem> {
    let number = Number::read(text)?;
    if number.is_positive() { Ok(number) } else { Err(DataProblem::NotPositive { column }) }
}

fn not_negative(column: &'static str, text: &str) -> Result<Number, DataProblem> {
    let number = Number::read(text)?;
    if number.is_negative() { Err(DataProblem::Negative { column }) } else { Ok(number) }
}

fn check_sorted(time: Timestamp, above: Option<Timestamp>) -> Result<(), DataProblem> {
    match above {
        Some(previous) if previous > time => Err(DataProblem::Unsorted { time, previous }),
        _ => Ok(()),
    }
}

fn check_later(time: Timestamp, above: Option<Timestamp>) -> Result<(), DataProblem> {
    check_sorted(time, above)?;
    if above == Some(time) { Err(DataProblem::DuplicateTime(time)) } else { Ok(()) }
}

fn smallest_spacing(rows: &[CandleRow]) -> Result<Timeframe, DataProblem> {
    let spacing = rows.windows(2).map(|pair| pair[1].time - pair[0].time).min();
    Timeframe::ALL
        .into_iter()
        .find(|timeframe| Some(timeframe.span()) == spacing)
        .ok_or(DataProblem::UnknownTimeframe(spacing))
}

fn check_spacing(rows: &[CandleRow], timeframe: Timeframe, gaps: bool) -> Result<(), Located> {
    let mut due: Option<Timestamp> = None;
    for (index, row) in rows.iter().enumerate() {
        let at = |problem| Err((Some(line_of(index)), problem));
        if row.time.floor(timeframe.span()) != row.time {
            return at(DataProblem::NotAligned { time: row.time, timeframe });
        }
        match due {
            Some(due) if due < row.time && !gaps => {
                return at(gap(due, row.time, timeframe.span()));
            }
            _ => due = Some(row.time + timeframe.span()),
        }
    }
    Ok(())
}

/// The gap before the candle at `to`, when the one at `from` was due.
pub(super) fn gap(from: Timestamp, to: Timestamp, span: Span) -> DataProblem {
    DataProblem::Gap { from, to, missing: (to - from).0 / span.0 }
}
