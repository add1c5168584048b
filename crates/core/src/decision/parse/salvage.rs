//! Finds the decisions in the text of an answer.
//!
//! The raw text comes first. Only where it is no JSON is anything repaired: thinking is taken
//! away, fences and prose are looked through, and JSON that is not quite right is read as far as
//! it goes. Knows nothing of what decisions mean.

use super::shape::{self, Shape};
use super::value::{Object, Value};
use super::{LONGEST_TEXT, fields, text, tolerant};

/// How often each character may be looked at.
const LOOKS: usize = 16;
/// How many objects within a damaged answer are tried one by one.
const MOST_TRIED: usize = 4_096;

/// An answer before its decisions are understood.
#[derive(Debug, Default)]
pub(super) struct Answer {
    document: Option<Object>,
    pub(super) decisions: Vec<Value>,
    /// What stood before them, where that was no JSON.
    prose: String,
}

/// Why there is nothing to understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unusable {
    /// The answer has no text.
    Empty,
    /// There is no JSON in it.
    Unreadable,
    /// There is JSON in it, but no decision.
    NoDecisions,
    /// No decision could be used.
    NothingLeft,
}

impl Unusable {
    pub(super) const fn kind(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Unreadable => "unreadable",
            Self::NoDecisions | Self::NothingLeft => "no_decisions",
        }
    }

    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::Empty => "the answer is empty",
            Self::Unreadable => "the answer holds no JSON with decisions",
            Self::NoDecisions => "the JSON of the answer holds no list `decisions`",
            Self::NothingLeft => "none of the decisions could be used",
        }
    }
}

impl Answer {
    fn of(shape: Shape, prose: &str) -> Self {
        let prose = prose.trim().chars().take(LONGEST_TEXT).collect();
        Self { document: shape.document, decisions: shape.decisions, prose }
    }

    /// What stands beside the decisions under one of these keys.
    pub(super) fn member(&self, keys: &[&str]) -> Option<&Value> {
        self.document.as_ref().and_then(|it| it.get(keys))
    }

    /// See `member`; empty where there is nothing.
    pub(super) fn words(&self, keys: &[&str]) -> String {
        self.member(keys).map_or_else(String::new, |it| it.words(LONGEST_TEXT))
    }

    /// How the model came to it: its own field, else what it said before the JSON.
    pub(super) fn thought(&self) -> String {
        let own = self.words(&fields::THOUGHT);
        if own.is_empty() { self.prose.clone() } else { own }
    }
}

/// Finds the decisions; the trail says how.
pub(super) fn find(text: &str, trail: &mut Vec<String>) -> Result<Answer, Unusable> {
    let raw = text.trim_matches(|it: char| it.is_whitespace() || it == '\u{feff}');
    if raw.is_empty() {
        return Err(Unusable::Empty);
    }
    if let Some(value) = Value::strict(raw) {
        trail.push("strict".to_owned());
        let is_json = matches!(value, Value::Object(_) | Value::List(_));
        let unusable = if is_json { Unusable::NoDecisions } else { Unusable::Unreadable };
        return shape::decisions_in(&value).map(|it| Answer::of(it, "")).ok_or(unusable);
    }
    let answer = match text::without_thinking(raw) {
        Some(rest) => {
            trail.push("thinking_removed".to_owned());
            repaired(&rest, trail)
        }
        None => repaired(raw, trail),
    };
    answer.ok_or(Unusable::Unreadable)
}

/// The last fenced block with decisions, else the text as a whole, else a block that says that
/// there are none.
fn repaired(text: &str, trail: &mut Vec<String>) -> Option<Answer> {
    let mut fuel = text.len().saturating_mul(LOOKS) + LOOKS;
    let mut none_wished = None;
    for block in text::fenced_blocks(text).into_iter().rev() {
        let mut steps = vec!["fenced_block".to_owned()];
        match block_of(block, &mut fuel, &mut steps) {
            Some(answer) if !answer.decisions.is_empty() => {
                trail.append(&mut steps);
                return Some(answer);
            }
            Some(answer) => drop(none_wished.get_or_insert((answer, steps))),
            None => {}
        }
    }
    let mut steps = Vec::new();
    let whole = scan(text, &mut fuel, &mut steps);
    let (answer, mut steps) = match whole {
        Some(answer) if !answer.decisions.is_empty() => (answer, steps),
        whole => none_wished.or(whole.map(|it| (it, steps)))?,
    };
    trail.append(&mut steps);
    Some(answer)
}

