//! The bounds of a strategy in words.
//!
//! Fields of parts are named with their way from the top, e.g. `risk_controls.max_leverage`.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::checks::{Checks, FieldError};
use super::{AiConfig, DebateConfig, EventTriggers};
use crate::money::Amount;
use crate::prompt::PromptMode;
use crate::risk::RiskLimits;

/// Characters of the longest text of an owner.
const LONGEST_TEXT: usize = 20_000;
/// Characters of the longest name of a symbol.
const LONGEST_SYMBOL: usize = 50;
/// Minutes of 30 days.
const LONGEST_PAUSE: u32 = 43_200;
/// Candles of the longest average.
const LONGEST_PERIOD: u32 = 500;
/// One hundredth.
const HUNDREDTH: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// One tenth.
const TENTH: Decimal = Decimal::from_parts(1, 0, 0, false, 1);
/// One half.
const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// Checks all bounds.
pub(super) fn check(config: &AiConfig) -> Result<(), Vec<FieldError>> {
    let mut checks = Checks::default();
    check_words(config, &mut checks);
    check_markets(config, &mut checks);
    check_averages(config, &mut checks);
    check_other_indicators(config, &mut checks);
    check_models(config, &mut checks);
    check_schedule(config, &mut checks);
    check_events(&config.events, &mut checks);
    check_calls(config, &mut checks);
    check_limits(config, &mut checks);
    checks.finish()
}

