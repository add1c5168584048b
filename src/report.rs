//! The report of a replay, as JSON for scripts and as a table for people.

use std::fmt::Write;

use banyan_core::money::Amount;
use serde_json::{Value, json};

use crate::simulation::replay::{ReplayReport, TraderReport};

/// One JSON object; amounts are numbers in the settle asset, summed over all strategies on top.
#[must_use]
pub fn to_json(report: &ReplayReport, wall_seconds: f64) -> Value {
    let sum = |figure: fn(&TraderReport) -> Amount| {
        report.traders.iter().map(figure).sum::<Amount>().to_f64()
    };
    let fills: u64 = report.traders.iter().map(|it| it.totals.fills).sum();
    json!({
        "event_log_hash": report.event_log_hash,
        "fills": fills,
        "round_trips": report.traders.iter().map(|it| it.totals.round_trips).sum::<u64>(),
        "fees": sum(|it| it.totals.fees),
        "funding": sum(|it| it.totals.funding),
        "realized_pnl": sum(|it| it.totals.realized),
        "unrealized_pnl": sum(|it| it.valuation.unrealized),
        "equity": sum(|it| it.valuation.equity),
        "events": report.events,
        "wall_seconds": wall_seconds,
        "events_per_second": events_per_second(report, wall_seconds),
        "strategies": report.traders.iter().map(trader_to_json).collect::<Vec<_>>(),
    })
}

fn trader_to_json(trader: &TraderReport) -> Value {
    json!({
        "name": trader.name,
        "asset": trader.settle.as_str(),
        "capital": trader.capital.to_f64(),
        "state": trader.state,
        "error": trader.error,
        "fills": trader.totals.fills,
        "round_trips": trader.totals.round_trips,
        "fees": trader.totals.fees.to_f64(),
        "funding": trader.totals.funding.to_f64(),
        "realized_pnl": trader.totals.realized.to_f64(),
        "unrealized_pnl": trader.valuation.unrealized.to_f64(),
        "equity": trader.valuation.equity.to_f64(),
        "max_drawdown": trader.drawdown,
        "why_not": trader.why_not,
    })
}

fn events_per_second(report: &ReplayReport, wall_seconds: f64) -> f64 {
    if wall_seconds > 0.0 { (report.events as f64 / wall_seconds).round() } else { 0.0 }
}

/// A table for people.
#[must_use]
pub fn to_text(report: &ReplayReport, wall_seconds: f64) -> String {
    let mut text = String::new();
    for trader in &report.traders {
        // Writing to a string cannot fail.
        let _ = write_trader(&mut text, trader);
    }
    let _ = writeln!(
        text,
        "{} market events in {wall_seconds:.2} s ({:.0} a second)\nevent log {}",
        report.events,
        events_per_second(report, wall_seconds),
        report.event_log_hash,
    );
    text
}

fn write_trader(text: &mut String, trader: &TraderReport) -> std::fmt::Result {
    let (totals, value) = (&trader.totals, &trader.valuation);
    let change = value.equity - trader.capital;
    let percent = change.to_f64() / trader.capital.to_f64() * 100.0;
    writeln!(text, "{} ({:?})", trader.name, trader.state)?;
    if let Some(error) = &trader.error {
        writeln!(text, "  error          {error}")?;
    }
    let money = |amount: Amount| format!("{:>14.4} {}", amount.to_f64(), trader.settle);
    writeln!(text, "  fills          {:>14} ({} round trips)", totals.fills, totals.round_trips)?;
    writeln!(text, "  fees           {}", money(totals.fees))?;
    writeln!(text, "  funding        {}", money(totals.funding))?;
    writeln!(text, "  realized       {}", money(totals.realized))?;
    writeln!(text, "  unrealized     {}", money(value.unrealized))?;
    writeln!(text, "  equity         {} ({percent:+.2} %)", money(value.equity))?;
    writeln!(text, "  max drawdown   {:>14.2} %", trader.drawdown * 100.0)?;
    let mut reasons: Vec<_> = trader.why_not.iter().collect();
    reasons.sort_by(|one, other| other.1.cmp(one.1));
    for (gate, count) in reasons.into_iter().take(6) {
        writeln!(text, "  why not        {count:>14} x {gate}")?;
    }
    writeln!(text)
}
