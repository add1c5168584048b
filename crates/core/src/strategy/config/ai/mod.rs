//! The configuration of a strategy in words.

mod checks;
mod limits;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::checks::FieldError;
use super::number;
use crate::decision::ConsensusMode;
use crate::language::Language;
use crate::model::ModelName;
use crate::prompt::{Indicators, PromptMode, PromptSections, PromptSpec, TradingMode};
use crate::risk::RiskLimits;
use crate::time::Timeframe;

/// A strategy in words: one model decides, or several that debate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AiConfig {
    /// What its owner wants, in words; part of every prompt.
    pub prompt: String,
    /// How eager it is.
    pub trading_mode: TradingMode,
    /// The language of the prompt.
    pub language: Language,
    /// Who writes the upper part of the prompt.
    pub prompt_mode: PromptMode,
    /// Texts that replace those of sections, in simple mode.
    pub prompt_sections: PromptSections,
    /// The upper part of the prompt, in advanced mode.
    pub advanced_prompt: String,
    /// What it may trade, 1 to 20 symbols.
    pub symbols: Vec<String>,
    /// The candles that the model sees, 1 to 6 timeframes.
    pub timeframes: Vec<Timeframe>,
    /// The indicators that the model sees.
    pub indicators: Indicators,
    /// Limits; what is not said is as for all strategies in words.
    pub risk_controls: RiskControls,
    /// The model that decides; `None` for a debate.
    pub ai_model: Option<ModelName>,
    /// The model that is asked when another cannot answer.
    pub fallback_model: Option<ModelName>,
    /// The debate; `None` when one model decides.
    pub debate: Option<DebateConfig>,
    /// Minutes between two cycles, 1 to 43,200.
    pub interval_minutes: u32,
    /// Bounds in minutes of what a model may ask for as its next review; 1 to 43,200.
    pub min_review_minutes: u32,
    /// See `min_review_minutes`.
    pub max_review_minutes: u32,
    /// What begins a cycle before its time.
    pub events: EventTriggers,
    /// Whether decisions are carried out at once; otherwise a person approves them.
    pub auto_execute: bool,
    /// Minutes that an approval is waited for, 1 to 1,440.
    pub approval_minutes: u32,
    /// How far the price may have moved at an approval, in percent, 0.01 to 20.
    #[serde(with = "number")]
    pub approval_band_percent: Decimal,
    /// Seconds that a cycle may take, 5 to 600.
    pub cycle_seconds: u32,
    /// Most tokens of an answer, 256 to 32,768.
    pub max_answer_tokens: u32,
    /// Most tokens of reasoning beside it, 0 to 131,072.
    pub max_reasoning_tokens: u32,
    /// Randomness, 0 to 2; `None` leaves it to the model.
    #[serde(with = "number::optional")]
    pub temperature: Option<Decimal>,
    /// Failed cycles in a row after which nothing is entered, 1 to 100.
    pub safe_mode_after: u32,
    /// Share of contradicted numbers above which entries are refused, in percent, 0 to 100.
    #[serde(with = "number")]
    pub veto_percent: Decimal,
    /// Whether decisions that text from outside took part in may enter.
    pub allow_tainted_entries: bool,
}

impl Default for AiConfig {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            trading_mode: TradingMode::default(),
            language: Language::default(),
            prompt_mode: PromptMode::default(),
            prompt_sections: PromptSections::default(),
            advanced_prompt: String::new(),
            symbols: Vec::new(),
            timeframes: vec![Timeframe::FifteenMinutes, Timeframe::OneHour, Timeframe::FourHours],
            indicators: Indicators::default(),
            risk_controls: RiskControls::default(),
            ai_model: None,
            fallback_model: None,
            debate: None,
            interval_minutes: 15,
            min_review_minutes: 5,
            max_review_minutes: 1_440,
            events: EventTriggers::default(),
            auto_execute: true,
            approval_minutes: 15,
            approval_band_percent: Decimal::ONE,
            cycle_seconds: 120,
            max_answer_tokens: 4_096,
            max_reasoning_tokens: 8_192,
            temperature: None,
            safe_mode_after: 3,
            veto_percent: Decimal::from(50),
            allow_tainted_entries: false,
        }
    }
}

