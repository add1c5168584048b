//! Faults of instruments, and trades past the engine.

use std::sync::Arc;

use banyan_core::instrument::{Filters, Instrument, InstrumentId, TradingStatus};
use banyan_core::market::MarketData;
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{RejectReason, VenueReport};
use banyan_matching::faults::{Fault, FaultSettings, OrderStateAtVenue, Target};
use banyan_matching::market::{Market, MarketChange};
use banyan_matching::world::Latency;

use crate::support::*;

fn stage(script: Script, seed: u64) -> Stage {
    let window = Span::seconds(10);
    let faults =
        FaultSettings { shortest_window: window, longest_window: window, ..FaultSettings::none() };
    let mut stage = Stage::with(script, Latency::default(), faults, seed);
    stage.run(START);
    stage
}

fn inject(stage: &mut Stage, fault: Fault, instrument: InstrumentId, at: Timestamp) {
    assert!(stage.world.inject(fault, Target::Instrument(instrument), at));
}

fn filters(stage: &Stage, id: InstrumentId) -> Filters {
    let instrument = stage.world.exchange().instruments().get(id);
    instrument.expect("the script lists it").filters.clone()
}

/// The versions of an instrument that were published, and when.
fn published(stage: &Stage) -> Vec<(Timestamp, Arc<Instrument>)> {
    let changed = |(at, event): (Timestamp, &banyan_core::market::MarketEvent)| match &event.data {
        MarketData::InstrumentChanged(instrument) => Some((at, Arc::clone(instrument))),
        _ => None,
    };
    stage.events().filter_map(changed).collect()
}

#[test]
fn orders_fill_in_slivers_while_the_storm_lasts() {
    let mut stage = stage(Script::quoted(60), 1);
    inject(&mut stage, Fault::PartialFillStorm, BTC, milliseconds(1500));
    stage.run(seconds(3));
    let order = stage.limit(Side::Buy, ASK, seconds(3));
    stage.run(seconds(30));
    let fills: Vec<_> = stage.fills();
    let (during, after): (Vec<_>, Vec<_>) = fills.iter().partition(|it| it.0 < seconds(12));
    assert!(during.len() >= 5, "{}", during.len());
    assert!(during.iter().all(|it| it.1.quantity <= Quantity(3)));
    assert!(!after.is_empty());
    assert_eq!(fills.iter().map(|it| it.1.quantity).sum::<Quantity>(), Quantity(1000));
    assert!(fills.iter().all(|it| it.1.client_id == Some(order)));
    let counts = stage.world.fault_counts();
    let partly = counts.get(Fault::PartialFillStorm, Some(OrderStateAtVenue::PartiallyFilled));
    assert!(partly >= 5, "{partly}");
    assert!(!stage.world.is_disturbed(ACCOUNT, START, seconds(60)));
}

#[test]
fn slivers_cut_outsiders_who_take_and_print() {
    let take = taker(Side::Sell, Quantity(5000), Price(990));
    let print = MarketChange::Print { price: Price(980), quantity: None, aggressor: Side::Sell };
    let script =
        Script::quoted(10).with(milliseconds(2500), BTC, print).with(milliseconds(2600), BTC, take);
    let mut stage = stage(script, 1);
    stage.limit(Side::Buy, Price(1005), START);
    inject(&mut stage, Fault::PartialFillStorm, BTC, milliseconds(1500));
    stage.run(seconds(3));
    let quantities: Vec<_> = stage.fills().iter().map(|it| it.1.quantity).collect();
    assert_eq!(quantities.len(), 2);
    assert!(quantities.iter().all(|it| *it <= Quantity(3)));
}

#[test]
fn filters_become_coarser_with_orders_resting_and_fine_again() {
    let mut changed = [false; 3];
    for seed in 0..30 {
        let mut stage = stage(Script::quoted(30), seed);
        let order = stage.resting(START);
        let before = filters(&stage, BTC);
        inject(&mut stage, Fault::FilterChange, BTC, seconds(1));
        stage.run(seconds(5));
        let during = filters(&stage, BTC);
        assert_eq!(during.version, before.version + 1);
        assert_eq!(during.tick.0 % before.tick.0, 0);
        assert_eq!(during.step.0 % before.step.0, 0);
        assert_eq!(during.min_quantity.0 % during.step.0, 0);
        let coarser = [
            during.tick > before.tick,
            during.step > before.step,
            during.min_notional > before.min_notional,
        ];
        assert_eq!(coarser.iter().filter(|it| **it).count(), 1);
        changed.iter_mut().zip(coarser).for_each(|(it, coarser)| *it |= coarser);
        stage.run(seconds(20));
        let after = filters(&stage, BTC);
        assert_eq!(after, Filters { version: before.version + 2, ..before });
        let times: Vec<_> = published(&stage).iter().map(|it| it.0).collect();
        assert_eq!(times, [seconds(1), seconds(11)]);
        assert!(stage.world.exchange().order(ACCOUNT, order).is_some());
        let counts = stage.world.fault_counts();
        assert_eq!(counts.get(Fault::FilterChange, Some(OrderStateAtVenue::Open)), 1);
        assert!(stage.world.is_disturbed_at(ACCOUNT, BTC, seconds(4), seconds(5)));
    }
    assert_eq!(changed, [true; 3]);
}

