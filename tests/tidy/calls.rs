//! Rules on what Rust code calls: the wall clock and unseeded randomness, `unwrap`, and what
//! unfinished work leaves behind. The lists of names and places come from the caller.

use crate::tidy::code::{CodePath, line_of, mask, paths, tokens, without_tests};

/// Time and randomness are handed in: `calls` are made in `allowed` places (path prefixes) alone.
/// tokio's `Instant` follows simulated time, so that code in `src/` may read it.
pub(crate) fn check_determinism(
    path: &str,
    text: &str,
    calls: &[&str],
    allowed: &[&str],
) -> Vec<String> {
    if allowed.iter().any(|place| path.starts_with(place)) {
        return Vec::new();
    }
    let code = mask(text);
    let found = paths(&code);
    let tokio_clock = path.starts_with("src/") && imports_only_tokio_instant(&found);
    found
        .iter()
        .filter(|used| !(path.starts_with("src/") && is_tokio_now(used, tokio_clock)))
        .filter_map(|used| {
            let call = calls.iter().find(|call| ends_with(used, call))?;
            let line = line_of(text, used.at);
            Some(format!("{path}:{line}: `{call}`: time and randomness are handed in"))
        })
        .collect()
}

fn ends_with(used: &CodePath<'_>, call: &str) -> bool {
    let call: Vec<&str> = call.split("::").collect();
    used.segments.ends_with(&call)
}

fn imports_only_tokio_instant(found: &[CodePath<'_>]) -> bool {
    let imports = |segments: &[&str]| found.iter().any(|used| used.segments == segments);
    imports(&["tokio", "time", "Instant"]) && !imports(&["std", "time", "Instant"])
}

fn is_tokio_now(used: &CodePath<'_>, tokio_clock: bool) -> bool {
    used.segments == ["tokio", "time", "Instant", "now"]
        || (tokio_clock && used.segments == ["Instant", "now"])
}

/// `.unwrap()` is for tests; elsewhere `expect` says why it cannot fail, or the error is returned.
pub(crate) fn check_unwrap(path: &str, text: &str) -> Vec<String> {
    let is_test = path.split('/').any(|part| ["tests", "benches", "tests.rs"].contains(&part));
    if is_test {
        return Vec::new();
    }
    let code = without_tests(&mask(text));
    lines_with(&code, &[".", "unwrap", "(", ")"])
        .map(|line| format!("{path}:{line}: `.unwrap()` outside tests"))
        .collect()
}

/// No marks of unfinished work, no debug prints, no test that is skipped.
pub(crate) fn check_leftovers(path: &str, text: &str) -> Vec<String> {
    const LEFTOVERS: [&[&str]; 4] = [
        &["todo", "!", "("],
        &["unimplemented", "!", "("],
        &["dbg", "!", "("],
        &["#", "[", "ignore"],
    ];
    let code = mask(text);
    LEFTOVERS
        .iter()
        .flat_map(|leftover| {
            lines_with(&code, leftover)
                .map(|line| format!("{path}:{line}: `{}` is unfinished work", leftover.concat()))
        })
        .collect()
}

fn lines_with<'a>(code: &'a str, sequence: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let tokens = tokens(code);
    let starts: Vec<usize> = tokens
        .windows(sequence.len())
        .filter(|window| window.iter().zip(sequence).all(|(token, wanted)| token.text == *wanted))
        .map(|window| window[0].at)
        .collect();
    starts.into_iter().map(|at| line_of(code, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALLS: [&str; 4] = ["SystemTime::now", "Instant::now", "now_v7", "rand::rng"];
    const ALLOWED: [&str; 2] = ["src/clock.rs", "tests/"];

    fn determinism(path: &str, text: &str) -> Vec<String> {
        check_determinism(path, text, &CALLS, &ALLOWED)
    }

    #[test]
    fn the_clock_and_unseeded_randomness_are_named() {
        assert_eq!(
            determinism("src/a.rs", "\nlet t = std::time::SystemTime::now();"),
            ["src/a.rs:2: `SystemTime::now`: time and randomness are handed in"]
        );
        assert_eq!(determinism("crates/core/src/a.rs", "Uuid::now_v7()").len(), 1);
        assert_eq!(determinism("src/a.rs", "use rand::{rng, Rng};").len(), 1);
        assert_eq!(determinism("src/a.rs", "use std::time::Instant; Instant::now()").len(), 1);
    }

    #[test]
    fn seeded_and_handed_in_values_pass() {
        let text = "use rand::rngs::Pcg; // SystemTime::now\nlet t = clock.now(); rng.random()";
        assert!(determinism("crates/core/src/a.rs", text).is_empty());
    }

    #[test]
    fn allowed_places_pass_and_no_core_crate_is_one() {
        let text = "SystemTime::now()";
        assert!(determinism("src/clock.rs", text).is_empty());
        assert!(determinism("tests/a.rs", text).is_empty());
        assert_eq!(determinism("crates/core/tests/a.rs", text).len(), 1);
    }

    #[test]
    fn the_clock_of_tokio_passes_in_the_shell_alone() {
        let direct = "tokio::time::Instant::now()";
        let imported = "use tokio::time::{Duration, Instant}; Instant::now()";
        for text in [direct, imported] {
            assert!(determinism("src/a.rs", text).is_empty(), "{text}");
            assert_eq!(determinism("crates/core/src/a.rs", text).len(), 1, "{text}");
        }
        let mixed = "use tokio::time::Instant; fn f() { use std::time::Instant; Instant::now() }";
        assert_eq!(determinism("src/a.rs", mixed).len(), 1);
        assert_eq!(determinism("src/a.rs", "use tokio::time::Instant; SystemTime::now()").len(), 1);
    }

    #[test]
    fn unwrap_is_named_outside_tests() {
        let text = "fn f() {\n    a\n        .unwrap();\n}\n";
        assert_eq!(check_unwrap("src/a.rs", text), ["src/a.rs:3: `.unwrap()` outside tests"]);
        assert!(check_unwrap("tests/a.rs", text).is_empty());
        assert!(check_unwrap("src/orders/tests.rs", text).is_empty());
        assert!(check_unwrap("src/a.rs", "a.unwrap_or(1); // .unwrap()").is_empty());
    }

    #[test]
    fn unwrap_in_the_test_module_passes_and_behind_it_does_not() {
        let module = "#[cfg(test)]\nmod tests { fn f() { a.unwrap() } }\n";
        assert!(check_unwrap("src/a.rs", module).is_empty());
        assert_eq!(
            check_unwrap("src/a.rs", &format!("{module}fn g() {{ a.unwrap() }}")),
            ["src/a.rs:3: `.unwrap()` outside tests"]
        );
    }

    #[test]
    fn leftovers_are_named() {
        let text = "todo!()\nunimplemented!()\ndbg!(a)\n#[ignore]\n#[ignore = \"slow\"]";
        let found = check_leftovers("a.rs", text);
        assert_eq!(found.len(), 5);
        assert_eq!(found[0], "a.rs:1: `todo!(` is unfinished work");
        assert_eq!(found[4], "a.rs:5: `#[ignore` is unfinished work");
        assert!(check_leftovers("a.rs", "\"todo!()\"; // dbg!()\nif todo != ignore {}").is_empty());
    }
}
