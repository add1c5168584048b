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
    /// What it took to find them.
    steps: Vec<&'static str>,
    /// Whether the structure of the JSON had to be guessed.
    damaged: bool,
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
    fn strict(shape: Shape) -> Self {
        Self { document: shape.document, decisions: shape.decisions, ..Self::default() }
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
        return shape::decisions_in(&value).map(Answer::strict).ok_or(unusable);
    }
    let answer = match text::without_thinking(raw) {
        Some(rest) => {
            trail.push("thinking_removed".to_owned());
            repaired(&rest)
        }
        None => repaired(raw),
    };
    let answer = answer.ok_or(Unusable::Unreadable)?;
    trail.extend(answer.steps.iter().map(|it| (*it).to_owned()));
    Ok(answer)
}

/// The last fenced block with decisions, unless it is damaged and the text as a whole holds as
/// many; else the text as a whole, else a block that says that there are none.
fn repaired(text: &str) -> Option<Answer> {
    let mut fuel = text.len().saturating_mul(LOOKS) + LOOKS;
    let block = fenced(text, &mut fuel);
    let holds = |it: &Option<Answer>| {
        it.iter().flat_map(|it| &it.decisions).filter_map(object).filter(|it| it.is_sure()).count()
    };
    if block.as_ref().is_some_and(|it| !it.damaged && !it.decisions.is_empty()) {
        return block;
    }
    let whole = scan(text, &mut fuel);
    if holds(&whole) > 0 && holds(&whole) >= holds(&block) { whole } else { block.or(whole) }
}

fn fenced(text: &str, fuel: &mut usize) -> Option<Answer> {
    let mut none_wished = None;
    // Marks within an answer that begins as JSON are no fences.
    let blocks = if text::begins_as_json(text) { Vec::new() } else { text::fenced_blocks(text) };
    for block in blocks.into_iter().rev() {
        let strict = Value::strict(block).and_then(|it| shape::decisions_in(&it));
        let answer = strict.map(Answer::strict).or_else(|| scan(block, fuel));
        let Some(mut answer) = answer else { continue };
        answer.steps.insert(0, "fenced_block");
        if !answer.decisions.is_empty() {
            return Some(answer);
        }
        none_wished = none_wished.or(Some(answer));
    }
    none_wished
}

/// Reads every value that stands in a text. A document with decisions wins, the last one of
/// several; otherwise all decisions that stand alone are taken together.
fn scan(text: &str, fuel: &mut usize) -> Option<Answer> {
    let mut scanned = Scanned::default();
    let mut at = 0;
    while let Some(start) = next_value(text, at).filter(|_| *fuel > 0) {
        let found = tolerant::read(text, start, fuel);
        let end = found.end.max(after(text, start));
        // What goes on behind its end has ended too early; then all that follows is in doubt.
        let goes_on = text[end..].trim_start().starts_with([',', ']', '}']);
        let damaged = found.damaged || goes_on || scanned.is_damaged();
        at = match shape::decisions_in(&found.value) {
            Some(shape) => {
                let shape = if damaged { rescued(shape, text, (start, end)) } else { shape };
                scanned.take(Place { shape, start, damaged });
                end
            }
            // Something else, or prose with a brace: what it holds may still be an answer.
            None if damaged => after(text, start),
            None => end,
        };
    }
    scanned.answer(text)
}

fn next_value(text: &str, from: usize) -> Option<usize> {
    let begins = |it: char| tolerant::opens_object(it) || tolerant::opens_list(it);
    text[from..].find(begins).map(|at| from + at)
}

/// Past the character at `at`.
fn after(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

/// Decisions, where they began, and whether their structure had to be guessed.
#[derive(Default)]
struct Place {
    shape: Shape,
    start: usize,
    damaged: bool,
}

/// What was found in a text so far.
#[derive(Default)]
struct Scanned {
    document: Option<Place>,
    alone: Option<Place>,
}

impl Scanned {
    fn is_damaged(&self) -> bool {
        self.document.iter().chain(&self.alone).any(|it| it.damaged)
    }

    fn take(&mut self, place: Place) {
        if place.shape.document.is_some() {
            if self.document.is_none() || !place.shape.decisions.is_empty() {
                self.document = Some(place);
            }
        } else if let Some(alone) = &mut self.alone {
            alone.shape.decisions.extend(place.shape.decisions);
            alone.damaged |= place.damaged;
        } else {
            self.alone = Some(place);
        }
    }

    fn answer(self, text: &str) -> Option<Answer> {
        let place = match (self.document, self.alone) {
            (Some(document), Some(alone)) if document.damaged => document.with(alone),
            (Some(document), Some(alone)) if document.shape.decisions.is_empty() => alone,
            (document, alone) => document.or(alone)?,
        };
        let prose = text[..place.start].split("```").next().unwrap_or_default();
        let prose = prose.trim().chars().take(LONGEST_TEXT).collect();
        let steps = if place.damaged { vec!["repaired", "damaged"] } else { vec!["repaired"] };
        let (document, decisions) = (place.shape.document, place.shape.decisions);
        Some(Answer { document, decisions, prose, steps, damaged: place.damaged })
    }
}

impl Place {
    /// A document that seems to end too early, with what stands alone behind its beginning.
    fn with(mut self, alone: Self) -> Self {
        let behind = alone.shape.decisions.into_iter().filter(|it| span_of(it).0 > self.start);
        self.shape.decisions.extend(behind);
        self
    }
}

/// Decisions of a damaged answer: those that are right JSON by themselves, whatever reading the
/// whole made of them, and of the others those that are sure or apart from these. Of one that
/// holds another both are kept: it may have swallowed its neighbour.
fn rescued(mut shape: Shape, text: &str, (start, end): (usize, usize)) -> Shape {
    let mut strict = right_decisions(text, (start, end));
    let overlaps = |a: (usize, usize), b: (usize, usize)| a.0 < b.1 && b.0 < a.1;
    shape.decisions.retain(|it| {
        let span = span_of(it);
        let same = strict.iter().any(|other| span_of(other) == span);
        let apart = !strict.iter().any(|other| overlaps(span_of(other), span));
        !same && (object(it).is_none_or(Object::is_sure) || apart)
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
    for (at, _) in text[start..end].match_indices('{').take(MOST_TRIED) {
        let at = start + at;
        if tolerant::is_commented_out(text, at) {
            continue;
        }
        let json = serde_json::Deserializer::from_str(&text[at..end]);
        let mut values = json.into_iter::<Value>();
        if let Some(Ok(value)) = values.next() {
            let value = value.placed((at, at + values.byte_offset()));
            found.extend(Some(value).filter(shape::is_decision));
        }
    }
    found
}
