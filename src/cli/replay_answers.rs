//! Who answers strategies in words in a replay: a cassette, or the rule-based demo model.
//!
//! No provider is asked in a replay, so that it needs no network and can be made again.

use std::path::{Path, PathBuf};

use banyan_core::strategy::StrategyKind;

use super::CommandError;
use crate::llm::house::HouseRules;
use crate::llm::{Cassette, Models, Recorder, Tape};
use crate::simulation::replay::Trader;

/// Who answers, and what is kept of it.
pub(super) struct Answers {
    pub(super) models: Box<dyn Models>,
    pub(super) recording: Option<Recording>,
}

/// Answers that are written down after the replay.
pub(super) struct Recording {
    file: PathBuf,
    tape: Tape,
}

impl Answers {
    /// Plays a cassette that is there, and records one that is not.
    pub(super) fn open(cassette: Option<&Path>, traders: &[Trader]) -> Result<Self, CommandError> {
        let Some(file) = cassette else {
            return Ok(Self { models: Box::new(HouseRules::default()), recording: None });
        };
        if traders.iter().all(|it| it.config.kind() != StrategyKind::Ai) {
            let message = "--cassette is for strategies in words (--strategy ai)";
            return Err(CommandError::Usage(message.to_owned()));
        }
        match std::fs::read_to_string(file) {
            Ok(text) => Self::play(file, &text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::record(file)),
            Err(error) => Err(told(file, &error)),
        }
    }

    fn play(file: &Path, text: &str) -> Result<Self, CommandError> {
        let cassette = Cassette::read(text).map_err(|error| told(file, &error))?;
        Ok(Self { models: Box::new(cassette), recording: None })
    }

    fn record(file: &Path) -> Self {
        let (recorder, tape) = Recorder::new(HouseRules::default());
        let recording = Some(Recording { file: file.to_owned(), tape });
        Self { models: Box::new(recorder), recording }
    }
}

impl Recording {
    /// Writes the cassette, whole or not at all.
    pub(super) fn keep(self) -> Result<(), CommandError> {
        let draft = self.file.with_extension("new");
        std::fs::write(&draft, self.tape.to_text())
            .and_then(|()| std::fs::rename(&draft, &self.file))
            .map_err(|error| told(&self.file, &error))
    }
}

fn told(file: &Path, error: &dyn std::error::Error) -> CommandError {
    CommandError::Data(format!("{}: {error}", file.display()))
}
