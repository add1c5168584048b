//! The past: candles made backwards from the price at the start, one UTC day at a time.
//!
//! The shape of a day follows from seed, asset and day alone and begins at 1; it is scaled so that
//! it ends where the day after begins. So the newest candles are the same however many are asked
//! for, and a short history costs no more than a day or two.

use banyan_core::instrument::Instrument;
use banyan_core::market::{Candle, Resampler};
use banyan_core::time::{DAY, MINUTE, Span, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

use super::fair::Fair;
use super::flow::{Grid, starting_basis};
use super::noise::{generator, uniform};
use super::profile::Profile;
use super::regime::Origin;

/// How far the past goes back.
const DAYS: i64 = 90;
/// Moves within a minute of the past.
const MOVES: i64 = 4;
/// Mean of the heavy-tailed sizes of the order flow, of which one is sent per step on average.
const MEAN_SIZE: f64 = 3.5;
const VOLUME: u64 = 4;

/// The past of one instrument.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Past {
    origin: Origin,
    #[serde(with = "super::profile::by_name")]
    profile: &'static Profile,
    grid: Grid,
    /// The first moment that is not past.
    end: Timestamp,
    /// Price of the instrument at the end.
    price: f64,
    /// Base volume of a calm minute.
    volume: f64,
}

/// One minute of a day's shape: prices as multiples of the first.
struct Shape {
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    /// Volume as a multiple of the typical.
    activity: f64,
}

impl Past {
    pub(super) fn new(
        origin: Origin,
        profile: &'static Profile,
        instrument: &Instrument,
        start: Timestamp,
        step: Span,
    ) -> Self {
        let steps = MINUTE as f64 / step.0 as f64;
        Self {
            origin,
            profile,
            grid: Grid::new(instrument),
            end: start.floor(Timeframe::OneMinute.span()),
            price: profile.price * (1.0 - starting_basis(instrument)),
            volume: profile.taker_notional * MEAN_SIZE * steps / profile.price,
        }
    }

    /// The newest candles that are closed, oldest first.
    pub(super) fn candles(&self, timeframe: Timeframe, limit: usize) -> Vec<Candle> {
        let span = timeframe.span();
        let first = self.end.floor(Span(DAY)) - Span(DAYS * DAY);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let wanted = Span(span.0.saturating_mul(limit));
        let from = (self.end.floor(span) - wanted).max(first);
        let minutes = self.minutes_since(from);
        match Resampler::new(Timeframe::OneMinute, timeframe) {
            Some(mut resampler) => minutes.iter().flat_map(|it| resampler.push(it)).collect(),
            None => minutes,
        }
    }

    /// All minutes from `from`, oldest first.
    fn minutes_since(&self, from: Timestamp) -> Vec<Candle> {
        let mut newest_first = Vec::new();
        let (mut end, mut price) = (self.end, self.price);
        while end > from {
            let day = (end - Span(1)).floor(Span(DAY));
            let shapes = self.shape_of(day, (end - day).0 / MINUTE);
            let scale = shapes.last().map_or(price, |last| price / last.close);
            for (minute, shape) in shapes.iter().enumerate().rev() {
                let open_time = day + Span::minutes(minute as i64);
                if open_time >= from {
                    newest_first.push(self.candle(open_time, shape, scale));
                }
            }
            (end, price) = (day, scale);
        }
        newest_first.reverse();
        newest_first
    }

    /// The first minutes of the day that begins at `day`; their first price is 1.
    fn shape_of(&self, day: Timestamp, minutes: i64) -> Vec<Shape> {
        let stretch = day.day() as u64;
        let words = [VOLUME, self.origin.asset, stretch];
        let mut random = generator(self.origin.seed, &words);
        let mut fair = Fair::new(self.origin.clone(), self.profile.volatility, stretch, day, 1.0);
        let minute = |minute| {
            fair.begin_minute(day + Span::minutes(minute));
            let wild = if fair.segment().regime.is_wild() { 3.0 } else { 1.0 };
            shape(&mut fair, wild * (0.5 + uniform(&mut random)))
        };
        (0..minutes).map(minute).collect()
    }

    fn candle(&self, open_time: Timestamp, shape: &Shape, scale: f64) -> Candle {
        let price = |relative: f64| self.grid.nearest(relative * scale);
        Candle {
            open_time,
            open: price(shape.open),
            high: price(shape.high),
            low: price(shape.low),
            close: price(shape.close),
            volume: self.grid.quantity(self.volume * shape.activity),
        }
    }
}

fn shape(fair: &mut Fair, activity: f64) -> Shape {
    let open = fair.price();
    let mut shape = Shape { open, high: open, low: open, close: open, activity };
    for _ in 0..MOVES {
        fair.advance(Span(MINUTE / MOVES));
        shape.close = fair.price();
        shape.high = shape.high.max(shape.close);
        shape.low = shape.low.min(shape.close);
    }
    shape
}
