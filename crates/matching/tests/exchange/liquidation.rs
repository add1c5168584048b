//! Liquidation by tiers, bankruptcy price, auto-deleveraging and the insurance fund.

use std::sync::Arc;

use banyan_core::instrument::{InstrumentId, InstrumentKind};
use banyan_core::money::{Amount, Price};
use banyan_core::venue::{FillReason, MarginMode};
use banyan_matching::exchange::AccountSettings;
use banyan_matching::market::MarketChange;

use crate::desk::*;

/// Anna is long 90 at 100 with leverage 10; nobody stands in the book any more.
fn long(wallet: i64) -> Desk {
    let mut desk = Desk::with(&[(ANNA, with_usdt(wallet, 10)), (BEN, rich(10))]);
    desk.mark(100);
    desk.depth(&[], &[(100, 90)]);
    desk.submit(ANNA, market(1, Buy, 90));
    desk.depth(&[], &[]);
    desk
}

#[test]
fn an_account_is_liquidated_when_its_equity_falls_to_the_maintenance_margin() {
    let mut desk = long(1_000);
    // Equity 995.5 - 900 = 95.5 against 81.
    assert!(told(&desk.mark(90), ANNA).is_empty());
    desk.depth(&[(95, 200)], &[]);
    // Equity 995.5 - 990 = 5.5 against 80.1.
    assert_eq!(told(&desk.mark(89), ANNA), ["filled liquidation sell 90@95 taker"]);
    // 995.5 less 450 lost less 4.275 of fee.
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "541.225");
    assert_eq!(desk.fills(ANNA)[1].reason, FillReason::Liquidation);
}

#[test]
fn equity_at_the_maintenance_margin_fails_and_above_it_does_not() {
    // At 90 the equity is 95.5, and 1 % of 8,100 is 81: 14.5 more make them equal.
    let mut at = long(1_000);
    assert!(told(&at.mark(90), ANNA).is_empty());
    at.change(|it| it.tiers[0].maintenance_deduction = -units(14) - Amount(49_999_999));
    assert!(told(&at.mark(90), ANNA).is_empty());
    let out = at.change(|it| it.tiers[0].maintenance_deduction = -units(14) - Amount(50_000_000));
    assert_eq!(told(&out, ANNA).len(), 1);
}

#[test]
fn open_orders_are_cancelled_first() {
    let mut desk = long(1_000);
    desk.submit(ANNA, limit(2, Sell, 90, 110));
    desk.submit(ANNA, stop(3, Sell, 90, 50));
    let lines = told(&desk.mark(89), ANNA);
    assert_eq!(lines, ["cancelled 2", "cancelled 3", "filled liquidation sell 90@89 taker"]);
}

#[test]
fn beyond_the_bankruptcy_price_the_insurance_fund_takes_over_and_pays_what_is_missing() {
    let mut desk = long(950);
    desk.depth(&[(85, 500)], &[]);
    let lines = told(&desk.mark(80), ANNA);
    // 945.5 are lost at 89.49; the price is rounded to 89, and 44.5 more are paid by the fund.
    assert_eq!(lines, ["filled liquidation sell 90@89 taker"]);
    assert_eq!(desk.fills(ANNA)[1].fee.to_string(), "-44.5");
    assert_eq!(desk.balance(ANNA, &usdt()), Amount::ZERO);
    assert_eq!(desk.exchange.views().get(LINEAR).bid.unwrap().0, 85, "the book is untouched");
}

#[test]
fn the_book_takes_what_it_can_before_the_bankruptcy_price() {
    let mut desk = long(1_000);
    desk.depth(&[(92, 30), (90, 30), (88, 99)], &[]);
    let expected = [
        "filled liquidation sell 30@92 taker",
        "filled liquidation sell 30@90 taker",
        "filled liquidation sell 30@89 taker",
    ];
    assert_eq!(told(&desk.mark(89), ANNA), expected);
}

#[test]
fn a_liquidation_fills_resting_orders_of_others() {
    let mut desk = long(1_000);
    desk.submit(BEN, limit(2, Buy, 90, 91));
    let out = desk.mark(89);
    assert_eq!(told(&out, BEN), ["filled 2 buy 90@91 maker"]);
    assert_eq!(desk.net(BEN), 90);
}

