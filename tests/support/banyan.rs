//! Runs the binary as a user does and reads what it answers. It knows the rules that every answer
//! keeps, and nothing of what a command is for.

use std::process::{Command, Output};

use serde_json::Value;

/// The binary with these arguments, without settings from the environment of whoever tests.
pub(crate) fn banyan(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_banyan"));
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("BANYAN") {
            command.env_remove(name);
        }
    }
    command
}

/// What the binary answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the binary writes UTF-8");
        let answer = Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        assert!(!answer.stderr.contains("panicked"), "{answer:#?}");
        answer
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Answer {
    let output = command.output().expect("the binary that was built can be started");
    output.into()
}

impl Answer {
    /// The text on standard output of a run that went well.
    pub(crate) fn text(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:#?}");
        &self.stdout
    }

    /// The one line of JSON on standard output of a run that went well.
    pub(crate) fn json(&self) -> Value {
        let text = self.text();
        assert_eq!(text.lines().count(), 1, "{self:#?}");
        serde_json::from_str(text).expect("under --json standard output is JSON")
    }
}

/// A replay of these files and options, as JSON.
pub(crate) fn replay(arguments: &[&str]) -> Report {
    let all: Vec<_> = ["replay"].iter().chain(arguments).chain(&["--json"]).copied().collect();
    Report(run(&mut banyan(&all)).json())
}

/// The report of a replay.
#[derive(Debug)]
pub(crate) struct Report(pub(crate) Value);

impl Report {
    pub(crate) fn hash(&self) -> &str {
        self.0["event_log_hash"].as_str().expect("the hash is a text")
    }

    /// A figure of all strategies together.
    pub(crate) fn figure(&self, name: &str) -> f64 {
        number(&self.0, name)
    }

    pub(crate) fn fills(&self) -> u64 {
        self.0["fills"].as_u64().expect("fills are counted")
    }

    pub(crate) fn strategies(&self) -> &[Value] {
        self.0["strategies"].as_array().expect("strategies are listed")
    }

    /// Every strategy's money, and that of all together, is accounted for.
    pub(crate) fn assert_balanced(&self) {
        let mut capital = 0.0;
        for strategy in self.strategies() {
            assert_worth(strategy, number(strategy, "capital"));
            capital += number(strategy, "capital");
        }
        assert_worth(&self.0, capital);
    }
}

/// A figure of a report.
pub(crate) fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("{name} is no number in {report:#}"))
}

fn assert_worth(report: &Value, capital: f64) {
    let earned = number(report, "realized_pnl") + number(report, "unrealized_pnl");
    let expected = capital + earned - number(report, "fees") + number(report, "funding");
    let equity = number(report, "equity");
    assert!((equity - expected).abs() < 1e-6, "{equity} is not {expected}: {report:#}");
}
