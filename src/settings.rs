//! Settings: defaults, then a file, then the environment; composed once, handed out by room.
//!
//! Unknown keys and values out of bounds are errors that name the key. No room sees the whole.

use std::path::Path;

use banyan_core::money::{Amount, MoneyError, Rate};
use banyan_core::risk::RiskLimits;
use banyan_core::time::Span;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::api::ApiSettings;
use crate::auth::AuthSettings;
use crate::ws::WsSettings;

/// The defaults, as the user may read them.
pub const DEFAULTS: &str = include_str!("../config/default.toml");
/// What environment variables of ours begin with.
const PREFIX: &str = "BANYAN__";

/// All settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Replays.
    pub replay: ReplayDefaults,
    /// Simulations.
    pub simulation: SimulationSettings,
    /// Limits of parameter strategies.
    pub risk: RiskSettings,
    /// Logins.
    pub auth: AuthSettings,
    /// The REST interface.
    pub api: ApiSettings,
    /// WebSocket connections.
    pub ws: WsSettings,
}

/// How replays are made; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct ReplayDefaults {
    #[serde(with = "number")]
    pub capital: Decimal,
    pub seed: u64,
    pub half_spread_ticks: u32,
    pub depth_levels: usize,
    #[serde(with = "number")]
    pub level_notional: Decimal,
}

/// How simulations are run; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct SimulationSettings {
    pub threads: usize,
}

/// Risk limits as people write them: fractions and amounts as plain numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct RiskSettings {
    pub max_leverage: u32,
    #[serde(with = "number")]
    pub max_position_ratio: Decimal,
    #[serde(with = "number")]
    pub max_total_exposure: Decimal,
    #[serde(with = "number")]
    pub min_risk_reward_ratio: Decimal,
    #[serde(with = "number")]
    pub max_drawdown: Decimal,
    #[serde(with = "number")]
    pub max_daily_loss: Decimal,
    #[serde(with = "number")]
    pub min_confidence: Decimal,
    #[serde(with = "number")]
    pub max_stop_distance: Decimal,
    pub max_positions: u32,
    #[serde(with = "number")]
    pub price_collar: Decimal,
    #[serde(with = "number")]
    pub max_slippage: Decimal,
    #[serde(with = "number")]
    pub max_order_notional: Decimal,
    pub max_orders_per_minute: u32,
    pub max_open_orders: u32,
    pub max_feed_age_seconds: u32,
    #[serde(with = "number")]
    pub min_liquidation_distance: Decimal,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{file}: {source}")]
    File {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The text is no TOML, has an unknown key, or a value of a wrong type.
    #[error("{origin}: {message}")]
    Text {
        /// The file or variable.
        origin: String,
        /// What is wrong.
        message: String,
    },
    /// A value is out of its bounds.
    #[error("{field}: {message}")]
    Value {
        /// The key.
        field: String,
        /// What is wrong.
        message: String,
    },
}

impl Settings {
    /// Composes the settings from the defaults, a file and variables of the environment.
    ///
    /// # Errors
    /// The first source that is wrong, by name.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, SettingsError> {
        let mut table = parse(DEFAULTS, "config/default.toml")?;
        if let Some(file) = file {
            let name = file.display().to_string();
            let text = std::fs::read_to_string(file)
                .map_err(|source| SettingsError::File { file: name.clone(), source })?;
            overlay(&mut table, parse(&text, &name)?)
                .map_err(|message| SettingsError::Text { origin: name.clone(), message })?;
            check_shape(&table, &name)?;
        }
        for (name, value) in environment {
            let Some(key) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let path: Vec<_> = key.split("__").map(str::to_ascii_lowercase).collect();
            set(&mut table, &path, &value)
                .map_err(|message| SettingsError::Text { origin: name.clone(), message })?;
            check_shape(&table, &name)?;
        }
        let settings = check_shape(&table, "config/default.toml")?;
        settings.replay.check()?;
        settings.risk.limits()?;
        settings.api.check().map_err(|broken| section_error("api", broken))?;
        settings.ws.check().map_err(|broken| section_error("ws", broken))?;
        Ok(settings)
    }

    /// The settings as TOML, secrets masked.
    ///
    /// # Panics
    /// Never: settings are tables of plain values.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are plain values")
    }
}

