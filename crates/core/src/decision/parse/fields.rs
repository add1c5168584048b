//! The keys and words of an answer, in all the forms in which models write them.
//!
//! Keys are compared without case and marks, so `Stop-Loss` and `stopLoss` are one. Knows nothing
//! of instruments.

use rust_decimal::Decimal;

use super::value::{Value, plain};
use crate::decision::Action;

pub(super) const DECISIONS: [&str; 6] =
    ["decisions", "decision", "tradingdecisions", "trades", "决策", "交易决策"];
pub(super) const SYMBOL: [&str; 7] =
    ["symbol", "pair", "ticker", "coin", "tradingpair", "交易对", "币种"];
pub(super) const ACTION: [&str; 5] = ["action", "operation", "tradeaction", "操作", "动作"];
pub(super) const LEVERAGE: [&str; 2] = ["leverage", "杠杆"];
pub(super) const SIZE: [&str; 7] = [
    "positionsizeusd",
    "positionsizeusdt",
    "sizeusd",
    "sizeusdt",
    "notionalusd",
    "notional",
    "仓位大小usd",
];
pub(super) const ENTRY: [&str; 3] = ["entryprice", "entry", "入场价"];
pub(super) const STOP: [&str; 5] = ["stoploss", "stoplossprice", "sl", "stop", "止损"];
pub(super) const TARGET: [&str; 5] = ["takeprofit", "takeprofitprice", "tp", "target", "止盈"];
pub(super) const CONFIDENCE: [&str; 3] = ["confidence", "confidencelevel", "信心"];
pub(super) const RISK: [&str; 3] = ["riskusd", "riskusdt", "riskamountusd"];
pub(super) const REASONING: [&str; 6] =
    ["reasoning", "reason", "rationale", "justification", "理由", "原因"];
pub(super) const THOUGHT: [&str; 6] =
    ["chainofthought", "thinking", "thoughtprocess", "analysis", "思维链", "思考过程"];
pub(super) const ASSESSMENT: [&str; 4] =
    ["marketassessment", "marketanalysis", "marketview", "市场评估"];
pub(super) const OVERALL: [&str; 3] = ["overallconfidence", "totalconfidence", "总体信心"];
pub(super) const REVIEW: [&str; 3] = ["nextreviewminutes", "nextreview", "nextreviewinminutes"];

/// What a word asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// A word that says all.
    Plain(Action),
    /// Close whatever is held.
    Close,
    /// Close what was sold, else open by buying.
    Buy,
    /// Close what was bought, else open by selling.
    Sell,
}

/// What a word asks for; `None` for a word that nobody knows. Marks of JSON show that pieces of two
/// decisions have run together.
pub(super) fn wish(word: &str) -> Option<Wish> {
    if word.contains([',', ':', '{', '}', '[', ']', '"']) {
        return None;
    }
    Some(match plain(word).as_str() {
        "openlong" | "long" | "golong" | "enterlong" | "buytoopen" | "buylong" | "longentry"
        | "addlong" | "increaselong" | "开多" | "做多" | "开多仓" | "开多单" | "买多" => {
            Wish::Plain(Action::OpenLong)
        }
        "openshort" | "short" | "goshort" | "entershort" | "selltoopen" | "sellshort"
        | "shortentry" | "addshort" | "increaseshort" | "开空" | "做空" | "开空仓" | "开空单"
        | "卖空" => Wish::Plain(Action::OpenShort),
        "closelong" | "exitlong" | "selltoclose" | "平多" | "平多仓" | "平多单" => {
            Wish::Plain(Action::CloseLong)
        }
        "closeshort" | "exitshort" | "buytoclose" | "buytocover" | "平空" | "平空仓" | "平空单" => {
            Wish::Plain(Action::CloseShort)
        }
        "hold" | "keep" | "holding" | "持有" | "继续持有" | "持仓" => {
            Wish::Plain(Action::Hold)
        }
        "wait" | "none" | "noaction" | "nothing" | "skip" | "notrade" | "stayout" | "观望"
        | "等待" | "不操作" | "空仓观望" => Wish::Plain(Action::Wait),
        "close" | "closeposition" | "closeall" | "exit" | "exitposition" | "平仓" => Wish::Close,
        "buy" | "买入" | "买" => Wish::Buy,
        "sell" | "卖出" | "卖" => Wish::Sell,
        _ => return None,
    })
}

/// A number, whether JSON's or written as text with units and grouped thousands.
pub(super) fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(text) => decimal(text),
        Value::Text(text) => decimal(without_units(&ascii(text))),
        Value::Null | Value::Flag(_) | Value::List(_) | Value::Object(_) => None,
    }
}

/// A share as it was written, and whether it says that it is a percentage.
pub(super) fn share(value: &Value) -> Option<(Decimal, bool)> {
    if let Value::Text(text) = value
        && let Some(percent) = ascii(text).trim().strip_suffix('%')
    {
        return decimal(percent.trim()).map(|it| (it, true));
    }
    number(value).map(|it| (it, false))
}

/// Full-width digits and marks as plain ones.
fn ascii(text: &str) -> String {
    let narrow = |it: char| match u32::from(it) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(it),
        _ => it,
    };
    text.chars().map(narrow).collect()
}

fn without_units(text: &str) -> &str {
    let text = text.trim().trim_start_matches(['$', '¥', '~', '≈']).trim_start();
    let end = text.trim_end_matches(|it: char| it.is_alphabetic() || it.is_whitespace());
    let unit = text[end.len()..].trim().to_ascii_lowercase();
    let is_unit = ["", "usd", "usdt", "usdc", "x", "倍", "min", "minutes", "分钟"];
    if is_unit.contains(&unit.as_str()) { end } else { text }
}

fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    let digits = if text.contains(',') { without_groups(text)? } else { text.to_owned() };
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    let exact = Decimal::from_str_exact(digits).ok();
    exact.or_else(|| Decimal::from_scientific(digits).ok()).map(|it| it.normalize())
}

/// A number without the commas that group its thousands; `None` where they stand anywhere else,
/// because then they may be decimal marks.
fn without_groups(text: &str) -> Option<String> {
    let whole = text.split('.').next().unwrap_or(text);
    let mut groups = whole.trim_start_matches(['-', '+']).split(',');
    let first = groups.next().is_some_and(|it| (1..=3).contains(&it.len()));
    let grouped = first && groups.all(|it| it.len() == 3) && !text[whole.len()..].contains(',');
    grouped.then(|| text.replace(',', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        number(&Value::Text(text.to_owned())).map(|it| it.to_string())
    }

    #[test]
    fn numbers_are_read_in_the_forms_that_people_write() {
        for (text, number) in [
            ("$1,234,567.50", "1234567.5"),
            ("1000 USDT", "1000"),
            ("5x", "5"),
            ("５倍", "5"),
            ("-3.5", "-3.5"),
            ("1e3", "1000"),
            ("≈ 64000", "64000"),
        ] {
            assert_eq!(read(text).as_deref(), Some(number), "{text}");
        }
    }

    #[test]
    fn what_might_be_another_number_is_none() {
        for text in ["1,5", "64.123,50", "1,0000", "64k", "2% below", "", "abc", "1e999"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
