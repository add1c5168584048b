//! Queries, snapshots, numbers, and what the public hears.

use banyan_core::ids::{ClientOrderId, TradeId};
use banyan_core::market::{Candle, MarketData};
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::time::{Timeframe, Timestamp};
use banyan_core::venue::{ReportedStatus, VenueCommand, VenueReport};
use banyan_matching::exchange::Output;
use banyan_matching::market::MarketChange;

use crate::desk::*;

fn query(desk: &mut Desk, id: u128) -> Option<(ReportedStatus, i64)> {
    let command = VenueCommand::QueryOrder { instrument: LINEAR, client_id: ClientOrderId(id) };
    match &desk.command(ANNA, &command)[..] {
        [Output::Account { message, .. }] => match &message.report {
            VenueReport::OrderReported { report, .. } => {
                report.as_ref().map(|it| (it.status, it.filled.0))
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_query_tells_open_ended_and_unknown_orders() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Buy, 5, 100));
    desk.taker(Sell, 2, 100);
    assert_eq!(query(&mut desk, 1), Some((ReportedStatus::Open, 2)));
    desk.taker(Sell, 3, 100);
    assert_eq!(query(&mut desk, 1), Some((ReportedStatus::Filled, 5)));
    desk.submit(ANNA, limit(2, Buy, 5, 100));
    desk.cancel(ANNA, 2);
    assert_eq!(query(&mut desk, 2), Some((ReportedStatus::Cancelled, 0)));
    desk.submit(ANNA, market(3, Buy, 5));
    assert_eq!(query(&mut desk, 3), Some((ReportedStatus::Expired, 0)));
    desk.submit(ANNA, limit(4, Buy, 0, 100));
    assert_eq!(query(&mut desk, 4), None, "a refused order is not known");
    let newest = desk.exchange.order(ANNA, ClientOrderId(2)).unwrap();
    assert_eq!(newest.request.quantity, Quantity(5));
}

#[test]
fn a_snapshot_tells_everything_since_a_moment() {
    let mut desk = Desk::open();
    desk.depth(&[], &[(100, 9)]);
    desk.submit(ANNA, market(1, Buy, 2));
    desk.now = Timestamp(2_000);
    desk.submit(ANNA, market(2, Buy, 3));
    desk.step(MarketChange::Funding(Rate::from_basis_points(10)));
    desk.submit(ANNA, limit(3, Sell, 1, 120));
    desk.submit(ANNA, stop(4, Sell, 1, 50));
    let out = desk.command(ANNA, &VenueCommand::FetchSnapshot { since: Timestamp(2_000) });
    let [Output::Account { message, .. }] = &out[..] else { panic!("{out:?}") };
    let VenueReport::SnapshotTaken(snapshot) = &message.report else { panic!("{message:?}") };
    assert_eq!((snapshot.time, snapshot.since), (Timestamp(2_000), Timestamp(2_000)));
    assert_eq!(snapshot.last_trade, TradeId(3));
    assert_eq!(snapshot.fills.len(), 1);
    assert_eq!(snapshot.fills[0].trade_id, TradeId(2));
    assert_eq!(snapshot.fundings.len(), 1);
    assert_eq!(snapshot.fundings[0].id, TradeId(3));
    let open: Vec<_> = snapshot.open_orders.iter().map(|it| it.client_id.0).collect();
    assert_eq!(open, [3, 4]);
    assert_eq!(snapshot.positions[0].quantity, Quantity(5));
    assert_eq!(snapshot.positions[0].cost, units(500));
    let asked = desk.exchange.snapshot(ANNA, Timestamp(2_000), desk.now).unwrap();
    assert_eq!(**snapshot, asked);
}

#[test]
fn balances_of_zero_and_flat_positions_are_left_out() {
    let mut desk = Desk::with(&[(ANNA, with_usdt(0, 1))]);
    let snapshot = desk.snapshot(ANNA);
    assert!(snapshot.balances.is_empty() && snapshot.positions.is_empty());
    assert_eq!(desk.submit(ANNA, limit(1, Buy, 1, 1)), ["rejected 1 InsufficientFunds"]);
}

fn tops(out: &[Output]) -> Vec<(i64, i64, i64, i64)> {
    public(out)
        .into_iter()
        .filter_map(|data| match data {
            MarketData::BookTop { bid, bid_size, ask, ask_size } => {
                Some((bid.0, bid_size.0, ask.0, ask_size.0))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn the_book_top_is_told_when_it_changes_and_only_then() {
    let mut desk = Desk::open();
    assert_eq!(tops(&desk.depth(&[(99, 5)], &[(101, 5)])), [(99, 5, 101, 5)]);
    assert_eq!(tops(&desk.depth(&[(99, 5), (98, 1)], &[(101, 5)])), []);
    let mut submit = |request| {
        let expires = desk.now;
        tops(&desk.command(ANNA, &VenueCommand::SubmitOrder { request, expires }))
    };
    assert_eq!(submit(limit(1, Buy, 2, 99)), [(99, 7, 101, 5)]);
    assert_eq!(submit(limit(2, Sell, 2, 100)), [(99, 7, 100, 2)]);
    assert_eq!(submit(limit(3, Buy, 2, 98)), []);
    assert_eq!(tops(&desk.taker(Buy, 2, 100)), [(99, 7, 101, 5)]);
    assert_eq!(tops(&desk.depth(&[], &[])), [(99, 2, 0, 0)]);
}

#[test]
fn marks_candles_funding_and_prints_are_repeated() {
    let mut desk = Desk::open();
    assert_eq!(public(&desk.mark(100)), [MarketData::Mark(Price(100))]);
    let candle = Candle {
        open_time: Timestamp(0),
        open: Price(1),
        high: Price(3),
        low: Price(1),
        close: Price(2),
        volume: Quantity(9),
    };
    let timeframe = Timeframe::OneMinute;
    let out = desk.step(MarketChange::CandleClosed { timeframe, candle });
    assert_eq!(public(&out), [MarketData::CandleClosed { timeframe, candle }]);
    let out = desk.step(MarketChange::Funding(Rate(7)));
    assert_eq!(public(&out), [MarketData::Funding(Rate(7))]);
    let trade = |quantity| MarketData::Trade {
        price: Price(99),
        quantity: Quantity(quantity),
        aggressor: Buy,
    };
    assert_eq!(public(&desk.print(99, Some(4), Buy)), [trade(4)]);
    assert_eq!(public(&desk.print(99, None, Buy)), [trade(0)]);
    let out = desk.change(|it| it.filters.version = 2);
    let [MarketData::InstrumentChanged(changed)] = &public(&out)[..] else { panic!("{out:?}") };
    assert_eq!(changed.filters.version, 2);
    assert_eq!(desk.exchange.instruments().get(LINEAR).unwrap().filters.version, 2);
}

#[test]
fn steps_of_unknown_instruments_are_ignored() {
    let mut desk = Desk::open();
    let unknown = banyan_core::instrument::InstrumentId(77);
    assert!(desk.step_on(unknown, MarketChange::Mark(Price(1))).is_empty());
}

#[test]
fn accounts_hear_nothing_of_one_another() {
    let mut desk = Desk::open();
    desk.submit(ANNA, limit(1, Sell, 2, 100));
    let expires = desk.now;
    let request = market(2, Buy, 1);
    let out = desk.command(BEN, &VenueCommand::SubmitOrder { request, expires });
    assert_eq!(told(&out, ANNA), ["filled 1 sell 1@100 maker"]);
    assert_eq!(told(&out, BEN), ["accepted 2", "filled 2 buy 1@100 taker"]);
    assert!(told(&out, CLARA).is_empty());
}
