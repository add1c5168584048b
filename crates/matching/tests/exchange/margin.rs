//! What an order must be able to pay, leverage, hedge mode, isolated margin.

use banyan_core::order::PositionSide;
use banyan_core::venue::{MarginMode, PositionMode, VenueCommand};
use banyan_matching::exchange::AccountSettings;

use crate::desk::*;

/// Anna has 1,000 at leverage 10; the mark is 100 and the book is deep.
fn thousand() -> Desk {
    let mut desk = Desk::with(&[(ANNA, with_usdt(1_000, 10)), (BEN, rich(10))]);
    desk.depth(&[(99, 10_000)], &[(100, 10_000)]);
    desk.mark(100);
    desk
}

#[test]
fn an_order_needs_its_initial_margin_and_its_fee() {
    let mut desk = thousand();
    // 10,000 needs 1,000 of margin and 5 of fee; 9,900 needs 990 and 4.95.
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 100, 100)), ["rejected 1 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, market(1, Buy, 100)), ["rejected 1 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 99, 98)), ["accepted 1"]);
}

#[test]
fn open_orders_hold_margin_until_they_are_cancelled() {
    let mut desk = thousand();
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 60, 90)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 60, 90)), ["rejected 2 InsufficientFunds"]);
    // The other side is held by the larger of both, so that a sell of the same size is free.
    assert_eq!(desk.submit(ANNA, limit(3, Sell, 50, 105)), ["accepted 3"]);
    desk.cancel(ANNA, 1);
    desk.cancel(ANNA, 3);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 60, 90)), ["accepted 2"]);
}

#[test]
fn waiting_orders_hold_nothing() {
    let mut desk = thousand();
    assert_eq!(desk.submit(ANNA, stop(1, Buy, 90, 110)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 90, 98)), ["accepted 2"]);
}

#[test]
fn closing_and_turning_to_the_same_size_need_no_margin() {
    let mut desk = thousand();
    desk.submit(ANNA, market(1, Buy, 99));
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 5, 98)), ["rejected 2 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, limit(3, Sell, 99, 110)), ["accepted 3"]);
    assert_eq!(desk.submit(ANNA, limit(4, Sell, 70, 110)), ["accepted 4"]);
    assert_eq!(desk.submit(ANNA, limit(5, Sell, 99, 110)), ["rejected 5 InsufficientFunds"]);
}

#[test]
fn a_loss_that_is_not_realised_is_not_available_but_a_gain_is_neither() {
    let mut desk = thousand();
    desk.submit(ANNA, market(1, Buy, 50));
    desk.mark(110);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 50, 99)), ["rejected 2 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 40, 99)), ["accepted 2"]);
    desk.cancel(ANNA, 2);
    desk.mark(92);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 40, 92)), ["rejected 2 InsufficientFunds"]);
}

#[test]
fn an_order_that_would_open_at_a_loss_must_be_able_to_bear_it() {
    let mut desk = thousand();
    // 4,500 at leverage 10 is 450, and 1,500 would be lost against the mark.
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 30, 150)), ["rejected 1 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 15, 140))[0], "accepted 1");
}

#[test]
fn a_position_larger_than_its_leverage_allows_is_invalid() {
    let mut desk = Desk::with(&[(ANNA, rich(20))]);
    desk.mark(100);
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 100, 100)), ["rejected 1 InvalidOrder"]);
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 99, 100)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 1, 100)), ["rejected 2 InvalidOrder"]);
}

#[test]
fn the_default_leverage_is_lowered_to_the_first_tier() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(100, 125))]);
    desk.mark(100);
    // At 50, not 125: 5,000 needs 100 and a fee.
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 50, 100)), ["rejected 1 InsufficientFunds"]);
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 48, 100)), ["accepted 1"]);
}

#[test]
fn leverage_must_suit_what_is_open() {
    let mut desk = thousand();
    desk.submit(ANNA, market(1, Buy, 90));
    assert_eq!(desk.leverage(ANNA, 9, MarginMode::Cross), ["refused BadRequest"]);
    assert_eq!(desk.leverage(ANNA, 20, MarginMode::Cross), ["leverage 20"]);
    assert_eq!(desk.leverage(ANNA, 10, MarginMode::Isolated), ["refused BadRequest"]);
    desk.submit(BEN, market(2, Buy, 150));
    assert_eq!(desk.leverage(BEN, 11, MarginMode::Cross), ["refused BadRequest"]);
    assert_eq!(desk.leverage(BEN, 5, MarginMode::Cross), ["leverage 5"]);
}