#[test]
fn a_halted_instrument_refuses_orders_until_it_trades_again() {
    let mut stage = stage(Script::quoted(30), 1);
    inject(&mut stage, Fault::Halt, BTC, seconds(1));
    stage.run(seconds(5));
    assert_eq!(filters(&stage, BTC).status, TradingStatus::Halted);
    assert_eq!(filters(&stage, ETH).status, TradingStatus::Trading);
    let client_id = stage.limit(Side::Buy, Price(990), seconds(5));
    stage.run(seconds(12));
    let reason = RejectReason::MarketClosed;
    assert_eq!(stage.times(&VenueReport::OrderRejected { client_id, reason }), [seconds(5)]);
    let later = stage.limit(Side::Buy, Price(990), seconds(12));
    stage.run(seconds(13));
    assert_eq!(stage.accepted(later), [seconds(12)]);
    assert_eq!(stage.world.fault_counts().get(Fault::Halt, None), 1);
}

#[test]
fn what_the_market_changes_during_a_fault_is_kept() {
    let market = Script::default();
    let mut told = Instrument::clone(market.instruments().get(BTC).unwrap());
    told.filters.version = 2;
    told.fees.taker = Rate::from_basis_points(9);
    let change = MarketChange::Instrument(Arc::new(told));
    let mut stage = stage(Script::quoted(30).with(seconds(5), BTC, change), 1);
    inject(&mut stage, Fault::Halt, BTC, seconds(1));
    stage.run(seconds(20));
    let published = published(&stage);
    let versions: Vec<_> = published.iter().map(|it| it.1.filters.version).collect();
    assert_eq!(versions, [2, 3, 4]);
    let status: Vec<_> = published.iter().map(|it| it.1.filters.status).collect();
    use TradingStatus::{Halted, Trading};
    assert_eq!(status, [Halted, Halted, Trading]);
    assert_eq!(published[2].1.fees.taker, Rate::from_basis_points(9));
}

#[test]
fn no_more_than_one_instrument_is_delisted() {
    let mut stage = stage(Script::quoted(60), 1);
    let order = stage.resting(START);
    for at in [1, 2] {
        for instrument in [BTC, ETH, XRP] {
            inject(&mut stage, Fault::Delisting, instrument, seconds(at));
        }
    }
    stage.run(seconds(50));
    let status = [BTC, ETH, XRP].map(|id| filters(&stage, id).status);
    assert_eq!(status, [TradingStatus::Delisted, TradingStatus::Trading, TradingStatus::Trading]);
    assert_eq!(published(&stage).len(), 1);
    let open = stage.world.exchange().snapshot(ACCOUNT, START, seconds(50)).unwrap().open_orders;
    assert_eq!(open, []);
    let cancelled = VenueReport::OrderCancelled { client_id: order };
    assert_eq!(stage.times(&cancelled), [seconds(1)]);
    assert_eq!(stage.world.fault_counts().total(Fault::Delisting), 1);
    assert!(stage.world.is_disturbed_at(ACCOUNT, BTC, seconds(40), seconds(40)));
}

#[test]
fn the_last_instrument_is_never_delisted() {
    let mut script = Script::quoted(60);
    for id in [ETH, XRP] {
        let mut closed = Instrument::clone(script.instruments().get(id).unwrap());
        closed.filters.status = TradingStatus::Delisted;
        script = script.with(START, id, MarketChange::Instrument(Arc::new(closed)));
    }
    let mut stage = stage(script, 1);
    inject(&mut stage, Fault::Delisting, BTC, seconds(1));
    stage.run(seconds(5));
    assert_eq!(filters(&stage, BTC).status, TradingStatus::Trading);
    assert!(stage.world.fault_counts().is_empty());
}

#[test]
fn somebody_trades_by_hand_under_an_id_that_is_not_ours() {
    for seed in 0..10 {
        let mut stage = stage(Script::quoted(10), seed);
        stage.inject(Fault::ExternalTrade, seconds(1));
        stage.run(seconds(2));
        let fills = stage.fills();
        assert_eq!(fills.len(), 1);
        assert!(!fills[0].1.client_id.unwrap().is_ours());
        assert_eq!(stage.world.fault_counts().get(Fault::ExternalTrade, None), 1);
        let snapshot = stage.world.exchange().snapshot(ACCOUNT, START, seconds(2)).unwrap();
        assert_eq!(snapshot.positions.len(), 1);
    }
}

#[test]
fn faults_befall_only_what_they_can() {
    let mut stage = stage(Script::quoted(10), 1);
    let account = Target::Account(ACCOUNT);
    assert!(!stage.world.inject(Fault::Halt, account, START));
    assert!(!stage.world.inject(Fault::LoseReply, Target::Instrument(BTC), START));
    assert!(!stage.world.inject(Fault::Stall, Target::Venue, START));
}
