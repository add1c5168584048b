//! Opening the embedded exchange with a memory: a new market, or the one that was left.
//!
//! The market goes on while nobody is there. So a start takes the world as it was written, lets it
//! take the inputs since, and lets happen what has happened until now.

use std::path::Path;

use actix::prelude::*;
use banyan_core::symbol::Symbol;
use banyan_core::time::{DAY, MINUTE, Span, Timeframe, Timestamp};
use banyan_matching::exchange::ExchangeSettings;
use banyan_matching::faults::FaultSettings;
use banyan_matching::synthetic::{Regime, SyntheticMarket, SyntheticSettings};
use banyan_matching::world::{Delivery, Input, Latency, World, WorldSettings};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::file::{ExchangeFile, ExchangeFileError, Remembered};
use super::log::{Group, InputLog, InputStore, checkpoint};
use super::{EmbeddedExchange, Observer};
use crate::clock::Clock;
use crate::entropy;
use crate::exchanges::CandleHistory;

/// How much happens between two looks at how far the market has come.
const STRETCH: Span = Span::minutes(60);
/// How many of those between two writes.
const STRETCHES: u32 = 12;

/// What can be chosen of the embedded exchange. Seed, symbols and step are those of the first
/// start for ever.
#[derive(Debug, Clone)]
pub struct PaperSettings {
    /// Decides market and chance of a new exchange; drawn when there is none.
    pub seed: Option<u64>,
    /// What a new exchange lists.
    pub symbols: Vec<Symbol>,
    /// Time between two moves of an instrument of a new exchange.
    pub step: Span,
    /// The regimes that the market of a new exchange may be in; all when empty.
    pub regimes: Vec<Regime>,
    /// A new exchange never forgets a fill; otherwise it keeps the last ten thousand.
    pub keep_history: bool,
    /// How long things are under way.
    pub latency: Latency,
    /// How the fault dial is turned at the start; left as it was when there is none.
    pub faults: Option<FaultSettings>,
}

impl Default for PaperSettings {
    /// All symbols, a move each second, a good network.
    fn default() -> Self {
        Self {
            seed: None,
            symbols: SyntheticSettings::available_symbols(),
            step: Span::seconds(1),
            regimes: Vec::new(),
            keep_history: false,
            latency: Latency {
                order: Span::milliseconds(20),
                user_stream: Span::milliseconds(20),
                feed: Span::milliseconds(10),
                jitter: Span::milliseconds(10),
            },
            faults: None,
        }
    }
}

/// A world and what goes with it, on its way to the present.
struct Past {
    world: World,
    candles: CandleHistory,
    /// The last input.
    number: u64,
    /// Inputs since the world was written.
    unsaved: u64,
}

/// Opens the exchange on the arbiter this is called on; writes on the runtime `io`.
///
/// # Errors
/// When the file is in use, cannot be read or written, or holds what this version cannot use; or
/// when a symbol cannot be listed.
pub async fn open_paper(
    path: &Path,
    settings: &PaperSettings,
    clock: Clock,
    io: &Handle,
    observer: Option<Box<dyn Observer>>,
) -> Result<Addr<EmbeddedExchange>, ExchangeFileError> {
    let file = ExchangeFile::open(path, io).await?;
    let past = match file.load().await? {
        Some(remembered) => {
            let mut past = restore(&file, remembered)?;
            catch_up(&mut past, &file, clock).await?;
            past
        }
        None => begin(&file, settings, clock.now()).await?,
    };
    warn_of_symbols(settings, &past.world);
    let changes = changes(settings, &past.world);
    let mut log = InputLog::new(Box::new(file), past.number, past.unsaved, past.world.clock());
    let mut world = past.world;
    for input in changes {
        let now = world.clock();
        log.push(now, input.clone());
        world.apply(input, now);
    }
    let exchange = EmbeddedExchange::new(world, clock, observer);
    Ok(exchange.remembering(log, past.candles).start())
}

/// Opens the exchange on an arbiter of its own.
///
/// # Errors
/// As [`open_paper`].
pub async fn launch_paper(
    path: &Path,
    settings: PaperSettings,
    clock: Clock,
    io: Handle,
) -> Result<(Addr<EmbeddedExchange>, ArbiterHandle), ExchangeFileError> {
    let (answer, opened) = oneshot::channel();
    let path = path.to_owned();
    let arbiter = Arbiter::new().handle();
    arbiter.spawn_fn(move || {
        actix::spawn(async move {
            let _ = answer.send(open_paper(&path, &settings, clock, &io, None).await);
        });
    });
    match opened.await.map_err(|_| ExchangeFileError::RuntimeGone).flatten() {
        Ok(exchange) => Ok((exchange, arbiter)),
        Err(error) => {
            arbiter.stop();
            Err(error)
        }
    }
}

