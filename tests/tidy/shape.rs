//! Rules on the shape of one Rust file: header, length, width, length of functions. Limits come
//! from the caller.

use crate::tidy::code::{item_end, line_of, mask, tokens};

/// A Rust file begins with a `//!` header that says what it is for.
pub(crate) fn check_header(path: &str, text: &str) -> Vec<String> {
    let first = text.lines().next().unwrap_or_default();
    let header = first.strip_prefix("//!").is_some_and(|words| !words.trim().is_empty());
    if header { Vec::new() } else { vec![format!("{path}:1: no `//!` header on the first line")] }
}

/// A file holds at most `limit` lines.
pub(crate) fn check_file_length(path: &str, text: &str, limit: usize) -> Vec<String> {
    let lines = text.lines().count();
    if lines <= limit {
        return Vec::new();
    }
    vec![format!("{path}:{}: {lines} lines, at most {limit}; split it by idea", limit + 1)]
}

/// A line is at most `limit` characters wide.
pub(crate) fn check_line_width(path: &str, text: &str, limit: usize) -> Vec<String> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line.chars().count()))
        .filter(|(_, width)| *width > limit)
        .map(|(line, width)| format!("{path}:{line}: {width} characters wide, at most {limit}"))
        .collect()
}

/// A function spans at most `limit` lines, from `fn` to its closing brace.
pub(crate) fn check_function_length(path: &str, text: &str, limit: usize) -> Vec<String> {
    let code = mask(text);
    tokens(&code)
        .windows(2)
        .filter(|pair| pair[0].text == "fn" && pair[1].text != "(")
        .filter_map(|pair| {
            let lines = code[pair[0].at..item_end(&code, pair[0].at)].lines().count();
            (lines > limit).then(|| {
                let line = line_of(&code, pair[0].at);
                let name = pair[1].text;
                format!("{path}:{line}: function `{name}` has {lines} lines, at most {limit}")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_asked_for() {
        assert!(check_header("a.rs", "//! Orders.\nfn f() {}\n").is_empty());
        assert_eq!(
            check_header("a.rs", "// Orders.\n"),
            ["a.rs:1: no `//!` header on the first line"]
        );
        assert_eq!(check_header("a.rs", "//!\n").len(), 1);
        assert_eq!(check_header("a.rs", "").len(), 1);
    }

    #[test]
    fn a_long_file_is_named() {
        assert!(check_file_length("a.rs", "a\nb\n", 2).is_empty());
        assert_eq!(
            check_file_length("a.rs", "a\nb\nc\n", 2),
            ["a.rs:3: 3 lines, at most 2; split it by idea"]
        );
    }

    #[test]
    fn width_counts_characters() {
        assert!(check_line_width("a.rs", "éé\n", 2).is_empty());
        assert_eq!(
            check_line_width("a.rs", "a\nabc\n", 2),
            ["a.rs:2: 3 characters wide, at most 2"]
        );
    }

    #[test]
    fn a_long_function_is_named_with_its_line() {
        let text =
            "//! x\nimpl A {\n    pub fn f(\n        a: [u8; 2],\n    ) {\n        a\n    }\n}\n";
        assert!(check_function_length("a.rs", text, 5).is_empty());
        assert_eq!(
            check_function_length("a.rs", text, 4),
            ["a.rs:3: function `f` has 5 lines, at most 4"]
        );
    }

    #[test]
    fn braces_in_literals_and_comments_do_not_count() {
        let text = "fn f<'a>() {\n    g(\"}\", '}', r#\"}\"#); // }\n    /* } */\n}\nfn g() {}\n";
        assert_eq!(check_function_length("a.rs", text, 3).len(), 1);
        assert!(check_function_length("a.rs", text, 4).is_empty());
    }

    #[test]
    fn modules_macros_and_declarations_are_no_functions() {
        let text = "macro_rules! m {\n    () => {\n        1\n    };\n}\nmod tests {\n\n\n}\n\
                    trait T {\n    fn f(&self);\n    fn g(&self);\n}\ntype F = fn(u8);\n\n\n\n";
        assert!(check_function_length("a.rs", text, 2).is_empty());
    }
}
