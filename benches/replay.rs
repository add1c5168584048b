//! How fast a month of recorded minutes goes through the whole tree of actors: recording, embedded
//! exchange, feed, account, one worker on the relative strength index, journal in memory, under
//! simulated time that jumps.
//!
//! With `BANYAN_DATA` set the month is `candles/BTC-USDT-PERP-1m-2022-01.csv` in that folder;
//! without, a seeded random walk of as many rows is made in its place. Reading and checking the
//! rows is measured apart.

mod support {
    pub(crate) mod samples;
}

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use banyan::llm::NobodyToAsk;
use banyan::simulation::Pace;
use banyan::simulation::replay::{ReplayPlan, ReplayReport, Trader, replay};
use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::money::Amount;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::{StrategyKind, defaults};
use banyan_core::time::{MINUTE, Timeframe};
use banyan_matching::market::Market;
use banyan_matching::replay::{ParseOptions, Recording, ReplayMarket, ReplaySettings, parse};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use support::samples::{now, repetitions};

const FILE: &str = "BTC-USDT-PERP-1m-2022-01.csv";
/// Rows of that file, and the open time of the first in epoch milliseconds.
const ROWS: usize = 45_031;
const FIRST: i64 = 1_640_991_660_000;
/// Candles from which the strategy takes its defaults and warms up.
const FIRST_BARS: usize = 60;
const CAPITAL: Amount = Amount::from_units(10_000);
const RUNS: usize = 9;

fn main() {
    let (text, source) = month();
    let started = now();
    let recording = parse(&text, FILE, &ParseOptions::default()).expect("a sound recording");
    let parsed = started.elapsed();
    let mut runs: Vec<_> = (0..repetitions(RUNS).min(RUNS)).map(|_| run(&recording)).collect();
    runs.sort_by_key(|(elapsed, _)| *elapsed);
    let (middle, report) = &runs[runs.len() / 2];
    let slowest = runs[runs.len() - 1].0;
    let fills: u64 = report.traders.iter().map(|it| it.totals.fills).sum();
    assert!(fills > 0, "a month without a trade measures nothing");
    println!(
        "replay/parse: {:.3} s for {} rows ({source})",
        parsed.as_secs_f64(),
        recording.rows()
    );
    let (middle, slowest, count) = (middle.as_secs_f64(), slowest.as_secs_f64(), runs.len());
    let rate = report.events as f64 / middle;
    let what = format!("{} events, {fills} fills, {count} runs, {source}", report.events);
    println!(
        "replay/rsi_month: p50 {middle:.3} s, slowest {slowest:.3} s, {rate:.0} events/s ({what})"
    );
}

/// The text of the month, and where it comes from.
fn month() -> (String, &'static str) {
    let Some(folder) = std::env::var_os("BANYAN_DATA") else {
        return (random_walk(), "made up");
    };
    let file = Path::new(&folder).join("candles").join(FILE);
    let text = std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("BANYAN_DATA: {}: {error}", file.display()));
    (text, "recorded")
}

/// A month like the recorded one: whole dollars, a few hundredths of a percent a minute.
fn random_walk() -> String {
    let mut random = Pcg64Mcg::seed_from_u64(1);
    let mut text = "open_time,open,high,low,close,volume\n".to_owned();
    let mut open = 46_319_i64;
    for row in 0..ROWS as i64 {
        let close = (open + random.random_range(-40..=40)).clamp(30_000, 60_000);
        let high = open.max(close) + random.random_range(0..=15);
        let low = open.min(close) - random.random_range(0..=15);
        let volume = random.random_range(100_000..3_000_000);
        let time = FIRST + row * MINUTE / 1_000;
        writeln!(text, "{time},{open}.0,{high}.0,{low}.0,{close}.0,{volume}.5")
            .expect("a string takes what is written");
        open = close;
    }
    text
}

fn run(recording: &Recording) -> (Duration, ReplayReport) {
    let settings = ReplaySettings { warmup_candles: FIRST_BARS, ..ReplaySettings::default() };
    let market = ReplayMarket::new(std::slice::from_ref(recording), &settings);
    let market = market.expect("one recording contradicts nothing");
    let instruments = market.instruments();
    let instrument = instruments.get(InstrumentId(0)).expect("the recording's own instrument");
    let plan = ReplayPlan {
        start: market.next_at().expect("a month of candles"),
        end: recording.range().1 + Timeframe::OneMinute.span(),
        traders: vec![trader(&market, instrument)],
        market: Box::new(market),
        seed: 1,
        pace: Pace::Unlimited,
        models: Box::new(NobodyToAsk),
    };
    let started = now();
    let report = replay(plan, |_| {});
    (started.elapsed(), report)
}

fn trader(market: &ReplayMarket, instrument: &Instrument) -> Trader {
    let (kind, timeframe) = (StrategyKind::Rsi, Timeframe::OneMinute);
    let bars = market.history(instrument.id, timeframe, FIRST_BARS);
    let config = defaults::from_bars(kind, instrument, timeframe, &bars, CAPITAL);
    Trader {
        name: kind.name().to_owned(),
        config: config.expect("bars were held back"),
        instruments: vec![instrument.id],
        capital: CAPITAL,
        settle: instrument.settle().clone(),
        limits: RiskLimits::for_parameters(),
    }
}
