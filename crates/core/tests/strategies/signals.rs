//! The index and the crossing strategy over generated series.

use banyan_core::intent::{ExitReason, Intent};
use banyan_core::market::Candle;
use banyan_core::money::Quantity;
use banyan_core::order::Side;
use banyan_core::strategy::{
    EmaCrossStrategy, RsiStrategy, Strategy, StrategyConfig, StrategyEvent, gates,
};
use banyan_core::time::Timeframe;
use serde_json::json;

use crate::fixtures::{HERE, config_with, perpetual, price};
use crate::harness::Desk;

fn rsi(more: serde_json::Value) -> RsiStrategy {
    let base = json!({"order_amount": 1_000, "timeframe": "1m", "rsi_period": 3});
    let StrategyConfig::Rsi(config) = config_with("rsi", base, more) else { unreachable!() };
    RsiStrategy::new(&config, &perpetual()).unwrap()
}

fn ema(more: serde_json::Value) -> EmaCrossStrategy {
    let base = json!({
        "order_amount": 1_000, "timeframe": "1m", "fast_period": 2, "slow_period": 4,
    });
    let StrategyConfig::EmaCross(config) = config_with("ema_cross", base, more) else {
        unreachable!()
    };
    EmaCrossStrategy::new(&config, &perpetual()).unwrap()
}

/// Falls for ten candles, rises for ten, and so on, by 100 a candle.
fn waves(candles: usize) -> Vec<i64> {
    let mut at = 50_000;
    let step = |n: usize| {
        if (n / 10).is_multiple_of(2) { -100 } else { 100 }
    };
    (0..candles)
        .map(|n| {
            at += step(n);
            at
        })
        .collect()
}

fn play<S: Strategy>(desk: &mut Desk<S>, closes: &[i64]) {
    for close in closes {
        desk.candle(&[*close]);
    }
}

#[test]
fn it_buys_what_is_oversold_and_closes_what_is_overbought() {
    let mut desk = Desk::started(price(50_000), rsi(json!({})));
    play(&mut desk, &waves(3));
    assert_eq!((desk.opens(), desk.refusal), (0, Some(gates::WARMING_UP)));
    play(&mut desk, &[49_600, 49_500]);
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::ALREADY_IN_POSITION)));
    // Five percent below the price at the decision.
    assert_eq!(desk.protection.stop_loss, Some(price(49_600 * 95 / 100)));
    play(&mut desk, &[50_500, 51_500]);
    assert_eq!((desk.closes(), desk.refusal), (1, Some(gates::NOTHING_TO_CLOSE)));
    play(&mut desk, &[50_600]);
    assert_eq!(desk.refusal, Some(gates::RSI_NEUTRAL));
}

#[test]
fn a_wave_is_traded_once_each() {
    let mut desk = Desk::started(price(50_000), rsi(json!({})));
    play(&mut desk, &waves(200));
    assert_eq!((desk.opens(), desk.closes()), (10, 10));
}

#[test]
fn only_its_own_candles_count_and_each_once() {
    let mut strategy = rsi(json!({"timeframe": "5m"}));
    let candle = |minute: i64, units: i64| Candle {
        open_time: banyan_core::time::Timestamp(minute * 60_000_000),
        open: price(units),
        high: price(units),
        low: price(units),
        close: price(units),
        volume: Quantity(1),
    };
    for n in 0..5 {
        strategy.warm_up(HERE, Timeframe::OneMinute, &candle(n, 100));
    }
    assert_eq!(strategy.value(), None);
    for n in [0, 5, 10, 15] {
        strategy.warm_up(HERE, Timeframe::FiveMinutes, &candle(n, 100 + n));
    }
    let value = strategy.value();
    assert_eq!(value, Some(100.0));
    strategy.warm_up(HERE, Timeframe::FiveMinutes, &candle(5, 3));
    assert_eq!(strategy.value(), value, "the past is told again after a restart");
}

