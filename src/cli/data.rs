//! What the commands over stored data share: which data, and how errors are told.

use std::future::Future;
use std::path::{Path, PathBuf};

use clap::Args;

use super::CommandError;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::store::{Database, StoreError, StoreSettings};

/// Which data a command works on; the settings say so where no flag does.
#[derive(Args)]
pub(super) struct DataArguments {
    /// The folder below which everything is kept.
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
    /// A PostgreSQL database, as postgres://user:password@host/name.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
}

/// A database and the folder that goes with it.
pub(super) struct Data {
    pub(super) database: Database,
    pub(super) folder: PathBuf,
}

impl DataArguments {
    /// A folder that is named without a database means the database in that folder.
    pub(super) fn resolve(&self, settings: &Settings) -> Data {
        let mut chosen: StoreSettings = settings.store.clone();
        if let Some(folder) = &self.data_dir {
            chosen = StoreSettings { data_dir: folder.clone(), database_url: Secret::default() };
        }
        if let Some(url) = &self.database_url {
            chosen.database_url = Secret::new(url.clone());
        }
        Data { database: chosen.database(), folder: chosen.data_dir }
    }
}

/// Runs work on a database to its end.
pub(super) fn run<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| CommandError::Data(error.to_string()))?;
    runtime.block_on(work).map_err(told)
}

fn told(error: StoreError) -> CommandError {
    match error {
        StoreError::InUse(_) => CommandError::InUse(error.to_string()),
        other => CommandError::Data(other.to_string()),
    }
}

/// Tells an error of a file by the file's name.
pub(super) fn about_file(file: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Data(format!("{}: {error}", file.display()))
}
