//! Volume-weighted average price of the trading day. Knows the UTC day, but no clock: time comes in
//! with the candle.

use serde::{Deserialize, Serialize};

use super::bounds::are_usable;

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// Volume-weighted average price since 00:00 UTC:
/// `sum((high + low + close) / 3 * volume) / sum(volume)` over the candles of the day.
///
/// There is no value until the day has seen volume. A candle of an earlier day than the current one
/// comes too late and is ignored, as is a negative volume.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Vwap {
    day: Option<i64>,
    notional: f64,
    volume: f64,
}

impl Vwap {
    /// Builds an average that starts with the day of its first candle.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one candle and returns the newest average; a candle with an unusable number is ignored.
    /// `open_time` is the candle's open in microseconds since the Unix epoch.
    pub fn update(
        &mut self,
        open_time: i64,
        high: f64,
        low: f64,
        close: f64,
        volume: f64,
    ) -> Option<f64> {
        let day = open_time.div_euclid(MICROSECONDS_PER_DAY);
        if are_usable(&[high, low, close, volume]) && volume >= 0.0 && Some(day) >= self.day {
            self.start_day(day);
            self.notional += (high + low + close) / 3.0 * volume;
            self.volume += volume;
        }
        self.value()
    }

    /// The last average, in the unit of the prices.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        (self.volume > 0.0).then(|| self.notional / self.volume)
    }

    fn start_day(&mut self, day: i64) {
        if self.day != Some(day) {
            *self = Self { day: Some(day), ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weighs_typical_prices_by_volume() {
        let mut vwap = Vwap::new();
        assert_eq!(vwap.update(0, 12.0, 9.0, 9.0, 1.0), Some(10.0));
        assert_eq!(vwap.update(60_000_000, 22.0, 18.0, 20.0, 3.0), Some(17.5));
    }

    #[test]
    fn starts_again_at_midnight_and_not_before() {
        let mut vwap = Vwap::new();
        vwap.update(-1, 50.0, 50.0, 50.0, 9.0);
        assert_eq!(vwap.update(0, 10.0, 10.0, 10.0, 1.0), Some(10.0));
        assert_eq!(vwap.update(MICROSECONDS_PER_DAY - 1, 20.0, 20.0, 20.0, 1.0), Some(15.0));
        assert_eq!(vwap.update(MICROSECONDS_PER_DAY, 30.0, 30.0, 30.0, 1.0), Some(30.0));
    }

    #[test]
    fn has_no_value_without_volume() {
        let mut vwap = Vwap::new();
        assert_eq!(vwap.update(0, 10.0, 10.0, 10.0, 0.0), None);
        assert_eq!(vwap.update(1, 10.0, 10.0, 10.0, -1.0), None);
        assert_eq!(vwap.update(2, 10.0, 10.0, 10.0, 1.0), Some(10.0));
        assert_eq!(vwap.update(MICROSECONDS_PER_DAY, 20.0, 20.0, 20.0, 0.0), None);
    }

    #[test]
    fn a_candle_of_an_earlier_day_changes_nothing() {
        let mut vwap = Vwap::new();
        vwap.update(MICROSECONDS_PER_DAY, 10.0, 10.0, 10.0, 1.0);
        let before = vwap.clone();
        assert_eq!(vwap.update(0, 99.0, 99.0, 99.0, 5.0), Some(10.0));
        assert_eq!(vwap, before);
    }
}
