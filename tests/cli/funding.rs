//! Funding rates beside candles: who holds pays or receives.

use std::ops::Range;

use crate::banyan::replay;
use crate::folder::{Folder, MINUTE, START};

/// Buys a little every ten minutes and never sells.
const ALWAYS_LONG: &str = r#"
[[strategies]]
strategy_type = "dca"
config = { order_amount = 200, interval_minutes = 10, take_profit_percent = 100, max_orders = 10 }
"#;

/// 200 buy 0.004 BTC, in steps of 0.001, wherever the price is; ten such orders at 42000, a
/// thousandth of it twice, and the price may be four percent away.
const TWO_PAYMENTS: Range<f64> = 3.36 * 0.96..3.36 * 1.04;

fn funding_at(rate: &str) -> f64 {
    let folder = Folder::new();
    let (candles, config) = (folder.btc(), folder.write("long.toml", ALWAYS_LONG));
    let rows: String =
        [400, 800].map(|minute| format!("{},{rate}\n", START + minute * MINUTE)).concat();
    let rates = folder.write("funding-BTC-USDT-PERP-8h.csv", format!("time,rate\n{rows}"));
    let report = replay(&[&candles, &rates, "--config", &config]);
    assert!(report.fills() > 0);
    report.assert_balanced();
    report.figure("funding")
}

#[test]
fn a_long_position_pays_a_positive_rate() {
    let paid = funding_at("0.001");
    assert!(TWO_PAYMENTS.contains(&-paid), "{paid}");
}

#[test]
fn a_long_position_receives_a_negative_rate() {
    let received = funding_at("-0.001");
    assert!(TWO_PAYMENTS.contains(&received), "{received}");
}

#[test]
fn without_rates_nothing_is_paid() {
    let folder = Folder::new();
    let (candles, config) = (folder.btc(), folder.write("long.toml", ALWAYS_LONG));
    let report = replay(&[&candles, "--config", &config]);
    assert!(report.fills() > 0);
    assert!(report.figure("funding").abs() < f64::EPSILON);
}
