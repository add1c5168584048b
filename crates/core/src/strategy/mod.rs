//! Strategies: pure values that take events and return effects.
//!
//! The same object decides in backtest, paper and live. A strategy knows its own position and
//! orders and the market; it knows nothing of accounts, venues or clocks, and it never makes an
//! order, only intents.

mod ai;
mod answer;
mod any;
pub mod config;
mod dca;
pub mod defaults;
mod ema_cross;
mod exits;
pub mod gates;
mod grid;
pub mod lint;
mod market_order;
mod minimum;
mod rsi;
mod signal;
mod slot;
mod why_not;

use serde::{Deserialize, Serialize};

pub use ai::AiStrategy;
pub use any::AnyStrategy;
pub use config::{FieldError, StrategyConfig, StrategyKind};
pub use dca::DcaStrategy;
pub use ema_cross::EmaCrossStrategy;
pub use grid::{Earnings, GridStrategy};
pub use rsi::RsiStrategy;
pub use why_not::WhyNot;

use crate::decision::{DecisionEvent, DecisionId, ExternalText};
use crate::ids::UserId;
use crate::instrument::InstrumentId;
use crate::intent::Intent;
use crate::market::Candle;
use crate::model::{Answer, Question};
use crate::money::{Price, Quantity, Rate};
use crate::order::Side;
use crate::time::{Timeframe, Timestamp};
use crate::worker::{WorkerEvent, WorkerView};

/// A timer of a strategy, by the strategy's own number; setting it again moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimerId(pub u32);

/// What a strategy is told.
#[derive(Debug, Clone, PartialEq)]
pub enum StrategyEvent<'a> {
    /// The worker starts, or comes back after a stop or crash with the state it had saved; events
    /// missed in between follow.
    Started,
    /// A candle was closed.
    CandleClosed {
        /// Where.
        instrument: InstrumentId,
        /// Its length.
        timeframe: Timeframe,
        /// The candle.
        candle: Candle,
    },
    /// A public trade.
    Trade {
        /// Where.
        instrument: InstrumentId,
        /// Price.
        price: Price,
        /// Quantity.
        quantity: Quantity,
        /// Side of the order that took.
        aggressor: Side,
    },
    /// The best bid or ask changed; look at the view.
    BookTop {
        /// Where.
        instrument: InstrumentId,
    },
    /// Funding was settled at this rate; longs pay shorts when it is positive.
    Funding {
        /// Where.
        instrument: InstrumentId,
        /// The rate.
        rate: Rate,
    },
    /// A timer went off.
    Timer(TimerId),
    /// A person asks for a cycle now.
    Triggered,
    /// The account tells of an order, a fill or a denial; the view's book includes it.
    Account(&'a WorkerEvent),
    /// A question was answered, or will not be.
    Answered {
        /// The number of the question.
        number: u64,
        /// What became of it.
        answer: &'a Answer,
    },
    /// A person approves what awaits it, or refuses.
    Resolved {
        /// Which decision.
        decision: DecisionId,
        /// Whether it is to be carried out.
        approved: bool,
        /// Who.
        by: UserId,
    },
    /// A text from outside, to be shown to models as data.
    Told(&'a ExternalText),
}

/// What a strategy wants done. Reused between events, so that a quiet event allocates nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effects {
    /// Wishes, in order.
    pub intents: Vec<Intent>,
    /// Timers to set: which, when.
    pub timers: Vec<(TimerId, Timestamp)>,
    /// Questions to models.
    pub questions: Vec<Question>,
    /// Numbers of questions whose answers are of no use any more.
    pub withdrawn: Vec<u64>,
    /// What is to be recorded of decisions; intents of the same effects follow from the last.
    pub decisions: Vec<DecisionEvent>,
    /// Whether the state must be kept now, although nothing else is wished.
    pub save: bool,
    /// The first gate that refused, when the strategy looked and did nothing.
    pub refused_by: Option<&'static str>,
}

impl Effects {
    /// Empties all lists and keeps their memory.
    pub fn clear(&mut self) {
        self.intents.clear();
        self.timers.clear();
        self.questions.clear();
        self.withdrawn.clear();
        self.decisions.clear();
        self.save = false;
        self.refused_by = None;
    }

    /// Says that the strategy looked and did nothing because of `gate`; the first one counts.
    pub fn refuse(&mut self, gate: &'static str) {
        self.refused_by.get_or_insert(gate);
    }
}

/// What a strategy wants to be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The instruments it trades.
    pub instruments: Vec<InstrumentId>,
    /// The candles it wants, and how many closed ones it needs before its first decision.
    pub candles: Vec<(Timeframe, usize)>,
    /// Whether it wants public trades.
    pub trades: bool,
    /// Whether it wants every change of the best bid and ask.
    pub book_tops: bool,
    /// Whether it wants funding rates.
    pub funding: bool,
}

/// A strategy.
pub trait Strategy {
    /// Returns its type's name, e.g. `grid`.
    fn name(&self) -> &'static str;

    /// Returns what it wants to be told.
    fn subscription(&self) -> Subscription;

    /// Takes in a closed candle of the past, oldest first, before it starts: indicators warm up,
    /// nothing is wished.
    fn warm_up(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle);

    /// When it next does something of its own accord, where it knows better than its timers and
    /// candles.
    fn next_run(&self) -> Option<Timestamp> {
        None
    }

    /// Takes in an event and adds what it wants done to `effects`.
    fn handle(&mut self, event: &StrategyEvent<'_>, view: &WorkerView<'_>, effects: &mut Effects);
}
