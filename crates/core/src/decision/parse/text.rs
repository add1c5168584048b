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
/// not be taken for its answer, so thinking that does not end takes the rest with it.
pub(super) fn without_thinking(text: &str) -> Option<String> {
    // Same length in bytes, so that places agree.
    let lower = text.to_ascii_lowercase();
    let (mut out, mut at, mut found) = (String::new(), 0, false);
    while let Some(tag) = next_tag(&lower, at) {
        let before = &text[at..tag.start];
        match tag.close.map(|close| end_of(&lower, tag.end, close)) {
            Some(Some(end)) => {
                out.push_str(before);
                at = end;
            }
            // Within an answer this is only a word.
            Some(None) if out.contains('{') || before.contains('{') => break,
            Some(None) => {
                out.push_str(before);
                at = text.len();
            }
            // Thinking whose beginning was not sent.
            None if !found => at = tag.end,
            None => {
                out.push_str(&text[at..tag.end]);
                at = tag.end;
            }
        }
        found = true;
    }
    out.push_str(&text[at..]);
    found.then_some(out)
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

/// The insides of fenced blocks, in order; the last may lack its end.
pub(super) fn fenced_blocks(text: &str) -> Vec<&str> {
    text.split("```").skip(1).step_by(2).map(without_info).collect()
}

/// A block without the word that names its language.
fn without_info(block: &str) -> &str {
    let inside = block.trim_start();
    let word = inside.find(|it: char| !it.is_alphanumeric()).unwrap_or(inside.len());
    inside[word..].trim()
}
