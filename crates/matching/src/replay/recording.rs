//! One recorded file in memory: its rows as read, before an instrument gives them decimals.

use banyan_core::instrument::Instrument;
use banyan_core::market::Candle;
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::symbol::Symbol;
use banyan_core::time::{Timeframe, Timestamp};

use super::error::{DataError, DataProblem};
use super::number::Number;
use crate::listing::Precision;
use crate::market::Level;

/// Digits that a price or a traded quantity may have as a mantissa.
const DIGITS: u32 = 17;
/// Digits that a volume may have, so that a day of minutes can be added up.
const VOLUME_DIGITS: u32 = 15;

/// What a recorded file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordingKind {
    /// Candles of this timeframe.
    Candles(Timeframe),
    /// Public trades.
    Trades,
    /// Best bids and asks.
    Quotes,
    /// Funding rates.
    Funding,
}

/// A recorded file, parsed and checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    pub(super) file: String,
    pub(super) symbol: Symbol,
    pub(super) allow_gaps: bool,
    pub(super) rows: Rows,
}

/// The rows of a file; never empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rows {
    Candles(Timeframe, Vec<CandleRow>),
    Trades(Vec<TradeRow>),
    Quotes(Vec<QuoteRow>),
    Funding(Vec<FundingRow>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CandleRow {
    pub(super) time: Timestamp,
    pub(super) open: Number,
    pub(super) high: Number,
    pub(super) low: Number,
    pub(super) close: Number,
    pub(super) volume: Number,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TradeRow {
    pub(super) time: Timestamp,
    pub(super) id: u64,
    pub(super) price: Number,
    pub(super) quantity: Number,
    pub(super) aggressor: Side,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct QuoteRow {
    pub(super) time: Timestamp,
    pub(super) bid: Number,
    pub(super) bid_size: Number,
    pub(super) ask: Number,
    pub(super) ask_size: Number,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct FundingRow {
    pub(super) time: Timestamp,
    pub(super) rate: Rate,
}

/// A public trade at the decimals of its instrument.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Trade {
    pub(super) time: Timestamp,
    pub(super) price: Price,
    pub(super) quantity: Quantity,
    pub(super) aggressor: Side,
}

/// Best bid and ask at the decimals of their instrument; a quantity of zero is an empty side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quote {
    pub(super) time: Timestamp,
    pub(super) bid: Level,
    pub(super) ask: Level,
}

/// Decimals that rows are brought to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimals {
    pub(super) price: u8,
    pub(super) quantity: u8,
}

impl Recording {
    /// Name of the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What it is about.
    #[must_use]
    pub fn symbol(&self) -> &Symbol {
        &self.symbol
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> RecordingKind {
        match self.rows {
            Rows::Candles(timeframe, _) => RecordingKind::Candles(timeframe),
            Rows::Trades(_) => RecordingKind::Trades,
            Rows::Quotes(_) => RecordingKind::Quotes,
            Rows::Funding(_) => RecordingKind::Funding,
        }
    }

    /// How many rows it has.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.rows {
            Rows::Candles(_, rows) => rows.len(),
            Rows::Trades(rows) => rows.len(),
            Rows::Quotes(rows) => rows.len(),
            Rows::Funding(rows) => rows.len(),
        }
    }

    /// Times of the first and of the last row; candles are stamped with their open time.
    #[must_use]
    pub fn range(&self) -> (Timestamp, Timestamp) {
        let ends = match &self.rows {
            Rows::Candles(_, rows) => ends(rows, |row| row.time),
            Rows::Trades(rows) => ends(rows, |row| row.time),
            Rows::Quotes(rows) => ends(rows, |row| row.time),
            Rows::Funding(rows) => ends(rows, |row| row.time),
        };
        ends.expect("a parsed recording has rows")
    }

    /// The first price in it, at the decimals of an instrument; `None` for funding.
    #[must_use]
    pub fn first_price(&self, instrument: &Instrument) -> Option<Price> {
        let price = match &self.rows {
            Rows::Candles(_, rows) => rows.first()?.open,
            Rows::Trades(rows) => rows.first()?.price,
            Rows::Quotes(rows) => rows.first()?.bid,
            Rows::Funding(_) => return None,
        };
        price.at(instrument.price_decimals, 18).map(Price)
    }

    /// How many digits its numbers have.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match &self.rows {
            Rows::Candles(_, rows) => widest(rows, |row| {
                let prices = [row.open, row.high, row.low, row.close];
                Precision {
                    volume_decimals: row.volume.decimals(),
                    volume_digits: row.volume.digits(),
                    ..of_prices(&prices)
                }
            }),
            Rows::Trades(rows) => {
                widest(rows, |row| of_prices(&[row.price]).max(of_quantities(&[row.quantity])))
            }
            Rows::Quotes(rows) => widest(rows, |row| {
                let sizes = of_quantities(&[row.bid_size, row.ask_size]);
                of_prices(&[row.bid, row.ask]).max(sizes)
            }),
            Rows::Funding(_) => Precision::default(),
        }
    }

    /// An error of this file; `index` counts rows from 0, which is the line after the header.
    pub(super) fn error(&self, index: Option<usize>, problem: DataProblem) -> DataError {
        DataError { file: self.file.clone(), line: index.map(line_of), problem }
    }
}

