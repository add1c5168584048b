//! Simple and exponential moving averages. Knows nothing of what the numbers mean.

use serde::{Deserialize, Serialize};

use super::bounds::{PeriodError, are_usable, check_period};
use super::rolling::RollingMoments;
use super::smoothing::SeededAverage;

/// Simple moving average: the mean of the last `period` inputs, first returned with input number
/// `period`. Fed with volumes it is the volume average.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sma {
    window: RollingMoments,
}

impl Sma {
    /// Builds an average over `period` inputs.
    ///
    /// # Errors
    /// When `period` is outside `1..=100_000`.
    pub fn new(period: u32) -> Result<Self, PeriodError> {
        let period = check_period("SMA", period, 1)?;
        Ok(Self { window: RollingMoments::new(period) })
    }

    /// Adds one input, in any unit, and returns the newest average; unusable input is ignored.
    pub fn update(&mut self, input: f64) -> Option<f64> {
        if are_usable(&[input]) {
            self.window.push(input);
        }
        self.value()
    }

    /// The last average, in the unit of the inputs.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.window.moments().map(|moments| moments.mean())
    }
}

/// Exponential moving average with weight `2 / (period + 1)`, seeded with the mean of the first
/// `period` inputs and first returned with input number `period`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ema {
    average: SeededAverage,
}

impl Ema {
    /// Builds an average of `period` inputs.
    ///
    /// # Errors
    /// When `period` is outside `1..=100_000`.
    pub fn new(period: u32) -> Result<Self, PeriodError> {
        let period = check_period("EMA", period, 1)?;
        Ok(Self { average: SeededAverage::exponential(period) })
    }

    /// Adds one input, in any unit, and returns the newest average; unusable input is ignored.
    pub fn update(&mut self, input: f64) -> Option<f64> {
        if are_usable(&[input]) {
            self.average.update(input);
        }
        self.value()
    }

    /// The last average, in the unit of the inputs.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.average.value()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simple_average_covers_exactly_its_period() {
        let mut sma = Sma::new(3).unwrap();
        let outputs = [1.0, 2.0, 6.0, 10.0, -1.0].map(|input| sma.update(input));
        assert_eq!(outputs, [None, None, Some(3.0), Some(6.0), Some(5.0)]);
        assert_eq!(sma.value(), Some(5.0));
    }

    #[test]
    fn the_exponential_average_is_seeded_with_the_simple_one() {
        let mut ema = Ema::new(3).unwrap();
        let outputs = [1.0, 2.0, 6.0, 11.0, 3.0].map(|input| ema.update(input));
        assert_eq!(outputs, [None, None, Some(3.0), Some(7.0), Some(5.0)]);
    }

    #[test]
    fn a_period_of_nothing_is_refused() {
        assert_eq!(Sma::new(0).unwrap_err().to_string(), "SMA period 0 is outside 1 to 100000");
        assert_eq!(
            Ema::new(100_001).unwrap_err().to_string(),
            "EMA period 100001 is outside 1 to 100000"
        );
    }
}
