//! An order whose answer was lost is asked for, never sent again, and counts until its fate is
//! sure.

use banyan_core::account::Phase;
use banyan_core::ids::ClientOrderId;
use banyan_core::intent::OrderTag;
use banyan_core::money::Quantity;
use banyan_core::order::{OrderState, Side};
use banyan_core::time::Span;
use banyan_core::venue::{OrderReport, RejectReason, ReportedStatus, VenueCommand, VenueReport};

use crate::desk::{A, Desk, owner};
use crate::listing::price;
use crate::wishes::limit;

/// An order of ten whose answer was lost.
fn lost() -> (Desk, ClientOrderId) {
    let mut desk = Desk::ready();
    let client_id = desk.open(A, Side::Buy, 10);
    desk.tell(VenueReport::SubmitOutcomeLost { client_id });
    desk.persist();
    assert_eq!(desk.state_of(client_id), OrderState::Unknown);
    (desk, client_id)
}

fn answer(desk: &mut Desk, client_id: ClientOrderId, told: Option<(ReportedStatus, i64)>) {
    let request = desk.order(client_id).order.request.clone();
    let report = told.map(|(status, filled)| OrderReport {
        client_id,
        venue_id: banyan_core::ids::VenueOrderId(5),
        status,
        filled: Quantity(filled),
        request,
    });
    desk.tell(VenueReport::OrderReported { client_id, report });
    desk.persist();
}

fn questions(desk: &mut Desk) -> usize {
    let commands = std::mem::take(&mut desk.commands);
    commands.iter().filter(|it| matches!(it, VenueCommand::QueryOrder { .. })).count()
}

#[test]
fn it_is_asked_for_again_and_again_and_never_sent_again() {
    let (mut desk, _) = lost();
    desk.commands.clear();
    desk.wait(Span::seconds(60));
    assert!(desk.commands.iter().all(|it| !matches!(it, VenueCommand::SubmitOrder { .. })));
    assert!((25..=40).contains(&questions(&mut desk)));
}

#[test]
fn it_turns_out_to_stand() {
    let (mut desk, id) = lost();
    answer(&mut desk, id, Some((ReportedStatus::Open, 0)));
    assert_eq!(desk.state_of(id), OrderState::Open);
    desk.commands.clear();
    desk.wait(Span::seconds(30));
    assert_eq!(questions(&mut desk), 0);
}

#[test]
fn it_turns_out_to_be_over() {
    let ends = [
        (ReportedStatus::Cancelled, OrderState::Cancelled),
        (ReportedStatus::Rejected, OrderState::Rejected),
        (ReportedStatus::Expired, OrderState::Expired),
    ];
    for (told, state) in ends {
        let (mut desk, id) = lost();
        answer(&mut desk, id, Some((told, 0)));
        assert_eq!(desk.state_of(id), state);
    }
}

#[test]
fn fills_it_had_meanwhile_are_fetched_and_booked_once() {
    let (mut desk, id) = lost();
    let fill = desk.trade(id, 10, price(50_000));
    desk.commands.clear();
    answer(&mut desk, id, Some((ReportedStatus::Filled, 10)));
    assert_eq!(desk.state_of(id), OrderState::Unknown);
    desk.wait(Span::milliseconds(1));
    assert!(desk.commands.iter().any(|it| matches!(it, VenueCommand::FetchSnapshot { .. })));
    desk.reconcile();
    desk.tell(VenueReport::OrderFilled(fill.clone()));
    assert_eq!((desk.state_of(id), desk.booked(fill.trade_id)), (OrderState::Filled, 1));
    assert_eq!(desk.held(owner(A)), 10);
}

#[test]
fn not_found_is_not_believed_before_the_request_has_expired() {
    let (mut desk, id) = lost();
    desk.wait(Span::seconds(9));
    for _ in 0..5 {
        answer(&mut desk, id, None);
    }
    assert_eq!(desk.state_of(id), OrderState::Unknown);
}

