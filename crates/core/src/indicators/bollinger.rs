//! Bollinger bands. Knows nothing of what the numbers mean.

use serde::{Deserialize, Serialize};

use super::bounds::{PeriodError, are_usable, check_period};
use super::rolling::RollingMoments;

/// The widest bands accepted, in standard deviations.
const MAXIMUM_DEVIATIONS: f64 = 100.0;

/// One reading of [`Bollinger`], in the unit of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BollingerOutput {
    /// Middle plus the deviations.
    pub upper: f64,
    /// The simple moving average.
    pub middle: f64,
    /// Middle minus the deviations.
    pub lower: f64,
}

/// Bollinger bands: the simple moving average of `period` inputs, and `deviations` population
/// standard deviations above and below it. First returned with input number `period`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bollinger {
    deviations: f64,
    window: RollingMoments,
}

impl Bollinger {
    /// Builds the bands; the customary arguments are 20 and 2.0.
    ///
    /// # Errors
    /// When `period` is outside `2..=100_000`, or `deviations` is not above 0 and up to 100.
    pub fn new(period: u32, deviations: f64) -> Result<Self, PeriodError> {
        let period = check_period("Bollinger", period, 2)?;
        if !(deviations > 0.0 && deviations <= MAXIMUM_DEVIATIONS) {
            return Err(PeriodError::Deviations { deviations });
        }
        Ok(Self { deviations, window: RollingMoments::new(period) })
    }

    /// Adds one price and returns the newest bands; unusable input is ignored.
    pub fn update(&mut self, price: f64) -> Option<BollingerOutput> {
        if are_usable(&[price]) {
            self.window.push(price);
        }
        self.value()
    }

    /// The last bands.
    #[must_use]
    pub fn value(&self) -> Option<BollingerOutput> {
        let moments = self.window.moments()?;
        let (middle, width) = (moments.mean(), self.deviations * moments.deviation());
        Some(BollingerOutput { upper: middle + width, middle, lower: middle - width })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_lie_the_deviations_around_the_mean() {
        let mut bollinger = Bollinger::new(4, 3.0).unwrap();
        let outputs = [50.0, 1.0, 3.0, 1.0, 3.0].map(|price| bollinger.update(price));
        assert!(outputs[..3].iter().all(Option::is_none));
        let expected = BollingerOutput { upper: 5.0, middle: 2.0, lower: -1.0 };
        assert_eq!(outputs[4], Some(expected));
    }

    #[test]
    fn a_width_that_is_no_positive_number_is_refused() {
        for deviations in [0.0, -2.0, f64::NAN, f64::INFINITY] {
            assert!(Bollinger::new(20, deviations).is_err());
        }
        assert!(Bollinger::new(1, 2.0).is_err());
    }
}
