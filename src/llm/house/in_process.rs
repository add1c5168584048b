//! The rules of the demo model within the process, for replays and simulations: no network, and a
//! latency in engine time.

use banyan_core::model::{
    Answer, AnswerFormat, FailureKind, FinishReason, ModelFailure, ModelReply, Question, Usage,
};
use banyan_core::money::Amount;
use banyan_core::time::Span;

use super::{answer, tokens_of};
use crate::llm::{Ask, Models, Pending};

/// How long an answer takes unless said otherwise.
const LATENCY: Span = Span::milliseconds(800);

/// Answers every question by the rules, whatever model it names.
#[derive(Debug, Clone, Copy)]
pub struct HouseRules {
    latency: Span,
}

impl Default for HouseRules {
    fn default() -> Self {
        Self { latency: LATENCY }
    }
}

impl HouseRules {
    /// Rules that take so long for an answer.
    #[must_use]
    pub fn with_latency(latency: Span) -> Self {
        Self { latency }
    }

    /// What is answered.
    pub fn reply(&self, question: &Question) -> Answer {
        let text = answer(question.model.model(), &question.messages)
            .map_err(|error| ModelFailure::new(FailureKind::BadRequest, error.to_string()))?;
        let usage = Usage {
            input_tokens: question.messages.iter().map(|it| tokens_of(&it.content)).sum(),
            output_tokens: tokens_of(&text),
            reasoning_tokens: 0,
            cost: Amount::ZERO,
            latency: self.latency,
            attempts: 1,
        };
        Ok(ModelReply {
            model: question.model.clone(),
            text,
            reasoning: String::new(),
            finish: FinishReason::Stop,
            format: AnswerFormat::JsonSchema,
            usage,
        })
    }
}

impl Models for HouseRules {
    fn ask(&mut self, ask: Ask) -> Pending {
        Pending::After(self.latency, Box::new(self.reply(&ask.question)))
    }
}
