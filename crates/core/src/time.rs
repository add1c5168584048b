//! Time as the core sees it: UTC microseconds that come in on events, and candle timeframes.
//!
//! Nothing here reads a clock.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Microseconds in a millisecond.
pub const MILLISECOND: i64 = 1_000;
/// Microseconds in a second.
pub const SECOND: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Microseconds in an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Microseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span of time in microseconds; may be negative.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Timestamp {
    /// Reads epoch milliseconds.
    #[must_use]
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds * MILLISECOND)
    }

    /// Returns the epoch milliseconds, rounded down.
    #[must_use]
    pub const fn milliseconds(self) -> i64 {
        self.0.div_euclid(MILLISECOND)
    }

    /// Returns the number of the UTC day; a trading day ends at 00:00 UTC.
    #[must_use]
    pub const fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// Returns the start of the period of length `span` (aligned to the epoch) that holds this.
    #[must_use]
    pub const fn floor(self, span: Span) -> Self {
        Self(self.0.div_euclid(span.0) * span.0)
    }
}

impl Add<Span> for Timestamp {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Timestamp {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Span;
    fn sub(self, other: Self) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Span {
    /// A span of `n` milliseconds.
    #[must_use]
    pub const fn milliseconds(n: i64) -> Self {
        Self(n * MILLISECOND)
    }

    /// A span of `n` seconds.
    #[must_use]
    pub const fn seconds(n: i64) -> Self {
        Self(n * SECOND)
    }

    /// A span of `n` minutes.
    #[must_use]
    pub const fn minutes(n: i64) -> Self {
        Self(n * MINUTE)
    }
}

/// Writes RFC 3339 in UTC with milliseconds, e.g. `2025-01-01T12:00:00.000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.day());
        let within = self.0.rem_euclid(DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            within / HOUR,
            within / MINUTE % 60,
            within / SECOND % 60,
            within / MILLISECOND % 1000,
        )
    }
}

/// Gregorian date of a day number, after Howard Hinnant's "chrono-compatible low-level date
/// algorithms" (`civil_from_days`).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The length of a candle, named as in ccxt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timeframe {
    /// One minute.
    #[serde(rename = "1m")]
    OneMinute,
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// Fifteen minutes.
    #[serde(rename = "15m")]
    FifteenMinutes,
    /// Thirty minutes.
    #[serde(rename = "30m")]
    ThirtyMinutes,
    /// One hour.
    #[serde(rename = "1h")]
    OneHour,
    /// Four hours.
    #[serde(rename = "4h")]
    FourHours,
    /// One UTC day.
    #[serde(rename = "1d")]
    OneDay,
}

/// A timeframe that nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown timeframe {0:?}; one of 1m, 5m, 15m, 30m, 1h, 4h, 1d")]
pub struct UnknownTimeframe(pub String);

impl Timeframe {
    /// Every timeframe, shortest first.
    pub const ALL: [Self; 7] = [
        Self::OneMinute,
        Self::FiveMinutes,
        Self::FifteenMinutes,
        Self::ThirtyMinutes,
        Self::OneHour,
        Self::FourHours,
        Self::OneDay,
    ];

    /// Returns the length of one candle.
    #[must_use]
    pub const fn span(self) -> Span {
        Span(match self {
            Self::OneMinute => MINUTE,
            Self::FiveMinutes => 5 * MINUTE,
            Self::FifteenMinutes => 15 * MINUTE,
            Self::ThirtyMinutes => 30 * MINUTE,
            Self::OneHour => HOUR,
            Self::FourHours => 4 * HOUR,
            Self::OneDay => DAY,
        })
    }

    /// Returns the name, e.g. `15m`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneMinute => "1m",
            Self::FiveMinutes => "5m",
            Self::FifteenMinutes => "15m",
            Self::ThirtyMinutes => "30m",
            Self::OneHour => "1h",
            Self::FourHours => "4h",
            Self::OneDay => "1d",
        }
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Timeframe {
    type Err = UnknownTimeframe;
    fn from_str(text: &str) -> Result<Self, UnknownTimeframe> {
        Self::ALL
            .into_iter()
            .find(|timeframe| timeframe.name() == text)
            .ok_or_else(|| UnknownTimeframe(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_in_utc() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_640_991_660_000, "2021-12-31T23:01:00.000Z"),
            (1_709_164_800_123, "2024-02-29T00:00:00.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ];
        for (milliseconds, text) in cases {
            assert_eq!(Timestamp::from_milliseconds(milliseconds).to_string(), text);
        }
    }

    #[test]
    fn timeframes_read_back_what_they_write() {
        for timeframe in Timeframe::ALL {
            assert_eq!(timeframe.name().parse(), Ok(timeframe));
        }
        assert!("2m".parse::<Timeframe>().is_err());
    }
}
