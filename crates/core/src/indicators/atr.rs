//! True range and Wilder's average of it. Knows nothing of time and volume.

use serde::{Deserialize, Serialize};

use super::bounds::{PeriodError, are_usable, check_period};
use super::smoothing::SeededAverage;

/// The range of a candle, stretched to include the close before it (Wilder 1978).
pub(super) fn true_range(high: f64, low: f64, previous_close: f64) -> f64 {
    high.max(previous_close) - low.min(previous_close)
}

/// Average true range with Wilder's smoothing. The first candle only gives a previous close, so the
/// first value comes with candle number `period + 1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Atr {
    previous_close: Option<f64>,
    average: SeededAverage,
}

impl Atr {
    /// Builds an average over `period` true ranges.
    ///
    /// # Errors
    /// When `period` is outside `1..=100_000`.
    pub fn new(period: u32) -> Result<Self, PeriodError> {
        let period = check_period("ATR", period, 1)?;
        Ok(Self { previous_close: None, average: SeededAverage::wilder(period) })
    }

    /// Adds one candle and returns the newest average; a candle with an unusable price is ignored.
    pub fn update(&mut self, high: f64, low: f64, close: f64) -> Option<f64> {
        if are_usable(&[high, low, close])
            && let Some(previous_close) = self.previous_close.replace(close)
        {
            self.average.update(true_range(high, low, previous_close));
        }
        self.value()
    }

    /// The last average, in the unit of the prices.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.average.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_true_range_reaches_back_to_the_previous_close() {
        let previous_closes = [11.0, 7.0, 20.0].into_iter();
        let ranges: Vec<f64> = previous_closes.map(|close| true_range(12.0, 10.0, close)).collect();
        assert_eq!(ranges, [2.0, 5.0, 10.0]);
    }

    #[test]
    fn averages_true_ranges_from_the_second_candle_on() {
        let mut atr = Atr::new(2).unwrap();
        assert_eq!(atr.update(100.0, 0.0, 10.0), None);
        assert_eq!(atr.update(12.0, 10.0, 11.0), None);
        assert_eq!(atr.update(15.0, 12.0, 15.0), Some(3.0));
        assert_eq!(atr.update(18.0, 11.0, 15.0), Some(5.0));
    }
}
