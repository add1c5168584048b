//! What the demo model sees: the facts of a prompt, as `banyan_core::prompt` documents them.
//!
//! Reads lines of JSON below known headings and nothing else: prose, the owner's own words and
//! texts from outside do not reach the rules. Decides nothing.

use std::str::FromStr;

use banyan_core::model::{Message, Role};
use banyan_core::prompt::Language;
use rust_decimal::Decimal;
use serde_json::Value;

use super::rules::Direction;

/// The facts of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) language: Language,
    pub(super) equity: Decimal,
    pub(super) available: Decimal,
    pub(super) limits: Limits,
    pub(super) positions: Vec<Held>,
    pub(super) markets: Vec<Market>,
}

/// What the prompt says one must keep to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) max_leverage: u32,
    pub(super) max_positions: u32,
    /// Fractions, as all of these.
    pub(super) max_position_ratio: Decimal,
    pub(super) max_stop_distance: Decimal,
    pub(super) min_confidence: Decimal,
    pub(super) min_reward: Decimal,
}

/// A position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) symbol: String,
    pub(super) direction: Direction,
    pub(super) leverage: Decimal,
    pub(super) notional: Decimal,
    pub(super) minutes: Option<i64>,
}

/// A market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Market {
    pub(super) symbol: String,
    pub(super) price: Decimal,
    pub(super) min_notional: Decimal,
    /// From the shortest timeframe to the longest.
    pub(super) frames: Vec<Frame>,
}

/// Indicators and candles of one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    indicators: Vec<(String, Decimal)>,
    /// High, low and close, oldest first.
    candles: Vec<[Decimal; 3]>,
}

impl Sight {
    /// Reads a conversation: its system prompt, and the first message of the user that shows an
    /// account. What was said after that changes no fact.
    pub(super) fn of(messages: &[Message]) -> Self {
        let system = messages.iter().find(|it| it.role == Role::System);
        let system = system.map_or("", |it| it.content.as_str());
        let users = || messages.iter().filter(|it| it.role == Role::User);
        let prompt = users().find(|it| it.content.contains("## account")).or(users().next());
        let prompt = prompt.map_or("", |it| it.content.as_str());
        let account = facts(first_section(prompt, "account")).pop().unwrap_or_default();
        let constraints = facts(last_section(system, "constraints")).pop().unwrap_or_default();
        Self {
            language: language(first_section(prompt, "tasks")),
            equity: decimal(&account["equity"]).unwrap_or_default(),
            available: decimal(&account["available"]).unwrap_or_default(),
            limits: Limits::of(&constraints),
            positions: facts(first_section(prompt, "positions")).iter().filter_map(held).collect(),
            markets: markets(&facts(first_section(prompt, "markets"))),
        }
    }
}

impl Limits {
    /// What is not said is as careful as usual.
    fn of(facts: &Value) -> Self {
        let fraction = |name: &str| decimal(&facts[name]).map(|it| it / Decimal::ONE_HUNDRED);
        let whole = |name: &str| facts[name].as_u64().and_then(|it| u32::try_from(it).ok());
        Self {
            max_leverage: whole("max_leverage").unwrap_or(1),
            max_positions: whole("max_positions").unwrap_or(1),
            max_position_ratio: fraction("max_position_percent").unwrap_or(Decimal::new(1, 1)),
            max_stop_distance: fraction("max_stop_distance_percent").unwrap_or(Decimal::new(5, 2)),
            min_confidence: decimal(&facts["min_confidence"]).unwrap_or(Decimal::new(6, 1)),
            min_reward: decimal(&facts["min_risk_reward_ratio"]).unwrap_or(Decimal::TWO),
        }
    }
}

/// The text below the first heading of that name, up to the next heading.
fn first_section<'a>(text: &'a str, name: &str) -> &'a str {
    section_at(text, find_heading(text, name))
}

/// The same below the last heading of that name: what stands before it may be the owner's words.
fn last_section<'a>(text: &'a str, name: &str) -> &'a str {
    let mut at = None;
    let mut from = 0;
    while let Some(next) = find_heading(&text[from..], name) {
        from += next;
        at = Some(from);
    }
    section_at(text, at)
}

