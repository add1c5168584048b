//! Exposure implies protection: stops and targets at the venue, sized to what is held.

use banyan_core::intent::{Intent, Protection};
use banyan_core::journal::Purpose;
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::{OrderKind, OrderRequest, Side, TimeInForce};
use banyan_core::time::Span;
use banyan_core::venue::{RejectReason, VenueReport};

use crate::desk::{A, B, Desk, closing, owner, stop_at};
use crate::listing::{LINEAR, price};

fn promise(desk: &mut Desk, protection: Protection) -> Vec<OrderRequest> {
    desk.wish(A, Intent::Protect { instrument: LINEAR, protection })
}

#[test]
fn an_entry_fill_is_followed_by_the_promised_stop() {
    let mut desk = Desk::ready();
    let orders = desk.enter_protected(stop_at(price(49_000)));
    assert_eq!(orders.len(), 1);
    let stop = &orders[0];
    assert_eq!((stop.side, stop.quantity, stop.reduce_only), (Side::Sell, Quantity(10), true));
    assert_eq!(stop.kind, OrderKind::StopMarket { trigger: price(49_000) });
    assert_eq!(stop.time_in_force, TimeInForce::GoodTillCancelled);
}

#[test]
fn a_stop_a_target_and_a_trail_are_one_order_each() {
    let mut desk = Desk::ready();
    let protection = Protection {
        stop_loss: Some(price(49_000)),
        take_profit: Some(price(55_000)),
        trailing: Some(Rate::from_basis_points(300)),
    };
    let kinds: Vec<_> = desk.enter_protected(protection).iter().map(|it| it.kind).collect();
    let trailing =
        OrderKind::TrailingStop { callback: Rate::from_basis_points(300), activation: None };
    let target = OrderKind::TakeProfitMarket { trigger: price(55_000) };
    assert_eq!(kinds, [OrderKind::StopMarket { trigger: price(49_000) }, target, trailing]);
}

#[test]
fn a_short_is_protected_by_buying() {
    let mut desk = Desk::ready();
    let id = desk.open_on(LINEAR, A, Side::Sell, 10, stop_at(price(51_000)));
    desk.fill(id, 10, price(50_000));
    let stop = &desk.take_orders()[0];
    assert_eq!((stop.side, stop.quantity), (Side::Buy, Quantity(10)));
}

#[test]
fn a_further_fill_adds_the_missing_size() {
    let mut desk = Desk::ready();
    let id = desk.open_on(LINEAR, A, Side::Buy, 10, stop_at(price(49_000)));
    desk.fill(id, 4, price(50_000));
    assert_eq!(desk.take_orders()[0].quantity, Quantity(4));
    desk.fill(id, 6, price(50_000));
    assert_eq!(desk.take_orders()[0].quantity, Quantity(6));
}

#[test]
fn a_partial_close_takes_the_surplus_away() {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    let exit = desk.wish(A, closing(Some(4)))[0].client_id;
    desk.fill(exit, 4, price(50_000));
    assert_eq!(desk.take_cancels(), [stop]);
    desk.cancelled(stop);
    let orders = desk.take_orders();
    assert_eq!((orders.len(), orders[0].quantity), (1, Quantity(6)));
}

#[test]
fn protection_ends_with_the_position() {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    let exit = desk.close(A)[0].client_id;
    desk.fill(exit, 10, price(50_000));
    assert_eq!(desk.take_cancels(), [stop]);
    assert!(desk.account.state().protection.is_empty());
    desk.cancelled(stop);
    assert!(desk.account.state().orders.is_empty());
}

#[test]
fn a_changed_promise_replaces_the_order_once_the_old_one_is_gone() {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    assert!(promise(&mut desk, stop_at(price(49_500))).is_empty());
    assert_eq!(desk.standing(Purpose::StopLoss).len(), 1);
    desk.cancelled(stop);
    let orders = desk.take_orders();
    assert_eq!(orders[0].kind, OrderKind::StopMarket { trigger: price(49_500) });
    assert_eq!(orders[0].quantity, Quantity(10));
}

#[test]
fn the_same_promise_again_changes_nothing() {
    let mut desk = Desk::ready();
    desk.enter_protected(stop_at(price(49_000)));
    assert!(promise(&mut desk, stop_at(price(49_000))).is_empty());
    assert!(desk.take_cancels().is_empty());
}

