//! `banyan replay`: files or the synthetic market, strategies, a report.

use std::io::IsTerminal;
use std::path::PathBuf;

use banyan_core::instrument::{Instrument, InstrumentId, Instruments};
use banyan_core::market::Candle;
use banyan_core::money::Amount;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::config::AiConfig;
use banyan_core::strategy::defaults;
use banyan_core::strategy::lint::{LintContext, lint};
use banyan_core::strategy::{StrategyConfig, StrategyKind};
use banyan_core::symbol::Symbol;
use banyan_core::time::{DAY, Span, Timeframe, Timestamp};
use banyan_matching::market::Market;
use banyan_matching::replay::{
    ParseOptions, Recording, RecordingKind, ReplayMarket, ReplaySettings, parse,
};
use banyan_matching::synthetic::{SyntheticMarket, SyntheticSettings};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rust_decimal::Decimal;

use super::replay_answers::Answers;
use super::replay_config::{ReplayConfig, StrategyEntry};
use super::{CommandError, Exit, output};
use crate::clock::Stopwatch;
use crate::report;
use crate::settings::Settings;
use crate::simulation::Pace;
use crate::simulation::replay::{ReplayPlan, Trader, replay};

/// Candles at the beginning from which strategies take their defaults and warm up.
const FIRST_BARS: usize = 60;
/// When the synthetic market of a replay begins: 2026-01-01T00:00:00Z.
const SYNTHETIC_START: Timestamp = Timestamp::from_milliseconds(1_767_225_600_000);

#[derive(Args)]
pub(super) struct ReplayArguments {
    /// Recorded candles, trades, quotes or funding rates (CSV).
    #[arg(required_unless_present = "synthetic")]
    files: Vec<PathBuf>,
    /// Replay the synthetic market instead of files.
    #[arg(long, conflicts_with = "files")]
    synthetic: bool,
    /// Days of the synthetic market.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=365))]
    days: u32,
    /// Which strategy trades: grid, dca, rsi, ema_cross or ai; grid, dca and rsi when left out.
    #[arg(long, conflicts_with = "config")]
    strategy: Option<StrategyKind>,
    /// Strategies with their parameters (TOML).
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answers for strategies in words (JSON lines). Where there is no such file, the rule-based
    /// demo model, which is not an AI, answers, and its answers are written there.
    #[arg(long, value_name = "FILE")]
    cassette: Option<PathBuf>,
    /// Decides ids and latencies.
    #[arg(long)]
    seed: Option<u64>,
    /// How many times as fast as real time, or `max`.
    #[arg(long, default_value = "max", value_parser = read_pace)]
    speed: Pace,
    /// The symbol, where the file name does not tell.
    #[arg(long)]
    symbol: Option<Symbol>,
    /// The timeframe of candles, where the file name does not tell.
    #[arg(long)]
    timeframe: Option<Timeframe>,
    /// Accept missing candles.
    #[arg(long)]
    allow_gaps: bool,
}

fn read_pace(text: &str) -> Result<Pace, String> {
    match text {
        "max" => Ok(Pace::Unlimited),
        _ => match text.parse() {
            Ok(speed @ 1..=1_000_000) => Ok(Pace::Times(speed)),
            _ => Err("a whole number from 1 to 1000000, or max".to_owned()),
        },
    }
}

/// A market and what is known of it before it plays.
struct Source {
    market: Box<dyn Market>,
    start: Timestamp,
    end: Timestamp,
    timeframe: Timeframe,
    /// The first candles of each instrument, by its id.
    first_bars: Vec<Vec<Candle>>,
}

pub(super) fn run(
    arguments: &ReplayArguments,
    settings: &Settings,
    json: bool,
) -> Result<Exit, CommandError> {
    let seed = arguments.seed.unwrap_or(settings.replay.seed);
    let source = if arguments.synthetic {
        synthetic(arguments.days, seed)?
    } else {
        recorded(arguments, settings)?
    };
    let traders = traders(arguments, settings, &source)?;
    let answers = Answers::open(arguments.cassette.as_deref(), &traders)?;
    let (start, end, pace) = (source.start, source.end, arguments.speed);
    let (market, models) = (source.market, answers.models);
    let plan = ReplayPlan { market, start, end, traders, seed, pace, models };
    let bar = progress_bar(json);
    let watch = Stopwatch::start();
    let report = replay(plan, |done| bar.set_position((done * 100.0) as u64));
    let seconds = watch.seconds();
    bar.finish_and_clear();
    if let Some(recording) = answers.recording {
        recording.keep()?;
    }
    if json {
        output::json(&report::to_json(&report, seconds));
    } else {
        output::write(&report::to_text(&report, seconds));
    }
    Ok(Exit::Success)
}

