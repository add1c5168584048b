//! JSON as an answer holds it: texts of numbers are kept, and each object knows where it stood and
//! whether it was closed.
//!
//! Knows nothing of what keys mean.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A value of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Flag(bool),
    /// As it was written.
    Number(String),
    Text(String),
    List(Vec<Self>),
    Object(Object),
}

/// An object of an answer; keys in the order in which they were written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) members: Vec<(String, Value)>,
    /// From its first byte to past its last.
    pub(super) span: (usize, usize),
    /// Whether it was closed by its own brace.
    pub(super) whole: bool,
    /// Whether it may have swallowed parts of a neighbour; those are not among its members.
    pub(super) doubtful: bool,
}

impl Object {
    /// The member whose key has one of these plain forms.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Value> {
        self.members.iter().find(|(key, _)| is_one_of(key, keys)).map(|(_, value)| value)
    }

    /// Says whether it is all there and nothing else is.
    pub(super) fn is_sure(&self) -> bool {
        self.whole && !self.doubtful
    }

    /// Takes a member in. A key that comes again or is made of several, and all that follows it,
    /// may belong to a neighbour.
    pub(super) fn push(&mut self, key: String, value: Value) {
        let joined = key.contains([',', ':', '"', '{', '}', '[', ']', '\n']);
        self.doubtful |= joined || self.get(&[plain(&key).as_str()]).is_some();
        if !self.doubtful {
            self.members.push((key, value));
        }
    }
}

fn is_one_of(key: &str, keys: &[&str]) -> bool {
    keys.contains(&plain(key).as_str())
}

/// A word without case, blanks and marks: `Stop-Loss` and `stopLoss` are `stoploss`.
pub(super) fn plain(word: &str) -> String {
    word.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Value {
    /// Reads JSON that is right; numbers keep as many digits as a double holds.
    pub(super) fn strict(text: &str) -> Option<Self> {
        serde_json::from_str::<Self>(text).ok().map(|it| it.placed((0, text.len())))
    }

    /// The same, where it is an object that stood there.
    pub(super) fn placed(self, span: (usize, usize)) -> Self {
        match self {
            Self::Object(object) => Self::Object(Object { span, ..object }),
            _ => self,
        }
    }

    /// Its words: a text as it is, anything else as JSON; at most `most` characters.
    pub(super) fn words(&self, most: usize) -> String {
        let mut out = String::new();
        match self {
            Self::Text(text) => out.extend(text.trim().chars().take(most)),
            Self::Null => {}
            _ => self.write(&mut out, most),
        }
        shortened(&out, most)
    }

    /// Writes it as JSON until there are more than `most` bytes.
    fn write(&self, out: &mut String, most: usize) {
        match self {
            _ if out.len() > most => {}
            Self::Null => out.push_str("null"),
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Number(number) => out.push_str(number),
            Self::Text(text) => {
                let start: String = text.chars().take(most).collect();
                out.push_str(&serde_json::Value::String(start).to_string());
            }
            Self::List(values) => {
                out.push('[');
                write_each(values, out, |value, out| value.write(out, most));
                out.push(']');
            }
            Self::Object(object) => {
                out.push('{');
                write_each(&object.members, out, |(key, value), out| {
                    out.push_str(&serde_json::Value::String(key.clone()).to_string());
                    out.push(':');
                    value.write(out, most);
                });
                out.push('}');
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(Reader)
    }
}

/// Takes JSON in as it stands, repeated keys included: a map would lose all but the last.
struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = source.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut source: A) -> Result<Value, A::Error> {
        let mut object = Object { whole: true, ..Object::default() };
        while let Some((key, value)) = source.next_entry::<String, Value>()? {
            object.push(key, value);
        }
        Ok(Value::Object(object))
    }
}

fn write_each<T>(items: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
}

/// The first characters of a text, with a mark where something was left out.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let mut start: String = text.chars().take(most).collect();
    if start.len() < text.len() {
        start.push('…');
    }
    start
}
