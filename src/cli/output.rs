//! Writing answers: JSON or text on standard output, everything else on standard error.

use std::io::Write;

use serde_json::Value;

/// Writes one JSON value on a line of standard output.
pub(super) fn json(value: &Value) {
    write(&format!("{value}\n"));
}

/// Writes text to standard output. A reader that went away is no error.
pub(super) fn write(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Tells something on standard error.
pub(super) fn note(message: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{message}");
}

/// Tells an error: always on standard error, as JSON when that was asked for.
pub(super) fn error(message: &str, as_json: bool) {
    let line = if as_json {
        serde_json::json!({ "error": message }).to_string()
    } else {
        format!("banyan: {message}")
    };
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
