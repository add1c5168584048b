//! Long runs of a busy account: the same for the same seed, and nothing is lost uncounted.

use std::collections::{BTreeMap, BTreeSet};

use banyan_core::ids::{ClientOrderId, TradeId};
use banyan_core::market::MarketEvent;
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{OrderKind, Side, TimeInForce};
use banyan_core::time::Span;
use banyan_core::venue::VenueReport;
use banyan_matching::faults::{Fault, FaultSettings};
use banyan_matching::world::Latency;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::support::*;

const LATENCY: Latency = Latency {
    order: Span::milliseconds(20),
    user_stream: Span::milliseconds(15),
    feed: Span::milliseconds(5),
    jitter: Span::milliseconds(10),
};
const SECONDS: i64 = 6 * 3600;

/// How many commands of each sort were sent, by their order.
#[derive(Default)]
struct Sent {
    submits: BTreeSet<ClientOrderId>,
    cancels: usize,
    queries: usize,
    snapshots: usize,
}

fn busy_market() -> Script {
    let mut script = Script::quoted(SECONDS);
    let mut random = Pcg64Mcg::seed_from_u64(99);
    for second in 0..SECONDS / 3 {
        let (side, limit) =
            [(Side::Sell, Price(970)), (Side::Buy, Price(1040))][random.random_range(0..2)];
        let quantity = Quantity(random.random_range(1..12_000));
        let at = milliseconds(second * 3000 + random.random_range(1..2999));
        script.push(at, BTC, taker(side, quantity, limit));
    }
    script.with(seconds(SECONDS), BTC, depth())
}

/// A trader who does not listen: the same commands whatever it is told.
fn play(faults: FaultSettings, seed: u64) -> (Stage, Sent) {
    let mut stage = Stage::with(busy_market(), LATENCY, faults, seed);
    let mut random = Pcg64Mcg::seed_from_u64(5);
    let mut sent = Sent::default();
    let mut last = ClientOrderId(1);
    for n in 0..SECONDS / 2 {
        let at = seconds(n * 2);
        stage.run(at);
        match random.random_range(0..10) {
            0..=5 => {
                let order = order(&mut stage, &mut random);
                last = stage.submit(order, at);
                sent.submits.insert(last);
            }
            6 | 7 => {
                stage.world.submit(ACCOUNT, cancel(last), at);
                sent.cancels += 1;
            }
            8 => {
                stage.world.submit(ACCOUNT, query(last), at);
                sent.queries += 1;
            }
            _ => {
                stage.world.submit(ACCOUNT, snapshot(), at);
                sent.snapshots += 1;
            }
        }
    }
    stage.run(seconds(SECONDS + 200));
    (stage, sent)
}

fn order(stage: &mut Stage, random: &mut Pcg64Mcg) -> banyan_core::order::OrderRequest {
    let side = [Side::Buy, Side::Sell][random.random_range(0..2)];
    let quantity = Quantity(random.random_range(100..2000));
    if random.random_range(0..3) == 0 {
        let mut request = stage.request(side, OrderKind::Market, quantity);
        request.time_in_force = TimeInForce::ImmediateOrCancel;
        return request;
    }
    let price = Price(1005 - side.sign() * random.random_range(6..20));
    stage.request(side, OrderKind::Limit { price }, quantity)
}

/// A bad day without these faults.
fn without(list: &[Fault]) -> FaultSettings {
    let mut faults = FaultSettings::bad_day();
    faults.rates.retain(|fault, _| !list.contains(fault));
    faults
}

#[test]
fn the_seed_decides_everything() {
    let run = |seed| play(FaultSettings::bad_day(), seed).0;
    let (one, same, other) = (run(1), run(1), run(2));
    assert_eq!(one.seen, same.seen);
    assert_eq!(one.world.fault_counts(), same.world.fault_counts());
    assert_ne!(one.seen, other.seen);
}

#[test]
fn a_dial_at_zero_changes_nothing() {
    let zero = FaultSettings {
        rates: Fault::ALL.map(|fault| (fault, 0)).into(),
        ..FaultSettings::bad_day()
    };
    let (with, _) = play(zero, 3);
    let (without, _) = play(FaultSettings::none(), 3);
    assert!(with.world.fault_counts().is_empty());
    assert_eq!(with.seen, without.seen);
    assert!(!with.world.is_disturbed(ACCOUNT, START, seconds(SECONDS)));
}

#[test]
fn faults_of_links_leave_the_market_alone() {
    let listing = [
        Fault::Stall,
        Fault::Outage,
        Fault::PartialFillStorm,
        Fault::FilterChange,
        Fault::Halt,
        Fault::Delisting,
        Fault::ExternalTrade,
    ];
    let watch = |faults| {
        let mut stage = Stage::with(busy_market(), LATENCY, faults, 3);
        for n in 0..500 {
            stage.run(seconds(n));
            stage.world.submit(ACCOUNT, snapshot(), seconds(n));
        }
        stage.run(seconds(600));
        let heard: Vec<(_, MarketEvent)> =
            stage.events().map(|(at, event)| (at, event.clone())).collect();
        (heard, stage.world.fault_counts().is_empty())
    };
    let (quiet, is_quiet) = watch(FaultSettings::none());
    let (noisy, is_noisy) = watch(without(&listing));
    assert!(is_quiet && !is_noisy);
    assert_eq!(quiet, noisy);
}

