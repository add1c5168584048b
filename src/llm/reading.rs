//! An answer as it comes in: events or one JSON, whichever the provider sends, told apart by what
//! stands in it and not by what its head promises.
//!
//! Counts tokens on the way and stops what grows too long. Knows no network.

use banyan_core::model::{FailureKind, FinishReason, ModelFailure};
use serde_json::Value;

use super::budget::TokenMeter;
use super::refusal::{self, Refusal};
use super::request::{Caps, Request};
use super::sse::{EventReader, StreamEvent};
use super::think::{Parted, ThinkReader, without_headless_reasoning};
use super::{tokens, wire};

/// Bytes after which it is clear what an answer is.
const TELLING: usize = 8;
/// Bytes of text that are counted together, so that counting stays cheap.
const COUNTED: usize = 512;
/// Tokens that an answer may have beyond its cap: not all count alike.
const SLACK: u64 = 64;

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) finish: FinishReason,
}

/// Whether the answer got further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing of the answer came.
    None,
    /// A part of the answer came.
    Some,
    /// The model has stopped; little more can come.
    Stopped,
    /// All of it came.
    Done,
}

enum Shape {
    Unknown(Vec<u8>),
    Events(EventReader),
    Json(Vec<u8>),
}

/// Reads one answer.
pub(super) struct Reading {
    shape: Shape,
    think: ThinkReader,
    text: Parted,
    uncounted: Parted,
    finish: Option<FinishReason>,
    has_choice: bool,
    is_done: bool,
    caps: Caps,
    thinks: bool,
    pub(super) meter: TokenMeter,
}

/// The most that may be written where `cap` tokens were asked for.
pub(super) const fn with_slack(cap: u64) -> u64 {
    cap + cap / 4 + SLACK
}

