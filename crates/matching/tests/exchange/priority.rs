//! Price, then time, then the queue of outsiders before an order.

use banyan_core::market::MarketData;
use banyan_core::money::{Price, Quantity};

use crate::desk::*;

#[test]
fn the_better_price_trades_first_and_at_one_price_the_older() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Sell, 2, 101));
    desk.submit(ANNA, limit(2, Sell, 2, 100));
    desk.submit(BEN, limit(3, Sell, 2, 100));
    let told_clara = desk.submit(CLARA, market(4, Buy, 5));
    let expected = [
        "accepted 4",
        "filled 4 buy 2@100 taker",
        "filled 4 buy 2@100 taker",
        "filled 4 buy 1@101 taker",
    ];
    assert_eq!(told_clara, expected);
    let order = |account| desk.fills(account)[0].client_id.unwrap().0;
    assert_eq!((order(ANNA), order(BEN)), (2, 3));
    assert_eq!(desk.fills(ANNA).len(), 2);
}

#[test]
fn outsiders_that_were_there_before_are_taken_before() {
    let mut desk = Desk::open();
    desk.depth(&[], &[(100, 3), (101, 9)]);
    desk.submit(ANNA, limit(1, Sell, 2, 100));
    let out = desk.taker(Buy, 4, 100);
    assert_eq!(told(&out, ANNA), ["filled 1 sell 1@100 maker"]);
    let trades: Vec<_> = public(&out)
        .into_iter()
        .filter_map(|data| match data {
            MarketData::Trade { price, quantity, aggressor } => Some((price, quantity, aggressor)),
            _ => None,
        })
        .collect();
    assert_eq!(trades, [(Price(100), Quantity(3), Buy), (Price(100), Quantity(1), Buy)]);
}

#[test]
fn outsiders_that_came_later_stand_behind() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Sell, 2, 100));
    desk.depth(&[], &[(100, 50)]);
    assert_eq!(told(&desk.taker(Buy, 2, 100), ANNA), ["filled 1 sell 2@100 maker"]);
}

#[test]
fn a_smaller_level_moves_an_order_up_and_a_larger_one_does_not_move_it_back() {
    let mut desk = Desk::open();
    desk.depth(&[(100, 10)], &[]);
    desk.submit(ANNA, limit(1, Buy, 1, 100));
    desk.depth(&[(100, 3)], &[]);
    desk.depth(&[(100, 30)], &[]);
    assert_eq!(told(&desk.print(100, Some(3), Sell), ANNA), [""; 0]);
    assert_eq!(told(&desk.print(100, Some(1), Sell), ANNA), ["filled 1 buy 1@100 maker"]);
}

#[test]
fn what_trades_at_the_price_moves_an_order_up() {
    let mut desk = Desk::open();
    desk.depth(&[(100, 10)], &[]);
    desk.submit(ANNA, limit(1, Buy, 4, 100));
    assert_eq!(told(&desk.print(100, Some(8), Sell), ANNA), [""; 0]);
    assert_eq!(told(&desk.print(100, Some(5), Sell), ANNA), ["filled 1 buy 3@100 maker"]);
    assert_eq!(told(&desk.print(100, Some(5), Sell), ANNA), ["filled 1 buy 1@100 maker"]);
}

#[test]
fn takers_of_accounts_use_outsiders_up_until_the_next_depth() {
    let mut desk = Desk::open();
    desk.depth(&[], &[(100, 3)]);
    desk.submit(ANNA, market(1, Buy, 2));
    let second = desk.submit(BEN, market(2, Buy, 2));
    assert_eq!(second, ["accepted 2", "filled 2 buy 1@100 taker", "expired 2"]);
    desk.depth(&[], &[(100, 3)]);
    let third = desk.submit(BEN, market(3, Buy, 2));
    assert_eq!(third, ["accepted 3", "filled 3 buy 2@100 taker"]);
}

#[test]
fn a_depth_that_crosses_fills_orders_at_their_own_price_as_far_as_it_reaches() {
    let mut desk = Desk::open();
    desk.depth(&[(99, 5)], &[(101, 5)]);
    desk.submit(ANNA, limit(1, Buy, 4, 100));
    desk.submit(BEN, limit(2, Buy, 4, 99));
    let out = desk.depth(&[(97, 5)], &[(98, 5), (99, 1), (100, 9)]);
    assert_eq!(told(&out, ANNA), ["filled 1 buy 4@100 maker"]);
    assert_eq!(told(&out, BEN), ["filled 2 buy 1@99 maker", "filled 2 buy 1@99 maker"]);
    let ask = desk.exchange.views().get(LINEAR).ask;
    assert_eq!(ask, Some(Price(100)));
}

#[test]
fn a_crossing_bid_fills_resting_sells() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Sell, 4, 100));
    let out = desk.depth(&[(100, 3)], &[]);
    assert_eq!(told(&out, ANNA), ["filled 1 sell 3@100 maker"]);
}

#[test]
fn an_outside_taker_stops_at_its_limit_and_what_finds_nobody_is_gone() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Buy, 2, 100));
    desk.submit(ANNA, limit(2, Buy, 2, 98));
    assert_eq!(told(&desk.taker(Sell, 50, 99), ANNA), ["filled 1 buy 2@100 maker"]);
    assert_eq!(desk.exchange.views().get(LINEAR).ask, None);
}

#[test]
fn a_print_fills_better_prices_first_and_no_more_than_its_quantity() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Sell, 2, 100));
    desk.submit(ANNA, limit(2, Sell, 2, 101));
    desk.submit(ANNA, limit(3, Sell, 2, 102));
    let out = desk.print(102, Some(5), Buy);
    let expected =
        ["filled 1 sell 2@100 maker", "filled 2 sell 2@101 maker", "filled 3 sell 1@102 maker"];
    assert_eq!(told(&out, ANNA), expected);
    let trades = public(&out).iter().filter(|it| matches!(it, MarketData::Trade { .. })).count();
    assert_eq!(trades, 1, "the print alone is repeated to the public");
}

#[test]
fn a_print_of_unknown_quantity_fills_what_is_better_and_nothing_at_its_price() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Buy, 2_00, 101));
    desk.submit(ANNA, limit(2, Buy, 2, 100));
    assert_eq!(told(&desk.print(100, None, Sell), ANNA), ["filled 1 buy 200@101 maker"]);
}

#[test]
fn fills_pay_the_fee_of_their_liquidity() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Sell, 3, 100));
    desk.submit(BEN, market(2, Buy, 3));
    // 300 at 0.02 % and at 0.05 %.
    assert_eq!(desk.fills(ANNA)[0].fee.to_string(), "0.06");
    assert_eq!(desk.fills(BEN)[0].fee.to_string(), "0.15");
    assert_eq!(desk.balance(BEN, &usdt()).to_string(), "99999.85");
}
