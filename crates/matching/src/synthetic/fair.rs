//! The fair price: a bounded walk whose drift and volatility the regime sets.
//!
//! Two instruments on the same asset each run a walk of their own from the same seed and step, and
//! so agree on the price without knowing of each other.

use banyan_core::time::{MINUTE, Span, Timestamp};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::noise::{generator, normal};
use super::regime::{Mood, Origin, Schedule, Segment};

/// How far a bounded minute goes from its open, either way.
const BOUND: f64 = 0.0045;
/// Strength of the pull towards home, per minute.
const PULL: f64 = 0.00003;
/// Part of every move that all assets share (0.6 squared is 36 % of the variance), and its own.
const SHARED: f64 = 0.6;
const OWN: f64 = 0.8;
const WALK: u64 = 2;
const WHOLE_MARKET: u64 = 0;

/// The fair price of one asset.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fair {
    origin: Origin,
    volatility: f64,
    own: Pcg64Mcg,
    shared: Pcg64Mcg,
    schedule: Schedule,
    segment: Segment,
    mood: Mood,
    price: f64,
    /// Price at which the regime began.
    anchor: f64,
    minute_open: f64,
    /// Price from which the walk never goes for ever; `None` for a walk that ends.
    home: Option<f64>,
}

impl Fair {
    /// A walk that begins at `price` in the minute of `start`; `stretch` names which stretch of
    /// time it is, for walks of the same asset that must not resemble each other.
    pub(super) fn new(
        origin: Origin,
        volatility: f64,
        stretch: u64,
        start: Timestamp,
        price: f64,
    ) -> Self {
        let random = |asset| generator(origin.seed, &[WALK, asset, stretch]);
        let schedule = Schedule::of(&origin, start.day());
        let segment = schedule.at(start);
        Self {
            own: random(origin.asset),
            shared: random(WHOLE_MARKET),
            mood: segment.mood(start),
            origin,
            volatility,
            schedule,
            segment,
            price,
            anchor: price,
            minute_open: price,
            home: None,
        }
    }

    /// Keeps the walk between a hundredth and a hundred times its present price, softly long
    /// before.
    pub(super) fn at_home(mut self) -> Self {
        self.home = Some(self.price);
        self
    }

    pub(super) fn price(&self) -> f64 {
        self.price
    }

    pub(super) fn segment(&self) -> Segment {
        self.segment
    }

    /// Begins the minute that starts at `time`.
    pub(super) fn begin_minute(&mut self, time: Timestamp) {
        if self.schedule.day() != time.day() {
            self.schedule = Schedule::of(&self.origin, time.day());
        }
        let segment = self.schedule.at(time);
        if segment != self.segment {
            (self.segment, self.anchor) = (segment, self.price);
        }
        self.mood = segment.mood(time);
        self.minute_open = self.price;
    }

    /// Moves the price by what happens in `span`; returns the relative change.
    pub(super) fn advance(&mut self, span: Span) -> f64 {
        let minutes = span.0 as f64 / MINUTE as f64;
        let noise = SHARED * normal(&mut self.shared) + OWN * normal(&mut self.own);
        let mood = self.mood;
        let back = mood.reversion * (self.anchor / self.price - 1.0);
        let drift = mood.drift * self.volatility + back + self.pull();
        let change = drift * minutes + mood.volatility * self.volatility * noise * minutes.sqrt();
        let before = self.price;
        self.price = self.bound(before * (1.0 + change.max(-0.5)));
        self.price / before - 1.0
    }

    fn pull(&self) -> f64 {
        self.home.map_or(0.0, |home| PULL * (home / self.price - self.price / home) / 2.0)
    }

    fn bound(&self, price: f64) -> f64 {
        let price = match self.home {
            Some(home) => price.clamp(home / 100.0, home * 100.0),
            None => price,
        };
        if self.mood.bounded {
            price.clamp(self.minute_open * (1.0 - BOUND), self.minute_open * (1.0 + BOUND))
        } else {
            price
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::regime::Regime;

    fn walk(regimes: &[Regime], minutes: i64) -> Vec<f64> {
        let origin = Origin { seed: 3, asset: 1, regimes: regimes.to_vec() };
        let mut fair = Fair::new(origin, 1.8, 0, Timestamp(0), 100.0).at_home();
        (0..minutes)
            .map(|minute| {
                fair.begin_minute(Timestamp(minute * MINUTE));
                fair.advance(Span::minutes(1));
                fair.price()
            })
            .collect()
    }

    #[test]
    fn a_calm_minute_stays_within_its_bound() {
        let prices = walk(&[Regime::Trend, Regime::Chop, Regime::FundingFlip], 100_000);
        let moves = prices.windows(2).map(|pair| (pair[1] / pair[0] - 1.0).abs());
        let largest = moves.fold(0.0, f64::max);
        assert!(largest > 0.001 && largest < 0.00451, "{largest}");
    }

    #[test]
    fn a_crash_falls_and_a_squeeze_rises() {
        assert!(walk(&[Regime::Crash], 60)[59] < 97.0);
        assert!(walk(&[Regime::Squeeze], 60)[59] > 103.0);
    }

    #[test]
    fn not_even_an_endless_crash_ends_at_zero() {
        let prices = walk(&[Regime::Crash], 200_000);
        assert!(prices.iter().all(|price| *price >= 1.0));
    }
}
