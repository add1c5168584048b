//! The recursive average behind EMA and Wilder's indicators. Knows no market.

use serde::{Deserialize, Serialize};

/// An average that starts as the plain mean of its first `period` inputs and from then on moves by
/// a
/// fixed weight towards each new input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SeededAverage {
    period: u32,
    weight: f64,
    seen: u32,
    average: f64,
}

impl SeededAverage {
    /// Weight `2 / (period + 1)`: the exponential moving average.
    pub(super) fn exponential(period: u32) -> Self {
        Self::new(period, 2.0 / (f64::from(period) + 1.0))
    }

    /// Weight `1 / period`: Wilder's smoothing (New Concepts in Technical Trading Systems, 1978).
    pub(super) fn wilder(period: u32) -> Self {
        Self::new(period, 1.0 / f64::from(period))
    }

    fn new(period: u32, weight: f64) -> Self {
        Self { period, weight, seen: 0, average: 0.0 }
    }

    pub(super) fn update(&mut self, value: f64) -> Option<f64> {
        let weight = self.next_weight();
        self.average += weight * (value - self.average);
        self.value()
    }

    pub(super) fn value(&self) -> Option<f64> {
        (self.seen == self.period).then_some(self.average)
    }

    /// While seeding, the weight that keeps `average` the mean of all inputs so far.
    fn next_weight(&mut self) -> f64 {
        if self.seen == self.period {
            return self.weight;
        }
        self.seen += 1;
        1.0 / f64::from(self.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_the_mean_and_then_moves_by_its_weight() {
        let mut average = SeededAverage::exponential(3);
        assert_eq!(average.update(1.0), None);
        assert_eq!(average.update(2.0), None);
        assert_eq!(average.update(6.0), Some(3.0));
        assert_eq!(average.update(5.0), Some(4.0));
        assert_eq!(average.value(), Some(4.0));
    }

    #[test]
    fn wilder_moves_by_one_part_in_period() {
        let mut average = SeededAverage::wilder(4);
        let outputs = [8.0, 8.0, 8.0, 8.0, 16.0].map(|value| average.update(value));
        assert_eq!(outputs, [None, None, None, Some(8.0), Some(10.0)]);
    }
}
