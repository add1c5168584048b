//! The rule-based demo model, which is not an AI: it answers prompts by fixed rules.
//!
//! For the first hour without a key, for replays and for simulations. A pure function of the
//! conversation, behind the same protocol as any other model. Knows no user, no order and no more
//! of the market than the prompt says.

mod in_process;
mod rules;
mod server;
mod sight;
mod signals;
mod wire;
mod words;

pub use in_process::HouseRules;
pub use server::{HouseServer, router, serve};

use banyan_core::model::{Message, Role};
use serde_json::{Value, json};

use rules::propose;
use sight::Sight;

/// What people are told about these models.
pub const DESCRIPTION: &str = "the rule-based demo model of Banyan, not an AI";
/// The provider that these models belong to.
pub const PROVIDER: &str = "house";
/// The models with what people are told about each.
pub const MODELS: [(&str, &str); 3] = [
    ("rules-v1", "the rule-based demo model, not an AI: follows the trend"),
    ("rules-v1-contrarian", "the rule-based demo model, not an AI: trades against extremes"),
    (
        "rules-v1-cautious",
        "the rule-based demo model, not an AI: small, and only when signals agree",
    ),
];

/// Letters of a token, roughly: these models cost nothing, so nobody needs to know exactly.
const LETTERS_PER_TOKEN: u64 = 4;

/// How the rules lean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Temperament {
    /// With the trend.
    Trend,
    /// Against extremes.
    Contrarian,
    /// With the trend, but small and only when signals agree.
    Cautious,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HouseError {
    /// Nobody said anything.
    #[error("messages: at least one of the user is needed")]
    NothingAsked,
}

/// Answers a conversation as the model of that name would; a name that is not known here follows
/// the trend. A prompt of ours gets a decision as JSON, anything else a decision without proposals.
///
/// # Errors
/// When the user said nothing.
pub fn answer(model: &str, messages: &[Message]) -> Result<String, HouseError> {
    if !messages.iter().any(|it| it.role == Role::User) {
        return Err(HouseError::NothingAsked);
    }
    let sight = Sight::of(messages);
    let temperament = temperament(model);
    let proposals = propose(temperament, &sight);
    let said = words::say(temperament, sight.language, &proposals);
    let decisions: Vec<Value> =
        proposals.iter().zip(said.reasons).map(|(it, reason)| it.to_json(&reason)).collect();
    let sure = proposals.iter().map(|it| it.confidence).sum::<rust_decimal::Decimal>();
    let count = rust_decimal::Decimal::from(proposals.len().max(1));
    let answer = json!({
        "chain_of_thought": said.thought,
        "market_assessment": said.assessment,
        "decisions": decisions,
        "overall_confidence": rules::number((sure / count).round_dp(2)),
        "next_review_minutes": Value::Null,
    });
    Ok(answer.to_string())
}

fn temperament(model: &str) -> Temperament {
    match model {
        _ if model.ends_with("contrarian") => Temperament::Contrarian,
        _ if model.ends_with("cautious") => Temperament::Cautious,
        _ => Temperament::Trend,
    }
}

/// Tokens of a text, roughly.
#[must_use]
pub fn tokens_of(text: &str) -> u64 {
    let letters = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    letters.div_ceil(LETTERS_PER_TOKEN)
}

#[cfg(test)]
mod tests;
