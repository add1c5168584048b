//! Watches the markets of a strategy: closed candles in, what a model is shown of them out.
//!
//! It is part of the strategy's state, so its size is bounded whatever it is shown. It trusts the
//! view for prices, and leaves out a market rather than show what may be wrong.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::series::{SHOWN, Series};
use super::{Indicators, exact};
use crate::decision::{LeftOut, MarketSnapshot, TimeframeSnapshot};
use crate::instrument::{Instrument, InstrumentId, TradingStatus};
use crate::market::{Candle, MarketView};
use crate::money::{AMOUNT_ONE, Amount, Price, Rate, Rounding, divide};
use crate::symbol::Symbol;
use crate::time::{DAY, HOUR, Span, Timeframe, Timestamp};
use crate::worker::WorkerView;

/// Averages that weigh the past exponentially are close to their true value after so many periods.
const PERIODS_TO_SETTLE: usize = 3;
/// Most candles of the past that are asked for.
const MOST_CANDLES: usize = 1_500;
/// A market whose newest closed candle is older than so many more is not shown.
const CANDLES_LATE: i64 = 2;
/// Closes are remembered for so long, to tell the change over a day.
const REMEMBERED: Span = Span(30 * HOUR);
/// The longest candles from which the change over a day is told.
const LONGEST_MARK: Timeframe = Timeframe::FourHours;

/// What was seen of each market so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observer {
    /// Shortest first.
    timeframes: Vec<Timeframe>,
    indicators: Indicators,
    /// In the order of the strategy's list.
    watched: Vec<Watched>,
}

/// One market.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Watched {
    instrument: InstrumentId,
    symbol: Symbol,
    price_decimals: u8,
    funding: Option<Rate>,
    /// One for each timeframe, shortest first.
    series: Vec<Series>,
    /// Closes on the hour of about the last day, by the time they were made.
    hourly: BTreeMap<Timestamp, Price>,
}

impl Observer {
    /// An observer that has seen nothing. An indicator whose settings are out of bounds is left
    /// out.
    #[must_use]
    pub fn new(
        timeframes: &[Timeframe],
        indicators: &Indicators,
        instruments: &[&Instrument],
    ) -> Self {
        let mut timeframes = timeframes.to_vec();
        timeframes.sort_unstable();
        timeframes.dedup();
        let watched =
            instruments.iter().map(|it| Watched::new(it, &timeframes, indicators)).collect();
        Self { timeframes, indicators: indicators.clone(), watched }
    }

    /// How many closed candles of the past it wants to see before it is asked; none of a timeframe
    /// that it does not watch.
    #[must_use]
    pub fn candles_needed(&self, timeframe: Timeframe) -> usize {
        if !self.timeframes.contains(&timeframe) {
            return 0;
        }
        let settled = PERIODS_TO_SETTLE * longest_period(&self.indicators);
        let marks = self.timeframes.iter().rfind(|it| it.span().0 <= HOUR);
        let day = if marks.or(self.timeframes.first()) == Some(&timeframe) {
            usize::try_from((DAY + HOUR) / timeframe.span().0).unwrap_or_default() + 1
        } else {
            0
        };
        settled.max(day).clamp(SHOWN, MOST_CANDLES)
    }

    /// Takes in a closed candle; one that is not newer than the last of its kind changes nothing.
    pub fn observe(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle) {
        let Self { indicators, watched, .. } = self;
        let Some(watched) = watched.iter_mut().find(|it| it.instrument == instrument) else {
            return;
        };
        watched.observe(timeframe, candle, indicators);
    }

    /// Takes in the rate at which funding was settled.
    pub fn funding(&mut self, instrument: InstrumentId, rate: Rate) {
        if let Some(watched) = self.watched.iter_mut().find(|it| it.instrument == instrument) {
            watched.funding = Some(rate);
        }
    }

    /// What is known of one market.
    ///
    /// # Errors
    /// When its data cannot be trusted, and why.
    pub fn market(
        &self,
        instrument: &Instrument,
        view: &WorkerView<'_>,
    ) -> Result<MarketSnapshot, LeftOut> {
        let watched = self.watched.iter().find(|it| it.instrument == instrument.id);
        watched
            .ok_or("no_candles")
            .and_then(|watched| watched.snapshot(instrument, view))
            .map_err(|reason| left_out(&instrument.symbol, reason))
    }

    /// What is known of all its markets, in their order, and which are left out.
    #[must_use]
    pub fn markets(&self, view: &WorkerView<'_>) -> (Vec<MarketSnapshot>, Vec<LeftOut>) {
        let (mut shown, mut omitted) = (Vec::new(), Vec::new());
        for watched in &self.watched {
            let market = match view.instruments.get(watched.instrument) {
                Some(instrument) => self.market(instrument, view),
                None => Err(left_out(&watched.symbol, "closed")),
            };
            match market {
                Ok(market) => shown.push(market),
                Err(reason) => omitted.push(reason),
            }
        }
        (shown, omitted)
    }
}

