//! Several models: who is asked, when enough is known, what is decided.

use banyan_core::intent::Intent;
use banyan_core::model::FailureKind;
use banyan_core::order::Side;
use serde_json::json;

use crate::desk::{Desk, answer, debate};

#[test]
fn a_majority_decides_and_dissent_is_recorded() {
    let mut desk = Desk::started(&debate(3, json!({})));
    assert_eq!(desk.questions.len(), 3);
    desk.reply_of("test:one", &answer("open_short", json!({"position_size_usd": 3_000})));
    desk.reply_of("test:two", &answer("open_long", json!({"position_size_usd": 1_000})));
    desk.reply_of("test:three", &answer("open_long", json!({"position_size_usd": 2_000})));
    let [Intent::Open { side: Side::Buy, sizing, .. }] = &desk.intents[..] else {
        panic!("{:?}", desk.intents);
    };
    assert_eq!(format!("{sizing:?}"), "Notional(Amount(150000000000))", "a true average");
    let summary = desk.last().debate.clone().unwrap();
    assert_eq!((summary.participants, summary.dissent.len()), (3, 1));
    assert_eq!(summary.dissent[0].model.as_str(), "test:one");
    assert_eq!(desk.last().ai_model, "debate:3models");
    assert_eq!(desk.last().usage.input_tokens, 3_000);
}

#[test]
fn a_debate_stops_when_its_result_stands() {
    let mut desk = Desk::started(&debate(3, json!({})));
    desk.reply_of("test:one", &answer("open_long", json!({})));
    desk.reply_of("test:two", &answer("open_long", json!({})));
    let summary = desk.last().debate.clone().unwrap();
    assert!(desk.questions.is_empty() && summary.stopped_early);
    assert_eq!(desk.intents.len(), 1);
}

#[test]
fn a_debate_without_quorum_decides_nothing() {
    let mut desk = Desk::started(&debate(3, json!({"min_participants": 2})));
    desk.failure_of("test:one", FailureKind::Provider);
    desk.reply_of("test:two", &answer("open_long", json!({})));
    desk.failure_of("test:three", FailureKind::Auth);
    assert_eq!(desk.failed_with(), "no_quorum");
    assert!(desk.intents.is_empty());
    assert_eq!(desk.last().answers.len(), 3);
}

#[test]
fn whoever_is_silent_does_not_take_part() {
    let mut desk = Desk::started(&debate(3, json!({"timeout_seconds": 30})));
    desk.reply_of("test:one", &answer("open_long", json!({})));
    desk.failure_of("test:two", FailureKind::Timeout);
    desk.minutes(3);
    assert_eq!(desk.failed_with(), "no_quorum");
}

#[test]
fn in_a_rebuttal_each_sees_what_the_others_say() {
    let mut desk = Desk::started(&debate(2, json!({"rebuttal": true})));
    desk.reply_of("test:one", &answer("open_long", json!({"reasoning": "the tide is high"})));
    desk.reply_of("test:two", &answer("wait", json!({"reasoning": "the tide is low"})));
    assert_eq!(desk.questions.len(), 2);
    let to_one = desk.questions.iter().find(|it| it.model.as_str() == "test:one").unwrap();
    let told = &to_one.messages[3].content;
    assert!(told.contains("the tide is low") && !told.contains("the tide is high"), "{told}");
    desk.reply_of("test:one", &answer("open_long", json!({})));
    desk.reply_of("test:two", &answer("open_long", json!({})));
    assert_eq!(desk.intents.len(), 1);
    assert!(desk.last().debate.as_ref().unwrap().rebuttal);
    assert_eq!(desk.last().answers.iter().filter(|it| it.round == 2).count(), 2);
}
