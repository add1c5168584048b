//! A worker's own standing: capital, equity, margin and each position.

use std::collections::BTreeMap;

use banyan_core::decision::{AccountSnapshot, PositionSnapshot};
use banyan_core::money::{Amount, Rate};
use banyan_core::order::Side;
use banyan_core::prompt::{Held, standing};
use rust_decimal::Decimal;

use crate::desk::{BTC, Desk, ETH, MIDNIGHT, price};

fn units(n: i64) -> Amount {
    Amount::from_units(n)
}

fn held(leverage: u32) -> Held {
    let (stop_loss, take_profit) = (Some(price(48_000)), Some(price(55_000)));
    Held { leverage, stop_loss, take_profit, opened_at: Some(MIDNIGHT) }
}

fn tell(desk: &Desk, realized: i64) -> (AccountSnapshot, Vec<PositionSnapshot>) {
    let held = BTreeMap::from([(BTC, held(5))]);
    standing(&desk.view(), units(realized), units(3), &held)
}

#[test]
fn a_worker_without_positions_has_its_capital_and_what_it_earned() {
    let (account, positions) = tell(&Desk::new(), -100);
    assert!(positions.is_empty());
    assert_eq!((account.capital, account.equity), (units(10_000), units(9_900)));
    assert_eq!((account.available, account.margin_used), (units(9_900), Amount::ZERO));
    assert_eq!((account.realized, account.fees), (units(-100), units(3)));
}

#[test]
fn a_long_position_is_valued_at_the_mark() {
    let mut desk = Desk::new();
    desk.hold(BTC, Side::Buy, 200, 50_000);
    desk.quote(BTC, 51_000);
    let (account, positions) = tell(&desk, 0);
    // 0.2 coins that are ahead by 1,000 each; the margin is a fifth of 10,200.
    assert_eq!((account.unrealized, account.equity), (units(200), units(10_200)));
    assert_eq!((account.margin_used, account.available), (units(2_040), units(8_160)));
    let it = &positions[0];
    assert_eq!((it.side, it.quantity), (Side::Buy, Decimal::new(2, 1)));
    assert_eq!((it.notional, it.leverage), (units(10_200), 5));
    assert_eq!((it.entry_price, it.mark_price), (Decimal::from(50_000), Decimal::from(51_000)));
    // 200 on a margin of 2,000.
    assert_eq!(it.unrealized_percent, Rate::from_basis_points(1_000));
    assert_eq!(it.stop_loss, Some(Decimal::from(48_000)));
    assert_eq!(it.take_profit, Some(Decimal::from(55_000)));
    assert_eq!(it.opened_at, Some(MIDNIGHT));
    // Fully backed by the capital: no price liquidates it.
    assert_eq!(it.liquidation, None);
}

#[test]
fn a_short_position_tells_how_far_its_liquidation_is() {
    let mut desk = Desk::new();
    desk.hold(BTC, Side::Sell, 1_000, 50_000);
    desk.quote(BTC, 49_000);
    let (account, positions) = tell(&desk, 0);
    assert_eq!(account.unrealized, units(1_000));
    let it = &positions[0];
    assert_eq!(it.side, Side::Sell);
    // 10,000 + (50,000 - p) = 0.005 p, so p = 60,000 / 1.005, up to the tick where it is due.
    let (at, distance) = it.liquidation.unwrap();
    assert_eq!(at, Decimal::new(597_015, 1));
    let expected = (at - Decimal::from(49_000)) / Decimal::from(49_000);
    assert!((distance.to_decimal() - expected).abs() < Decimal::new(1, 9));
}

#[test]
fn a_position_that_nobody_remembers_counts_without_leverage() {
    let mut desk = Desk::new();
    desk.hold(ETH, Side::Buy, 1_000, 3_000);
    desk.quote(ETH, 3_000);
    let (account, positions) = tell(&desk, 0);
    assert_eq!((positions[0].leverage, account.margin_used), (1, units(3_000)));
    assert_eq!((positions[0].stop_loss, positions[0].opened_at), (None, None));
}

#[test]
fn a_position_without_a_price_is_valued_at_its_entry() {
    let mut desk = Desk::new();
    desk.hold(BTC, Side::Buy, 200, 50_000);
    let (account, positions) = tell(&desk, 0);
    assert_eq!(account.unrealized, Amount::ZERO);
    assert_eq!(positions[0].mark_price, Decimal::from(50_000));
}

#[test]
fn nothing_is_available_below_zero() {
    let mut desk = Desk::new();
    desk.hold(BTC, Side::Buy, 2_000, 50_000);
    desk.quote(BTC, 44_000);
    let (account, _) = tell(&desk, 0);
    assert_eq!((account.equity, account.available), (units(-2_000), Amount::ZERO));
}

#[test]
fn what_is_remembered_is_saved_with_the_strategy() {
    let bytes = postcard::to_stdvec(&held(5)).unwrap();
    assert_eq!(postcard::from_bytes::<Held>(&bytes).unwrap(), held(5));
}
