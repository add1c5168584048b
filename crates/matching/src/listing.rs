//! Makes the instruments that markets list: the well known as venues have them, any other from the
//! decimals of its own recorded data.
//!
//! Knows nothing of where data come from. Filters, brackets and fees are shaped after the public
//! tables of Binance (USD-M futures and spot).

use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, LeverageTier, TradingStatus,
};
use banyan_core::money::{Amount, Price, Quantity, Rate, Rounding};
use banyan_core::symbol::Symbol;
use banyan_core::time::{HOUR, Span};

/// The most decimals that a listed price or quantity has.
pub const MAX_DECIMALS: u8 = 8;

/// How many digits recorded data have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Precision {
    /// Decimals of the finest price.
    pub price_decimals: u8,
    /// Digits before the point of the highest price; 0 below one.
    pub price_digits: u8,
    /// Decimals of the finest traded or quoted quantity.
    pub quantity_decimals: u8,
    /// Decimals of the finest candle volume.
    pub volume_decimals: u8,
    /// Digits before the point of the largest quantity or volume; 0 below one.
    pub volume_digits: u8,
}

impl Precision {
    /// Returns the precision that holds both.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            price_decimals: self.price_decimals.max(other.price_decimals),
            price_digits: self.price_digits.max(other.price_digits),
            quantity_decimals: self.quantity_decimals.max(other.quantity_decimals),
            volume_decimals: self.volume_decimals.max(other.volume_decimals),
            volume_digits: self.volume_digits.max(other.volume_digits),
        }
    }

    /// Decimals for the quantities of an instrument nobody knows: what the data show, yet so fine
    /// that one step is worth about one unit of quote at most, and so coarse that a day of volume
    /// stays far from the end of 64 bits (15 digits).
    fn quantity_decimals_unknown(self) -> u8 {
        let seen = self.quantity_decimals.max(self.volume_decimals).max(self.price_digits);
        let room = 15_u8.saturating_sub(self.volume_digits);
        seen.min(MAX_DECIMALS).min(room).max(self.quantity_decimals.min(MAX_DECIMALS))
    }
}

/// Notional floor in units of settle, highest leverage, maintenance rate in hundredths of a basis
/// point.
type Bracket = (i64, u32, i64);

/// One line of the table of well-known instruments. Increments are powers of ten given as decimals:
/// a tick of 0.10 is `tick_decimals: 1`.
struct Listed {
    symbol: &'static str,
    price_decimals: u8,
    tick_decimals: u8,
    step_decimals: u8,
    max_quantity: i64,
    /// In units of 10^-8 of the settle asset.
    min_notional: i128,
    band_percent: i64,
    brackets: &'static [Bracket],
}

const DEEP: &[Bracket] = &[
    (0, 125, 4_000),
    (300_000, 100, 5_000),
    (800_000, 75, 6_500),
    (3_000_000, 50, 10_000),
    (12_000_000, 25, 20_000),
    (70_000_000, 20, 25_000),
    (100_000_000, 10, 50_000),
    (230_000_000, 5, 100_000),
];

const MIDDLING: &[Bracket] = &[
    (0, 75, 5_000),
    (10_000, 50, 10_000),
    (50_000, 40, 15_000),
    (300_000, 25, 20_000),
    (2_000_000, 20, 25_000),
    (5_000_000, 10, 50_000),
    (10_000_000, 5, 100_000),
];

const SHALLOW: &[Bracket] =
    &[(0, 20, 25_000), (100_000, 10, 50_000), (1_000_000, 5, 100_000), (5_000_000, 2, 250_000)];

const UNIT: i128 = 100_000_000;

