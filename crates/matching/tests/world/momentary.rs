//! Faults that befall one command or one message.

use banyan_core::money::{Price, Quantity};
use banyan_core::order::Side;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{MarginMode, RejectReason, ReportedStatus, VenueCommand, VenueReport};
use banyan_matching::faults::{Fault, OrderStateAtVenue};

use crate::support::*;

fn counted(stage: &Stage, fault: Fault) -> Vec<(Option<OrderStateAtVenue>, u64)> {
    let cells = stage.world.fault_counts().iter().filter(|cell| cell.0 == fault);
    cells.map(|(_, state, count)| (state, count)).collect()
}

const fn leverage() -> VenueCommand {
    VenueCommand::SetLeverage { instrument: BTC, leverage: 3, margin_mode: MarginMode::Cross }
}

#[test]
fn a_dropped_command_times_out_and_leaves_no_trace() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    let standing = stage.resting(START);
    let sent = seconds(1);
    stage.run(sent);
    let told = stage.told().len();
    for _ in 0..5 {
        stage.inject(Fault::DropRequest, sent);
    }
    let client_id = stage.limit(Side::Buy, Price(980), sent);
    for command in [cancel(standing), query(standing), snapshot(), leverage()] {
        stage.world.submit(ACCOUNT, command, sent);
    }
    stage.run(seconds(5));
    let lost = [
        VenueReport::SubmitOutcomeLost { client_id },
        VenueReport::CancelRejected { client_id: standing, reason: None },
        VenueReport::QueryFailed { client_id: Some(standing) },
        VenueReport::QueryFailed { client_id: None },
        VenueReport::LeverageRejected { instrument: BTC, reason: None },
    ];
    assert_eq!(stage.told()[told..], lost.map(|report| (seconds(2), report)));
    assert_eq!(stage.world.exchange().order(ACCOUNT, client_id), None);
    let states =
        [(None, 2), (Some(OrderStateAtVenue::NotThere), 1), (Some(OrderStateAtVenue::Open), 2)];
    assert_eq!(counted(&stage, Fault::DropRequest), states);
}

#[test]
fn what_is_forced_befalls_one_command_of_that_account() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    stage.inject(Fault::DropRequest, START);
    stage.world.submit(OTHER, snapshot(), START);
    stage.limit(Side::Buy, Price(980), START);
    let second = stage.limit(Side::Buy, Price(980), START);
    stage.run(seconds(2));
    assert_eq!(stage.accepted(second), [START]);
    assert_eq!(stage.world.fault_counts().total(Fault::DropRequest), 1);
}

#[test]
fn a_lost_reply_leaves_the_command_done_and_its_fills_told() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    stage.inject(Fault::LoseReply, START);
    let client_id = stage.market(Side::Buy, START);
    stage.run(seconds(3));
    let told = stage.told();
    assert!(
        matches!(&told[0].1, VenueReport::OrderFilled(fill) if fill.client_id == Some(client_id))
    );
    assert_eq!(told[1], (seconds(1), VenueReport::SubmitOutcomeLost { client_id }));
    assert_eq!(told.len(), 2);
    let filled = Some(OrderStateAtVenue::Filled);
    assert_eq!(counted(&stage, Fault::LoseReply), [(filled, 1)]);
}

#[test]
fn a_cancel_whose_reply_is_lost_cancels() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    let client_id = stage.resting(START);
    stage.inject(Fault::LoseReply, seconds(1));
    stage.world.submit(ACCOUNT, cancel(client_id), seconds(1));
    stage.run(seconds(3));
    let order = stage.world.exchange().order(ACCOUNT, client_id).unwrap();
    assert_eq!(order.status, ReportedStatus::Cancelled);
    let lost = VenueReport::CancelRejected { client_id, reason: None };
    assert_eq!(stage.told()[1..], [(seconds(2), lost)]);
}

/// Sends orders that are all late until one is later (or not later) than the time-out.
fn late_order(beyond: bool) -> (Stage, Timestamp, banyan_core::ids::ClientOrderId) {
    let mut stage = Stage::new(Script::quoted(600));
    for n in 0..60 {
        let sent = seconds(n * 10);
        stage.run(sent);
        stage.inject(Fault::Delay, sent);
        let client_id = stage.limit(Side::Buy, Price(900), sent);
        stage.run(sent + Span::seconds(8));
        let lost = stage.times(&VenueReport::SubmitOutcomeLost { client_id });
        if lost.is_empty() != beyond {
            return (stage, sent, client_id);
        }
    }
    panic!("no delay was {} the time-out", if beyond { "beyond" } else { "within" });
}

#[test]
fn a_command_within_the_time_out_is_answered_late() {
    let (stage, sent, order) = late_order(false);
    let accepted = stage.accepted(order);
    assert_eq!(accepted.len(), 1);
    assert!(accepted[0] > sent && accepted[0] <= sent + Span::seconds(1));
}

