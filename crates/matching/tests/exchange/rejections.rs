//! Every way to be refused.

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::{InstrumentId, TradingStatus};
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, TimeInForce};
use banyan_core::time::Timestamp;
use banyan_core::venue::{MarginMode, VenueCommand};

use crate::desk::*;

/// A market at 1000 with tick 5, step 2, quantities of 4 to 100 and at least 6,000 a trade.
fn strict() -> Desk {
    let mut listed = linear();
    listed.filters.tick = Price(5);
    listed.filters.step = Quantity(2);
    listed.filters.min_quantity = Quantity(4);
    listed.filters.max_quantity = Quantity(100);
    listed.filters.min_notional = units(6_000);
    listed.filters.significant_figures = Some(3);
    listed.filters.price_band = Rate::from_basis_points(1_000);
    let mut desk = Desk::listing(listed, &[(ANNA, rich(1))]);
    desk.depth(&[(995, 50)], &[(1_005, 50)]);
    desk.mark(1_000);
    desk
}

#[test]
fn orders_that_break_a_filter_are_invalid() {
    let mut desk = strict();
    let invalid = [
        ("tick", limit(1, Buy, 10, 951)),
        ("significant figures", limit(1, Buy, 10, 1_005)),
        ("step", limit(1, Buy, 9, 950)),
        ("smallest quantity", limit(1, Buy, 2, 950)),
        ("largest quantity", limit(1, Buy, 102, 950)),
        ("smallest notional", limit(1, Buy, 6, 950)),
        ("smallest notional at the mark", market(1, Buy, 4)),
        ("no quantity", limit(1, Buy, 0, 950)),
        ("band above", limit(1, Buy, 10, 1_110)),
        ("band below", limit(1, Sell, 10, 895)),
        ("trigger off the tick", stop(1, Sell, 10, 951)),
        ("price of zero", limit(1, Buy, 10, 0)),
        ("unknown instrument", on(InstrumentId(9), limit(1, Buy, 10, 950))),
    ];
    for (what, request) in invalid {
        assert_eq!(desk.submit(ANNA, request), ["rejected 1 InvalidOrder"], "{what}");
    }
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 10, 950)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, limit(2, Sell, 10, 1_950)), ["accepted 2"]);
}

#[test]
fn reduce_only_orders_may_be_worth_less_than_the_smallest_notional() {
    let mut desk = strict();
    desk.submit(ANNA, market(1, Buy, 10));
    assert_eq!(desk.submit(ANNA, limit(2, Sell, 4, 1_010)), ["rejected 2 InvalidOrder"]);
    assert_eq!(desk.submit(ANNA, reduce_only(limit(2, Sell, 4, 1_010))), ["accepted 2"]);
}

#[test]
fn combinations_without_meaning_are_invalid() {
    let mut desk = Desk::open();
    let trail =
        |callback, activation| order(1, Sell, 1, OrderKind::TrailingStop { callback, activation });
    let invalid = [
        lasting(market(1, Buy, 1), TimeInForce::PostOnly),
        lasting(limit(1, Buy, 1, 9), TimeInForce::GoodTillDate(desk.now)),
        OrderRequest { close_position: true, ..limit(1, Buy, 1, 9) },
        trail(Rate::ZERO, None),
        trail(Rate::ONE, None),
        trail(Rate::from_basis_points(100), Some(Price(0))),
        on(SPOT, reduce_only(limit(1, Sell, 1, 9))),
        of(PositionSide::Long, limit(1, Buy, 1, 9)),
    ];
    for request in invalid {
        assert_eq!(desk.submit(ANNA, request.clone()), ["rejected 1 InvalidOrder"], "{request:?}");
    }
}

#[test]
fn an_id_may_be_used_again_once_its_order_is_over() {
    let mut desk = Desk::open();
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 1, 100)), ["accepted 1"]);
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 1, 100)), ["rejected 1 DuplicateOrderId"]);
    assert_eq!(desk.submit(BEN, limit(1, Buy, 1, 100)), ["accepted 1"]);
    desk.cancel(ANNA, 1);
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 1, 100)), ["accepted 1"]);
}

