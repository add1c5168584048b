//! The synthetic market: the lanes of all instruments, merged by time.

use std::sync::Arc;

use banyan_core::instrument::{Instrument, InstrumentId, Instruments};
use banyan_core::market::Candle;
use banyan_core::symbol::{Symbol, SymbolError};
use banyan_core::time::{MILLISECOND, Span, Timeframe, Timestamp};
use serde::{Deserialize, Serialize};

use super::fair::Fair;
use super::flow::Flow;
use super::lane::Lane;
use super::past::Past;
use super::profile::{Profile, SYMBOLS};
use super::regime::{Origin, Regime, Schedule};
use super::settings::SyntheticSettings;
use crate::listing::well_known;
use crate::market::{Market, MarketStep};

/// The stretch of time that is not past; days of the past have their own numbers.
const LIVE: u64 = u64::MAX;

/// A made-up market: perpetuals that move through regimes, and spot that follows.
///
/// Prices move by less than a percent a minute except in crashes and squeezes. Funding is settled
/// at 00:00, 08:00 and 16:00 UTC. The market has ninety days of history at every timeframe, of
/// which the last close is the price at the start.
#[derive(Debug, Serialize, Deserialize)]
pub struct SyntheticMarket {
    instruments: Instruments,
    end: Option<Timestamp>,
    /// By instrument id, as the two below.
    lanes: Vec<Lane>,
    pasts: Vec<Past>,
    origins: Vec<Origin>,
}

impl SyntheticMarket {
    /// Makes a market.
    ///
    /// # Errors
    /// When a symbol is none of [`SyntheticSettings::available_symbols`].
    pub fn new(settings: &SyntheticSettings) -> Result<Self, SymbolError> {
        let step = Span(settings.step.0.max(MILLISECOND));
        let mut market = Self {
            instruments: Instruments::default(),
            end: settings.end,
            lanes: Vec::new(),
            pasts: Vec::new(),
            origins: Vec::new(),
        };
        for (symbol, id) in settings.symbols.iter().zip(0..) {
            market.list(settings, step, InstrumentId(id), symbol)?;
        }
        Ok(market)
    }

    fn list(
        &mut self,
        settings: &SyntheticSettings,
        step: Span,
        id: InstrumentId,
        symbol: &Symbol,
    ) -> Result<(), SymbolError> {
        let (index, profile, instrument) = find(id, symbol).ok_or_else(|| unknown(symbol))?;
        let origin = Origin {
            seed: settings.seed,
            asset: index as u64 + 1,
            regimes: allowed(&settings.regimes),
        };
        let (start, volatility) = (settings.start, profile.volatility);
        let fair = Fair::new(origin.clone(), volatility, LIVE, start, profile.price).at_home();
        let offset = Span(step.0 * index as i64 / Profile::count() as i64);
        let flow = Flow::new(settings.seed, origin.asset, Arc::clone(&instrument), profile);
        self.lanes.push(Lane::new(fair, flow, step, start, offset));
        self.pasts.push(Past::new(origin.clone(), profile, &instrument, start, step));
        self.origins.push(origin);
        self.instruments.put(instrument);
        Ok(())
    }

    /// The regime an instrument is in at a moment of the past or the future; `None` when it is not
    /// listed.
    #[must_use]
    pub fn regime_at(&self, instrument: InstrumentId, time: Timestamp) -> Option<Regime> {
        let origin = self.origins.get(instrument.0 as usize)?;
        Some(Schedule::of(origin, time.day()).at(time).regime)
    }

    /// The lane that is due next, and when; the first of those due at the same time.
    fn next_lane(&self) -> Option<(usize, Timestamp)> {
        let times = self.lanes.iter().map(Lane::next_at).enumerate();
        let next = times.min_by_key(|(_, time)| *time)?;
        if self.end.is_some_and(|end| next.1 > end) { None } else { Some(next) }
    }
}

impl Market for SyntheticMarket {
    fn instruments(&self) -> Instruments {
        self.instruments.clone()
    }

    fn next_at(&self) -> Option<Timestamp> {
        self.next_lane().map(|(_, time)| time)
    }

    fn next_step(&mut self) -> Option<MarketStep> {
        let (index, _) = self.next_lane()?;
        self.lanes.get_mut(index)?.next_step()
    }

    fn history(&self, instrument: InstrumentId, timeframe: Timeframe, limit: usize) -> Vec<Candle> {
        let past = self.pasts.get(instrument.0 as usize);
        past.map_or_else(Vec::new, |past| past.candles(timeframe, limit))
    }

    fn save(&self) -> Option<Vec<u8>> {
        postcard::to_stdvec(self).ok()
    }
}

fn find(id: InstrumentId, symbol: &Symbol) -> Option<(usize, &'static Profile, Arc<Instrument>)> {
    let name = symbol.to_string();
    SYMBOLS.iter().find(|known| **known == name)?;
    let (index, profile) = Profile::of(symbol)?;
    Some((index, profile, Arc::new(well_known(id, symbol)?)))
}

fn unknown(symbol: &Symbol) -> SymbolError {
    SymbolError::Unknown { name: symbol.to_string(), known: SYMBOLS.join(", ") }
}

/// The regimes given, once each and in a fixed order; all when none is given.
fn allowed(regimes: &[Regime]) -> Vec<Regime> {
    let wanted = |regime: &Regime| regimes.is_empty() || regimes.contains(regime);
    Regime::ALL.into_iter().filter(wanted).collect()
}
