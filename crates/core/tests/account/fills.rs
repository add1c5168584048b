//! Booking: every fill in the sub-ledger of its owner, to the last digit.

use banyan_core::intent::{Intent, OrderTag, Protection, Sizing};
use banyan_core::journal::AccountEvent;
use banyan_core::ledger::{Bucket, SubLedger};
use banyan_core::money::{Amount, Quantity};
use banyan_core::order::{PositionSide, Side};
use banyan_core::venue::{FillReason, PositionMode, VenueReport};
use banyan_core::worker::WorkerNotice;

use crate::desk::{A, B, Desk, closing, owner};
use crate::listing::{INVERSE, LINEAR, SPOT, asset, price};
use crate::wishes::limit;

fn balance(desk: &Desk, of: SubLedger, bucket: Bucket, code: &str) -> Amount {
    desk.account.state().ledger.balance(of, bucket, &asset(code))
}

/// Hundredths of a unit.
fn cents(n: i128) -> Amount {
    Amount(n * 1_000_000)
}

#[test]
fn profit_and_fees_belong_to_the_worker_that_traded() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 100, price(50_000));
    let orders = desk.close(A);
    desk.fill(orders[0].client_id, 100, price(51_000));
    // 0.1 at +1,000; fees of 4 basis points on 5,000 and 5,100.
    assert_eq!(balance(&desk, owner(A), Bucket::Realized, "USDT"), cents(-10_000));
    assert_eq!(balance(&desk, owner(A), Bucket::Fees, "USDT"), cents(404));
    assert_eq!(balance(&desk, owner(A), Bucket::Wallet, "USDT"), cents(9_596));
    assert_eq!(balance(&desk, SubLedger::Netting, Bucket::Wallet, "USDT"), Amount::ZERO);
    let totals = desk.account.state().workers[&A].totals;
    assert_eq!((totals.fills, totals.closing_fills, totals.round_trips), (2, 1, 1));
    assert_eq!((totals.realized, totals.fees), (cents(10_000), cents(404)));
    assert_eq!(totals.volume, Amount::from_units(10_100));
}

#[test]
fn a_partial_close_takes_its_share_of_the_cost() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 30, price(50_000));
    desk.enter(A, Side::Buy, 10, price(54_000));
    let orders = desk.wish(A, closing(Some(10)));
    assert_eq!(orders[0].quantity, Quantity(10));
    desk.fill(orders[0].client_id, 10, price(52_000));
    // Average 51,000: 0.01 at +1,000.
    assert_eq!(desk.account.state().workers[&A].totals.realized, Amount::from_units(10));
    assert_eq!(desk.account.state().share(owner(A), LINEAR).cost, Amount::from_units(1_530));
}

#[test]
fn a_rebate_is_money_received() {
    let mut desk = Desk::ready();
    let orders = desk.wish(A, limit(OrderTag(1), Side::Buy, 100, price(49_000)));
    let mut fill = desk.trade(orders[0].client_id, 100, price(49_000));
    fill.fee = Amount::from_units(-1);
    desk.tell(VenueReport::OrderFilled(fill));
    assert_eq!(balance(&desk, owner(A), Bucket::Wallet, "USDT"), Amount::from_units(1));
    assert_eq!(desk.account.state().workers[&A].totals.fees, Amount::from_units(-1));
}

#[test]
fn spot_trades_exchange_assets() {
    let mut desk = Desk::ready();
    let id = desk.open_on(SPOT, A, Side::Buy, 2_500, Protection::NONE);
    desk.fill(id, 2_500, price(2_000));
    assert_eq!(balance(&desk, owner(A), Bucket::Wallet, "ETH"), Amount(250_000_000));
    // 2.5 at 2,000 and a fee of 2.
    assert_eq!(balance(&desk, owner(A), Bucket::Wallet, "USDT"), Amount::from_units(-5_002));
    let intent = Intent::Close {
        instrument: SPOT,
        quantity: None,
        reason: banyan_core::intent::ExitReason::ExitSignal,
    };
    let orders = desk.wish(A, intent);
    assert!(!orders[0].reduce_only, "spot knows no reduce-only");
    desk.fill(orders[0].client_id, 2_500, price(2_100));
    assert_eq!(balance(&desk, owner(A), Bucket::Wallet, "ETH"), Amount::ZERO);
    assert_eq!(balance(&desk, owner(A), Bucket::Wallet, "USDT"), cents(24_590));
}

