//! Order flow around a fair price: the outsiders' book, the orders that take from it, the mark and
//! the funding rate.

use std::sync::Arc;

use banyan_core::instrument::Instrument;
use banyan_core::money::{Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::time::{HOUR, Timestamp};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::noise::{below, generator, heavy_tailed, normal, uniform};
use super::profile::Profile;
use super::regime::{Regime, Segment};
use crate::market::{Level, MarketChange};

/// How far spot stands below the perpetual at the start and in the long run.
const BASIS: f64 = 0.0002;
/// How far an order that takes goes from the fair price, at most.
const REACH: f64 = 0.001;
/// Half the distance between bid and ask, of the price, in calm markets.
const HALF_SPREAD: f64 = 0.00005;
const FLOW: u64 = 3;

/// The order flow of one instrument.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Flow {
    instrument: Arc<Instrument>,
    #[serde(with = "super::profile::by_name")]
    profile: &'static Profile,
    random: Pcg64Mcg,
    grid: Grid,
    basis: f64,
}

impl Flow {
    /// The flow of an instrument on the asset of this number.
    pub(super) fn new(
        seed: u64,
        asset: u64,
        instrument: Arc<Instrument>,
        profile: &'static Profile,
    ) -> Self {
        let words = [FLOW, asset, u64::from(instrument.is_contract())];
        let basis = starting_basis(&instrument);
        let grid = Grid::new(&instrument);
        Self { random: generator(seed, &words), grid, instrument, profile, basis }
    }

    /// The fair price of this instrument when that of its asset is `fair`.
    pub(super) fn price(&self, fair: f64) -> f64 {
        fair * (1.0 - self.basis)
    }

    /// Moves the basis of spot a little.
    pub(super) fn drift_basis(&mut self) {
        if !self.instrument.is_contract() {
            let moved = self.basis + 0.02 * (BASIS - self.basis);
            self.basis = (moved + 0.00003 * normal(&mut self.random)).clamp(-0.001, 0.001);
        }
    }

    /// The book around `price`: five to eight levels a side, thin and wide in wild regimes.
    pub(super) fn depth(&mut self, price: f64, regime: Regime) -> MarketChange {
        let (width, fill) = if regime.is_wild() { (4.0, 0.3) } else { (1.0, 1.0) };
        let half = price * HALF_SPREAD * width;
        let best_bid = self.grid.floor(price - half);
        let best_ask = self.grid.ceiling(price + half).max(best_bid + 1);
        let typical = self.profile.level_notional * fill / price;
        let jump = 1 + (half / self.grid.tick) as u32;
        let bids = self.side(best_bid, -1, jump, typical);
        let asks = self.side(best_ask, 1, jump, typical);
        MarketChange::Depth { bids, asks }
    }

    fn side(&mut self, best: i64, away: i64, jump: u32, typical: f64) -> Vec<Level> {
        let count = 5 + below(&mut self.random, 4);
        let mut levels = Vec::with_capacity(count as usize);
        let mut ticks = best;
        for index in 0..count {
            let size = typical * (0.4 + 1.2 * uniform(&mut self.random));
            let quantity = self.grid.quantity(size * (1.0 + 0.35 * f64::from(index)));
            levels.push(Level { price: self.grid.price(ticks), quantity });
            ticks += away * i64::from(1 + below(&mut self.random, jump));
            if ticks < 1 {
                break;
            }
        }
        levels
    }

    /// The orders that take in one step: none to two in calm markets, two to four in wild ones,
    /// more often in the direction of the last move.
    pub(super) fn takers(&mut self, price: f64, moved: f64, regime: Regime) -> Vec<MarketChange> {
        let count = below(&mut self.random, 3) + if regime.is_wild() { 2 } else { 0 };
        let buying = 0.5 + (moved * 150.0).clamp(-0.35, 0.35);
        (0..count).map(|_| self.taker(price, buying)).collect()
    }

    fn taker(&mut self, price: f64, buying: f64) -> MarketChange {
        let buys = uniform(&mut self.random) < buying;
        let notional = self.profile.taker_notional * heavy_tailed(&mut self.random);
        let quantity = self.grid.quantity(notional / price);
        let (side, limit) = if buys {
            (Side::Buy, self.grid.ceiling(price * (1.0 + REACH)))
        } else {
            (Side::Sell, self.grid.floor(price * (1.0 - REACH)))
        };
        MarketChange::Taker { side, quantity, limit: self.grid.price(limit) }
    }

    /// The mark price at the finest decimals; `None` for spot.
    pub(super) fn mark(&self, price: f64) -> Option<MarketChange> {
        let mark = Price(((price / self.grid.unit).round() as i64).max(1));
        self.instrument.is_contract().then_some(MarketChange::Mark(mark))
    }

    /// The rate settled at `time`; the sign follows the crowd: longs pay in rising markets.
    pub(super) fn funding(&mut self, segment: Segment, time: Timestamp) -> Rate {
        let flip = if time.0.div_euclid(8 * HOUR) % 2 == 0 { 1.0 } else { -1.0 };
        let (sign, least, spread) = match segment.regime {
            Regime::Trend => (segment.direction, 0.5, 2.5),
            Regime::Chop => (1.0, 0.5, 0.5),
            Regime::Crash => (-1.0, 2.0, 8.0),
            Regime::Squeeze => (1.0, 5.0, 10.0),
            Regime::FundingFlip => (flip * segment.direction, 5.0, 20.0),
        };
        let basis_points = sign * (least + spread * uniform(&mut self.random));
        // Venues state eight decimals: ten-thousandths of a basis point.
        Rate((basis_points * 10_000.0).round() as i64 * (Rate::from_basis_points(1).0 / 10_000))
    }

    pub(super) fn instrument(&self) -> &Arc<Instrument> {
        &self.instrument
    }

    pub(super) fn grid(&self) -> Grid {
        self.grid
    }
}

/// How far below the price of its asset an instrument begins, as a fraction.
pub(super) fn starting_basis(instrument: &Instrument) -> f64 {
    if instrument.is_contract() { 0.0 } else { BASIS }
}

/// The ticks and steps of an instrument as floats.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Grid {
    tick: f64,
    tick_mantissa: i64,
    unit: f64,
    step: f64,
    step_mantissa: i64,
}

impl Grid {
    pub(super) fn new(instrument: &Instrument) -> Self {
        let unit = 1.0 / 10_i64.pow(u32::from(instrument.price_decimals)) as f64;
        let quantity_unit = 1.0 / 10_i64.pow(u32::from(instrument.quantity_decimals)) as f64;
        let (tick_mantissa, step_mantissa) = (instrument.filters.tick.0, instrument.filters.step.0);
        Self {
            tick: unit * tick_mantissa as f64,
            tick_mantissa,
            unit,
            step: quantity_unit * step_mantissa as f64,
            step_mantissa,
        }
    }

    fn floor(self, price: f64) -> i64 {
        ((price / self.tick).floor() as i64).max(1)
    }

    fn ceiling(self, price: f64) -> i64 {
        ((price / self.tick).ceil() as i64).max(1)
    }

    fn price(self, ticks: i64) -> Price {
        Price(ticks * self.tick_mantissa)
    }

    /// The price on the tick nearest to `price`; at least one tick.
    pub(super) fn nearest(self, price: f64) -> Price {
        self.price(((price / self.tick).round() as i64).max(1))
    }

    /// The quantity on the step nearest to `quantity`; at least one step.
    pub(super) fn quantity(self, quantity: f64) -> Quantity {
        Quantity(((quantity / self.step).round() as i64).max(1) * self.step_mantissa)
    }
}
