//! `banyan replay`: the report, and the ways to start it.

use crate::banyan::{banyan, replay, run};
use crate::folder::{BTC, Folder, candles};

const STRATEGIES: [&str; 4] = ["grid", "dca", "rsi", "ema_cross"];

#[test]
fn the_report_is_one_json_object_with_the_promised_keys() {
    let folder = Folder::new();
    let report = replay(&[&folder.btc()]);
    let hash = report.hash();
    assert_eq!(hash.len(), 64);
    assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    assert!(report.fills() > 0);
    for figure in ["fees", "funding", "realized_pnl", "equity", "events_per_second"] {
        assert!(report.figure(figure).is_finite(), "{figure}");
    }
}

#[test]
fn every_strategy_trades_with_its_defaults_and_its_money_is_accounted_for() {
    let folder = Folder::new();
    let file = folder.btc();
    for strategy in STRATEGIES {
        let report = replay(&[&file, "--strategy", strategy]);
        assert!(report.fills() > 0, "{strategy}");
        assert!(report.figure("fees") > 0.0, "{strategy}");
        assert_eq!(report.strategies()[0]["name"], strategy);
        assert_eq!(report.strategies()[0]["state"], "running");
        report.assert_balanced();
    }
}

#[test]
fn without_a_choice_three_strategies_trade_side_by_side() {
    let folder = Folder::new();
    let file = folder.btc();
    let together = replay(&[&file]);
    together.assert_balanced();
    assert_eq!(together.strategies().len(), 3);
    let alone: u64 =
        STRATEGIES[..3].iter().map(|it| replay(&[&file, "--strategy", it]).fills()).sum();
    assert_eq!(together.fills(), alone, "strategies have accounts of their own");
}

#[test]
fn a_spot_market_trades_and_its_money_is_accounted_for() {
    let folder = Folder::new();
    let file = folder.write("BTC-USDT-1m.csv", candles(42_000, 1_000));
    for strategy in STRATEGIES {
        let report = replay(&[&file, "--strategy", strategy]);
        assert!(report.fills() > 0, "{strategy}");
        assert!(report.figure("funding").abs() < f64::EPSILON);
        report.assert_balanced();
    }
}

#[test]
fn a_person_reads_a_table() {
    let folder = Folder::new();
    let answer = run(&mut banyan(&["replay", &folder.btc(), "--strategy", "dca"]));
    for word in ["dca (Running)", "fills", "fees", "funding", "realized", "equity", "event log "] {
        assert!(answer.text().contains(word), "no {word:?} in {answer:#?}");
    }
    assert_eq!(answer.stderr, "", "no progress bar where nobody watches");
}

#[test]
fn the_symbol_may_come_as_an_option() {
    let folder = Folder::new();
    let named = folder.btc();
    let nameless = folder.write("prices.csv", candles(42_000, 1_000));
    let options = ["--strategy", "dca"];
    let told = [&nameless, "--symbol", "BTC/USDT:USDT", options[0], options[1]];
    assert_eq!(replay(&told).hash(), replay(&[&named, options[0], options[1]]).hash());
}

#[test]
fn a_recording_in_two_files_is_replayed_as_one() {
    let folder = Folder::new();
    let whole = candles(42_000, 1_000);
    let (header, rows) = whole.split_once('\n').unwrap();
    let rows: Vec<_> = rows.lines().collect();
    let part = |name, rows: &[&str]| folder.write(name, format!("{header}\n{}\n", rows.join("\n")));
    let first = part("BTC-USDT-PERP-1m-a.csv", &rows[..400]);
    let second = part("BTC-USDT-PERP-1m-b.csv", &rows[400..]);
    assert_eq!(replay(&[&second, &first]).hash(), replay(&[&folder.btc()]).hash());
}

#[test]
fn files_of_other_programs_may_have_a_byte_order_mark_and_carriage_returns() {
    let folder = Folder::new();
    let plain = folder.btc();
    let expected = replay(&[&plain, "--strategy", "dca"]);
    let marked = format!("\u{feff}{}\r\n\r\n", candles(42_000, 1_000).replace('\n', "\r\n"));
    let marked = folder.write(BTC, marked);
    assert_eq!(replay(&[&marked, "--strategy", "dca"]).hash(), expected.hash());
}

#[test]
fn accelerated_real_time_trades() {
    let folder = Folder::new();
    let file = folder.write(BTC, candles(42_000, 20));
    let report = replay(&[&file, "--strategy", "dca", "--speed", "1000"]);
    assert!(report.fills() > 0);
    assert!(report.figure("wall_seconds") > 1.0, "twenty minutes at a thousandth");
    report.assert_balanced();
}

#[test]
fn the_highest_speed_comes_to_its_end() {
    let folder = Folder::new();
    let file = folder.write(BTC, candles(42_000, 20));
    let report = replay(&[&file, "--strategy", "dca", "--speed", "1000000"]);
    assert!(report.figure("events") > 0.0);
    report.assert_balanced();
}

#[test]
fn the_synthetic_market_needs_no_file() {
    let arguments = ["--synthetic", "--days", "1"];
    let report = replay(&arguments);
    assert!(report.fills() > 0);
    report.assert_balanced();
    assert_eq!(report.hash(), replay(&arguments).hash());
    let other = replay(&["--synthetic", "--days", "1", "--seed", "2"]);
    assert_ne!(report.hash(), other.hash());
}
