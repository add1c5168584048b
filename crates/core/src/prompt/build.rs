//! Puts a prompt together.

use super::PromptSpec;
use crate::decision::Snapshot;

/// A prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltPrompt {
    /// The rules that hold throughout; the same between cycles to the last byte.
    pub system: String,
    /// What is known now, and what is to be done.
    pub user: String,
    /// The names of all sections, in order.
    pub sections: Vec<String>,
}

/// Builds the prompt of a cycle.
#[must_use]
pub fn build(spec: &PromptSpec<'_>, snapshot: &Snapshot) -> BuiltPrompt {
    let (system, sections) = system(spec);
    let user = format!("## account\n{}", snapshot.account.capital);
    BuiltPrompt { system, user, sections }
}

/// Builds the part that is the same in every cycle, and the names of its sections.
#[must_use]
pub fn system(spec: &PromptSpec<'_>) -> (String, Vec<String>) {
    (spec.prompt.to_owned(), vec!["user_prompt".to_owned()])
}
