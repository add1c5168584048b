//! `banyan simulate`: the whole engine under seeded chaos; fails on any violation.

use std::num::NonZeroUsize;
use std::ops::Range;

use banyan_matching::faults::Fault;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::{CommandError, Exit, output};
use crate::llm::Misbehaviour;
use crate::settings::Settings;
use crate::simulation::chaos::{Mutation, SeedOutcome, Summary, run_seed, simulate};
use crate::simulation::silence_injected_panics;

/// Seeds from which on every fault must have fired at least once.
const ENOUGH_SEEDS: u64 = 100;

#[derive(Args)]
pub(super) struct SimulateArguments {
    /// Seeds, as first..past-the-last.
    #[arg(long, default_value = "0..10", value_parser = read_seeds)]
    seeds: Range<u64>,
    /// Threads that run seeds; as in the settings when left out.
    #[arg(long)]
    threads: Option<usize>,
    /// Tell on standard error what the first seed sends, is told and remembers.
    #[arg(long, conflicts_with_all = ["mutants", "panics"])]
    trace: bool,
    /// Let a worker panic until it is given up, and show that its siblings never notice.
    #[arg(long, conflicts_with = "mutants")]
    panics: bool,
    /// Show that each deliberate fault of the engine is caught (needs a build with mutants).
    #[arg(long)]
    mutants: bool,
}

fn read_seeds(text: &str) -> Result<Range<u64>, String> {
    let wrong = || format!("{text:?} is no range of seeds: first..past-the-last is expected");
    let (first, last) = text.split_once("..").ok_or_else(wrong)?;
    let range = first.parse().map_err(|_| wrong())?..last.parse().map_err(|_| wrong())?;
    if range.is_empty() { Err(format!("{text:?} has no seeds")) } else { Ok(range) }
}

pub(super) fn run(
    arguments: &SimulateArguments,
    settings: &Settings,
    json: bool,
) -> Result<Exit, CommandError> {
    silence_injected_panics();
    let set = arguments.threads.unwrap_or(settings.simulation.threads);
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = if set == 0 { processors } else { set };
    if arguments.panics {
        return Ok(super::panics::run(json));
    }
    if arguments.trace {
        let outcome = run_seed(arguments.seeds.start, None, true);
        output::json(&serde_json::json!({
            "seed": outcome.seed,
            "violations": outcome.violations,
            "event_log_hash": outcome.event_log_hash,
        }));
        return Ok(if outcome.violations.is_empty() { Exit::Success } else { Exit::Failed });
    }
    if arguments.mutants {
        return mutants(&arguments.seeds, threads, json);
    }
    let bar = progress_bar(&arguments.seeds, json);
    let told = |outcome: &SeedOutcome| {
        bar.inc(1);
        tell_violations(outcome, &bar);
    };
    let summary = simulate(arguments.seeds.clone(), None, threads, false, told);
    bar.finish_and_clear();
    let (silent, sane) = (silent_faults(&summary), silent_models(&summary));
    if json {
        output::json(&summary.to_json());
    } else {
        output::write(&to_text(&summary));
    }
    let names: Vec<_> = silent.iter().map(|fault| fault.name()).collect();
    if !names.is_empty() {
        output::error(&format!("faults that never fired: {}", names.join(", ")), json);
    }
    let treatments: Vec<_> = sane.iter().map(|it| it.name()).collect();
    if !treatments.is_empty() {
        let treatments = treatments.join(", ");
        output::error(&format!("models that never misbehaved like this: {treatments}"), json);
    }
    let passed = summary.failed.is_empty() && silent.is_empty() && sane.is_empty();
    Ok(if passed { Exit::Success } else { Exit::Failed })
}

/// A few seeds cannot meet the rarest faults.
fn silent_faults(summary: &Summary) -> Vec<Fault> {
    if summary.seeds < ENOUGH_SEEDS { Vec::new() } else { summary.silent_faults() }
}

/// The same for models that misbehave.
fn silent_models(summary: &Summary) -> Vec<Misbehaviour> {
    if summary.seeds < ENOUGH_SEEDS { Vec::new() } else { summary.silent_models() }
}