const WELL_KNOWN: &[Listed] = &[
    Listed {
        symbol: "BTC/USDT:USDT",
        price_decimals: 2,
        tick_decimals: 1,
        step_decimals: 3,
        max_quantity: 1_000,
        min_notional: 100 * UNIT,
        band_percent: 5,
        brackets: DEEP,
    },
    Listed {
        symbol: "ETH/USDT:USDT",
        price_decimals: 2,
        tick_decimals: 2,
        step_decimals: 3,
        max_quantity: 10_000,
        min_notional: 20 * UNIT,
        band_percent: 5,
        brackets: DEEP,
    },
    Listed {
        symbol: "SOL/USDT:USDT",
        price_decimals: 4,
        tick_decimals: 2,
        step_decimals: 2,
        max_quantity: 1_000_000,
        min_notional: 5 * UNIT,
        band_percent: 5,
        brackets: MIDDLING,
    },
    Listed {
        symbol: "XRP/USDT:USDT",
        price_decimals: 4,
        tick_decimals: 4,
        step_decimals: 1,
        max_quantity: 10_000_000,
        min_notional: 5 * UNIT,
        band_percent: 5,
        brackets: MIDDLING,
    },
    Listed {
        symbol: "DOGE/USDT:USDT",
        price_decimals: 6,
        tick_decimals: 5,
        step_decimals: 0,
        max_quantity: 50_000_000,
        min_notional: 5 * UNIT,
        band_percent: 5,
        brackets: MIDDLING,
    },
    Listed {
        symbol: "BNB/USDT:USDT",
        price_decimals: 3,
        tick_decimals: 2,
        step_decimals: 2,
        max_quantity: 100_000,
        min_notional: 5 * UNIT,
        band_percent: 5,
        brackets: MIDDLING,
    },
    Listed {
        symbol: "BTC/USDT",
        price_decimals: 2,
        tick_decimals: 2,
        step_decimals: 5,
        max_quantity: 9_000,
        min_notional: 5 * UNIT,
        band_percent: 5,
        brackets: &[],
    },
    Listed {
        symbol: "ETH/USDT",
        price_decimals: 2,
        tick_decimals: 2,
        step_decimals: 4,
        max_quantity: 9_000,
        min_notional: 5 * UNIT,
        band_percent: 5,
        brackets: &[],
    },
    Listed {
        symbol: "ETH/BTC",
        price_decimals: 8,
        tick_decimals: 5,
        step_decimals: 4,
        max_quantity: 100_000,
        min_notional: UNIT / 10_000,
        band_percent: 5,
        brackets: &[],
    },
];

/// Returns a well-known instrument, or `None` for a symbol that is not in the table.
#[must_use]
pub fn well_known(id: InstrumentId, symbol: &Symbol) -> Option<Instrument> {
    let name = symbol.to_string();
    let listed = WELL_KNOWN.iter().find(|listed| listed.symbol == name)?;
    let one = 10_i64.pow(u32::from(listed.step_decimals));
    Some(Instrument {
        id,
        symbol: symbol.clone(),
        kind: kind_of(symbol),
        price_decimals: listed.price_decimals,
        quantity_decimals: listed.step_decimals,
        contract_size: Quantity(one),
        funding_interval: funding_interval(symbol),
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(10_i64.pow(u32::from(listed.price_decimals - listed.tick_decimals))),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(listed.max_quantity * one),
            min_notional: Amount(listed.min_notional),
            significant_figures: None,
            price_band: Rate::from_basis_points(listed.band_percent * 100),
        },
        tiers: tiers(listed.brackets),
        fees: fees(symbol),
    })
}

/// Returns the instrument for recorded data: the well-known one, made finer where the data need
/// it, or one derived from the precision of the data alone.
#[must_use]
pub fn for_data(id: InstrumentId, symbol: &Symbol, precision: Precision) -> Instrument {
    match well_known(id, symbol) {
        Some(instrument) => refined(instrument, precision),
        None => derived(id, symbol, precision),
    }
}