/// Several models that debate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DebateConfig {
    /// Who takes part, 2 to 5 models.
    pub models: Vec<ModelName>,
    /// How votes are counted.
    pub consensus_mode: ConsensusMode,
    /// How many must have answered, 2 to the number of models.
    pub min_participants: u32,
    /// Whether each sees what the others say, and answers again.
    pub rebuttal: bool,
    /// Seconds that each model has for each round, 5 to 300.
    pub timeout_seconds: u32,
}

impl Default for DebateConfig {
    fn default() -> Self {
        Self {
            models: Vec::new(),
            consensus_mode: ConsensusMode::default(),
            min_participants: 2,
            rebuttal: false,
            timeout_seconds: 60,
        }
    }
}

/// What begins a cycle before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventTriggers {
    /// A move since the last cycle of so many percent, 0.1 to 50; zero for never.
    #[serde(with = "number")]
    pub volatility_percent: Decimal,
    /// A fill of one of its orders.
    pub on_fill: bool,
    /// A stop that is so many percent of the price away, 0.01 to 10; zero for never.
    #[serde(with = "number")]
    pub stop_near_percent: Decimal,
    /// Minutes between two cycles at least, however many events there are; 1 to 1,440.
    pub cooldown_minutes: u32,
}

impl Default for EventTriggers {
    fn default() -> Self {
        Self {
            volatility_percent: Decimal::from(3),
            on_fill: true,
            stop_near_percent: Decimal::ZERO,
            cooldown_minutes: 5,
        }
    }
}

/// Limits as their owner writes them; what is `None` is as for all strategies in words. Shares are
/// fractions: 0.2 is 20 %.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "each is the limit of the same name in `RiskLimits`")]
pub struct RiskControls {
    pub max_leverage: Option<u32>,
    #[serde(with = "number::optional")]
    pub max_position_ratio: Option<Decimal>,
    #[serde(with = "number::optional")]
    pub max_total_exposure: Option<Decimal>,
    #[serde(with = "number::optional")]
    pub min_risk_reward_ratio: Option<Decimal>,
    /// Also written `max_drawdown_percent`.
    #[serde(alias = "max_drawdown_percent", with = "number::optional")]
    pub max_drawdown: Option<Decimal>,
    #[serde(with = "number::optional")]
    pub max_daily_loss: Option<Decimal>,
    /// 0 to 1, or 1 to 100.
    #[serde(with = "number::optional")]
    pub min_confidence: Option<Decimal>,
    /// Also written `default_sl_atr_multiplier`.
    #[serde(alias = "default_sl_atr_multiplier", with = "number::optional")]
    pub default_stop_loss_atr: Option<Decimal>,
    /// Also written `default_tp_atr_multiplier`.
    #[serde(alias = "default_tp_atr_multiplier", with = "number::optional")]
    pub default_take_profit_atr: Option<Decimal>,
    /// Also written `max_sl_percent`.
    #[serde(alias = "max_sl_percent", with = "number::optional")]
    pub max_stop_distance: Option<Decimal>,
    pub max_positions: Option<u32>,
    #[serde(with = "number::optional")]
    pub max_order_notional: Option<Decimal>,
}

impl AiConfig {
    /// Checks every bound.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        checks::check(self)
    }

    /// The limits that the account reviews its wishes by: those for all strategies in words, with
    /// what the owner says in their place. What cannot be held is the nearest that can, so that
    /// `validate` finds it.
    #[must_use]
    pub fn limits(&self) -> RiskLimits {
        self.risk_controls.over(&RiskLimits::default())
    }

    /// What its prompts are made of.
    #[must_use]
    pub fn prompt_spec<'a>(&'a self, limits: &'a RiskLimits) -> PromptSpec<'a> {
        PromptSpec {
            language: self.language,
            mode: self.prompt_mode,
            trading_mode: self.trading_mode,
            prompt: &self.prompt,
            sections: &self.prompt_sections,
            advanced_prompt: &self.advanced_prompt,
            symbols: &self.symbols,
            timeframes: &self.timeframes,
            interval_minutes: self.interval_minutes,
            review_minutes: (self.min_review_minutes, self.max_review_minutes),
            limits,
        }
    }
}
