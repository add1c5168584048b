//! The grid while it trades: cycles, profit, partial fills, refusals, restarts.

use banyan_core::intent::{ExitReason, Intent};
use banyan_core::money::{Amount, Quantity};
use banyan_core::order::{OrderState, Side};
use banyan_core::strategy::{GridStrategy, StrategyConfig, StrategyEvent, gates};
use serde_json::json;

use crate::fixtures::{config_with, perpetual, price};
use crate::harness::Desk;

/// Ten levels of 1,000 from 90,000 to 100,000, each worth 10,000.
pub(crate) fn grid(more: serde_json::Value) -> GridStrategy {
    let base = json!({
        "upper_price": 100_000, "lower_price": 90_000, "grid_count": 10,
        "total_investment": 50_000, "leverage": 2.0,
    });
    let StrategyConfig::Grid(config) = config_with("grid", base, more) else { unreachable!() };
    GridStrategy::new(&config, &perpetual()).unwrap()
}

fn desk(at: i64) -> Desk<GridStrategy> {
    Desk::started(price(at), grid(json!({})))
}

#[test]
fn buys_rest_below_the_price_and_nothing_is_bought_at_once() {
    let desk = desk(95_500);
    let expected: Vec<_> = (90..=95).map(|level| price(level * 1_000)).collect();
    assert_eq!(desk.prices(Side::Buy), expected);
    assert_eq!(desk.prices(Side::Sell), []);
    assert!(desk.position.is_flat());
    // 10,000 / 95,000 = 0.10526, down to the step.
    assert_eq!(desk.resting(Side::Buy)[5].1, Quantity(105));
}

#[test]
fn a_full_cycle_earns_what_a_hand_computes() {
    let mut desk = desk(95_500);
    desk.candle(&[95_500, 94_900]);
    assert_eq!(desk.resting(Side::Sell), [(price(96_000), Quantity(105))]);
    desk.candle(&[94_900, 96_100]);
    // 0.105 bought at 95,000 and sold at 96,000: 105, less 0.02 % of 9,975 and of 10,080.
    let profit: Amount = Amount(10_500_000_000 - 199_500_000 - 201_600_000);
    assert_eq!(desk.strategy.earnings().profit, profit);
    assert_eq!(desk.strategy.earnings().cycles, 1);
    assert_eq!(desk.ledger, profit);
    assert!(desk.position.is_flat());
}

#[test]
fn a_sold_level_is_armed_again_under_a_new_name() {
    let mut desk = desk(95_500);
    let first = desk.tag_at(95_000);
    for cycle in 1..=3 {
        desk.candle(&[95_500, 94_900, 96_100, 95_500]);
        assert_eq!(desk.strategy.earnings().cycles, cycle);
        assert_ne!(desk.tag_at(95_000), first);
    }
    assert_eq!(desk.prices(Side::Buy).len(), 6);
}

#[test]
fn levels_that_the_price_climbs_over_are_armed() {
    let mut desk = desk(92_500);
    assert_eq!(desk.prices(Side::Buy).len(), 3);
    desk.candle(&[92_500, 97_500]);
    assert_eq!(desk.prices(Side::Buy).len(), 8);
}

#[test]
fn a_fall_through_every_level_is_sold_level_by_level() {
    let mut desk = desk(99_900);
    desk.candle(&[99_900, 89_000]);
    assert_eq!(desk.orders.len(), 10);
    assert_eq!(desk.prices(Side::Sell)[0], price(91_000));
    assert_eq!(desk.strategy.inventory(), desk.position.quantity);
    desk.candle(&[89_000]);
    assert_eq!(desk.refusal, Some(gates::OUTSIDE_BOUNDS));
    desk.candle(&[89_000, 100_500]);
    assert_eq!(desk.strategy.earnings().cycles, 10);
    assert_eq!(desk.strategy.earnings().profit, desk.ledger);
    assert!(desk.position.is_flat());
}

#[test]
fn a_buy_sells_only_when_it_is_complete() {
    let mut desk = desk(95_500);
    let tag = desk.tag_at(95_000);
    desk.fill(tag, Quantity(40));
    desk.deliver();
    assert_eq!(desk.prices(Side::Sell), []);
    desk.fill(tag, Quantity(65));
    desk.deliver();
    assert_eq!(desk.resting(Side::Sell), [(price(96_000), Quantity(105))]);
}

