//! The indicators against TA-Lib, over a long generated series, and the promises they share: bad
//! input changes nothing, a saved state continues identically, outputs stay in their range.
//!
//! The golden values in `data/indicators` come from `scripts/golden/indicators.py`, which also
//! holds
//! the recipe of the candles generated here. Knows the public interface alone.

use std::fmt::Debug;
use std::sync::LazyLock;

use banyan_core::indicators::{Adx, Atr, Bollinger, Ema, Macd, Rsi, Sma, Vwap};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How far an output may lie from TA-Lib's, relative to it.
const TOLERANCE: f64 = 1e-9;

/// A difference this small is noise at any magnitude: the last binary digit of the generated
/// prices is worth 7e-12. It matters where a MACD, a small difference of large averages, crosses 0.
const NOISE: f64 = 1e-10;

#[derive(Debug, Clone, Copy)]
struct Candle {
    open_time: i64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
}

static CANDLES: LazyLock<Vec<Candle>> = LazyLock::new(generate_candles);

fn draw(position: u64) -> i64 {
    let state = 42_u64.wrapping_add(position.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    i64::try_from((state ^ (state >> 31)) >> 33).expect("31 bits fit")
}

fn generate_candles() -> Vec<Candle> {
    let mut close = 5_000_000;
    (0..100_000_u64)
        .map(|index| {
            let [step, above, below, traded] = [1, 2, 3, 4].map(|draws| draw(4 * index + draws));
            let open = close;
            let (mut high, mut low) = (open, open);
            if !(60_000..60_800).contains(&index) {
                close = open + step % 6801 - 3400;
                high = open.max(close) + above % 1001;
                low = open.min(close) - below % 1001;
            }
            Candle {
                open_time: 1_600_000_020_000_000 + 60_000_000 * index as i64,
                high: high as f64 / 100.0,
                low: low as f64 / 100.0,
                close: close as f64 / 100.0,
                volume: (traded % 990_000 + 10_000) as f64 / 1000.0,
            }
        })
        .collect()
}

/// An indicator fed with candles, its outputs flattened in the order of the golden columns.
trait Fed: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    fn feed(&mut self, candle: &Candle) -> Option<Vec<f64>>;
    fn last(&self) -> Option<Vec<f64>>;
}

macro_rules! fed {
    ($indicator:ty, $candle:ident => ($($input:expr),+), $output:ident => [$($field:expr),+]) => {
        impl Fed for $indicator {
            fn feed(&mut self, $candle: &Candle) -> Option<Vec<f64>> {
                self.update($($input),+).map(|$output| vec![$($field),+])
            }

            fn last(&self) -> Option<Vec<f64>> {
                self.value().map(|$output| vec![$($field),+])
            }
        }
    };
}

fed!(Ema, candle => (candle.close), output => [output]);
fed!(Sma, candle => (candle.close), output => [output]);
fed!(Rsi, candle => (candle.close), output => [output]);
fed!(Macd, candle => (candle.close), output => [output.line, output.signal, output.histogram]);
fed!(Bollinger, candle => (candle.close), output => [output.upper, output.middle, output.lower]);
fed!(Atr, candle => (candle.high, candle.low, candle.close), output => [output]);
fed!(
    Adx,
    candle => (candle.high, candle.low, candle.close),
    output => [output.adx, output.plus_di, output.minus_di]
);
fed!(
    Vwap,
    candle => (candle.open_time, candle.high, candle.low, candle.close, candle.volume),
    output => [output]
);

/// The volume average: a simple moving average fed with volumes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OfVolume(Sma);

impl Fed for OfVolume {
    fn feed(&mut self, candle: &Candle) -> Option<Vec<f64>> {
        self.0.update(candle.volume).map(|output| vec![output])
    }

    fn last(&self) -> Option<Vec<f64>> {
        self.0.value().map(|output| vec![output])
    }
}

