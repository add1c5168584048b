//! A planted secret is on no output of any command, errors included.

use std::process::Command;

use crate::banyan::{banyan, run};
use crate::folder::Folder;

const TOKEN_KEY: &str = "BANYAN__AUTH__TOKEN_KEY";
/// What must not be seen.
const CORE: &str = "90210733551";
/// A text, a number, and the shapes that TOML would read as a list or a table.
const SECRETS: [&str; 4] = ["key-90210733551", CORE, "['90210733551']", "{ word = '90210733551' }"];

/// Runs a command with the secret in it, and returns its exit code.
fn run_silently(command: &mut Command) -> Option<i32> {
    let answer = run(command);
    let shown = format!("{}{}", answer.stdout, answer.stderr);
    assert!(!shown.contains(CORE), "{answer:#?}");
    answer.code
}

#[test]
fn a_secret_of_the_environment_is_never_shown() {
    let folder = Folder::new();
    let file = folder.btc();
    let commands: [&[&str]; 8] = [
        &["config"],
        &["config", "--json"],
        &["doctor"],
        &["doctor", "--json"],
        &["replay", &file],
        &["replay", &file, "--json"],
        &["--help"],
        &["--version"],
    ];
    for secret in SECRETS {
        for arguments in commands {
            let mut command = banyan(arguments);
            let code = run_silently(command.env(TOKEN_KEY, secret));
            assert_eq!(code, Some(0), "{secret} {arguments:?}");
        }
    }
}

#[test]
fn that_there_is_a_secret_is_shown() {
    let shown = run(banyan(&["config", "--json"]).env(TOKEN_KEY, SECRETS[0])).json();
    assert_eq!(shown["auth"]["token_key"], "***");
    assert_eq!(run(&mut banyan(&["config", "--json"])).json()["auth"]["token_key"], "");
}

#[test]
fn errors_beside_a_secret_do_not_show_it() {
    let beside = [
        ("BANYAN__AUTH__TOKEN_KEYS", "1"),
        ("BANYAN__AUTH__ZEBRA", "1"),
        ("BANYAN__ZEBRA", "1"),
        ("BANYAN__RISK__MAX_LEVERAGE", "many"),
        ("BANYAN__AUTH", CORE),
    ];
    for secret in SECRETS {
        for (name, value) in beside {
            let mut command = banyan(&["config"]);
            command.env(TOKEN_KEY, secret).env(name, value);
            assert_eq!(run_silently(&mut command), Some(2), "{name}");
        }
    }
}

#[test]
fn a_wrong_settings_file_does_not_show_its_secret() {
    let wrong = [
        "[auth]\ntoken_key = 90210733551\n",
        "[auth]\ntoken_key = [90210733551]\n",
        "[auth]\ntoken_key = \"90210733551\n",
        "[auth]\ntoken_key = \"90210733551\"\nzebra = 1\n",
        "[auth]\ntoken_keys = \"90210733551\"\n",
        "auth = \"90210733551\"\n",
        "auth = 90210733551\n",
    ];
    let folder = Folder::new();
    for text in wrong {
        let file = folder.write("secret.toml", text);
        let mut command = banyan(&["config", "--settings", &file]);
        assert_eq!(run_silently(&mut command), Some(2), "{text}");
    }
}
