//! The event log hash: the same for the same run, another for any other.

use crate::banyan::{banyan, replay, run};
use crate::folder::{BTC, Folder, START, candles};

#[test]
fn two_processes_agree_and_the_text_tells_the_same_hash() {
    let folder = Folder::new();
    let file = folder.btc();
    let first = replay(&[&file]);
    assert_eq!(first.hash(), replay(&[&file]).hash());
    let told = run(&mut banyan(&["replay", &file]));
    assert!(told.text().contains(first.hash()), "{told:#?}");
}

#[test]
fn reports_agree_in_all_but_the_time_they_took() {
    let folder = Folder::new();
    let file = folder.btc();
    let timeless = || {
        let mut report = replay(&[&file]).0;
        let figures = report.as_object_mut().unwrap();
        for figure in ["wall_seconds", "events_per_second"] {
            assert!(figures.remove(figure).is_some());
        }
        report
    };
    assert_eq!(timeless(), timeless());
}

#[test]
fn another_seed_or_strategy_gives_another_hash() {
    let folder = Folder::new();
    let file = folder.btc();
    let first = replay(&[&file, "--strategy", "dca", "--seed", "1"]);
    assert_ne!(first.hash(), replay(&[&file, "--strategy", "dca", "--seed", "2"]).hash());
    assert_ne!(first.hash(), replay(&[&file, "--strategy", "rsi", "--seed", "1"]).hash());
}

#[test]
fn the_seed_of_the_settings_counts_until_one_is_given() {
    let folder = Folder::new();
    let file = folder.btc();
    let arguments = ["replay", &file, "--strategy", "dca", "--json"];
    let mut set = banyan(&arguments);
    let answer = run(set.env("BANYAN__REPLAY__SEED", "2")).json();
    let given = replay(&[&file, "--strategy", "dca", "--seed", "2"]);
    assert_eq!(answer["event_log_hash"], given.hash());
}

#[test]
fn a_shorter_file_gives_another_hash() {
    let folder = Folder::new();
    let whole = replay(&[&folder.btc()]);
    let cut = folder.write(BTC, candles(42_000, 999));
    assert_ne!(whole.hash(), replay(&[&cut]).hash());
}

#[test]
fn one_other_price_gives_another_hash() {
    let folder = Folder::new();
    let candles = candles(42_000, 1_000);
    let whole = replay(&[&folder.write(BTC, &candles)]);
    let last = candles.lines().last().unwrap();
    let mut columns: Vec<_> = last.split(',').collect();
    // The last close becomes the last low, by a tick or more.
    assert_ne!(columns[4], columns[3]);
    columns[4] = columns[3];
    let changed = candles.replace(last, &columns.join(","));
    assert_ne!(whole.hash(), replay(&[&folder.write(BTC, changed)]).hash());
}

#[test]
fn a_later_beginning_gives_another_hash() {
    let folder = Folder::new();
    let whole = replay(&[&folder.btc()]);
    let candles = candles(42_000, 1_000);
    let first = candles.lines().nth(1).unwrap();
    assert!(first.starts_with(&START.to_string()));
    let cut = folder.write(BTC, candles.replace(&format!("{first}\n"), ""));
    assert_ne!(whole.hash(), replay(&[&cut]).hash());
}
