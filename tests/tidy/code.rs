//! Reads Rust source just far enough for the rules: blanks comments and literals, cuts out test
//! code, splits into tokens and collects paths. It knows no rule and judges nothing.

/// `text` with comments, strings and character literals blanked, so that what is left is code.
/// Length and line breaks stay, so an offset here is an offset in `text`.
pub(crate) fn mask(text: &str) -> String {
    let mut code = text.as_bytes().to_vec();
    let mut at = 0;
    while at < code.len() {
        let opaque = opaque_length(&text.as_bytes()[at..]);
        blank(&mut code[at..at + opaque]);
        at += opaque.max(1);
    }
    String::from_utf8(code).expect("whole literals are replaced, never a part of a character")
}

/// `code` (masked) without the items behind `#[cfg(test)]`.
pub(crate) fn without_tests(code: &str) -> String {
    const ATTRIBUTE: &str = "#[cfg(test)]";
    let mut kept = code.as_bytes().to_vec();
    let mut at = 0;
    while let Some(found) = code[at..].find(ATTRIBUTE) {
        let start = at + found;
        at = item_end(code, start + ATTRIBUTE.len());
        blank(&mut kept[start..at]);
    }
    String::from_utf8(kept).expect("an item ends at an ASCII character")
}

/// Where the item that begins at `from` ends in `code` (masked): behind its own brace or
/// semicolon, or before the bracket that closes what it stands in.
pub(crate) fn item_end(code: &str, from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return at,
            b')' | b']' => depth -= 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

/// The line, counted from 1, of the byte offset `at`.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].bytes().filter(|byte| *byte == b'\n').count()
}

/// A word, a `::`, or one character of punctuation, with its byte offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// The tokens of `code` (masked).
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = code[at..].chars().next() {
        let rest = &code[at..];
        let length = if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        if !first.is_whitespace() {
            found.push(Token { text: &rest[..length], at });
        }
        at += length;
    }
    found
}

/// A path such as `crate::orders::Order`; a name that stands alone is a path of one segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CodePath<'a> {
    pub(crate) segments: Vec<&'a str>,
    pub(crate) at: usize,
}

/// Every path in `code` (masked), with the trees of `use` expanded to one path per leaf.
pub(crate) fn paths(code: &str) -> Vec<CodePath<'_>> {
    let mut reader = PathReader { tokens: tokens(code), next: 0, found: Vec::new() };
    while let Some(token) = reader.peek() {
        if starts_path(token.text) {
            reader.read(&[]);
        } else {
            reader.next += 1;
        }
    }
    reader.found
}

struct PathReader<'a> {
    tokens: Vec<Token<'a>>,
    next: usize,
    found: Vec<CodePath<'a>>,
}

