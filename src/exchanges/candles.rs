//! Candles that were closed lately, for strategies that start and need a past.

use std::collections::{BTreeMap, VecDeque};

use banyan_core::instrument::InstrumentId;
use banyan_core::market::{Candle, MarketData, MarketEvent, Resampler};
use banyan_core::time::Timeframe;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Series {
    timeframe: Timeframe,
    candles: VecDeque<Candle>,
    longer: Vec<(Resampler, VecDeque<Candle>)>,
}

/// The latest closed candles of each instrument, at the timeframe they come in and every longer
/// one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CandleHistory(BTreeMap<InstrumentId, Series>);

impl CandleHistory {
    /// How many closed candles of one timeframe are kept.
    const KEPT: usize = 1_500;

    /// The candles as bytes.
    ///
    /// # Panics
    /// Never: candles are plain values, which memory takes as they are.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("plain values can be written to memory")
    }

    /// The candles that were saved.
    ///
    /// # Errors
    /// When the bytes are none.
    pub fn restore(bytes: &[u8]) -> Result<Self, postcard::Error> {
        postcard::from_bytes(bytes)
    }

    /// Takes in a market event; only closed candles matter. A second timeframe of an instrument
    /// is left out: longer ones are built here.
    pub fn push(&mut self, event: &MarketEvent) {
        if let MarketData::CandleClosed { timeframe, candle } = &event.data {
            self.push_candle(event.instrument, *timeframe, candle);
        }
    }

    /// Takes in a closed candle.
    pub fn push_candle(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle) {
        let series = self.0.entry(instrument).or_insert_with(|| Series::new(timeframe));
        if series.timeframe != timeframe {
            return;
        }
        keep(&mut series.candles, *candle);
        for (resampler, candles) in &mut series.longer {
            for closed in resampler.push(candle) {
                keep(candles, closed);
            }
        }
    }

    /// The newest `limit` closed candles, oldest first.
    #[must_use]
    pub fn latest(
        &self,
        instrument: InstrumentId,
        timeframe: Timeframe,
        limit: usize,
    ) -> Vec<Candle> {
        let Some(series) = self.0.get(&instrument) else {
            return Vec::new();
        };
        let of_timeframe = |(resampler, candles): &(Resampler, VecDeque<Candle>)| {
            (resampler.target() == timeframe).then(|| candles.clone())
        };
        let candles = if series.timeframe == timeframe {
            series.candles.clone()
        } else {
            series.longer.iter().find_map(of_timeframe).unwrap_or_default()
        };
        candles.iter().skip(candles.len().saturating_sub(limit)).copied().collect()
    }
}

impl Series {
    fn new(timeframe: Timeframe) -> Self {
        let longer = Timeframe::ALL
            .into_iter()
            .filter_map(|target| Resampler::new(timeframe, target))
            .map(|resampler| (resampler, VecDeque::new()))
            .collect();
        Self { timeframe, candles: VecDeque::new(), longer }
    }
}

fn keep(candles: &mut VecDeque<Candle>, candle: Candle) {
    candles.push_back(candle);
    if candles.len() > CandleHistory::KEPT {
        candles.pop_front();
    }
}
