//! Regimes: what kind of market it is at the moment, drawn day by day from the seed.
//!
//! The schedule of a day is a function of seed, asset and day alone, so that the past can be made
//! without the present and any moment can be asked about.

use banyan_core::time::{MINUTE, Timestamp};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::noise::{below, generator};

const MINUTES_OF_DAY: i64 = 1_440;
/// How long a crash falls or a squeeze rises before it turns, in minutes.
const RUSH: i64 = 60;
/// Words that keep the generators of different purposes apart.
const SCHEDULE: u64 = 1;
const WHOLE_MARKET: u64 = 0;

/// A kind of market.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Regime {
    /// The price drifts in one direction.
    Trend,
    /// The price returns again and again to where it came from.
    Chop,
    /// The price falls fast for an hour, then recovers a part.
    Crash,
    /// The price rises fast for an hour, then gives back a part.
    Squeeze,
    /// Funding is far from zero and changes its sign every time.
    FundingFlip,
}

impl Regime {
    /// Every regime.
    pub const ALL: [Self; 5] =
        [Self::Trend, Self::Chop, Self::Crash, Self::Squeeze, Self::FundingFlip];

    /// Says whether the price may move by more than a percent in a minute.
    #[must_use]
    pub const fn is_wild(self) -> bool {
        matches!(self, Self::Crash | Self::Squeeze)
    }

    const fn weight(self) -> u32 {
        match self {
            Self::Trend | Self::Chop => 10,
            Self::FundingFlip => 4,
            Self::Crash | Self::Squeeze => 1,
        }
    }

    /// A length in minutes: wild ones last 1 to 4 hours, others 3 to 12 hours.
    fn length(self, random: &mut Pcg64Mcg) -> i64 {
        let (least, spread) = if self.is_wild() { (60, 180) } else { (180, 540) };
        least + i64::from(below(random, spread))
    }
}

/// How the price moves in a minute.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Mood {
    /// Relative change expected in a minute.
    pub(super) drift: f64,
    /// Standard deviation of the relative change of a minute.
    pub(super) volatility: f64,
    /// Part of the way back to where the regime began, per minute.
    pub(super) reversion: f64,
    /// Whether the change within a minute is kept below a percent.
    pub(super) bounded: bool,
}

/// One regime within a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Segment {
    /// When it begins.
    pub(super) from: Timestamp,
    pub(super) regime: Regime,
    /// 1 or -1.
    pub(super) direction: f64,
}

impl Segment {
    /// How the price moves in the minute that begins at `time`, before the asset's own volatility.
    pub(super) fn mood(&self, time: Timestamp) -> Mood {
        let rushing = (time - self.from).0 < RUSH * MINUTE;
        let rush = if rushing { 0.0009 } else { -0.0002 };
        let (drift, volatility, reversion) = match self.regime {
            Regime::Trend => (0.00002 * self.direction, 0.0005, 0.0),
            Regime::Chop => (0.0, 0.0003, 0.003),
            Regime::Crash => (-rush, 0.002, 0.0),
            Regime::Squeeze => (rush, 0.002, 0.0),
            Regime::FundingFlip => (0.00001 * self.direction, 0.0006, 0.001),
        };
        Mood { drift, volatility, reversion, bounded: !self.regime.is_wild() }
    }
}

/// The regimes of one UTC day, in order; never empty.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Schedule {
    day: i64,
    segments: Vec<Segment>,
}

/// Whose regimes: a seed, the number of an asset, and the regimes allowed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) seed: u64,
    /// Number of the base asset, from 1.
    pub(super) asset: u64,
    /// In the order of `Regime::ALL`; never empty.
    pub(super) regimes: Vec<Regime>,
}

impl Schedule {
    /// Draws the schedule of a day. On every second day or so the whole market shares one; half
    /// of all days that allow a calm regime have a single one.
    pub(super) fn of(origin: &Origin, day: i64) -> Self {
        let shared = below(&mut generator(origin.seed, &[SCHEDULE, day as u64]), 2) == 0;
        let owner = if shared { WHOLE_MARKET } else { origin.asset };
        let mut random = generator(origin.seed, &[SCHEDULE, owner, day as u64]);
        let calm: Vec<_> = origin.regimes.iter().copied().filter(|it| !it.is_wild()).collect();
        let single = below(&mut random, 2) == 0 && !calm.is_empty();
        let mut segments = Vec::new();
        let mut minute = 0;
        while minute < MINUTES_OF_DAY {
            let allowed = if single { &calm } else { &origin.regimes };
            let regime = draw(allowed, &mut random);
            let direction = if below(&mut random, 2) == 0 { 1.0 } else { -1.0 };
            let from = Timestamp((day * MINUTES_OF_DAY + minute) * MINUTE);
            segments.push(Segment { from, regime, direction });
            minute += if single { MINUTES_OF_DAY } else { regime.length(&mut random) };
        }
        Self { day, segments }
    }

    /// The day it is for.
    pub(super) fn day(&self) -> i64 {
        self.day
    }

    /// The segment that holds a moment of the day.
    pub(super) fn at(&self, time: Timestamp) -> Segment {
        let after = self.segments.partition_point(|segment| segment.from <= time);
        self.segments[after.saturating_sub(1)]
    }
}

fn draw(allowed: &[Regime], random: &mut Pcg64Mcg) -> Regime {
    let total = allowed.iter().map(|regime| regime.weight()).sum();
    let mut ticket = below(random, total);
    for &regime in allowed {
        match ticket.checked_sub(regime.weight()) {
            Some(rest) => ticket = rest,
            None => return regime,
        }
    }
    unreachable!("a ticket is below the sum of the weights")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(asset: u64, regimes: &[Regime]) -> Origin {
        Origin { seed: 11, asset, regimes: regimes.to_vec() }
    }

    #[test]
    fn every_regime_occurs_and_a_forced_one_alone() {
        let regimes = |allowed: &[Regime]| {
            let origin = origin(1, allowed);
            let mut seen: Vec<_> = (19_000..19_120)
                .flat_map(|day| Schedule::of(&origin, day).segments)
                .map(|segment| segment.regime)
                .collect();
            seen.sort_unstable();
            seen.dedup();
            seen
        };
        assert_eq!(regimes(&Regime::ALL), Regime::ALL);
        assert_eq!(regimes(&[Regime::Crash]), [Regime::Crash]);
    }

    #[test]
    fn regimes_last_hours_to_a_day() {
        for day in 19_000..19_100 {
            let schedule = Schedule::of(&origin(2, &Regime::ALL), day);
            for pair in schedule.segments.windows(2) {
                let minutes = (pair[1].from - pair[0].from).0 / MINUTE;
                assert!((60..=1_440).contains(&minutes), "{minutes}");
            }
            assert_eq!(schedule.segments[0].from.day(), day);
        }
    }

    #[test]
    fn assets_share_some_days_and_differ_on_others() {
        let same = (19_000..19_100).filter(|day| {
            let of = |asset| Schedule::of(&origin(asset, &Regime::ALL), *day).segments;
            of(1) == of(2)
        });
        let same = same.count();
        assert!((20..80).contains(&same), "{same}");
    }
}
