//! Instruments: what can be traded, in which steps, at what margin and fee.
//!
//! Decimals are fixed for life; filters, tiers and fees come in versions and change at run time.
//! Knows nothing of orders; it answers how much something is worth and whether a number fits.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::money::{
    AMOUNT_DECIMALS, Amount, Price, Quantity, Rate, Rounding, divide, power_of_ten, rescale,
};
use crate::symbol::{Asset, Symbol};
use crate::time::Span;

/// Index of an instrument in the list of its venue.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct InstrumentId(pub u32);

/// How profit arises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstrumentKind {
    /// Assets change hands.
    Spot,
    /// Perpetual contract, settled in the quote asset.
    Linear,
    /// Perpetual contract worth a fixed amount of quote, settled in the base asset.
    Inverse,
}

/// Whether the venue takes orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradingStatus {
    /// Orders are taken.
    Trading,
    /// No orders are taken for a while; cancels are.
    Halted,
    /// Closed for ever; resting orders were removed.
    Delisted,
}

/// What the venue demands of an order at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// Counts changes; a review cites the version it used.
    pub version: u32,
    /// Whether orders are taken.
    pub status: TradingStatus,
    /// Prices are multiples of this.
    pub tick: Price,
    /// Quantities are multiples of this.
    pub step: Quantity,
    /// Smallest quantity of an order.
    pub min_quantity: Quantity,
    /// Largest quantity of an order.
    pub max_quantity: Quantity,
    /// Smallest value of an order that may open a position.
    pub min_notional: Amount,
    /// Prices have at most this many significant digits, where the venue says so.
    pub significant_figures: Option<u8>,
    /// A limit price may be at most this far from the mark on the losing side.
    pub price_band: Rate,
}

/// One bracket of the maintenance margin table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeverageTier {
    /// The bracket begins at this notional.
    pub notional_floor: Amount,
    /// Highest leverage within the bracket.
    pub max_leverage: u32,
    /// Maintenance margin per notional.
    pub maintenance_rate: Rate,
    /// Subtracted so that the margin has no jump between brackets.
    pub maintenance_deduction: Amount,
}

/// Fees per notional; a negative rate is a rebate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeRates {
    /// Paid by the order that rested.
    pub maker: Rate,
    /// Paid by the order that took.
    pub taker: Rate,
}

/// One thing that can be traded on a venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instrument {
    /// Index in the venue's list.
    pub id: InstrumentId,
    /// Unified name.
    pub symbol: Symbol,
    /// How profit arises.
    pub kind: InstrumentKind,
    /// Decimals of every price of this instrument, for life.
    pub price_decimals: u8,
    /// Decimals of every quantity of this instrument, for life.
    pub quantity_decimals: u8,
    /// Value of one contract as a quantity-scaled integer: base units (linear) or quote units
    /// (inverse) per contract; for spot one.
    pub contract_size: Quantity,
    /// Time between two fundings; `None` for spot.
    pub funding_interval: Option<Span>,
    /// Demands on orders at the moment.
    pub filters: Filters,
    /// Maintenance brackets, lowest floor first; never empty for contracts.
    pub tiers: Vec<LeverageTier>,
    /// Fee rates.
    pub fees: FeeRates,
}

impl Instrument {
    /// The asset in which fees and profit are booked: quote for spot and linear, base for inverse.
    #[must_use]
    pub fn settle(&self) -> &Asset {
        self.symbol.settle().unwrap_or_else(|| self.symbol.quote())
    }

    /// Says whether positions are held on margin.
    #[must_use]
    pub fn is_contract(&self) -> bool {
        self.kind != InstrumentKind::Spot
    }

    /// Returns what `quantity` is worth at `price`, in the settle asset, towards zero.
    ///
    /// Spot and linear: `price * quantity * contract_size`. Inverse:
    /// `quantity * contract_size / price` (zero at a price that is not positive).
    #[must_use]
    pub fn notional(&self, price: Price, quantity: Quantity) -> Amount {
        let contracts = i128::from(quantity.0) * i128::from(self.contract_size.0);
        let contract_decimals = 2 * self.quantity_decimals;
        if self.kind == InstrumentKind::Inverse {
            if !price.is_positive() {
                return Amount::ZERO;
            }
            let scaled = contracts * power_of_ten(self.price_decimals);
            let scaled = rescale(scaled, contract_decimals, AMOUNT_DECIMALS, Rounding::Down);
            return Amount(divide(scaled, i128::from(price.0), Rounding::Down));
        }
        if self.contract_size.0 == self.one_unit() {
            // The common case stays within fewer digits: contract size one.
            let product = i128::from(price.0) * i128::from(quantity.0);
            let decimals = self.price_decimals + self.quantity_decimals;
            return Amount(rescale(product, decimals, AMOUNT_DECIMALS, Rounding::Down));
        }
        let product = contracts * i128::from(price.0);
        let decimals = contract_decimals + self.price_decimals;
        Amount(rescale(product, decimals, AMOUNT_DECIMALS, Rounding::Down))
    }

