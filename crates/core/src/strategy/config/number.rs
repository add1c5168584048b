//! Decimals in configuration files and requests, read exactly.
//!
//! JSON and TOML numbers are read through their shortest text, so that 0.1 is one tenth; texts are
//! read digit by digit. A number is written as a number where that is exact, else as a text. Knows
//! nothing of what the numbers mean.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a text that is one")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Decimal, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Decimal, E> {
        // The shortest text that reads back as this float is what was written.
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        Decimal::from_str_exact(text.trim())
            .map_err(|_| E::custom(format!("{text:?} is not a number that can be held exactly")))
    }
}

/// Reads a number or a text exactly.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    if source.is_human_readable() {
        source.deserialize_any(NumberVisitor)
    } else {
        source.deserialize_str(NumberVisitor)
    }
}

/// Writes a number where that is exact, else a text.
pub(super) fn serialize<S: Serializer>(value: &Decimal, sink: S) -> Result<S::Ok, S::Error> {
    let value = value.normalize();
    if !sink.is_human_readable() {
        return sink.collect_str(&value);
    }
    if let Some(whole) = value.to_i64().filter(|whole| Decimal::from(*whole) == value) {
        return sink.serialize_i64(whole);
    }
    match value.to_string().parse::<f64>() {
        Ok(float) if Decimal::from_str(&float.to_string()) == Ok(value) => {
            sink.serialize_f64(float)
        }
        _ => sink.collect_str(&value),
    }
}

/// A decimal that reads and writes itself as this module says.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Number(#[serde(with = "super::number")] Decimal);

/// The same for a number that may be missing or null.
pub(super) mod optional {
    use super::{Decimal, Deserialize, Deserializer, Number, Serialize, Serializer};

    /// Reads a number, or `None`.
    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        source: D,
    ) -> Result<Option<Decimal>, D::Error> {
        Ok(Option::<Number>::deserialize(source)?.map(|number| number.0))
    }

    /// Writes a number, or nothing.
    pub(in super::super) fn serialize<S: Serializer>(
        value: &Option<Decimal>,
        sink: S,
    ) -> Result<S::Ok, S::Error> {
        value.map(Number).serialize(sink)
    }
}
