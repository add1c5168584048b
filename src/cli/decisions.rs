//! `banyan decisions`: what strategies in words decided, whether it is still as it was sealed, and
//! what other limits would have made of it.

use std::path::PathBuf;

use banyan_core::decision::counterfactual::SymbolResult;
use banyan_core::decision::{Counterfactual, Decision, DecisionId};
use banyan_core::ids::WorkerId;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::data::{self, DataArguments, about_file};
use super::{CommandError, Exit, output};
use crate::fleet::{LimitChange, replay_decision};
use crate::settings::Settings;
use crate::store::{DecisionProof, DecisionRow, Everyone, Page, Store, StoreError};

#[derive(Args)]
pub(super) struct DecisionsArguments {
    #[command(subcommand)]
    command: DecisionsCommand,
}

#[derive(Subcommand)]
enum DecisionsCommand {
    /// Check that every decision is as it was sealed: its hashes, its link to the one before, its
    /// row against the journal. The engine may run meanwhile; nothing is changed. Exit code 1 when
    /// one is broken; the first is named.
    Verify(DataArguments),
    /// Read, count and review a decision again under other limits, without asking a model.
    Replay(Box<ReplayOptions>),
    /// List decisions, the latest first.
    List(ListOptions),
    /// Write one decision as JSON, exactly as it was sealed.
    Export(ExportOptions),
}

#[derive(Args)]
struct ReplayOptions {
    /// The decision's id.
    id: Uuid,
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Args)]
struct ListOptions {
    /// Only those of one strategy.
    #[arg(long, value_name = "ID")]
    strategy: Option<Uuid>,
    /// How many at most.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// How many to leave out before them.
    #[arg(long, default_value_t = 0)]
    offset: u32,
    #[command(flatten)]
    data: DataArguments,
}

#[derive(Args)]
struct ExportOptions {
    /// The decision's id.
    id: Uuid,
    /// The file to write; standard output where none is named.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    data: DataArguments,
}

/// Limits that are to be others; shares are fractions, 0.2 is 20 %.
#[derive(Args)]
struct Limits {
    /// Highest leverage.
    #[arg(long, value_name = "N")]
    max_leverage: Option<String>,
    /// Margin of one position per equity of the worker.
    #[arg(long, value_name = "SHARE")]
    max_position_ratio: Option<String>,
    /// Margin of all positions per equity of the worker.
    #[arg(long, value_name = "SHARE")]
    max_total_exposure: Option<String>,
    /// Least distance of the target per distance of the stop; 0 is off.
    #[arg(long, value_name = "RATIO")]
    min_risk_reward_ratio: Option<String>,
    /// Fall of the account's equity below its high that stops entries.
    #[arg(long, value_name = "SHARE")]
    max_drawdown: Option<String>,
    /// Loss of the account within a day that stops entries.
    #[arg(long, value_name = "SHARE")]
    max_daily_loss: Option<String>,
    /// Least confidence of an entry; 0 to 1, or in percent.
    #[arg(long, value_name = "SHARE")]
    min_confidence: Option<String>,
    /// Whether an entry without a stop or target is given one.
    #[arg(long, value_name = "BOOL")]
    require_protection: Option<String>,
    /// Distance of a given stop, in average true ranges.
    #[arg(long, value_name = "RATIO")]
    default_stop_loss_atr: Option<String>,
    /// Distance of a given target, in average true ranges.
    #[arg(long, value_name = "RATIO")]
    default_take_profit_atr: Option<String>,
    /// Largest distance of any stop.
    #[arg(long, value_name = "SHARE")]
    max_stop_distance: Option<String>,
    /// How many positions the worker may hold.
    #[arg(long, value_name = "N")]
    max_positions: Option<String>,
    /// Largest distance of a limit price from the market on the losing side.
    #[arg(long, value_name = "SHARE")]
    price_collar: Option<String>,
    /// Largest slippage of a market order.
    #[arg(long, value_name = "SHARE")]
    max_slippage: Option<String>,
    /// Largest value of one order.
    #[arg(long, value_name = "USD")]
    max_order_notional: Option<String>,
    /// Orders of the worker within a minute.
    #[arg(long, value_name = "N")]
    max_orders_per_minute: Option<String>,
    /// Open orders of the worker.
    #[arg(long, value_name = "N")]
    max_open_orders: Option<String>,
    /// Age of market data at which entries stop, in seconds.
    #[arg(long, value_name = "SECONDS")]
    max_feed_age: Option<String>,
    /// Least distance of the liquidation price from the market.
    #[arg(long, value_name = "SHARE")]
    min_liquidation_distance: Option<String>,
}

