//! Finds numbers in a text that stand right behind the name of what they tell.
//!
//! A number counts only when nothing but words like "is" or "around" stands between: "RSI 55" and
//! "RSI is at 55" are claims, "RSI above 50" and "RSI between 30 and 70" are none. Knows no data.

use rust_decimal::Decimal;

use crate::symbol::Symbol;

/// How much of a text is looked at, in bytes.
const LONGEST: usize = 65_536;
/// How many citations of a text count.
const MOST: usize = 200;
/// How many words may stand between a name and its number.
const MOST_FILLERS: usize = 6;

/// What a number is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Price,
    Rsi,
    Ema,
    Macd,
    Atr,
    Funding,
    Equity,
    Available,
    Entry,
    Stop,
    Liquidation,
    Size,
}

impl Topic {
    /// Says whether it is about a position, and so perhaps about one that is only proposed.
    pub(super) const fn is_of_position(self) -> bool {
        matches!(self, Self::Entry | Self::Stop | Self::Liquidation | Self::Size)
    }

    const fn has_period(self) -> bool {
        matches!(self, Self::Rsi | Self::Ema | Self::Atr)
    }

    const fn has_sign(self) -> bool {
        matches!(self, Self::Macd | Self::Funding)
    }
}

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: Decimal,
    pub(super) percent: bool,
    /// Half a unit of its last digit.
    pub(super) slack: Decimal,
}

/// A number that is said of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Citation {
    pub(super) topic: Topic,
    /// Which average, e.g. 9 in "EMA9".
    pub(super) period: Option<u32>,
    pub(super) number: Number,
    /// About which market; `None` when none was named before.
    pub(super) symbol: Option<Symbol>,
}

/// Names of topics; a longer one stands before those it begins with.
const NAMES: [(&str, Topic); 34] = [
    ("current price", Topic::Price),
    ("mark price", Topic::Price),
    ("last price", Topic::Price),
    ("entry price", Topic::Entry),
    ("entered at", Topic::Entry),
    ("entry", Topic::Entry),
    ("liquidation price", Topic::Liquidation),
    ("liquidation", Topic::Liquidation),
    ("stop loss", Topic::Stop),
    ("stop-loss", Topic::Stop),
    ("stop_loss", Topic::Stop),
    ("stop", Topic::Stop),
    ("position size", Topic::Size),
    ("funding rate", Topic::Funding),
    ("funding", Topic::Funding),
    ("account equity", Topic::Equity),
    ("equity", Topic::Equity),
    ("available balance", Topic::Available),
    ("price", Topic::Price),
    ("rsi", Topic::Rsi),
    ("ema", Topic::Ema),
    ("macd", Topic::Macd),
    ("atr", Topic::Atr),
    ("当前价格", Topic::Price),
    ("现价", Topic::Price),
    ("入场价", Topic::Entry),
    ("开仓价", Topic::Entry),
    ("强平价", Topic::Liquidation),
    ("止损", Topic::Stop),
    ("资金费率", Topic::Funding),
    ("账户权益", Topic::Equity),
    ("可用余额", Topic::Available),
    ("持仓量", Topic::Size),
    ("价格", Topic::Price),
];

/// Words between a name and its number, timeframes included.
const FILLERS: [&str; 41] = [
    "approximately",
    "currently",
    "timeframe",
    "roughly",
    "reading",
    "around",
    "stands",
    "value",
    "about",
    "chart",
    "reads",
    "near",
    "sits",
    "the",
    "for",
    "now",
    "is",
    "at",
    "of",
    "on",
    "15m",
    "30m",
    "1m",
    "5m",
    "1h",
    "4h",
    "1d",
    "小时",
    "当前",
    "目前",
    "处于",
    "位于",
    "大约",
    "为",
    "是",
    "约",
    "在",
    "值",
    "格",
    "率",
    "线",
];

/// Every citation of a text. `about` is what the text as a whole is about; otherwise it is the
/// market that was named last.
pub(super) fn citations(text: &str, markets: &[&Symbol], about: Option<&Symbol>) -> Vec<Citation> {
    let lower = shortened(text).to_lowercase();
    let mut named = about.cloned();
    let mut found = Vec::new();
    let (mut at, mut before) = (0, ' ');
    while let Some(next) = lower[at..].chars().next().filter(|_| found.len() < MOST) {
        let rest = &lower[at..];
        let mut length = next.len_utf8();
        if !before.is_ascii_alphanumeric() {
            if about.is_none() {
                named = market_at(rest, markets).or(named);
            }
            if let Some((name, topic)) = topic_at(rest) {
                length = name.len();
                let said = number_after(&rest[length..], topic);
                found.extend(said.map(|(period, number)| Citation {
                    topic,
                    period,
                    number,
                    symbol: named.clone(),
                }));
            }
        }
        before = rest[..length].chars().next_back().unwrap_or(next);
        at += length;
    }
    found
}

fn shortened(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|it| text.is_char_boundary(*it));
    &text[..end.unwrap_or(0)]
}

fn topic_at(rest: &str) -> Option<(&'static str, Topic)> {
    let is_here = |name: &str| {
        let letter = |it: char| it.is_ascii_alphabetic();
        rest.strip_prefix(name).is_some_and(|after| !name.is_ascii() || !after.starts_with(letter))
    };
    NAMES.into_iter().find(|(name, _)| is_here(name))
}

