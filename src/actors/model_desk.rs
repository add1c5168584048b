//! The model desk: every question to a model passes it.
//!
//! No provider is connected yet, so each question is answered at once with "nobody to ask"; a
//! strategy gets that as an answer and decides without.

use actix::prelude::*;

use super::worker::Answered;

/// Asks models on behalf of workers.
#[derive(Default)]
pub struct ModelDesk {
    asked: u64,
}

/// A question to a model.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AskModel {
    /// The worker's number for it.
    pub number: u64,
    /// What is asked.
    pub body: String,
    pub(super) answer_to: Recipient<Answered>,
}

impl Actor for ModelDesk {
    type Context = Context<Self>;
}

impl Handler<AskModel> for ModelDesk {
    type Result = ();

    fn handle(&mut self, ask: AskModel, _: &mut Self::Context) {
        self.asked += 1;
        ask.answer_to.do_send(Answered { number: ask.number, answer: None });
    }
}
