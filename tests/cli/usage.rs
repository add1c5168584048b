//! Arguments: help, versions, what is wrong with them, and readers that go away.

use crate::banyan::{Answer, banyan, run};
use crate::folder::Folder;
use crate::refusal::assert_refused;

#[test]
fn help_tells_of_every_command() {
    let help = run(&mut banyan(&["--help"]));
    for command in ["replay", "simulate", "doctor", "config"] {
        assert!(help.text().contains(command), "{command}");
        assert!(run(&mut banyan(&[command, "--help"])).text().contains("Usage: banyan"));
    }
}

#[test]
fn version_tells_the_version_of_the_package() {
    let version = run(&mut banyan(&["--version"]));
    assert_eq!(version.text(), concat!("banyan ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_arguments_exit_with_two_and_are_named() {
    let cases: [(&[&str], &str); 14] = [
        (&[], "Usage"),
        (&["trade"], "trade"),
        (&["config", "--colour"], "--colour"),
        (&["config", "extra"], "extra"),
        (&["replay"], "FILES"),
        (&["replay", "a.csv", "--synthetic"], "--synthetic"),
        (&["replay", "--synthetic", "--days", "0"], "--days"),
        (&["replay", "--synthetic", "--days", "366"], "--days"),
        (&["replay", "--synthetic", "--speed", "0"], "--speed"),
        (&["replay", "--synthetic", "--seed", "-1"], "-1"),
        (&["replay", "a.csv", "--strategy", "martingale"], "grid, dca, rsi, ema_cross"),
        (&["replay", "a.csv", "--symbol", "BTC"], "--symbol"),
        (&["replay", "a.csv", "--timeframe", "7m"], "--timeframe"),
        (&["replay", "a.csv", "--strategy", "rsi", "--config", "a.toml"], "--config"),
    ];
    for (arguments, word) in cases {
        assert_refused(&mut banyan(arguments), 2, &[word]);
    }
}

/// Runs a command whose standard output nobody reads.
fn run_unread(arguments: &[&str]) -> Answer {
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    run(banyan(arguments).stdout(writer))
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let folder = Folder::new();
    let file = folder.btc();
    let commands: [&[&str]; 5] =
        [&["config"], &["config", "--json"], &["doctor"], &["replay", &file], &["--help"]];
    for arguments in commands {
        let answer = run_unread(arguments);
        assert_eq!(answer.code, Some(0), "{arguments:?} {answer:#?}");
        assert_eq!(answer.stderr, "");
    }
}