impl Watched {
    fn new(instrument: &Instrument, timeframes: &[Timeframe], indicators: &Indicators) -> Self {
        Self {
            instrument: instrument.id,
            symbol: instrument.symbol.clone(),
            price_decimals: instrument.price_decimals,
            funding: None,
            series: timeframes.iter().map(|it| Series::new(*it, indicators)).collect(),
            hourly: BTreeMap::new(),
        }
    }

    fn observe(&mut self, timeframe: Timeframe, candle: &Candle, indicators: &Indicators) {
        let Some(series) = self.series.iter_mut().find(|it| it.timeframe == timeframe) else {
            return;
        };
        if series.is_broken_by(candle) {
            *series = Series::new(timeframe, indicators);
        }
        if series.push(candle, self.price_decimals) {
            self.remember(candle.open_time + timeframe.span(), candle.close);
        }
    }

    /// Candles of several lengths end at the same hours, with the same prices.
    fn remember(&mut self, closed_at: Timestamp, close: Price) {
        if closed_at != closed_at.floor(Span(HOUR)) {
            return;
        }
        self.hourly.insert(closed_at, close);
        if let Some((newest, _)) = self.hourly.last_key_value() {
            let oldest = *newest - REMEMBERED;
            self.hourly = self.hourly.split_off(&oldest);
        }
    }

    fn snapshot(
        &self,
        instrument: &Instrument,
        view: &WorkerView<'_>,
    ) -> Result<MarketSnapshot, &'static str> {
        if instrument.filters.status != TradingStatus::Trading {
            return Err("closed");
        }
        let prices = view.markets.get(instrument.id);
        let price = prices.valuation().filter(|price| price.is_positive()).ok_or("no_price")?;
        if prices.is_stale(view.now, view.limits.max_feed_age) || self.is_late(view.now) {
            return Err("stale");
        }
        let timeframes: Vec<_> =
            self.series.iter().filter_map(|series| series.snapshot(instrument)).collect();
        if timeframes.is_empty() {
            return Err("no_candles");
        }
        Ok(self.assemble(instrument, price, prices, view.now, timeframes))
    }

    fn assemble(
        &self,
        instrument: &Instrument,
        price: Price,
        prices: MarketView,
        now: Timestamp,
        timeframes: Vec<TimeframeSnapshot>,
    ) -> MarketSnapshot {
        let filters = &instrument.filters;
        let exact = |price: Price| exact::price(instrument, price);
        let quantity = filters.min_quantity.max(filters.step).ceil_to(filters.step);
        MarketSnapshot {
            instrument: instrument.id,
            symbol: instrument.symbol.clone(),
            price: exact(price),
            bid: prices.bid.map(exact),
            ask: prices.ask.map(exact),
            funding_rate: self.funding.filter(|_| instrument.is_contract()),
            change_24h: self.change(price, now),
            min_notional: cents(instrument.smallest_order(price)),
            min_quantity: exact::size(instrument, quantity),
            taker_fee: instrument.fees.taker,
            timeframes,
        }
    }

    /// Says whether the newest candle of any length is so old that some must be missing.
    fn is_late(&self, now: Timestamp) -> bool {
        self.series.iter().any(|series| {
            let limit = Span(CANDLES_LATE * series.timeframe.span().0);
            series.closed_at().is_some_and(|closed_at| now - closed_at > limit)
        })
    }

    /// The change since the newest close that is a day old, and not much older.
    fn change(&self, price: Price, now: Timestamp) -> Option<Rate> {
        let shortest = self.series.first()?.timeframe;
        if shortest > LONGEST_MARK {
            return None;
        }
        let day_ago = now - Span(DAY);
        let (closed_at, before) = self.hourly.range(..=day_ago).next_back()?;
        let near = day_ago - *closed_at <= Span(shortest.span().0.max(HOUR));
        let (now, before) = (i128::from(price.0), i128::from(before.0));
        near.then(|| Amount(now - before).ratio(Amount(before), Rounding::Nearest)).flatten()
    }
}

/// The whole hundredths at or above an amount.
fn cents(amount: Amount) -> Amount {
    const HUNDREDTH: i128 = AMOUNT_ONE / 100;
    Amount(divide(amount.0, HUNDREDTH, Rounding::Ceiling) * HUNDREDTH)
}

fn left_out(symbol: &Symbol, reason: &str) -> LeftOut {
    LeftOut { symbol: symbol.clone(), reason: reason.to_owned() }
}

/// The candles that the slowest indicator looks back on.
fn longest_period(indicators: &Indicators) -> usize {
    let Indicators { ema, rsi, macd, atr, bollinger } = indicators;
    let slowest_average = ema.longest_period.unwrap_or(ema.long_period).max(ema.long_period);
    let periods = [
        (ema.enabled, slowest_average),
        (rsi.enabled, rsi.period.saturating_add(1)),
        (macd.enabled, macd.slow.saturating_add(macd.signal)),
        (atr.enabled, atr.period.saturating_add(1)),
        (bollinger.enabled, bollinger.period),
    ];
    let shown = periods.into_iter().filter(|(enabled, _)| *enabled).map(|(_, period)| period);
    shown.max().and_then(|it| usize::try_from(it).ok()).unwrap_or_default()
}
