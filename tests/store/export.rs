//! Exports: lines of CSV whose decimals add up to the last digit.

use banyan_core::ledger::SubLedger;
use rust_decimal::Decimal;

use crate::place::Place;
use crate::story::{account_of, day, write};

pub(crate) async fn trades_and_ledger_are_exported_with_every_digit(place: &Place) {
    let records = day();
    let (store, journal) = place.journal().await;
    write(&journal, &records).await;
    drop(journal);
    store.close().await;
    let account = account_of(&records).to_string();

    let trades = place.run(&["export", "trades", "--account", &account]);
    assert_eq!(trades.code, Some(0), "{trades:?}");
    let mut lines = csv::Reader::from_reader(trades.stdout.as_bytes());
    let headers = lines.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let lines: Vec<_> = lines.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0][at("symbol")], &lines[0][at("fee_asset")]), ("BTC/USDT:USDT", "USDT"));
    assert_eq!(lines[0][at("price")].parse::<Decimal>().unwrap(), Decimal::from(50_000));
    assert_eq!(&lines[0][at("fee")], "0.2");

    let file = place.folder.path().join("ledger.csv").display().to_string();
    let ledger = place.run(&["export", "ledger", "--account", &account, "--out", &file]);
    assert_eq!((ledger.code, ledger.stdout.as_str()), (Some(0), ""), "{ledger:?}");
    let mut lines = csv::Reader::from_path(&file).unwrap();
    let headers = lines.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (mut wallet, mut sum) = (Decimal::ZERO, Decimal::ZERO);
    for line in lines.records() {
        let line = line.unwrap();
        if &line[at("asset")] == "USDT" {
            let amount: Decimal = line[at("amount")].parse().unwrap();
            sum += amount;
            wallet += if &line[at("bucket")] == "wallet" { amount } else { Decimal::ZERO };
        }
    }
    let state = banyan_core::account::AccountState::replay(&records).unwrap();
    assert_eq!(sum, Decimal::ZERO);
    assert_eq!(wallet, state.ledger.wallet(&state.settings.settle).to_decimal());
    assert!(state.ledger.balances().keys().any(|(owner, ..)| *owner == SubLedger::External));

    let later = ["export", "trades", "--account", &account, "--from", "2025-01-02"];
    assert_eq!(place.run(&later).stdout.lines().count(), 1);
    let that_day = [&later[..4], &["--from", "2025-01-01", "--to", "2025-01-01"]].concat();
    assert_eq!(place.run(&that_day).stdout.lines().count(), 4);
}
