//! Recordings that are refused: exit code 3, with the file, the line where there is one, and why.

use crate::banyan::{banyan, replay, run};
use crate::folder::{BTC, Folder, HEADER, candles};
use crate::refusal::assert_refused;

/// Lines 2 to 6; tests change line 4.
const ROWS: [&str; 5] = [
    "0,100,101,99,100,5",
    "60000,100,101,99,100,5",
    "120000,100,101,99,100,5",
    "180000,100,101,99,100,5",
    "240000,100,101,99,100,5",
];

fn with_line_4(row: &str) -> String {
    let mut rows = ROWS;
    rows[2] = row;
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

/// Minutes without the one that would be on line 4.
fn with_gap() -> String {
    with_line_4("gone").replace("gone\n", "")
}

fn assert_bad(name: &str, content: impl AsRef<[u8]>, words: &[&str]) {
    let folder = Folder::new();
    let file = folder.write(name, content);
    let words: Vec<_> = words.iter().chain(&[name]).copied().collect();
    assert_refused(&mut banyan(&["replay", &file]), 3, &words);
}

#[test]
fn the_unchanged_rows_are_fine() {
    let folder = Folder::new();
    let file = folder.write(BTC, with_line_4(ROWS[2]));
    assert!(replay(&[&file, "--strategy", "dca"]).figure("events") > 0.0);
}

#[test]
fn a_bad_candle_is_told_with_its_line() {
    let cases = [
        ("120000,100,101,99,100", "5 columns, 6 expected"),
        ("120000,100,101,99,100,5,6", "7 columns, 6 expected"),
        ("", "1 columns, 6 expected"),
        ("120000;100;101;99;100;5", "1 columns, 6 expected"),
        ("2026-01-01,100,101,99,100,5", "\"2026-01-01\" is not a number"),
        ("120000.5,100,101,99,100,5", "\"120000.5\" is not a number"),
        ("-60000,100,101,99,100,5", "-60000 is out of range"),
        ("99999999999999999,100,101,99,100,5", "99999999999999999 is out of range"),
        ("120000,many,101,99,100,5", "\"many\" is not a number"),
        ("120000,,101,99,100,5", "\"\" is not a number"),
        ("120000,0x10,101,99,100,5", "\"0x10\" is not a number"),
        ("120000,NaN,101,99,100,5", "\"NaN\" is not finite"),
        ("120000,100,inf,99,100,5", "\"inf\" is not finite"),
        ("120000,1e300,1e300,99,100,5", "1e300 is out of range"),
        ("120000,-100,101,99,100,5", "open must be positive"),
        ("120000,100,101,0,100,5", "low must be positive"),
        ("120000,100,101,99,100,-5", "volume must not be negative"),
        ("120000,100,99,101,100,5", "high is below low"),
        ("120000,102,101,99,100,5", "open is outside of low and high"),
        ("120000,100,101,99,98,5", "close is outside of low and high"),
        ("30000,100,101,99,100,5", "is before the row above"),
        ("60000,100,101,99,100,5", "is there twice"),
        ("120500,100,101,99,100,5", "is not the start of a 1m candle"),
    ];
    for (row, reason) in cases {
        assert_bad(BTC, with_line_4(row), &["line 4", reason]);
    }
}

#[test]
fn a_file_that_holds_no_candles_is_refused() {
    let garbage: Vec<u8> = (0..=255).rev().collect();
    assert_bad(BTC, "", &["line 1", "unknown header"]);
    assert_bad(BTC, HEADER, &["no rows"]);
    assert_bad(BTC, format!("{HEADER}\n\n"), &["no rows"]);
    assert_bad(BTC, "time,price\n0,100\n", &["line 1", "unknown header \"time,price\"", HEADER]);
    assert_bad(BTC, ROWS.join("\n"), &["line 1", "unknown header"]);
    assert_bad(BTC, garbage, &["UTF-8"]);
    assert_bad(BTC, [0; 64], &["line 1", "unknown header"]);
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = Folder::new();
    let missing = folder.path("missing.csv");
    assert_refused(&mut banyan(&["replay", &missing]), 3, &["missing.csv", "No such file"]);
    let directory = folder.path("");
    assert_refused(&mut banyan(&["replay", &directory]), 3, &[&directory, "directory"]);
}

#[test]
fn the_bad_one_of_several_files_is_named() {
    let folder = Folder::new();
    let (good, bad) = (folder.eth(), folder.write(BTC, with_line_4("x")));
    assert_refused(&mut banyan(&["replay", &good, &bad]), 3, &[BTC, "line 4"]);
}

#[test]
fn a_gap_is_refused_unless_it_is_allowed() {
    assert_bad(BTC, with_gap(), &["line 4", "1 candle(s) missing"]);
    let folder = Folder::new();
    let file = folder.write(BTC, with_gap());
    let report = replay(&[&file, "--strategy", "dca", "--allow-gaps"]);
    report.assert_balanced();
}

#[test]
fn a_gap_of_years_takes_no_years() {
    let later = "315360000000,100,101,99,100,5";
    let folder = Folder::new();
    let file = folder.write(BTC, format!("{HEADER}\n{}\n{later}\n", ROWS.join("\n")));
    let report = replay(&[&file, "--strategy", "rsi", "--allow-gaps"]);
    report.assert_balanced();
}

#[test]
fn a_name_that_tells_no_symbol_is_refused_with_the_way_out() {
    assert_bad("prices.csv", candles(42_000, 10), &["cannot tell the symbol", "give the symbol"]);
}

#[test]
fn a_timeframe_that_the_rows_do_not_have_is_refused() {
    assert_bad("BTC-USDT-PERP-5m.csv", with_line_4(ROWS[2]), &["line 3", "5m candle"]);
    let seconds = format!("{HEADER}\n0,1,1,1,1,1\n1000,1,1,1,1,1\n");
    assert_bad("BTC-USDT-PERP.csv", seconds, &["cannot tell the timeframe", "1 s apart"]);
}

#[test]
fn bad_trades_quotes_and_rates_are_told_with_their_line() {
    let trades = "time,trade_id,price,quantity,buyer_maker\n1,1,100,1,true\n";
    let quotes = "time,bid,bid_size,ask,ask_size\n1,99,1,100,1\n";
    let rates = "time,rate\n1,0.0001\n";
    let cases = [
        ("BTC-USDT-trades.csv", trades, "2,2,100,1,perhaps", "neither true nor false"),
        ("BTC-USDT-trades.csv", trades, "2,1,100,1,true", "trade 1 is there twice"),
        ("BTC-USDT-trades.csv", trades, "2,2,100,0,true", "quantity must be positive"),
        ("BTC-USDT-quotes.csv", quotes, "2,101,1,100,1", "bid is not below ask"),
        ("BTC-USDT-quotes.csv", quotes, "2,99,-1,100,1", "bid_size must not be negative"),
        ("funding-BTC-USDT-PERP-8h.csv", rates, "2,high", "\"high\" is not a number"),
        ("funding-BTC-USDT-PERP-8h.csv", rates, "1,0.0001", "is there twice"),
    ];
    for (name, good, row, reason) in cases {
        assert_bad(name, format!("{good}{row}\n"), &["line 3", reason]);
    }
}

#[test]
fn rates_alone_are_no_market() {
    let folder = Folder::new();
    let rates = folder.write("funding-BTC-USDT-PERP-8h.csv", "time,rate\n60000,0.0001\n");
    assert_refused(&mut banyan(&["replay", &rates]), 3, &["no prices of BTC/USDT:USDT"]);
    let told = "strategy_type = \"rsi\"\nconfig = { order_amount = 500 }";
    let config = folder.write("mine.toml", format!("[[strategies]]\n{told}\n"));
    let mut command = banyan(&["replay", &rates, "--config", &config]);
    assert_refused(&mut command, 3, &["no prices of BTC/USDT:USDT"]);
}

#[test]
fn two_files_of_the_same_minutes_contradict() {
    let folder = Folder::new();
    let (one, other) = (folder.btc(), folder.write("BTC-USDT-PERP-1m-b.csv", candles(41_000, 500)));
    let mut command = banyan(&["replay", &one, &other]);
    assert_refused(&mut command, 3, &[BTC, "BTC-USDT-PERP-1m-b.csv", "same symbol"]);
}

#[test]
fn under_json_the_error_is_json_on_standard_error() {
    let folder = Folder::new();
    let file = folder.write(BTC, with_line_4("x"));
    let answer = run(&mut banyan(&["replay", &file, "--json"]));
    assert_eq!((answer.code, answer.stdout.as_str()), (Some(3), ""));
    let error: serde_json::Value = serde_json::from_str(&answer.stderr).unwrap();
    assert!(error["error"].as_str().unwrap().contains("line 4"), "{error}");
}
