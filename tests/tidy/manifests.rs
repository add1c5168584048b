//! Rules on manifests: which crates a layer may depend on, unwinding on panic, and the licences
//! of dependencies. Reads TOML and licence expressions; knows nothing of Rust source.

use std::iter::Peekable;
use std::str::SplitWhitespace;

use crate::tidy::layers::{CrateLayer, refusal};

/// The manifest of a pure crate names no runtime and only the crates of ours below it, for its
/// tests and build as well.
pub(crate) fn check_dependencies(
    path: &str,
    text: &str,
    layer: &CrateLayer,
    runtimes: &[&str],
) -> Vec<String> {
    let manifest = match text.parse::<toml::Table>() {
        Ok(manifest) => manifest,
        Err(error) => return vec![format!("{path}:1: not TOML: {}", error.message())],
    };
    let mut found = Vec::new();
    collect_dependencies(&manifest, &mut found);
    found
        .iter()
        .filter_map(|(key, package)| {
            let reason = refusal(layer, runtimes, package)?;
            Some(format!("{path}:{}: {reason}", line_of_key(text, key)))
        })
        .collect()
}

/// Pairs of the key and the package it stands for, from every table of dependencies.
fn collect_dependencies(table: &toml::Table, found: &mut Vec<(String, String)>) {
    for (key, value) in table {
        match value.as_table() {
            Some(dependencies) if key.ends_with("dependencies") => {
                found.extend(dependencies.iter().map(|(name, details)| {
                    let package = details.get("package").and_then(toml::Value::as_str);
                    (name.clone(), package.unwrap_or(name).to_owned())
                }));
            }
            Some(inner) => collect_dependencies(inner, found),
            None => {}
        }
    }
}

fn line_of_key(text: &str, key: &str) -> usize {
    let names_key = |line: &str| {
        line.trim_start().starts_with(key) || line.trim_end().ends_with(&format!(".{key}]"))
    };
    text.lines().position(names_key).map_or(1, |index| index + 1)
}

/// Supervision tells a panic from a stop by unwinding, so no profile and no flag may abort.
pub(crate) fn check_unwinding(path: &str, text: &str) -> Vec<String> {
    let aborts = |line: &str| {
        let setting = line.split('#').next().unwrap_or_default();
        let bare: String = setting.chars().filter(|c| !" \t\"'".contains(*c)).collect();
        bare.contains("panic=abort")
    };
    text.lines()
        .enumerate()
        .filter(|(_, line)| aborts(line))
        .map(|(index, _)| format!("{path}:{}: supervision needs panics to unwind", index + 1))
        .collect()
}

/// The licences that `deny.toml` allows.
///
/// # Errors
///
/// A sentence, when the text is not TOML or holds no such list.
pub(crate) fn allowed_licences(deny: &str) -> Result<Vec<String>, String> {
    let table = deny.parse::<toml::Table>().map_err(|error| error.to_string())?;
    let list = table
        .get("licenses")
        .and_then(|licences| licences.get("allow"))
        .and_then(toml::Value::as_array)
        .ok_or("no list `licenses.allow`")?;
    Ok(list.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect())
}

/// The licence expression of `package` can be met with `allowed` licences alone.
pub(crate) fn check_licence(
    package: &str,
    expression: Option<&str>,
    allowed: &[String],
) -> Vec<String> {
    match expression {
        Some(expression) if is_met(expression, allowed) => Vec::new(),
        Some(expression) => vec![format!("{package}: licence `{expression}` is not allowed")],
        None => vec![format!("{package}: states no licence")],
    }
}

/// Evaluates an SPDX expression (and the old form with `/`): `OR` needs one side, `AND` both.
fn is_met(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    any_of(&mut words, allowed) && words.next().is_none()
}

fn any_of(words: &mut Peekable<SplitWhitespace<'_>>, allowed: &[String]) -> bool {
    let mut met = all_of(words, allowed);
    while words.next_if_eq(&"OR").is_some() {
        met |= all_of(words, allowed);
    }
    met
}

