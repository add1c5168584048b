//! Reads JSON that is not quite right: comments, commas too many or too few, quotes of other
//! kinds, quotes within texts, full-width punctuation, bare words, braces that are missing.
//!
//! Never fails: what cannot be made sense of is passed over, and what had to be guessed is told.
//! Knows nothing of what keys mean.

use rust_decimal::Decimal;

use super::quotes::{self, Place};
use super::value::{Object, Value};

/// How deep values may stand in each other.
const DEEPEST: usize = 64;

/// What was read at a place.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) value: Value,
    /// Past its last byte.
    pub(super) end: usize,
    /// Whether its structure had to be guessed; otherwise only its spelling was unusual.
    pub(super) damaged: bool,
}

/// Reads the value at `start`. `fuel` is how many characters may be looked at; without any left,
/// the text ends.
pub(super) fn read(text: &str, start: usize, fuel: &mut usize) -> Found {
    let mut reader = Reader { text, at: start, fuel: *fuel, ..Reader::default() };
    let value = reader.value();
    *fuel = reader.fuel;
    Found { value, end: reader.at, damaged: reader.damaged }
}

pub(super) const fn opens_object(it: char) -> bool {
    matches!(it, '{' | '｛')
}

pub(super) const fn opens_list(it: char) -> bool {
    matches!(it, '[' | '［')
}

