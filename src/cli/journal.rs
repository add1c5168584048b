//! `banyan journal verify`: does everything that is stored follow from the journal?

use clap::{Args, Subcommand};

use super::data::{self, DataArguments};
use super::{CommandError, Exit, output};
use crate::settings::Settings;
use crate::store::{Store, Verification};

#[derive(Args)]
pub(super) struct JournalArguments {
    #[command(subcommand)]
    command: JournalCommand,
}

#[derive(Subcommand)]
enum JournalCommand {
    /// Replay the whole journal and compare it with everything derived from it. The engine may run
    /// meanwhile; nothing is changed. Exit code 1 when something differs.
    Verify(DataArguments),
}

pub(super) fn run(
    arguments: &JournalArguments,
    settings: &Settings,
    json: bool,
) -> Result<Exit, CommandError> {
    let JournalCommand::Verify(which) = &arguments.command;
    let database = which.resolve(settings).database;
    let found = data::run(async {
        let store = Store::visit(&database).await?;
        let found = store.verify().await;
        store.close().await;
        found
    })?;
    if json {
        let mut told = serde_json::to_value(&found).unwrap_or_default();
        told["passed"] = found.passed().into();
        output::json(&told);
    } else {
        output::write(&to_text(&found));
    }
    Ok(if found.passed() { Exit::Success } else { Exit::Failed })
}

fn to_text(found: &Verification) -> String {
    let mut text = format!(
        "accounts        {}\nrecords         {}\norders          {}\nfills           {}\n\
         ledger entries  {}\npositions       {}\ndecisions       {}\n\
         snapshots       {}\nhash            {}\n",
        found.accounts,
        found.records,
        found.orders,
        found.fills,
        found.ledger_entries,
        found.positions,
        found.decisions,
        found.snapshots,
        found.hash,
    );
    for difference in &found.differences {
        text += &format!("DIFFERENCE      {difference}\n");
    }
    let untold = found.difference_count - found.differences.len() as u64;
    if untold > 0 {
        text += &format!("and {untold} more\n");
    }
    text += if found.passed() { "everything agrees\n" } else { "" };
    text
}