/// Index of the candle and the outputs TA-Lib gave for it.
fn goldens(name: &str) -> Vec<(usize, Vec<f64>)> {
    let path = format!("{}/tests/data/indicators/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("the golden file is in the repository");
    text.lines()
        .skip(1)
        .map(|line| {
            let (index, outputs) = line.split_once(',').expect("an index before the outputs");
            let outputs = outputs
                .split(',')
                .map(|output| output.parse().expect("an output is a number"))
                .collect();
            (index.parse().expect("an index is a count"), outputs)
        })
        .collect()
}

fn assert_close(actual: &[f64], expected: &[f64], context: &str) {
    assert_eq!(actual.len(), expected.len(), "{context}");
    for (actual, expected) in actual.iter().zip(expected) {
        let allowed = (TOLERANCE * expected.abs()).max(NOISE);
        assert!((actual - expected).abs() <= allowed, "{context}: {actual} for {expected}");
    }
}

fn assert_golden(name: &str, mut indicator: impl Fed) {
    let goldens = goldens(name);
    assert!(goldens.len() > 300, "{name} has too few golden values");
    let warm_up = goldens[0].0;
    let outputs: Vec<_> = CANDLES.iter().map(|candle| indicator.feed(candle)).collect();
    assert!(outputs[..warm_up].iter().all(Option::is_none), "{name} is early");
    for (index, expected) in goldens {
        let actual = outputs[index].as_ref().expect("a value after warm-up");
        assert_close(actual, &expected, &format!("{name} at candle {index}"));
    }
}

#[test]
fn moving_averages_equal_ta_lib() {
    for period in [9, 21, 55, 200] {
        assert_golden(&format!("ema_{period}"), Ema::new(period).unwrap());
    }
    for period in [5, 20] {
        assert_golden(&format!("sma_{period}"), Sma::new(period).unwrap());
    }
    assert_golden("volume_sma_20", OfVolume(Sma::new(20).unwrap()));
}

#[test]
fn momentum_equals_ta_lib() {
    for period in [7, 14] {
        assert_golden(&format!("rsi_{period}"), Rsi::new(period).unwrap());
    }
    assert_golden("macd_12_26_9", Macd::new(12, 26, 9).unwrap());
    assert_golden("macd_5_35_5", Macd::new(5, 35, 5).unwrap());
}

#[test]
fn ranges_and_trends_equal_ta_lib() {
    for period in [7, 14] {
        assert_golden(&format!("atr_{period}"), Atr::new(period).unwrap());
        assert_golden(&format!("adx_{period}"), Adx::new(period).unwrap());
    }
}

#[test]
fn bollinger_bands_equal_ta_lib() {
    assert_golden("bollinger_20_2.0", Bollinger::new(20, 2.0).unwrap());
    assert_golden("bollinger_50_2.5", Bollinger::new(50, 2.5).unwrap());
}

#[test]
fn the_volume_weighted_price_equals_exact_arithmetic() {
    assert_golden("vwap", Vwap::new());
}

/// The bands of the last `period` closes by two passes, which cannot drift.
fn two_pass_bands(window: &[f64], deviations: f64) -> [f64; 3] {
    let count = window.len() as f64;
    let mean = window.iter().sum::<f64>() / count;
    let variance = window.iter().map(|close| (close - mean).powi(2)).sum::<f64>() / count;
    let width = deviations * variance.sqrt();
    [mean + width, mean, mean - width]
}

#[test]
fn windows_do_not_drift_over_a_long_series_of_changing_magnitude() {
    let scales = [1.0, 1e9, 1e-7, 1e4];
    let closes: Vec<f64> = (CANDLES.iter().enumerate())
        .map(|(index, candle)| candle.close * scales[index / 1000 % scales.len()])
        .collect();
    let mut bollinger = Bollinger::new(20, 2.0).unwrap();
    for (index, &close) in closes.iter().enumerate() {
        let Some(bands) = bollinger.update(close) else {
            continue;
        };
        let window = &closes[index + 1 - 20..=index];
        let expected = two_pass_bands(window, 2.0);
        let scale = window.iter().copied().fold(0.0, f64::max);
        for (actual, expected) in [bands.upper, bands.middle, bands.lower].iter().zip(expected) {
            assert!((actual - expected).abs() <= 1e-14 * scale, "{actual} for {expected}");
        }
    }
}

/// One indicator of each kind, handed to a check.
macro_rules! for_each_indicator {
    ($check:ident $(, $argument:expr)*) => {
        $check(Ema::new(9).unwrap() $(, $argument)*);
        $check(Sma::new(20).unwrap() $(, $argument)*);
        $check(OfVolume(Sma::new(20).unwrap()) $(, $argument)*);
        $check(Rsi::new(14).unwrap() $(, $argument)*);
        $check(Macd::new(12, 26, 9).unwrap() $(, $argument)*);
        $check(Atr::new(14).unwrap() $(, $argument)*);
        $check(Bollinger::new(20, 2.0).unwrap() $(, $argument)*);
        $check(Adx::new(14).unwrap() $(, $argument)*);
        $check(Vwap::new() $(, $argument)*);
    };
}

fn assert_ignores_bad_input(mut indicator: impl Fed) {
    for candle in &CANDLES[..100] {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
            let before = indicator.clone();
            let last = before.last();
            let poison = Candle { high: bad, low: bad, close: bad, volume: bad, ..*candle };
            assert_eq!(indicator.feed(&poison), last);
            assert_eq!(indicator, before);
        }
        let output = indicator.feed(candle);
        assert_eq!(indicator.last(), output);
        assert!(output.iter().flatten().all(|number| number.is_finite()));
    }
    assert!(indicator.last().is_some());
}

