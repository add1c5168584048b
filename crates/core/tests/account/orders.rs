//! What venues answer about orders, in whatever order they answer.

use banyan_core::account::Input;
use banyan_core::intent::OrderTag;
use banyan_core::ledger::SubLedger;
use banyan_core::money::Quantity;
use banyan_core::order::{OrderState, Side};
use banyan_core::venue::{RejectReason, VenueCommand, VenueReport};
use banyan_core::worker::{WorkerBook, WorkerNotice};

use crate::desk::{A, Desk, owner};
use crate::listing::price;
use crate::wishes::limit;

#[test]
fn an_accepted_order_rests_under_the_number_of_the_venue() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    assert_eq!(desk.state_of(id), OrderState::InFlight);
    desk.accept(id);
    assert_eq!(desk.state_of(id), OrderState::Open);
    assert!(desk.order(id).order.venue_id.is_some());
}

#[test]
fn a_rejected_entry_ends_and_its_worker_hears_of_it() {
    let mut desk = Desk::ready();
    let orders = desk.wish(A, limit(OrderTag(5), Side::Buy, 10, price(49_000)));
    let (client_id, reason) = (orders[0].client_id, RejectReason::InsufficientFunds);
    desk.tell(VenueReport::OrderRejected { client_id, reason });
    assert_eq!(desk.state_of(client_id), OrderState::Rejected);
    let told = &desk.told.last().unwrap().1.notice;
    let rejected = OrderState::Rejected;
    assert!(matches!(
        told,
        WorkerNotice::OrderUpdated { tag: Some(OrderTag(5)), state, .. } if *state == rejected
    ));
}

#[test]
fn a_fill_may_come_before_the_accept() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.fill(id, 4, price(50_000));
    assert_eq!(desk.state_of(id), OrderState::PartiallyFilled);
    desk.accept(id);
    assert_eq!(desk.state_of(id), OrderState::PartiallyFilled);
    assert_eq!(desk.held(owner(A)), 4);
}

#[test]
fn an_accept_after_the_last_fill_changes_nothing() {
    let mut desk = Desk::ready();
    let id = desk.enter(A, Side::Buy, 10, price(50_000));
    let before = desk.last_sequence();
    desk.accept(id);
    assert_eq!((desk.state_of(id), desk.last_sequence()), (OrderState::Filled, before));
}

#[test]
fn a_late_fill_after_a_cancel_is_real() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.accept(id);
    desk.cancelled(id);
    desk.fill(id, 4, price(50_000));
    assert_eq!((desk.state_of(id), desk.held(owner(A))), (OrderState::Cancelled, 4));
    desk.fill(id, 6, price(50_000));
    assert_eq!((desk.state_of(id), desk.held(owner(A))), (OrderState::Filled, 10));
}

#[test]
fn an_order_that_trades_though_it_was_rejected_stands_again() {
    let mut desk = Desk::ready();
    let client_id = desk.open(A, Side::Buy, 10);
    desk.tell(VenueReport::OrderRejected { client_id, reason: RejectReason::ExchangeNotAvailable });
    desk.fill(client_id, 4, price(50_000));
    let open = desk.account.state().orders.get(&client_id).unwrap();
    assert_eq!(open.order.state, OrderState::PartiallyFilled);
    desk.fill(client_id, 6, price(50_000));
    assert!(desk.account.state().orders.is_empty());
    assert_eq!(desk.held(owner(A)), 10);
}

#[test]
fn a_fill_that_is_told_twice_is_booked_once() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    let fill = desk.fill(id, 4, price(50_000));
    let before = desk.last_sequence();
    desk.tell(VenueReport::OrderFilled(fill.clone()));
    assert_eq!(desk.last_sequence(), before);
    assert_eq!((desk.booked(fill.trade_id), desk.held(owner(A))), (1, 4));
}

#[test]
fn more_than_was_ordered_is_booked_all_the_same() {
    let mut desk = Desk::ready();
    let id = desk.enter(A, Side::Buy, 10, price(50_000));
    desk.fill(id, 2, price(50_000));
    assert_eq!(desk.held(owner(A)), 12);
    assert_eq!(desk.order(id).order.filled, Quantity(10));
}

#[test]
fn an_order_ends_when_its_time_is_over() {
    let mut desk = Desk::ready();
    let client_id = desk.open(A, Side::Buy, 10);
    desk.fill(client_id, 3, price(50_000));
    desk.tell(VenueReport::OrderExpired { client_id });
    assert_eq!(desk.state_of(client_id), OrderState::Expired);
    assert_eq!(desk.held(owner(A)), 3);
}

#[test]
fn an_order_that_was_cancelled_twice_is_told_to_the_venue_once() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.accept(id);
    desk.commands.clear();
    desk.handle(Input::CancelOrder(id));
    desk.handle(Input::CancelOrder(id));
    desk.persist();
    assert_eq!(desk.take_cancels(), [id]);
}

#[test]
fn a_refused_cancel_is_asked_for_again_after_a_pause() {
    let mut desk = Desk::ready();
    let client_id = desk.open(A, Side::Buy, 10);
    desk.accept(client_id);
    desk.handle(Input::CancelOrder(client_id));
    desk.persist();
    desk.commands.clear();
    let reason = Some(RejectReason::RateLimitExceeded);
    desk.tell(VenueReport::CancelRejected { client_id, reason });
    desk.persist();
    assert_eq!(desk.state_of(client_id), OrderState::Open);
    assert!(desk.take_cancels().is_empty());
    desk.wait(banyan_core::time::Span::seconds(1));
    assert_eq!(desk.take_cancels(), [client_id]);
}

#[test]
fn a_cancel_of_an_order_the_venue_does_not_have_is_followed_by_a_question() {
    let mut desk = Desk::ready();
    let client_id = desk.open(A, Side::Buy, 10);
    desk.accept(client_id);
    desk.handle(Input::CancelOrder(client_id));
    desk.persist();
    let reason = Some(RejectReason::OrderNotFound);
    desk.tell(VenueReport::CancelRejected { client_id, reason });
    assert_eq!(desk.state_of(client_id), OrderState::Unknown);
    desk.commands.clear();
    desk.wait(banyan_core::time::Span::seconds(1));
    let wanted = client_id;
    let asked = |it: &VenueCommand| {
        let VenueCommand::QueryOrder { client_id, .. } = it else { return false };
        *client_id == wanted
    };
    assert!(desk.commands.iter().any(asked));
}

#[test]
fn a_worker_that_keeps_its_book_from_what_it_is_told_knows_its_orders_and_positions() {
    let mut desk = Desk::ready();
    let orders = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)));
    desk.accept(orders[0].client_id);
    desk.fill(orders[0].client_id, 4, price(49_000));
    let mut book = WorkerBook::default();
    for (_, event) in &desk.told {
        book.apply(event);
    }
    assert_eq!(book.orders[&OrderTag(1)].remaining, Quantity(6));
    assert_eq!(
        book.position(crate::listing::LINEAR),
        desk.account.state().share(owner(A), crate::listing::LINEAR)
    );
    desk.fill(orders[0].client_id, 6, price(49_000));
    for (_, event) in &desk.told {
        book.apply(event);
    }
    assert!(book.orders.is_empty());
    assert_eq!(
        desk.account.state().share(SubLedger::External, crate::listing::LINEAR).quantity,
        Quantity(0)
    );
}
