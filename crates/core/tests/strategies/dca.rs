//! Dollar-cost averaging: schedule, safety orders, target, and the reset after each round.

use banyan_core::intent::{ExitReason, Intent};
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::{OrderState, Side};
use banyan_core::strategy::{DcaStrategy, StrategyConfig, StrategyEvent, gates};
use serde_json::json;

use crate::fixtures::{config_with, perpetual, price};
use crate::harness::Desk;

fn dca(more: serde_json::Value) -> DcaStrategy {
    let base = json!({"order_amount": 1_000, "interval_minutes": 60});
    let StrategyConfig::Dca(config) = config_with("dca", base, more) else { unreachable!() };
    DcaStrategy::new(&config, &perpetual()).unwrap()
}

fn desk(more: serde_json::Value) -> Desk<DcaStrategy> {
    Desk::started(price(50_000), dca(more))
}

#[test]
fn it_buys_at_the_start_and_then_once_an_interval() {
    let mut desk = desk(json!({}));
    assert_eq!((desk.opens(), desk.position.quantity), (1, Quantity(20)));
    desk.minutes(59);
    desk.tell(&StrategyEvent::Triggered);
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::INTERVAL_NOT_ELAPSED)));
    desk.minutes(1);
    assert_eq!(desk.opens(), 2);
    desk.minutes(60 * 10);
    assert_eq!(desk.opens(), 12);
    assert_eq!(desk.strategy.orders_placed(), 12);
}

#[test]
fn the_target_rests_for_all_that_is_held_and_pays_the_fees() {
    let mut desk = desk(json!({"take_profit_percent": 2}));
    // 0.02 at 50,000 cost 1,000 and a fee of 0.50; the sale must bring 1,020.50 after 0.02 %:
    // 1,020.50 / 0.9998 / 0.02 = 51,035.207.
    assert_eq!(desk.resting(Side::Sell), [(Price(510_353), Quantity(20))]);
    desk.reach(price(40_000));
    desk.minutes(60);
    let [(target, quantity)] = desk.resting(Side::Sell)[..] else { panic!("one target") };
    assert_eq!(quantity, Quantity(45));
    desk.reach(target);
    assert!(desk.position.is_flat());
    assert_eq!(desk.strategy.profit(), desk.ledger);
    // Two percent of 1,000 and 1,000.
    assert!(desk.ledger >= Amount::from_units(40) && desk.ledger < Amount::from_units(41));
}

#[test]
fn after_the_target_every_count_begins_anew() {
    let mut desk = desk(json!({"max_orders": 2, "take_profit_percent": 1}));
    for round in 1..=3 {
        desk.minutes(60 * 5);
        assert_eq!(desk.strategy.orders_placed(), 2);
        assert_eq!(desk.refusal, Some(gates::MAX_ORDERS_REACHED));
        desk.reach(price(52_000));
        assert_eq!((desk.strategy.rounds(), desk.strategy.orders_placed()), (round, 0));
        desk.reach(price(50_000));
    }
    assert_eq!(desk.opens(), 6);
}

#[test]
fn the_budget_counts_what_rests_and_is_free_again_after_the_target() {
    let mut desk = desk(json!({"total_budget": 2_500, "take_profit_percent": 1}));
    desk.minutes(60 * 5);
    assert_eq!((desk.opens(), desk.refusal), (2, Some(gates::BUDGET_SPENT)));
    desk.reach(price(52_000));
    assert_eq!(desk.strategy.invested(), Amount::ZERO);
    desk.minutes(1);
    assert_eq!(desk.opens(), 3);
}

#[test]
fn safety_orders_are_scaled_in_distance_and_volume() {
    let desk = desk(json!({
        "safety_order_count": 3, "safety_order_amount": 500, "price_deviation_percent": 1,
        "step_scale": 2, "volume_scale": 1.5,
    }));
    // 1, 3 and 7 percent below 50,000; worth 500, 750 and 1,125.
    let expected = [
        (price(46_500), Quantity(24)),
        (price(48_500), Quantity(15)),
        (price(49_500), Quantity(10)),
    ];
    assert_eq!(desk.resting(Side::Buy), expected);
}

#[test]
fn a_filled_safety_order_lowers_the_target_and_is_not_placed_again_in_the_round() {
    let mut desk = desk(json!({
        "safety_order_count": 2, "safety_order_amount": 1_000, "price_deviation_percent": 2,
    }));
    let before = desk.prices(Side::Sell)[0];
    desk.reach(price(48_900));
    assert!(desk.prices(Side::Sell)[0] < before);
    assert_eq!(desk.prices(Side::Buy), [price(48_000)]);
    let target = desk.prices(Side::Sell)[0];
    desk.reach(target);
    assert_eq!(desk.orders.len(), 0, "the other safety order went with its round");
    desk.minutes(60);
    assert_eq!(desk.prices(Side::Buy).len(), 2);
}

#[test]
fn safety_orders_stay_within_the_budget() {
    let desk = desk(json!({
        "total_budget": 2_000, "safety_order_count": 5, "safety_order_amount": 400,
    }));
    assert_eq!(desk.prices(Side::Buy).len(), 2);
}

