//! Cassettes: answers of models in a file, so that a replay can be made again without any model.
//!
//! JSON lines, one for each answer: `{"model", "prompt_hash", "reply", "usage"}`, or a `failure`
//! in place of the reply. Read leniently: a line may also be a bare answer of a model, or a whole
//! chat completion; those are given in their order. Knows no strategy and no file.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use banyan_core::model::{
    Answer, AnswerFormat, FailureKind, FinishReason, Message, ModelFailure, ModelName, ModelReply,
    Question, Usage,
};
use banyan_core::time::Span;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::house::HouseRules;
use super::{Ask, Models, Pending};

/// How long an answer takes of which a cassette does not say it.
const LATENCY: Span = Span::milliseconds(800);

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// Who was asked; any model where it is left out.
    #[serde(default)]
    model: Option<String>,
    /// SHA-256 of the whole conversation; whatever is asked next where it is left out.
    #[serde(default)]
    prompt_hash: Option<String>,
    /// The answer as it came.
    #[serde(default)]
    reply: Option<String>,
    /// Reasoning that came beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reasoning: String,
    #[serde(default)]
    finish: Option<FinishReason>,
    /// Why there is no answer, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    /// What it took.
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Failure {
    kind: FailureKind,
    #[serde(default)]
    message: String,
    #[serde(default)]
    partial: String,
}

/// What cannot be read as a cassette.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CassetteError {
    /// It is no JSON there.
    #[error("line {line}: {message}")]
    NotJson {
        /// Where; the first line is 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It is JSON, but no answer.
    #[error("answer {number}: has neither a reply nor a failure")]
    NoAnswer {
        /// Which; the first is 1.
        number: usize,
    },
}

/// Answers from a cassette.
#[derive(Debug, Clone, Default)]
pub struct Cassette {
    /// Answers to known conversations, each in its order.
    known: BTreeMap<(String, String), VecDeque<Entry>>,
    /// Answers to whatever is asked next.
    next: VecDeque<Entry>,
}

impl Cassette {
    /// Reads a cassette.
    ///
    /// # Errors
    /// The first part that is no answer.
    pub fn read(text: &str) -> Result<Self, CassetteError> {
        let mut cassette = Self::default();
        let text = text.trim_start_matches('\u{feff}');
        let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        for (index, value) in values.enumerate() {
            let value = value.map_err(|error| CassetteError::NotJson {
                line: error.line(),
                message: error.to_string(),
            })?;
            let entry = entry(value).ok_or(CassetteError::NoAnswer { number: index + 1 })?;
            cassette.insert(entry);
        }
        Ok(cassette)
    }

    fn insert(&mut self, entry: Entry) {
        match (&entry.model, &entry.prompt_hash) {
            (Some(model), Some(hash)) => {
                let key = (model.clone(), hash.clone());
                self.known.entry(key).or_default().push_back(entry);
            }
            _ => self.next.push_back(entry),
        }
    }

    /// The answer to a question, which is taken out.
    fn take(&mut self, question: &Question) -> Option<Entry> {
        let key = (question.model.to_string(), prompt_hash(&question.messages));
        if let Some(entry) = self.known.get_mut(&key).and_then(VecDeque::pop_front) {
            return Some(entry);
        }
        let fits = |entry: &Entry| {
            entry.model.as_ref().is_none_or(|it| *it == key.0)
                && entry.prompt_hash.as_ref().is_none_or(|it| *it == key.1)
        };
        let index = self.next.iter().position(fits)?;
        self.next.remove(index)
    }
}

impl Models for Cassette {
    fn ask(&mut self, ask: Ask) -> Pending {
        let Some(entry) = self.take(&ask.question) else {
            let message = "the cassette has no answer to this question";
            let failure = ModelFailure::new(FailureKind::NobodyToAsk, message);
            return Pending::After(Span(0), Box::new(Err(failure)));
        };
        let usage = entry.usage.unwrap_or(Usage { latency: LATENCY, ..Usage::default() });
        let answer = entry.into_answer(ask.question.model, usage);
        Pending::After(usage.latency, Box::new(answer))
    }
}

impl Entry {
    fn of(question: &Question, answer: &Answer) -> Self {
        let (model, hash) = (question.model.to_string(), prompt_hash(&question.messages));
        let blank = Self {
            model: Some(model),
            prompt_hash: Some(hash),
            reply: None,
            reasoning: String::new(),
            finish: None,
            failure: None,
            usage: None,
        };
        match answer {
            Ok(reply) => Self {
                reply: Some(reply.text.clone()),
                reasoning: reply.reasoning.clone(),
                finish: Some(reply.finish),
                usage: Some(reply.usage),
                ..blank
            },
            Err(ModelFailure { kind, message, usage, partial }) => {
                let (message, partial) = (message.clone(), partial.clone());
                let failure = Some(Failure { kind: *kind, message, partial });
                Self { failure, usage: Some(*usage), ..blank }
            }
        }
    }

    fn into_answer(self, model: ModelName, usage: Usage) -> Answer {
        if let Some(Failure { kind, message, partial }) = self.failure {
            return Err(ModelFailure { kind, message, usage, partial });
        }
        Ok(ModelReply {
            model,
            text: self.reply.unwrap_or_default(),
            reasoning: self.reasoning,
            finish: self.finish.unwrap_or(FinishReason::Stop),
            format: AnswerFormat::JsonSchema,
            usage,
        })
    }
}