#[test]
fn inverse_contracts_earn_coins() {
    let mut desk = Desk::ready();
    let id = desk.open_on(INVERSE, A, Side::Buy, 10_000, Protection::NONE);
    desk.fill(id, 10_000, price(50_000));
    let intent = Intent::Close {
        instrument: INVERSE,
        quantity: None,
        reason: banyan_core::intent::ExitReason::ExitSignal,
    };
    let orders = desk.wish(A, intent);
    desk.fill(orders[0].client_id, 10_000, price(62_500));
    // 10,000 dollars: 0.2 coins at 50,000 and 0.16 at 62,500.
    let realized = desk.account.state().workers[&A].totals.realized;
    assert_eq!(realized, Amount(4_000_000));
    assert_eq!(
        desk.account.state().ledger.wallet(&asset("BTC")),
        desk.venue.wallets[&asset("BTC")]
    );
}

#[test]
fn a_hedge_account_holds_both_sides() {
    let mut desk = Desk::ready_in(PositionMode::Hedge);
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.enter(B, Side::Sell, 4, price(50_000));
    let state = desk.account.state();
    assert_eq!(state.position(LINEAR, PositionSide::Long).quantity, Quantity(10));
    assert_eq!(state.position(LINEAR, PositionSide::Short).quantity, Quantity(-4));
    let orders = desk.close(B);
    assert_eq!((orders[0].side, orders[0].position_side), (Side::Buy, PositionSide::Short));
    desk.fill(orders[0].client_id, 4, price(49_000));
    assert_eq!(desk.account.state().workers[&B].totals.realized, Amount::from_units(4));
    assert_eq!(
        desk.venue.wallets[&asset("USDT")],
        desk.account.state().ledger.wallet(&asset("USDT"))
    );
}

#[test]
fn a_manual_trade_is_external() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.foreign_trade(LINEAR, Side::Buy, 3, price(50_000), FillReason::Order);
    assert_eq!((desk.held(owner(A)), desk.held(SubLedger::External)), (10, 3));
}

#[test]
fn workers_that_hold_opposite_sides_are_netted_for_the_venue() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.foreign_trade(LINEAR, Side::Sell, 10, price(52_000), FillReason::Order);
    // The venue realized 20 on the netted position; nobody here has closed anything.
    assert_eq!(balance(&desk, SubLedger::Netting, Bucket::Wallet, "USDT"), Amount::from_units(20));
    assert_eq!(desk.account.state().workers[&A].totals.realized, Amount::ZERO);
    assert_eq!((desk.held(owner(A)), desk.held(SubLedger::External)), (10, -10));
    assert_eq!(
        desk.venue.wallets[&asset("USDT")],
        desk.account.state().ledger.wallet(&asset("USDT"))
    );
}

#[test]
fn every_fill_is_told_to_its_worker_with_what_it_did() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let orders = desk.close(A);
    desk.told.clear();
    desk.fill(orders[0].client_id, 10, price(51_000));
    let (worker, event) = &desk.told[0];
    assert_eq!(*worker, A);
    let WorkerNotice::OrderFilled { realized, exit, position, quantity, .. } = &event.notice else {
        panic!("{event:?}");
    };
    assert_eq!((*realized, *quantity), (Amount::from_units(10), Quantity(10)));
    assert_eq!(*exit, Some(banyan_core::intent::ExitReason::ExitSignal));
    assert!(position.is_flat());
}

#[test]
fn a_fill_carries_the_record_that_planned_its_order() {
    let mut desk = Desk::ready();
    let id = desk.enter(A, Side::Buy, 10, price(50_000));
    let booked =
        desk.records.iter().find(|it| matches!(it.event, AccountEvent::FillBooked { .. })).unwrap();
    assert_eq!(booked.cause, Some(desk.order(id).planned));
    assert_eq!(booked.correlation, Some(desk.order(id).intent));
    assert_eq!((booked.strategy_version, booked.epoch), (Some(1), Some(desk.epoch(A))));
}

#[test]
fn an_entry_by_value_is_turned_into_a_quantity() {
    let mut desk = Desk::ready();
    let intent = Intent::Open {
        instrument: LINEAR,
        side: Side::Sell,
        sizing: Sizing::Notional(Amount::from_units(1_000)),
        leverage: None,
        protection: Protection::NONE,
        confidence: None,
    };
    let orders = desk.wish(A, intent);
    assert_eq!(orders[0].quantity, Quantity(20));
}