impl<'a> PathReader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.next).copied()
    }

    fn read(&mut self, prefix: &[&'a str]) {
        let mut segments = prefix.to_vec();
        let mut at = 0;
        while let Some(token) = self.peek() {
            if token.text == "{" && segments.len() > prefix.len() {
                return self.read_tree(&segments);
            }
            if !starts_path(token.text) && token.text != "*" {
                break;
            }
            segments.push(token.text);
            at = token.at;
            self.next += 1;
            if self.peek().is_none_or(|after| after.text != "::") {
                break;
            }
            self.next += 1;
        }
        self.found.push(CodePath { segments, at });
    }

    fn read_tree(&mut self, prefix: &[&'a str]) {
        self.next += 1;
        while let Some(token) = self.peek() {
            match token.text {
                "}" => {
                    self.next += 1;
                    return;
                }
                "as" => self.next += 2,
                text if starts_path(text) || text == "*" => self.read(prefix),
                _ => self.next += 1,
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn starts_path(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn blank(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// The length of the comment or literal that `rest` begins with; 0 when it begins with code.
fn opaque_length(rest: &[u8]) -> usize {
    match rest {
        [b'/', b'/', ..] => rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => block_comment_length(rest),
        [b'"', ..] => string_length(rest),
        [b'\'', ..] => character_length(rest),
        [b'r', b'"' | b'#', ..] => raw_string_length(rest),
        _ => 0,
    }
}

fn block_comment_length(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at + 1 < rest.len() {
        match &rest[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn string_length(rest: &[u8]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// 0 for a lifetime, which also begins with a quote.
fn character_length(rest: &[u8]) -> usize {
    let content = match rest.get(1) {
        None => return 0,
        Some(b'\\') => {
            return rest.iter().skip(3).position(|byte| *byte == b'\'').map_or(0, |at| at + 4);
        }
        Some(0x00..=0x7f) => 1,
        Some(0x80..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..) => 4,
    };
    if rest.get(1 + content) == Some(&b'\'') { content + 2 } else { 0 }
}

/// 0 for a raw identifier such as `r#type`.
fn raw_string_length(rest: &[u8]) -> usize {
    let hashes = rest[1..].iter().take_while(|byte| **byte == b'#').count();
    let start = hashes + 2;
    if rest.get(start - 1) != Some(&b'"') {
        return 0;
    }
    let mut closing = vec![b'#'; hashes + 1];
    closing[0] = b'"';
    rest[start..]
        .windows(closing.len())
        .position(|window| window == closing)
        .map_or(rest.len(), |at| start + at + closing.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(code: &str) -> Vec<String> {
        paths(code).iter().map(|path| path.segments.join("::")).collect()
    }

    #[test]
    fn masking_leaves_code_and_line_breaks() {
        assert_eq!(mask("a // b {\nc"), "a       \nc");
        assert_eq!(mask("a /* b /* c */\n d */ e"), format!("a {}\n{} e", " ".repeat(12), "     "));
        assert_eq!(mask(r#"f("}\"{") + g"#), "f(      ) + g");
        assert_eq!(mask("f(r#\"a\"{\"#) + br\"{\""), "f(        ) + b    ");
        assert_eq!(mask("let r#type = r; r"), "let r#type = r; r");
    }

    #[test]
    fn masking_tells_characters_from_lifetimes() {
        assert_eq!(mask("['{', '\\'', '\\u{7b}', 'é']"), "[   ,     ,         ,     ]");
        assert_eq!(mask("fn f<'a>(x: &'a str) {}"), "fn f<'a>(x: &'a str) {}");
        assert_eq!(mask("b'\"' x"), "b    x");
    }

    #[test]
    fn an_open_literal_at_the_end_is_blanked() {
        assert_eq!(mask("a \"b\\"), "a    ");
        assert_eq!(mask("a /* b"), "a     ");
        assert_eq!(mask("a '"), "a '");
    }

    #[test]
    fn test_items_are_cut_and_what_follows_stays() {
        let code = "a();\n#[cfg(test)]\nmod tests { fn f() { b(); } }\nfn g() {}";
        let kept = without_tests(code);
        assert_eq!(kept.len(), code.len());
        assert!(kept.contains("a();") && kept.contains("fn g() {}") && !kept.contains("b()"));
        assert_eq!(without_tests("#[cfg(test)]\nmod tests;\nx").trim(), "x");
        assert_eq!(without_tests("#[cfg(test)]\nfn f(a: [u8; 2]) { b }\nx").trim(), "x");
    }

    #[test]
    fn paths_are_expanded() {
        assert_eq!(
            joined("use crate::{a::B, c::{self, D as E}, *};")[1..],
            ["crate::a::B", "crate::c::self", "crate::c::D", "crate::*"]
        );
        assert_eq!(joined("x = std::time::Instant::now();"), ["x", "std::time::Instant::now"]);
        assert_eq!(joined("Vec::<u8>::new()"), ["Vec", "u8", "new"]);
        assert_eq!(joined("$crate::a!{b}"), ["crate::a", "b"]);
    }

    #[test]
    fn offsets_and_lines_point_at_the_leaf() {
        let code = "use a::{\n    b,\n    c,\n};";
        let lines: Vec<usize> = paths(code).iter().map(|path| line_of(code, path.at)).collect();
        assert_eq!(lines, [1, 2, 3]);
    }
}
