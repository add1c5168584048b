//! Exits: a close closes the worker's own size, and is pursued until it is done.

use banyan_core::account::Input;
use banyan_core::intent::{ExitReason, OrderTag};
use banyan_core::journal::Purpose;
use banyan_core::money::Quantity;
use banyan_core::order::{OrderKind, Side, TimeInForce};
use banyan_core::time::Span;
use banyan_core::venue::{RejectReason, VenueReport};

use crate::desk::{A, B, Desk, closing, owner, stop_at};
use crate::listing::{LINEAR, price};
use crate::wishes::limit;

#[test]
fn a_close_closes_the_workers_own_size() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.enter(B, Side::Buy, 25, price(50_000));
    let orders = desk.close(A);
    assert_eq!((orders[0].side, orders[0].quantity), (Side::Sell, Quantity(10)));
    desk.fill(orders[0].client_id, 10, price(50_000));
    assert_eq!((desk.held(owner(A)), desk.held(owner(B))), (0, 25));
    assert!(desk.account.state().exits.is_empty());
}

#[test]
fn who_is_alone_leaves_at_once_with_its_stop_still_standing() {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    let orders = desk.close(A);
    assert_eq!(orders.len(), 1);
    assert!(orders[0].reduce_only);
    assert_eq!(orders[0].time_in_force, TimeInForce::ImmediateOrCancel);
    assert!(matches!(orders[0].kind, OrderKind::Limit { price: worst } if worst < price(50_000)));
    assert_eq!(desk.standing(Purpose::StopLoss).len(), 1);
}

#[test]
fn who_shares_a_symbol_takes_its_protection_away_first() {
    let mut desk = Desk::ready();
    desk.enter(B, Side::Buy, 25, price(50_000));
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    desk.submit(A, closing(None));
    desk.persist();
    assert_eq!(desk.take_cancels(), [stop]);
    assert!(desk.standing(Purpose::Exit(ExitReason::ExitSignal)).is_empty());
    desk.cancelled(stop);
    let orders = desk.take_orders();
    assert_eq!((orders.len(), orders[0].quantity), (1, Quantity(10)));
}

#[test]
fn a_stop_that_fills_while_the_way_is_cleared_makes_the_exit_smaller() {
    let mut desk = Desk::ready();
    desk.enter(B, Side::Buy, 25, price(50_000));
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    desk.close(A);
    desk.fill(stop, 4, price(49_000));
    desk.commands.clear();
    desk.cancelled(stop);
    assert_eq!(desk.take_orders()[0].quantity, Quantity(6));
}

#[test]
fn resting_exits_are_cancelled_when_everything_is_closed() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let resting = desk.wish(A, limit(OrderTag(1), Side::Sell, 5, price(51_000)))[0].client_id;
    desk.accept(resting);
    desk.submit(A, closing(None));
    desk.persist();
    assert_eq!(desk.take_cancels(), [resting]);
}

#[test]
fn what_an_immediate_order_leaves_is_tried_again() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let first = desk.close(A)[0].client_id;
    desk.fill(first, 4, price(49_990));
    desk.tell(VenueReport::OrderExpired { client_id: first });
    desk.persist();
    assert!(desk.take_orders().is_empty(), "after a pause");
    desk.wait(Span::milliseconds(200));
    let orders = desk.take_orders();
    assert_eq!((orders.len(), orders[0].quantity), (1, Quantity(6)));
    assert_ne!(orders[0].client_id, first);
}

#[test]
fn an_exit_is_pursued_with_growing_pauses_until_it_is_done() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let mut id = desk.close(A)[0].client_id;
    for _ in 0..30 {
        desk.commands.clear();
        desk.tell(VenueReport::OrderExpired { client_id: id });
        desk.persist();
        desk.wait(Span::seconds(10));
        let orders = desk.take_orders();
        assert_eq!(orders.len(), 1);
        id = orders[0].client_id;
    }
    desk.fill(id, 10, price(49_000));
    desk.wait(Span::seconds(30));
    assert!(desk.take_orders().is_empty());
    assert_eq!(desk.held(owner(A)), 0);
}