/// Where the text after a heading begins.
fn find_heading(text: &str, name: &str) -> Option<usize> {
    let heading = format!("## {name}");
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim_end() == heading {
            return Some(at);
        }
    }
    None
}

fn section_at(text: &str, at: Option<usize>) -> &str {
    let rest = at.map_or("", |at| &text[at..]);
    rest.find("\n## ").map_or(rest, |end| &rest[..end])
}

/// The lines that are JSON objects.
fn facts(section: &str) -> Vec<Value> {
    let lines = section.lines().filter(|line| line.starts_with('{'));
    lines.filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// The language of a section that the owner's words do not reach.
fn language(section: &str) -> Language {
    let chinese = section.chars().any(|it| ('\u{4e00}'..='\u{9fff}').contains(&it));
    if chinese { Language::Zh } else { Language::En }
}

fn held(facts: &Value) -> Option<Held> {
    let direction = match facts["side"].as_str()? {
        "long" => Direction::Long,
        "short" => Direction::Short,
        _ => return None,
    };
    Some(Held {
        symbol: facts["symbol"].as_str()?.to_owned(),
        direction,
        leverage: decimal(&facts["leverage"]).unwrap_or(Decimal::ONE),
        notional: decimal(&facts["notional"]).unwrap_or_default(),
        minutes: decimal(&facts["held_minutes"]).and_then(|it| i64::try_from(it).ok()),
    })
}

/// Markets with what their timeframes say, in order.
fn markets(facts: &[Value]) -> Vec<Market> {
    let mut markets: Vec<Market> = Vec::new();
    for line in facts {
        let Some(symbol) = line["symbol"].as_str() else {
            continue;
        };
        if line.get("timeframe").is_some() {
            if let Some(market) = markets.iter_mut().find(|it| it.symbol == symbol) {
                market.frames.push(Frame::of(line));
            }
        } else if let Some(price) = decimal(&line["price"]).filter(|it| *it > Decimal::ZERO) {
            let min_notional = decimal(&line["min_notional"]).unwrap_or_default();
            let (symbol, frames) = (symbol.to_owned(), Vec::new());
            markets.push(Market { symbol, price, min_notional, frames });
        }
    }
    markets
}

impl Frame {
    fn of(facts: &Value) -> Self {
        let indicators = facts["indicators"].as_object().into_iter().flatten();
        let candles = facts["candles"].as_array().into_iter().flatten();
        Self {
            indicators: indicators
                .filter_map(|(name, value)| Some((name.clone(), decimal(value)?)))
                .collect(),
            candles: candles
                .filter_map(|it| Some([decimal(&it[2])?, decimal(&it[3])?, decimal(&it[4])?]))
                .collect(),
        }
    }

    /// Says whether it shows nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.indicators.is_empty() && self.candles.is_empty()
    }

    /// The indicators of a family, e.g. `ema`, from the shortest period to the longest.
    pub(super) fn family(&self, name: &str) -> Vec<(String, Decimal)> {
        let mut found: Vec<_> = self
            .indicators
            .iter()
            .filter_map(|(it, value)| {
                let period: u32 = it.strip_prefix(name)?.strip_prefix('_')?.parse().ok()?;
                Some((period, (it.clone(), *value)))
            })
            .collect();
        found.sort_by_key(|(period, _)| *period);
        found.into_iter().map(|(_, it)| it).collect()
    }

    /// The indicator of exactly that name.
    pub(super) fn named(&self, name: &str) -> Option<(String, Decimal)> {
        self.indicators.iter().find(|(it, _)| it == name).cloned()
    }

    /// How far the last close is from the first one shown.
    pub(super) fn drift(&self) -> Option<Decimal> {
        Some(self.candles.last()?[2] - self.candles.first()?[2])
    }

    /// The mean distance between high and low.
    pub(super) fn mean_range(&self) -> Option<Decimal> {
        let sum: Decimal = self.candles.iter().map(|[high, low, _]| high - low).sum();
        (!self.candles.is_empty()).then(|| sum / Decimal::from(self.candles.len()))
    }
}

/// A number, also where it is written as a text.
fn decimal(value: &Value) -> Option<Decimal> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}