/// Every text that an owner may write, with its name.
fn texts(config: &AiConfig) -> [(&'static str, &str); 6] {
    let sections = &config.prompt_sections;
    [
        ("prompt", &config.prompt),
        ("advanced_prompt", &config.advanced_prompt),
        ("prompt_sections.role_definition", shown(&sections.role_definition)),
        ("prompt_sections.trading_frequency", shown(&sections.trading_frequency)),
        ("prompt_sections.entry_standards", shown(&sections.entry_standards)),
        ("prompt_sections.decision_process", shown(&sections.decision_process)),
    ]
}

fn shown(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// A model must be told what its owner wants.
fn check_words(config: &AiConfig, checks: &mut Checks) {
    let texts = texts(config);
    for (field, text) in texts {
        let fits = text.chars().count() <= LONGEST_TEXT;
        checks.require(fits, field, "must have at most 20000 characters");
    }
    let written = |(_, text): &(&str, &str)| !text.trim().is_empty();
    match config.prompt_mode {
        PromptMode::Simple => {
            let any = texts.iter().filter(|it| it.0 != "advanced_prompt").any(written);
            checks.require(any, "prompt", "must say what is wanted, here or in prompt_sections");
        }
        PromptMode::Advanced => {
            let any = !config.advanced_prompt.trim().is_empty();
            checks.require(any, "advanced_prompt", "must be written in advanced mode");
        }
    }
}

fn check_markets(config: &AiConfig, checks: &mut Checks) {
    let symbols = &config.symbols;
    checks.require((1..=20).contains(&symbols.len()), "symbols", "must be 1 to 20 symbols");
    let names: BTreeSet<_> = symbols.iter().map(|it| it.trim().to_ascii_uppercase()).collect();
    checks.require(names.len() == symbols.len(), "symbols", "must name each symbol once");
    let plain = |name: &String| {
        (1..=LONGEST_SYMBOL).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_graphic())
    };
    checks.require(names.iter().all(plain), "symbols", "must be symbols such as BTC/USDT:USDT");
    let timeframes = &config.timeframes;
    let fits = (1..=6).contains(&timeframes.len());
    checks.require(fits, "timeframes", "must be 1 to 6 timeframes");
    let once: BTreeSet<_> = timeframes.iter().collect();
    checks.require(once.len() == timeframes.len(), "timeframes", "must name each timeframe once");
}

fn check_averages(config: &AiConfig, checks: &mut Checks) {
    let (ema, macd) = (&config.indicators.ema, &config.indicators.macd);
    if ema.enabled {
        let (short, long) = ("indicators.ema.short_period", "indicators.ema.long_period");
        checks.within(short, ema.short_period, 2, LONGEST_PERIOD);
        checks.within(long, ema.long_period, 3, LONGEST_PERIOD);
        let ordered = ema.short_period < ema.long_period;
        checks.require(ordered, short, "must be below long_period");
        if let Some(longest) = ema.longest_period {
            let field = "indicators.ema.longest_period";
            checks.within(field, longest, 4, LONGEST_PERIOD);
            checks.require(longest > ema.long_period, field, "must be above long_period");
        }
    }
    if macd.enabled {
        checks.within("indicators.macd.fast", macd.fast, 2, LONGEST_PERIOD);
        checks.within("indicators.macd.slow", macd.slow, 3, LONGEST_PERIOD);
        checks.within("indicators.macd.signal", macd.signal, 1, 100);
        checks.require(macd.fast < macd.slow, "indicators.macd.fast", "must be below slow");
    }
}

fn check_other_indicators(config: &AiConfig, checks: &mut Checks) {
    let indicators = &config.indicators;
    if indicators.rsi.enabled {
        checks.within("indicators.rsi.period", indicators.rsi.period, 2, 100);
    }
    if indicators.atr.enabled {
        checks.within("indicators.atr.period", indicators.atr.period, 1, 100);
    }
    if indicators.bollinger.enabled {
        let period = indicators.bollinger.period;
        checks.within("indicators.bollinger.period", period, 2, LONGEST_PERIOD);
    }
}

fn check_models(config: &AiConfig, checks: &mut Checks) {
    match (&config.ai_model, &config.debate) {
        (None, None) => checks.require(false, "ai_model", "must name a model, or models debate"),
        (Some(_), Some(_)) => {
            checks.require(false, "ai_model", "must be left out where several models debate");
        }
        (Some(_), None) => {}
        (None, Some(debate)) => check_debate(debate, checks),
    }
    let another = config.fallback_model.is_none() || config.fallback_model != config.ai_model;
    checks.require(another, "fallback_model", "must be another model");
}

fn check_debate(debate: &DebateConfig, checks: &mut Checks) {
    let models = &debate.models;
    let count = u32::try_from(models.len()).unwrap_or(u32::MAX);
    checks.require((2..=5).contains(&count), "debate.models", "must be 2 to 5 models");
    let once: BTreeSet<_> = models.iter().collect();
    checks.require(once.len() == models.len(), "debate.models", "must name each model once");
    checks.within("debate.min_participants", debate.min_participants, 2, count.clamp(2, 5));
    checks.within("debate.timeout_seconds", debate.timeout_seconds, 5, 300);
}

fn check_schedule(config: &AiConfig, checks: &mut Checks) {
    let (least, most) = (config.min_review_minutes, config.max_review_minutes);
    checks.within("interval_minutes", config.interval_minutes, 1, LONGEST_PAUSE);
    checks.within("min_review_minutes", least, 1, LONGEST_PAUSE);
    checks.within("max_review_minutes", most, 1, LONGEST_PAUSE);
    checks.require(least <= most, "min_review_minutes", "must not be above max_review_minutes");
    checks.within("approval_minutes", config.approval_minutes, 1, 1_440);
    checks.percent("approval_band_percent", config.approval_band_percent, HUNDREDTH, 20);
    checks.within("cycle_seconds", config.cycle_seconds, 5, 600);
}

fn check_events(events: &EventTriggers, checks: &mut Checks) {
    let (move_percent, stop_percent) = (events.volatility_percent, events.stop_near_percent);
    checks.percent_or_zero("events.volatility_percent", move_percent, TENTH, 50);
    checks.percent_or_zero("events.stop_near_percent", stop_percent, HUNDREDTH, 10);
    checks.within("events.cooldown_minutes", events.cooldown_minutes, 1, 1_440);
}

fn check_calls(config: &AiConfig, checks: &mut Checks) {
    checks.within("max_answer_tokens", config.max_answer_tokens, 256, 32_768);
    checks.within("max_reasoning_tokens", config.max_reasoning_tokens, 0, 131_072);
    if let Some(temperature) = config.temperature {
        checks.percent("temperature", temperature, Decimal::ZERO, 2);
    }
    checks.within("safe_mode_after", config.safe_mode_after, 1, 100);
    checks.percent("veto_percent", config.veto_percent, Decimal::ZERO, 100);
}

/// What the review of wishes accepts, and the two distances that it takes as they are.
fn check_limits(config: &AiConfig, checks: &mut Checks) {
    let controls = &config.risk_controls;
    if let Some(ranges) = controls.default_stop_loss_atr {
        checks.within("risk_controls.default_stop_loss_atr", ranges, HALF, 5);
    }
    if let Some(ranges) = controls.default_take_profit_atr {
        checks.within("risk_controls.default_take_profit_atr", ranges, 1, 10);
    }
    if let Some(value) = controls.max_order_notional {
        checks.amount("risk_controls.max_order_notional", value);
    }
    // Amounts were looked at above.
    let limits = RiskLimits { max_order_notional: Amount::from_units(1), ..config.limits() };
    for error in limits.validate().err().unwrap_or_default() {
        let message = format!("must be {}", error.expected);
        checks.require(false, written_name(error.field), &message);
    }
}

/// How a limit is named by its owner.
fn written_name(limit: &str) -> &'static str {
    match limit {
        "max_leverage" => "risk_controls.max_leverage",
        "max_position_ratio" => "risk_controls.max_position_ratio",
        "max_total_exposure" => "risk_controls.max_total_exposure",
        "min_risk_reward_ratio" => "risk_controls.min_risk_reward_ratio",
        "max_drawdown" => "risk_controls.max_drawdown",
        "max_daily_loss" => "risk_controls.max_daily_loss",
        "min_confidence" => "risk_controls.min_confidence",
        "max_stop_distance" => "risk_controls.max_stop_distance",
        "max_positions" => "risk_controls.max_positions",
        _ => "risk_controls",
    }
}
