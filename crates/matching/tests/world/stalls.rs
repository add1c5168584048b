//! Silence: stalls of the user stream and of the public feed, and outages.

use banyan_core::market::MarketData;
use banyan_core::money::{Price, Quantity};
use banyan_core::order::Side;
use banyan_core::time::Span;
use banyan_core::venue::VenueReport;
use banyan_matching::faults::{Fault, FaultSettings, OrderStateAtVenue, Target};
use banyan_matching::world::Latency;

use crate::support::*;

/// Windows of exactly this length.
const WINDOW: Span = Span::seconds(10);

fn stage(seed: u64) -> Stage {
    let faults = FaultSettings {
        shortest_window: WINDOW,
        longest_window: WINDOW,
        longest_outage: WINDOW,
        ..FaultSettings::none()
    };
    let sweep = |limit| taker(Side::Sell, Quantity(i64::MAX), limit);
    let script = Script::quoted(60).with(milliseconds(4500), BTC, sweep(Price(990))).with(
        milliseconds(6500),
        BTC,
        sweep(Price(980)),
    );
    let mut stage = Stage::with(script, Latency::default(), faults, seed);
    stage.run(START);
    stage.limit(Side::Buy, Price(990), START);
    stage.limit(Side::Buy, Price(980), START);
    stage.run(seconds(2));
    stage
}

/// A stage on which the user stream stalls from second 2 to 12, in one of its two ways.
fn stalled(loses: bool) -> Stage {
    for seed in 0..20 {
        let mut stage = stage(seed);
        stage.inject(Fault::Stall, seconds(2));
        stage.run(seconds(20));
        if stage.times(&VenueReport::StreamInterrupted).is_empty() != loses {
            return stage;
        }
    }
    panic!("twenty stalls went the same way");
}

#[test]
fn a_stall_brings_what_it_held_late_together() {
    let stage = stalled(false);
    let fills = stage.fills();
    let times: Vec<_> = fills.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [seconds(12), seconds(12)]);
    assert_eq!((fills[0].1.price, fills[1].1.price), (Price(990), Price(980)));
    let counts = stage.world.fault_counts();
    assert_eq!(counts.get(Fault::Stall, Some(OrderStateAtVenue::Filled)), 2);
}

#[test]
fn a_stall_that_loses_ends_with_news_of_the_gap() {
    let stage = stalled(true);
    assert_eq!(stage.fills(), []);
    assert_eq!(stage.times(&VenueReport::StreamInterrupted), [seconds(12)]);
    assert_eq!(stage.world.exchange().fills(ACCOUNT).len(), 2);
    assert_eq!(stage.world.fault_counts().total(Fault::Stall), 2);
}

#[test]
fn answers_come_through_a_stall() {
    let mut stage = stage(1);
    stage.inject(Fault::Stall, seconds(2));
    let order = stage.limit(Side::Buy, Price(900), seconds(3));
    stage.run(seconds(5));
    assert_eq!(stage.accepted(order), [seconds(3)]);
    assert!(stage.world.is_disturbed(ACCOUNT, seconds(12), seconds(30)));
    assert!(!stage.world.is_disturbed(ACCOUNT, milliseconds(12_001), seconds(30)));
    assert!(!stage.world.is_disturbed(OTHER, START, seconds(30)));
}

#[test]
fn what_a_stall_holds_dies_with_the_connection() {
    let mut stage = stage(1);
    stage.inject(Fault::Stall, seconds(2));
    stage.run(seconds(8));
    stage.world.disconnect(ACCOUNT);
    stage.world.connect(ACCOUNT, seconds(9));
    stage.run(seconds(20));
    assert_eq!(stage.fills(), []);
}

#[test]
fn an_outage_within_a_stall_loses_what_comes() {
    for seed in 0..10 {
        let mut stage = stage(seed);
        stage.inject(Fault::Outage, seconds(2));
        stage.inject(Fault::Stall, seconds(3));
        stage.run(seconds(20));
        assert_eq!(stage.fills(), []);
        assert!(stage.times(&VenueReport::StreamInterrupted).contains(&seconds(13)));
    }
}