fn progress_bar(json: bool) -> ProgressBar {
    if json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {percent:>3}% {elapsed}");
    ProgressBar::new(100).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn synthetic(days: u32, seed: u64) -> Result<Source, CommandError> {
    let mut settings = SyntheticSettings::new(seed, SYNTHETIC_START);
    let end = SYNTHETIC_START + Span(i64::from(days) * DAY);
    settings.end = Some(end);
    // A move every five seconds shows all there is to see, at a fifth of the time.
    settings.step = Span::seconds(5);
    let market = SyntheticMarket::new(&settings)
        .map_err(|error| CommandError::Usage(format!("synthetic market: {error}")))?;
    let timeframe = Timeframe::OneMinute;
    let first_bars = market
        .instruments()
        .iter()
        .map(|it| market.history(it.id, timeframe, FIRST_BARS))
        .collect();
    let (market, start) = (Box::new(market), SYNTHETIC_START);
    Ok(Source { market, start, end, timeframe, first_bars })
}

fn recorded(arguments: &ReplayArguments, settings: &Settings) -> Result<Source, CommandError> {
    let recordings = read_files(arguments)?;
    let replay = ReplaySettings {
        half_spread_ticks: settings.replay.half_spread_ticks,
        levels: settings.replay.depth_levels,
        level_notional: Amount::from_decimal(settings.replay.level_notional)
            .map_err(|error| CommandError::Usage(format!("replay.level_notional: {error}")))?,
        warmup_candles: warmup(&recordings),
    };
    let market = ReplayMarket::new(&recordings, &replay)
        .map_err(|error| CommandError::Data(error.to_string()))?;
    let timeframe = recordings.iter().find_map(|it| match it.kind() {
        RecordingKind::Candles(timeframe) => Some(timeframe),
        _ => None,
    });
    let timeframe = timeframe.unwrap_or(Timeframe::OneMinute);
    let first_bars = market
        .instruments()
        .iter()
        .map(|it| first_bars(&market, it.id, timeframe, &recordings))
        .collect();
    let start = market.next_at().unwrap_or_default();
    let end = recordings.iter().map(|it| it.range().1).max().unwrap_or_default();
    let end = end + timeframe.span();
    Ok(Source { market: Box::new(market), start, end, timeframe, first_bars })
}

fn read_files(arguments: &ReplayArguments) -> Result<Vec<Recording>, CommandError> {
    let options = ParseOptions {
        symbol: arguments.symbol.clone(),
        timeframe: arguments.timeframe,
        allow_gaps: arguments.allow_gaps,
    };
    let mut recordings = Vec::new();
    for file in &arguments.files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| CommandError::Data(format!("{name}: {error}")))?;
        let recording =
            parse(&text, &name, &options).map_err(|error| CommandError::Data(error.to_string()))?;
        recordings.push(recording);
    }
    Ok(recordings)
}

/// Long recordings give their first candles to the strategies; short ones play from the start.
fn warmup(recordings: &[Recording]) -> usize {
    let shortest = recordings
        .iter()
        .filter(|it| matches!(it.kind(), RecordingKind::Candles(_)))
        .map(Recording::rows)
        .min();
    shortest.map_or(0, |rows| if rows > 2 * FIRST_BARS { FIRST_BARS } else { 0 })
}

/// The candles held back; without any, one candle at the first recorded price.
fn first_bars(
    market: &ReplayMarket,
    instrument: InstrumentId,
    timeframe: Timeframe,
    recordings: &[Recording],
) -> Vec<Candle> {
    let held_back = market.history(instrument, timeframe, FIRST_BARS);
    if !held_back.is_empty() {
        return held_back;
    }
    let instruments = market.instruments();
    let symbol = instruments.get(instrument).map(|it| it.symbol.clone());
    let of_symbol = recordings.iter().filter(|it| Some(it.symbol()) == symbol.as_ref());
    of_symbol
        .filter_map(|it| it.first_price(instruments.get(instrument)?))
        .map(|price| Candle {
            open_time: market.next_at().unwrap_or_default(),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: banyan_core::money::Quantity::ZERO,
        })
        .take(1)
        .collect()
}

fn traders(
    arguments: &ReplayArguments,
    settings: &Settings,
    source: &Source,
) -> Result<Vec<Trader>, CommandError> {
    let instruments = source.market.instruments();
    if let Some(file) = &arguments.config {
        let config = ReplayConfig::read(file)?;
        return config
            .strategies
            .iter()
            .map(|entry| {
                configured(entry, &instruments, settings, source)
                    .map_err(|error| error.within(&format!("{}: {}", file.display(), entry.name())))
            })
            .collect();
    }
    let kinds = match arguments.strategy {
        Some(kind) => vec![kind],
        None => vec![StrategyKind::Grid, StrategyKind::Dca, StrategyKind::Rsi],
    };
    let instrument = find(&instruments, None)?;
    let bars = source.first_bars.get(instrument.id.0 as usize).map_or(&[][..], Vec::as_slice);
    kinds
        .into_iter()
        .map(|kind| {
            let capital = capital(None, settings, instrument)?;
            let config = defaults::from_bars(kind, instrument, source.timeframe, bars, capital)
                .ok_or_else(|| no_prices(instrument))?;
            trader(kind.name().to_owned(), config, &[instrument], None, settings, source)
                .map_err(|error| error.within(kind.name()))
        })
        .collect()
}

