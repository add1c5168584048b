//! The port to models: what the model desk hands questions to.

use banyan_core::ids::{UserId, WorkerId};
use banyan_core::model::{Answer, FailureKind, ModelFailure, Question};
use banyan_core::time::{Span, Timestamp};
use tokio::sync::oneshot;

/// A question, with whose money it spends.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Who pays.
    pub owner: UserId,
    /// For which strategy.
    pub worker: WorkerId,
    /// When it was asked.
    pub now: Timestamp,
    /// What is asked.
    pub question: Question,
}

/// What becomes of a question.
#[derive(Debug)]
pub enum Pending {
    /// The answer is known, and is to be given after so long: models that are made up.
    After(Span, Box<Answer>),
    /// The answer is on its way; dropping the receiver withdraws the question.
    Coming(oneshot::Receiver<Answer>),
}

/// Those who answer questions. Called on the thread of the tree: must not wait.
pub trait Models {
    /// Takes a question.
    fn ask(&mut self, ask: Ask) -> Pending;
}

/// There is nobody: each question fails at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyToAsk;

impl Models for NobodyToAsk {
    fn ask(&mut self, _: Ask) -> Pending {
        let failure = ModelFailure::new(FailureKind::NobodyToAsk, "no models are connected here");
        Pending::After(Span(0), Box::new(Err(failure)))
    }
}
