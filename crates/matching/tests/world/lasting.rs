//! Times in which a venue refuses what it is asked.

use banyan_core::money::Price;
use banyan_core::order::Side;
use banyan_core::time::Span;
use banyan_core::venue::{RejectReason, VenueReport};
use banyan_matching::faults::{Fault, FaultSettings, OrderStateAtVenue};
use banyan_matching::world::Latency;

use crate::support::*;

fn stage(seed: u64) -> Stage {
    let window = Span::seconds(10);
    let faults =
        FaultSettings { shortest_window: window, longest_window: window, ..FaultSettings::none() };
    let mut stage = Stage::with(Script::quoted(60), Latency::default(), faults, seed);
    stage.run(START);
    stage
}

/// Submits within and after a window of the fault; returns why the first was refused.
fn refusal(fault: Fault, seed: u64) -> RejectReason {
    let mut stage = stage(seed);
    stage.inject(fault, seconds(2));
    stage.run(seconds(5));
    let early = stage.limit(Side::Buy, Price(990), seconds(5));
    stage.run(seconds(13));
    let late = stage.limit(Side::Buy, Price(990), seconds(13));
    stage.run(seconds(20));
    assert_eq!(stage.accepted(early), []);
    assert_eq!(stage.accepted(late), [seconds(13)]);
    assert_eq!(stage.world.exchange().order(ACCOUNT, early), None);
    let counts = stage.world.fault_counts();
    assert_eq!(counts.get(fault, Some(OrderStateAtVenue::NotThere)), 1);
    assert!(stage.world.is_disturbed(ACCOUNT, seconds(5), seconds(5)));
    match stage.told()[0] {
        (at, VenueReport::OrderRejected { client_id, reason }) => {
            assert_eq!((at, client_id), (seconds(5), early));
            reason
        }
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_storm_refuses_submits_for_one_of_two_reasons() {
    let reasons: Vec<_> = (0..20).map(|seed| refusal(Fault::RejectionStorm, seed)).collect();
    for reason in [RejectReason::ExchangeNotAvailable, RejectReason::InsufficientFunds] {
        assert!(reasons.contains(&reason), "{reason:?}");
    }
}

#[test]
fn a_skewed_clock_refuses_submits_as_expired() {
    assert_eq!(refusal(Fault::ClockSkew, 1), RejectReason::RequestExpired);
}

#[test]
fn a_ban_refuses_submits() {
    assert_eq!(refusal(Fault::RateLimitBan, 1), RejectReason::RateLimitExceeded);
}

#[test]
fn a_ban_refuses_every_other_command_too() {
    let mut stage = stage(1);
    let client_id = stage.resting(START);
    stage.inject(Fault::RateLimitBan, seconds(2));
    stage.run(seconds(3));
    let told = stage.told().len();
    for command in [cancel(client_id), query(client_id), snapshot()] {
        stage.world.submit(ACCOUNT, command, seconds(3));
    }
    stage.run(seconds(5));
    let refused = [
        VenueReport::CancelRejected { client_id, reason: Some(RejectReason::RateLimitExceeded) },
        VenueReport::QueryFailed { client_id: Some(client_id) },
        VenueReport::QueryFailed { client_id: None },
    ];
    assert_eq!(stage.told()[told..], refused.map(|report| (seconds(3), report)));
    let counts = stage.world.fault_counts();
    assert_eq!(counts.get(Fault::RateLimitBan, Some(OrderStateAtVenue::Open)), 2);
    assert_eq!(counts.get(Fault::RateLimitBan, None), 1);
}

#[test]
fn storms_and_skew_let_cancels_pass() {
    for fault in [Fault::RejectionStorm, Fault::ClockSkew] {
        let mut stage = stage(1);
        let client_id = stage.resting(START);
        stage.inject(fault, seconds(2));
        stage.run(seconds(3));
        stage.world.submit(ACCOUNT, cancel(client_id), seconds(3));
        stage.run(seconds(5));
        assert_eq!(stage.times(&VenueReport::OrderCancelled { client_id }), [seconds(3)]);
        assert!(stage.world.fault_counts().is_empty());
    }
}
