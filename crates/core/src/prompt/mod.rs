//! Prompts: what a model is told, as a pure function of a specification and a snapshot.
//!
//! Sections come in a stable order, those that never change first, so that caches of providers
//! hit. Knows no model, no network and no clock.

mod spec;

pub use spec::{
    AtrSettings, BollingerSettings, EmaSettings, Indicators, Language, MacdSettings,
    PeriodSettings, PromptMode, PromptSections, TradingMode,
};