impl Limits {
    fn change(&self) -> Result<LimitChange, CommandError> {
        let given = [
            &self.max_leverage,
            &self.max_position_ratio,
            &self.max_total_exposure,
            &self.min_risk_reward_ratio,
            &self.max_drawdown,
            &self.max_daily_loss,
            &self.min_confidence,
            &self.require_protection,
            &self.default_stop_loss_atr,
            &self.default_take_profit_atr,
            &self.max_stop_distance,
            &self.max_positions,
            &self.price_collar,
            &self.max_slippage,
            &self.max_order_notional,
            &self.max_orders_per_minute,
            &self.max_open_orders,
            &self.max_feed_age,
            &self.min_liquidation_distance,
        ];
        let named = LimitChange::NAMES.into_iter().zip(given);
        let named = named.filter_map(|(name, text)| Some((name, text.clone()?)));
        LimitChange::read(named).map_err(|errors| {
            let flag = |name: &str| name.replace('_', "-");
            let told = errors.iter().map(|it| format!("--{} {}", flag(it.field), it.message));
            CommandError::Usage(told.collect::<Vec<_>>().join("; "))
        })
    }
}

pub(super) fn run(
    arguments: &DecisionsArguments,
    settings: &Settings,
    json: bool,
) -> Result<Exit, CommandError> {
    match &arguments.command {
        DecisionsCommand::Verify(which) => verify(which, settings, json),
        DecisionsCommand::Replay(options) => replay(options, settings, json),
        DecisionsCommand::List(options) => list(options, settings, json),
        DecisionsCommand::Export(options) => export(options, settings),
    }
}

/// Works on the store of some data, and leaves it as it is.
fn visit<T>(
    which: &DataArguments,
    settings: &Settings,
    work: impl AsyncFnOnce(&Store) -> Result<T, StoreError>,
) -> Result<T, CommandError> {
    let database = which.resolve(settings).database;
    data::run(async {
        let store = Store::visit(&database).await?;
        let outcome = work(&store).await;
        store.close().await;
        outcome
    })
}

fn verify(which: &DataArguments, settings: &Settings, json: bool) -> Result<Exit, CommandError> {
    let proof = visit(which, settings, async |store| store.verify_decisions().await)?;
    if json {
        output::json(&serde_json::to_value(&proof).unwrap_or_default());
    } else {
        output::write(&proof_text(&proof));
    }
    Ok(if proof.valid { Exit::Success } else { Exit::Failed })
}

fn proof_text(proof: &DecisionProof) -> String {
    let Some(broken) = &proof.first_broken else {
        return format!("{} decisions, each as it was sealed\n", proof.checked);
    };
    format!(
        "{} decisions were looked at\nBROKEN  {}, number {} of strategy {}: {}\n",
        proof.checked, broken.id, broken.number, broken.strategy_id, broken.reason
    )
}

/// A decision of anybody: whoever has the data may see it.
async fn found(store: &Store, id: Uuid) -> Result<(DecisionRow, Decision), StoreError> {
    let everyone = Everyone::at_start_of_engine();
    let row = store.decision_of_anybody(everyone, DecisionId(id)).await;
    let row = row.map_err(|error| match error {
        StoreError::NotFound => StoreError::Invalid(format!("there is no decision {id}")),
        other => other,
    })?;
    let decision = serde_json::from_str(&row.payload)
        .map_err(|error| StoreError::Corrupt(format!("decision {id} cannot be read: {error}")))?;
    Ok((row, decision))
}

