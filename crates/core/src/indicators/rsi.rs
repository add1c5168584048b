//! Wilder's relative strength index. Knows nothing of what the numbers mean.

use serde::{Deserialize, Serialize};

use super::bounds::{PeriodError, are_usable, check_period};
use super::smoothing::SeededAverage;

/// Relative strength index: `100 * gain / (gain + loss)` over Wilder averages of the rises and the
/// falls between inputs. First returned with input number `period + 1`.
///
/// As in TA-Lib, an index over a series that has never moved is 0, not 50.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rsi {
    previous: Option<f64>,
    gain: SeededAverage,
    loss: SeededAverage,
}

impl Rsi {
    /// Builds an index over `period` changes.
    ///
    /// # Errors
    /// When `period` is outside `2..=100_000`.
    pub fn new(period: u32) -> Result<Self, PeriodError> {
        let period = check_period("RSI", period, 2)?;
        let average = SeededAverage::wilder(period);
        Ok(Self { previous: None, gain: average.clone(), loss: average })
    }

    /// Adds one price and returns the newest index; unusable input is ignored.
    pub fn update(&mut self, price: f64) -> Option<f64> {
        if are_usable(&[price])
            && let Some(previous) = self.previous.replace(price)
        {
            let change = price - previous;
            self.gain.update(change.max(0.0));
            self.loss.update((-change).max(0.0));
        }
        self.value()
    }

    /// The last index, from 0 to 100.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        let (gain, loss) = (self.gain.value()?, self.loss.value()?);
        let movement = gain + loss;
        Some(if movement > 0.0 { 100.0 * (gain / movement) } else { 0.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(prices: &[f64]) -> Option<f64> {
        let mut rsi = Rsi::new(4).unwrap();
        prices.iter().fold(None, |_, &price| rsi.update(price))
    }

    #[test]
    fn weighs_rises_against_falls() {
        assert_eq!(last(&[10.0, 11.0, 10.0, 11.0]), None);
        assert_eq!(last(&[10.0, 11.0, 10.0, 13.0, 13.0]), Some(80.0));
        assert_eq!(last(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), Some(100.0));
        assert_eq!(last(&[6.0, 5.0, 4.0, 3.0, 2.0, 1.0]), Some(0.0));
    }

    #[test]
    fn a_series_that_never_moved_reads_zero() {
        assert_eq!(last(&[7.0; 9]), Some(0.0));
    }
}