#[test]
fn a_request_that_comes_too_late_is_void() {
    let mut desk = Desk::open();
    let expires = Timestamp(desk.now.0 - 1);
    let request = limit(1, Buy, 1, 100);
    let out = desk.command(ANNA, &VenueCommand::SubmitOrder { request, expires });
    assert_eq!(told(&out, ANNA), ["rejected 1 RequestExpired"]);
}

#[test]
fn a_trigger_that_would_fire_at_once_is_refused() {
    let mut desk = Desk::open();
    desk.mark(100);
    let reason = ["rejected 1 TriggerImmediately"];
    assert_eq!(desk.submit(ANNA, stop(1, Sell, 1, 100)), reason);
    assert_eq!(desk.submit(ANNA, stop(1, Buy, 1, 99)), reason);
    let profit = OrderKind::TakeProfitMarket { trigger: Price(100) };
    assert_eq!(desk.submit(ANNA, order(1, Sell, 1, profit)), reason);
    assert_eq!(desk.submit(ANNA, stop(1, Sell, 1, 99)), ["accepted 1"]);
}

#[test]
fn nothing_to_reduce_is_refused() {
    let mut desk = Desk::open();
    desk.depth(&[(99, 9)], &[(101, 9)]);
    let reason = ["rejected 1 ReduceOnlyRejected"];
    assert_eq!(desk.submit(ANNA, reduce_only(market(1, Sell, 1))), reason);
    desk.submit(ANNA, market(2, Buy, 1));
    assert_eq!(desk.submit(ANNA, reduce_only(market(1, Buy, 1))), reason);
}

#[test]
fn a_halted_market_takes_cancels_only() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Buy, 1, 100));
    desk.submit(ANNA, limit(2, Buy, 1, 100));
    desk.change(|it| it.filters.status = TradingStatus::Halted);
    assert_eq!(desk.submit(ANNA, limit(3, Buy, 1, 100)), ["rejected 3 MarketClosed"]);
    assert_eq!(desk.cancel(ANNA, 1), ["cancelled 1"]);
    assert!(told(&desk.taker(Sell, 5, 1), ANNA).is_empty());
    assert!(told(&desk.print(90, Some(5), Sell), ANNA).is_empty());
    assert!(told(&desk.depth(&[], &[(100, 1)]), ANNA).is_empty());
    let out = desk.change(|it| it.filters.status = TradingStatus::Trading);
    assert_eq!(told(&out, ANNA), ["filled 2 buy 1@100 maker"]);
}

#[test]
fn what_is_not_open_cannot_be_cancelled() {
    let mut desk = Desk::open();
    assert_eq!(desk.cancel(ANNA, 1), ["cancel rejected 1 OrderNotFound"]);
    desk.submit(ANNA, limit(1, Buy, 1, 100));
    assert_eq!(desk.cancel(BEN, 1), ["cancel rejected 1 OrderNotFound"]);
    let (instrument, client_id) = (SPOT, ClientOrderId(1));
    let out = desk.command(ANNA, &VenueCommand::CancelOrder { instrument, client_id });
    assert_eq!(told(&out, ANNA), ["cancel rejected 1 OrderNotFound"]);
}

#[test]
fn an_account_that_was_never_opened_gets_no_answer() {
    let mut desk = Desk::open();
    let stranger = AccountId::from_u128(99);
    assert!(desk.submit(stranger, limit(1, Buy, 1, 100)).is_empty());
    assert!(desk.exchange.snapshot(stranger, desk.now, desk.now).is_none());
}

#[test]
fn leverage_beyond_the_tier_or_on_spot_is_refused() {
    let mut desk = Desk::open();
    assert_eq!(desk.leverage(ANNA, 0, MarginMode::Cross), ["refused BadRequest"]);
    assert_eq!(desk.leverage(ANNA, 51, MarginMode::Cross), ["refused BadRequest"]);
    assert_eq!(desk.leverage(ANNA, 50, MarginMode::Cross), ["leverage 50"]);
    let command =
        VenueCommand::SetLeverage { instrument: SPOT, leverage: 1, margin_mode: MarginMode::Cross };
    assert_eq!(told(&desk.command(ANNA, &command), ANNA), ["refused BadRequest"]);
}