/// A new exchange, whose market begins now.
async fn begin(
    file: &ExchangeFile,
    settings: &PaperSettings,
    now: Timestamp,
) -> Result<Past, ExchangeFileError> {
    let seed = settings.seed.unwrap_or_else(entropy::seed);
    let chosen = SyntheticSettings {
        step: settings.step,
        symbols: settings.symbols.clone(),
        regimes: settings.regimes.clone(),
        ..SyntheticSettings::new(seed, now)
    };
    let market =
        SyntheticMarket::new(&chosen).map_err(|error| file.unusable(&error.to_string()))?;
    let exchange = ExchangeSettings { keep_history: settings.keep_history };
    let (latency, faults) = (settings.latency, settings.faults.clone().unwrap_or_default());
    let settings = WorldSettings { exchange, latency, faults, seed };
    let mut world = World::new(Box::new(market), settings);
    world.advance(now, &mut Vec::new());
    let candles = candles_before(&world, now);
    if let Some(Group::Checkpoint(first)) = checkpoint(0, &world, &candles) {
        file.begin(seed, &first).await?;
    }
    tracing::info!(seed, "a new market begins");
    Ok(Past { world, candles, number: 0, unsaved: 0 })
}

/// The last days of the market's past, from a midnight on: so a day that began before the market
/// did becomes a whole candle all the same.
fn candles_before(world: &World, now: Timestamp) -> CandleHistory {
    let today = (now - now.floor(Span(DAY))).0 / MINUTE;
    let minutes = usize::try_from(today + DAY / MINUTE).unwrap_or_default();
    let mut candles = CandleHistory::default();
    for listed in world.exchange().instruments().iter() {
        for minute in world.market().history(listed.id, Timeframe::OneMinute, minutes) {
            candles.push_candle(listed.id, Timeframe::OneMinute, &minute);
        }
    }
    candles
}

/// The world as it was after the last input that was kept.
fn restore(file: &ExchangeFile, remembered: Remembered) -> Result<Past, ExchangeFileError> {
    let Remembered { seed, checkpoint, inputs } = remembered;
    let world = World::restore::<SyntheticMarket>(&checkpoint.world)
        .map_err(|error| file.unreadable(&error))?;
    let candles = CandleHistory::restore(&checkpoint.candles)
        .map_err(|error| file.unusable(&error.to_string()))?;
    let unsaved = inputs.len() as u64;
    let mut past = Past { world, candles, number: checkpoint.number + unsaved, unsaved };
    for kept in inputs {
        let mut deliveries = Vec::new();
        past.world.take(kept.input, kept.at, &mut deliveries);
        past.remember(deliveries);
    }
    let reached = past.world.clock();
    tracing::info!(seed, inputs = unsaved, %reached, "the market goes on where it was left");
    Ok(past)
}

/// Lets happen what has happened until now, and writes it down now and then.
async fn catch_up(
    past: &mut Past,
    file: &ExchangeFile,
    clock: Clock,
) -> Result<(), ExchangeFileError> {
    let mut stretches = 0;
    while past.world.clock() < clock.now() {
        let until = clock.now().min(past.world.clock() + STRETCH);
        let mut deliveries = Vec::new();
        past.world.advance(until, &mut deliveries);
        past.remember(deliveries);
        stretches += 1;
        if stretches % STRETCHES == 0 {
            let behind = (clock.now() - until).0 / STRETCH.0;
            tracing::info!(reached = %until, hours_behind = behind, "the market catches up");
            past.save(file).await?;
        }
    }
    Ok(())
}

impl Past {
    fn remember(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            if let Delivery::Market(event) = delivery {
                self.candles.push(&event);
            }
        }
    }

    async fn save(&mut self, file: &ExchangeFile) -> Result<(), ExchangeFileError> {
        if let Some(group) = checkpoint(self.number, &self.world, &self.candles) {
            file.commit(group.into()).await?;
            self.unsaved = 0;
        }
        Ok(())
    }
}

/// Says so when the settings name other symbols than the market has.
fn warn_of_symbols(settings: &PaperSettings, world: &World) {
    let listed: Vec<_> =
        world.exchange().instruments().iter().map(|it| it.symbol.clone()).collect();
    if listed != settings.symbols {
        let listed: Vec<_> = listed.iter().map(ToString::to_string).collect();
        tracing::warn!(?listed, "the market keeps the symbols that it began with");
    }
}

/// What the settings change of a world that is there.
fn changes(settings: &PaperSettings, world: &World) -> Vec<Input> {
    let latency = Some(settings.latency).filter(|it| *it != world.latency());
    let faults = settings.faults.clone().filter(|it| it != world.fault_settings());
    let latency = latency.map(Input::SetLatency);
    latency.into_iter().chain(faults.map(Input::SetFaults)).collect()
}
