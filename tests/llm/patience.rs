//! Deadlines, fallbacks, breakers and turns: nobody waits for a provider longer than it is worth.

use std::sync::Arc;

use banyan::llm::{Ask, Models, NetworkModels, Pending};
use banyan_core::model::FailureKind;
use banyan_core::time::Span;
use wiremock::{MockServer, ResponseTemplate};

use crate::stage::{DECISION, Stage, answering, base, bodies, chat, sse, stream};
use crate::wire::{Step, nobody, playing};

const MODEL: &str = "deepseek:deepseek-chat";

#[tokio::test]
async fn a_fallback_answers_when_the_first_model_cannot() {
    let (broken, good) =
        (answering(ResponseTemplate::new(500)).await, answering(sse(stream(DECISION))).await);
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&broken)).await;
    stage.provider("openai", &base(&good)).await;
    let mut question = stage.question(MODEL);
    question.fallback = Some("openai:gpt-4o-mini".parse().unwrap());
    let reply = stage.put(question).await.unwrap();
    assert_eq!((reply.model.as_str(), reply.text.as_str()), ("openai:gpt-4o-mini", DECISION));
    assert_eq!(reply.usage.attempts, 4, "three in vain, and one");
}

#[tokio::test]
async fn a_first_model_that_hangs_leaves_time_for_the_fallback() {
    let stage = Stage::with(|it| it.idle_seconds = 60).await;
    stage.provider("deepseek", &playing(vec![Step::Hang]).await).await;
    let good = answering(sse(stream(DECISION))).await;
    stage.provider("openai", &base(&good)).await;
    let mut question = stage.question(MODEL);
    question.fallback = Some("openai:gpt-4o-mini".parse().unwrap());
    question.deadline = stage.clock.now() + Span::seconds(3);
    assert_eq!(stage.put(question).await.unwrap().text, DECISION);
}

#[tokio::test]
async fn neither_model_answering_says_why_for_both() {
    let stage = Stage::new().await;
    let broken = answering(ResponseTemplate::new(401)).await;
    stage.provider("deepseek", &base(&broken)).await;
    let mut question = stage.question(MODEL);
    question.fallback = Some("openai:gpt-4o-mini".parse().unwrap());
    let failure = stage.put(question).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Auth);
    assert!(failure.message.contains("then openai:gpt-4o-mini: no provider openai"), "{failure}");
}

#[tokio::test]
async fn a_deadline_ends_everything() {
    let stage = Stage::with(|it| it.idle_seconds = 60).await;
    stage.provider("deepseek", &playing(vec![Step::Hang]).await).await;
    let mut question = stage.question(MODEL);
    question.deadline = stage.clock.now() + Span::milliseconds(300);
    let failure = stage.put(question.clone()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.usage.latency < Span::seconds(10));
    question.deadline = stage.clock.now();
    let failure = stage.put(question).await.unwrap_err();
    assert_eq!((failure.kind, failure.usage.attempts), (FailureKind::Timeout, 0));
}

#[tokio::test]
async fn a_provider_that_fails_again_and_again_is_left_alone_until_it_is_changed() {
    let stage = Stage::with(|it| {
        it.breaker_failures = 2;
        it.attempts = 1;
        it.breaker_seconds = 3_600;
    })
    .await;
    let id = stage.provider("deepseek", &nobody().await).await;
    for _ in 0..2 {
        assert_eq!(stage.ask(MODEL).await.unwrap_err().kind, FailureKind::Connection);
    }
    assert_eq!(stage.ask(MODEL).await.unwrap_err().kind, FailureKind::BreakerOpen);
    assert_eq!(stage.calls().await.len(), 2, "nothing was reserved for a call that was not made");
    let [health] = stage.service.health().try_into().unwrap();
    assert_eq!((health.provider, health.state), (id, "open"));
    assert_eq!((health.failures, health.rejected), (2, 1));

    let good = answering(sse(stream(DECISION))).await;
    let mut row = stage.store.provider(stage.owner(), id).await.unwrap();
    row.draft.base_url = base(&good);
    stage.store.update_provider(stage.owner(), &row, stage.clock.now()).await.unwrap();
    assert_eq!(stage.ask(MODEL).await.unwrap().text, DECISION);
    assert_eq!(stage.service.health()[0].state, "closed");
}

#[tokio::test]
async fn a_provider_that_refuses_is_there_and_opens_no_breaker() {
    let stage = Stage::with(|it| it.breaker_failures = 1).await;
    let refusing = answering(ResponseTemplate::new(401)).await;
    stage.provider("deepseek", &base(&refusing)).await;
    for _ in 0..3 {
        assert_eq!(stage.ask(MODEL).await.unwrap_err().kind, FailureKind::Auth);
    }
    assert_eq!(stage.service.health()[0].state, "closed");
}

#[tokio::test]
async fn more_calls_a_minute_than_allowed_are_not_made() {
    let server = answering(sse(stream(DECISION))).await;
    let stage = Stage::with(|it| it.calls_per_minute = 2).await;
    stage.provider("deepseek", &base(&server)).await;
    stage.ask(MODEL).await.unwrap();
    stage.ask(MODEL).await.unwrap();
    let mut question = stage.question(MODEL);
    question.deadline = stage.clock.now() + Span::seconds(2);
    assert_eq!(stage.put(question).await.unwrap_err().kind, FailureKind::RateLimit);
    assert_eq!(bodies(&server).await.len(), 2);
}

#[tokio::test]
async fn more_calls_at_a_time_than_allowed_wait_and_then_give_up() {
    let stage = Arc::new(
        Stage::with(|it| {
            it.calls_per_provider = 1;
            it.idle_seconds = 60;
        })
        .await,
    );
    stage.provider("deepseek", &playing(vec![Step::Hang]).await).await;
    let first = tokio::spawn({
        let stage = stage.clone();
        async move { stage.ask(MODEL).await }
    });
    while stage.calls().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let mut question = stage.question(MODEL);
    question.deadline = stage.clock.now() + Span::milliseconds(200);
    assert_eq!(stage.put(question).await.unwrap_err().kind, FailureKind::Busy);
    first.abort();
}

#[tokio::test]
async fn the_tree_gets_its_answer_from_the_io_runtime() {
    let server = MockServer::start().await;
    chat(sse(stream(DECISION))).mount(&server).await;
    let stage = Stage::new().await;
    stage.provider("deepseek", &base(&server)).await;
    let mut models = NetworkModels::new(stage.service.clone(), tokio::runtime::Handle::current());
    let (owner, worker, now) = (stage.user, stage.worker, stage.clock.now());
    let Pending::Coming(answer) =
        models.ask(Ask { owner, worker, now, question: stage.question(MODEL) })
    else {
        panic!("an answer of the network is on its way");
    };
    assert_eq!(answer.await.unwrap().unwrap().text, DECISION);
}

#[tokio::test]
async fn whoever_withdraws_a_question_ends_the_call() {
    let stage = Stage::with(|it| it.idle_seconds = 60).await;
    stage.provider("deepseek", &playing(vec![Step::Hang]).await).await;
    let mut models = NetworkModels::new(stage.service.clone(), tokio::runtime::Handle::current());
    let (owner, worker, now) = (stage.user, stage.worker, stage.clock.now());
    let asked = models.ask(Ask { owner, worker, now, question: stage.question(MODEL) });
    while stage.calls().await.is_empty() {
        tokio::task::yield_now().await;
    }
    drop(asked);
    while stage.calls().await[0].outcome.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.calls().await[0].outcome.as_deref(), Some("withdrawn"));
}