/// Gives an instrument the decimals, the tick and the step that hold the data.
fn refined(mut instrument: Instrument, precision: Precision) -> Instrument {
    let price_decimals = instrument.price_decimals.max(precision.price_decimals.min(MAX_DECIMALS));
    let finer = 10_i64.pow(u32::from(price_decimals - instrument.price_decimals));
    let needed = 10_i64.pow(u32::from(price_decimals.saturating_sub(precision.price_decimals)));
    instrument.filters.tick = Price((instrument.filters.tick.0 * finer).min(needed));
    instrument.price_decimals = price_decimals;

    let decimals = instrument.quantity_decimals.max(precision.quantity_decimals.min(MAX_DECIMALS));
    let finer = 10_i64.pow(u32::from(decimals - instrument.quantity_decimals));
    instrument.contract_size = Quantity(instrument.contract_size.0 * finer);
    instrument.filters.max_quantity = Quantity(instrument.filters.max_quantity.0 * finer);
    instrument.quantity_decimals = decimals;
    instrument
}

fn derived(id: InstrumentId, symbol: &Symbol, precision: Precision) -> Instrument {
    let quantity_decimals = precision.quantity_decimals_unknown();
    let one = 10_i64.pow(u32::from(quantity_decimals));
    let kind = kind_of(symbol);
    Instrument {
        id,
        symbol: symbol.clone(),
        kind,
        price_decimals: precision.price_decimals.min(MAX_DECIMALS),
        quantity_decimals,
        contract_size: Quantity(one),
        funding_interval: funding_interval(symbol),
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(1),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(1_000_000_000 * one),
            min_notional: smallest_notional(symbol),
            significant_figures: None,
            price_band: Rate::from_basis_points(1_000),
        },
        tiers: if kind == InstrumentKind::Spot { Vec::new() } else { tiers(SHALLOW) },
        fees: fees(symbol),
    }
}

fn kind_of(symbol: &Symbol) -> InstrumentKind {
    match symbol.settle() {
        None => InstrumentKind::Spot,
        Some(settle) if settle == symbol.base() => InstrumentKind::Inverse,
        Some(_) => InstrumentKind::Linear,
    }
}

fn funding_interval(symbol: &Symbol) -> Option<Span> {
    symbol.settle().map(|_| Span(8 * HOUR))
}

fn fees(symbol: &Symbol) -> FeeRates {
    match symbol.settle() {
        None => FeeRates { maker: Rate::from_basis_points(10), taker: Rate::from_basis_points(10) },
        Some(_) => {
            FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(5) }
        }
    }
}

/// Five units of a currency worth about a dollar, a ten-thousandth of anything else.
fn smallest_notional(symbol: &Symbol) -> Amount {
    let settle = symbol.settle().unwrap_or_else(|| symbol.quote()).as_str();
    if settle.contains("USD") || matches!(settle, "DAI" | "EUR" | "GBP") {
        Amount(5 * UNIT)
    } else {
        Amount(UNIT / 10_000)
    }
}

