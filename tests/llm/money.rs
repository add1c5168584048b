//! Money: reserved before a call, settled after it, and never spent twice.

use std::sync::Arc;

use banyan_core::ids::WorkerId;
use banyan_core::model::FailureKind;
use banyan_core::money::Amount;
use rust_decimal::Decimal;
use serde_json::json;
use wiremock::ResponseTemplate;

use crate::stage::{
    DECISION, Stage, answering, base, bodies, delta, model, sse, stream, stream_with,
};
use crate::wire::{Step, head, nobody, playing};

const MODEL: &str = "deepseek:deepseek-chat";

#[tokio::test]
async fn a_call_costs_what_the_provider_tells() {
    let usage = json!({"prompt_tokens": 1_000, "completion_tokens": 100,
        "completion_tokens_details": {"reasoning_tokens": 40}});
    let server = answering(sse(stream_with(DECISION, "stop", usage))).await;
    let stage = Stage::new().await;
    let provider = stage.provider("deepseek", &base(&server)).await;
    let usage = stage.ask(MODEL).await.unwrap().usage;
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.reasoning_tokens), (1_000, 100, 40));
    // 0.28 and 0.42 dollars for a million.
    assert_eq!(usage.cost, Amount(28_000 + 4_200));
    let [call] = stage.calls().await.try_into().unwrap();
    assert_eq!((call.cost, call.outcome.as_deref()), (usage.cost, Some("answered")));
    assert_eq!((call.draft.provider, call.draft.worker), (provider, stage.worker));
    assert!(call.draft.reserved.is_positive());
    let left = stage.service.budget_left(stage.owner(), Some(stage.worker)).await.unwrap();
    assert_eq!(
        (left.worker, left.user),
        (Amount(100_000_000 - 32_200), Amount(100_000_000 - 32_200))
    );
    let counts = stage.meters.counts();
    let meter = &counts.models[&("deepseek".to_owned(), "deepseek-chat".to_owned())];
    assert_eq!((meter.calls["answered"], meter.cost), (1, 32_200));
}

#[tokio::test]
async fn tokens_are_counted_where_nobody_tells() {
    let server = answering(sse(stream_with(DECISION, "stop", json!({})))).await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&server)).await;
    let usage = stage.ask(MODEL).await.unwrap().usage;
    assert!((5..60).contains(&usage.input_tokens), "{usage:?}");
    assert!((5..60).contains(&usage.output_tokens), "{usage:?}");
    assert!(usage.cost.is_positive());
}

#[tokio::test]
async fn the_call_that_would_go_beyond_the_budget_is_not_made() {
    let usage = json!({"prompt_tokens": 2_000_000, "completion_tokens": 1});
    let server = answering(sse(stream_with(DECISION, "stop", usage))).await;
    let stage = Stage::with(|it| it.budget_per_worker_day = Decimal::new(5, 1)).await;
    stage.provider("deepseek", &base(&server)).await;
    stage.ask(MODEL).await.unwrap();
    let failure = stage.ask(MODEL).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Budget);
    assert!(failure.message.contains("strategy"), "{failure}");
    assert_eq!(failure.usage.attempts, 0);
    assert_eq!(bodies(&server).await.len(), 1);
    let left = stage.service.budget_left(stage.owner(), Some(stage.worker)).await.unwrap();
    assert_eq!(left.worker, Amount::ZERO);
    assert!(left.user.is_positive(), "other strategies still have some");
}

#[tokio::test]
async fn all_strategies_of_a_user_share_one_budget() {
    let usage = json!({"prompt_tokens": 2_000_000, "completion_tokens": 1});
    let server = answering(sse(stream_with(DECISION, "stop", usage))).await;
    let mut stage = Stage::with(|it| it.budget_per_user_day = Decimal::new(5, 1)).await;
    stage.provider("deepseek", &base(&server)).await;
    stage.ask(MODEL).await.unwrap();
    stage.worker = WorkerId::from_u128(99);
    let failure = stage.ask(MODEL).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Budget);
    assert!(failure.message.contains("user"), "{failure}");
}

