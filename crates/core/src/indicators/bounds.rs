//! What indicators accept: the range of a period and of an input. Knows no indicator.

/// The longest period any indicator accepts, as in TA-Lib.
pub const MAXIMUM_PERIOD: u32 = 100_000;

/// The largest magnitude of an input. Far above any price or volume, and small enough that sums of
/// squares and of products of two inputs stay finite.
const MAXIMUM_MAGNITUDE: f64 = 1e100;

/// Why an indicator could not be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PeriodError {
    /// The number of candles is outside the range this indicator accepts.
    #[error("{indicator} period {period} is outside {minimum} to {maximum}")]
    OutOfRange {
        /// The indicator and, where it has several periods, which one.
        indicator: &'static str,
        /// The period asked for.
        period: u32,
        /// The shortest period accepted.
        minimum: u32,
        /// The longest period accepted.
        maximum: u32,
    },
    /// The width of Bollinger bands is not a number above 0 and up to 100.
    #[error("Bollinger deviations {deviations} is outside 0 (exclusive) to 100")]
    Deviations {
        /// The number of standard deviations asked for.
        deviations: f64,
    },
}

/// Returns `period` when it lies in `minimum..=MAXIMUM_PERIOD`.
pub(super) fn check_period(
    indicator: &'static str,
    period: u32,
    minimum: u32,
) -> Result<u32, PeriodError> {
    if (minimum..=MAXIMUM_PERIOD).contains(&period) {
        return Ok(period);
    }
    Err(PeriodError::OutOfRange { indicator, period, minimum, maximum: MAXIMUM_PERIOD })
}

/// Whether every input is a finite number of a believable magnitude; NaN is not.
pub(super) fn are_usable(inputs: &[f64]) -> bool {
    inputs.iter().all(|input| input.abs() <= MAXIMUM_MAGNITUDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_error_names_the_indicator_and_the_range() {
        let error = check_period("RSI", 1, 2).unwrap_err();
        assert_eq!(error.to_string(), "RSI period 1 is outside 2 to 100000");
        assert!(check_period("RSI", MAXIMUM_PERIOD + 1, 2).is_err());
        assert_eq!(check_period("RSI", MAXIMUM_PERIOD, 2), Ok(MAXIMUM_PERIOD));
        assert_eq!(check_period("RSI", 2, 2), Ok(2));
    }

    #[test]
    fn only_finite_numbers_of_believable_magnitude_are_usable() {
        assert!(are_usable(&[0.0, -1e100, 5.0]));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e101, f64::MIN] {
            assert!(!are_usable(&[1.0, bad]));
        }
    }
}