#[test]
fn on_bad_days_every_fault_fires() {
    let mut totals = BTreeMap::new();
    for seed in 0..8 {
        let (stage, _) = play(FaultSettings::bad_day(), seed);
        for (fault, _, count) in stage.world.fault_counts().iter() {
            *totals.entry(fault).or_insert(0) += count;
        }
    }
    let silent: Vec<_> = Fault::ALL.iter().filter(|it| !totals.contains_key(it)).collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// Sorts what the account was told into answers: submits by order, and the numbers of the others.
fn answers(stage: &Stage) -> (BTreeMap<ClientOrderId, usize>, [usize; 3]) {
    let mut submits = BTreeMap::new();
    let mut others = [0; 3];
    for (_, report) in stage.told() {
        match report {
            VenueReport::OrderAccepted { client_id, .. }
            | VenueReport::OrderRejected { client_id, .. }
            | VenueReport::SubmitOutcomeLost { client_id }
                if client_id.is_ours() =>
            {
                *submits.entry(client_id).or_default() += 1;
            }
            VenueReport::OrderCancelled { .. } | VenueReport::CancelRejected { .. } => {
                others[0] += 1;
            }
            VenueReport::OrderReported { .. } | VenueReport::QueryFailed { client_id: Some(_) } => {
                others[1] += 1;
            }
            VenueReport::SnapshotTaken(_) | VenueReport::QueryFailed { client_id: None } => {
                others[2] += 1;
            }
            _ => {}
        }
    }
    (submits, others)
}

#[test]
fn every_command_is_answered_or_given_up_exactly_once() {
    // The venue cancels on its own only at a delisting, and only a duplicate repeats an answer.
    let (stage, sent) = play(without(&[Fault::Duplicate, Fault::Delisting]), 4);
    let (submits, others) = answers(&stage);
    assert_eq!(submits.keys().copied().collect::<BTreeSet<_>>(), sent.submits);
    assert!(submits.values().all(|count| *count == 1));
    assert_eq!(others, [sent.cancels, sent.queries, sent.snapshots]);
}

fn told_trades(stage: &Stage) -> BTreeMap<TradeId, usize> {
    let mut trades = BTreeMap::new();
    for (_, fill) in stage.fills() {
        *trades.entry(fill.trade_id).or_default() += 1;
    }
    trades
}

#[test]
fn no_fill_is_lost_or_doubled_but_by_a_counted_fault() {
    let losing = [Fault::DropMessage, Fault::Stall, Fault::Outage];
    let (stage, _) = play(without(&losing), 6);
    let history = stage.world.exchange().fills(ACCOUNT);
    let told = told_trades(&stage);
    assert!(history.len() > 1000, "{}", history.len());
    assert_eq!(told.len(), history.len());
    let doubled = told.values().filter(|count| **count > 1).count() as u64;
    assert!(doubled > 0 && doubled <= stage.world.fault_counts().total(Fault::Duplicate));
}

#[test]
fn lost_fills_are_no_more_than_were_counted() {
    let (stage, _) = play(without(&[Fault::Duplicate]), 7);
    let history = stage.world.exchange().fills(ACCOUNT).len();
    let told = told_trades(&stage);
    assert!(told.values().all(|count| *count == 1));
    let missing = (history - told.len()) as u64;
    let counts = stage.world.fault_counts();
    let lost = [Fault::DropMessage, Fault::Stall, Fault::Outage];
    let lost: u64 = lost.iter().map(|fault| counts.total(*fault)).sum();
    assert!(missing > 0 && missing <= lost, "{missing} of {lost}");
}

#[test]
fn every_lost_outcome_lies_within_a_disturbance() {
    let (stage, sent) = play(FaultSettings::bad_day(), 8);
    let told = stage.told();
    let lost: Vec<_> = told
        .iter()
        .filter(|(_, report)| matches!(report, VenueReport::SubmitOutcomeLost { .. }))
        .collect();
    assert!(!lost.is_empty() && sent.submits.len() > lost.len());
    for (at, _) in lost {
        assert!(stage.world.is_disturbed(ACCOUNT, *at - Span::seconds(1), *at));
    }
}

#[test]
fn lasting_faults_come_again_and_again() {
    let faults =
        FaultSettings { rates: [(Fault::RateLimitBan, 24 * 60)].into(), ..FaultSettings::none() };
    let mut stage = Stage::with(Script::quoted(7200), LATENCY, faults, 1);
    for second in 0..7200 {
        stage.run(seconds(second));
        stage.world.submit(ACCOUNT, snapshot(), seconds(second));
    }
    // Once a minute for 15 s, and a minute in between: about a fifth of the time.
    let refused = stage.world.fault_counts().total(Fault::RateLimitBan);
    assert!((1000..2000).contains(&refused), "{refused}");
}

#[test]
fn a_dial_that_is_turned_back_goes_quiet() {
    let mut stage = Stage::with(Script::quoted(600), LATENCY, FaultSettings::none(), 1);
    stage.world.set_faults(FaultSettings {
        rates: [(Fault::DropRequest, 1_000_000), (Fault::RateLimitBan, 10_000)].into(),
        ..FaultSettings::none()
    });
    stage.run(seconds(300));
    let lost = stage.limit(Side::Buy, Price(990), seconds(300));
    stage.run(seconds(302));
    assert!(stage.accepted(lost).is_empty());
    stage.world.set_faults(FaultSettings::none());
    stage.run(seconds(340));
    let order = stage.limit(Side::Buy, Price(990), seconds(340));
    stage.run(seconds(342));
    assert_eq!(stage.accepted(order).len(), 1);
}
