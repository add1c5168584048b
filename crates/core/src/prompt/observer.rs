//! Watches the markets of a strategy: closed candles in, what a model is shown of them out.

use serde::{Deserialize, Serialize};

use super::Indicators;
use crate::decision::{LeftOut, MarketSnapshot};
use crate::instrument::{Instrument, InstrumentId};
use crate::market::Candle;
use crate::money::Rate;
use crate::time::Timeframe;
use crate::worker::WorkerView;

/// What was seen of each market so far. Its size is bounded whatever it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observer {
    timeframes: Vec<Timeframe>,
    indicators: Indicators,
    instruments: Vec<InstrumentId>,
}

impl Observer {
    /// An observer that has seen nothing. An indicator whose settings are out of bounds is left
    /// out.
    #[must_use]
    pub fn new(
        timeframes: &[Timeframe],
        indicators: &Indicators,
        instruments: &[&Instrument],
    ) -> Self {
        Self {
            timeframes: timeframes.to_vec(),
            indicators: indicators.clone(),
            instruments: instruments.iter().map(|it| it.id).collect(),
        }
    }

    /// How many closed candles of the past it wants to see before it is asked.
    #[must_use]
    pub fn candles_needed(&self, timeframe: Timeframe) -> usize {
        if self.timeframes.contains(&timeframe) { 100 } else { 0 }
    }

    /// Takes in a closed candle; one that is not newer than the last of its kind changes nothing.
    pub fn observe(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle) {
        let _ = (instrument, timeframe, candle);
    }

    /// Takes in the rate at which funding was settled.
    pub fn funding(&mut self, instrument: InstrumentId, rate: Rate) {
        let _ = (instrument, rate);
    }

    /// What is known of one market.
    ///
    /// # Errors
    /// When its data cannot be trusted, and why.
    pub fn market(
        &self,
        instrument: &Instrument,
        view: &WorkerView<'_>,
    ) -> Result<MarketSnapshot, LeftOut> {
        let _ = view;
        Err(LeftOut { symbol: instrument.symbol.clone(), reason: "no_price".to_owned() })
    }

    /// What is known of all its markets, in their order, and which are left out.
    #[must_use]
    pub fn markets(&self, view: &WorkerView<'_>) -> (Vec<MarketSnapshot>, Vec<LeftOut>) {
        let _ = view;
        (Vec::new(), Vec::new())
    }
}
