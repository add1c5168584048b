//! What stands around JSON in an answer: thinking, fences, prose.
//!
//! Knows nothing of JSON.

/// Tags between which some models think aloud.
const THINKING: [(&str, &str); 4] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
];

/// The text without thinking; `None` where there is none. What a model thinks is a draft that must
/// not be taken for its answer, so thinking that does not end takes the rest with it. Once the
/// answer has begun, a tag is only a word of it.
pub(super) fn without_thinking(text: &str) -> Option<String> {
    // Same length in bytes, so that places agree.
    let lower = text.to_ascii_lowercase();
    let (mut out, mut at, mut found) = (String::new(), 0, false);
    while let Some(tag) = next_tag(&lower, at) {
        let before = &text[at..tag.start];
        match tag.close {
            Some(_) if has_begun(&out) || has_begun(before) => break,
            Some(close) => {
                out.push_str(before);
                at = end_of(&lower, tag.end, close).unwrap_or(text.len());
            }
            // Thinking whose beginning was not sent.
            None if !found && ends_thinking(text, &tag) => at = tag.end,
            None => break,
        }
        found = true;
    }
    out.push_str(&text[at..]);
    found.then_some(out)
}

/// Says whether a tag without a beginning ends thinking: nothing before it looks like an answer, or
/// it has a line of its own and an answer follows.
fn ends_thinking(text: &str, tag: &Tag) -> bool {
    let (before, after) = (&text[..tag.start], &text[tag.end..]);
    let own_line = before.ends_with('\n') && after.starts_with(['\n', '\r']);
    !has_begun(before) || own_line && after.contains('{')
}

/// Says whether an answer may have begun in a text.
fn has_begun(text: &str) -> bool {
    text.contains(['{', '[']) || text.contains(FENCE)
}

/// Says whether a text begins as JSON does.
pub(super) fn begins_as_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[', '｛', '［'])
}

struct Tag {
    start: usize,
    end: usize,
    /// What ends it; `None` for a tag that ends one.
    close: Option<&'static str>,
}

fn next_tag(lower: &str, from: usize) -> Option<Tag> {
    lower[from..].match_indices('<').find_map(|(at, _)| {
        let start = from + at;
        THINKING.iter().find_map(|(open, close)| {
            let is = |tag: &str| lower[start..].starts_with(tag);
            if is(open) {
                return Some(Tag { start, end: start + open.len(), close: Some(close) });
            }
            is(close).then(|| Tag { start, end: start + close.len(), close: None })
        })
    })
}

/// Past the tag that ends what began before `from`.
fn end_of(lower: &str, from: usize, close: &str) -> Option<usize> {
    lower[from..].find(close).map(|at| from + at + close.len())
}

/// The insides of fenced blocks, in order. A fence begins at the beginning of a line and ends at
/// that of another, else at the last mark there is, else with the text.
pub(super) fn fenced_blocks(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some(start) = fence_at_line(rest) {
        let inside = &rest[start + FENCE.len()..];
        let end = fence_at_line(inside).filter(|end| *end > 0).or_else(|| inside.rfind(FENCE));
        blocks.push(without_info(&inside[..end.unwrap_or(inside.len())]));
        rest = end.map_or("", |end| &inside[end + FENCE.len()..]);
    }
    blocks
}

const FENCE: &str = "```";

/// Where a fence begins a line; the rest of a line that was begun does not count.
fn fence_at_line(text: &str) -> Option<usize> {
    let begins_line = |at: &usize| *at == 0 || text[..*at].ends_with('\n');
    text.match_indices(FENCE).map(|(at, _)| at).find(begins_line)
}

/// A block without the word that names its language.
fn without_info(block: &str) -> &str {
    let inside = block.trim_start();
    let word = inside.find(|it: char| !it.is_alphanumeric()).unwrap_or(inside.len());
    inside[word..].trim()
}
