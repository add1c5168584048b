//! Latency, order, and what a connection carries when nothing goes wrong.

use banyan_core::market::MarketData;
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{Side, TimeInForce};
use banyan_core::time::Span;
use banyan_core::venue::VenueReport;
use banyan_matching::faults::FaultSettings;
use banyan_matching::world::{Latency, World};

use crate::support::*;

const LATENCY: Latency = Latency {
    order: Span::milliseconds(10),
    user_stream: Span::milliseconds(20),
    feed: Span::milliseconds(5),
    jitter: Span(0),
};

fn stage(script: Script, latency: Latency) -> Stage {
    Stage::with(script, latency, FaultSettings::none(), 1)
}

#[test]
fn an_answer_takes_the_way_there_and_back() {
    let mut stage = stage(Script::quoted(5), LATENCY);
    stage.run(START);
    let order = stage.limit(Side::Buy, Price(990), START);
    stage.run(seconds(2));
    assert_eq!(stage.accepted(order), [milliseconds(30)]);
    let message = stage.messages().next().unwrap().1;
    assert_eq!(message.time, milliseconds(10));
}

#[test]
fn the_feed_takes_its_own_time_or_none() {
    for (feed, late) in [(Span::milliseconds(5), 5), (Span(0), 0)] {
        let mut stage = stage(Script::quoted(3), Latency { feed, ..LATENCY });
        stage.run(seconds(2));
        assert!(stage.events().count() > 0);
        assert!(stage.events().all(|(at, event)| at == event.time + Span::milliseconds(late)));
    }
}

#[test]
fn jitter_never_breaks_the_order_of_a_stream() {
    let jitter = Span::milliseconds(50);
    let mut script = Script::quoted(5);
    for n in 0..200 {
        let change = taker(Side::Buy, Quantity(1), ASK);
        script = script.with(milliseconds(n), BTC, change);
    }
    let mut stage = stage(script, Latency { jitter, ..LATENCY });
    let mut orders = Vec::new();
    for n in 0..200 {
        stage.run(milliseconds(n));
        orders.push(stage.limit(Side::Buy, Price(900), milliseconds(n)));
    }
    stage.run(seconds(3));
    let accepted: Vec<_> = stage.told().into_iter().map(|(_, report)| report).collect();
    let ids: Vec<_> = accepted
        .iter()
        .map(|report| match report {
            VenueReport::OrderAccepted { client_id, .. } => *client_id,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, orders);
    let times: Vec<_> = orders.iter().flat_map(|order| stage.accepted(*order)).collect();
    let distances = times.iter().enumerate().map(|(n, at)| (*at - milliseconds(n as i64)).0);
    assert!(distances.clone().all(|it| it >= Span::milliseconds(30).0));
    assert!(distances.clone().any(|it| it != Span::milliseconds(30).0));
    let events: Vec<_> = stage.events().map(|(_, event)| event.time).collect();
    assert!(events.is_sorted());
    let trades = stage.events().filter(|it| matches!(it.1.data, MarketData::Trade { .. }));
    assert_eq!(trades.count(), 200);
}

#[test]
fn one_long_advance_delivers_what_many_short_ones_do() {
    let play = |step: i64| {
        let mut stage = stage(Script::quoted(5), LATENCY);
        stage.run(START);
        stage.limit(Side::Buy, Price(990), START);
        stage.market(Side::Sell, START);
        let mut deliveries = Vec::new();
        for n in 1..=4000 / step {
            stage.world.advance(milliseconds(n * step), &mut deliveries);
        }
        deliveries
    };
    assert_eq!(play(4000), play(1));
}

#[test]
fn acceptance_comes_before_the_fill() {
    let mut stage = stage(Script::quoted(5), LATENCY);
    stage.run(START);
    let order = stage.market(Side::Buy, START);
    stage.run(seconds(1));
    let fills = stage.fills();
    assert_eq!(stage.accepted(order), [milliseconds(30)]);
    assert_eq!((fills.len(), fills[0].1.client_id), (1, Some(order)));
    let told = stage.told();
    assert!(matches!(told[0].1, VenueReport::OrderAccepted { .. }));
    assert!(matches!(told[1].1, VenueReport::OrderFilled(_)));
}

#[test]
fn an_order_expires_between_two_steps_of_the_market() {
    let mut stage = stage(Script::quoted(5), LATENCY);
    stage.run(START);
    let kind = banyan_core::order::OrderKind::Limit { price: Price(990) };
    let mut request = stage.request(Side::Buy, kind, Quantity(1000));
    request.time_in_force = TimeInForce::GoodTillDate(milliseconds(1500));
    let client_id = stage.submit(request, START);
    stage.run(seconds(3));
    assert_eq!(stage.times(&VenueReport::OrderExpired { client_id }), [milliseconds(1520)]);
}

#[test]
fn commands_of_a_dead_engine_arrive_but_nobody_hears_of_them() {
    let mut stage = stage(Script::quoted(5), LATENCY);
    stage.run(START);
    let first = stage.limit(Side::Buy, Price(990), START);
    stage.run(milliseconds(15));
    let second = stage.limit(Side::Buy, Price(980), milliseconds(15));
    stage.world.disconnect(ACCOUNT);
    stage.limit(Side::Buy, Price(970), milliseconds(16));
    stage.run(seconds(1));
    assert_eq!(stage.told(), []);
    assert!(stage.world.exchange().order(ACCOUNT, first).is_some());
    assert!(stage.world.exchange().order(ACCOUNT, second).is_some());
    let open = stage.world.exchange().snapshot(ACCOUNT, START, START).unwrap().open_orders;
    assert_eq!(open.len(), 2);
}

#[test]
fn an_engine_that_comes_back_hears_the_stream_but_no_old_answer() {
    let sweep = taker(Side::Sell, Quantity(i64::MAX), Price(990));
    let mut stage = stage(Script::quoted(5).with(milliseconds(1500), BTC, sweep), LATENCY);
    stage.run(START);
    let order = stage.limit(Side::Buy, Price(990), START);
    stage.world.disconnect(ACCOUNT);
    stage.world.connect(ACCOUNT, milliseconds(5));
    stage.world.connect(ACCOUNT, milliseconds(6));
    stage.run(seconds(3));
    assert_eq!(stage.accepted(order), []);
    let told = stage.told();
    assert_eq!(told[0], (milliseconds(25), VenueReport::StreamInterrupted));
    assert!(matches!(&told[1].1, VenueReport::OrderFilled(fill) if fill.client_id == Some(order)));
    assert_eq!(told.len(), 2);
}

#[test]
fn an_account_that_nobody_opened_is_not_heard() {
    let mut stage = stage(Script::quoted(2), LATENCY);
    stage.world.submit(banyan_core::ids::AccountId::from_u128(9), snapshot(), START);
    stage.run(seconds(5));
    assert!(
        stage.seen.iter().all(|it| matches!(it.1, banyan_matching::world::Delivery::Market(_)))
    );
}

#[test]
fn nothing_is_due_when_the_market_is_over_and_nothing_is_under_way() {
    let faults = FaultSettings::bad_day();
    let mut stage = Stage::with(Script::quoted(3), LATENCY, faults, 1);
    stage.run(seconds(3600));
    assert_eq!(stage.world.next_event_at(), None);
    assert!(stage.world.market().next_at().is_none());
}

#[test]
fn a_world_can_move_to_another_thread() {
    fn movable<T: Send>() {}
    movable::<World>();
}
