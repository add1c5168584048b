//! What sets the made-up assets apart: price, volatility and how much is traded.

use banyan_core::symbol::Symbol;

/// The character of one base asset.
#[derive(Debug)]
pub(super) struct Profile {
    /// Code of the asset.
    pub(super) base: &'static str,
    /// Price at the start, in the quote asset.
    pub(super) price: f64,
    /// Volatility as a multiple of that of the first.
    pub(super) volatility: f64,
    /// Typical value of one level of the book, in the quote asset.
    pub(super) level_notional: f64,
    /// Smallest value of an order that takes, in the quote asset.
    pub(super) taker_notional: f64,
}

static PROFILES: [Profile; 5] = [
    Profile {
        base: "BTC",
        price: 60_000.0,
        volatility: 1.0,
        level_notional: 150_000.0,
        taker_notional: 2_000.0,
    },
    Profile {
        base: "ETH",
        price: 3_000.0,
        volatility: 1.2,
        level_notional: 100_000.0,
        taker_notional: 1_500.0,
    },
    Profile {
        base: "SOL",
        price: 150.0,
        volatility: 1.6,
        level_notional: 50_000.0,
        taker_notional: 800.0,
    },
    Profile {
        base: "XRP",
        price: 2.0,
        volatility: 1.4,
        level_notional: 40_000.0,
        taker_notional: 600.0,
    },
    Profile {
        base: "DOGE",
        price: 0.15,
        volatility: 1.8,
        level_notional: 30_000.0,
        taker_notional: 500.0,
    },
];

/// The symbols that can be made up, in the order of a market of all.
pub(super) const SYMBOLS: [&str; 6] = [
    "BTC/USDT:USDT",
    "ETH/USDT:USDT",
    "SOL/USDT:USDT",
    "XRP/USDT:USDT",
    "DOGE/USDT:USDT",
    "BTC/USDT",
];

impl Profile {
    /// The profile of a symbol's base asset, and its place in the list of profiles.
    pub(super) fn of(symbol: &Symbol) -> Option<(usize, &'static Self)> {
        let base = symbol.base().as_str();
        PROFILES.iter().enumerate().find(|(_, profile)| profile.base == base)
    }

    /// How many profiles there are.
    pub(super) const fn count() -> usize {
        PROFILES.len()
    }
}

/// A profile is saved as the name of its asset.
pub(super) mod by_name {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{PROFILES, Profile};

    pub(in crate::synthetic) fn serialize<S: Serializer>(
        profile: &&'static Profile,
        sink: S,
    ) -> Result<S::Ok, S::Error> {
        profile.base.serialize(sink)
    }

    pub(in crate::synthetic) fn deserialize<'de, D: Deserializer<'de>>(
        source: D,
    ) -> Result<&'static Profile, D::Error> {
        let name = String::deserialize(source)?;
        let found = PROFILES.iter().find(|profile| profile.base == name);
        found.ok_or_else(|| D::Error::custom(format!("no made-up asset is called {name}")))
    }
}
