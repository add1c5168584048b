//! Wishes that wait for a person.

use banyan_core::decision::{DecisionId, Resolution, Verdict};
use banyan_core::order::Side;
use banyan_core::strategy::StrategyEvent;
use serde_json::json;

use crate::desk::{Desk, USER, answer, config};

fn waiting() -> (Desk, DecisionId) {
    let mut desk = Desk::started(&config(json!({"auto_execute": false})));
    desk.reply(&answer("open_long", json!({})));
    assert!(desk.intents.is_empty());
    let verdict = &desk.last().proposals[0].verdict;
    assert!(matches!(verdict, Verdict::AwaitingApproval(_)));
    let id = desk.last().id;
    (desk, id)
}

fn resolve(desk: &mut Desk, decision: DecisionId, approved: bool) {
    desk.tell(&StrategyEvent::Resolved { decision, approved, by: USER });
}

#[test]
fn an_approval_carries_out_what_was_proposed() {
    let (mut desk, id) = waiting();
    desk.minutes(3);
    resolve(&mut desk, id, true);
    assert_eq!(desk.intents.len(), 1);
    assert_eq!(desk.resolutions, [(id, Resolution::Approved, Some(USER))]);
    resolve(&mut desk, id, true);
    assert_eq!((desk.intents.len(), desk.resolutions.len()), (1, 1), "once only");
    assert_eq!(desk.refusal, Some("nothing_to_approve"));
}

#[test]
fn what_is_refused_expired_or_overtaken_is_not_carried_out() {
    let (mut desk, id) = waiting();
    resolve(&mut desk, id, false);
    assert_eq!(desk.resolutions, [(id, Resolution::Refused, Some(USER))]);

    let mut desk = Desk::started(&config(json!({"auto_execute": false, "interval_minutes": 60})));
    desk.reply(&answer("open_long", json!({})));
    let id = desk.last().id;
    desk.minutes(16);
    assert_eq!(desk.resolutions, [(id, Resolution::Expired, None)]);

    let (mut desk, id) = waiting();
    desk.tell(&StrategyEvent::Triggered);
    desk.reply(&answer("open_short", json!({})));
    assert_eq!(desk.resolutions, [(id, Resolution::Superseded, None)]);
    assert!(desk.intents.is_empty());
}

#[test]
fn an_entry_is_not_made_at_another_price_and_an_exit_is() {
    let (mut desk, id) = waiting();
    desk.price(50_600);
    resolve(&mut desk, id, true);
    assert_eq!(desk.resolutions, [(id, Resolution::PriceMoved, Some(USER))]);
    assert!(desk.intents.is_empty());

    let mut desk = Desk::new(&config(json!({"auto_execute": false})));
    desk.fill(Side::Buy, 20, None);
    desk.tell(&StrategyEvent::Started);
    desk.reply(&answer("close_long", json!({})));
    desk.price(40_000);
    let id = desk.last().id;
    resolve(&mut desk, id, true);
    assert_eq!(desk.intents.len(), 1);
}

#[test]
fn an_approval_survives_a_restart() {
    let config = config(json!({"auto_execute": false, "interval_minutes": 60}));
    let mut desk = Desk::started(&config);
    desk.reply(&answer("open_long", json!({})));
    let id = desk.last().id;
    desk.crash(&config);
    resolve(&mut desk, id, true);
    assert_eq!(desk.intents.len(), 1);
}
