//! Puts a prompt together from its sections.

use super::spec::{PromptMode, PromptSpec};
use super::user::{self, Section};
use super::words;
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
    let (system, mut sections) = system(spec);
    let (user, names) = join(&user::sections(spec, snapshot));
    sections.extend(names);
    BuiltPrompt { system, user, sections }
}

/// Builds the part that is the same in every cycle, and the names of its sections.
#[must_use]
pub fn system(spec: &PromptSpec<'_>) -> (String, Vec<String>) {
    let mut sections = match spec.mode {
        PromptMode::Simple => simple(spec),
        PromptMode::Advanced => advanced(spec),
    };
    sections.push(("constraints", words::constraints(spec)));
    sections.push(("output_format", words::output_format(spec)));
    join(&sections)
}

fn simple(spec: &PromptSpec<'_>) -> Vec<Section> {
    let own = spec.sections;
    let or = |own: &Option<String>, ours: String| {
        let written = own.as_deref().map(str::trim).filter(|text| !text.is_empty());
        written.map_or(ours, str::to_owned)
    };
    let mut sections = vec![
        ("role", or(&own.role_definition, words::role(spec.language))),
        ("trading_mode", words::trading_mode(spec)),
    ];
    sections.extend(user_prompt(spec));
    sections.extend([
        ("trading_frequency", or(&own.trading_frequency, words::trading_frequency(spec))),
        ("entry_standards", or(&own.entry_standards, words::entry_standards(spec.language))),
        ("decision_process", or(&own.decision_process, words::decision_process(spec.language))),
    ]);
    sections
}

fn advanced(spec: &PromptSpec<'_>) -> Vec<Section> {
    let upper = ("advanced_prompt", spec.advanced_prompt.trim().to_owned());
    std::iter::once(upper).chain(user_prompt(spec)).collect()
}

/// The owner's words, as they were written.
fn user_prompt(spec: &PromptSpec<'_>) -> Option<Section> {
    let wanted = spec.prompt.trim();
    let introduced = || format!("{}\n\n{wanted}", words::user_prompt(spec.language));
    (!wanted.is_empty()).then(|| ("user_prompt", introduced()))
}

fn join(sections: &[Section]) -> (String, Vec<String>) {
    let texts: Vec<_> = sections.iter().map(|(name, text)| format!("## {name}\n{text}")).collect();
    let names = sections.iter().map(|(name, _)| (*name).to_owned()).collect();
    (texts.join("\n\n"), names)
}
