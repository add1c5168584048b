//! Settings as a whole: what overrides what, and how errors are told.

use banyan_core::risk::RiskLimits;
use rust_decimal::Decimal;

use super::*;

fn with(name: &str, value: &str) -> Result<Settings, SettingsError> {
    Settings::load(None, None, [(name.to_owned(), value.to_owned())])
}

#[test]
fn the_defaults_are_valid_and_agree_with_the_core() {
    let settings = Settings::load(None, None, []).unwrap();
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
    let error = Settings::load(None, None, variables).unwrap_err().to_string();
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
