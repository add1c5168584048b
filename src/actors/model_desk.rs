//! The model desk: every question to a model passes it.
//!
//! Bounds how many are under way, sees to it that each is answered before its deadline whatever
//! the models do, and withdraws those that nobody waits for. Knows no provider and no money.

use std::collections::BTreeMap;

use actix::prelude::*;
use banyan_core::ids::{UserId, WorkerId};
use banyan_core::model::{Answer, FailureKind, ModelFailure, Question};
use banyan_core::time::{Span, Timestamp};

use super::worker::Answered;
use crate::clock::Clock;
use crate::llm::{Ask, Models, Pending};

/// Questions of one worker that may be under way: a debate of five with one to spare.
const OPEN_PER_WORKER: usize = 6;
/// Questions of all workers that may be under way.
const OPEN: usize = 256;
/// What a question is given beyond its deadline, so that whoever answers can say why it is late.
const GRACE: Span = Span::milliseconds(500);

/// Asks models on behalf of workers.
pub struct ModelDesk {
    models: Box<dyn Models>,
    clock: Clock,
    open: BTreeMap<(WorkerId, u64), SpawnHandle>,
}

/// A question to a model.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AskModel {
    /// Who pays.
    pub owner: UserId,
    /// Who asks.
    pub worker: WorkerId,
    /// What is asked.
    pub question: Question,
    /// Where the answer goes.
    pub answer_to: Recipient<Answered>,
}

/// The answers of these questions are of no use any more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct WithdrawQuestions {
    /// Who asked.
    pub worker: WorkerId,
    /// Their numbers; all of the worker's when empty.
    pub numbers: Vec<u64>,
}

impl ModelDesk {
    /// A desk that hands questions to `models`.
    #[must_use]
    pub fn new(models: Box<dyn Models>, clock: Clock) -> Self {
        Self { models, clock, open: BTreeMap::new() }
    }

    /// Why a question cannot be taken now.
    fn refusal(&self, worker: WorkerId) -> Option<ModelFailure> {
        let own = self.open.keys().filter(|(it, _)| *it == worker).count();
        let full = own >= OPEN_PER_WORKER || self.open.len() >= OPEN;
        full.then(|| ModelFailure::new(FailureKind::Busy, "too many questions are under way"))
    }

    fn wait_for(&self, pending: Pending, deadline: Timestamp) -> LocalBoxFuture<Answer> {
        let clock = self.clock;
        let until = clock.wait_until(deadline + GRACE);
        match pending {
            Pending::After(pause, answer) => {
                let pause = clock.wait_until(clock.now() + pause);
                Box::pin(async move {
                    tokio::time::sleep(pause.min(until)).await;
                    if pause <= until { *answer } else { Err(too_late()) }
                })
            }
            Pending::Coming(answer) => Box::pin(async move {
                match tokio::time::timeout(until, answer).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => {
                        Err(ModelFailure::new(FailureKind::Connection, "whoever was asked is gone"))
                    }
                    Err(_) => Err(too_late()),
                }
            }),
        }
    }
}

type LocalBoxFuture<T> = std::pin::Pin<Box<dyn Future<Output = T>>>;

fn too_late() -> ModelFailure {
    ModelFailure::new(FailureKind::Timeout, "no answer before the deadline")
}

impl Actor for ModelDesk {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1_024);
    }
}

impl Handler<AskModel> for ModelDesk {
    type Result = ();

    fn handle(&mut self, ask: AskModel, ctx: &mut Self::Context) {
        let AskModel { owner, worker, question, answer_to } = ask;
        let number = question.number;
        if let Some(failure) = self.refusal(worker) {
            answer_to.do_send(Answered { number, answer: Err(failure) });
            return;
        }
        let deadline = question.deadline;
        let asked = self.models.ask(Ask { owner, worker, now: self.clock.now(), question });
        let answer = self.wait_for(asked, deadline).into_actor(self);
        let handle = ctx.spawn(answer.map(move |answer, desk, _| {
            desk.open.remove(&(worker, number));
            answer_to.do_send(Answered { number, answer });
        }));
        self.open.insert((worker, number), handle);
    }
}

impl Handler<WithdrawQuestions> for ModelDesk {
    type Result = ();

    fn handle(&mut self, withdrawn: WithdrawQuestions, ctx: &mut Self::Context) {
        let WithdrawQuestions { worker, numbers } = withdrawn;
        let gone = |asked: &(WorkerId, u64)| {
            asked.0 == worker && (numbers.is_empty() || numbers.contains(&asked.1))
        };
        let keys: Vec<_> = self.open.keys().filter(|it| gone(it)).copied().collect();
        for key in keys {
            if let Some(handle) = self.open.remove(&key) {
                ctx.cancel_future(handle);
            }
        }
    }
}
