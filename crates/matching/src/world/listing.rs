//! What an instrument is like under the faults that lie on it.
//!
//! The market's word is kept beside the faults, so that it is restored when they are over, and a
//! change that the market makes meanwhile is not lost.

use std::sync::Arc;

use banyan_core::instrument::{Instrument, TradingStatus};
use banyan_core::money::{Amount, Price};
use serde::{Deserialize, Serialize};

const FACTORS: [i64; 3] = [2, 5, 10];

/// An instrument as the market has it, and the faults on it.
#[derive(Serialize, Deserialize)]
pub(super) struct Listing {
    pub(super) told: Arc<Instrument>,
    pub(super) is_halted: bool,
    pub(super) is_delisted: bool,
    /// Which filter is coarser, and by how much.
    pub(super) coarser: Option<u32>,
}

impl Listing {
    pub(super) const fn new(told: Arc<Instrument>) -> Self {
        Self { told, is_halted: false, is_delisted: false, coarser: None }
    }

    /// The instrument as the exchange has to know it, under a version after `version`.
    pub(super) fn effective(&self, version: u32) -> Instrument {
        let mut instrument = Instrument::clone(&self.told);
        if let Some(choice) = self.coarser {
            coarsen(&mut instrument, choice);
        }
        let filters = &mut instrument.filters;
        filters.version = filters.version.max(version) + 1;
        if self.is_delisted {
            filters.status = TradingStatus::Delisted;
        } else if self.is_halted && filters.status == TradingStatus::Trading {
            filters.status = TradingStatus::Halted;
        }
        instrument
    }
}

/// New steps are multiples of the old ones.
fn coarsen(instrument: &mut Instrument, choice: u32) {
    let factor = FACTORS[choice as usize / 3 % FACTORS.len()];
    let filters = &mut instrument.filters;
    match choice % 3 {
        0 => filters.tick = Price(filters.tick.0 * factor),
        1 => {
            filters.step.0 *= factor;
            filters.min_quantity = filters.min_quantity.max(filters.step).ceil_to(filters.step);
            filters.max_quantity =
                filters.max_quantity.floor_to(filters.step).max(filters.min_quantity);
        }
        _ => filters.min_notional = Amount(filters.min_notional.0 * i128::from(factor)),
    }
}