#[test]
fn a_second_close_while_one_is_under_way_is_refused() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.close(A);
    assert!(desk.close(A).is_empty());
    assert_eq!(desk.last_denial(), "ALREADY_CLOSING");
    desk.submit(A, limit(OrderTag(1), Side::Buy, 1, price(49_000)));
    assert_eq!(desk.denials(), ["ALREADY_CLOSING"; 2]);
}

#[test]
fn a_larger_exit_of_the_engine_takes_over_a_smaller_one() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let part = desk.wish(A, closing(Some(3)))[0].client_id;
    desk.handle(Input::ClosePosition { owner: owner(A), instrument: LINEAR });
    desk.persist();
    assert!(desk.take_orders().is_empty(), "one order of an exit at a time");
    desk.fill(part, 3, price(50_000));
    desk.wait(Span::seconds(1));
    let rest = &desk.take_orders()[0];
    assert_eq!(rest.quantity, Quantity(7));
    desk.fill(rest.client_id, 7, price(50_000));
    assert!(desk.account.state().exits.is_empty());
}

#[test]
fn a_position_beyond_the_largest_order_is_closed_in_parts() {
    let mut desk = Desk::ready();
    desk.foreign_trade(
        LINEAR,
        Side::Buy,
        150_000,
        price(50),
        banyan_core::venue::FillReason::Order,
    );
    desk.mark(LINEAR, price(50));
    desk.commands.clear();
    let owner = banyan_core::ledger::SubLedger::External;
    desk.handle(Input::ClosePosition { owner, instrument: LINEAR });
    desk.persist();
    let first = desk.take_orders().remove(0);
    assert_eq!(first.quantity, Quantity(100_000));
    desk.fill(first.client_id, 100_000, price(50));
    desk.wait(Span::seconds(1));
    assert_eq!(desk.take_orders()[0].quantity, Quantity(50_000));
}

#[test]
fn a_refused_exit_is_tried_again() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let client_id = desk.close(A)[0].client_id;
    desk.tell(VenueReport::OrderRejected { client_id, reason: RejectReason::RateLimitExceeded });
    desk.commands.clear();
    desk.wait(Span::seconds(2));
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn an_exit_goes_out_without_any_price() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let mut desk = desk.restart();
    desk.commands.clear();
    desk.handle(Input::ClosePosition { owner: owner(A), instrument: LINEAR });
    desk.persist();
    assert_eq!(desk.take_orders()[0].kind, OrderKind::Market);
}

#[test]
fn an_exit_from_a_halted_market_waits_until_it_trades_again() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let halt = |desk: &mut Desk, status, version| {
        let mut changed = (*crate::venue::instrument(LINEAR)).clone();
        (changed.filters.status, changed.filters.version) = (status, version);
        let data = banyan_core::market::MarketData::InstrumentChanged(changed.into());
        desk.market(LINEAR, data);
        desk.persist();
    };
    halt(&mut desk, banyan_core::instrument::TradingStatus::Halted, 2);
    desk.handle(Input::ClosePosition { owner: owner(A), instrument: LINEAR });
    desk.persist();
    desk.wait(Span::seconds(30));
    assert!(desk.take_orders().is_empty());
    halt(&mut desk, banyan_core::instrument::TradingStatus::Trading, 3);
    desk.wait(Span::seconds(10));
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn spot_protection_is_cancelled_before_the_coins_are_sold() {
    let mut desk = Desk::ready();
    let spot = crate::listing::SPOT;
    let id = desk.open_on(spot, A, Side::Buy, 100, stop_at(price(1_900)));
    desk.fill(id, 100, price(2_000));
    let stop = desk.take_orders()[0].client_id;
    desk.accept(stop);
    desk.handle(Input::ClosePosition { owner: owner(A), instrument: spot });
    desk.persist();
    assert_eq!(desk.take_cancels(), [stop]);
    desk.cancelled(stop);
    assert_eq!(desk.take_orders().len(), 1);
}
