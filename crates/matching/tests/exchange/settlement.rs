//! Funding and delisting.

use banyan_core::instrument::TradingStatus;
use banyan_core::money::{Amount, Rate};
use banyan_core::venue::{FillReason, MarginMode};
use banyan_matching::market::MarketChange;

use crate::desk::*;

/// Anna is long 5 at 100 from Ben.
fn traded() -> Desk {
    let mut desk = Desk::open();
    desk.submit(BEN, limit(1, Sell, 5, 100));
    desk.submit(ANNA, market(2, Buy, 5));
    desk
}

fn fund(desk: &mut Desk, rate: Rate) -> (Vec<String>, Vec<String>) {
    let out = desk.step(MarketChange::Funding(rate));
    (told(&out, ANNA), told(&out, BEN))
}

#[test]
fn longs_pay_shorts_when_the_rate_is_positive() {
    let mut desk = traded();
    desk.mark(200);
    let before = desk.balance(ANNA, &usdt());
    let (anna, ben) = fund(&mut desk, Rate::from_basis_points(10));
    assert_eq!((anna, ben), (vec!["funding -1".to_owned()], vec!["funding 1".to_owned()]));
    assert_eq!(desk.balance(ANNA, &usdt()), before - units(1));
    let (anna, ben) = fund(&mut desk, Rate::from_basis_points(-10));
    assert_eq!((anna, ben), (vec!["funding 1".to_owned()], vec!["funding -1".to_owned()]));
    assert_eq!(desk.exchange.fundings(ANNA).len(), 2);
    assert!(desk.exchange.fundings(CLARA).is_empty());
}

#[test]
fn payments_are_rounded_up_and_receipts_down() {
    let mut desk = traded();
    desk.mark(1);
    // 5 at 10^-10 are a twentieth of the smallest amount.
    fund(&mut desk, Rate(1));
    assert_eq!(desk.exchange.fundings(ANNA)[0].amount, Amount(-1));
    assert_eq!(desk.exchange.fundings(BEN)[0].amount, Amount(0));
}

#[test]
fn an_isolated_position_pays_out_of_its_margin() {
    let mut desk = Desk::open();
    desk.leverage(ANNA, 10, MarginMode::Isolated);
    desk.mark(100);
    desk.depth(&[], &[(100, 90)]);
    desk.submit(ANNA, market(1, Buy, 90));
    desk.depth(&[], &[]);
    let (anna, _) = fund(&mut desk, Rate::from_basis_points(1_000));
    // 900 of margin are gone: what is left is liquidated at the mark, where it was opened.
    assert_eq!(anna, ["funding -900", "filled liquidation sell 90@100 taker"]);
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "99095.5");
}

#[test]
fn a_delisted_instrument_cancels_orders_and_settles_positions_at_the_mark() {
    let mut desk = traded();
    desk.submit(ANNA, limit(3, Buy, 1, 90));
    desk.submit(ANNA, stop(4, Sell, 5, 50));
    desk.mark(110);
    let out = desk.change(|it| it.filters.status = TradingStatus::Delisted);
    assert_eq!(
        told(&out, ANNA),
        ["cancelled 3", "cancelled 4", "filled delisting sell 5@110 taker"]
    );
    assert_eq!(told(&out, BEN), ["filled delisting buy 5@110 taker"]);
    let last = desk.fills(ANNA).last().unwrap();
    assert_eq!((last.reason, last.fee), (FillReason::Delisting, Amount::ZERO));
    // 50 won, 0.25 of fee paid at the start.
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "100049.75");
    assert_eq!(desk.submit(ANNA, limit(5, Buy, 1, 90)), ["rejected 5 MarketClosed"]);
    assert!(told(&desk.depth(&[(90, 5)], &[]), ANNA).is_empty());
    assert_eq!(desk.exchange.views().get(LINEAR).bid, None);
}

#[test]
fn nothing_triggers_or_is_liquidated_while_halted() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(1_000, 10))]);
    desk.mark(100);
    desk.depth(&[(99, 90)], &[(100, 90)]);
    desk.submit(ANNA, market(1, Buy, 90));
    desk.submit(ANNA, stop(2, Sell, 10, 95));
    desk.change(|it| it.filters.status = TradingStatus::Halted);
    assert!(told(&desk.mark(94), ANNA).is_empty());
    assert!(told(&desk.mark(50), ANNA).is_empty());
    desk.mark(94);
    let out = desk.change(|it| it.filters.status = TradingStatus::Trading);
    assert_eq!(told(&out, ANNA), ["triggered 2", "filled 2 sell 10@99 taker"]);
}
