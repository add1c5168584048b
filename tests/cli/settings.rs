//! `banyan config`: defaults, then a file, then the environment.

use serde_json::Value;

use crate::banyan::{banyan, run};
use crate::folder::Folder;
use crate::refusal::assert_refused;

const LEVERAGE: &str = "BANYAN__RISK__MAX_LEVERAGE";

/// The settings in force with a settings file and, perhaps, a variable.
fn with_file(text: &str, variable: Option<(&str, &str)>) -> Value {
    let folder = Folder::new();
    let file = folder.write("mine.toml", text);
    let mut command = banyan(&["config", "--json", "--settings", &file]);
    run(command.envs(variable)).json()
}

fn assert_file_wrong(text: &str, words: &[&str]) {
    let folder = Folder::new();
    let file = folder.write("mine.toml", text);
    let words: Vec<_> = words.iter().chain(&["mine.toml"]).copied().collect();
    assert_refused(&mut banyan(&["config", "--settings", &file]), 2, &words);
}

fn assert_variable_wrong(name: &str, value: &str, words: &[&str]) {
    let words: Vec<_> = words.iter().chain(&[name]).copied().collect();
    assert_refused(banyan(&["config"]).env(name, value), 2, &words);
}

#[test]
fn the_settings_are_shown_as_toml_that_can_be_read_back() {
    let shown = run(&mut banyan(&["config"]));
    let table: toml::Table = shown.text().parse().unwrap();
    assert_eq!(table["risk"]["max_leverage"].as_integer(), Some(5));
    let folder = Folder::new();
    let file = folder.write("shown.toml", shown.text());
    assert_eq!(run(&mut banyan(&["config", "--settings", &file])).text(), shown.text());
}

#[test]
fn json_and_toml_tell_the_same() {
    let table: toml::Table = run(&mut banyan(&["config"])).text().parse().unwrap();
    let json = run(&mut banyan(&["config", "--json"])).json();
    assert_eq!(serde_json::to_value(table).unwrap(), json);
}

#[test]
fn a_file_overrides_the_defaults_and_leaves_the_rest() {
    let settings = with_file("[risk]\nmax_leverage = 2\n", None);
    assert_eq!(settings["risk"]["max_leverage"], 2);
    assert_eq!(settings["risk"]["max_positions"], 3);
    assert_eq!(settings["replay"]["seed"], 1);
}

#[test]
fn the_environment_overrides_the_file() {
    let settings =
        with_file("[risk]\nmax_leverage = 2\nmax_positions = 7\n", Some((LEVERAGE, "4")));
    assert_eq!(settings["risk"]["max_leverage"], 4);
    assert_eq!(settings["risk"]["max_positions"], 7);
}

#[test]
fn fractions_come_from_the_environment_too() {
    let shown =
        run(banyan(&["config", "--json"]).env("BANYAN__RISK__MAX_DRAWDOWN", "0.125")).json();
    assert_eq!(shown["risk"]["max_drawdown"], 0.125);
}

#[test]
fn variables_of_other_programs_do_not_matter() {
    let mut command = banyan(&["config"]);
    let answer = run(command.env("BANYANS", "1").env("XBANYAN__RISK__MAX_LEVERAGE", "9"));
    assert_eq!(answer.text(), run(&mut banyan(&["config"])).text());
}

#[test]
fn unknown_keys_are_named() {
    assert_file_wrong("[risk]\nmax_leverages = 2\n", &["unknown field `max_leverages`"]);
    assert_file_wrong("[riks]\nmax_leverage = 2\n", &["unknown field `riks`"]);
    assert_variable_wrong("BANYAN__RISK__MAX_LEVERAGES", "2", &["unknown field `max_leverages`"]);
    assert_variable_wrong("BANYAN__RIKS", "2", &["unknown field `riks`"]);
}

#[test]
fn values_of_a_wrong_type_are_named() {
    assert_file_wrong("[risk]\nmax_leverage = \"many\"\n", &["max_leverage", "many"]);
    assert_variable_wrong(LEVERAGE, "many", &["max_leverage", "many"]);
    assert_variable_wrong(LEVERAGE, "", &["max_leverage"]);
    assert_variable_wrong("BANYAN__REPLAY__CAPITAL", "nan", &["capital", "is not a number"]);
    assert_variable_wrong("BANYAN__RISK", "5", &["risk is a section"]);
}

#[test]
fn values_out_of_bounds_are_named() {
    let wrong = |name: &str, value: &str, words: &[&str]| {
        assert_refused(banyan(&["config"]).env(name, value), 2, words);
    };
    wrong(LEVERAGE, "500", &["risk.max_leverage", "must be 1 to 50"]);
    wrong("BANYAN__RISK__MAX_DRAWDOWN", "-1", &["risk.max_drawdown"]);
    wrong("BANYAN__REPLAY__CAPITAL", "-1", &["replay.capital", "must not be negative"]);
    wrong("BANYAN__REPLAY__DEPTH_LEVELS", "100000000", &["replay.depth_levels", "1 to 100"]);
    wrong("BANYAN__REPLAY__HALF_SPREAD_TICKS", "0", &["replay.half_spread_ticks", "1 to 10000"]);
    wrong("BANYAN__REPLAY__LEVEL_NOTIONAL", "-5", &["replay.level_notional", "greater than zero"]);
}

#[test]
fn text_that_is_no_toml_is_told_with_its_line() {
    assert_file_wrong("[risk]\nmax_leverage = = 2\n", &["line 2"]);
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    let missing = folder.path("missing.toml");
    let mut command = banyan(&["config", "--settings", &missing]);
    assert_refused(&mut command, 2, &["missing.toml", "No such file"]);
}

#[test]
fn the_settings_reach_the_replay() {
    let folder = Folder::new();
    let file = folder.btc();
    let mut command = banyan(&["replay", &file, "--strategy", "dca", "--json"]);
    let report = run(command.env("BANYAN__REPLAY__CAPITAL", "4321")).json();
    assert_eq!(report["strategies"][0]["capital"], 4_321.0);
}
