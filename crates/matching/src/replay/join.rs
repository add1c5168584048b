//! Brings the recordings of each symbol together: one instrument, one history per kind.

use std::sync::Arc;

use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::market::Candle;
use banyan_core::money::Rate;
use banyan_core::time::{Timeframe, Timestamp};
use indexmap::IndexMap;

use super::error::{DataError, DataProblem};
use super::parse::gap;
use super::recording::{Decimals, Quote, Recording, RecordingKind, Rows, Trade};
use crate::listing::{Precision, for_data};

/// All that was recorded of one symbol, at the decimals of its instrument.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) instrument: Arc<Instrument>,
    /// The timeframe when there are candles.
    pub(super) timeframe: Option<Timeframe>,
    pub(super) candles: Vec<Candle>,
    pub(super) trades: Vec<Trade>,
    pub(super) quotes: Vec<Quote>,
    pub(super) funding: Vec<(Timestamp, Rate)>,
}

/// Groups by symbol, in the order in which symbols first appear.
pub(super) fn join(recordings: &[Recording]) -> Result<Vec<Joined>, DataError> {
    let mut groups: IndexMap<String, Vec<&Recording>> = IndexMap::new();
    for recording in recordings {
        groups.entry(recording.symbol.to_string()).or_default().push(recording);
    }
    let numbered = groups.into_values().zip(0..);
    numbered.map(|(group, id)| join_symbol(group, InstrumentId(id))).collect()
}

fn join_symbol(mut group: Vec<&Recording>, id: InstrumentId) -> Result<Joined, DataError> {
    group.sort_by_key(|recording| recording.range().0);
    check_together(&group)?;
    let seen = group.iter().map(|it| it.precision()).fold(Precision::default(), Precision::max);
    let instrument = for_data(id, &group[0].symbol, seen);
    let mut joined = Joined {
        instrument: Arc::new(instrument),
        timeframe: None,
        candles: Vec::new(),
        trades: Vec::new(),
        quotes: Vec::new(),
        funding: Vec::new(),
    };
    for recording in group {
        joined.append(recording)?;
    }
    Ok(joined)
}

impl Joined {
    fn append(&mut self, recording: &Recording) -> Result<(), DataError> {
        let decimals = Decimals {
            price: self.instrument.price_decimals,
            quantity: self.instrument.quantity_decimals,
        };
        match &recording.rows {
            Rows::Candles(timeframe, rows) => {
                self.timeframe = Some(*timeframe);
                convert(recording, rows, &mut self.candles, |row| row.convert(decimals))
            }
            Rows::Trades(rows) => {
                convert(recording, rows, &mut self.trades, |row| row.convert(decimals))
            }
            Rows::Quotes(rows) => {
                convert(recording, rows, &mut self.quotes, |row| row.convert(decimals))
            }
            Rows::Funding(rows) => {
                self.funding.extend(rows.iter().map(|row| (row.time, row.rate)));
                Ok(())
            }
        }
    }
}

fn convert<R, T>(
    recording: &Recording,
    rows: &[R],
    target: &mut Vec<T>,
    convert: impl Fn(&R) -> Result<T, DataProblem>,
) -> Result<(), DataError> {
    target.reserve(rows.len());
    for (index, row) in rows.iter().enumerate() {
        target.push(convert(row).map_err(|problem| recording.error(Some(index), problem))?);
    }
    Ok(())
}

/// Checks every two recordings of one symbol; `group` is sorted by time.
fn check_together(group: &[&Recording]) -> Result<(), DataError> {
    for (index, later) in group.iter().enumerate() {
        for earlier in &group[..index] {
            check_pair(earlier, later)?;
        }
        let same = |earlier: &&&Recording| earlier.kind() == later.kind();
        if let Some(before) = group[..index].iter().rev().find(same) {
            check_gap(before, later)?;
        }
    }
    Ok(())
}

fn check_pair(earlier: &Recording, later: &Recording) -> Result<(), DataError> {
    use RecordingKind::{Candles, Funding, Quotes, Trades};
    let overlaps = match (earlier.kind(), later.kind()) {
        (Candles(one), Candles(other)) if one != other => return Err(incompatible(earlier, later)),
        (Candles(_), Trades) | (Trades, Candles(_)) => return Err(incompatible(earlier, later)),
        (Candles(_), Candles(_)) | (Funding, Funding) => later.range().0 <= earlier.range().1,
        (Trades, Trades) | (Quotes, Quotes) => later.range().0 < earlier.range().1,
        _ => false,
    };
    if overlaps {
        return Err(later.error(None, DataProblem::Overlap(earlier.file.clone())));
    }
    Ok(())
}

fn incompatible(earlier: &Recording, later: &Recording) -> DataError {
    later.error(None, DataProblem::Incompatible(earlier.file.clone()))
}

fn check_gap(before: &Recording, later: &Recording) -> Result<(), DataError> {
    let RecordingKind::Candles(timeframe) = later.kind() else {
        return Ok(());
    };
    let (due, first) = (before.range().1 + timeframe.span(), later.range().0);
    if due < first && !(before.allow_gaps && later.allow_gaps) {
        return Err(later.error(Some(0), gap(due, first, timeframe.span())));
    }
    Ok(())
}
