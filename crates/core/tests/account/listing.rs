//! The instruments of the tests: one of each kind, with round numbers.

use std::sync::Arc;

use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, LeverageTier, TradingStatus,
};
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::symbol::Asset;
use banyan_core::time::Span;

/// Perpetual contract settled in USDT; prices in cents, quantities in thousandths.
pub(crate) const LINEAR: InstrumentId = InstrumentId(0);
/// Perpetual contract worth one dollar, settled in BTC.
pub(crate) const INVERSE: InstrumentId = InstrumentId(1);
/// Coins for USDT.
pub(crate) const SPOT: InstrumentId = InstrumentId(2);

pub(crate) fn asset(code: &str) -> Asset {
    Asset::new(code).expect("a good code")
}

/// A price in whole units.
pub(crate) fn price(units: i64) -> Price {
    Price(units * 100)
}

pub(crate) fn listing() -> Vec<Arc<Instrument>> {
    let linear = contract(LINEAR, InstrumentKind::Linear, "BTC/USDT:USDT", 3);
    let inverse = contract(INVERSE, InstrumentKind::Inverse, "BTC/USD:BTC", 0);
    let spot = Instrument {
        tiers: Vec::new(),
        funding_interval: None,
        ..contract(SPOT, InstrumentKind::Spot, "ETH/USDT", 3)
    };
    [linear, inverse, spot].map(Arc::new).into()
}

fn contract(
    id: InstrumentId,
    kind: InstrumentKind,
    symbol: &str,
    quantity_decimals: u8,
) -> Instrument {
    Instrument {
        id,
        symbol: symbol.parse().expect("a good symbol"),
        kind,
        price_decimals: 2,
        quantity_decimals,
        contract_size: Quantity(10_i64.pow(u32::from(quantity_decimals))),
        funding_interval: Some(Span::minutes(8 * 60)),
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(10),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(100_000),
            min_notional: Amount::ZERO,
            significant_figures: None,
            price_band: Rate::from_basis_points(2_000),
        },
        tiers: vec![LeverageTier {
            notional_floor: Amount::ZERO,
            max_leverage: 50,
            maintenance_rate: Rate::from_basis_points(50),
            maintenance_deduction: Amount::ZERO,
        }],
        fees: FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(4) },
    }
}