fn configured(
    entry: &StrategyEntry,
    instruments: &Instruments,
    settings: &Settings,
    source: &Source,
) -> Result<Trader, CommandError> {
    let config = entry.config()?;
    let traded = match &config {
        StrategyConfig::Ai(words) => {
            let symbols = words.symbols.iter();
            symbols.map(|it| find(instruments, Some(it))).collect::<Result<Vec<_>, _>>()?
        }
        _ => vec![find(instruments, entry.symbol.as_deref())?],
    };
    trader(entry.name(), config, &traded, entry.capital, settings, source)
}

fn no_prices(instrument: &Instrument) -> CommandError {
    let symbol = &instrument.symbol;
    CommandError::Data(format!("no prices of {symbol}: candles, trades or quotes are needed"))
}

fn find<'a>(
    instruments: &'a Instruments,
    symbol: Option<&str>,
) -> Result<&'a Instrument, CommandError> {
    let listed: Vec<_> = instruments.iter().map(|it| it.symbol.clone()).collect();
    let symbol = match symbol {
        Some(name) => Symbol::resolve(name, &listed)
            .map_err(|error| CommandError::Usage(format!("symbol: {error}")))?,
        None => listed.first().ok_or_else(|| CommandError::Data("nothing is listed".to_owned()))?,
    };
    let found = instruments.by_symbol(symbol).map(AsRef::as_ref);
    found.ok_or_else(|| CommandError::Usage(format!("symbol: {symbol} is not listed")))
}

/// What a strategy starts with, where nothing else was said.
fn capital(
    given: Option<Decimal>,
    settings: &Settings,
    instrument: &Instrument,
) -> Result<Amount, CommandError> {
    let set = given.unwrap_or(settings.replay.capital);
    let dollars = matches!(instrument.settle().as_str(), "USDT" | "USDC" | "USD" | "BUSD");
    let fallback = if dollars { Amount::from_units(10_000) } else { Amount::from_units(1) };
    let capital = Amount::from_decimal(set)
        .map_err(|error| CommandError::Usage(format!("capital: {error}")))?;
    match capital {
        Amount::ZERO => Ok(fallback),
        capital if capital.is_negative() => {
            Err(CommandError::Usage("capital: must not be negative".to_owned()))
        }
        capital => Ok(capital),
    }
}

/// Makes a trader, refusing a configuration that cannot work.
fn trader(
    name: String,
    config: StrategyConfig,
    traded: &[&Instrument],
    given: Option<Decimal>,
    settings: &Settings,
    source: &Source,
) -> Result<Trader, CommandError> {
    let first = traded.first().ok_or_else(|| CommandError::Usage("symbol: none".to_owned()))?;
    let capital = capital(given, settings, first)?;
    for instrument in traded {
        check(&config, instrument, capital, source)?;
    }
    let limits = match &config {
        StrategyConfig::Ai(words) => limits_in_words(words, source.timeframe),
        _ => settings.risk.limits()?,
    };
    let (instruments, settle) = (traded.iter().map(|it| it.id).collect(), first.settle().clone());
    Ok(Trader { name, config, instruments, capital, settle, limits })
}

/// A strategy in words decides by the clock, and long candles tell a price only now and then.
fn limits_in_words(config: &AiConfig, timeframe: Timeframe) -> RiskLimits {
    let limits = config.limits();
    RiskLimits { max_feed_age: limits.max_feed_age.max(timeframe.span()), ..limits }
}

/// Says what keeps a configuration from working on an instrument.
fn check(
    config: &StrategyConfig,
    instrument: &Instrument,
    capital: Amount,
    source: &Source,
) -> Result<(), CommandError> {
    let bars = source.first_bars.get(instrument.id.0 as usize);
    let price = bars.and_then(|bars| bars.last()).map(|bar| bar.close);
    let price = price.ok_or_else(|| no_prices(instrument))?;
    let context = LintContext { account_one_way: true, symbols_in_use: &[], capital };
    let findings = lint(config, instrument, price, &context);
    if findings.is_empty() {
        return Ok(());
    }
    let told: Vec<_> = findings
        .iter()
        .map(|it| format!("{}: {} ({})", it.field, it.message, it.suggestion))
        .collect();
    Err(CommandError::Usage(told.join("; ")))
}