#[test]
fn a_short_position_is_liquidated_by_a_rise() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(1_000, 10))]);
    desk.mark(100);
    desk.depth(&[(100, 90)], &[]);
    desk.submit(ANNA, market(1, Sell, 90));
    desk.depth(&[], &[(105, 90)]);
    assert!(told(&desk.mark(109), ANNA).is_empty());
    assert_eq!(told(&desk.mark(111), ANNA), ["filled liquidation buy 90@105 taker"]);
}

#[test]
fn larger_positions_need_the_maintenance_margin_of_their_tier() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(2_500, 10))]);
    desk.mark(100);
    desk.depth(&[], &[(100, 200)]);
    desk.submit(ANNA, market(1, Buy, 200));
    // Equity 690 against 18,200 * 5 % - 400 = 510.
    assert!(told(&desk.mark(91), ANNA).is_empty());
    // Equity 490 against 18,000 * 5 % - 400 = 500; the first tier would ask for 180.
    assert_eq!(told(&desk.mark(90), ANNA).len(), 1);
}

#[test]
fn the_middle_liquidates_where_no_mark_was_ever_given() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(1_000, 10))]);
    desk.depth(&[(99, 1)], &[(100, 90), (101, 1)]);
    desk.submit(ANNA, market(1, Buy, 90));
    let out = desk.depth(&[(85, 1)], &[(87, 1)]);
    assert_eq!(told(&out, ANNA).len(), 1);
    assert_eq!(desk.net(ANNA), 0);
}

#[test]
fn the_most_profitable_and_leveraged_are_deleveraged_first() {
    let accounts = [(ANNA, with_usdt(1_000, 10)), (BEN, with_usdt(1_000, 10)), (CLARA, rich(1))];
    let mut desk = Desk::with(&accounts);
    desk.mark(100);
    desk.submit(CLARA, limit(1, Sell, 60, 100));
    desk.submit(BEN, limit(2, Sell, 50, 100));
    desk.taker(Buy, 20, 100);
    desk.submit(ANNA, market(3, Buy, 90));
    desk.submit(BEN, reduce_only(limit(4, Buy, 50, 60)));
    let out = desk.mark(80);
    let anna = ["filled liquidation sell 50@89 taker", "filled liquidation sell 40@89 taker"];
    assert_eq!(told(&out, ANNA), anna);
    assert_eq!(told(&out, BEN), ["filled deleveraging buy 50@89 taker", "cancelled 4"]);
    assert_eq!(told(&out, CLARA), ["filled deleveraging buy 40@89 taker"]);
    assert_eq!((desk.net(ANNA), desk.net(BEN), desk.net(CLARA)), (0, 0, -20));
    assert!(desk.fills(BEN)[1].fee.is_zero());
}

#[test]
fn who_would_lose_by_it_is_not_deleveraged() {
    let mut desk = long(1_000);
    desk.depth(&[(80, 90)], &[]);
    desk.submit(BEN, market(2, Sell, 90));
    desk.depth(&[], &[]);
    let out = desk.mark(70);
    assert_eq!(told(&out, ANNA), ["filled liquidation sell 90@89 taker"]);
    assert!(told(&out, BEN).is_empty());
}

#[test]
fn an_isolated_position_loses_its_margin_and_no_more() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(10_000, 10))]);
    desk.leverage(ANNA, 10, MarginMode::Isolated);
    desk.mark(100);
    desk.depth(&[], &[(100, 90)]);
    desk.submit(ANNA, market(1, Buy, 90));
    desk.depth(&[], &[]);
    // Margin 900, loss 810, maintenance 81.9.
    assert!(told(&desk.mark(91), ANNA).is_empty());
    assert_eq!(told(&desk.mark(70), ANNA), ["filled liquidation sell 90@90 taker"]);
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "9095.5");
}

