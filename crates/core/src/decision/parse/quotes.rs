//! Which quotes delimit a text, and where a text ends that has quotes within.
//!
//! A quote ends a text only when what follows it can follow a text. Knows nothing of values.

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is a key of an object.
    Key,
    /// It is the value of a key.
    Member,
    /// It stands in a list.
    Element,
}

/// How far a key may be looked for.
const LONGEST_KEY: usize = 64;

const DOUBLE: [char; 6] = ['"', '“', '”', '„', '‟', '＂'];
const SINGLE: [char; 3] = ['\'', '‘', '’'];

pub(super) fn opens(it: char) -> bool {
    DOUBLE.contains(&it) || SINGLE.contains(&it)
}

/// Says whether `it` may close what `opened` opened. A value in plain quotes is closed by those
/// alone, so that other quotes within stay what they are.
pub(super) fn closes(opened: char, it: char, place: Place) -> bool {
    match opened {
        '"' if place != Place::Key => it == '"',
        _ if DOUBLE.contains(&opened) => DOUBLE.contains(&it),
        _ => SINGLE.contains(&it),
    }
}

/// Says whether a text ends before `rest`. `fuel` is how many characters may be looked at.
pub(super) fn ends_text(rest: &str, place: Place, fuel: &mut usize) -> bool {
    let (blanks, after) = skip_blanks(rest, fuel);
    let Some(next) = after.chars().next() else { return true };
    let beyond = &after[next.len_utf8()..];
    match (next, place) {
        (':' | '：' | '=', _) => place != Place::Member,
        (_, Place::Key) => false,
        ('}' | '｝' | ']' | '］', _) => true,
        ('/', _) => beyond.starts_with(['/', '*']),
        ('#', _) => true,
        (',' | '，', Place::Element) => true,
        (',' | '，', Place::Member) => key_ahead(beyond, fuel),
        (_, Place::Member) if blanks.contains('\n') => opens(next) && key_ahead(after, fuel),
        (_, Place::Element) => blanks.contains('\n') && opens(next),
        _ => false,
    }
}

/// Says whether what may follow a comma in an object comes next: a key, another comma, or an end.
fn key_ahead(rest: &str, fuel: &mut usize) -> bool {
    let (_, after) = skip_blanks(rest, fuel);
    let Some(next) = after.chars().next() else { return true };
    match next {
        '}' | '｝' | ']' | '］' | '{' | '｛' | ',' | '，' | '/' | '#' => true,
        _ if opens(next) => quoted_key(&after[next.len_utf8()..], next, fuel),
        _ => bare_key(after, fuel),
    }
}

fn quoted_key(rest: &str, opened: char, fuel: &mut usize) -> bool {
    let is_end = |it: &(usize, char)| closes(opened, it.1, Place::Key);
    let Some((at, quote)) = rest.char_indices().take(LONGEST_KEY).find(is_end) else {
        return false;
    };
    at > 0 && is_colon(&rest[at + quote.len_utf8()..], fuel)
}

fn bare_key(rest: &str, fuel: &mut usize) -> bool {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    let length: usize =
        rest.chars().take(LONGEST_KEY).take_while(|it| is_part(*it)).map(char::len_utf8).sum();
    length > 0 && !rest.starts_with(|it: char| it.is_numeric()) && is_colon(&rest[length..], fuel)
}

fn is_colon(rest: &str, fuel: &mut usize) -> bool {
    skip_blanks(rest, fuel).1.starts_with([':', '：'])
}

/// Splits the blanks off that stand first.
fn skip_blanks<'a>(rest: &'a str, fuel: &mut usize) -> (&'a str, &'a str) {
    let after = rest.trim_start();
    let blanks = rest.len() - after.len();
    *fuel = fuel.saturating_sub(blanks + 1);
    rest.split_at(blanks)
}

/// Says whether a text with quotes within may have swallowed what followed it: there is a brace, or
/// what parts keys from values or members from each other.
pub(super) fn may_swallow(text: &str) -> bool {
    let parts = |after: &str| after.trim_start().starts_with('"');
    text.contains(['{', '}', '[', ']', '｛', '｝'])
        || text.contains("\":")
        || text.match_indices(',').any(|(at, _)| parts(&text[at + 1..]))
}
