//! How a grid begins with a purchase, follows the price, and ends at a stop or target.

use banyan_core::intent::{ExitReason, Intent};
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{OrderState, Side};
use banyan_core::strategy::{GridStrategy, StrategyConfig, StrategyEvent, gates};
use serde_json::json;

use crate::fixtures::{config, perpetual, price};
use crate::grid::grid;
use crate::harness::Desk;

#[test]
fn an_initial_position_stocks_the_levels_above_the_price() {
    let desk = Desk::started(price(95_500), grid(json!({"initial_position": true})));
    assert_eq!(desk.opens(), 1);
    let sells: Vec<_> = (97..=100).map(|level| price(level * 1_000)).collect();
    assert_eq!(desk.prices(Side::Sell), sells);
    assert_eq!(desk.prices(Side::Buy).len(), 6);
    assert_eq!(desk.strategy.inventory(), desk.position.quantity);
}

#[test]
fn a_denied_initial_purchase_is_tried_again_and_bought_once() {
    let mut desk = Desk::new(grid(json!({"initial_position": true})), price(95_500));
    desk.denies = true;
    desk.tell(&StrategyEvent::Started);
    desk.denies = false;
    desk.minutes(1);
    for _ in 0..5 {
        desk.candle(&[95_500]);
    }
    assert_eq!(desk.opens(), 2);
    assert_eq!(desk.prices(Side::Sell).len(), 4);
}

#[test]
fn an_unanswered_initial_purchase_blocks_a_second_one() {
    let mut desk = Desk::new(grid(json!({"initial_position": true})), price(95_500));
    desk.holds = true;
    desk.tell(&StrategyEvent::Started);
    for _ in 0..30 {
        desk.candle(&[95_500]);
        assert_eq!(desk.refusal, Some(gates::ORDER_PENDING));
    }
    assert_eq!(desk.opens(), 1);
    desk.crash();
    desk.minutes(5);
    assert_eq!(desk.opens(), 1);
    assert_eq!(desk.strategy.inventory(), desk.position.quantity);
}

#[test]
fn the_stop_also_stands_at_the_venue_from_the_first_fill() {
    let mut desk = Desk::started(price(95_500), grid(json!({"stop_price": 88_000})));
    assert!(desk.protection.is_none());
    desk.candle(&[95_500, 93_500]);
    assert_eq!(desk.protection.stop_loss, Some(price(88_000)));
    let protects = desk.log.iter().filter(|intent| matches!(intent, Intent::Protect { .. }));
    assert_eq!(protects.count(), 1);
}

#[test]
fn a_stop_at_the_venue_ends_the_grid() {
    let mut desk = Desk::started(price(95_500), grid(json!({"stop_price": 88_000})));
    desk.candle(&[95_500, 87_900]);
    assert_eq!(desk.strategy.stopped(), Some(ExitReason::StopLoss));
    assert!(desk.position.is_flat() && desk.orders.is_empty());
    desk.candle(&[87_900, 95_500]);
    assert_eq!(desk.refusal, Some(gates::GRID_STOPPED));
    assert!(desk.orders.is_empty());
    assert_eq!(desk.strategy.earnings().profit, desk.ledger);
}

#[test]
fn a_stop_seen_by_the_grid_itself_closes_and_cancels() {
    let mut desk = Desk::started(price(95_500), grid(json!({"stop_price": 88_000})));
    desk.candle(&[95_500, 89_000]);
    desk.protection.stop_loss = None;
    desk.candle(&[89_000, 87_900]);
    assert_eq!(desk.closes(), 1);
    assert!(desk.position.is_flat() && desk.orders.is_empty());
    assert_eq!(desk.strategy.inventory(), Quantity::ZERO);
}

#[test]
fn a_target_ends_the_grid() {
    let mut desk = Desk::started(price(95_500), grid(json!({"take_profit_price": 101_000})));
    desk.candle(&[95_500, 94_500, 101_500]);
    assert_eq!(desk.strategy.stopped(), Some(ExitReason::TakeProfit));
    assert!(desk.orders.is_empty());
}

#[test]
fn a_trailing_ladder_follows_upwards_when_nothing_is_left() {
    let mut desk = Desk::started(price(99_500), grid(json!({"trailing": true})));
    desk.candle(&[99_500, 100_500]);
    let bounds = |desk: &Desk<GridStrategy>| {
        let levels: Vec<_> = desk.strategy.levels().collect();
        (levels[0].0, levels[levels.len() - 1].1)
    };
    assert_eq!(bounds(&desk), (price(90_000), price(100_000)), "half a step is not enough");
    desk.candle(&[100_500, 103_200]);
    assert_eq!(bounds(&desk), (price(93_000), price(103_000)));
    let expected: Vec<_> = (93..=102).map(|level| price(level * 1_000)).collect();
    assert_eq!(desk.prices(Side::Buy), expected);
    desk.candle(&[103_200, 101_500]);
    assert_eq!(desk.prices(Side::Sell), [price(103_000)]);
    desk.sell_outside(Quantity(10), ExitReason::Adl);
    desk.candle(&[101_500, 102_900]);
    assert_eq!(bounds(&desk), (price(93_000), price(103_000)), "something is left");
    desk.candle(&[102_900, 110_000]);
    assert_eq!(bounds(&desk), (price(100_000), price(110_000)));
}

#[test]
fn a_level_left_behind_that_fills_late_is_sold_by_the_lowest() {
    let mut desk = Desk::started(price(99_500), grid(json!({"trailing": true})));
    desk.candle(&[99_500, 100_500]);
    desk.keeps = true;
    desk.candle(&[100_500, 103_200]);
    assert_eq!(desk.prices(Side::Buy)[0], price(90_000), "its cancel was refused");
    let tag = desk.tag_at(90_000);
    let quantity = desk.orders[&tag].remaining;
    desk.fill(tag, quantity);
    desk.deliver();
    assert_eq!(desk.strategy.inventory(), quantity);
    desk.end(desk.tag_at(93_000), OrderState::Cancelled);
    desk.deliver();
    desk.candle(&[103_200]);
    assert_eq!(desk.closes(), 0);
    assert!(desk.position.is_flat(), "the price was above the level that sells it");
    assert_eq!(desk.strategy.earnings().profit, desk.ledger);
    desk.keeps = false;
    desk.candle(&[103_200]);
    assert_eq!(desk.prices(Side::Buy)[0], price(93_000), "the others left behind are gone");
}

#[test]
fn geometric_levels_rise_by_the_same_share() {
    let fields = json!({
        "upper_price": 40_000, "lower_price": 10_000, "grid_count": 4,
        "total_investment": 1_000, "spacing": "geometric",
    });
    let StrategyConfig::Grid(config) = config("grid", fields) else { unreachable!() };
    let strategy = GridStrategy::new(&config, &perpetual()).unwrap();
    let levels: Vec<_> = strategy.levels().map(|(buy, _)| buy).collect();
    assert_eq!(levels, [Price(100_000), Price(141_421), Price(200_000), Price(282_843)]);
    assert_eq!(strategy.levels().last().unwrap().1, price(40_000));
}

#[test]
fn levels_that_fall_together_on_the_tick_are_refused() {
    let fields = json!({
        "upper_price": 100.5, "lower_price": 100, "grid_count": 50, "total_investment": 1_000,
    });
    let StrategyConfig::Grid(config) = config("grid", fields) else { unreachable!() };
    let errors = GridStrategy::new(&config, &perpetual()).unwrap_err();
    assert_eq!(errors[0].field, "grid_count");
}
