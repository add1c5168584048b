//! The model desk: every question is answered in time, and nobody gets more than a share of it.

use std::cell::RefCell;
use std::rc::Rc;

use actix::prelude::*;
use banyan::actors::{Answered, AskModel, ModelDesk, WithdrawQuestions};
use banyan::clock::Clock;
use banyan::llm::{Ask, Models, Pending};
use banyan::simulation::{Pace, run};
use banyan_core::ids::{UserId, WorkerId};
use banyan_core::model::{Answer, FailureKind, ModelFailure, Question};
use banyan_core::time::{Span, Timestamp};
use tokio::sync::oneshot;

const WORKER: WorkerId = WorkerId::from_u128(1);

/// Models that never answer; what was asked is kept with the way to answer it.
#[derive(Clone, Default)]
struct Silent(Rc<RefCell<Vec<oneshot::Sender<Answer>>>>);

impl Models for Silent {
    fn ask(&mut self, _: Ask) -> Pending {
        let (tell, answer) = oneshot::channel();
        self.0.borrow_mut().push(tell);
        Pending::Coming(answer)
    }
}

/// Models that fail after so long.
struct After(Span);

impl Models for After {
    fn ask(&mut self, _: Ask) -> Pending {
        let failure = ModelFailure::new(FailureKind::Provider, "as always");
        Pending::After(self.0, Box::new(Err(failure)))
    }
}

/// Whoever asks.
#[derive(Default)]
struct Asker(Rc<RefCell<Vec<(u64, FailureKind)>>>);

impl Actor for Asker {
    type Context = Context<Self>;
}

impl Handler<Answered> for Asker {
    type Result = ();
    fn handle(&mut self, told: Answered, _: &mut Self::Context) {
        self.0
            .borrow_mut()
            .push((told.number, told.answer.expect_err("these models never answer").kind));
    }
}

fn question(number: u64, deadline: Timestamp) -> Question {
    Question {
        number,
        model: "test:one".parse().expect("a name"),
        fallback: None,
        messages: Vec::new(),
        schema: String::new(),
        deadline,
        temperature: None,
        max_answer_tokens: 100,
        max_reasoning_tokens: 0,
    }
}

fn ask(number: u64, deadline: Timestamp, asker: &Addr<Asker>) -> AskModel {
    AskModel {
        owner: UserId::default(),
        worker: WORKER,
        question: question(number, deadline),
        answer_to: asker.clone().recipient(),
    }
}

/// A desk, and what its asker is told.
type Told = Rc<RefCell<Vec<(u64, FailureKind)>>>;

fn desk(models: Box<dyn Models>) -> (Clock, Addr<ModelDesk>, Addr<Asker>, Told) {
    let clock = Clock::starting_at(Timestamp(0));
    let told = Told::default();
    let asker = Asker(told.clone()).start();
    (clock, ModelDesk::new(models, clock).start(), asker, told)
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
}

#[test]
fn a_model_that_never_answers_does_not_keep_anybody_waiting() {
    run(Pace::Unlimited, async {
        let (clock, desk, asker, told) = desk(Box::new(Silent::default()));
        desk.send(ask(1, clock.now() + Span::seconds(10), &asker)).await.unwrap();
        seconds(9).await;
        assert!(told.borrow().is_empty());
        seconds(2).await;
        assert_eq!(*told.borrow(), [(1, FailureKind::Timeout)]);
    });
}

#[test]
fn an_answer_that_comes_too_late_is_none() {
    run(Pace::Unlimited, async {
        let (clock, desk, asker, told) = desk(Box::new(After(Span::seconds(30))));
        desk.send(ask(1, clock.now() + Span::seconds(10), &asker)).await.unwrap();
        desk.send(ask(2, clock.now() + Span::seconds(40), &asker)).await.unwrap();
        seconds(60).await;
        assert_eq!(*told.borrow(), [(1, FailureKind::Timeout), (2, FailureKind::Provider)]);
    });
}

#[test]
fn one_worker_cannot_have_many_questions_under_way() {
    run(Pace::Unlimited, async {
        let (clock, desk, asker, told) = desk(Box::new(Silent::default()));
        for number in 1..=7 {
            desk.send(ask(number, clock.now() + Span::seconds(10), &asker)).await.unwrap();
        }
        seconds(1).await;
        assert_eq!(*told.borrow(), [(7, FailureKind::Busy)]);
        let withdrawn = WithdrawQuestions { worker: WORKER, numbers: vec![1] };
        desk.send(withdrawn).await.unwrap();
        desk.send(ask(8, clock.now() + Span::seconds(10), &asker)).await.unwrap();
        seconds(1).await;
        assert_eq!(told.borrow().len(), 1, "there is room again");
    });
}

#[test]
fn whoever_answers_hears_that_nobody_waits() {
    run(Pace::Unlimited, async {
        let models = Silent::default();
        let (clock, desk, asker, told) = desk(Box::new(models.clone()));
        for number in 1..=3 {
            desk.send(ask(number, clock.now() + Span::seconds(60), &asker)).await.unwrap();
        }
        let withdrawn = WithdrawQuestions { worker: WORKER, numbers: vec![2] };
        desk.send(withdrawn).await.unwrap();
        seconds(1).await;
        let gone: Vec<_> = models.0.borrow().iter().map(oneshot::Sender::is_closed).collect();
        assert_eq!(gone, [false, true, false]);
        desk.send(WithdrawQuestions { worker: WORKER, numbers: Vec::new() }).await.unwrap();
        seconds(61).await;
        assert!(models.0.borrow().iter().all(oneshot::Sender::is_closed));
        assert!(told.borrow().is_empty(), "withdrawn questions are not answered");
    });
}

#[test]
fn a_model_whose_end_is_gone_is_a_failure() {
    run(Pace::Unlimited, async {
        let models = Silent::default();
        let (clock, desk, asker, told) = desk(Box::new(models.clone()));
        desk.send(ask(1, clock.now() + Span::seconds(60), &asker)).await.unwrap();
        models.0.borrow_mut().clear();
        seconds(1).await;
        assert_eq!(*told.borrow(), [(1, FailureKind::Connection)]);
    });
}
