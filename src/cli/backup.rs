//! `banyan backup` and `banyan restore`: everything that is kept as one file, and back.

use std::path::PathBuf;

use clap::Args;

use super::data::{self, DataArguments};
use super::{CommandError, Exit, output};
use crate::settings::Settings;
use crate::store::{BackupContents, Store};

#[derive(Args)]
pub(super) struct BackupArguments {
    /// The file to write; it must not exist.
    file: PathBuf,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Args)]
pub(super) struct RestoreArguments {
    /// The backup to read.
    file: PathBuf,
    #[command(flatten)]
    data: DataArguments,
}

pub(super) fn backup(
    arguments: &BackupArguments,
    settings: &Settings,
    json: bool,
) -> Result<Exit, CommandError> {
    let from = arguments.data.resolve(settings);
    let contents = data::run(async {
        let store = Store::visit(&from.database).await?;
        let contents = store.backup(&from.folder, &arguments.file).await;
        store.close().await;
        contents
    })?;
    tell(&contents, json);
    Ok(Exit::Success)
}

pub(super) fn restore(
    arguments: &RestoreArguments,
    settings: &Settings,
    json: bool,
) -> Result<Exit, CommandError> {
    let into = arguments.data.resolve(settings);
    let contents = data::run(Store::restore(&into.database, &into.folder, &arguments.file))?;
    tell(&contents, json);
    Ok(Exit::Success)
}

fn tell(contents: &BackupContents, json: bool) {
    if json {
        return output::json(&serde_json::to_value(contents).unwrap_or_default());
    }
    let rows: u64 = contents.rows.values().sum();
    let tables = contents.rows.values().filter(|rows| **rows > 0).count();
    let mut text = format!("{rows} rows of {tables} tables\n");
    for file in &contents.files {
        text += &format!("{file}\n");
    }
    output::write(&text);
}