    /// Returns the largest quantity, a multiple of the step, worth at most `value` at `price`.
    #[must_use]
    pub fn quantity_for(&self, value: Amount, price: Price) -> Quantity {
        if !price.is_positive() || !value.is_positive() {
            return Quantity::ZERO;
        }
        // `notional` rounds down, so it is at most `value` up to just below the next unit.
        let below = value.0.saturating_add(1);
        let (size, price) = (i128::from(self.contract_size.0), i128::from(price.0));
        let decimals = 2 * i16::from(self.quantity_decimals) - i16::from(AMOUNT_DECIMALS);
        let (up, down, decimals) = if self.kind == InstrumentKind::Inverse {
            let decimals = decimals - i16::from(self.price_decimals);
            (below.saturating_mul(price), size, decimals)
        } else {
            (below, size.saturating_mul(price), decimals + i16::from(self.price_decimals))
        };
        let (up, down) = scale(up, down, decimals);
        let most = i64::try_from((up - 1) / down.max(1)).unwrap_or(i64::MAX);
        Quantity(most).floor_to(self.filters.step)
    }

    /// The smallest value for which the quantity filters leave an acceptable order at `price`:
    /// after rounding down to the step it is still large enough.
    #[must_use]
    pub fn smallest_order(&self, price: Price) -> Amount {
        let filters = &self.filters;
        let by_quantity = filters.min_quantity.max(filters.step).ceil_to(filters.step);
        let by_value = self.quantity_for(filters.min_notional, price);
        let short = self.notional(price, by_value) < filters.min_notional;
        let by_value = by_value + if short { filters.step } else { Quantity::ZERO };
        // A value is rounded down; one unit more never buys less than the quantity.
        self.notional(price, by_quantity.max(by_value)) + Amount(1)
    }

    /// The quantity one, as a mantissa.
    #[must_use]
    pub fn one_unit(&self) -> i64 {
        10_i64.pow(u32::from(self.quantity_decimals))
    }

    /// Returns the bracket that holds `notional`; `None` for spot.
    #[must_use]
    pub fn tier(&self, notional: Amount) -> Option<&LeverageTier> {
        self.tiers.iter().rev().find(|tier| tier.notional_floor <= notional).or(self.tiers.first())
    }

    /// Returns the maintenance margin of a position of this notional, rounded up.
    #[must_use]
    pub fn maintenance_margin(&self, notional: Amount) -> Amount {
        self.tier(notional).map_or(Amount::ZERO, |tier| {
            let gross = notional.times(tier.maintenance_rate, Rounding::Up);
            (gross - tier.maintenance_deduction).max(Amount::ZERO)
        })
    }

    /// Returns the highest leverage allowed at this notional; one for spot.
    #[must_use]
    pub fn max_leverage(&self, notional: Amount) -> u32 {
        self.tier(notional).map_or(1, |tier| tier.max_leverage)
    }

    /// Says whether a price is positive, on the tick and within the significant figures.
    #[must_use]
    pub fn accepts_price(&self, price: Price) -> bool {
        let figures = |limit: u8| significant_figures(price.0) <= u32::from(limit);
        price.is_positive()
            && price.0 % self.filters.tick.0 == 0
            && self.filters.significant_figures.is_none_or(figures)
    }

    /// Rounds a price to one the venue accepts, towards the given direction (`Floor`, `Ceiling`,
    /// else nearest).
    #[must_use]
    pub fn round_price(&self, price: Price, rounding: Rounding) -> Price {
        let tick = self.price_step(price);
        match rounding {
            Rounding::Floor | Rounding::Down => price.floor_to(tick),
            Rounding::Ceiling | Rounding::Up => price.ceil_to(tick),
            Rounding::Nearest => Price(price.0 + tick.0 / 2).floor_to(tick),
        }
    }