impl ReplayDefaults {
    /// Checks the bounds.
    ///
    /// # Errors
    /// All fields that are out of their bounds.
    pub fn check(&self) -> Result<(), SettingsError> {
        let fits = |value| Amount::from_decimal(value).is_ok();
        let checks = [
            (!self.capital.is_sign_negative(), "capital", "must not be negative"),
            (fits(self.capital), "capital", "is out of range"),
            (
                (1..=10_000).contains(&self.half_spread_ticks),
                "half_spread_ticks",
                "must be 1 to 10000",
            ),
            ((1..=100).contains(&self.depth_levels), "depth_levels", "must be 1 to 100"),
            (self.level_notional > Decimal::ZERO, "level_notional", "must be greater than zero"),
            (fits(self.level_notional), "level_notional", "is out of range"),
        ];
        let broken: Vec<_> = checks.iter().filter(|(holds, ..)| !holds).collect();
        let Some((_, first, _)) = broken.first() else {
            return Ok(());
        };
        let told: Vec<_> = broken.iter().map(|(_, field, why)| format!("{field} {why}")).collect();
        Err(SettingsError::Value { field: format!("replay.{first}"), message: told.join("; ") })
    }
}

impl RiskSettings {
    /// Checks the bounds and gives the limits to the core.
    ///
    /// # Errors
    /// The first field that is out of its bounds.
    pub fn limits(&self) -> Result<RiskLimits, SettingsError> {
        let rate = |field: &str, value: Decimal| {
            Rate::from_decimal(value).map_err(|error| out_of_bounds(field, &error))
        };
        let limits = RiskLimits {
            max_leverage: self.max_leverage,
            max_position_ratio: rate("max_position_ratio", self.max_position_ratio)?,
            max_total_exposure: rate("max_total_exposure", self.max_total_exposure)?,
            min_risk_reward_ratio: rate("min_risk_reward_ratio", self.min_risk_reward_ratio)?,
            max_drawdown: rate("max_drawdown", self.max_drawdown)?,
            max_daily_loss: rate("max_daily_loss", self.max_daily_loss)?,
            min_confidence: rate("min_confidence", self.min_confidence)?,
            max_stop_distance: rate("max_stop_distance", self.max_stop_distance)?,
            max_positions: self.max_positions,
            price_collar: rate("price_collar", self.price_collar)?,
            max_slippage: rate("max_slippage", self.max_slippage)?,
            max_order_notional: Amount::from_decimal(self.max_order_notional)
                .map_err(|error| out_of_bounds("max_order_notional", &error))?,
            max_orders_per_minute: self.max_orders_per_minute,
            max_open_orders: self.max_open_orders,
            max_feed_age: Span::seconds(i64::from(self.max_feed_age_seconds)),
            min_liquidation_distance: rate(
                "min_liquidation_distance",
                self.min_liquidation_distance,
            )?,
            ..RiskLimits::for_parameters()
        };
        limits.validate().map_err(|errors| {
            let first = errors.first();
            let field = first.map_or_else(String::new, |error| format!("risk.{}", error.field));
            let told: Vec<_> = errors.iter().map(ToString::to_string).collect();
            SettingsError::Value { field, message: told.join("; ") }
        })?;
        Ok(limits)
    }
}

fn out_of_bounds(field: &str, error: &MoneyError) -> SettingsError {
    SettingsError::Value { field: format!("risk.{field}"), message: error.to_string() }
}

fn section_error(section: &str, (key, why): (&str, &str)) -> SettingsError {
    let field = format!("{section}.{key}");
    SettingsError::Value { field, message: why.to_owned() }
}

fn parse(text: &str, origin: &str) -> Result<toml::Table, SettingsError> {
    text.parse::<toml::Table>().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let origin = format!("{origin}, line {line}");
        SettingsError::Text { origin, message: error.message().to_owned() }
    })
}

fn check_shape(table: &toml::Table, origin: &str) -> Result<Settings, SettingsError> {
    // By way of text, because only text errors name the key.
    let text = toml::to_string(table).unwrap_or_default();
    toml::from_str(&text).map_err(|error| {
        let key = error.span().and_then(|span| key_at(&text, span.start));
        let at = key.map_or_else(String::new, |key| format!(" (at {key})"));
        let message = format!("{}{at}", error.message());
        SettingsError::Text { origin: origin.to_owned(), message }
    })
}

/// The key of the line at a byte offset, without its value: that may be a secret.
fn key_at(text: &str, offset: usize) -> Option<&str> {
    let begin = text.get(..offset)?.rfind('\n').map_or(0, |newline| newline + 1);
    text.get(begin..)?.lines().next()?.split('=').next().map(str::trim)
}

fn overlay(base: &mut toml::Table, over: toml::Table) -> Result<(), String> {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => overlay(below, above)?,
            (Some(toml::Value::Table(_)), _) => return Err(no_key(&key)),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
    Ok(())
}

fn no_key(name: &str) -> String {
    format!("{name} is a section, not a key")
}

