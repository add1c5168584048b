//! Moving average convergence/divergence. Knows nothing of what the numbers mean.

use serde::{Deserialize, Serialize};

use super::bounds::{PeriodError, are_usable, check_period};
use super::smoothing::SeededAverage;

/// One reading of [`Macd`], in the unit of the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MacdOutput {
    /// Fast average minus slow average.
    pub line: f64,
    /// Exponential average of the line.
    pub signal: f64,
    /// Line minus signal.
    pub histogram: f64,
}

/// Moving average convergence/divergence, first returned with input number `slow + signal - 1`.
///
/// As in TA-Lib both averages get their seed at the same input: the fast one skips the first
/// `slow - fast` inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Macd {
    inputs_to_skip: u32,
    fast: SeededAverage,
    slow: SeededAverage,
    signal: SeededAverage,
    line: f64,
}

impl Macd {
    /// Builds the indicator; the customary periods are 12, 26 and 9.
    ///
    /// # Errors
    /// When `fast` is outside `2..=100_000`, `slow` outside `fast + 1..=100_000` or `signal`
    /// outside
    /// `1..=100_000`.
    pub fn new(fast: u32, slow: u32, signal: u32) -> Result<Self, PeriodError> {
        let fast = check_period("MACD fast", fast, 2)?;
        let slow = check_period("MACD slow", slow, fast + 1)?;
        let signal = check_period("MACD signal", signal, 1)?;
        Ok(Self {
            inputs_to_skip: slow - fast,
            fast: SeededAverage::exponential(fast),
            slow: SeededAverage::exponential(slow),
            signal: SeededAverage::exponential(signal),
            line: 0.0,
        })
    }

    /// Adds one price and returns the newest reading; unusable input is ignored.
    pub fn update(&mut self, price: f64) -> Option<MacdOutput> {
        if are_usable(&[price]) {
            self.slow.update(price);
            if self.inputs_to_skip > 0 {
                self.inputs_to_skip -= 1;
            } else {
                self.fast.update(price);
            }
            self.update_line();
        }
        self.value()
    }

    /// The last reading.
    #[must_use]
    pub fn value(&self) -> Option<MacdOutput> {
        let signal = self.signal.value()?;
        Some(MacdOutput { line: self.line, signal, histogram: self.line - signal })
    }

    fn update_line(&mut self) {
        if let (Some(fast), Some(slow)) = (self.fast.value(), self.slow.value()) {
            self.line = fast - slow;
            self.signal.update(self.line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_rise_settles_at_half_the_difference_of_the_periods() {
        let mut macd = Macd::new(3, 5, 2).unwrap();
        let outputs: Vec<_> = (1..=7).map(|price| macd.update(f64::from(price))).collect();
        assert!(outputs[..5].iter().all(Option::is_none));
        let settled = MacdOutput { line: 1.0, signal: 1.0, histogram: 0.0 };
        assert_eq!(outputs[5..], [Some(settled), Some(settled)]);
    }

    #[test]
    fn the_slow_period_must_exceed_the_fast_one() {
        assert_eq!(
            Macd::new(26, 12, 9).unwrap_err().to_string(),
            "MACD slow period 12 is outside 27 to 100000"
        );
        assert!(Macd::new(1, 26, 9).is_err());
        assert!(Macd::new(12, 26, 0).is_err());
    }
}
