//! The proof by the real thing: an engine on disk is killed with SIGKILL again and again while it
//! trades on an exchange that makes mistakes, and in the end its books are the exchange's.
//!
//! One binary in three roles: `exchange` and `engine` are processes that live until they are
//! killed; without a role it is the controller that starts and kills them. Ends with one line of
//! JSON, and with code 1 when something was violated. Without rounds it only checks its own wire.

mod client;
mod controller;
mod engine;
mod exchange;
mod house;
mod journal;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod postgres;
mod processes;
mod strace;
mod verdict;
#[path = "../support/client.rs"]
mod web;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use controller::{Database, Plan};
use serde_json::json;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exchange", folder, socket, seed] => {
            let seed = seed.parse().expect("the seed is a number");
            exchange::run(&PathBuf::from(folder), &PathBuf::from(socket), seed);
            ExitCode::SUCCESS
        }
        ["engine", socket] => engine::run(PathBuf::from(socket)),
        options => control(options),
    }
}

fn control(options: &[&str]) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(wire::check_frames());
    let plan = match read(options) {
        Ok(plan) => plan,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    if plan.rounds == 0 {
        eprintln!("kill9: only the wire was checked; `make kill9` does the rest");
        return ExitCode::SUCCESS;
    }
    let (mut violations, mut runs) = (0, Vec::new());
    for database in &plan.databases {
        let summary = runtime.block_on(controller::run(&plan, *database));
        violations += summary.violations;
        runs.push(summary.json);
    }
    println!("{}", json!({"rounds": plan.rounds, "violations": violations, "runs": runs}));
    ExitCode::from(u8::from(violations > 0))
}

/// Reads `--rounds N --database sqlite|postgres|both --seed N`.
fn read(options: &[&str]) -> Result<Plan, String> {
    let mut plan = Plan { rounds: 0, databases: vec![Database::Sqlite], seed: None };
    for pair in options.chunks(2) {
        let number = |text: &str| text.parse().map_err(|_| format!("{text} is no number"));
        match pair {
            ["--rounds", rounds] => plan.rounds = number(rounds)? as u32,
            ["--seed", seed] => plan.seed = Some(number(seed)?),
            ["--database", "sqlite"] => plan.databases = vec![Database::Sqlite],
            ["--database", "postgres"] => plan.databases = vec![Database::Postgres],
            ["--database", "both"] => {
                plan.databases = vec![Database::Sqlite, Database::Postgres];
            }
            other => return Err(format!("{} is no option", other.join(" "))),
        }
    }
    Ok(plan)
}