fn replay(options: &ReplayOptions, settings: &Settings, json: bool) -> Result<Exit, CommandError> {
    let change = options.limits.change()?;
    let replayed = visit(&options.data, settings, async |store| {
        let (row, decision) = found(store, options.id).await?;
        let records = store.decision_records(&row).await?;
        let listed = store.listed_instruments(row.head.account).await?;
        Ok(replay_decision(&decision, &records, &listed, &change))
    })?;
    if json {
        output::json(&serde_json::to_value(&replayed).unwrap_or_default());
    } else {
        output::write(&replay_text(&replayed));
    }
    Ok(Exit::Success)
}

fn replay_text(replayed: &Counterfactual) -> String {
    let mut text = format!("decision  {}\n", replayed.id);
    for (word, results) in [("original", &replayed.original), ("replayed", &replayed.replayed)] {
        for result in results {
            text += &format!("{word}  {}\n", result_text(result));
        }
    }
    for change in &replayed.changed {
        let side = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
        let (before, after) = (side(&change.original), side(&change.replayed));
        text += &format!("changed   {} {}: {before} -> {after}\n", change.symbol, change.field);
    }
    if replayed.changed.is_empty() {
        text += "nothing would have changed\n";
    }
    text
}

fn result_text(result: &SymbolResult) -> String {
    let status = serde_json::to_value(result.status).unwrap_or_default();
    let status = status.as_str().unwrap_or_default();
    let code = result.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
    let order = result.order.as_ref().map(|order| {
        let notional = order.notional;
        format!(", {} at leverage {}, worth {notional}", order.quantity, order.leverage)
    });
    let order = order.unwrap_or_default();
    format!("{} {}: {status}{code}{order}", result.symbol, result.action)
}

fn list(options: &ListOptions, settings: &Settings, json: bool) -> Result<Exit, CommandError> {
    let page = Page { limit: options.limit, offset: options.offset };
    let strategy = options.strategy.map(WorkerId);
    let rows = visit(&options.data, settings, async |store| {
        store.decisions_of_everybody(Everyone::at_start_of_engine(), strategy, page).await
    })?;
    if json {
        output::json(&Value::Array(rows.iter().map(row_json).collect()));
    } else {
        output::write(&rows.iter().map(row_text).collect::<String>());
    }
    Ok(Exit::Success)
}

fn actions(row: &DecisionRow) -> Vec<&str> {
    row.actions.split(',').filter(|name| !name.is_empty()).collect()
}

fn row_json(row: &DecisionRow) -> Value {
    json!({
        "id": row.id,
        "strategy_id": row.strategy,
        "number": row.number,
        "timestamp": row.decided_at.to_string(),
        "ai_model": row.ai_model,
        "trigger": row.began_by,
        "status": if row.failure.is_some() { "failed" } else { "decided" },
        "error_code": row.failure,
        "overall_confidence": row.confidence.to_f64(),
        "actions": actions(row),
        "tokens_used": row.tokens,
        "cost_usd": row.cost.to_f64(),
        "latency_ms": row.latency_ms,
        "hash": row.hash,
    })
}

fn row_text(row: &DecisionRow) -> String {
    let outcome = row.failure.clone().unwrap_or_else(|| actions(row).join(","));
    format!(
        "{}  {}  strategy {} number {}  {}  {outcome}\n",
        row.decided_at, row.id, row.strategy, row.number, row.ai_model
    )
}

fn export(options: &ExportOptions, settings: &Settings) -> Result<Exit, CommandError> {
    let (row, _) = visit(&options.data, settings, async |store| found(store, options.id).await)?;
    match &options.out {
        Some(path) => {
            std::fs::write(path, &row.payload).map_err(|error| about_file(path, &error))?;
        }
        None => output::write(&format!("{}\n", row.payload)),
    }
    Ok(Exit::Success)
}