#[test]
fn a_stalled_feed_loses_trades_and_resumes_with_the_newest_quote() {
    let mut stage = stage(1);
    assert!(stage.world.inject(Fault::Stall, Target::Instrument(BTC), seconds(2)));
    stage.run(seconds(20));
    let silent = |at| at >= seconds(2) && at < seconds(12);
    let of = |stage: &Stage, instrument| -> Vec<_> {
        let events = stage.events().filter(|(at, it)| silent(*at) && it.instrument == instrument);
        events.map(|(_, event)| event.clone()).collect()
    };
    let early = |event: &&banyan_core::market::MarketEvent| event.time > seconds(2);
    assert_eq!(of(&stage, BTC).iter().filter(early).count(), 0);
    assert!(of(&stage, ETH).iter().filter(early).count() > 0);
    let is_trade = |data: &MarketData| matches!(data, MarketData::Trade { .. });
    assert!(!stage.events().any(|(_, event)| is_trade(&event.data)));
    let late = stage.events().filter(|(at, event)| *at == seconds(12) && event.time < *at);
    let late: Vec<_> = late.map(|(_, event)| event).collect();
    assert!(late.iter().all(|event| event.instrument == BTC));
    assert!((1..=2).contains(&late.len()), "{late:?}");
    assert_eq!(stage.fills().len(), 2);
    assert!(stage.world.fault_counts().get(Fault::Stall, None) > 2);
    assert!(stage.world.is_disturbed_at(ACCOUNT, BTC, seconds(3), seconds(4)));
    assert!(!stage.world.is_disturbed_at(ACCOUNT, ETH, seconds(3), seconds(4)));
}

#[test]
fn an_outage_times_out_commands_and_silences_everything() {
    let mut stage = stage(1);
    assert!(stage.world.inject(Fault::Outage, Target::Venue, seconds(2)));
    let client_id = stage.limit(Side::Buy, Price(900), seconds(3));
    stage.world.submit(ACCOUNT, snapshot(), seconds(3));
    let told = stage.told().len();
    stage.run(seconds(20));
    let lost = [
        (seconds(4), VenueReport::SubmitOutcomeLost { client_id }),
        (seconds(4), VenueReport::QueryFailed { client_id: None }),
        (seconds(12), VenueReport::StreamInterrupted),
    ];
    assert_eq!(stage.told()[told..], lost);
    assert_eq!(stage.world.exchange().order(ACCOUNT, client_id), None);
    assert!(!stage.events().any(|(at, _)| at > seconds(2) && at < seconds(12)));
    assert!(stage.events().any(|(at, _)| at > seconds(12)));
    let counts = stage.world.fault_counts();
    assert_eq!(counts.get(Fault::Outage, Some(OrderStateAtVenue::NotThere)), 1);
    assert_eq!(counts.get(Fault::Outage, Some(OrderStateAtVenue::Filled)), 2);
    assert!(stage.world.is_disturbed_at(OTHER, ETH, seconds(3), seconds(4)));
}

#[test]
fn an_outage_of_one_link_leaves_the_others_alone() {
    let mut stage = stage(1);
    stage.inject(Fault::Outage, seconds(2));
    stage.world.submit(OTHER, snapshot(), seconds(3));
    stage.run(seconds(20));
    assert_eq!(stage.fills(), []);
    assert!(stage.events().any(|(at, _)| at > seconds(3) && at < seconds(12)));
    let others = stage.seen.iter().filter(|(at, delivery)| {
        let is = matches!(delivery, banyan_matching::world::Delivery::Account { account, .. }
            if *account == OTHER);
        is && *at == seconds(3)
    });
    assert_eq!(others.count(), 1);
    assert_eq!(stage.times(&VenueReport::StreamInterrupted), [seconds(12)]);
}
