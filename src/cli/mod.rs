//! The command line: reads arguments, calls the library, writes the answer, gives the exit code.
//!
//! Standard output carries the answer alone, as JSON under `--json`; everything else goes to
//! standard error.

mod backup;
mod config;
mod data;
mod decisions;
mod doctor;
mod export;
mod journal;
mod output;
mod panics;
mod replay;
mod replay_answers;
mod replay_config;
mod serve;
mod simulate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::settings::{Settings, SettingsError};

/// Exit codes; scripts may rely on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Success = 0,
    /// The run found a violation, or a check failed.
    Failed = 1,
    /// Wrong arguments or settings.
    Usage = 2,
    /// Data that cannot be used.
    Data = 3,
    /// Another engine works on the same data.
    InUse = 4,
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Wrong arguments or settings.
    #[error("{0}")]
    Usage(String),
    /// Data that cannot be used.
    #[error("{0}")]
    Data(String),
    /// Another engine works on the same data.
    #[error("{0}")]
    InUse(String),
}

impl CommandError {
    /// The same error, told to have happened within `place`.
    fn within(self, place: &str) -> Self {
        match self {
            Self::Usage(message) => Self::Usage(format!("{place}: {message}")),
            Self::Data(message) => Self::Data(format!("{place}: {message}")),
            Self::InUse(message) => Self::InUse(format!("{place}: {message}")),
        }
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        Self::Usage(error.to_string())
    }
}

#[derive(Parser)]
#[command(name = "banyan", version, about, max_term_width = 100)]
struct Arguments {
    /// Settings that override the defaults.
    #[arg(long, global = true, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// A set of settings by name: demo, production, or one of your own in config/NAME.toml.
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// Write JSON on standard output.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server: strategies trade, people and programs reach it by HTTP and WebSocket.
    Serve(serve::ServeArguments),
    /// Let strategies trade a recorded or the synthetic market, and report.
    Replay(replay::ReplayArguments),
    /// Run the whole engine under seeded faults and check that nothing is lost or doubled.
    Simulate(simulate::SimulateArguments),
    /// Look into the journal.
    Journal(journal::JournalArguments),
    /// Write everything that is kept, the keys included, to one file.
    ///
    /// The file is as secret as the data: it holds the keys folder, because without data.key the
    /// stored credentials of exchanges could not be opened again. It is readable by its owner
    /// alone; keep it encrypted. It has the whole database (of SQLite or PostgreSQL), the demo
    /// login and the embedded exchange's own books. Keys that are given by settings or by the
    /// environment are not in it. The engine may run meanwhile.
    Backup(backup::BackupArguments),
    /// Bring a backup back into an empty place.
    ///
    /// Empty are a data folder without database, keys and exchange, and a PostgreSQL database
    /// without rows; anything else is refused. A backup of SQLite may go to PostgreSQL and the
    /// other way round. The keys of the backup are written to the keys folder.
    Restore(backup::RestoreArguments),
    /// Write fills or ledger entries of an account as CSV.
    Export(export::ExportArguments),
    /// Look into the sealed decisions of strategies in words.
    Decisions(decisions::DecisionsArguments),
    /// Check that this machine and these settings are fit.
    Doctor,
    /// Show the settings in force, secrets masked.
    Config,
}

/// Runs the command that the process was started with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let exit = match dispatch(&arguments) {
        Ok(exit) => exit,
        Err(error) => {
            output::error(&error.to_string(), arguments.json);
            match error {
                CommandError::Usage(_) => Exit::Usage,
                CommandError::Data(_) => Exit::Data,
                CommandError::InUse(_) => Exit::InUse,
            }
        }
    };
    ExitCode::from(exit as u8)
}

fn dispatch(arguments: &Arguments) -> Result<Exit, CommandError> {
    let variables = dotenv()?.into_iter().chain(environment()).chain(flags(&arguments.command));
    let (profile, file) = (arguments.profile.as_deref(), arguments.settings.as_deref());
    let settings = Settings::load(profile, file, variables)?;
    match &arguments.command {
        Command::Serve(_) => serve::run(&settings, arguments.json),
        Command::Replay(replay) => replay::run(replay, &settings, arguments.json),
        Command::Simulate(simulate) => simulate::run(simulate, &settings, arguments.json),
        Command::Journal(journal) => journal::run(journal, &settings, arguments.json),
        Command::Backup(backup) => backup::backup(backup, &settings, arguments.json),
        Command::Restore(restore) => backup::restore(restore, &settings, arguments.json),
        Command::Export(export) => export::run(export, &settings),
        Command::Decisions(it) => decisions::run(it, &settings, arguments.json),
        Command::Doctor => Ok(doctor::run(&settings, arguments.json)),
        Command::Config => Ok(config::run(&settings, arguments.json)),
    }
}

/// Variables of `.env` in the working folder, where there is one.
fn dotenv() -> Result<Vec<(String, String)>, CommandError> {
    let told = |error: dotenvy::Error| CommandError::Usage(format!(".env: {error}"));
    match dotenvy::from_filename_iter(".env") {
        Ok(lines) => lines.collect::<Result<_, _>>().map_err(told),
        Err(error) if error.not_found() => Ok(Vec::new()),
        Err(error) => Err(told(error)),
    }
}

fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Flags that stand for keys of the settings; they go before everything else.
fn flags(command: &Command) -> Vec<(String, String)> {
    match command {
        Command::Serve(serve) => serve.as_variables(),
        _ => Vec::new(),
    }
}
