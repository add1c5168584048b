//! When the journal cannot write: no entries, but what makes positions smaller leaves at once.

use banyan_core::account::{Input, JournalHealth};
use banyan_core::intent::OrderTag;
use banyan_core::journal::Purpose;
use banyan_core::order::{OrderState, Side};
use banyan_core::venue::VenueCommand;

use crate::desk::{A, Desk, closing, stop_at};
use crate::listing::price;
use crate::wishes::limit;

#[test]
fn entries_are_refused() {
    let mut desk = Desk::ready();
    desk.handle(Input::JournalFailed);
    assert_eq!(desk.account.journal_health(), JournalHealth::Failed);
    desk.submit(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)));
    assert_eq!(desk.last_denial(), "JOURNAL_UNAVAILABLE");
}

#[test]
fn an_entry_that_waits_is_given_up_for_good() {
    let mut desk = Desk::ready();
    desk.submit(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)));
    let id = desk.standing(Purpose::Entry)[0].client_id;
    desk.handle(Input::JournalFailed);
    assert!(desk.commands.is_empty());
    assert_eq!(desk.state_of(id), OrderState::NeverArrived);
    desk.persist();
    assert!(desk.commands.is_empty());
}

#[test]
fn the_leverage_of_an_entry_that_was_given_up_is_not_set() {
    let mut desk = Desk::ready();
    let banyan_core::intent::Intent::Place {
        tag,
        instrument,
        side,
        quantity,
        price,
        time_in_force,
        reduce_only,
        ..
    } = limit(OrderTag(1), Side::Buy, 10, price(49_000))
    else {
        unreachable!("it places");
    };
    let leverage = Some(3);
    desk.submit(
        A,
        banyan_core::intent::Intent::Place {
            tag,
            instrument,
            side,
            quantity,
            price,
            time_in_force,
            reduce_only,
            leverage,
        },
    );
    desk.handle(Input::JournalFailed);
    assert!(desk.commands.is_empty());
}

#[test]
fn an_exit_that_waits_leaves_at_once() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.submit(A, closing(None));
    desk.commands.clear();
    desk.handle(Input::JournalFailed);
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn a_cancel_that_waits_leaves_at_once() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.accept(id);
    desk.handle(Input::CancelOrder(id));
    desk.commands.clear();
    desk.handle(Input::JournalFailed);
    assert_eq!(desk.take_cancels(), [id]);
}

#[test]
fn exits_and_cancels_that_come_later_leave_at_once_too() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let id = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)))[0].client_id;
    desk.accept(id);
    desk.handle(Input::JournalFailed);
    desk.submit(A, closing(None));
    desk.handle(Input::CancelOrder(id));
    let sent: Vec<_> = std::mem::take(&mut desk.commands);
    assert!(
        sent.iter().any(
            |it| matches!(it, VenueCommand::SubmitOrder { request, .. } if request.reduce_only)
        )
    );
    assert!(sent.iter().any(|it| matches!(it, VenueCommand::CancelOrder { .. })));
    desk.persist();
    assert!(desk.commands.is_empty(), "nothing leaves twice");
}

#[test]
fn a_durable_record_ends_it() {
    let mut desk = Desk::ready();
    desk.handle(Input::JournalFailed);
    desk.persist();
    assert_eq!(desk.account.journal_health(), JournalHealth::Available);
    assert_eq!(desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000))).len(), 1);
}

#[test]
fn a_stop_that_could_not_be_placed_is_placed_when_the_journal_is_back() {
    let mut desk = Desk::ready();
    let id = desk.open_on(crate::listing::LINEAR, A, Side::Buy, 10, stop_at(price(49_000)));
    desk.handle(Input::JournalFailed);
    let fill = desk.trade(id, 10, price(50_000));
    desk.tell(banyan_core::venue::VenueReport::OrderFilled(fill));
    desk.commands.clear();
    desk.persist();
    desk.persist();
    assert_eq!(desk.standing(Purpose::StopLoss).len(), 1);
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn the_guard_acts_while_the_journal_is_away() {
    let mut desk = Desk::ready();
    let id = desk.open_on(crate::listing::LINEAR, A, Side::Buy, 10, stop_at(price(49_000)));
    desk.handle(Input::JournalFailed);
    let fill = desk.trade(id, 10, price(50_000));
    desk.tell(banyan_core::venue::VenueReport::OrderFilled(fill));
    desk.commands.clear();
    desk.mark(crate::listing::LINEAR, price(48_900));
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn on_its_reserve_nothing_is_entered_but_stops_are_placed_and_exits_leave() {
    let mut desk = Desk::ready();
    let id = desk.open_on(crate::listing::LINEAR, A, Side::Buy, 10, stop_at(price(49_000)));
    desk.handle(Input::JournalOnReserve);
    desk.submit(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)));
    assert_eq!(desk.last_denial(), "JOURNAL_UNAVAILABLE");
    let fill = desk.trade(id, 10, price(50_000));
    desk.tell(banyan_core::venue::VenueReport::OrderFilled(fill));
    desk.persist();
    desk.persist();
    assert_eq!(desk.standing(Purpose::StopLoss).len(), 1);
    assert_eq!(desk.account.journal_health(), JournalHealth::OnReserve);
    desk.commands.clear();
    desk.submit(A, closing(None));
    assert!(desk.commands.is_empty(), "the reserve takes records, so nothing leaves before them");
    desk.persist();
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn entries_are_possible_when_the_journal_has_room_again() {
    let mut desk = Desk::ready();
    desk.handle(Input::JournalOnReserve);
    desk.persist();
    desk.handle(Input::JournalRestored);
    assert_eq!(desk.account.journal_health(), JournalHealth::Available);
    assert_eq!(desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000))).len(), 1);
}