    /// The step of prices near `price`: the tick, or coarser where significant figures demand.
    fn price_step(&self, price: Price) -> Price {
        let digits = price.0.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
        let limit = self.filters.significant_figures.map_or(digits, u32::from);
        let coarse = 10_i64.pow(digits.saturating_sub(limit));
        Price(coarse.max(self.filters.tick.0))
    }
}

/// Multiplies `up / down` by 10 to the power of `decimals`, saturating.
fn scale(up: i128, down: i128, decimals: i16) -> (i128, i128) {
    let power = power_of_ten(u8::try_from(decimals.unsigned_abs()).unwrap_or(u8::MAX));
    if decimals >= 0 { (up.saturating_mul(power), down) } else { (up, down.saturating_mul(power)) }
}

/// Counts the digits of a mantissa without its trailing zeros.
fn significant_figures(mantissa: i64) -> u32 {
    let mut rest = mantissa.unsigned_abs();
    while rest != 0 && rest.is_multiple_of(10) {
        rest /= 10;
    }
    rest.checked_ilog10().map_or(0, |log| log + 1)
}

/// The instruments of one venue, found by index or symbol.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruments(Vec<Arc<Instrument>>);

impl Instruments {
    /// Takes a list whose ids are its indices.
    ///
    /// # Panics
    /// When an id is not the index: a programming error of the adapter that made the list.
    #[must_use]
    pub fn new(list: impl IntoIterator<Item = Instrument>) -> Self {
        let list: Vec<_> = list.into_iter().map(Arc::new).collect();
        let ordered = list.iter().enumerate().all(|(i, it)| it.id.0 as usize == i);
        assert!(ordered, "instrument ids must be their indices");
        Self(list)
    }

    /// Returns the instrument with this id.
    #[must_use]
    pub fn get(&self, id: InstrumentId) -> Option<&Arc<Instrument>> {
        let guess = self.0.get(id.0 as usize).filter(|it| it.id == id);
        guess.or_else(|| self.place_of(id).ok().map(|index| &self.0[index]))
    }