#[tokio::test]
async fn calls_at_the_same_time_cannot_spend_the_same_money() {
    let server = answering(sse(stream(DECISION))).await;
    // One call of about 1000 tokens may cost less than this, two may not.
    let stage = Arc::new(Stage::with(|it| it.budget_per_user_day = Decimal::new(5, 4)).await);
    stage.provider("deepseek", &base(&server)).await;
    let asked: Vec<_> = (0..6)
        .map(|_| {
            let stage = stage.clone();
            tokio::spawn(async move { stage.ask(MODEL).await })
        })
        .collect();
    for answer in asked {
        match answer.await.unwrap() {
            Ok(reply) => assert_eq!(reply.text, DECISION),
            Err(failure) => assert_eq!(failure.kind, FailureKind::Budget),
        }
    }
    let calls = stage.calls().await;
    assert!(!calls.is_empty() && bodies(&server).await.len() == calls.len());
    let spent: i128 = calls.iter().map(|it| it.cost.0).sum();
    assert!(spent <= 50_000, "{calls:?}");
}

#[tokio::test]
async fn what_is_reserved_and_never_settled_counts() {
    let stage = Stage::with(|it| it.budget_per_user_day = Decimal::new(5, 1)).await;
    let draft = banyan::store::ModelCallDraft {
        worker: stage.worker,
        provider: uuid::Uuid::nil(),
        model: MODEL.to_owned(),
        reserved: Amount(49_999_999),
    };
    let id = banyan::entropy::id(stage.clock.now());
    stage.store.reserve_model_call(stage.owner(), id, &draft, stage.clock.now()).await.unwrap();
    let server = answering(sse(stream(DECISION))).await;
    stage.provider("deepseek", &base(&server)).await;
    assert_eq!(stage.ask(MODEL).await.unwrap_err().kind, FailureKind::Budget);
    assert!(bodies(&server).await.is_empty());
}

#[tokio::test]
async fn a_model_without_a_price_is_refused_and_a_free_one_is_not() {
    let server = answering(sse(stream(DECISION))).await;
    let stage = Stage::with(|it| it.budget_per_user_day = Decimal::ZERO).await;
    let models = vec![model("free", true), model("unpriced", false)];
    stage.provider_with("custom", &base(&server), models).await;
    let failure = stage.ask("custom:unpriced").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Budget);
    assert!(failure.message.contains("price"), "{failure}");
    assert!(stage.ask("custom:free").await.is_ok());
    assert_eq!(stage.calls().await.len(), 1);
}

#[tokio::test]
async fn nothing_is_asked_when_nobody_can_tell_what_was_spent() {
    let server = answering(sse(stream(DECISION))).await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&server)).await;
    stage.store.close().await;
    assert!(stage.ask(MODEL).await.is_err());
    assert!(bodies(&server).await.is_empty());
}

#[tokio::test]
async fn refused_and_unreached_calls_cost_nothing_but_are_written_down() {
    let server = answering(ResponseTemplate::new(401)).await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&server)).await;
    stage.ask(MODEL).await.unwrap_err();
    stage.provider("openai", &nobody().await).await;
    stage.ask("openai:gpt-4o").await.unwrap_err();
    let calls = stage.calls().await;
    let told: Vec<_> = calls.iter().map(|it| (it.outcome.clone().unwrap(), it.cost.0)).collect();
    let refused = ("connection_error".to_owned(), 0);
    assert_eq!(told, [("auth_error".to_owned(), 0), refused.clone(), refused.clone(), refused]);
}

#[tokio::test]
async fn a_question_that_is_withdrawn_is_settled_with_what_came() {
    let begun = format!("data: {}\n\n", delta(json!({"content": "and on and on ".repeat(60)})));
    let stuck = playing(vec![head(), Step::Write(begun), Step::Hang]).await;
    let stage = Arc::new(Stage::with(|it| it.idle_seconds = 60).await);
    stage.provider("deepseek", &stuck).await;
    let asked = tokio::spawn({
        let stage = stage.clone();
        async move { stage.ask(MODEL).await }
    });
    // It is under way once it is written down, and cannot end by itself.
    while stage.calls().await.is_empty() {
        tokio::task::yield_now().await;
    }
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    let call = loop {
        let call = stage.calls().await.remove(0);
        if call.outcome.is_some() {
            break call;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(call.outcome.as_deref(), Some("withdrawn"));
    assert!(call.cost.0 <= call.draft.reserved.0);
}