#[test]
fn less_leverage_needs_more_isolated_margin() {
    let mut desk = thousand();
    assert_eq!(desk.leverage(ANNA, 20, MarginMode::Isolated), ["leverage 20"]);
    desk.submit(ANNA, market(1, Buy, 90));
    assert_eq!(desk.leverage(ANNA, 9, MarginMode::Isolated), ["refused BadRequest"]);
    assert_eq!(desk.leverage(ANNA, 10, MarginMode::Isolated), ["leverage 10"]);
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 15, 98)), ["rejected 2 InsufficientFunds"]);
}

#[test]
fn isolated_margin_is_bound_and_comes_back_when_the_position_closes() {
    let mut desk = thousand();
    desk.leverage(ANNA, 10, MarginMode::Isolated);
    desk.submit(ANNA, market(1, Buy, 60));
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 60, 98)), ["rejected 2 InsufficientFunds"]);
    desk.submit(ANNA, market(3, Sell, 30));
    assert_eq!(desk.submit(ANNA, limit(2, Buy, 60, 98)), ["accepted 2"]);
    desk.submit(ANNA, market(4, Sell, 30));
    assert_eq!(desk.net(ANNA), 0);
    assert_eq!(desk.submit(ANNA, limit(5, Buy, 30, 98)), ["accepted 5"]);
}

/// Anna holds a long and a short position at once.
fn hedged() -> Desk {
    let settings = AccountSettings { position_mode: PositionMode::Hedge, ..rich(10) };
    let mut desk = Desk::with(&[(ANNA, settings)]);
    desk.depth(&[(99, 10_000)], &[(100, 10_000)]);
    desk.mark(100);
    desk.submit(ANNA, of(PositionSide::Long, market(1, Buy, 5)));
    desk.submit(ANNA, of(PositionSide::Short, market(2, Sell, 7)));
    desk
}

#[test]
fn a_hedge_account_holds_both_sides() {
    let mut desk = hedged();
    assert_eq!(desk.position(ANNA, PositionSide::Long), 5);
    assert_eq!(desk.position(ANNA, PositionSide::Short), -7);
    assert_eq!(desk.submit(ANNA, limit(3, Buy, 1, 90)), ["rejected 3 InvalidOrder"]);
}

#[test]
fn an_order_against_its_side_only_closes() {
    let mut desk = hedged();
    let lines = desk.submit(ANNA, of(PositionSide::Long, market(3, Sell, 9)));
    assert_eq!(lines, ["accepted 3", "filled 3 sell 5@99 taker", "expired 3"]);
    assert_eq!(desk.position(ANNA, PositionSide::Long), 0);
    assert_eq!(desk.position(ANNA, PositionSide::Short), -7);
    let nothing = desk.submit(ANNA, of(PositionSide::Long, market(4, Sell, 1)));
    assert_eq!(nothing, ["rejected 4 ReduceOnlyRejected"]);
    desk.submit(ANNA, of(PositionSide::Short, market(5, Buy, 3)));
    assert_eq!(desk.position(ANNA, PositionSide::Short), -4);
}

#[test]
fn an_inverse_contract_is_paid_in_coins() {
    let mut desk = Desk::with(&[(ANNA, rich(10))]);
    desk.step_on(INVERSE, depth(&[(100, 50)], &[(100, 50)]));
    desk.submit(ANNA, on(INVERSE, market(1, Buy, 10)));
    desk.step_on(INVERSE, depth(&[(125, 50)], &[]));
    desk.submit(ANNA, on(INVERSE, market(2, Sell, 10)));
    // 1,000 USD were 10 coins at 100 and 8 at 125: two coins won; fees 0.005 and 0.004.
    assert_eq!(desk.balance(ANNA, &btc()).to_string(), "1001.991");
    assert_eq!(desk.balance(ANNA, &usdt()), units(100_000));
    let expires = desk.now;
    let request = on(INVERSE, limit(3, Buy, 1_000_000, 90));
    let out = desk.command(ANNA, &VenueCommand::SubmitOrder { request, expires });
    assert_eq!(told(&out, ANNA), ["rejected 3 InsufficientFunds"]);
}