#[test]
fn not_found_is_believed_when_it_is_said_twice_after_that() {
    let (mut desk, id) = lost();
    desk.wait(Span::seconds(10));
    answer(&mut desk, id, None);
    assert_eq!(desk.state_of(id), OrderState::Unknown);
    answer(&mut desk, id, None);
    assert_eq!(desk.state_of(id), OrderState::NeverArrived);
}

#[test]
fn an_order_the_venue_once_knew_has_ended_when_it_is_not_found() {
    let mut desk = Desk::ready();
    let client_id = desk.open(A, Side::Buy, 10);
    desk.accept(client_id);
    desk.tell(VenueReport::CancelRejected { client_id, reason: Some(RejectReason::OrderNotFound) });
    desk.wait(Span::seconds(11));
    answer(&mut desk, client_id, None);
    answer(&mut desk, client_id, None);
    assert_eq!(desk.state_of(client_id), OrderState::Cancelled);
}

#[test]
fn its_exposure_is_reserved_until_its_fate_is_sure() {
    let mut desk = Desk::ready();
    let placed = desk.wish(A, limit(OrderTag(1), Side::Buy, 1_000, price(50_000)));
    let client_id = placed[0].client_id;
    desk.tell(VenueReport::SubmitOutcomeLost { client_id });
    let reserved = desk.account.valuation().margin;
    assert_eq!(reserved, banyan_core::money::Amount::from_units(5_000));
    desk.wait(Span::seconds(30));
    assert_eq!(desk.account.valuation().margin, reserved);
    answer(&mut desk, client_id, None);
    answer(&mut desk, client_id, None);
    assert!(desk.account.valuation().margin.is_zero());
}

#[test]
fn a_fill_ends_the_doubt() {
    let (mut desk, id) = lost();
    desk.fill(id, 4, price(50_000));
    assert_eq!(desk.state_of(id), OrderState::PartiallyFilled);
    desk.commands.clear();
    desk.wait(Span::seconds(20));
    assert_eq!(questions(&mut desk), 0);
}

#[test]
fn duplicate_means_that_the_order_exists() {
    let mut desk = Desk::ready();
    let client_id = desk.open(A, Side::Buy, 10);
    desk.tell(VenueReport::OrderRejected { client_id, reason: RejectReason::DuplicateOrderId });
    assert_eq!(desk.state_of(client_id), OrderState::Unknown);
    desk.commands.clear();
    desk.wait(Span::seconds(1));
    assert!(questions(&mut desk) > 0);
    answer(&mut desk, client_id, Some((ReportedStatus::Open, 0)));
    assert_eq!(desk.state_of(client_id), OrderState::Open);
}

#[test]
fn an_order_without_any_answer_is_doubted_after_a_while() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.wait(Span::seconds(7));
    assert_eq!(desk.state_of(id), OrderState::InFlight);
    desk.wait(Span::seconds(1));
    assert_eq!(desk.state_of(id), OrderState::Unknown);
}

#[test]
fn a_cancel_without_an_answer_is_doubted_and_asked_for_anew_if_the_order_stands() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.accept(id);
    desk.handle(banyan_core::account::Input::CancelOrder(id));
    desk.persist();
    desk.wait(Span::seconds(8));
    assert_eq!(desk.state_of(id), OrderState::Unknown);
    desk.commands.clear();
    answer(&mut desk, id, Some((ReportedStatus::Open, 0)));
    assert_eq!(desk.take_cancels(), [id]);
}

#[test]
fn a_lost_answer_to_a_question_is_asked_again() {
    let (mut desk, client_id) = lost();
    desk.wait(Span::seconds(1));
    desk.commands.clear();
    desk.tell(VenueReport::QueryFailed { client_id: Some(client_id) });
    desk.wait(Span::seconds(2));
    assert!(questions(&mut desk) > 0);
    assert_eq!(desk.account.phase(), Phase::Ready);
}