#[test]
fn the_stop_follows_the_average_entry() {
    let mut desk = desk(json!({"stop_loss_percent": 10}));
    assert_eq!(desk.protection.stop_loss, Some(price(45_000)));
    desk.reach(price(46_000));
    desk.minutes(60);
    // 0.02 at 50,000 and 0.021 at 46,000: 47,951.2 on average.
    assert_eq!(desk.protection.stop_loss, Some(Price(431_561)));
    desk.reach(price(43_000));
    assert!(desk.position.is_flat() && desk.orders.is_empty());
    assert_eq!(desk.strategy.orders_placed(), 0);
    assert_eq!(desk.strategy.profit(), desk.ledger);
}

#[test]
fn a_denied_order_is_not_counted_and_comes_back_before_the_interval() {
    let mut desk = Desk::new(dca(json!({})), price(50_000));
    desk.denies = true;
    desk.tell(&StrategyEvent::Started);
    assert_eq!(desk.strategy.orders_placed(), 0);
    desk.denies = false;
    desk.minutes(1);
    assert_eq!((desk.opens(), desk.strategy.orders_placed()), (2, 1));
}

#[test]
fn an_unanswered_order_blocks_the_next_until_it_is_answered() {
    let mut desk = Desk::new(dca(json!({})), price(50_000));
    desk.holds = true;
    desk.tell(&StrategyEvent::Started);
    desk.minutes(180);
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::ORDER_PENDING)));
    desk.crash();
    assert_eq!((desk.opens(), desk.strategy.orders_placed()), (1, 1));
    desk.tell(&StrategyEvent::Triggered);
    assert_eq!(desk.opens(), 2);
}

#[test]
fn a_lost_order_is_given_up_after_the_doubt() {
    let mut desk = Desk::new(dca(json!({"interval_minutes": 1})), price(50_000));
    desk.holds = true;
    desk.tell(&StrategyEvent::Started);
    desk.inbox.clear();
    desk.position = Default::default();
    desk.crash();
    assert_eq!(desk.opens(), 1);
    desk.minutes(2);
    assert!(desk.opens() >= 2);
}

#[test]
fn a_liquidation_shrinks_the_target() {
    let mut desk = desk(json!({}));
    desk.sell_outside(Quantity(5), ExitReason::Liquidation);
    assert_eq!(desk.resting(Side::Sell)[0].1, Quantity(15));
    let last = desk.log.last().unwrap();
    assert!(matches!(last, Intent::Place { reduce_only: true, .. }));
}

#[test]
fn a_target_that_the_venue_cancelled_comes_back() {
    let mut desk = desk(json!({}));
    let tag = *desk.orders.keys().next().unwrap();
    desk.end(tag, OrderState::Expired);
    desk.deliver();
    assert!(desk.orders.is_empty());
    desk.minutes(1);
    assert_eq!(desk.prices(Side::Sell).len(), 1);
}

#[test]
fn a_cancel_that_is_refused_is_asked_for_again_later() {
    let mut desk = desk(json!({}));
    desk.keeps = true;
    desk.sell_outside(Quantity(5), ExitReason::Liquidation);
    assert_eq!(desk.resting(Side::Sell)[0].1, Quantity(20));
    let cancels = |desk: &Desk<DcaStrategy>| {
        desk.log.iter().filter(|intent| matches!(intent, Intent::Cancel { .. })).count()
    };
    assert_eq!(cancels(&desk), 1);
    desk.minutes(10);
    assert!((2..=6).contains(&cancels(&desk)));
    desk.keeps = false;
    desk.minutes(10);
    assert_eq!(desk.resting(Side::Sell), [(desk.prices(Side::Sell)[0], Quantity(15))]);
}

#[test]
fn every_safety_order_rests_again_in_the_next_round() {
    let mut desk = desk(json!({"safety_order_count": 2, "safety_order_amount": 1_000}));
    for _ in 0..3 {
        assert_eq!(desk.prices(Side::Buy).len(), 2);
        desk.reach(price(48_000));
        assert_eq!(desk.prices(Side::Buy).len(), 0);
        desk.reach(price(53_000));
        assert!(desk.position.is_flat());
        desk.reach(price(50_000));
        desk.minutes(60);
    }
}

#[test]
fn without_a_price_it_waits_a_minute() {
    let mut desk = Desk::unpriced(dca(json!({})));
    desk.tell(&StrategyEvent::Started);
    assert_eq!((desk.opens(), desk.refusal), (0, Some(gates::WARMING_UP)));
    desk.reach(price(50_000));
    desk.minutes(1);
    assert_eq!(desk.opens(), 1);
}

#[test]
fn a_restart_goes_on_as_if_nothing_had_been() {
    let fields = json!({
        "take_profit_percent": 1, "stop_loss_percent": 8, "safety_order_count": 4,
        "safety_order_amount": 500, "total_budget": 20_000,
    });
    let (mut left, mut right) = (desk(fields.clone()), desk(fields));
    for step in 0..400_i64 {
        let at = 50_000 + 3_000 * [0, -1, 1, -2, 0, 2, -3][step as usize % 7] / 3;
        for side in [&mut left, &mut right] {
            side.reach(price(at));
            side.minutes(17);
        }
        right.reload();
        right.reload_as_text();
    }
    assert_eq!(left.strategy, right.strategy);
    assert_eq!(left.log, right.log);
    assert!(left.strategy.rounds() > 10);
}
