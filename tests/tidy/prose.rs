//! Rules on text of any kind: links and the code map lead somewhere, and some words stay out.
//! Whether a path exists is asked of the caller.

/// A word that the project does not contain, except below one folder.
pub(crate) struct BannedWord {
    pub(crate) word: &'static str,
    /// Path prefix where it may stand; empty for nowhere.
    pub(crate) except: &'static str,
}

/// Banned words stand nowhere but in their exception.
pub(crate) fn check_words(path: &str, text: &str, words: &[BannedWord]) -> Vec<String> {
    let open = |banned: &BannedWord| !banned.except.is_empty() && path.starts_with(banned.except);
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for banned in words.iter().filter(|banned| line.contains(banned.word) && !open(banned)) {
            found.push(format!("{path}:{}: `{}` must not stand here", index + 1, banned.word));
        }
    }
    found
}

/// Every link of a Markdown page to a local file leads to one; `exists` takes paths from the root.
pub(crate) fn check_links(path: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    prose_lines(text)
        .flat_map(|(number, line)| links(line).map(move |link| (number, link)))
        .filter_map(|(number, link)| {
            let file = local_file(link)?;
            let lost = !exists(&resolve(folder, file));
            lost.then(|| format!("{path}:{number}: link to `{file}`, which does not exist"))
        })
        .collect()
}

/// Every path in backticks that looks like a folder or a Rust file exists.
pub(crate) fn check_code_map(path: &str, text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    prose_lines(text)
        .flat_map(|(number, line)| line.split('`').skip(1).step_by(2).map(move |it| (number, it)))
        .filter(|(_, entry)| is_map_entry(entry) && !exists(entry.trim_end_matches('/')))
        .map(|(number, entry)| format!("{path}:{number}: `{entry}` does not exist"))
        .collect()
}

/// Lines outside fenced blocks, numbered from 1.
fn prose_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// The file part of a link; nothing for the web, for mail and for a heading of the same page.
fn local_file(link: &str) -> Option<&str> {
    let target = link.split_whitespace().next()?;
    let file = target.split('#').next()?;
    let elsewhere = target.contains("://") || target.starts_with("mailto:");
    (!elsewhere && !file.is_empty()).then_some(file)
}

fn resolve(folder: &str, link: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

fn is_map_entry(entry: &str) -> bool {
    let plain = entry.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
    plain
        && !entry.starts_with('/')
        && entry.contains('/')
        && (entry.ends_with('/') || entry.ends_with(".rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exists(path: &str) -> bool {
        ["README.md", "docs/guide.md", "src/actors", "src/main.rs"].contains(&path)
    }

    #[test]
    fn banned_words_are_named_outside_their_exception() {
        let words = [
            BannedWord { word: "secret", except: "" },
            BannedWord { word: "shared", except: ".ci/" },
        ];
        assert_eq!(
            check_words("a.md", "a\na secret b", &words),
            ["a.md:2: `secret` must not stand here"]
        );
        assert_eq!(check_words(".ci/run", "shared secret", &words).len(), 1);
        assert_eq!(check_words("a", "shared secret", &words).len(), 2);
        assert!(check_words("a", "nothing", &words).is_empty());
    }

    #[test]
    fn links_that_lead_nowhere_are_named() {
        assert_eq!(
            check_links("docs/a.md", "x\n[b](b.md) [c](../README.md)", &exists),
            ["docs/a.md:2: link to `b.md`, which does not exist"]
        );
        assert_eq!(check_links("a.md", "[a](b.md#part) ![c](d.png \"title\")", &exists).len(), 2);
        assert_eq!(check_links("a.md", "[out](../README.md)", &exists).len(), 1);
    }

    #[test]
    fn good_links_pass() {
        let text = "[a](docs/guide.md#top) [b](https://c.d/e) [f](#g) [h](./src/actors/)\n\
                    ```\n[i](nowhere)\n```\n[m](mailto:a@b.c)";
        assert!(check_links("README.md", text, &exists).is_empty());
    }

    #[test]
    fn the_code_map_names_what_exists() {
        assert_eq!(
            check_code_map("A.md", "`src/actors/` and\n`src/ws/`, `src/a.rs`", &exists),
            ["A.md:2: `src/ws/` does not exist", "A.md:2: `src/a.rs` does not exist"]
        );
        let other = "`src/main.rs` `/api/v1/` `main.rs` `a / b/` `crates/<name>/` `docs/nothing`";
        assert!(check_code_map("A.md", other, &exists).is_empty());
    }
}