#[test]
fn a_command_beyond_the_time_out_is_given_up_but_arrives() {
    let (stage, sent, client_id) = late_order(true);
    assert_eq!(stage.accepted(client_id), []);
    let lost = stage.times(&VenueReport::SubmitOutcomeLost { client_id });
    assert_eq!(lost, [sent + Span::seconds(1)]);
    let order = stage.world.exchange().order(ACCOUNT, client_id).unwrap();
    assert_eq!(order.status, ReportedStatus::Open);
    assert!(stage.world.is_disturbed(ACCOUNT, sent, sent));
}

#[test]
fn a_late_fill_is_told_late() {
    let sweep = taker(Side::Sell, Quantity(i64::MAX), Price(990));
    let mut stage = Stage::new(Script::quoted(20).with(milliseconds(1500), BTC, sweep));
    stage.run(START);
    stage.resting(START);
    stage.inject(Fault::Delay, seconds(1));
    stage.run(seconds(10));
    let fills = stage.fills();
    assert_eq!(fills.len(), 1);
    let late = fills[0].0 - milliseconds(1500);
    assert!(late > Span(0) && late <= Span::seconds(5), "{late:?}");
    assert_eq!(counted(&stage, Fault::Delay), [(Some(OrderStateAtVenue::Filled), 1)]);
}

#[test]
fn a_duplicate_is_told_twice_and_an_answer_to_a_query_is_not() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    stage.inject(Fault::Duplicate, START);
    stage.world.submit(ACCOUNT, snapshot(), START);
    let order = stage.limit(Side::Buy, Price(990), START);
    stage.run(seconds(8));
    let accepted = stage.accepted(order);
    assert_eq!(accepted.len(), 2);
    assert_eq!(accepted[0], START);
    assert_eq!(stage.told().len(), 3);
    assert_eq!(counted(&stage, Fault::Duplicate), [(Some(OrderStateAtVenue::Open), 1)]);
    assert!(!stage.world.is_disturbed(ACCOUNT, START, seconds(8)));
}

#[test]
fn reordered_neighbours_change_places() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    stage.inject(Fault::Reorder, START);
    let order = stage.market(Side::Buy, START);
    stage.run(seconds(2));
    let told = stage.told();
    assert!(matches!(&told[0].1, VenueReport::OrderFilled(fill) if fill.client_id == Some(order)));
    assert!(matches!(told[1].1, VenueReport::OrderAccepted { .. }));
    assert_eq!(told.len(), 2);
    assert_eq!(stage.world.fault_counts().total(Fault::Reorder), 1);
}

#[test]
fn a_lone_message_is_not_reordered() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    stage.inject(Fault::Reorder, START);
    stage.resting(START);
    stage.run(seconds(2));
    assert_eq!(stage.told().len(), 1);
    assert!(stage.world.fault_counts().is_empty());
}

#[test]
fn a_dropped_fill_is_followed_by_news_of_the_gap() {
    let mut stage = Stage::new(Script::quoted(20));
    stage.run(START);
    stage.inject(Fault::DropMessage, START);
    let order = stage.market(Side::Buy, START);
    stage.run(seconds(10));
    assert_eq!(stage.accepted(order), [START]);
    assert_eq!(stage.fills(), []);
    assert_eq!(stage.world.exchange().fills(ACCOUNT).len(), 1);
    let gaps = stage.times(&VenueReport::StreamInterrupted);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0] > START && gaps[0] <= seconds(5));
    assert_eq!(counted(&stage, Fault::DropMessage), [(Some(OrderStateAtVenue::Filled), 1)]);
    assert!(stage.world.is_disturbed(ACCOUNT, START, START));
    assert!(!stage.world.is_disturbed(OTHER, START, seconds(10)));
}

#[test]
fn a_cancel_that_loses_the_race_finds_the_order_filled() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    let client_id = stage.resting(START);
    stage.inject(Fault::CancelRace, seconds(1));
    stage.world.submit(ACCOUNT, cancel(client_id), seconds(1));
    stage.run(seconds(3));
    let told = stage.told();
    assert!(matches!(&told[1].1, VenueReport::OrderFilled(fill)
        if fill.client_id == Some(client_id) && fill.quantity == Quantity(1000)));
    let reason = Some(RejectReason::OrderNotFound);
    assert_eq!(told[2].1, VenueReport::CancelRejected { client_id, reason });
    assert_eq!(counted(&stage, Fault::CancelRace), [(Some(OrderStateAtVenue::Filled), 1)]);
}

#[test]
fn a_cancel_of_what_does_not_rest_is_no_race() {
    let mut stage = Stage::new(Script::quoted(10));
    stage.run(START);
    let client_id = stage.market(Side::Buy, START);
    stage.run(START);
    stage.inject(Fault::CancelRace, START);
    stage.world.submit(ACCOUNT, cancel(client_id), START);
    stage.run(seconds(2));
    assert!(stage.world.fault_counts().is_empty());
}
