//! Where settings come from: texts in TOML and variables, laid over one another.
//!
//! An error names the source and the key, never a value: that may be a secret.

use std::path::Path;

use super::{Settings, SettingsError};

/// The text of a file, with its name.
pub(super) fn read(file: &Path) -> Result<(String, String), SettingsError> {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => Ok((name, text)),
        Err(source) => Err(SettingsError::File { file: name, source }),
    }
}

pub(super) fn parse(text: &str, origin: &str) -> Result<toml::Table, SettingsError> {
    text.parse::<toml::Table>().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let line = before.map_or(1, |before| before.matches('\n').count() + 1);
        let origin = format!("{origin}, line {line}");
        SettingsError::Text { origin, message: error.message().to_owned() }
    })
}

pub(super) fn check_shape(table: &toml::Table, origin: &str) -> Result<Settings, SettingsError> {
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

pub(super) fn overlay(base: &mut toml::Table, over: toml::Table) -> Result<(), String> {
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
pub(super) fn set(table: &mut toml::Table, path: &[String], value: &str) -> Result<(), String> {
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