#[test]
fn a_promise_that_is_withdrawn_takes_its_orders_away() {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    desk.submit(A, Intent::Protect { instrument: LINEAR, protection: Protection::NONE });
    desk.persist();
    assert_eq!(desk.take_cancels(), [stop]);
}

#[test]
fn a_promise_without_a_position_or_entry_is_forgotten() {
    let mut desk = Desk::ready();
    assert!(promise(&mut desk, stop_at(price(49_000))).is_empty());
    assert!(desk.account.state().protection.is_empty());
}

#[test]
fn a_refused_stop_is_tried_again_with_growing_pauses() {
    let mut desk = Desk::ready();
    let mut stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    for pause in [1, 2, 4, 8, 16, 30, 30] {
        let reason = RejectReason::ExchangeNotAvailable;
        desk.tell(VenueReport::OrderRejected { client_id: stop, reason });
        desk.commands.clear();
        desk.wait(Span(Span::seconds(pause).0 - 1));
        assert!(desk.take_orders().is_empty(), "within {pause} s");
        desk.wait(Span(1));
        let orders = desk.take_orders();
        assert_eq!(orders.len(), 1, "after {pause} s");
        stop = orders[0].client_id;
    }
}

#[test]
fn an_accepted_stop_makes_the_next_pause_short_again() {
    let mut desk = Desk::ready();
    let reject = |desk: &mut Desk, client_id| {
        let reason = RejectReason::RateLimitExceeded;
        desk.tell(VenueReport::OrderRejected { client_id, reason });
    };
    let first = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    reject(&mut desk, first);
    desk.wait(Span::seconds(1));
    let second = desk.take_orders()[0].client_id;
    desk.accept(second);
    desk.cancelled(second);
    let third = desk.take_orders()[0].client_id;
    reject(&mut desk, third);
    desk.commands.clear();
    desk.wait(Span::seconds(1));
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn a_stop_that_would_trigger_at_once_becomes_an_exit() {
    let mut desk = Desk::ready();
    let client_id = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.tell(VenueReport::OrderRejected { client_id, reason: RejectReason::TriggerImmediately });
    desk.persist();
    let orders = desk.take_orders();
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].quantity, orders[0].reduce_only), (Quantity(10), true));
    assert_eq!(orders[0].time_in_force, TimeInForce::ImmediateOrCancel);
}

#[test]
fn a_stop_that_triggers_closes_the_position_for_its_reason() {
    let mut desk = Desk::ready();
    let client_id = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(client_id);
    desk.tell(VenueReport::OrderTriggered { client_id });
    assert!(desk.order(client_id).order.triggered);
    desk.told.clear();
    desk.fill(client_id, 10, price(48_990));
    assert!(format!("{:?}", desk.told[0].1.notice).contains("exit: Some(StopLoss)"));
    assert_eq!(desk.held(owner(A)), 0);
}

#[test]
fn prices_of_a_promise_are_rounded_towards_the_market() {
    let mut desk = Desk::ready();
    let off = |p: Price, cents| Price(p.0 + cents);
    let protection = Protection {
        stop_loss: Some(off(price(49_000), 3)),
        take_profit: Some(off(price(55_000), 3)),
        trailing: None,
    };
    let orders = desk.enter_protected(Protection::NONE);
    assert!(orders.is_empty());
    let kinds: Vec<_> = promise(&mut desk, protection).iter().map(|it| it.kind).collect();
    let stop = OrderKind::StopMarket { trigger: off(price(49_000), 10) };
    assert_eq!(kinds, [stop, OrderKind::TakeProfitMarket { trigger: price(55_000) }]);
}

#[test]
fn each_worker_has_a_stop_of_its_own_size() {
    let mut desk = Desk::ready();
    desk.enter_protected(stop_at(price(49_000)));
    let id = desk.open_on(LINEAR, B, Side::Buy, 7, stop_at(price(48_000)));
    desk.fill(id, 7, price(50_000));
    let sizes: Vec<_> = desk.standing(Purpose::StopLoss).iter().map(|it| it.quantity.0).collect();
    assert_eq!(sizes.iter().sum::<i64>(), 17);
    assert_eq!(sizes.len(), 2);
}

#[test]
fn a_stop_that_the_venue_cancels_is_placed_anew() {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    desk.cancelled(stop);
    assert_eq!(desk.take_orders().len(), 1);
}
