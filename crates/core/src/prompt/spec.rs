//! What a person may say about a prompt.

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::risk::RiskLimits;
use crate::time::Timeframe;

/// How eager a strategy is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingMode {
    /// Few trades, small.
    Conservative,
    /// Between the two.
    #[default]
    Balanced,
    /// Many trades, large.
    Aggressive,
}

/// Who writes the part of the prompt above the constraints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptMode {
    /// Sections, with the user's own words as one of them.
    #[default]
    Simple,
    /// One text of the user instead of all sections.
    Advanced,
}

/// Texts of the user that replace those of the sections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromptSections {
    /// Who the model is.
    pub role_definition: Option<String>,
    /// How often to trade.
    pub trading_frequency: Option<String>,
    /// When to enter.
    pub entry_standards: Option<String>,
    /// How to decide.
    pub decision_process: Option<String>,
}

/// Everything that a prompt is made of, besides what is known at the moment.
#[derive(Debug, Clone, Copy)]
pub struct PromptSpec<'a> {
    /// Of all texts of ours.
    pub language: Language,
    /// Who writes the upper part.
    pub mode: PromptMode,
    /// How eager the strategy is.
    pub trading_mode: TradingMode,
    /// What its owner wants; always part of the prompt.
    pub prompt: &'a str,
    /// Texts that replace ours, in simple mode.
    pub sections: &'a PromptSections,
    /// The upper part, in advanced mode.
    pub advanced_prompt: &'a str,
    /// What may be traded, as its owner writes it.
    pub symbols: &'a [String],
    /// The candles that are shown.
    pub timeframes: &'a [Timeframe],
    /// Minutes between two cycles.
    pub interval_minutes: u32,
    /// Bounds in minutes of the next review.
    pub review_minutes: (u32, u32),
    /// What code enforces.
    pub limits: &'a RiskLimits,
}
