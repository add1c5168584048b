//! Strategy files that are refused: exit code 2, with the file, the strategy, the field and why.

use crate::banyan::banyan;
use crate::folder::Folder;
use crate::refusal::assert_refused;

/// Refuses the configuration of one strategy.
fn assert_wrong(config: &str, words: &[&str]) {
    let folder = Folder::new();
    let (candles, file) = (folder.btc(), folder.write("wrong.toml", config));
    let words: Vec<_> = words.iter().chain(&["wrong.toml"]).copied().collect();
    assert_refused(&mut banyan(&["replay", &candles, "--config", &file]), 2, &words);
}

fn one(entry: &str) -> String {
    format!("[[strategies]]\nname = \"mine\"\n{entry}\n")
}

#[test]
fn a_missing_file_is_named() {
    let folder = Folder::new();
    let (candles, missing) = (folder.btc(), folder.path("missing.toml"));
    let mut command = banyan(&["replay", &candles, "--config", &missing]);
    assert_refused(&mut command, 2, &["missing.toml", "No such file"]);
}

#[test]
fn text_that_is_no_toml_is_told_with_its_line() {
    assert_wrong("[[strategies]]\nname = \"mine\n", &["line 2"]);
}

#[test]
fn no_strategy_at_all_is_refused() {
    assert_wrong("", &["missing field `strategies`"]);
    assert_wrong("strategies = []", &["strategies: at least one is needed"]);
}

#[test]
fn unknown_keys_are_named_with_those_there_are() {
    assert_wrong("seed = 1\nstrategies = []", &["unknown field `seed`"]);
    let entry = one("strategy_type = \"rsi\"\nlevels = 5\nconfig = { order_amount = 100 }");
    assert_wrong(&entry, &["unknown field `levels`", "strategy_type"]);
    let parameter = one("strategy_type = \"rsi\"\nconfig = { period = 5 }");
    assert_wrong(&parameter, &["mine", "unknown field `period`", "rsi_period"]);
}

#[test]
fn missing_keys_are_named() {
    assert_wrong(&one("strategy_type = \"rsi\""), &["missing field `config`"]);
    assert_wrong(&one("config = {}"), &["missing field `strategy_type`"]);
    let incomplete = one("strategy_type = \"rsi\"\nconfig = {}");
    assert_wrong(&incomplete, &["mine", "missing field `order_amount`"]);
}

#[test]
fn an_unknown_type_is_refused_with_those_there_are() {
    let entry = one("strategy_type = \"martingale\"\nconfig = {}");
    assert_wrong(&entry, &["martingale", "grid", "dca", "rsi", "ema_cross"]);
}

#[test]
fn an_unknown_symbol_is_refused_with_those_there_are() {
    let entry = one("symbol = \"DOGE\"\nstrategy_type = \"rsi\"\nconfig = { order_amount = 500 }");
    assert_wrong(&entry, &["mine", "symbol", "DOGE", "BTC/USDT:USDT"]);
}

#[test]
fn a_negative_capital_is_refused() {
    let entry = one("capital = -1\nstrategy_type = \"rsi\"\nconfig = { order_amount = 500 }");
    assert_wrong(&entry, &["mine", "capital", "must not be negative"]);
}

#[test]
fn all_values_out_of_bounds_are_told_at_once() {
    let values = "order_amount = 0, overbought = 700, oversold = -1, leverage = 1.5";
    let entry = one(&format!("strategy_type = \"rsi\"\nconfig = {{ {values} }}"));
    let words = [
        "mine",
        "order_amount: must be greater than zero",
        "overbought: must be between 50 and 95, not 700",
        "oversold: must be between 5 and 50, not -1",
        "leverage: must be a whole number",
    ];
    assert_wrong(&entry, &words);
}

#[test]
fn an_order_below_the_minimum_is_refused_with_what_would_do() {
    let entry = one("strategy_type = \"rsi\"\nconfig = { order_amount = 20 }");
    assert_wrong(&entry, &["mine", "order_amount", "at least", "is needed"]);
}

#[test]
fn a_budget_above_the_capital_is_refused() {
    let entry = one("capital = 300\nstrategy_type = \"rsi\"\nconfig = { order_amount = 500 }");
    assert_wrong(&entry, &["mine", "order_amount", "the capital is 300"]);
}

#[test]
fn a_grid_far_from_the_price_is_refused() {
    let grid = "upper_price = 20000, lower_price = 10000, grid_count = 10, total_investment = 5000";
    let entry = one(&format!("strategy_type = \"grid\"\nconfig = {{ {grid} }}"));
    assert_wrong(&entry, &["mine", "upper_price", "the price is", "lay the grid round"]);
}
