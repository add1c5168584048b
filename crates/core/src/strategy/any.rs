//! One type over the rule strategies, so that a worker can hold, save and restore any of them.

use serde::{Deserialize, Serialize};

use super::config::{FieldError, StrategyConfig};
use super::{
    AiStrategy, DcaStrategy, Effects, EmaCrossStrategy, GridStrategy, RsiStrategy, Strategy,
    StrategyEvent, Subscription,
};
use crate::instrument::{Instrument, InstrumentId};
use crate::market::Candle;
use crate::time::{Timeframe, Timestamp};
use crate::worker::WorkerView;

/// Any of the rule strategies with its whole state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnyStrategy {
    /// A ladder of resting orders.
    Grid(Box<GridStrategy>),
    /// Buys on a schedule.
    Dca(Box<DcaStrategy>),
    /// Buys when oversold.
    Rsi(Box<RsiStrategy>),
    /// Follows the crossing of two averages.
    EmaCross(Box<EmaCrossStrategy>),
    /// Asks models.
    Ai(Box<AiStrategy>),
}

impl AnyStrategy {
    /// Builds the strategy that `config` describes; all but one in words trade the first of
    /// `traded` alone.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn new(config: &StrategyConfig, traded: &[&Instrument]) -> Result<Self, Vec<FieldError>> {
        let Some(instrument) = traded.first() else {
            return Err(vec![FieldError::new("symbols", "at least one is needed")]);
        };
        Ok(match config {
            StrategyConfig::Grid(config) => {
                Self::Grid(Box::new(GridStrategy::new(config, instrument)?))
            }
            StrategyConfig::Dca(config) => {
                Self::Dca(Box::new(DcaStrategy::new(config, instrument)?))
            }
            StrategyConfig::Rsi(config) => {
                Self::Rsi(Box::new(RsiStrategy::new(config, instrument)?))
            }
            StrategyConfig::EmaCross(config) => {
                Self::EmaCross(Box::new(EmaCrossStrategy::new(config, instrument)?))
            }
            StrategyConfig::Ai(config) => Self::Ai(Box::new(AiStrategy::new(config, traded)?)),
        })
    }

    /// Takes over from a strategy that has just been made what this one, restored, did not keep.
    /// Says whether the market's past must be told again.
    pub fn take_over(&mut self, fresh: Self) -> bool {
        match (self, fresh) {
            (Self::Ai(kept), Self::Ai(fresh)) => {
                kept.take_over(*fresh);
                true
            }
            _ => false,
        }
    }

    /// Takes from an earlier version what stays true of the worker whatever its strategy is.
    pub fn inherit(&mut self, earlier: Self) {
        if let (Self::Ai(this), Self::Ai(earlier)) = (self, earlier) {
            this.inherit(*earlier);
        }
    }

    /// Goes on after the worker's latest decision, by number and hash, as the journal has it.
    pub fn continue_chain(&mut self, latest: Option<(u64, String)>) {
        if let (Self::Ai(this), Some(latest)) = (self, latest) {
            this.continue_chain(latest);
        }
    }

    fn as_strategy(&self) -> &dyn Strategy {
        match self {
            Self::Grid(strategy) => strategy.as_ref(),
            Self::Dca(strategy) => strategy.as_ref(),
            Self::Rsi(strategy) => strategy.as_ref(),
            Self::EmaCross(strategy) => strategy.as_ref(),
            Self::Ai(strategy) => strategy.as_ref(),
        }
    }

    fn as_strategy_mut(&mut self) -> &mut dyn Strategy {
        match self {
            Self::Grid(strategy) => strategy.as_mut(),
            Self::Dca(strategy) => strategy.as_mut(),
            Self::Rsi(strategy) => strategy.as_mut(),
            Self::EmaCross(strategy) => strategy.as_mut(),
            Self::Ai(strategy) => strategy.as_mut(),
        }
    }
}

impl Strategy for AnyStrategy {
    fn name(&self) -> &'static str {
        self.as_strategy().name()
    }

    fn next_run(&self) -> Option<Timestamp> {
        self.as_strategy().next_run()
    }

    fn subscription(&self) -> Subscription {
        self.as_strategy().subscription()
    }

    fn warm_up(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle) {
        self.as_strategy_mut().warm_up(instrument, timeframe, candle);
    }

    fn handle(&mut self, event: &StrategyEvent<'_>, view: &WorkerView<'_>, effects: &mut Effects) {
        self.as_strategy_mut().handle(event, view, effects);
    }
}
