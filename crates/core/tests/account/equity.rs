//! Equity: what is a gain, what is a loss, and what stops entries.

use banyan_core::intent::OrderTag;
use banyan_core::journal::AccountEvent;
use banyan_core::ledger::SubLedger;
use banyan_core::money::Amount;
use banyan_core::order::Side;
use banyan_core::time::{DAY, Span, Timestamp};

use crate::desk::{A, Desk, NOON, owner};
use crate::listing::{LINEAR, asset, price};
use crate::wishes::limit;

fn million() -> Amount {
    Amount::from_units(1_000_000)
}

/// Holds ten coins long, bought at 50,000: one unit of price is ten of equity.
fn invested() -> Desk {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10_000, price(50_000));
    desk.wait(Span::minutes(1));
    desk
}

fn at(desk: &mut Desk, units: i64) {
    desk.now = desk.now + Span::minutes(1);
    desk.mark(LINEAR, price(units));
}

#[test]
fn equity_is_the_wallet_and_what_is_open() {
    let mut desk = invested();
    let fee = Amount::from_units(200);
    at(&mut desk, 51_000);
    assert_eq!(desk.account.valuation().equity, million() - fee + Amount::from_units(10_000));
    assert_eq!(desk.account.valuation().unrealized, Amount::from_units(10_000));
    assert_eq!(desk.account.valuation().margin, Amount::from_units(51_000));
    assert_eq!(desk.account.valuation().maintenance, Amount::from_units(2_550));
    let own = desk.account.valuation_of(owner(A));
    assert_eq!(own.equity, Amount::from_units(100_000 - 200 + 10_000));
    assert_eq!(desk.account.valuation_of(SubLedger::External).equity, million());
}

#[test]
fn the_high_water_mark_follows_equity_upwards_only() {
    let mut desk = invested();
    at(&mut desk, 52_000);
    let high = desk.account.state().equity.high_water;
    assert_eq!(high, million() + Amount::from_units(20_000 - 200));
    at(&mut desk, 45_000);
    assert_eq!(desk.account.state().equity.high_water, high);
}

#[test]
fn equity_is_noted_at_most_once_a_minute() {
    let mut desk = invested();
    desk.now = NOON + Span::minutes(10);
    let before = desk.records.len();
    for n in 1..=50 {
        desk.now = desk.now + Span::milliseconds(100);
        desk.mark(LINEAR, price(52_000 + n));
    }
    let marked =
        |it: &&banyan_core::journal::Record| matches!(it.event, AccountEvent::EquityMarked { .. });
    assert_eq!(desk.records[before..].iter().filter(marked).count(), 1);
}

#[test]
fn a_drawdown_stops_entries() {
    let mut desk = drawn_down();
    desk.submit(A, limit(OrderTag(1), Side::Buy, 1, price(44_000)));
    assert_eq!(desk.last_denial(), "MAX_DRAWDOWN");
    assert_eq!(desk.close(A).len(), 1, "it may leave");
}

/// More than a tenth below the high, with a limit of a tenth.
fn drawn_down() -> Desk {
    let mut desk = invested();
    let mut terms = crate::desk::terms();
    terms.limits.max_drawdown = banyan_core::money::Rate::from_basis_points(1_000);
    terms.limits.max_daily_loss = banyan_core::money::Rate::ONE;
    desk.handle(banyan_core::account::Input::AttachWorker { worker: A, terms: Box::new(terms) });
    at(&mut desk, 60_000);
    at(&mut desk, 45_000);
    desk
}

#[test]
fn a_daily_loss_stops_entries_until_the_day_ends() {
    let mut desk = invested();
    let mut terms = crate::desk::terms();
    terms.limits.max_daily_loss = banyan_core::money::Rate::from_basis_points(500);
    desk.handle(banyan_core::account::Input::AttachWorker { worker: A, terms: Box::new(terms) });
    at(&mut desk, 45_000);
    let wish = || limit(OrderTag(1), Side::Buy, 1, price(44_000));
    desk.submit(A, wish());
    assert_eq!(desk.last_denial(), "MAX_DAILY_LOSS");
    let midnight = Timestamp((NOON.day() + 1) * DAY);
    desk.now = midnight - Span(1);
    desk.mark(LINEAR, price(45_000));
    desk.submit(A, wish());
    assert_eq!(desk.denials().len(), 2, "the last moment of the day");
    desk.now = midnight;
    desk.mark(LINEAR, price(45_000));
    assert_eq!(desk.account.state().equity.day, Some(midnight.day()));
    assert_eq!(desk.wish(A, wish()).len(), 1);
}

#[test]
fn money_that_comes_or_goes_is_neither_gain_nor_loss() {
    let mut desk = invested();
    let before = desk.account.state().equity;
    for units in [500_000, -700_000] {
        let moved = Amount::from_units(units);
        desk.venue.credit(&asset("USDT"), moved);
        let (high, start) = {
            let marks = desk.account.state().equity;
            (marks.high_water, marks.day_start)
        };
        desk.reconcile();
        let marks = desk.account.state().equity;
        assert_eq!((marks.high_water, marks.day_start), (high + moved, start + moved));
    }
    let marks = desk.account.state().equity;
    assert_eq!(marks.high_water - before.high_water, Amount::from_units(-200_000));
    desk.mark(LINEAR, price(50_000));
    assert_eq!(desk.wish(A, limit(OrderTag(1), Side::Buy, 1, price(49_000))).len(), 1);
}

#[test]
fn money_in_another_asset_does_not_move_the_marks() {
    let mut desk = invested();
    let before = desk.account.state().equity;
    desk.venue.credit(&asset("ETH"), Amount::from_units(5));
    desk.reconcile();
    assert_eq!(desk.account.state().equity, before);
    assert_eq!(desk.account.state().ledger.wallet(&asset("ETH")), Amount::from_units(5));
}

#[test]
fn spot_coins_count_at_the_market() {
    let mut desk = Desk::ready();
    let spot = crate::listing::SPOT;
    let id = desk.open_on(spot, A, Side::Buy, 1_000, banyan_core::intent::Protection::NONE);
    desk.fill(id, 1_000, price(2_000));
    desk.mark(spot, price(2_100));
    let fee = Amount(80_000_000);
    let gain = Amount::from_units(100) - fee;
    assert_eq!(desk.account.valuation().equity, million() + gain);
    assert_eq!(desk.account.valuation_of(owner(A)).equity, Amount::from_units(100_000) + gain);
}