impl Reading {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            shape: Shape::Unknown(Vec::new()),
            think: ThinkReader::default(),
            text: Parted::default(),
            uncounted: Parted::default(),
            finish: None,
            has_choice: false,
            is_done: false,
            caps: request.caps,
            thinks: request.thinks,
            meter: TokenMeter { input: request.input_tokens, ..TokenMeter::default() },
        }
    }

    /// What has come so far, for whoever wants to know why there is no answer.
    pub(super) fn partial(&self) -> String {
        match &self.shape {
            Shape::Json(body) => String::from_utf8_lossy(body).into_owned(),
            Shape::Unknown(_) | Shape::Events(_) => self.text.answer.clone(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// When they are no answer, or too long a one.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Progress, ModelFailure> {
        if let Shape::Unknown(held) = &mut self.shape {
            held.extend(bytes);
            let held = std::mem::take(held);
            return self.tell_apart(&held);
        }
        match &mut self.shape {
            Shape::Json(body) => {
                body.extend(bytes);
                let is_text = bytes.iter().any(|it| !it.is_ascii_whitespace());
                Ok(if is_text { Progress::Some } else { Progress::None })
            }
            Shape::Events(reader) => {
                let events = reader.push(bytes);
                self.take(events)
            }
            Shape::Unknown(_) => Ok(Progress::None),
        }
    }

    fn tell_apart(&mut self, held: &[u8]) -> Result<Progress, ModelFailure> {
        const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];
        let begun = held.strip_prefix(b"\xef\xbb\xbf").unwrap_or(held).trim_ascii_start().to_vec();
        let Some(first) = begun.first() else {
            self.shape = Shape::Unknown(Vec::new());
            return Ok(Progress::None);
        };
        if matches!(first, b'{' | b'[') {
            self.shape = Shape::Json(Vec::new());
        } else if FIELDS.iter().any(|field| begun.starts_with(field)) {
            self.shape = Shape::Events(EventReader::default());
        } else if begun.len() < TELLING {
            self.shape = Shape::Unknown(begun);
            return Ok(Progress::None);
        } else {
            return Err(protocol("what came is neither a stream of events nor JSON"));
        }
        self.push(&begun)
    }

    fn take(&mut self, events: Vec<StreamEvent>) -> Result<Progress, ModelFailure> {
        let before = (self.text.answer.len(), self.text.reasoning.len(), self.uncounted_bytes());
        for event in events {
            match event {
                StreamEvent::KeepAlive => {}
                StreamEvent::Done => self.is_done = true,
                StreamEvent::Data(data) => {
                    // What is no JSON is left out: whether it mattered shows at the end.
                    if let Ok(value) = serde_json::from_str(&data) {
                        self.take_value(&value)?;
                    }
                }
            }
        }
        let after = (self.text.answer.len(), self.text.reasoning.len(), self.uncounted_bytes());
        Ok(match (self.is_done, self.finish) {
            (true, _) => Progress::Done,
            (false, Some(_)) => Progress::Stopped,
            (false, None) if before != after => Progress::Some,
            (false, None) => Progress::None,
        })
    }

    fn uncounted_bytes(&self) -> usize {
        self.uncounted.answer.len() + self.uncounted.reasoning.len()
    }

    fn take_value(&mut self, value: &Value) -> Result<(), ModelFailure> {
        if let Some(Refusal { kind, message, .. }) = refusal::error_within(value) {
            return Err(ModelFailure::new(kind, message));
        }
        let piece = wire::piece(value);
        self.has_choice |= piece.has_choice;
        self.finish = piece.finish.or(self.finish);
        self.meter.told = piece.usage.or(self.meter.told);
        let mut parted = self.think.push(&piece.content);
        parted.reasoning.push_str(&piece.reasoning);
        self.add(&parted);
        self.check_length()
    }

    fn add(&mut self, parted: &Parted) {
        for (whole, uncounted, counter, new) in [
            (
                &mut self.text.answer,
                &mut self.uncounted.answer,
                &mut self.meter.answer,
                &parted.answer,
            ),
            (
                &mut self.text.reasoning,
                &mut self.uncounted.reasoning,
                &mut self.meter.reasoning,
                &parted.reasoning,
            ),
        ] {
            whole.push_str(new);
            uncounted.push_str(new);
            if uncounted.len() >= COUNTED {
                *counter += tokens::count(&std::mem::take(uncounted));
            }
        }
    }

    fn check_length(&self) -> Result<(), ModelFailure> {
        let all = self.caps.answer + self.caps.reasoning;
        let reasoning = if self.thinks { self.caps.reasoning } else { all };
        if self.meter.answer > with_slack(self.caps.answer) {
            let why = format!("the answer is longer than {} tokens", self.caps.answer);
            return Err(protocol(&why));
        }
        if self.meter.reasoning > with_slack(reasoning) {
            let why = format!("the reasoning is longer than {reasoning} tokens");
            return Err(ModelFailure::new(FailureKind::Empty, why));
        }
        Ok(())
    }

    /// Counts what came so far to the last letter.
    pub(super) fn count_rest(&mut self) {
        self.meter.answer += tokens::count(&std::mem::take(&mut self.uncounted.answer));
        self.meter.reasoning += tokens::count(&std::mem::take(&mut self.uncounted.reasoning));
    }

    /// The connection has ended; says what was heard.
    ///
    /// # Errors
    /// When that is no whole answer, or an empty one.
    pub(super) fn finish(&mut self) -> Result<Heard, ModelFailure> {
        match std::mem::replace(&mut self.shape, Shape::Unknown(Vec::new())) {
            Shape::Unknown(_) => return Err(protocol("nothing came but the head of an answer")),
            Shape::Json(body) => self.take_whole(&body)?,
            Shape::Events(mut reader) => {
                let rest = reader.finish();
                self.take(rest)?;
                if !self.is_done && self.finish.is_none() {
                    let why = "the stream broke off";
                    return Err(ModelFailure::new(FailureKind::Connection, why));
                }
            }
        }
        let rest = self.think.finish();
        self.add(&rest);
        self.count_rest();
        self.conclude()
    }

    fn take_whole(&mut self, body: &[u8]) -> Result<(), ModelFailure> {
        let Ok(value) = serde_json::from_slice(body) else {
            let mut failure = protocol("the answer is JSON that breaks off");
            failure.partial = String::from_utf8_lossy(body).into_owned();
            return Err(failure);
        };
        self.take_value(&value)
    }

    fn conclude(&mut self) -> Result<Heard, ModelFailure> {
        let Parted { answer, reasoning } =
            without_headless_reasoning(std::mem::take(&mut self.text));
        let finish = self.finish.unwrap_or(FinishReason::Other);
        if !answer.trim().is_empty() {
            return Ok(Heard { text: answer, reasoning, finish });
        }
        // Some servers put all there is into the reasoning.
        if finish != FinishReason::Length && reasoning.contains('{') {
            return Ok(Heard { text: reasoning, reasoning: String::new(), finish });
        }
        let why = match (self.has_choice, finish) {
            (false, _) => "the answer holds no choice",
            (true, FinishReason::Length) => "the reasoning took all the room of the answer",
            (true, FinishReason::ContentFilter) => "the provider filtered the answer",
            (true, FinishReason::Stop | FinishReason::Other) => "the answer is empty",
        };
        Err(ModelFailure::new(FailureKind::Empty, why))
    }
}

fn protocol(why: &str) -> ModelFailure {
    ModelFailure::new(FailureKind::Protocol, why)
}