fn all_of(words: &mut Peekable<SplitWhitespace<'_>>, allowed: &[String]) -> bool {
    let mut met = one(words, allowed);
    while words.next_if_eq(&"AND").is_some() {
        met &= one(words, allowed);
    }
    met
}

fn one(words: &mut Peekable<SplitWhitespace<'_>>, allowed: &[String]) -> bool {
    if words.next_if_eq(&"(").is_some() {
        let met = any_of(words, allowed);
        return words.next_if_eq(&")").is_some() && met;
    }
    let mut licence = words.next().unwrap_or_default().to_owned();
    if words.next_if_eq(&"WITH").is_some() {
        licence = format!("{licence} WITH {}", words.next().unwrap_or_default());
    }
    allowed.contains(&licence)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE: CrateLayer =
        CrateLayer { folder: "crates/core", name: "banyan_core", may_use: &[] };

    fn dependencies(text: &str) -> Vec<String> {
        check_dependencies("Cargo.toml", text, &CORE, &["tokio", "sqlx"])
    }

    #[test]
    fn a_runtime_is_found_in_every_table_of_dependencies() {
        assert_eq!(
            dependencies("[dependencies]\nserde = \"1\"\ntokio.workspace = true\n"),
            ["Cargo.toml:3: `tokio` must not be used in crates/core"]
        );
        for text in [
            "[dev-dependencies]\ntokio-util = \"1\"",
            "[dependencies.sqlx]\nversion = \"1\"",
            "[target.'cfg(unix)'.build-dependencies]\nbanyan-paper = { path = \"..\" }",
            "[dependencies]\nruntime = { package = \"tokio\", version = \"1\" }",
        ] {
            assert_eq!(dependencies(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn other_dependencies_pass_and_broken_toml_does_not() {
        assert!(
            dependencies("[package]\nname = \"tokio\"\n[dependencies]\nserde = \"1\"").is_empty()
        );
        assert!(dependencies("[dependencies\n")[0].starts_with("Cargo.toml:1: not TOML"));
    }

    #[test]
    fn aborting_on_panic_is_named() {
        assert_eq!(
            check_unwinding("Cargo.toml", "[profile.release]\npanic = \"abort\""),
            ["Cargo.toml:2: supervision needs panics to unwind"]
        );
        assert_eq!(check_unwinding("c", "rustflags = [\"-C\", \"panic=abort\"]").len(), 1);
        assert_eq!(check_unwinding("c", "release = { panic='abort' }").len(), 1);
        assert!(check_unwinding("c", "panic = \"unwind\" # panic = \"abort\"").is_empty());
    }

    #[test]
    fn the_list_of_licences_is_read() {
        let list = allowed_licences("[licenses]\nallow = [\"MIT\", \"ISC\"]").unwrap();
        assert_eq!(list, ["MIT", "ISC"]);
        assert!(allowed_licences("[licenses]\n").is_err());
        assert!(allowed_licences("[licenses").is_err());
    }

    #[test]
    fn licence_expressions_are_evaluated() {
        let allowed = ["MIT".to_owned(), "Unicode-3.0".to_owned(), "A WITH E".to_owned()];
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "Unlicense/MIT",
            "(GPL-3.0 OR MIT) AND Unicode-3.0",
            "A WITH E",
            "GPL-3.0 OR MIT AND Unicode-3.0",
        ] {
            assert!(check_licence("p 1.0", Some(good), &allowed).is_empty(), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "A", "(MIT", "MIT)", "MIT MIT", "", "MIT AND"] {
            assert_eq!(
                check_licence("p 1.0", Some(bad), &allowed),
                [format!("p 1.0: licence `{bad}` is not allowed")]
            );
        }
        assert_eq!(check_licence("p 1.0", None, &allowed), ["p 1.0: states no licence"]);
    }
}
