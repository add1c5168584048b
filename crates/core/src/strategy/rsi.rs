//! Buys when the relative strength index says oversold, closes when it says overbought.
//!
//! Looks at closed candles only, holds one long position at a time and knows only its own.

use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};

use super::config::{self, FieldError, RsiConfig};
use super::exits::Exits;
use super::signal::{SignalTerms, SignalTrader};
use super::{Effects, Strategy, StrategyEvent, Subscription, gates};
use crate::indicators::Rsi;
use crate::instrument::{Instrument, InstrumentId};
use crate::market::Candle;
use crate::order::Side;
use crate::time::Timeframe;
use crate::worker::WorkerView;

/// Wilder's averages forget their seed slowly; after ten periods it weighs next to nothing.
const WARM_UP_PERIODS: u32 = 10;

/// The index strategy with its whole state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RsiStrategy {
    index: Rsi,
    period: u32,
    oversold: f64,
    overbought: f64,
    trader: SignalTrader,
}

impl RsiStrategy {
    /// Builds the strategy.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn new(config: &RsiConfig, instrument: &Instrument) -> Result<Self, Vec<FieldError>> {
        config.validate()?;
        let index = Rsi::new(config.rsi_period)
            .map_err(|error| vec![FieldError::new("rsi_period", error.to_string())])?;
        let terms = SignalTerms {
            timeframe: config.timeframe,
            notional: config::notional(config.order_amount, config.leverage),
            leverage: config::whole(config.leverage),
            exits: Exits {
                stop_loss: config::some_rate(config.stop_loss_percent),
                take_profit: config::some_rate(config.take_profit_percent),
            },
        };
        Ok(Self {
            index,
            period: config.rsi_period,
            oversold: config.oversold.to_f64().unwrap_or(30.0),
            overbought: config.overbought.to_f64().unwrap_or(70.0),
            trader: SignalTrader::new(&terms, instrument),
        })
    }

    /// The index over the candles so far.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        self.index.value()
    }

    fn decide(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(index) = self.index.value() else {
            return effects.refuse(gates::WARMING_UP);
        };
        if self.trader.is_waiting(view.now) {
            return effects.refuse(gates::ORDER_PENDING);
        }
        let (low, high) = (index <= self.oversold, index >= self.overbought);
        match self.trader.held(view) {
            None if low => {
                if !self.trader.open(Side::Buy, view, effects) {
                    effects.refuse(gates::WARMING_UP);
                }
            }
            Some(held) if high => self.trader.close(held, effects),
            None if high => effects.refuse(gates::NOTHING_TO_CLOSE),
            Some(_) if low => effects.refuse(gates::ALREADY_IN_POSITION),
            _ => effects.refuse(gates::RSI_NEUTRAL),
        }
    }
}

impl Strategy for RsiStrategy {
    fn name(&self) -> &'static str {
        "rsi"
    }

    fn subscription(&self) -> Subscription {
        self.trader.subscription((self.period * WARM_UP_PERIODS) as usize)
    }

    fn warm_up(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle) {
        if let Some(close) = self.trader.close_of(instrument, timeframe, candle) {
            self.index.update(close);
        }
    }

    fn handle(&mut self, event: &StrategyEvent<'_>, view: &WorkerView<'_>, effects: &mut Effects) {
        match event {
            StrategyEvent::Started => self.trader.started(view.now, effects),
            StrategyEvent::CandleClosed { instrument, timeframe, candle } => {
                if let Some(close) = self.trader.close_of(*instrument, *timeframe, candle) {
                    self.index.update(close);
                    self.decide(view, effects);
                }
            }
            StrategyEvent::Triggered => self.decide(view, effects),
            StrategyEvent::Account(event) => self.trader.hear(&event.notice),
            _ => {}
        }
    }
}
