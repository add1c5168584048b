//! Walks along the rows of one recording and turns each into the changes it stands for.
//!
//! A candle becomes four points of a path through it, at its open time, after a quarter and a half
//! of its span, and one millisecond before its end: open, low, high, close when it closed at or
//! above its open, else open, high, low, close. Each point is a book around the price (unless
//! quotes were recorded) and a print that reaches all; then the candle is closed. What really
//! happened within a candle is not known: this order is a convention, the pessimistic one for
//! a position in the direction of the candle.

use banyan_core::market::Candle;
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::time::{Span, Timeframe, Timestamp};

use super::depth::SyntheticDepth;
use super::recording::{Quote, Trade};
use crate::market::{Level, MarketChange};

/// Points of the path through a candle.
const POINTS: usize = 4;

/// Where one recording stands.
#[derive(Debug)]
pub(super) enum Cursor {
    Candles(CandleCursor),
    Trades(TradeCursor),
    Quotes(std::vec::IntoIter<Quote>),
    Funding(std::vec::IntoIter<(Timestamp, Rate)>),
}

impl Cursor {
    /// When the next change is due.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        match self {
            Self::Candles(cursor) => cursor.next_at(),
            Self::Trades(cursor) => cursor.next_at(),
            Self::Quotes(quotes) => quotes.as_slice().first().map(|quote| quote.time),
            Self::Funding(fundings) => fundings.as_slice().first().map(|funding| funding.0),
        }
    }

    /// Takes the next change.
    pub(super) fn next_change(&mut self) -> Option<MarketChange> {
        match self {
            Self::Candles(cursor) => cursor.next_change(),
            Self::Trades(cursor) => cursor.next_change(),
            Self::Quotes(quotes) => quotes.next().map(book_of),
            Self::Funding(fundings) => fundings.next().map(|(_, rate)| MarketChange::Funding(rate)),
        }
    }
}

fn book_of(quote: Quote) -> MarketChange {
    let side = |level: Level| level.quantity.is_positive().then_some(level).into_iter().collect();
    MarketChange::Depth { bids: side(quote.bid), asks: side(quote.ask) }
}

/// Emits the book first where one is made, then the print.
#[derive(Debug)]
struct Printer {
    depth: Option<SyntheticDepth>,
    booked: bool,
}

impl Printer {
    fn new(depth: Option<SyntheticDepth>) -> Self {
        Self { depth, booked: false }
    }

    /// The book around `price` when it is due; `None` when the print is.
    fn book(&mut self, price: Price) -> Option<MarketChange> {
        let depth = self.depth.as_mut()?;
        self.booked = !self.booked;
        self.booked.then(|| depth.around(price))
    }
}

/// Walks along candles.
#[derive(Debug)]
pub(super) struct CandleCursor {
    candles: Vec<Candle>,
    timeframe: Timeframe,
    printer: Printer,
    index: usize,
    point: usize,
    last: Price,
}

impl CandleCursor {
    pub(super) fn new(
        candles: Vec<Candle>,
        timeframe: Timeframe,
        depth: Option<SyntheticDepth>,
    ) -> Self {
        let last = Price::ZERO;
        Self { candles, timeframe, printer: Printer::new(depth), index: 0, point: 0, last }
    }

    fn next_at(&self) -> Option<Timestamp> {
        let span = self.timeframe.span();
        let offset = match self.point {
            0 => Span(0),
            1 => Span(span.0 / 4),
            2 => Span(span.0 / 2),
            3 => Span(span.0 - Span::milliseconds(1).0),
            _ => span,
        };
        self.candles.get(self.index).map(|candle| candle.open_time + offset)
    }

    fn next_change(&mut self) -> Option<MarketChange> {
        let candle = *self.candles.get(self.index)?;
        if self.point == POINTS {
            (self.index, self.point) = (self.index + 1, 0);
            return Some(MarketChange::CandleClosed { timeframe: self.timeframe, candle });
        }
        let price = path(&candle)[self.point];
        if let Some(book) = self.printer.book(price) {
            return Some(book);
        }
        let aggressor = if price >= self.last { Side::Buy } else { Side::Sell };
        (self.point, self.last) = (self.point + 1, price);
        Some(MarketChange::Print { price, quantity: None, aggressor })
    }
}

fn path(candle: &Candle) -> [Price; POINTS] {
    if candle.close >= candle.open {
        [candle.open, candle.low, candle.high, candle.close]
    } else {
        [candle.open, candle.high, candle.low, candle.close]
    }
}

/// Walks along trades and builds candles of one minute from them; a minute without a trade has
/// a flat candle of no volume.
#[derive(Debug)]
pub(super) struct TradeCursor {
    trades: std::vec::IntoIter<Trade>,
    printer: Printer,
    candle: Option<Candle>,
}

impl TradeCursor {
    pub(super) fn new(trades: Vec<Trade>, depth: Option<SyntheticDepth>) -> Self {
        Self { trades: trades.into_iter(), printer: Printer::new(depth), candle: None }
    }

    fn next_at(&self) -> Option<Timestamp> {
        let trade = self.trades.as_slice().first().map(|trade| trade.time);
        let close = self.candle.map(|candle| candle.open_time + Timeframe::OneMinute.span());
        trade.into_iter().chain(close).min()
    }

    fn next_change(&mut self) -> Option<MarketChange> {
        let trade = self.trades.as_slice().first().copied();
        if let Some(candle) = self.candle {
            let end = candle.open_time + Timeframe::OneMinute.span();
            if trade.is_none_or(|trade| trade.time >= end) {
                self.candle = trade.map(|_| flat(end, candle.close));
                let timeframe = Timeframe::OneMinute;
                return Some(MarketChange::CandleClosed { timeframe, candle });
            }
        }
        let Trade { price, quantity, aggressor, .. } = trade?;
        if let Some(book) = self.printer.book(price) {
            return Some(book);
        }
        self.candle = trade.map(|trade| with_trade(self.candle, &trade));
        self.trades.next();
        Some(MarketChange::Print { price, quantity: Some(quantity), aggressor })
    }
}

/// A candle in which nothing was traded yet.
fn flat(open_time: Timestamp, price: Price) -> Candle {
    let volume = Quantity::ZERO;
    Candle { open_time, open: price, high: price, low: price, close: price, volume }
}

fn with_trade(candle: Option<Candle>, trade: &Trade) -> Candle {
    let start = trade.time.floor(Timeframe::OneMinute.span());
    let first = flat(start, trade.price);
    let candle = candle.filter(|candle| candle.volume.is_positive()).unwrap_or(first);
    Candle {
        high: candle.high.max(trade.price),
        low: candle.low.min(trade.price),
        close: trade.price,
        volume: candle.volume + trade.quantity,
        ..candle
    }
}
