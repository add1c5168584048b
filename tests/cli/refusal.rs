//! What every refusal has in common.

use std::process::Command;

use crate::banyan::run;

/// The run ends with `code`, says nothing on standard output, and standard error has all `words`.
pub(crate) fn assert_refused(command: &mut Command, code: i32, words: &[&str]) {
    let answer = run(command);
    assert_eq!(answer.code, Some(code), "{answer:#?}");
    assert_eq!(answer.stdout, "");
    for word in words {
        assert!(answer.stderr.contains(word), "no {word:?} in {:?}", answer.stderr);
    }
}