#[test]
fn what_a_cancelled_buy_had_bought_is_sold_after_a_wait() {
    let mut desk = desk(95_500);
    let tag = desk.tag_at(95_000);
    desk.fill(tag, Quantity(40));
    desk.end(tag, OrderState::Cancelled);
    desk.deliver();
    assert_eq!(desk.prices(Side::Sell), []);
    desk.candle(&[95_500]);
    assert_eq!(desk.resting(Side::Sell), [(price(96_000), Quantity(40))]);
    desk.candle(&[95_500, 96_000, 95_500]);
    assert_eq!(desk.strategy.earnings().profit, desk.ledger);
    assert_eq!(desk.resting(Side::Buy)[5], (price(95_000), Quantity(105)));
}

#[test]
fn denied_orders_wait_longer_each_time_and_come_back() {
    let mut desk = Desk::new(grid(json!({})), price(95_500));
    desk.denies = true;
    desk.tell(&StrategyEvent::Started);
    assert_eq!(desk.log.len(), 6);
    for _ in 0..60 {
        desk.candle(&[95_500]);
    }
    let tries = desk.log.len() / 6;
    assert!((5..=8).contains(&tries), "{tries} tries in an hour");
    assert_eq!(desk.refusal, Some(gates::WAITING_TO_RETRY));
    desk.denies = false;
    desk.minutes(17);
    assert_eq!(desk.orders.len(), 6);
}

#[test]
fn a_liquidation_takes_from_the_highest_lots_and_their_sales() {
    let mut desk = desk(99_900);
    desk.candle(&[99_900, 95_500]);
    let held = desk.position.quantity;
    assert_eq!(desk.prices(Side::Sell).len(), 4);
    desk.sell_outside(Quantity(150), ExitReason::Liquidation);
    assert_eq!(desk.strategy.inventory(), held - Quantity(150));
    assert_eq!(desk.strategy.stopped(), None);
    desk.candle(&[95_500]);
    let selling: Quantity = desk.resting(Side::Sell).iter().map(|(_, quantity)| *quantity).sum();
    assert_eq!(selling, held - Quantity(150));
}

#[test]
fn a_clamped_order_is_done_with_what_it_was_given() {
    let mut desk = desk(95_500);
    let tag = desk.tag_at(95_000);
    desk.end(tag, OrderState::Cancelled);
    desk.holds = true;
    desk.deliver();
    desk.holds = false;
    desk.deliver();
    desk.candle(&[95_500]);
    let tag = desk.tag_at(95_000);
    let smaller = crate::harness::Resting { remaining: Quantity(50), ..desk.orders[&tag] };
    desk.orders.insert(tag, smaller);
    desk.tell_update(tag, OrderState::Open);
    desk.candle(&[95_500, 94_900]);
    assert_eq!(desk.resting(Side::Sell), [(price(96_000), Quantity(50))]);
}

#[test]
fn a_restart_goes_on_as_if_nothing_had_been() {
    let path: Vec<i64> = (0..120).map(|n| 95_500 + [0, -900, 700, -2_300, 1_800][n % 5]).collect();
    let (mut left, mut right) = (desk(95_500), desk(95_500));
    for pair in path.windows(2) {
        left.candle(pair);
        right.reload();
        right.reload_as_text();
        right.candle(pair);
    }
    assert_eq!(left.strategy, right.strategy);
    assert_eq!(left.log, right.log);
    assert!(left.strategy.earnings().cycles > 20);
}

#[test]
fn after_a_crash_missed_fills_are_caught_up_and_nothing_is_doubled() {
    let mut desk = desk(95_500);
    desk.holds = true;
    desk.reach(price(94_900));
    desk.crash();
    assert_eq!(desk.resting(Side::Sell), [(price(96_000), Quantity(105))]);
    assert_eq!(desk.strategy.inventory(), desk.position.quantity);
    let wishes = desk.log.len();
    desk.minutes(10);
    assert_eq!((desk.orders.len(), desk.log.len()), (6, wishes));
}

#[test]
fn orders_that_never_reached_the_account_are_placed_again_after_the_doubt() {
    let mut desk = Desk::new(grid(json!({})), price(95_500));
    desk.holds = true;
    desk.tell(&StrategyEvent::Started);
    desk.inbox.clear();
    desk.orders.clear();
    desk.crash();
    assert_eq!(desk.orders.len(), 0, "they may still be on their way");
    desk.minutes(2);
    assert_eq!(desk.orders.len(), 6);
}

#[test]
fn stray_orders_are_cancelled() {
    let mut desk = desk(95_500);
    let stray = banyan_core::intent::OrderTag(77 << 1);
    let order = crate::harness::Resting {
        side: Side::Buy,
        price: price(80_000),
        remaining: Quantity(1),
        reduce_only: false,
    };
    desk.orders.insert(stray, order);
    desk.tell_update(stray, OrderState::Open);
    desk.candle(&[95_500]);
    assert!(desk.log.contains(&Intent::Cancel { tag: stray }));
    assert!(!desk.orders.contains_key(&stray));
}
