//! The instrument of the tests, and short ways to write configurations and prices.

use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, LeverageTier, TradingStatus,
};
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::strategy::StrategyConfig;
use banyan_core::time::Span;
use serde_json::Value;

pub(crate) const HERE: InstrumentId = InstrumentId(0);

/// A perpetual with a tick of 0.1 and a step of 0.001; maker 0.02 %, taker 0.05 %.
pub(crate) fn perpetual() -> Instrument {
    Instrument {
        id: HERE,
        symbol: "BTC/USDT:USDT".parse().unwrap(),
        kind: InstrumentKind::Linear,
        price_decimals: 1,
        quantity_decimals: 3,
        contract_size: Quantity(1_000),
        funding_interval: Some(Span::minutes(480)),
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(1),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(1_000_000),
            min_notional: Amount::from_units(5),
            significant_figures: None,
            price_band: Rate::from_basis_points(500),
        },
        tiers: vec![LeverageTier {
            notional_floor: Amount::ZERO,
            max_leverage: 20,
            maintenance_rate: Rate::from_basis_points(50),
            maintenance_deduction: Amount::ZERO,
        }],
        fees: FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(5) },
    }
}

/// Reads `{"strategy_type": kind, "config": config}`.
pub(crate) fn config(kind: &str, config: Value) -> StrategyConfig {
    let whole = serde_json::json!({"strategy_type": kind, "config": config});
    serde_json::from_value(whole).unwrap()
}

/// A price in whole units of quote.
pub(crate) fn price(units: i64) -> Price {
    Price(units * 10)
}

/// The same with fields added to, or put in the place of, those of `base`.
pub(crate) fn config_with(kind: &str, mut base: Value, more: Value) -> StrategyConfig {
    let more = more.as_object().unwrap().clone();
    base.as_object_mut().unwrap().extend(more);
    config(kind, base)
}
