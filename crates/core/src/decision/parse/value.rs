//! JSON as an answer holds it: texts of numbers are kept, and each object knows where it stood and
//! whether it was closed.
//!
//! Knows nothing of what keys mean.

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
    /// Whether where one of its texts ends had to be guessed.
    pub(super) doubtful: bool,
}

impl Object {
    /// The member whose key has one of these plain forms; where there are several, the last, as
    /// every JSON reader does.
    pub(super) fn get(&self, keys: &[&str]) -> Option<&Value> {
        self.members.iter().rev().find(|(key, _)| is_one_of(key, keys)).map(|(_, value)| value)
    }

    /// Says whether a key of one of these forms stands here more than once.
    pub(super) fn repeats(&self, keys: &[&str]) -> bool {
        self.members.iter().filter(|(key, _)| is_one_of(key, keys)).count() > 1
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
        serde_json::from_str(text).ok().map(|it| Self::of(it, (0, text.len())))
    }

    /// Takes a value over from JSON that was right and stood there.
    pub(super) fn of(json: serde_json::Value, span: (usize, usize)) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Flag(flag),
            serde_json::Value::Number(number) => Self::Number(number.to_string()),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(values) => {
                Self::List(values.into_iter().map(|it| Self::of(it, span)).collect())
            }
            serde_json::Value::Object(map) => {
                let members = map.into_iter().map(|(key, it)| (key, Self::of(it, span))).collect();
                Self::Object(Object { members, span, whole: true, doubtful: false })
            }
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