#[test]
fn bad_input_is_ignored() {
    for_each_indicator!(assert_ignores_bad_input);
}

fn assert_ignores_a_partly_bad_candle(mut indicator: impl Fed) {
    CANDLES[..50].iter().for_each(|candle| drop(indicator.feed(candle)));
    let before = indicator.clone();
    let candle = CANDLES[50];
    for poison in [
        Candle { high: f64::NAN, ..candle },
        Candle { low: f64::INFINITY, ..candle },
        Candle { close: f64::NAN, ..candle },
    ] {
        assert_eq!(indicator.feed(&poison), before.last());
        assert_eq!(indicator, before);
    }
}

#[test]
fn one_bad_number_spoils_the_candle_not_the_state() {
    assert_ignores_a_partly_bad_candle(Atr::new(14).unwrap());
    assert_ignores_a_partly_bad_candle(Adx::new(14).unwrap());
    assert_ignores_a_partly_bad_candle(Vwap::new());
}

fn assert_continues_after_restart<T: Fed>(mut indicator: T, start: usize, before: usize) {
    let (fed, rest) = CANDLES[start..start + before + 150].split_at(before);
    fed.iter().for_each(|candle| drop(indicator.feed(candle)));
    let saved = postcard::to_stdvec(&indicator).expect("plain state serialises");
    let mut restored: T = postcard::from_bytes(&saved).expect("saved state restores");
    assert_eq!(restored, indicator);
    for candle in rest {
        assert_eq!(restored.feed(candle), indicator.feed(candle));
    }
    assert_eq!(restored, indicator);
}

fn prices() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![8 => 0.01..1e6_f64, 1 => Just(100.0)], 1..300)
}

proptest! {
    #[test]
    fn a_restored_state_continues_identically(start in 0_usize..90_000, before in 0_usize..150) {
        for_each_indicator!(assert_continues_after_restart, start, before);
    }

    #[test]
    fn the_relative_strength_index_stays_between_0_and_100(
        prices in prices(),
        period in 2_u32..30,
    ) {
        let mut rsi = Rsi::new(period).unwrap();
        for price in prices {
            prop_assert!(rsi.update(price).is_none_or(|index| (0.0..=100.0).contains(&index)));
        }
    }

    #[test]
    fn directional_indices_stay_between_0_and_100(prices in prices(), period in 2_u32..30) {
        let mut adx = Adx::new(period).unwrap();
        for price in prices {
            let Some(output) = adx.update(price * 1.01, price * 0.98, price) else { continue };
            for index in [output.adx, output.plus_di, output.minus_di] {
                prop_assert!((0.0..=100.0 + TOLERANCE).contains(&index), "{output:?}");
            }
        }
    }

    #[test]
    fn the_exponential_average_stays_within_its_inputs(prices in prices(), period in 1_u32..60) {
        let mut ema = Ema::new(period).unwrap();
        let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
        for price in prices {
            (lowest, highest) = (price.min(lowest), price.max(highest));
            if let Some(average) = ema.update(price) {
                let rounding = 1e-12 * highest;
                prop_assert!(average >= lowest - rounding && average <= highest + rounding);
            }
        }
    }
}
