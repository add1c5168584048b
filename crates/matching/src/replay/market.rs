//! Recordings played as one market, merged by time.

use banyan_core::instrument::{Instrument, InstrumentId, Instruments};
use banyan_core::market::{Candle, Resampler};
use banyan_core::money::Amount;
use banyan_core::time::{Timeframe, Timestamp};
use std::sync::Arc;

use super::cursor::{CandleCursor, Cursor, TradeCursor};
use super::depth::SyntheticDepth;
use super::error::{DataError, DataProblem};
use super::join::{Joined, join};
use super::recording::{Recording, RecordingKind};
use crate::market::{Market, MarketStep};

/// How recordings are played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplaySettings {
    /// Ticks between a recorded price and the best bid and ask made around it; at least one.
    pub half_spread_ticks: u32,
    /// Levels made on each side.
    pub levels: usize,
    /// Value of each level made, in the settle asset.
    pub level_notional: Amount,
    /// Candles at the beginning of each candle recording that are not played but served as
    /// history. With several recordings the play begins when the last of them is warm.
    pub warmup_candles: usize,
}

impl Default for ReplaySettings {
    fn default() -> Self {
        Self {
            half_spread_ticks: 1,
            levels: 5,
            level_notional: Amount::from_units(50_000),
            warmup_candles: 0,
        }
    }
}

/// A market that repeats recordings.
///
/// At the same moment quotes come first, then candles and trades, then funding; within a kind
/// instruments come in the order of their ids.
#[derive(Debug)]
pub struct ReplayMarket {
    instruments: Instruments,
    tracks: Vec<Track>,
    /// By instrument id.
    histories: Vec<History>,
}

#[derive(Debug)]
struct Track {
    instrument: InstrumentId,
    cursor: Cursor,
}

/// Candles held back; empty when there are none.
#[derive(Debug)]
struct History {
    timeframe: Timeframe,
    candles: Vec<Candle>,
}

impl ReplayMarket {
    /// Makes a market of recordings. Files of one symbol and kind are played one after the other;
    /// symbols are listed in the order in which they first appear.
    ///
    /// # Errors
    /// When recordings of one symbol contradict each other or leave a gap, when a number does not
    /// fit its instrument, or when nothing is left after the warm-up.
    pub fn new(recordings: &[Recording], settings: &ReplaySettings) -> Result<Self, DataError> {
        check_warmup(recordings, settings.warmup_candles)?;
        let mut joined = join(recordings)?;
        let start = start_of(&joined, settings.warmup_candles);
        let histories = joined.iter_mut().map(|it| hold_back(it, start)).collect();
        let list = joined.iter().map(|it| Instrument::clone(&it.instrument));
        let instruments = Instruments::new(list);
        let mut ranked: Vec<_> = joined.into_iter().flat_map(|it| tracks(it, settings)).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let tracks = ranked.into_iter().map(|(_, track)| track).collect();
        Ok(Self { instruments, tracks, histories })
    }

    /// The track that is due next, and when; the first of those due at the same time.
    fn next_track(&self) -> Option<(usize, Timestamp)> {
        let mut next: Option<(usize, Timestamp)> = None;
        for (index, track) in self.tracks.iter().enumerate() {
            if let Some(time) = track.cursor.next_at()
                && next.is_none_or(|(_, earliest)| time < earliest)
            {
                next = Some((index, time));
            }
        }
        next
    }
}

impl Market for ReplayMarket {
    fn instruments(&self) -> Instruments {
        self.instruments.clone()
    }

    fn next_at(&self) -> Option<Timestamp> {
        self.next_track().map(|(_, time)| time)
    }

    fn next_step(&mut self) -> Option<MarketStep> {
        let (index, time) = self.next_track()?;
        let track = self.tracks.get_mut(index)?;
        let change = track.cursor.next_change()?;
        Some(MarketStep { time, instrument: track.instrument, change })
    }