/// Sets one key from a variable, which is read as TOML would read the value; where a text belongs,
/// and where TOML would not read it, it is taken as it is.
fn set(table: &mut toml::Table, path: &[String], value: &str) -> Result<(), String> {
    let Some((key, rest)) = path.split_first() else {
        return Ok(());
    };
    if !rest.is_empty() {
        let section = table.entry(key.as_str()).or_insert_with(|| toml::Table::new().into());
        let section = section.as_table_mut().ok_or_else(|| format!("{key} is not a section"))?;
        return set(section, rest, value);
    }
    let value = match table.get(key) {
        Some(toml::Value::Table(_)) => return Err(no_key(key)),
        Some(toml::Value::String(_)) => value.into(),
        _ => scalar(value).unwrap_or_else(|| value.into()),
    };
    table.insert(key.clone(), value);
    Ok(())
}

fn scalar(value: &str) -> Option<toml::Value> {
    let line = format!("value = {value}");
    line.parse::<toml::Table>().ok().and_then(|mut table| table.remove("value"))
}

/// Decimals that are written as plain numbers.
mod number {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(value: &Decimal, sink: S) -> Result<S::Ok, S::Error> {
        let value = value.normalize();
        match i64::try_from(value) {
            Ok(whole) if value.scale() == 0 => sink.serialize_i64(whole),
            _ => sink.serialize_f64(value.to_string().parse().unwrap_or(f64::NAN)),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Decimal, D::Error> {
        let value = toml::Value::deserialize(source)?;
        let text = match &value {
            toml::Value::Integer(whole) => whole.to_string(),
            toml::Value::Float(float) => float.to_string(),
            toml::Value::String(text) => text.clone(),
            other => return Err(D::Error::custom(format!("{other} is not a number"))),
        };
        text.parse().map_err(|_| D::Error::custom(format!("{text} is not a number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Settings, SettingsError> {
        Settings::load(None, [(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn the_defaults_are_valid_and_agree_with_the_core() {
        let settings = Settings::load(None, []).unwrap();
        assert_eq!(settings.risk.limits().unwrap(), RiskLimits::for_parameters());
    }

    #[test]
    fn the_environment_overrides() {
        let settings = with("BANYAN__RISK__MAX_LEVERAGE", "3").unwrap();
        assert_eq!(settings.risk.max_leverage, 3);
        assert_eq!(
            with("BANYAN__REPLAY__CAPITAL", "0.25").unwrap().replay.capital,
            Decimal::new(25, 2)
        );
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = with("BANYAN__RISK__MAX_LEVERAGES", "3").unwrap_err().to_string();
        assert!(error.contains("BANYAN__RISK__MAX_LEVERAGES"), "{error}");
        assert!(error.contains("max_leverages"), "{error}");
    }

    #[test]
    fn a_value_out_of_bounds_is_named() {
        let error = with("BANYAN__RISK__MAX_LEVERAGE", "500").unwrap_err().to_string();
        assert!(error.contains("max_leverage must be 1 to 50"), "{error}");
    }

    #[test]
    fn replay_values_out_of_bounds_are_all_named() {
        let variables = [("BANYAN__REPLAY__CAPITAL", "-1"), ("BANYAN__REPLAY__DEPTH_LEVELS", "0")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let error = Settings::load(None, variables).unwrap_err().to_string();
        assert!(error.contains("capital must not be negative"), "{error}");
        assert!(error.contains("depth_levels must be 1 to 100"), "{error}");
    }

    #[test]
    fn a_section_cannot_be_set() {
        let error = with("BANYAN__AUTH", "hunter2").unwrap_err().to_string();
        assert_eq!(error, "BANYAN__AUTH: auth is a section, not a key");
    }

    #[test]
    fn a_secret_of_digits_is_a_text_and_no_error_shows_a_value() {
        let settings = with("BANYAN__AUTH__TOKEN_KEY", "12345678").unwrap();
        assert_eq!(settings.auth.token_key.expose(), "12345678");
        let mut table = parse(DEFAULTS, "defaults").unwrap();
        overlay(&mut table, parse("[auth]\ntoken_key = 12345678", "file").unwrap()).unwrap();
        let error = check_shape(&table, "file").unwrap_err().to_string();
        assert_eq!(error, "file: a secret must be a text in quotes (at token_key)");
    }

    #[test]
    fn secrets_are_masked() {
        let settings = with("BANYAN__AUTH__TOKEN_KEY", "hunter2").unwrap();
        assert_eq!(settings.auth.token_key.expose(), "hunter2");
        let shown = settings.to_toml();
        assert!(shown.contains("token_key = \"***\""), "{shown}");
    }
}