fn block_of(block: &str, fuel: &mut usize, steps: &mut Vec<String>) -> Option<Answer> {
    if let Some(value) = Value::strict(block) {
        return shape::decisions_in(&value).map(|it| Answer::of(it, ""));
    }
    scan(block, fuel, steps)
}

/// Reads every value that stands in a text. A document with decisions wins, the last one of
/// several; otherwise all decisions that stand alone are taken together.
fn scan(text: &str, fuel: &mut usize, steps: &mut Vec<String>) -> Option<Answer> {
    let mut scanned = Scanned::default();
    let mut at = 0;
    while let Some(start) = next_value(text, at).filter(|_| *fuel > 0) {
        let found = tolerant::read(text, start, fuel);
        let (damaged, end) = (found.damaged, found.end.max(after(text, start)));
        let shape = shape::decisions_in(&found.value)
            .map(|shape| if damaged { rescued(shape, text, (start, end)) } else { shape });
        at = match shape {
            Some(shape) => {
                scanned.take(shape, (start, damaged));
                end
            }
            // Something else, or prose with a brace: what it holds may still be an answer.
            None if damaged => after(text, start),
            None => end,
        };
    }
    scanned.answer(text, steps)
}

fn next_value(text: &str, from: usize) -> Option<usize> {
    let begins = |it: char| tolerant::opens_object(it) || tolerant::opens_list(it);
    text[from..].find(begins).map(|at| from + at)
}

/// Past the character at `at`.
fn after(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

/// What was found in a text so far, each with where it began and whether it was damaged.
#[derive(Default)]
struct Scanned {
    document: Option<(Shape, (usize, bool))>,
    alone: Option<(Shape, (usize, bool))>,
}

impl Scanned {
    fn take(&mut self, shape: Shape, place: (usize, bool)) {
        if shape.document.is_some() {
            let better = self.document.as_ref().is_none_or(|_| !shape.decisions.is_empty());
            if better {
                self.document = Some((shape, place));
            }
        } else if let Some((alone, (_, damaged))) = &mut self.alone {
            alone.decisions.extend(shape.decisions);
            *damaged |= place.1;
        } else {
            self.alone = Some((shape, place));
        }
    }

    fn answer(self, text: &str, steps: &mut Vec<String>) -> Option<Answer> {
        let document = match (self.document, self.alone) {
            (Some((shape, _)), Some(alone)) if shape.decisions.is_empty() => Some(alone),
            (document, alone) => document.or(alone),
        };
        let (shape, (start, damaged)) = document?;
        steps.push("repaired".to_owned());
        if damaged {
            steps.push("damaged".to_owned());
        }
        Some(Answer::of(shape, &text[..start]))
    }
}

/// Decisions of a damaged answer: those that are right JSON by themselves come first, whatever
/// reading the whole made of them, and of the others those that are apart from these.
fn rescued(mut shape: Shape, text: &str, (start, end): (usize, usize)) -> Shape {
    let safe = |it: &Object| it.whole && !it.doubtful && !it.repeats(&fields::SYMBOL);
    let overlaps = |a: (usize, usize), b: (usize, usize)| a.0 < b.1 && b.0 < a.1;
    let kept: Vec<(usize, usize)> =
        shape.decisions.iter().filter_map(object).filter(|it| safe(it)).map(|it| it.span).collect();
    let mut strict = right_decisions(text, (start, end));
    strict.retain(|it| !kept.iter().any(|span| overlaps(*span, span_of(it))));
    shape.decisions.retain(|it| {
        object(it).is_none_or(safe) || !strict.iter().any(|s| overlaps(span_of(s), span_of(it)))
    });
    shape.decisions.append(&mut strict);
    shape.decisions.sort_by_key(|it| span_of(it).0);
    shape
}

fn object(value: &Value) -> Option<&Object> {
    if let Value::Object(object) = value { Some(object) } else { None }
}

fn span_of(value: &Value) -> (usize, usize) {
    object(value).map_or((usize::MAX, usize::MAX), |it| it.span)
}

/// Every decision within a part of a text that is right JSON by itself.
fn right_decisions(text: &str, (start, end): (usize, usize)) -> Vec<Value> {
    let mut found = Vec::new();
    let mut past = start;
    for (at, _) in text[start..end].match_indices('{').take(MOST_TRIED) {
        let at = start + at;
        if at < past {
            continue;
        }
        let json = serde_json::Deserializer::from_str(&text[at..end]);
        let mut values = json.into_iter::<serde_json::Value>();
        if let Some(Ok(json)) = values.next() {
            let span = (at, at + values.byte_offset());
            let value = Value::of(json, span);
            if shape::is_decision(&value) {
                past = span.1;
                found.push(value);
            }
        }
    }
    found
}
