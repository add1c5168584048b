//! When cycles begin, and that no two overlap.

use banyan_core::decision::Trigger;
use banyan_core::intent::ExitReason;
use banyan_core::order::Side;
use banyan_core::strategy::StrategyEvent;
use serde_json::{Value, json};

use crate::desk::{Desk, answer, config};

fn hold(review: Value) -> String {
    let mut whole: Value = serde_json::from_str(&answer("wait", json!({}))).unwrap();
    whole["next_review_minutes"] = review;
    whole.to_string()
}

#[test]
fn cycles_come_by_interval_and_never_overlap() {
    let mut desk = Desk::started(&config(json!({"interval_minutes": 10, "cycle_seconds": 600})));
    desk.tell(&StrategyEvent::Triggered);
    assert_eq!((desk.asked, desk.refusal), (1, Some("cycle_under_way")));
    desk.minutes(9);
    desk.reply(&hold(Value::Null));
    assert_eq!(desk.last().trigger, Trigger::Started);
    desk.minutes(1);
    assert_eq!(desk.asked, 2, "ten minutes after the first began");
    desk.reply(&hold(Value::Null));
    assert_eq!(desk.last().trigger, Trigger::Interval);
    desk.tell(&StrategyEvent::Triggered);
    desk.reply(&hold(Value::Null));
    assert_eq!(desk.last().trigger, Trigger::Manual);
}

#[test]
fn a_model_may_ask_for_its_next_review_within_bounds() {
    for (asked, comes_after) in [(30, 30), (1, 5), (5_000, 60)] {
        let bounds = json!({"min_review_minutes": 5, "max_review_minutes": 60});
        let mut desk = Desk::started(&config(bounds));
        desk.reply(&hold(json!(asked)));
        assert_eq!(desk.last().next_review_minutes, Some(comes_after));
        desk.minutes(i64::from(comes_after) - 1);
        assert_eq!(desk.asked, 1);
        desk.minutes(1);
        assert_eq!(desk.asked, 2);
        desk.reply(&hold(Value::Null));
        assert_eq!(desk.last().trigger, Trigger::Review);
    }
}

#[test]
fn a_large_move_brings_a_cycle_forward_after_the_cooldown() {
    let events = json!({"volatility_percent": 2, "cooldown_minutes": 5});
    let mut desk = Desk::started(&config(json!({"events": events, "interval_minutes": 600})));
    desk.reply(&hold(Value::Null));
    desk.price(50_900);
    desk.minutes(2);
    desk.price(51_100);
    desk.minutes(2);
    assert_eq!(desk.asked, 1, "the last cycle is too young");
    desk.minutes(1);
    assert_eq!(desk.asked, 2);
    desk.reply(&hold(Value::Null));
    assert_eq!(desk.last().trigger, Trigger::Volatility);
}

#[test]
fn a_stop_brings_a_cycle_forward_when_it_is_near_and_when_it_was_hit() {
    let events = json!({"volatility_percent": 0, "stop_near_percent": 0.5, "cooldown_minutes": 1});
    let mut desk = Desk::started(&config(json!({"events": events, "interval_minutes": 600})));
    desk.reply(&hold(Value::Null));
    desk.protected(49_000);
    desk.fill(Side::Buy, 20, None);
    desk.minutes(2);
    assert_eq!(desk.asked, 1, "its own entry is no news");
    desk.price(49_200);
    desk.minutes(1);
    desk.reply(&hold(Value::Null));
    assert_eq!(desk.last().trigger, Trigger::StopNear);
    desk.price(48_900);
    desk.fill(Side::Sell, 20, Some((ExitReason::StopLoss, -22)));
    desk.minutes(2);
    desk.reply(&hold(Value::Null));
    assert_eq!(desk.last().trigger, Trigger::Fill);
}

#[test]
fn a_restart_in_the_middle_of_a_cycle_is_recorded_and_the_chain_goes_on() {
    let config = config(json!({}));
    let mut desk = Desk::started(&config);
    desk.reply(&hold(Value::Null));
    desk.minutes(15);
    assert_eq!(desk.questions.len(), 1);
    desk.crash(&config);
    assert_eq!(desk.failed_with(), "interrupted");
    assert_eq!(desk.last().number, 2, "and linked to the first, as the desk checks");
    desk.minutes(15);
    desk.reply(&hold(Value::Null));
    assert_eq!(desk.last().number, 3);
    assert_eq!(desk.last().snapshot.markets.len(), 1, "the market was told again");
}

#[test]
fn a_restart_between_cycles_keeps_to_the_schedule() {
    let config = config(json!({}));
    let mut desk = Desk::started(&config);
    desk.reply(&hold(Value::Null));
    desk.minutes(10);
    desk.crash(&config);
    assert!(desk.questions.is_empty());
    desk.minutes(5);
    assert_eq!(desk.questions.len(), 1);
}
