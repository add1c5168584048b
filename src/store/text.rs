//! How values of the core are written in columns of text, and read back.
//!
//! Names are those that the core's own serialisation uses, so that a column and the payload of its
//! record say the same.

use std::error::Error;
use std::str::FromStr;

use banyan_core::ids::{IntentId, WorkerId};
use banyan_core::ledger::SubLedger;
use banyan_core::money::{AMOUNT_DECIMALS, AMOUNT_ONE, Amount};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A value as JSON.
pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("values of ours have text for keys")
}

/// Reads a value from JSON in a column.
pub(super) fn json<T: DeserializeOwned>(text: &str) -> Result<T, sqlx::Error> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// Reads an id.
#[expect(clippy::needless_pass_by_value, reason = "columns are read into texts of their own")]
pub(super) fn uuid(text: String) -> Result<uuid::Uuid, sqlx::Error> {
    text.parse().map_err(|error: uuid::Error| sqlx::Error::Decode(Box::new(error)))
}

/// The name of a value of an enumeration, with or without fields, as it is serialised.
pub(super) fn name<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(name)) => name,
        Ok(Value::Object(fields)) => fields.into_iter().next().map(|it| it.0).unwrap_or_default(),
        _ => String::new(),
    }
}

/// Reads a value from its usual text.
pub(super) fn parsed<T: FromStr<Err: Error + Send + Sync + 'static>>(
    text: &str,
) -> Result<T, sqlx::Error> {
    text.parse().map_err(|error: T::Err| sqlx::Error::Decode(Box::new(error)))
}

/// The text of an owner within an account: a worker's id, `external` or `netting`.
#[must_use]
pub fn sub_ledger_text(owner: SubLedger) -> String {
    match owner {
        SubLedger::Worker(worker) => worker.to_string(),
        SubLedger::External => "external".to_owned(),
        SubLedger::Netting => "netting".to_owned(),
    }
}

/// Reads what `sub_ledger_text` wrote.
///
/// # Errors
/// When the text is neither a worker's id nor one of the two names.
pub fn sub_ledger_of(text: &str) -> Result<SubLedger, uuid::Error> {
    Ok(match text {
        "external" => SubLedger::External,
        "netting" => SubLedger::Netting,
        worker => SubLedger::Worker(WorkerId(worker.parse()?)),
    })
}

/// An amount as an exact decimal, without zeros at its end.
#[must_use]
pub fn amount_text(amount: Amount) -> String {
    let (sign, units) = (if amount.is_negative() { "-" } else { "" }, amount.0.unsigned_abs());
    let one = AMOUNT_ONE.unsigned_abs();
    let (whole, rest) = (units / one, units % one);
    let text = format!("{sign}{whole}.{rest:0width$}", width = usize::from(AMOUNT_DECIMALS));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads what `amount_text` wrote.
pub(super) fn amount_of(text: &str) -> Result<Amount, sqlx::Error> {
    let decimals = usize::from(AMOUNT_DECIMALS);
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > decimals || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(sqlx::Error::Decode(format!("{text:?} is no amount").into()));
    }
    parsed(&format!("{whole}{rest:0<decimals$}")).map(Amount)
}

/// An intent as text: worker, epoch and number.
pub(super) fn intent_text(intent: IntentId) -> String {
    format!("{}.{}.{}", intent.worker, intent.epoch, intent.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_in_text_however_large() {
        for units in [0, 1, -1, 100_000_000, -150_000_000, i128::MAX, i128::MIN + 1] {
            let text = amount_text(Amount(units));
            assert_eq!(amount_of(&text).unwrap(), Amount(units), "{text}");
        }
        assert_eq!(amount_text(Amount(-1_050_000_000)), "-10.5");
        assert_eq!(amount_text(Amount(7)), "0.00000007");
        assert!(amount_of("0.123456789").is_err() && amount_of("1.-5").is_err());
    }

    #[test]
    fn owners_come_back_from_their_text() {
        let worker = SubLedger::Worker(WorkerId::from_u128(9));
        for owner in [worker, SubLedger::External, SubLedger::Netting] {
            assert_eq!(sub_ledger_of(&sub_ledger_text(owner)).unwrap(), owner);
        }
        assert!(sub_ledger_of("nobody").is_err());
    }
}
