//! What happens when an account meets itself.

use banyan_core::order::TimeInForce;
use banyan_matching::exchange::{AccountSettings, SelfTradePrevention};

use crate::desk::*;

/// Ben offers 1 at 99, Anna 2 at 100, Ben 5 at 101.
fn offered(prevention: SelfTradePrevention) -> Desk {
    let settings = AccountSettings { self_trade_prevention: prevention, ..rich(1) };
    let mut desk = Desk::with(&[(ANNA, settings), (BEN, rich(1))]);
    desk.submit(BEN, limit(1, Sell, 1, 99));
    desk.submit(ANNA, limit(2, Sell, 2, 100));
    desk.submit(BEN, limit(3, Sell, 5, 101));
    desk
}

#[test]
fn by_default_the_taker_expires_before_it_meets_its_own_order() {
    let mut desk = offered(SelfTradePrevention::default());
    let lines = desk.submit(ANNA, limit(4, Buy, 5, 101));
    assert_eq!(lines, ["accepted 4", "filled 4 buy 1@99 taker", "expired 4"]);
    assert_eq!(desk.snapshot(ANNA).open_orders.len(), 1);
}

#[test]
fn the_maker_expires_and_the_taker_goes_on() {
    let mut desk = offered(SelfTradePrevention::ExpireMaker);
    let lines = desk.submit(ANNA, limit(4, Buy, 5, 101));
    let expected =
        ["accepted 4", "filled 4 buy 1@99 taker", "expired 2", "filled 4 buy 4@101 taker"];
    assert_eq!(lines, expected);
}

#[test]
fn both_expire() {
    let mut desk = offered(SelfTradePrevention::ExpireBoth);
    let lines = desk.submit(ANNA, limit(4, Buy, 5, 101));
    assert_eq!(lines, ["accepted 4", "filled 4 buy 1@99 taker", "expired 2", "expired 4"]);
    assert!(desk.snapshot(ANNA).open_orders.is_empty());
}

#[test]
fn without_prevention_both_orders_fill_and_two_fees_are_paid() {
    let mut desk = offered(SelfTradePrevention::None);
    let lines = desk.submit(ANNA, limit(4, Buy, 3, 100));
    let expected = [
        "accepted 4",
        "filled 4 buy 1@99 taker",
        "filled 4 buy 2@100 taker",
        "filled 2 sell 2@100 maker",
    ];
    assert_eq!(lines, expected);
    assert_eq!(desk.net(ANNA), 1);
}

#[test]
fn fill_or_kill_does_not_count_own_orders() {
    let cases = [
        (SelfTradePrevention::ExpireTaker, false),
        (SelfTradePrevention::ExpireMaker, true),
        (SelfTradePrevention::ExpireBoth, false),
        (SelfTradePrevention::None, true),
    ];
    for (prevention, fills) in cases {
        let mut desk = offered(prevention);
        let request = lasting(limit(4, Buy, 6, 101), TimeInForce::FillOrKill);
        assert_eq!(desk.submit(ANNA, request)[0] == "accepted 4", fills, "{prevention:?}");
    }
}
