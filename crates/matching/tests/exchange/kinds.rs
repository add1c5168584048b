//! Market, conditional, trailing, reduce-only and close-position orders.

use banyan_core::money::{Price, Rate};
use banyan_core::order::{OrderKind, OrderRequest, Side};

use crate::desk::*;

fn take_profit(id: u128, side: Side, quantity: i64, trigger: i64) -> OrderRequest {
    order(id, side, quantity, OrderKind::TakeProfitMarket { trigger: Price(trigger) })
}

fn trailing(id: u128, side: Side, percent: i64, activation: Option<i64>) -> OrderRequest {
    let callback = Rate::from_basis_points(percent * 100);
    let activation = activation.map(Price);
    order(id, side, 1, OrderKind::TrailingStop { callback, activation })
}

/// Anna is long by `quantity` at 100, the mark is 100, and there is a deep book around it.
fn long(quantity: i64) -> Desk {
    let mut desk = Desk::open();
    desk.depth(&[(99, 1_000)], &[(100, quantity), (101, 1_000)]);
    desk.mark(100);
    desk.submit(ANNA, market(1, Buy, quantity));
    desk
}

#[test]
fn a_market_order_takes_what_is_there_and_the_rest_expires() {
    let mut desk = Desk::open();
    desk.depth(&[(99, 2)], &[]);
    let lines = desk.submit(ANNA, market(1, Sell, 3));
    assert_eq!(lines, ["accepted 1", "filled 1 sell 2@99 taker", "expired 1"]);
    assert_eq!(desk.submit(ANNA, market(2, Sell, 3)), ["accepted 2", "expired 2"]);
}

#[test]
fn a_stop_waits_for_the_mark_and_then_works_as_market() {
    let mut desk = long(5);
    assert_eq!(desk.submit(ANNA, stop(2, Sell, 3, 95)), ["accepted 2"]);
    assert!(told(&desk.mark(96), ANNA).is_empty());
    assert_eq!(told(&desk.mark(95), ANNA), ["triggered 2", "filled 2 sell 3@99 taker"]);
    assert!(told(&desk.mark(94), ANNA).is_empty());
}

#[test]
fn a_stop_to_buy_waits_for_a_rise_and_a_take_profit_for_the_other_way() {
    let mut desk = long(5);
    desk.submit(ANNA, stop(2, Buy, 1, 105));
    desk.submit(ANNA, take_profit(3, Sell, 1, 110));
    desk.submit(BEN, take_profit(4, Buy, 1, 90));
    assert_eq!(told(&desk.mark(105), ANNA), ["triggered 2", "filled 2 buy 1@101 taker"]);
    assert_eq!(told(&desk.mark(110), ANNA), ["triggered 3", "filled 3 sell 1@99 taker"]);
    assert_eq!(told(&desk.mark(90), BEN), ["triggered 4", "filled 4 buy 1@101 taker"]);
}

#[test]
fn the_middle_triggers_where_no_mark_was_ever_given() {
    let mut desk = Desk::open();
    desk.depth(&[(99, 9)], &[(101, 9)]);
    desk.submit(ANNA, stop(1, Buy, 1, 105));
    let out = desk.depth(&[(104, 9)], &[(106, 9)]);
    assert_eq!(told(&out, ANNA), ["triggered 1", "filled 1 buy 1@106 taker"]);
}

#[test]
fn the_nearest_trigger_fires_first() {
    let mut desk = long(5);
    desk.submit(ANNA, stop(2, Sell, 1, 90));
    desk.submit(ANNA, stop(3, Sell, 1, 95));
    let out = desk.mark(80);
    let triggered: Vec<_> =
        told(&out, ANNA).into_iter().filter(|line| line.starts_with("triggered")).collect();
    assert_eq!(triggered, ["triggered 3", "triggered 2"]);
}