#[derive(Default)]
struct Reader<'a> {
    text: &'a str,
    at: usize,
    fuel: usize,
    depth: usize,
    /// Objects and lists that are open around the place.
    objects: usize,
    lists: usize,
    damaged: bool,
    /// Whether where the latest text ends had to be guessed.
    doubtful: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        if self.fuel == 0 { "" } else { &self.text[self.at..] }
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        self.fuel -= 1;
        Some(next)
    }

    fn skip(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    fn value(&mut self) -> Value {
        self.skip_blanks();
        match self.peek() {
            None | Some(',' | '，' | '}' | '｝' | ']' | '］') => Value::Null,
            Some(it) if self.depth >= DEEPEST && (opens_object(it) || opens_list(it)) => {
                self.damaged = true;
                self.bump();
                Value::Null
            }
            Some(it) if opens_object(it) => self.object(),
            Some(it) if opens_list(it) => self.list(),
            Some(it) if quotes::opens(it) => Value::Text(self.quoted(Place::Member)),
            Some(_) => self.bare_value(),
        }
    }

    fn object(&mut self) -> Value {
        let start = self.at;
        self.bump();
        (self.depth, self.objects) = (self.depth + 1, self.objects + 1);
        let mut object = Object::default();
        while self.next_member(&mut object) {}
        (self.depth, self.objects) = (self.depth - 1, self.objects - 1);
        object.span = (start, self.at);
        Value::Object(object)
    }

    /// Reads one member; returns false at the end of the object.
    fn next_member(&mut self, object: &mut Object) -> bool {
        // Something is missing between two separators, perhaps the end of this and the beginning of
        // another.
        object.doubtful |= self.skip_separators() > 1 || std::mem::take(&mut self.doubtful);
        match self.peek() {
            None => {
                self.damaged = true;
                false
            }
            Some('}' | '｝') => {
                object.whole = true;
                self.bump();
                false
            }
            // The brace of this object is missing: a list around it goes on here.
            Some(']' | '］' | '{' | '｛') if self.lists > 0 => {
                self.damaged = true;
                false
            }
            Some(']' | '］' | '{' | '｛' | '[' | '［') => {
                self.damaged = true;
                object.doubtful = true;
                self.bump();
                true
            }
            Some(_) => {
                self.member(object);
                true
            }
        }
    }

    fn member(&mut self, object: &mut Object) {
        self.doubtful = false;
        let key = match self.peek() {
            Some(it) if quotes::opens(it) => self.quoted(Place::Key),
            _ => self.bare(Place::Key),
        };
        self.skip_blanks();
        if !matches!(self.peek(), Some(':' | '：' | '=')) {
            self.damaged = true;
            object.doubtful = true;
            return;
        }
        self.bump();
        object.doubtful |= std::mem::take(&mut self.doubtful);
        let value = self.value();
        let swallows = std::mem::take(&mut self.doubtful);
        object.push(key, value);
        // All that follows a text which may have swallowed something may belong to a neighbour.
        object.doubtful |= swallows;
        self.damaged |= object.doubtful;
    }

    fn list(&mut self) -> Value {
        self.bump();
        (self.depth, self.lists) = (self.depth + 1, self.lists + 1);
        let mut values = Vec::new();
        while self.next_element(&mut values) {}
        (self.depth, self.lists) = (self.depth - 1, self.lists - 1);
        Value::List(values)
    }

    /// Reads one element; returns false at the end of the list.
    fn next_element(&mut self, values: &mut Vec<Value>) -> bool {
        self.skip_separators();
        match self.peek() {
            None => {
                self.damaged = true;
                false
            }
            Some(']' | '］') => {
                self.bump();
                false
            }
            // The bracket of this list is missing: an object around it ends here.
            Some('}' | '｝') if self.objects > 0 => {
                self.damaged = true;
                false
            }
            Some('}' | '｝' | ':' | '：') => {
                self.damaged = true;
                self.bump();
                true
            }
            Some(it) if quotes::opens(it) => self.text_element(values),
            Some(_) => {
                let value = self.value();
                values.push(value);
                true
            }
        }
    }

    /// A text in a list; one that is followed by a colon is a key, so the bracket is missing.
    fn text_element(&mut self, values: &mut Vec<Value>) -> bool {
        let start = self.at;
        let text = self.quoted(Place::Element);
        self.skip_blanks();
        if self.objects > 0 && matches!(self.peek(), Some(':' | '：')) {
            self.damaged = true;
            self.at = start;
            return false;
        }
        values.push(Value::Text(text));
        true
    }

    fn quoted(&mut self, place: Place) -> String {
        let opened = self.bump().unwrap_or('"');
        let (mut text, mut guessed) = (String::new(), false);
        loop {
            match self.bump() {
                None => {
                    self.damaged = true;
                    break;
                }
                Some('\\') => self.escape(&mut text),
                Some(it) if quotes::closes(opened, it, place) => {
                    if quotes::ends_text(self.rest(), place, &mut self.fuel) {
                        break;
                    }
                    guessed = true;
                    text.push(it);
                }
                Some(it) => text.push(it),
            }
        }
        self.doubtful |= guessed && (place == Place::Key || quotes::may_swallow(&text));
        self.damaged |= guessed;
        text
    }

    fn escape(&mut self, text: &mut String) {
        match self.bump() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r' | 'b' | 'f') => text.push(' '),
            Some('u') => text.push(self.code_point()),
            Some(it) => text.push(it),
            None => {}
        }
    }

    /// Four hexadecimal digits, or twice that for what is beyond them.
    fn code_point(&mut self) -> char {
        let Some(first) = self.four_digits() else { return char::REPLACEMENT_CHARACTER };
        if !(0xD800..0xDC00).contains(&first) || !self.rest().starts_with("\\u") {
            return char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
        }
        self.skip(2);
        let second = self.four_digits().filter(|it| (0xDC00..0xE000).contains(it));
        second
            .and_then(|it| char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (it - 0xDC00)))
            .unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.skip(4);
        Some(code)
    }

    fn bare_value(&mut self) -> Value {
        let word = self.bare(Place::Member);
        match word.to_ascii_lowercase().as_str() {
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            "" | "null" | "none" | "nil" | "nan" | "undefined" => Value::Null,
            _ if is_number(&word) => Value::Number(word),
            _ => Value::Text(word),
        }
    }

    /// A word without quotes, up to what may follow one; consumes at least one character.
    fn bare(&mut self, place: Place) -> String {
        let mut word = String::new();
        while let Some(it) = self.peek() {
            let ends = match it {
                ':' | '：' | '=' => place == Place::Key,
                ',' | '，' => !self.is_grouping(&word),
                '\n' | '{' | '}' | '[' | ']' | '｛' | '｝' | '［' | '］' | '"' | '“' | '”' => {
                    true
                }
                _ => self.begins_comment(),
            };
            if ends {
                break;
            }
            self.bump();
            if !matches!(it, ',' | '，') {
                word.push(it);
            }
        }
        if word.is_empty() {
            self.damaged = true;
            self.bump();
        }
        word.trim().to_owned()
    }

    /// Says whether the comma here groups thousands, as in `64,000`: in an object a key would have
    /// to follow it otherwise.
    fn is_grouping(&self, word: &str) -> bool {
        let digits = |text: &str| text.len() == 3 && text.bytes().all(|it| it.is_ascii_digit());
        let next = self.rest().chars().next().map_or(0, char::len_utf8);
        let after = &self.rest()[next.min(self.rest().len())..];
        self.objects > 0
            && word.starts_with(|it: char| it.is_ascii_digit())
            && word.bytes().all(|it| it.is_ascii_digit())
            && after.get(..3).is_some_and(digits)
            && !after[3..].starts_with(|it: char| it.is_ascii_digit() || it == ':')
    }

    fn begins_comment(&self) -> bool {
        let rest = self.rest();
        rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#')
    }

    fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(it) if it.is_whitespace() || it == '\u{feff}' => drop(self.bump()),
                Some('/' | '#') if self.begins_comment() => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// Passes over a comment. One that holds a brace may be none, unless it leaves out a value.
    fn skip_comment(&mut self) {
        let (start, in_block) = (self.at, self.rest().starts_with("/*"));
        let end = if in_block { "*/" } else { "\n" };
        while self.peek().is_some() && !self.rest().starts_with(end) {
            self.bump();
        }
        let holds_brace = self.text[start..self.at].contains('{');
        let swallows = !in_block && holds_brace && !is_commented_out(self.text, start);
        self.damaged |= swallows;
        self.doubtful |= swallows;
        self.skip(end.len());
    }

    /// Returns how many there were.
    fn skip_separators(&mut self) -> usize {
        let mut count = 0;
        self.skip_blanks();
        while matches!(self.peek(), Some(',' | '，' | ';' | '；')) {
            self.bump();
            self.skip_blanks();
            count += 1;
        }
        count
    }
}

/// Says whether a place stands in a line that is a comment and begins with a value: somebody meant
/// to leave that out.
pub(super) fn is_commented_out(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].trim_start_matches([' ', '\t', '\r']);
    let comment = line.strip_prefix("//").or_else(|| line.strip_prefix('#'));
    comment.is_some_and(|it| it.trim_start().starts_with(['{', '[']))
}

fn is_number(word: &str) -> bool {
    let word = word.strip_prefix('+').unwrap_or(word);
    Decimal::from_str_exact(word).is_ok() || Decimal::from_scientific(word).is_ok()
}
