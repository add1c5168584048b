//! How long an order stays.

use banyan_core::order::TimeInForce;
use banyan_core::time::Timestamp;
use banyan_matching::exchange::Output;

use crate::desk::*;

#[test]
fn a_limit_rests_with_what_it_did_not_take() {
    let mut desk = Desk::open();
    desk.depth(&[], &[(100, 1), (103, 5)]);
    let lines = desk.submit(ANNA, limit(1, Buy, 3, 102));
    assert_eq!(lines, ["accepted 1", "filled 1 buy 1@100 taker"]);
    assert_eq!(told(&desk.taker(Sell, 9, 1), ANNA), ["filled 1 buy 2@102 maker"]);
}

#[test]
fn immediate_or_cancel_leaves_nothing() {
    let mut desk = Desk::open();
    desk.depth(&[], &[(100, 1)]);
    let request = lasting(limit(1, Buy, 3, 100), TimeInForce::ImmediateOrCancel);
    let lines = desk.submit(ANNA, request);
    assert_eq!(lines, ["accepted 1", "filled 1 buy 1@100 taker", "expired 1"]);
}

#[test]
fn fill_or_kill_takes_all_or_is_refused() {
    let mut desk = Desk::open();
    desk.depth(&[], &[(100, 2), (101, 2)]);
    let request = |id, quantity| lasting(limit(id, Buy, quantity, 101), TimeInForce::FillOrKill);
    assert_eq!(desk.submit(ANNA, request(1, 5)), ["rejected 1 OrderNotFillable"]);
    let lines = desk.submit(ANNA, request(2, 4));
    assert_eq!(lines, ["accepted 2", "filled 2 buy 2@100 taker", "filled 2 buy 2@101 taker"]);
}

#[test]
fn fill_or_kill_counts_reduce_only_makers_for_what_they_can_reduce() {
    let mut desk = Desk::open();
    desk.depth(&[], &[(100, 3)]);
    desk.submit(ANNA, market(1, Buy, 3));
    desk.submit(ANNA, reduce_only(limit(2, Sell, 2, 100)));
    desk.submit(ANNA, reduce_only(limit(3, Sell, 2, 100)));
    let request = |id, quantity| lasting(limit(id, Buy, quantity, 100), TimeInForce::FillOrKill);
    assert_eq!(desk.submit(BEN, request(4, 4)), ["rejected 4 OrderNotFillable"]);
    let lines = desk.submit(BEN, request(5, 3));
    assert_eq!(lines, ["accepted 5", "filled 5 buy 2@100 taker", "filled 5 buy 1@100 taker"]);
    assert_eq!(desk.net(ANNA), 0);
}

#[test]
fn post_only_never_takes() {
    let mut desk = Desk::open();
    desk.depth(&[(98, 1)], &[(100, 1)]);
    let request = |id, price| lasting(limit(id, Buy, 1, price), TimeInForce::PostOnly);
    assert_eq!(desk.submit(ANNA, request(1, 100)), ["rejected 1 OrderImmediatelyFillable"]);
    assert_eq!(desk.submit(ANNA, request(2, 99)), ["accepted 2"]);
}

#[test]
fn good_till_date_ends_at_its_date_and_frees_what_it_held() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(1_000, 1))]);
    let end = Timestamp(5_000);
    let request = lasting(limit(1, Buy, 9, 100), TimeInForce::GoodTillDate(end));
    assert_eq!(desk.submit(ANNA, request), ["accepted 1"]);
    assert_eq!(desk.exchange.next_expiry(), Some(end));
    let expire = |desk: &mut Desk, now| {
        let mut out: Vec<Output> = Vec::new();
        desk.exchange.expire(Timestamp(now), &mut out);
        told(&out, ANNA)
    };
    assert_eq!(expire(&mut desk, 4_999), [""; 0]);
    assert_eq!(expire(&mut desk, 5_000), ["expired 1"]);
    assert_eq!(desk.exchange.next_expiry(), None);
    desk.now = Timestamp(5_001);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 9, 100)), ["accepted 2"]);
}

#[test]
fn a_cancelled_order_with_a_date_is_forgotten_by_the_calendar() {
    let mut desk = Desk::open();
    let request = lasting(limit(1, Buy, 9, 100), TimeInForce::GoodTillDate(Timestamp(5_000)));
    desk.submit(ANNA, request);
    assert_eq!(desk.cancel(ANNA, 1), ["cancelled 1"]);
    assert_eq!(desk.exchange.next_expiry(), None);
    assert!(told(&desk.taker(Sell, 9, 1), ANNA).is_empty());
}