fn progress_bar(seeds: &Range<u64>, json: bool) -> ProgressBar {
    use std::io::IsTerminal;
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds {elapsed}");
    let bar = ProgressBar::new(seeds.end - seeds.start);
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn tell_violations(outcome: &SeedOutcome, bar: &ProgressBar) {
    if outcome.violations.is_empty() {
        return;
    }
    let seed = outcome.seed;
    let lines = outcome.violations.iter().map(|violation| format!("  {violation}\n"));
    let text: String = lines.collect();
    bar.suspend(|| {
        output::note(&format!(
            "seed {seed} failed; replay it with: banyan simulate --seeds {seed}..{}\n\
             {text}  event log {}",
            seed + 1,
            outcome.event_log_hash,
        ));
    });
}

fn to_text(summary: &Summary) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{:<20} {:>10}  by state of the order", "fault", "fired");
    for fault in Fault::ALL {
        let states = summary.faults.iter().filter(|((it, _), _)| *it == fault);
        let by_state: Vec<_> = states
            .map(|((_, state), count)| {
                format!("{} {count}", state.map_or("no_order", |state| state.name()))
            })
            .collect();
        let _ = writeln!(
            text,
            "{:<20} {:>10}  {}",
            fault.name(),
            summary.fault_total(fault),
            by_state.join(", ")
        );
    }
    let _ = writeln!(text, "\n{:<20} {:>10}", "model", "asked");
    for treated in Misbehaviour::ALL {
        let count = summary.decisions.questions.get(&treated).copied().unwrap_or_default();
        let _ = writeln!(text, "{:<20} {count:>10}", treated.name());
    }
    let decisions = &summary.decisions;
    let (made, failed, approved) = (decisions.made, decisions.failed, decisions.approved);
    let _ = writeln!(text, "{made} decisions, {failed} failed, {approved} intents approved");
    let _ = writeln!(
        text,
        "\n{} seeds, {} failed\n{} market events, {} orders (at least {} a seed), {} fills\n\
         {} restarts, {} panics\n{} stops in time, {} watched by the local guard\nevent log {}",
        summary.seeds,
        summary.failed.len(),
        summary.events,
        summary.orders,
        summary.fewest_orders,
        summary.fills,
        summary.restarts,
        summary.panics,
        summary.protected,
        summary.guarded,
        summary.event_log_hash,
    );
    text
}

#[cfg(not(feature = "mutants"))]
fn mutants(_: &Range<u64>, _: usize, _: bool) -> Result<Exit, CommandError> {
    let _: Option<Mutation> = None;
    Err(CommandError::Usage(
        "--mutants: this build has none; build with --features mutants".to_owned(),
    ))
}

/// Runs every mutant until a seed catches it; one that no seed catches fails the command.
#[cfg(feature = "mutants")]
fn mutants(seeds: &Range<u64>, threads: usize, json: bool) -> Result<Exit, CommandError> {
    let all = [
        ("send_before_durable", Mutation::SendBeforeDurable),
        ("resend_on_unknown", Mutation::ResendOnUnknown),
        ("book_fill_twice", Mutation::BookFillTwice),
        ("close_whole_symbol", Mutation::CloseWholeSymbol),
        ("forget_protection", Mutation::ForgetProtection),
    ];
    let mut caught = serde_json::Map::new();
    for (name, mutation) in all {
        let summary = simulate(seeds.clone(), Some(mutation), threads, true, |_| {});
        let first = summary.failed.first();
        caught.insert(name.to_owned(), first.map(|(seed, _)| *seed).into());
        if !json {
            let text = match first {
                Some((seed, violations)) => {
                    format!("{name:<22} caught by seed {seed}: {}\n", violations[0])
                }
                None => format!("{name:<22} NOT CAUGHT by {} seeds\n", summary.seeds),
            };
            output::write(&text);
        }
    }
    let all_caught = caught.values().all(|seed| !seed.is_null());
    if json {
        output::json(&serde_json::json!({ "caught": caught, "all_caught": all_caught }));
    }
    Ok(if all_caught { Exit::Success } else { Exit::Failed })
}
