//! What can be wrong with recorded data, told with file and line.

use std::fmt;

use banyan_core::time::{Span, Timeframe, Timestamp};

/// Recorded data that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}", Line(*.line))]
pub struct DataError {
    /// Name of the file, as it was handed in.
    pub file: String,
    /// Line, the header being 1; `None` when the file as a whole is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: DataProblem,
}

/// What is wrong with recorded data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DataProblem {
    /// The first line is none of the known headers.
    #[error(
        "unknown header {0:?}; expected one of open_time,open,high,low,close,volume | \
         time,trade_id,price,quantity,buyer_maker | time,bid,bid_size,ask,ask_size | time,rate"
    )]
    UnknownHeader(String),
    /// Nothing follows the header.
    #[error("no rows")]
    Empty,
    /// Too few or too many columns.
    #[error("{found} columns, {expected} expected")]
    ColumnCount {
        /// Columns of the header.
        expected: usize,
        /// Columns of the line.
        found: usize,
    },
    /// A text where a number belongs.
    #[error("{0:?} is not a number")]
    NotANumber(String),
    /// NaN or infinity.
    #[error("{0:?} is not finite")]
    NotFinite(String),
    /// A number beyond what prices and quantities can hold.
    #[error("{0} is out of range")]
    OutOfRange(String),
    /// A text where true or false belongs.
    #[error("{0:?} is neither true nor false")]
    NotABoolean(String),
    /// Zero or less.
    #[error("{column} must be positive")]
    NotPositive {
        /// Name of the column.
        column: &'static str,
    },
    /// Less than zero.
    #[error("{column} must not be negative")]
    Negative {
        /// Name of the column.
        column: &'static str,
    },
    /// The high of a candle is below its low.
    #[error("high is below low")]
    HighBelowLow,
    /// The open or the close of a candle is not between its low and its high.
    #[error("{column} is outside of low and high")]
    OutsideRange {
        /// `open` or `close`.
        column: &'static str,
    },
    /// The bid is not below the ask.
    #[error("bid is not below ask")]
    Crossed,
    /// Earlier than the row before.
    #[error("time {time} is before the row above ({previous})")]
    Unsorted {
        /// Time of the row.
        time: Timestamp,
        /// Time of the row above.
        previous: Timestamp,
    },
    /// The same time as the row before.
    #[error("time {0} is there twice")]
    DuplicateTime(Timestamp),
    /// The same trade as in the row before.
    #[error("trade {0} is there twice")]
    DuplicateTrade(u64),
    /// The number of a trade is lower than in the row before.
    #[error("trade {id} comes after trade {previous}")]
    TradeOrder {
        /// Number of the row's trade.
        id: u64,
        /// Number of the trade above.
        previous: u64,
    },
    /// Candles are missing.
    #[error("{missing} candle(s) missing from {from} to {to}")]
    Gap {
        /// Open time of the first missing candle.
        from: Timestamp,
        /// Open time of the next candle there is.
        to: Timestamp,
        /// How many are missing.
        missing: i64,
    },
    /// The open time is no multiple of the timeframe.
    #[error("time {time} is not the start of a {timeframe} candle")]
    NotAligned {
        /// Time of the row.
        time: Timestamp,
        /// Timeframe of the file.
        timeframe: Timeframe,
    },
    /// Neither the file name nor the caller says which symbol this is.
    #[error(
        "cannot tell the symbol from the file name; name it BASE-QUOTE[-PERP][-TIMEFRAME]... \
         or give the symbol"
    )]
    UnknownSymbol,
    /// The timeframe is not given, and the rows have no known one.
    #[error("cannot tell the timeframe: {}", spacing(*.0))]
    UnknownTimeframe(Option<Span>),
    /// Two recordings of one symbol tell its prices, and they contradict.
    #[error("both {0} and this file tell the prices of the same symbol at the same time")]
    Overlap(String),
    /// Recordings of one symbol that cannot be played together.
    #[error(
        "cannot be played together with {0}: candles of one timeframe, or trades, are expected"
    )]
    Incompatible(String),
    /// Every candle would be held back as history.
    #[error("{candles} candles are not more than the {warmup} to be held back as history")]
    WarmupTooLong {
        /// Candles there are.
        candles: usize,
        /// Candles to hold back.
        warmup: usize,
    },
}

/// Writes `, line N` or nothing.
struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

fn spacing(span: Option<Span>) -> String {
    span.map_or_else(
        || "one row has no spacing".to_owned(),
        |span| {
            format!("rows are {} s apart, candles are 1m 5m 15m 30m 1h 4h 1d", span.0 / 1_000_000)
        },
    )
}
