//! Facts as models and programs read them: one JSON object in one line.
//!
//! Numbers are written digit by digit, as no float is in between. Texts cannot leave their quotes
//! or their line, and characters that nobody sees are written by their number.

use rust_decimal::Decimal;

use crate::money::{Amount, Rate};
use crate::time::Timestamp;

/// A JSON object in the making.
#[derive(Default)]
pub(super) struct Facts(String);

impl Facts {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds what is JSON already.
    pub(super) fn raw(mut self, key: &str, json: &str) -> Self {
        self.0.push_str(if self.0.is_empty() { "" } else { "," });
        self.0.push_str(&quoted(key));
        self.0.push(':');
        self.0.push_str(json);
        self
    }

    pub(super) fn text(self, key: &str, text: &str) -> Self {
        self.raw(key, &quoted(text))
    }

    pub(super) fn number(self, key: &str, number: impl Into<Decimal>) -> Self {
        self.raw(key, &number.into().normalize().to_string())
    }

    pub(super) fn number_or_null(self, key: &str, number: Option<Decimal>) -> Self {
        match number {
            Some(number) => self.number(key, number),
            None => self.raw(key, "null"),
        }
    }

    pub(super) fn amount(self, key: &str, amount: Amount) -> Self {
        self.number(key, amount.to_decimal())
    }

    /// Adds a rate as it is: 0.2 for 20 %.
    pub(super) fn rate(self, key: &str, rate: Rate) -> Self {
        self.number(key, rate.to_decimal())
    }

    /// Adds a rate in percent: 20 for 20 %.
    pub(super) fn percent(self, key: &str, rate: Rate) -> Self {
        self.number(key, percent(rate))
    }

    pub(super) fn percent_or_null(self, key: &str, rate: Option<Rate>) -> Self {
        self.number_or_null(key, rate.map(percent))
    }

    pub(super) fn time(self, key: &str, time: Timestamp) -> Self {
        self.raw(key, &moment(time))
    }

    pub(super) fn time_or_null(self, key: &str, time: Option<Timestamp>) -> Self {
        match time {
            Some(time) => self.time(key, time),
            None => self.raw(key, "null"),
        }
    }

    /// The whole line.
    pub(super) fn line(self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// A JSON list of what is JSON already.
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<_> = items.into_iter().collect();
    format!("[{}]", items.join(","))
}

/// A moment as a JSON text; whole seconds, as most are, without their zeros.
pub(super) fn moment(time: Timestamp) -> String {
    quoted(&time.to_string().replace(".000Z", "Z"))
}

/// A JSON text.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            hidden if is_hidden(hidden) => {
                let units = &mut [0; 2];
                for unit in hidden.encode_utf16(units) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
            shown => quoted.push(shown),
        }
    }
    quoted.push('"');
    quoted
}

/// Controls, breaks of lines and of writing direction, and characters without a width, tags among
/// them: what a reader does not see, a model might obey.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

fn percent(rate: Rate) -> Decimal {
    rate.to_decimal() * Decimal::ONE_HUNDRED
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_written_digit_by_digit() {
        let line = Facts::new()
            .number("price", Decimal::new(6_412_350_000, 5))
            .amount("money", Amount(12_345_678_901_234_567_890))
            .percent("percent", Rate(123_456_789))
            .number_or_null("none", None)
            .line();
        let expected =
            r#"{"price":64123.5,"money":123456789012.3456789,"percent":1.23456789,"none":null}"#;
        assert_eq!(line, expected);
    }

    proptest! {
        #[test]
        fn any_text_stays_one_line_and_reads_back(text in any::<String>()) {
            let line = Facts::new().text("text", &text).line();
            prop_assert!(!line.chars().any(is_hidden));
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(read["text"].as_str(), Some(text.as_str()));
        }
    }
}