    fn place_of(&self, id: InstrumentId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&id, |it| it.id)
    }

    /// Returns the instrument with this symbol.
    #[must_use]
    pub fn by_symbol(&self, symbol: &Symbol) -> Option<&Arc<Instrument>> {
        self.0.iter().find(|instrument| instrument.symbol == *symbol)
    }

    /// Replaces or adds an instrument, in whatever order they become known.
    pub fn put(&mut self, instrument: Arc<Instrument>) {
        match self.place_of(instrument.id) {
            Ok(index) => self.0[index] = instrument,
            Err(index) => self.0.insert(index, instrument),
        }
    }

    /// All instruments in the order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Instrument>> + Clone {
        self.0.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Says whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An instrument of these decimals and this contract size on a step of one.
    pub(crate) fn example(kind: InstrumentKind, decimals: (u8, u8), contract: i64) -> Instrument {
        let symbol = match kind {
            InstrumentKind::Spot => "BTC/USDT",
            InstrumentKind::Linear => "BTC/USDT:USDT",
            InstrumentKind::Inverse => "BTC/USD:BTC",
        };
        let tier = |floor, max_leverage, points, deduction| LeverageTier {
            notional_floor: Amount::from_units(floor),
            max_leverage,
            maintenance_rate: Rate::from_basis_points(points),
            maintenance_deduction: Amount::from_units(deduction),
        };
        Instrument {
            id: InstrumentId(0),
            symbol: symbol.parse().unwrap(),
            kind,
            price_decimals: decimals.0,
            quantity_decimals: decimals.1,
            contract_size: Quantity(contract),
            funding_interval: None,
            filters: Filters {
                version: 1,
                status: TradingStatus::Trading,
                tick: Price(10),
                step: Quantity(1),
                min_quantity: Quantity(1),
                max_quantity: Quantity(1_000_000),
                min_notional: Amount::ZERO,
                significant_figures: None,
                price_band: Rate::from_basis_points(1_000),
            },
            tiers: vec![tier(0, 50, 50, 0), tier(100_000, 20, 100, 500)],
            fees: FeeRates { maker: Rate::ZERO, taker: Rate::ZERO },
        }
    }

    #[test]
    fn notional_is_price_times_quantity_in_the_settle_asset() {
        let linear = example(InstrumentKind::Linear, (2, 3), 1_000);
        let value = linear.notional(Price(5_000_000), Quantity(20));
        assert_eq!(value, Amount::from_units(1_000));
        // Contracts of a hundredth of a coin.
        let small = example(InstrumentKind::Linear, (2, 2), 1);
        let value = small.notional(Price(5_000_000), Quantity(200));
        assert_eq!(value, Amount::from_units(1_000));
        // Contracts of 100 dollars.
        let inverse = example(InstrumentKind::Inverse, (2, 0), 100);
        let value = inverse.notional(Price(5_000_000), Quantity(10));
        assert_eq!(value, Amount(2_000_000));
        assert_eq!(inverse.notional(Price(0), Quantity(10)), Amount::ZERO);
    }

    #[test]
    fn margin_and_leverage_follow_the_brackets_without_a_jump() {
        let it = example(InstrumentKind::Linear, (2, 3), 1_000);
        let margin = |units| it.maintenance_margin(Amount::from_units(units));
        assert_eq!(margin(10_000), Amount::from_units(50));
        assert_eq!(margin(100_000), Amount::from_units(500));
        assert_eq!(margin(200_000), Amount::from_units(1_500));
        let leverage = |units| it.max_leverage(Amount::from_units(units));
        assert_eq!((leverage(99_999), leverage(100_000)), (50, 20));
    }

    #[test]
    fn prices_are_on_the_tick_and_within_the_significant_figures() {
        let mut it = example(InstrumentKind::Linear, (4, 3), 1_000);
        assert!(it.accepts_price(Price(120)) && !it.accepts_price(Price(123)));
        assert!(!it.accepts_price(Price(0)) && !it.accepts_price(Price(-10)));
        it.filters.significant_figures = Some(5);
        assert!(it.accepts_price(Price(1_234_500)) && !it.accepts_price(Price(1_234_560)));
        assert_eq!(it.round_price(Price(1_234_567), Rounding::Floor), Price(1_234_500));
        assert_eq!(it.round_price(Price(1_234_567), Rounding::Ceiling), Price(1_234_600));
    }

    #[test]
    fn instruments_are_found_in_whatever_order_they_became_known() {
        let numbered = |n: u32| {
            let it = example(InstrumentKind::Linear, (2, 3), 1_000);
            Arc::new(Instrument { id: InstrumentId(n), ..it })
        };
        let mut known = Instruments::default();
        for n in [5, 0, 2, 1, 2] {
            known.put(numbered(n));
            assert_eq!(known.get(InstrumentId(n)).unwrap().id, InstrumentId(n));
        }
        assert_eq!(known.len(), 4);
        assert!(known.get(InstrumentId(3)).is_none() && known.get(InstrumentId(4)).is_none());
        assert_eq!(known.get(InstrumentId(5)).unwrap().id, InstrumentId(5));
    }

    proptest! {
        #[test]
        fn a_rounded_price_is_accepted_and_the_nearest_on_its_side(
            price in 1_000_i64..100_000_000,
            figures in prop::option::of(3_u8..8),
        ) {
            let mut it = example(InstrumentKind::Linear, (4, 3), 1_000);
            it.filters.significant_figures = figures;
            let below = it.round_price(Price(price), Rounding::Floor);
            let above = it.round_price(Price(price), Rounding::Ceiling);
            prop_assert!(it.accepts_price(below) && it.accepts_price(above));
            prop_assert!(below.0 <= price && price <= above.0);
            prop_assert_eq!(below == above, it.accepts_price(Price(price)));
        }

        #[test]
        fn a_value_buys_the_largest_quantity_that_is_worth_no_more(
            kind in prop_oneof![Just(InstrumentKind::Linear), Just(InstrumentKind::Inverse)],
            decimals in (0_u8..6, 0_u8..6),
            contract in 1_i64..1_000,
            price in 1_i64..100_000_000,
            value in 1_i128..1_000_000_000_000_000,
        ) {
            let it = example(kind, decimals, contract);
            let quantity = it.quantity_for(Amount(value), Price(price));
            prop_assert!(it.notional(Price(price), quantity) <= Amount(value));
            if quantity.0 < 1_000_000_000_000 {
                let more = it.notional(Price(price), quantity + it.filters.step);
                prop_assert!(more > Amount(value));
            }
        }
    }
}