#[test]
fn an_unanswered_order_blocks_a_second_one_also_over_a_crash() {
    let mut desk = Desk::started(price(50_000), rsi(json!({})));
    play(&mut desk, &waves(3));
    desk.holds = true;
    play(&mut desk, &[49_600, 49_500, 49_400]);
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::ORDER_PENDING)));
    desk.crash();
    play(&mut desk, &[49_300, 49_200, 49_100]);
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::ALREADY_IN_POSITION)));
}

#[test]
fn a_denied_order_is_tried_again_at_the_next_candle() {
    let mut desk = Desk::started(price(50_000), rsi(json!({})));
    desk.denies = true;
    play(&mut desk, &waves(6));
    assert_eq!(desk.opens(), 3);
    desk.denies = false;
    play(&mut desk, &[49_000, 48_900]);
    assert_eq!(desk.opens(), 4);
    assert!(desk.position.quantity.is_positive());
}

#[test]
fn a_trigger_looks_at_once() {
    let mut desk = Desk::started(price(50_000), rsi(json!({})));
    desk.denies = true;
    play(&mut desk, &waves(4));
    desk.denies = false;
    desk.tell(&StrategyEvent::Triggered);
    assert_eq!(desk.opens(), 2);
}

#[test]
fn a_cross_up_is_bought_and_a_cross_down_closed() {
    let mut desk = Desk::started(price(50_000), ema(json!({"stop_loss_percent": 3})));
    play(&mut desk, &waves(10));
    assert_eq!((desk.opens(), desk.refusal), (0, Some(gates::NO_CROSS)));
    play(&mut desk, &waves(200)[10..]);
    assert_eq!((desk.opens(), desk.closes()), (10, 9));
    assert!(desk.protection.stop_loss.is_some());
}

#[test]
fn it_turns_round_where_it_may_be_short() {
    let mut desk = Desk::started(price(50_000), ema(json!({"allow_short": true})));
    play(&mut desk, &waves(200));
    let sides: Vec<_> = desk
        .log
        .iter()
        .filter_map(|intent| match intent {
            Intent::Open { side, .. } => Some(*side),
            _ => None,
        })
        .collect();
    assert_eq!(sides.len(), 19);
    assert!(sides.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!((sides[0], desk.closes()), (Side::Buy, 18));
}

#[test]
fn after_a_stop_it_waits_for_the_next_cross() {
    let mut desk = Desk::started(price(50_000), ema(json!({})));
    play(&mut desk, &waves(15));
    assert_eq!(desk.opens(), 1);
    desk.sell_outside(desk.position.quantity, ExitReason::StopLoss);
    play(&mut desk, &waves(19)[15..]);
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::NO_CROSS)));
}

#[test]
fn a_cross_that_is_done_already_is_not_kept_for_later() {
    let mut desk = Desk::started(price(50_000), ema(json!({})));
    desk.holds = true;
    play(&mut desk, &waves(35));
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::ORDER_PENDING)));
    desk.holds = false;
    play(&mut desk, &waves(36)[35..]);
    assert_eq!(desk.refusal, Some(gates::ALREADY_IN_POSITION));
    desk.sell_outside(desk.position.quantity, ExitReason::StopLoss);
    play(&mut desk, &waves(38)[36..]);
    assert_eq!((desk.opens(), desk.refusal), (1, Some(gates::NO_CROSS)));
}

#[test]
fn a_restart_goes_on_as_if_nothing_had_been() {
    let mut left = Desk::started(price(50_000), ema(json!({"allow_short": true})));
    let mut right = Desk::started(price(50_000), ema(json!({"allow_short": true})));
    let mut index_left = Desk::started(price(50_000), rsi(json!({})));
    let mut index_right = Desk::started(price(50_000), rsi(json!({})));
    for close in waves(120) {
        play(&mut left, &[close]);
        play(&mut right, &[close]);
        play(&mut index_left, &[close]);
        play(&mut index_right, &[close]);
        right.reload();
        index_right.reload();
    }
    assert_eq!(left.log, right.log);
    assert_eq!(index_left.log, index_right.log);
    assert!(left.log.len() > 10 && index_left.log.len() > 10);
}
