//! Wilder's directional movement system. Knows nothing of time and volume.

use serde::{Deserialize, Serialize};

use super::atr::true_range;
use super::bounds::{PeriodError, are_usable, check_period};
use super::smoothing::SeededAverage;

/// One reading of [`Adx`]; each value lies between 0 and 100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AdxOutput {
    /// Average directional index: how strong the trend is, either way.
    pub adx: f64,
    /// Positive directional indicator (+DI): how much of the range went up.
    pub plus_di: f64,
    /// Negative directional indicator (-DI): how much of the range went down.
    pub minus_di: f64,
}

/// Average directional index with Wilder's smoothing, first returned with candle number
/// `2 * period`.
///
/// As in TA-Lib the directional sums start with `period - 1` movements, and the average of the
/// directional index with `period` indices; a candle without any directional movement in the sums
/// leaves the average as it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adx {
    movements_to_seed: u32,
    remaining_share: f64,
    previous: Option<Bar>,
    sums: Movement,
    average: SeededAverage,
}

impl Adx {
    /// Builds an index over `period` candles.
    ///
    /// # Errors
    /// When `period` is outside `2..=100_000`.
    pub fn new(period: u32) -> Result<Self, PeriodError> {
        let period = check_period("ADX", period, 2)?;
        Ok(Self {
            movements_to_seed: period - 1,
            remaining_share: 1.0 - 1.0 / f64::from(period),
            previous: None,
            sums: Movement::default(),
            average: SeededAverage::wilder(period),
        })
    }

    /// Adds one candle and returns the newest reading; a candle with an unusable price is ignored.
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> Option<AdxOutput> {
        let bar = Bar { high, low, close };
        if are_usable(&[high, low, close])
            && let Some(previous) = self.previous.replace(bar)
        {
            self.add(Movement::between(previous, bar));
        }
        self.value()
    }

    /// The last reading.
    #[must_use]
    pub fn value(&self) -> Option<AdxOutput> {
        self.average.value().map(|adx| AdxOutput {
            adx,
            plus_di: self.sums.share_of_range(self.sums.plus),
            minus_di: self.sums.share_of_range(self.sums.minus),
        })
    }

    fn add(&mut self, movement: Movement) {
        if self.movements_to_seed > 0 {
            self.movements_to_seed -= 1;
            self.sums = self.sums.scaled_plus(1.0, movement);
            return;
        }
        self.sums = self.sums.scaled_plus(self.remaining_share, movement);
        let index = self.sums.directional_index();
        if index.is_some() || self.average.value().is_none() {
            self.average.update(index.unwrap_or(0.0));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Bar {
    high: f64,
    low: f64,
    close: f64,
}

/// Directional movement up and down, and true range; of one candle or summed over several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Movement {
    plus: f64,
    minus: f64,
    true_range: f64,
}

impl Movement {
    /// Only the larger of the two moves outside the previous range counts; equal ones cancel.
    fn between(previous: Bar, bar: Bar) -> Self {
        let up = bar.high - previous.high;
        let down = previous.low - bar.low;
        Self {
            plus: if up > down { up.max(0.0) } else { 0.0 },
            minus: if down > up { down.max(0.0) } else { 0.0 },
            true_range: true_range(bar.high, bar.low, previous.close),
        }
    }

    fn scaled_plus(self, scale: f64, added: Self) -> Self {
        Self {
            plus: self.plus * scale + added.plus,
            minus: self.minus * scale + added.minus,
            true_range: self.true_range * scale + added.true_range,
        }
    }

    fn share_of_range(self, movement: f64) -> f64 {
        if self.true_range > 0.0 { 100.0 * (movement / self.true_range) } else { 0.0 }
    }

    /// DX, where there is any movement to compare.
    fn directional_index(self) -> Option<f64> {
        let total = self.plus + self.minus;
        (total > 0.0).then(|| 100.0 * ((self.plus - self.minus).abs() / total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_larger_move_outside_the_previous_range_counts() {
        let previous = Bar { high: 10.0, low: 8.0, close: 9.0 };
        let cases = [
            ((14.0, 9.0), (4.0, 0.0)),
            ((14.0, 7.0), (4.0, 0.0)),
            ((9.0, 3.0), (0.0, 5.0)),
            ((11.0, 6.0), (0.0, 2.0)),
            ((12.0, 6.0), (0.0, 0.0)),
            ((9.5, 8.5), (0.0, 0.0)),
        ];
        for ((high, low), expected) in cases {
            let movement = Movement::between(previous, Bar { high, low, close: low });
            assert_eq!((movement.plus, movement.minus), expected);
        }
    }

    #[test]
    fn a_steady_trend_has_the_full_index() {
        let mut adx = Adx::new(3).unwrap();
        let outputs: Vec<_> = (1..=6)
            .map(|step| f64::from(step) * 2.0)
            .map(|price| adx.update(price + 1.0, price - 1.0, price + 1.0))
            .collect();
        assert!(outputs[..5].iter().all(Option::is_none));
        let expected = AdxOutput { adx: 100.0, plus_di: 100.0, minus_di: 0.0 };
        assert_eq!(outputs[5], Some(expected));
    }

    #[test]
    fn a_market_that_never_moved_reads_zero() {
        let mut adx = Adx::new(2).unwrap();
        let last = (0..9).fold(None, |_, _| adx.update(5.0, 5.0, 5.0));
        assert_eq!(last, Some(AdxOutput { adx: 0.0, plus_di: 0.0, minus_di: 0.0 }));
    }
}