/// The market that is named here, by its base asset or by a pair.
fn market_at(rest: &str, markets: &[&Symbol]) -> Option<Symbol> {
    let is_here = |symbol: &Symbol| {
        let after = rest.strip_prefix(symbol.base().as_str().to_ascii_lowercase().as_str());
        after.is_some_and(|after| {
            !after.starts_with(|it: char| it.is_ascii_alphanumeric())
                || after.starts_with(symbol.quote().as_str().to_ascii_lowercase().as_str())
        })
    };
    markets.iter().find(|it| is_here(it)).map(|it| (*it).clone())
}

/// The number that is said of a topic, and its period.
fn number_after(rest: &str, topic: Topic) -> Option<(Option<u32>, Number)> {
    let (period, rest) = if topic.has_period() { period(rest) } else { (None, rest) };
    if topic == Topic::Ema && period.is_none() {
        return None;
    }
    let mut rest = rest;
    for _ in 0..=MOST_FILLERS {
        rest = rest.trim_start_matches(|it: char| it.is_whitespace() || is_mark(it));
        if !topic.has_sign() {
            rest = rest.trim_start_matches(['-', '–']);
        }
        match filler(rest) {
            Some(after) => rest = after,
            None => return number(rest).map(|it| (period, it)),
        }
    }
    None
}

fn is_mark(it: char) -> bool {
    ":=()~≈$¥*`|：（）＝_".contains(it)
}

fn filler(rest: &str) -> Option<&str> {
    FILLERS.iter().find_map(|word| {
        let after = rest.strip_prefix(word)?;
        let goes_on = word.is_ascii() && after.starts_with(|it: char| it.is_ascii_alphanumeric());
        (!goes_on).then_some(after)
    })
}

/// A whole number right behind a name, as in "RSI14" or "EMA (9)", is a period when another number
/// may follow it: when it touches the name, or stands in brackets.
fn period(rest: &str) -> (Option<u32>, &str) {
    let inside = rest.trim_start_matches([' ', '(', '（', '_', '-']);
    let digits = inside.len() - inside.trim_start_matches(|it: char| it.is_ascii_digit()).len();
    let after = &inside[digits..];
    let touches =
        inside.len() == rest.len() || rest.trim_start().starts_with(['(', '（', '_', '-']);
    let stated = inside[..digits].parse().ok().filter(|it| *it <= 500);
    let goes_on = after.starts_with(['.', ',', '%']) && !after.starts_with(". ");
    match stated {
        Some(period) if !goes_on && (touches || followed_by_number(after)) => (Some(period), after),
        _ => (None, rest),
    }
}

/// Says whether a number follows after nothing but fillers.
fn followed_by_number(rest: &str) -> bool {
    let mut rest = rest;
    for _ in 0..=MOST_FILLERS {
        rest = rest.trim_start_matches(|it: char| it.is_whitespace() || is_mark(it));
        match filler(rest) {
            Some(after) => rest = after,
            None => return number(rest).is_some(),
        }
    }
    false
}

/// The number that begins here; `None` for one that begins a range or belongs to a word.
fn number(rest: &str) -> Option<Number> {
    let unsigned = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let length = length_of_number(unsigned);
    let digits = unsigned[..length].replace(',', "");
    let magnitude = Decimal::from_str_exact(&digits).ok()?;
    let (factor, percent, after) = unit(&unsigned[length..]);
    let glued = after.starts_with(|it: char| it.is_ascii_alphanumeric());
    if glued || begins_range(after) {
        return None;
    }
    let value = magnitude.checked_mul(factor)?;
    let slack = Decimal::new(5, magnitude.scale() + 1).checked_mul(factor)?;
    let value = if rest.starts_with('-') { -value } else { value };
    Some(Number { value, percent, slack })
}

/// Digits, with commas between thousands and a decimal point.
fn length_of_number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut at = 0;
    while digit(at) || (at > 0 && bytes.get(at) == Some(&b',') && is_group(text, at + 1)) {
        at += 1;
    }
    if at > 0 && bytes.get(at) == Some(&b'.') && digit(at + 1) {
        at += 1;
        while digit(at) {
            at += 1;
        }
    }
    at
}

fn is_group(text: &str, at: usize) -> bool {
    let digits = text.as_bytes()[at.min(text.len())..].iter().take_while(|it| it.is_ascii_digit());
    digits.count() == 3
}

/// What multiplies a number, whether it is a percentage, and what follows.
fn unit(rest: &str) -> (Decimal, bool, &str) {
    if let Some(after) = rest.strip_prefix('万') {
        return (Decimal::from(10_000), false, after);
    }
    match rest.strip_prefix('k') {
        Some(after) if !after.starts_with(|it: char| it.is_ascii_alphanumeric()) => {
            (Decimal::from(1_000), false, after)
        }
        _ => match rest.trim_start().strip_prefix(['%', '％']) {
            Some(after) => (Decimal::ONE, true, after),
            None => (Decimal::ONE, false, rest),
        },
    }
}

fn begins_range(after: &str) -> bool {
    let after = after.trim_start();
    let digit = |text: &str| {
        text.trim_start_matches([' ', '$']).starts_with(|it: char| it.is_ascii_digit())
    };
    let marks = ["-", "–", "—", "~", "/", "to ", "and ", "至", "到"];
    marks.iter().any(|mark| after.strip_prefix(mark).is_some_and(digit))
}
