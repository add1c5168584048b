//! Replays of recorded markets, from the folder that `BANYAN_DATA` names. What they hold is laid
//! down here only as far as the strategies must trade in it.

#[path = "../support/banyan.rs"]
mod banyan;

use banyan::{number, replay};

const BTC: &str = "candles/BTC-USDT-PERP-1m-2022-01.csv";
const XRP: &str = "candles/XRP-USDT-PERP-5m-2021-11.csv";
const XRP_FUNDING: &str = "funding-XRP-USDT-PERP-8h.csv";
const ETH_BTC: &str = "candles/ETH-BTC-5m-2018-01.csv";
const TRADES: &str = "trades/BTC-USDT-trades-2021-01-08.csv";
const QUOTES: &str = "trades/BTC-USDT-quotes-2021-01-08.csv";

/// A file of the recorded data, as an argument.
fn data(file: &str) -> String {
    let folder = std::env::var("BANYAN_DATA").expect("BANYAN_DATA names the folder of the data");
    format!("{folder}/{file}")
}

/// Two runs agree, their money is accounted for, and there are fills.
fn assert_trades_the_same_twice(arguments: &[&str]) {
    let report = replay(arguments);
    assert!(report.fills() > 0, "{arguments:?}");
    report.assert_balanced();
    assert_eq!(report.hash(), replay(arguments).hash(), "{arguments:?}");
}

#[test]
fn a_month_of_minutes_trades_and_repeats_with_every_strategy() {
    for strategy in ["grid", "dca", "rsi", "ema_cross"] {
        assert_trades_the_same_twice(&[&data(BTC), "--strategy", strategy]);
    }
}

#[test]
fn one_worker_on_a_month_has_its_money_accounted_for() {
    let report = replay(&[&data(BTC), "--strategy", "rsi"]);
    report.assert_balanced();
    let [worker] = report.strategies() else {
        panic!("one strategy was asked for: {report:#?}");
    };
    assert_eq!(worker["state"], "running");
    assert!(number(worker, "round_trips") > 0.0, "{worker:#}");
    assert!((number(worker, "equity") - report.figure("equity")).abs() < 1e-9);
}

#[test]
fn three_strategies_share_the_month() {
    assert_trades_the_same_twice(&[&data(BTC)]);
}

#[test]
fn recorded_rates_are_paid() {
    let (candles, rates) = (data(XRP), data(XRP_FUNDING));
    for strategy in ["grid", "dca", "rsi", "ema_cross"] {
        let without = replay(&[&candles, "--strategy", strategy]);
        assert!(without.figure("funding").abs() < f64::EPSILON, "{strategy}");
        let with = replay(&[&candles, &rates, "--strategy", strategy]);
        assert!(with.figure("funding") < 0.0, "{strategy} is long, and rates are positive");
        with.assert_balanced();
    }
}

#[test]
fn spot_quoted_in_a_coin_trades_in_that_coin() {
    for strategy in ["grid", "dca", "rsi", "ema_cross"] {
        let file = data(ETH_BTC);
        let arguments = [&*file, "--strategy", strategy];
        assert_trades_the_same_twice(&arguments);
        assert_eq!(replay(&arguments).strategies()[0]["asset"], "BTC");
    }
}

#[test]
fn trades_and_quotes_play_together() {
    let (trades, quotes) = (data(TRADES), data(QUOTES));
    let arguments = [&*trades, &*quotes, "--strategy", "dca"];
    assert_trades_the_same_twice(&arguments);
}
