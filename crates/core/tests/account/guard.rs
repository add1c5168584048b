//! The local guard: it acts where the venue's stop does not.

use banyan_core::intent::{Intent, Protection};
use banyan_core::journal::Purpose;
use banyan_core::money::{Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::time::Span;
use banyan_core::venue::{RejectReason, VenueReport};

use crate::desk::{A, Desk, owner, stop_at};
use crate::listing::{LINEAR, price};

/// A position of ten with a stop at 49,000 that the venue refused.
fn unprotected() -> Desk {
    let mut desk = Desk::ready();
    let client_id = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.tell(VenueReport::OrderRejected { client_id, reason: RejectReason::RateLimitExceeded });
    desk.persist();
    desk.commands.clear();
    desk
}

/// The same with the stop standing at the venue.
fn protected() -> Desk {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    desk.commands.clear();
    desk
}

fn passes(desk: &mut Desk, units: i64) -> usize {
    desk.mark(LINEAR, price(units));
    desk.persist();
    desk.take_orders().len()
}

#[test]
fn it_acts_at_once_where_no_stop_stands() {
    let mut desk = unprotected();
    assert!(desk.account.is_guarded(owner(A), LINEAR));
    assert_eq!(passes(&mut desk, 49_100), 0);
    assert_eq!(passes(&mut desk, 49_000), 1);
    assert_eq!(desk.standing(Purpose::Exit(banyan_core::intent::ExitReason::StopLoss)).len(), 1);
}

#[test]
fn it_gives_a_stop_that_stands_a_moment() {
    let mut desk = protected();
    assert_eq!(passes(&mut desk, 48_900), 0);
    desk.wait(Span::milliseconds(1_499));
    assert!(desk.take_orders().is_empty());
    desk.wait(Span::milliseconds(1));
    assert_eq!(desk.take_orders()[0].quantity, Quantity(10));
}

#[test]
fn it_forgets_a_price_that_came_back() {
    let mut desk = protected();
    passes(&mut desk, 48_900);
    desk.wait(Span::seconds(1));
    passes(&mut desk, 49_500);
    desk.wait(Span::seconds(10));
    assert!(desk.take_orders().is_empty());
}

#[test]
fn it_forgets_a_promise_that_was_changed() {
    let mut desk = protected();
    passes(&mut desk, 48_900);
    desk.submit(A, Intent::Protect { instrument: LINEAR, protection: stop_at(price(47_000)) });
    desk.persist();
    desk.wait(Span::seconds(5));
    assert!(desk.account.state().exits.is_empty());
    desk.submit(A, Intent::Protect { instrument: LINEAR, protection: Protection::NONE });
    desk.persist();
    desk.wait(Span::seconds(5));
    assert!(desk.account.state().exits.is_empty());
}

#[test]
fn it_follows_the_best_price_with_a_trail() {
    let mut desk = Desk::ready();
    let trailing = Some(Rate::from_basis_points(100));
    let orders = desk.enter_protected(Protection { trailing, ..Protection::NONE });
    let (client_id, reason) = (orders[0].client_id, RejectReason::RateLimitExceeded);
    desk.tell(VenueReport::OrderRejected { client_id, reason });
    for units in [50_000, 52_000, 51_500] {
        assert_eq!(passes(&mut desk, units), 0, "at {units}");
    }
    assert_eq!(passes(&mut desk, 51_480), 1);
}

#[test]
fn it_guards_a_short_upwards() {
    let mut desk = Desk::ready();
    let id = desk.open_on(LINEAR, A, Side::Sell, 10, stop_at(price(51_000)));
    desk.fill(id, 10, price(50_000));
    let client_id = desk.take_orders()[0].client_id;
    desk.tell(VenueReport::OrderRejected { client_id, reason: RejectReason::RateLimitExceeded });
    assert_eq!(passes(&mut desk, 50_990), 0);
    assert_eq!(passes(&mut desk, 51_000), 1);
}

#[test]
fn it_is_no_guard_without_a_promise_or_a_price() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    assert!(!desk.account.is_guarded(owner(A), LINEAR));
    assert_eq!(passes(&mut desk, 30_000), 0);
}

#[test]
fn it_acts_once_and_the_stop_that_fills_meanwhile_does_not_sell_twice() {
    let mut desk = protected();
    let stop = desk.standing(Purpose::StopLoss)[0].client_id;
    passes(&mut desk, 48_900);
    desk.wait(Span::seconds(2));
    assert_eq!(desk.take_orders().len(), 1);
    desk.fill(stop, 10, price(48_900));
    assert_eq!(desk.held(owner(A)), 0);
    desk.wait(Span::seconds(3));
    assert!(desk.take_orders().is_empty());
}
