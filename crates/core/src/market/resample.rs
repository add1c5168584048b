//! Builds longer candles from shorter ones.
//!
//! A longer candle is closed by the last shorter one that fits into it, or, where that one is
//! missing, by the first of the next period: gaps never leave a candle open for ever.

use serde::{Deserialize, Serialize};

use super::Candle;
use crate::time::{Span, Timeframe};

/// Collects candles of one timeframe into candles of a longer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resampler {
    source: Timeframe,
    target: Timeframe,
    open: Option<Candle>,
}

impl Resampler {
    /// Resamples from `source` to `target`; `None` when the target is not a longer multiple.
    #[must_use]
    pub fn new(source: Timeframe, target: Timeframe) -> Option<Self> {
        let fits = target > source && target.span().0 % source.span().0 == 0;
        fits.then_some(Self { source, target, open: None })
    }

    /// The timeframe of the candles made.
    #[must_use]
    pub fn target(&self) -> Timeframe {
        self.target
    }

    /// Takes the next shorter candle and returns the longer candles that are now closed: none,
    /// one, or two (an incomplete one that a gap ended, and one completed at once).
    pub fn push(&mut self, candle: &Candle) -> impl Iterator<Item = Candle> + use<> {
        let start = candle.open_time.floor(self.target.span());
        let broken = self.open.take_if(|open| open.open_time != start);
        let merged = match self.open {
            Some(open) => merge(open, candle),
            None => Candle { open_time: start, ..*candle },
        };
        let next_open = candle.open_time + self.source.span();
        let done = next_open >= start + self.target.span();
        self.open = (!done).then_some(merged);
        broken.into_iter().chain(done.then_some(merged))
    }

    /// How long after its open time a candle of the target closes.
    #[must_use]
    pub fn span(&self) -> Span {
        self.target.span()
    }
}

fn merge(open: Candle, next: &Candle) -> Candle {
    Candle {
        high: open.high.max(next.high),
        low: open.low.min(next.low),
        close: next.close,
        volume: open.volume + next.volume,
        ..open
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Price, Quantity};
    use crate::time::Timestamp;

    fn minute(n: i64, price: i64) -> Candle {
        Candle {
            open_time: Timestamp(0) + Span::minutes(n),
            open: Price(price),
            high: Price(price + 2),
            low: Price(price - 1),
            close: Price(price + 1),
            volume: Quantity(10),
        }
    }

    #[test]
    fn five_minutes_become_one_candle() {
        let mut resampler = Resampler::new(Timeframe::OneMinute, Timeframe::FiveMinutes).unwrap();
        let closed: Vec<_> =
            (0..10).flat_map(|n| resampler.push(&minute(n, 100 + n)).collect::<Vec<_>>()).collect();
        assert_eq!(closed.len(), 2);
        let first = closed[0];
        assert_eq!((first.open, first.close), (Price(100), Price(105)));
        assert_eq!((first.high, first.low), (Price(106), Price(99)));
        assert_eq!(first.volume, Quantity(50));
        assert_eq!(closed[1].open_time, Timestamp(0) + Span::minutes(5));
    }

    #[test]
    fn a_gap_closes_what_was_open() {
        let mut resampler = Resampler::new(Timeframe::OneMinute, Timeframe::FiveMinutes).unwrap();
        assert_eq!(resampler.push(&minute(1, 100)).count(), 0);
        let closed: Vec<_> = resampler.push(&minute(9, 200)).collect();
        assert_eq!(closed.len(), 2);
        assert_eq!(closed[0].open_time, Timestamp(0));
        assert_eq!(closed[1].open, Price(200));
    }

    #[test]
    fn only_longer_multiples_are_possible() {
        assert!(Resampler::new(Timeframe::OneHour, Timeframe::OneMinute).is_none());
        assert!(Resampler::new(Timeframe::FourHours, Timeframe::OneDay).is_some());
    }
}
