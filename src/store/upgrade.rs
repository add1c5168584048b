//! Reading records of earlier layouts: each step brings a payload from one version to the next.
//!
//! Old rows are never rewritten; they are read anew in today's layout. A record of a later version
//! is refused: what it says is not known here.

use banyan_core::ids::ClientOrderId;
use banyan_core::journal::{RECORD_VERSION, Record};
use serde_json::Value;

/// Reads the payload of a record that was written in `version`.
pub(super) fn read_record(version: i64, payload: &str) -> Result<Record, String> {
    let known = i64::from(RECORD_VERSION);
    let record = match version {
        _ if version == known => serde_json::from_str(payload),
        1 => serde_json::from_value(from_version_1(payload)?),
        _ if version > known => {
            return Err(format!(
                "a later version of Banyan wrote it: layout {version}, {known} is known"
            ));
        }
        _ => return Err(format!("there never was a layout {version}")),
    };
    record.map_err(|error| error.to_string())
}

/// Amounts in version 1 were numbers, under these names.
const AMOUNTS: [&str; 14] = [
    "amount",
    "capital",
    "cost",
    "day_start",
    "equity",
    "fee",
    "high_water",
    "maintenance_deduction",
    "max_order_notional",
    "min_notional",
    "notional",
    "notional_floor",
    "realized",
    "value",
];

/// Version 2 writes what is wider than 64 bits as text, bytes in hexadecimal, and keeps the arming
/// of an account in records of its own.
fn from_version_1(payload: &str) -> Result<Value, String> {
    let text = quote_wide_numbers(payload);
    let mut record: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    record["version"] = Value::from(2);
    each_field(&mut record, &mut |key, value| match key {
        "client_id" => to_hexadecimal_id(value),
        "state" => to_hexadecimal_bytes(value),
        _ if AMOUNTS.contains(&key) => to_text(value),
        _ => {}
    });
    let settings = record.pointer_mut("/event/account_opened").and_then(Value::as_object_mut);
    settings.map(|settings| settings.remove("armed"));
    Ok(record)
}

/// Puts whole numbers that do not fit into 64 bits in quotes; a reader of JSON would make them
/// floats and lose digits.
fn quote_wide_numbers(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 16);
    let (mut within_text, mut escaped, mut rest) = (false, false, text);
    while let Some(character) = rest.chars().next() {
        let number = if within_text { "" } else { leading_number(rest) };
        let fits = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
        let whole = number.parse::<i128>().is_ok() || number.parse::<u128>().is_ok();
        if whole && !fits {
            quoted.extend(["\"", number, "\""]);
        } else if number.is_empty() {
            quoted.push(character);
            within_text ^= character == '"' && !escaped;
            escaped = within_text && character == '\\' && !escaped;
        } else {
            quoted.push_str(number);
        }
        let taken = if number.is_empty() { character.len_utf8() } else { number.len() };
        rest = &rest[taken..];
    }
    quoted
}

/// The number that a text begins with, or nothing.
fn leading_number(text: &str) -> &str {
    let end = text.find(|it: char| !(it.is_ascii_digit() || "+-.eE".contains(it)));
    let number = &text[..end.unwrap_or(text.len())];
    let begins = number.starts_with(|it: char| it.is_ascii_digit() || it == '-');
    if begins { number } else { "" }
}

fn each_field(value: &mut Value, change: &mut dyn FnMut(&str, &mut Value)) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                change(key, value);
                each_field(value, change);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| each_field(item, change)),
        _ => {}
    }
}

fn to_text(value: &mut Value) {
    if let Value::Number(number) = value {
        *value = Value::from(number.to_string());
    }
}

fn to_hexadecimal_id(value: &mut Value) {
    let id = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|it| it.to_string()));
    if let Some(id) = id.and_then(|id| id.parse().ok()) {
        *value = Value::from(ClientOrderId(id).to_string());
    }
}

fn to_hexadecimal_bytes(value: &mut Value) {
    if let Value::Array(bytes) = value {
        let digits: String =
            bytes.iter().filter_map(Value::as_u64).map(|byte| format!("{byte:02x}")).collect();
        *value = Value::from(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_beyond_64_bits_are_quoted() {
        let text = r#"{"a":247330401473104534060502521019647190035,"b":[18446744073709551615,-5],
            "c":"ä 99999999999999999999 \" 99999999999999999999","d":1.5e3}"#;
        let expected = text.replace(
            "247330401473104534060502521019647190035",
            "\"247330401473104534060502521019647190035\"",
        );
        assert_eq!(quote_wide_numbers(text), expected);
        assert_eq!(quote_wide_numbers("[-99999999999999999999]"), "[\"-99999999999999999999\"]");
    }

    #[test]
    fn a_layout_that_is_not_known_is_refused() {
        let later = read_record(i64::from(RECORD_VERSION) + 1, "{}").unwrap_err();
        assert!(later.contains("later version"), "{later}");
        assert!(read_record(0, "{}").unwrap_err().contains("never"));
        assert!(read_record(1, "{").is_err());
    }
}