#[test]
fn what_an_isolated_position_loses_beyond_its_margin_is_paid_by_the_fund() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(10_000, 10))]);
    desk.leverage(ANNA, 6, MarginMode::Isolated);
    desk.mark(100);
    desk.depth(&[], &[(100, 90)]);
    desk.submit(ANNA, market(1, Buy, 90));
    desk.depth(&[], &[]);
    // Margin 1,500 is lost at 83.33; the price is rounded to 83, which loses 30 more.
    assert_eq!(told(&desk.mark(70), ANNA), ["filled liquidation sell 90@83 taker"]);
    assert_eq!(desk.fills(ANNA)[1].fee, -units(30));
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "8495.5");
}

#[test]
fn closing_a_part_at_a_great_loss_eats_the_margin_of_the_rest() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(10_000, 10))]);
    desk.leverage(ANNA, 10, MarginMode::Isolated);
    desk.mark(100);
    desk.depth(&[(80, 30)], &[(100, 90)]);
    desk.submit(ANNA, market(1, Buy, 90));
    desk.submit(ANNA, market(2, Sell, 30));
    // 300 of the margin came back, 601.2 were lost: 298.8 are left for 60.
    assert!(told(&desk.mark(96), ANNA).is_empty());
    assert_eq!(told(&desk.mark(95), ANNA), ["filled liquidation sell 60@95 taker"]);
}

#[test]
fn an_isolated_position_does_not_pull_down_the_cross_ones() {
    let mut desk = Desk::with(&[(ANNA, rich(10))]);
    desk.step_on(INVERSE, depth(&[(100, 50)], &[(100, 50)]));
    desk.submit(ANNA, on(INVERSE, market(1, Buy, 10)));
    desk.leverage(ANNA, 50, MarginMode::Isolated);
    desk.mark(100);
    desk.depth(&[], &[(100, 90)]);
    desk.submit(ANNA, market(2, Buy, 90));
    desk.mark(90);
    let positions = desk.snapshot(ANNA).positions;
    assert_eq!(positions.len(), 1);
    assert_eq!(positions[0].instrument, INVERSE);
    // The margin was 180, the fee 4.5.
    assert_eq!(desk.balance(ANNA, &usdt()).to_string(), "99815.5");
}

#[test]
fn an_inverse_position_is_liquidated_in_coins() {
    let settings = AccountSettings { balances: vec![(btc(), units(10))], ..rich(10) };
    let mut desk = Desk::with(&[(ANNA, settings)]);
    desk.step_on(INVERSE, depth(&[], &[(100, 90)]));
    desk.submit(ANNA, on(INVERSE, market(1, Buy, 90)));
    let mark = MarketChange::Mark(Price(85));
    let out = desk.step_on(INVERSE, mark);
    // 90 coins of cost and 9.955 of equity are 9,000 USD at 90.04.
    assert_eq!(told(&out, ANNA), ["filled liquidation sell 90@90 taker"]);
    assert_eq!(desk.balance(ANNA, &btc()), Amount::ZERO);
    assert_eq!(desk.fills(ANNA)[1].fee.to_string(), "-0.045");
}

#[test]
fn a_cross_account_is_liquidated_as_a_whole() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(1_000, 10))]);
    let other = InstrumentId(3);
    let second = instrument(other, "ETH/USDT:USDT", InstrumentKind::Linear);
    let second = MarketChange::Instrument(Arc::new(second));
    desk.step_on(other, second);
    for id in [LINEAR, other] {
        desk.step_on(id, depth(&[], &[(100, 45)]));
        desk.submit(ANNA, on(id, market(u128::from(id.0) + 1, Buy, 45)));
        desk.step_on(id, depth(&[], &[]));
    }
    let mark = |price| MarketChange::Mark(Price(price));
    desk.step_on(other, mark(100));
    // 995.5 - 45 * 21 = 50.5 against 35.55 + 45.
    let out = desk.mark(79);
    assert_eq!(told(&out, ANNA).len(), 2);
    assert!(desk.snapshot(ANNA).positions.is_empty());
    let left = desk.balance(ANNA, &usdt());
    assert!(left < units(50) && left >= Amount::ZERO, "{left}");
}
