//! Decimals that are written as plain numbers in settings files.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(value: &Decimal, sink: S) -> Result<S::Ok, S::Error> {
    let value = value.normalize();
    match i64::try_from(value) {
        Ok(whole) if value.scale() == 0 => sink.serialize_i64(whole),
        _ => sink.serialize_f64(value.to_string().parse().unwrap_or(f64::NAN)),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
    let value = toml::Value::deserialize(source)?;
    let text = match &value {
        toml::Value::Integer(whole) => whole.to_string(),
        toml::Value::Float(float) => float.to_string(),
        toml::Value::String(text) => text.clone(),
        other => return Err(D::Error::custom(format!("{other} is not a number"))),
    };
    text.parse().map_err(|_| D::Error::custom(format!("{text} is not a number")))
}