#[test]
fn a_trailing_stop_follows_the_best_mark() {
    let mut desk = long(5);
    desk.submit(ANNA, trailing(2, Sell, 10, None));
    desk.mark(200);
    assert!(told(&desk.mark(181), ANNA).is_empty());
    assert_eq!(told(&desk.mark(180), ANNA), ["triggered 2", "filled 2 sell 1@99 taker"]);
}

#[test]
fn a_trailing_stop_waits_for_its_activation() {
    let mut desk = long(5);
    desk.submit(ANNA, trailing(2, Buy, 10, Some(90)));
    assert!(told(&desk.mark(150), ANNA).is_empty());
    desk.mark(90);
    desk.mark(80);
    assert!(told(&desk.mark(87), ANNA).is_empty());
    assert_eq!(told(&desk.mark(88), ANNA), ["triggered 2", "filled 2 buy 1@101 taker"]);
}

#[test]
fn a_trailing_stop_can_be_cancelled() {
    let mut desk = long(5);
    desk.submit(ANNA, trailing(2, Sell, 10, None));
    assert_eq!(desk.cancel(ANNA, 2), ["cancelled 2"]);
    assert!(told(&desk.mark(50), ANNA).is_empty());
}

#[test]
fn close_position_closes_the_whole_of_it() {
    let mut desk = long(5);
    let close = OrderRequest { close_position: true, ..stop(2, Sell, 1, 95) };
    desk.submit(ANNA, close);
    desk.submit(ANNA, market(3, Buy, 2));
    assert_eq!(told(&desk.mark(95), ANNA), ["triggered 2", "filled 2 sell 7@99 taker"]);
    assert_eq!(desk.net(ANNA), 0);
}

#[test]
fn a_triggered_order_with_nothing_to_close_expires() {
    let mut desk = Desk::open();
    desk.depth(&[(99, 9)], &[(101, 9)]);
    desk.mark(100);
    desk.submit(ANNA, reduce_only(stop(2, Sell, 1, 95)));
    assert_eq!(told(&desk.mark(95), ANNA), ["triggered 2", "expired 2"]);
}

#[test]
fn a_triggered_order_that_cannot_be_paid_expires() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(100, 1))]);
    desk.depth(&[(99, 9)], &[(101, 9)]);
    desk.mark(100);
    // Waiting orders hold no margin, so that both are taken.
    assert_eq!(desk.submit(ANNA, stop(1, Sell, 5, 95)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 1, 99)), ["accepted 2"]);
    assert_eq!(told(&desk.mark(95), ANNA), ["triggered 1", "expired 1"]);
}

#[test]
fn reduce_only_never_turns_a_position() {
    let mut desk = long(5);
    let lines = desk.submit(ANNA, reduce_only(market(2, Sell, 8)));
    assert_eq!(lines, ["accepted 2", "filled 2 sell 5@99 taker", "expired 2"]);
    assert_eq!(desk.net(ANNA), 0);
}

#[test]
fn resting_reduce_only_orders_go_with_the_position() {
    let mut desk = long(5);
    desk.submit(ANNA, reduce_only(limit(2, Sell, 5, 110)));
    desk.submit(ANNA, reduce_only(limit(3, Sell, 5, 111)));
    desk.submit(ANNA, market(4, Sell, 3));
    let out = desk.taker(Buy, 1_999, 110);
    assert_eq!(told(&out, ANNA), ["filled 2 sell 2@110 maker", "cancelled 2", "cancelled 3"]);
    assert_eq!(desk.net(ANNA), 0);
}

#[test]
fn a_flip_takes_resting_reduce_only_orders_with_it() {
    let mut desk = long(5);
    desk.submit(ANNA, reduce_only(limit(2, Sell, 5, 110)));
    let lines = desk.submit(ANNA, market(3, Sell, 6));
    assert_eq!(lines, ["accepted 3", "filled 3 sell 6@99 taker", "cancelled 2"]);
    assert_eq!(desk.net(ANNA), -1);
}
