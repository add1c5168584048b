//! Goes long after a fast average crosses above a slow one, and out or short after it crosses
//! below.
//!
//! Opens only on a cross, closes whenever the averages stand against its position. Looks at closed
//! candles only and knows only its own position.

use serde::{Deserialize, Serialize};

use super::config::{self, EmaCrossConfig, FieldError};
use super::exits::Exits;
use super::signal::{SignalTerms, SignalTrader};
use super::{Effects, Strategy, StrategyEvent, Subscription, gates};
use crate::indicators::Ema;
use crate::instrument::{Instrument, InstrumentId, InstrumentKind};
use crate::market::Candle;
use crate::order::Side;
use crate::time::Timeframe;
use crate::worker::{WorkerNotice, WorkerView};

/// After four periods the seed of an exponential average weighs about e^-8.
const WARM_UP_PERIODS: u32 = 4;

/// The crossing strategy with its whole state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmaCrossStrategy {
    fast: Ema,
    slow: Ema,
    slow_period: u32,
    allow_short: bool,
    /// Whether the fast average was above the slow one at the last candle.
    above: Option<bool>,
    /// What the last cross asks for and is not done yet.
    entry: Option<Side>,
    trader: SignalTrader,
}

impl EmaCrossStrategy {
    /// Builds the strategy.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn new(config: &EmaCrossConfig, instrument: &Instrument) -> Result<Self, Vec<FieldError>> {
        config.validate()?;
        if config.allow_short && instrument.kind == InstrumentKind::Spot {
            let message = "spot cannot be sold short";
            return Err(vec![FieldError::new("allow_short", message)]);
        }
        let average = |field, period| {
            Ema::new(period).map_err(|error| vec![FieldError::new(field, error.to_string())])
        };
        let terms = SignalTerms {
            timeframe: config.timeframe,
            notional: config::notional(config.order_amount, config.leverage),
            leverage: config::whole(config.leverage),
            exits: Exits {
                stop_loss: config::some_rate(config.stop_loss_percent),
                take_profit: None,
            },
        };
        Ok(Self {
            fast: average("fast_period", config.fast_period)?,
            slow: average("slow_period", config.slow_period)?,
            slow_period: config.slow_period,
            allow_short: config.allow_short,
            above: None,
            entry: None,
            trader: SignalTrader::new(&terms, instrument),
        })
    }

    /// Takes in a close and says on which side of the slow average the fast one came out, if it
    /// crossed.
    fn update(&mut self, close: f64) -> Option<Side> {
        let (fast, slow) = (self.fast.update(close), self.slow.update(close));
        let above = fast? > slow?;
        let crossed = self.above.replace(above).is_some_and(|before| before != above);
        crossed.then_some(if above { Side::Buy } else { Side::Sell })
    }

    fn crossed(&mut self, cross: Side) {
        self.entry = Some(cross).filter(|side| *side == Side::Buy || self.allow_short);
    }

    fn decide(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(above) = self.above else {
            return effects.refuse(gates::WARMING_UP);
        };
        if self.trader.is_waiting(view.now) {
            return effects.refuse(gates::ORDER_PENDING);
        }
        let trend = if above { Side::Buy } else { Side::Sell };
        match self.trader.held(view) {
            Some(held) if held != trend => self.trader.close(held, effects),
            Some(_) => {
                self.entry = None;
                effects.refuse(gates::ALREADY_IN_POSITION);
            }
            None => self.enter(view, effects),
        }
    }

    fn enter(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        match self.entry.take() {
            Some(side) if !self.trader.open(side, view, effects) => {
                effects.refuse(gates::WARMING_UP);
            }
            Some(_) => {}
            None => effects.refuse(gates::NO_CROSS),
        }
    }

    /// Once the old position is closed, the cross that closed it may open the other side.
    fn notice(&mut self, notice: &WorkerNotice, view: &WorkerView<'_>, effects: &mut Effects) {
        self.trader.hear(notice);
        let filled = matches!(notice, WorkerNotice::OrderFilled { .. });
        let flat = self.trader.held(view).is_none();
        if filled && flat && self.entry.is_some() && !self.trader.is_waiting(view.now) {
            self.enter(view, effects);
        }
    }
}

impl Strategy for EmaCrossStrategy {
    fn name(&self) -> &'static str {
        "ema_cross"
    }

    fn subscription(&self) -> Subscription {
        self.trader.subscription((self.slow_period * WARM_UP_PERIODS) as usize)
    }

    fn warm_up(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle) {
        if let Some(close) = self.trader.close_of(instrument, timeframe, candle) {
            self.update(close);
        }
    }

    fn handle(&mut self, event: &StrategyEvent<'_>, view: &WorkerView<'_>, effects: &mut Effects) {
        match event {
            StrategyEvent::Started => self.trader.started(view.now, effects),
            StrategyEvent::CandleClosed { instrument, timeframe, candle } => {
                if let Some(close) = self.trader.close_of(*instrument, *timeframe, candle) {
                    if let Some(cross) = self.update(close) {
                        self.crossed(cross);
                    }
                    self.decide(view, effects);
                }
            }
            StrategyEvent::Triggered => self.decide(view, effects),
            StrategyEvent::Account(event) => self.notice(&event.notice, view, effects),
            _ => {}
        }
    }
}
