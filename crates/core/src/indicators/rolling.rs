//! Mean and deviation of the last `period` numbers, without drift. Knows no market.
//!
//! Nothing is ever subtracted. The window is kept as two stacks: moments of every suffix of an
//! older
//! block, from which the oldest number leaves by a pop, and moments of the newer block, which grows
//! by one number. When the older block is used up the newer one becomes it. Each number is thus
//! added twice and removed once: O(1) per update on average, O(period) once in `period` updates,
//! and
//! rounding errors and outliers leave together with the number that brought them.

use serde::{Deserialize, Serialize};

/// Count, mean and sum of squared distances from the mean of some numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Moments {
    count: u32,
    mean: f64,
    squared_distances: f64,
}

impl Moments {
    /// Adds one number (Welford 1962).
    fn with(self, value: f64) -> Self {
        let count = self.count + 1;
        let distance = value - self.mean;
        let mean = self.mean + distance / f64::from(count);
        let squared_distances = self.squared_distances + distance * (value - mean);
        Self { count, mean, squared_distances }
    }

    /// Joins two disjoint groups, at least one of which is not empty (Chan, Golub, LeVeque 1979).
    fn merge(self, other: Self) -> Self {
        let count = self.count + other.count;
        let share = f64::from(other.count) / f64::from(count);
        let distance = other.mean - self.mean;
        let between = distance * distance * f64::from(self.count) * share;
        Self {
            count,
            mean: self.mean + distance * share,
            squared_distances: self.squared_distances + other.squared_distances + between,
        }
    }

    pub(super) fn mean(self) -> f64 {
        self.mean
    }

    /// The standard deviation of the population (divided by the count, not by one less).
    pub(super) fn deviation(self) -> f64 {
        (self.squared_distances / f64::from(self.count)).sqrt()
    }
}

/// The moments of the last `period` numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct RollingMoments {
    period: u32,
    /// Moments of the suffixes of the older block; the last entry covers all of it.
    older: Vec<Moments>,
    newer: Vec<f64>,
    newer_moments: Moments,
}

impl RollingMoments {
    pub(super) fn new(period: u32) -> Self {
        Self { period, older: Vec::new(), newer: Vec::new(), newer_moments: Moments::default() }
    }

    pub(super) fn push(&mut self, value: f64) {
        if self.is_full() {
            self.remove_oldest();
        }
        self.newer.push(value);
        self.newer_moments = self.newer_moments.with(value);
    }

    /// The moments of the window, once it is full.
    pub(super) fn moments(&self) -> Option<Moments> {
        let older = self.older.last().copied().unwrap_or_default();
        self.is_full().then(|| older.merge(self.newer_moments))
    }

    fn is_full(&self) -> bool {
        self.older.len() + self.newer.len() == self.period as usize
    }

    fn remove_oldest(&mut self) {
        if self.older.is_empty() {
            let mut suffix = Moments::default();
            for value in self.newer.drain(..).rev() {
                suffix = suffix.with(value);
                self.older.push(suffix);
            }
            self.newer_moments = Moments::default();
        }
        self.older.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Mean and population deviation of a slice in two passes.
    fn two_pass(values: &[f64]) -> (f64, f64) {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        (mean, (squares / count).sqrt())
    }

    proptest! {
        #[test]
        fn equals_two_passes_over_the_window(
            values in prop::collection::vec(-1e6..1e6_f64, 1..200),
            period in 1_u32..40,
        ) {
            let mut window = RollingMoments::new(period);
            for (index, &value) in values.iter().enumerate() {
                window.push(value);
                let first = (index + 1).checked_sub(period as usize);
                prop_assert_eq!(window.moments().is_some(), first.is_some());
                if let (Some(moments), Some(first)) = (window.moments(), first) {
                    let (mean, deviation) = two_pass(&values[first..=index]);
                    prop_assert!((moments.mean() - mean).abs() < 1e-8);
                    prop_assert!((moments.deviation() - deviation).abs() < 1e-7);
                }
            }
        }
    }

    #[test]
    fn a_flat_window_has_its_value_as_mean_and_no_deviation() {
        let mut window = RollingMoments::new(7);
        for value in [3e9, -4e9, 1e12].into_iter().chain([0.1; 7]) {
            window.push(value);
        }
        let moments = window.moments().unwrap();
        assert_eq!((moments.mean(), moments.deviation()), (0.1, 0.0));
    }

    #[test]
    fn an_outlier_leaves_no_trace_at_any_place_in_the_block() {
        let values: Vec<f64> = (0..10).map(|step| 1.0 + f64::from(step) / 8.0).collect();
        let (mean, deviation) = two_pass(&values);
        for offset in 0..10 {
            let mut window = RollingMoments::new(10);
            let flat = std::iter::repeat_n(1.0, offset);
            for value in flat.chain([1e90]).chain(values.iter().copied()) {
                window.push(value);
            }
            let moments = window.moments().unwrap();
            assert!((moments.mean() - mean).abs() < 1e-14);
            assert!((moments.deviation() - deviation).abs() < 1e-14);
        }
    }
}