/// The line of a row: line 1 is the header.
pub(super) fn line_of(index: usize) -> usize {
    index + 2
}

fn ends<T>(rows: &[T], time: impl Fn(&T) -> Timestamp) -> Option<(Timestamp, Timestamp)> {
    Some((time(rows.first()?), time(rows.last()?)))
}

fn widest<T>(rows: &[T], of: impl Fn(&T) -> Precision) -> Precision {
    rows.iter().map(of).fold(Precision::default(), Precision::max)
}

fn of_prices(prices: &[Number]) -> Precision {
    Precision {
        price_decimals: prices.iter().map(|price| price.decimals()).max().unwrap_or(0),
        price_digits: prices.iter().map(|price| price.digits()).max().unwrap_or(0),
        ..Precision::default()
    }
}

fn of_quantities(quantities: &[Number]) -> Precision {
    Precision {
        quantity_decimals: quantities.iter().map(|number| number.decimals()).max().unwrap_or(0),
        volume_digits: quantities.iter().map(|number| number.digits()).max().unwrap_or(0),
        ..Precision::default()
    }
}

impl Decimals {
    /// A positive price.
    fn price(self, column: &'static str, number: Number) -> Result<Price, DataProblem> {
        let mantissa = number.at(self.price, DIGITS).ok_or_else(|| too_large(column))?;
        if mantissa > 0 { Ok(Price(mantissa)) } else { Err(DataProblem::NotPositive { column }) }
    }

    /// A quantity, which may be zero.
    fn size(self, column: &'static str, number: Number) -> Result<Quantity, DataProblem> {
        number.at(self.quantity, DIGITS).map(Quantity).ok_or_else(|| too_large(column))
    }
}

fn too_large(column: &'static str) -> DataProblem {
    DataProblem::OutOfRange(column.to_owned())
}

impl CandleRow {
    pub(super) fn convert(&self, decimals: Decimals) -> Result<Candle, DataProblem> {
        let volume = self.volume.at(decimals.quantity, VOLUME_DIGITS);
        Ok(Candle {
            open_time: self.time,
            open: decimals.price("open", self.open)?,
            high: decimals.price("high", self.high)?,
            low: decimals.price("low", self.low)?,
            close: decimals.price("close", self.close)?,
            volume: Quantity(volume.ok_or_else(|| too_large("volume"))?),
        })
    }
}

impl TradeRow {
    pub(super) fn convert(&self, decimals: Decimals) -> Result<Trade, DataProblem> {
        let quantity = decimals.size("quantity", self.quantity)?;
        if !quantity.is_positive() {
            return Err(DataProblem::NotPositive { column: "quantity" });
        }
        let price = decimals.price("price", self.price)?;
        Ok(Trade { time: self.time, price, quantity, aggressor: self.aggressor })
    }
}

impl QuoteRow {
    pub(super) fn convert(&self, decimals: Decimals) -> Result<Quote, DataProblem> {
        let bid = Level {
            price: decimals.price("bid", self.bid)?,
            quantity: decimals.size("bid_size", self.bid_size)?,
        };
        let ask = Level {
            price: decimals.price("ask", self.ask)?,
            quantity: decimals.size("ask_size", self.ask_size)?,
        };
        let crossed = bid.price >= ask.price;
        if crossed { Err(DataProblem::Crossed) } else { Ok(Quote { time: self.time, bid, ask }) }
    }
}