/// Builds brackets whose maintenance margin has no jump: each deduction is the one before plus
/// `floor * (rate - rate before)`.
fn tiers(brackets: &[Bracket]) -> Vec<LeverageTier> {
    let mut tiers: Vec<LeverageTier> = Vec::with_capacity(brackets.len());
    for &(floor, max_leverage, hundredths) in brackets {
        let notional_floor = Amount::from_units(floor);
        let maintenance_rate = Rate(hundredths * (Rate::ONE.0 / 1_000_000));
        let deduction = tiers.last().map_or(Amount::ZERO, |before| {
            let increase = maintenance_rate - before.maintenance_rate;
            before.maintenance_deduction + notional_floor.times(increase, Rounding::Nearest)
        });
        tiers.push(LeverageTier {
            notional_floor,
            max_leverage,
            maintenance_rate,
            maintenance_deduction: deduction,
        });
    }
    tiers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> Instrument {
        well_known(InstrumentId(0), &name.parse().unwrap()).unwrap()
    }

    #[test]
    fn bitcoin_is_listed_as_the_venue_has_it() {
        let btc = known("BTC/USDT:USDT");
        assert_eq!((btc.price_decimals, btc.filters.tick), (2, Price(10)));
        assert_eq!((btc.quantity_decimals, btc.filters.step), (3, Quantity(1)));
        assert_eq!(btc.filters.min_notional, Amount::from_units(100));
        assert_eq!(btc.max_leverage(Amount::from_units(1)), 125);
        assert_eq!(btc.fees.maker, Rate::from_basis_points(2));
        assert_eq!(btc.fees.taker, Rate::from_basis_points(5));
    }

    #[test]
    fn maintenance_margin_has_no_jump_at_a_bracket() {
        for listed in WELL_KNOWN {
            let instrument = known(listed.symbol);
            for tier in instrument.tiers.iter().skip(1) {
                let below = instrument.maintenance_margin(tier.notional_floor - Amount(1));
                let at = instrument.maintenance_margin(tier.notional_floor);
                assert!((at - below).0.abs() <= 1, "{} at {}", listed.symbol, tier.notional_floor);
            }
        }
    }

    #[test]
    fn initial_margin_is_above_maintenance_in_every_bracket() {
        for brackets in [DEEP, MIDDLING, SHALLOW] {
            for tier in tiers(brackets) {
                let initial = Rate::ONE.0 / i64::from(tier.max_leverage);
                assert!(initial > tier.maintenance_rate.0, "{tier:?}");
            }
        }
    }

    #[test]
    fn contracts_have_brackets_and_funding_and_spot_has_none() {
        for listed in WELL_KNOWN {
            let instrument = known(listed.symbol);
            assert_eq!(instrument.tiers.is_empty(), !instrument.is_contract());
            assert_eq!(instrument.funding_interval.is_none(), !instrument.is_contract());
        }
    }

    #[test]
    fn finer_data_make_a_finer_instrument() {
        let precision = Precision { price_decimals: 3, quantity_decimals: 5, ..Default::default() };
        let btc = for_data(InstrumentId(0), &"BTC/USDT:USDT".parse().unwrap(), precision);
        assert_eq!((btc.price_decimals, btc.filters.tick), (3, Price(1)));
        assert_eq!((btc.quantity_decimals, btc.contract_size), (5, Quantity(100_000)));
        let worth = btc.notional(Price(40_000_000), Quantity(100_000));
        assert_eq!(worth, Amount::from_units(40_000));
    }

    #[test]
    fn coarser_data_leave_the_instrument_as_it_is() {
        let precision = Precision { price_decimals: 1, ..Default::default() };
        let symbol = "BTC/USDT:USDT".parse().unwrap();
        assert_eq!(for_data(InstrumentId(0), &symbol, precision), known("BTC/USDT:USDT"));
    }

    #[test]
    fn a_tick_too_coarse_for_the_data_shrinks_within_the_decimals() {
        let precision = Precision { price_decimals: 8, ..Default::default() };
        let symbol = "ETH/BTC".parse().unwrap();
        let pair = for_data(InstrumentId(0), &symbol, precision);
        assert_eq!((pair.price_decimals, pair.filters.tick), (8, Price(1)));
    }

    #[test]
    fn an_unknown_symbol_is_derived_from_its_data() {
        let precision = Precision {
            price_decimals: 5,
            price_digits: 1,
            volume_decimals: 2,
            volume_digits: 7,
            ..Default::default()
        };
        let symbol = "WIF/USDT:USDT".parse().unwrap();
        let instrument = for_data(InstrumentId(3), &symbol, precision);
        assert_eq!((instrument.price_decimals, instrument.quantity_decimals), (5, 2));
        assert_eq!(instrument.kind, InstrumentKind::Linear);
        assert_eq!(instrument.filters.min_notional, Amount::from_units(5));
        assert!(!instrument.tiers.is_empty());
    }

    #[test]
    fn coin_settled_contracts_are_inverse() {
        let symbol = "BTC/USD:BTC".parse().unwrap();
        let instrument = for_data(InstrumentId(0), &symbol, Precision::default());
        assert_eq!(instrument.kind, InstrumentKind::Inverse);
    }
}
