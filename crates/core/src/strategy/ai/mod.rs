//! A strategy in words: it asks models, and code decides what of their answers is carried out.
//!
//! Builds questions, counts answers, seals decisions, wishes. It asks nobody itself.

use serde::{Deserialize, Serialize};

use super::config::{AiConfig, FieldError};
use super::{Effects, Strategy, StrategyEvent, Subscription};
use crate::instrument::{Instrument, InstrumentId};
use crate::market::Candle;
use crate::time::Timeframe;
use crate::worker::WorkerView;

/// A strategy in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiStrategy {
    config: AiConfig,
    instruments: Vec<InstrumentId>,
}

impl AiStrategy {
    /// A strategy that has not begun.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn new(config: &AiConfig, traded: &[&Instrument]) -> Result<Self, Vec<FieldError>> {
        config.validate()?;
        Ok(Self { config: config.clone(), instruments: traded.iter().map(|it| it.id).collect() })
    }
}

impl Strategy for AiStrategy {
    fn name(&self) -> &'static str {
        "ai"
    }

    fn subscription(&self) -> Subscription {
        Subscription { instruments: self.instruments.clone(), ..Subscription::default() }
    }

    fn warm_up(&mut self, _: InstrumentId, _: Timeframe, _: &Candle) {}

    fn handle(&mut self, _: &StrategyEvent<'_>, _: &WorkerView<'_>, _: &mut Effects) {}
}