/// Understands one part of a cassette: an entry, a bare answer, or a whole chat completion.
fn entry(value: Value) -> Option<Entry> {
    if let Value::String(text) = value {
        return Some(bare(text));
    }
    let message = &value["choices"][0]["message"];
    if let Some(text) = message["content"].as_str() {
        return Some(bare(text.to_owned()));
    }
    // Somebody who writes a cassette by hand may put the answer there as it is.
    if value.get("decisions").is_some() || value.is_array() {
        return Some(bare(value.to_string()));
    }
    let value = with_text(value);
    let entry: Entry = serde_json::from_value(value).ok()?;
    (entry.reply.is_some() || entry.failure.is_some()).then_some(entry)
}

/// The same entry, with its reply as a text.
fn with_text(mut value: Value) -> Value {
    if let Some(reply) = value.get_mut("reply")
        && (reply.is_object() || reply.is_array())
    {
        *reply = Value::String(reply.to_string());
    }
    value
}

fn bare(text: String) -> Entry {
    Entry {
        model: None,
        prompt_hash: None,
        reply: Some(text),
        reasoning: String::new(),
        finish: None,
        failure: None,
        usage: None,
    }
}

/// SHA-256 over a whole conversation, in hexadecimal.
fn prompt_hash(messages: &[Message]) -> String {
    let text = serde_json::to_vec(messages).unwrap_or_default();
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is being recorded; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Tape(Rc<RefCell<Vec<Entry>>>);

impl Tape {
    /// The cassette, as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let line = |entry| serde_json::to_string(entry).unwrap_or_default() + "\n";
        self.0.borrow().iter().map(line).collect()
    }
}

/// Lets the rules of the demo model answer, and records it.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    rules: HouseRules,
    tape: Tape,
}

impl Recorder {
    /// A recorder with an empty tape, and that tape.
    #[must_use]
    pub fn new(rules: HouseRules) -> (Self, Tape) {
        let tape = Tape::default();
        (Self { rules, tape: tape.clone() }, tape)
    }
}

impl Models for Recorder {
    fn ask(&mut self, ask: Ask) -> Pending {
        let answer = self.rules.reply(&ask.question);
        self.tape.0.borrow_mut().push(Entry::of(&ask.question, &answer));
        let latency = match &answer {
            Ok(reply) => reply.usage.latency,
            Err(failure) => failure.usage.latency,
        };
        Pending::After(latency, Box::new(answer))
    }
}

#[cfg(test)]
mod tests {
    use banyan_core::ids::{UserId, WorkerId};
    use banyan_core::model::Role;
    use banyan_core::time::Timestamp;

    use super::*;

    fn ask(model: &str, text: &str) -> Ask {
        let message = |role, content: &str| Message { role, content: content.to_owned() };
        let question = Question {
            number: 1,
            model: model.parse().unwrap(),
            fallback: None,
            messages: vec![message(Role::System, "x"), message(Role::User, text)],
            schema: String::new(),
            deadline: Timestamp(1_000),
            temperature: None,
            max_answer_tokens: 100,
            max_reasoning_tokens: 0,
        };
        let (owner, worker) = (UserId::default(), WorkerId::from_u128(1));
        Ask { owner, worker, now: Timestamp(0), question }
    }

    fn answered(models: &mut dyn Models, model: &str, text: &str) -> (Span, Answer) {
        match models.ask(ask(model, text)) {
            Pending::After(span, answer) => (span, *answer),
            Pending::Coming(_) => panic!("cassettes know their answers"),
        }
    }

    #[test]
    fn what_was_recorded_is_played_back_in_any_order_of_questions() {
        let (mut recorder, tape) = Recorder::new(HouseRules::default());
        let questions = [("house:rules-v1", "one"), ("house:rules-v1-cautious", "one")];
        let recorded: Vec<_> =
            questions.iter().map(|(model, text)| answered(&mut recorder, model, text)).collect();
        let mut cassette = Cassette::read(&tape.to_text()).unwrap();
        for ((model, text), expected) in questions.iter().zip(recorded).rev() {
            assert_eq!(answered(&mut cassette, model, text), expected);
        }
        let (_, again) = answered(&mut cassette, "house:rules-v1", "one");
        assert_eq!(again.unwrap_err().kind, FailureKind::NobodyToAsk);
    }

    #[test]
    fn answers_written_by_hand_are_given_in_their_order() {
        let text = r#"
            {"model": "a:b", "reply": {"decisions": []}}
            "plain text"
            {"decisions": [], "overall_confidence": 1}
            {"choices": [{"message": {"content": "whole"}}]}
            {"failure": {"kind": "timeout"}}
        "#;
        let mut cassette = Cassette::read(text).unwrap();
        let mut next = || answered(&mut cassette, "c:d", "x").1;
        assert_eq!(next().unwrap().text, "plain text");
        assert!(next().unwrap().text.contains("overall_confidence"));
        assert_eq!(next().unwrap().text, "whole");
        assert_eq!(next().unwrap_err().kind, FailureKind::Timeout);
        assert_eq!(answered(&mut cassette, "a:b", "x").1.unwrap().text, r#"{"decisions":[]}"#);
    }

    #[test]
    fn what_is_no_cassette_is_told_with_its_place() {
        let error = Cassette::read("{\"reply\": \"x\"}\nnonsense").unwrap_err();
        assert!(error.to_string().starts_with("line 2:"), "{error}");
        let error = Cassette::read("{\"reply\": \"x\"}\n{\"model\": \"a:b\"}").unwrap_err();
        assert_eq!(error, CassetteError::NoAnswer { number: 2 });
        assert!(Cassette::read("").is_ok());
    }
}
