//! `banyan replay --config`: strategies as a file tells them.

use crate::banyan::{number, replay};
use crate::folder::Folder;

const PAIR: &str = r#"
[[strategies]]
name = "follower"
symbol = "BTC/USDT:USDT"
capital = 5000
strategy_type = "ema_cross"
config = { fast_period = 5, slow_period = 10, order_amount = 1000, timeframe = "5m" }

[[strategies]]
symbol = "ETHUSDT"
capital = 1234.56
strategy_type = "dca"
config = { order_amount = "40.5", interval_minutes = 60 }
"#;

#[test]
fn several_strategies_trade_several_symbols() {
    let folder = Folder::new();
    let config = folder.write("pair.toml", PAIR);
    let report = replay(&[&folder.btc(), &folder.eth(), "--config", &config]);
    let [follower, buyer] = report.strategies() else {
        panic!("two strategies are configured: {report:#?}");
    };
    assert_eq!(follower["name"], "follower");
    assert_eq!(buyer["name"], "dca", "the type where no name is given");
    assert!((number(follower, "capital") - 5_000.0).abs() < 1e-9);
    assert!((number(buyer, "capital") - 1_234.56).abs() < 1e-9);
    for strategy in [follower, buyer] {
        assert!(number(strategy, "fills") > 0.0, "{strategy:#}");
    }
    report.assert_balanced();
}

#[test]
fn the_first_file_and_the_capital_of_the_settings_are_taken_where_nothing_is_said() {
    let folder = Folder::new();
    let told = "strategy_type = \"dca\"\nconfig = { order_amount = 200, interval_minutes = 60 }";
    let silent = folder.write("silent.toml", format!("[[strategies]]\n{told}"));
    let named = format!("[[strategies]]\nsymbol = \"BTC\"\ncapital = 10000\n{told}");
    let named = folder.write("named.toml", named);
    let (btc, eth) = (folder.btc(), folder.eth());
    let hash = |config: &str| replay(&[&btc, &eth, "--config", config]).hash().to_owned();
    assert_eq!(hash(&silent), hash(&named));
}