    fn history(&self, instrument: InstrumentId, timeframe: Timeframe, limit: usize) -> Vec<Candle> {
        let history = self.histories.get(instrument.0 as usize);
        let mut candles = history.map_or_else(Vec::new, |history| history.at(timeframe));
        candles.drain(..candles.len().saturating_sub(limit));
        candles
    }
}

impl History {
    /// All candles of a timeframe; none when it is shorter than the recorded one. A longer candle
    /// whose beginning was not recorded is left out.
    fn at(&self, timeframe: Timeframe) -> Vec<Candle> {
        if timeframe == self.timeframe {
            return self.candles.clone();
        }
        let Some(mut resampler) = Resampler::new(self.timeframe, timeframe) else {
            return Vec::new();
        };
        let whole = |candle: &&Candle| candle.open_time.floor(timeframe.span()) != candle.open_time;
        let candles = self.candles.iter().skip_while(whole);
        candles.flat_map(|candle| resampler.push(candle)).collect()
    }
}

fn check_warmup(recordings: &[Recording], warmup: usize) -> Result<(), DataError> {
    let short = |recording: &&Recording| {
        matches!(recording.kind(), RecordingKind::Candles(_)) && recording.rows() <= warmup
    };
    match recordings.iter().find(short) {
        Some(recording) if warmup > 0 => {
            let problem = DataProblem::WarmupTooLong { candles: recording.rows(), warmup };
            Err(recording.error(None, problem))
        }
        _ => Ok(()),
    }
}

/// When every instrument with candles has enough of them behind it.
fn start_of(joined: &[Joined], warmup: usize) -> Option<Timestamp> {
    let warm = |it: &Joined| it.candles.get(warmup).map(|candle| candle.open_time);
    if warmup == 0 { None } else { joined.iter().filter_map(warm).max() }
}

/// Takes what lies before `start` out of the play and returns the candles among it.
fn hold_back(joined: &mut Joined, start: Option<Timestamp>) -> History {
    let timeframe = joined.timeframe.unwrap_or(Timeframe::OneMinute);
    let Some(start) = start else {
        return History { timeframe, candles: Vec::new() };
    };
    let played = joined.candles.partition_point(|it| it.open_time + timeframe.span() <= start);
    let rest = joined.candles.split_off(played);
    let candles = std::mem::replace(&mut joined.candles, rest);
    joined.candles.retain(|candle| candle.open_time >= start);
    joined.trades.retain(|trade| trade.time >= start);
    joined.quotes.retain(|quote| quote.time >= start);
    joined.funding.retain(|(time, _)| *time >= start);
    History { timeframe, candles }
}

/// The tracks of one symbol with their rank at the same moment.
fn tracks(joined: Joined, settings: &ReplaySettings) -> impl Iterator<Item = (u8, Track)> {
    let instrument = joined.instrument.id;
    let depth = joined.quotes.is_empty().then(|| depth_of(joined.instrument, settings));
    let candles = joined
        .timeframe
        .map(|timeframe| CandleCursor::new(joined.candles, timeframe, depth.clone()));
    let ranked = [
        Some((0, Cursor::Quotes(joined.quotes.into_iter()))),
        candles.map(|cursor| (1, Cursor::Candles(cursor))),
        Some((1, Cursor::Trades(TradeCursor::new(joined.trades, depth)))),
        Some((2, Cursor::Funding(joined.funding.into_iter()))),
    ];
    let busy = ranked.into_iter().flatten().filter(|(_, cursor)| cursor.next_at().is_some());
    busy.map(move |(rank, cursor)| (rank, Track { instrument, cursor }))
}

fn depth_of(instrument: Arc<Instrument>, settings: &ReplaySettings) -> SyntheticDepth {
    let ReplaySettings { half_spread_ticks, levels, level_notional, .. } = *settings;
    SyntheticDepth::new(instrument, half_spread_ticks, levels, level_notional)
}
