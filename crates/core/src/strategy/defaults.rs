//! Sensible first configurations, taken from the first bars of a market.
//!
//! They trade often enough to show what a strategy does; they promise no profit.

use rust_decimal::{Decimal, RoundingStrategy};

use super::config::{
    AiConfig, DcaConfig, EmaCrossConfig, GridConfig, RsiConfig, Spacing, StrategyConfig,
    StrategyKind,
};
use crate::instrument::Instrument;
use crate::market::Candle;
use crate::money::{Amount, Price, Rate, Rounding};
use crate::time::{MINUTE, Timeframe};

/// A grid reaches this far to both sides of the price.
const GRID_REACH: Rate = Rate::from_basis_points(1_000);
/// Number of intervals of a grid, where the capital suffices for as many.
const GRID_COUNT: u32 = 20;
/// Signals of shorter candles are mostly noise.
const SHORTEST_SIGNAL: Timeframe = Timeframe::FifteenMinutes;
/// Minutes between the regular orders of dollar-cost averaging.
const DCA_MINUTES: u32 = 240;

/// Makes a configuration for trading `capital` after `bars` of `timeframe`. `None` when there are
/// no bars.
#[must_use]
pub fn from_bars(
    kind: StrategyKind,
    instrument: &Instrument,
    timeframe: Timeframe,
    bars: &[Candle],
    capital: Amount,
) -> Option<StrategyConfig> {
    let price = bars.last()?.close;
    Some(match kind {
        StrategyKind::Grid => StrategyConfig::Grid(grid(instrument, timeframe, price, capital)),
        StrategyKind::Dca => StrategyConfig::Dca(dca(instrument, timeframe, price, capital)),
        StrategyKind::Rsi => StrategyConfig::Rsi(rsi(instrument, timeframe, price, capital)),
        StrategyKind::EmaCross => {
            StrategyConfig::EmaCross(ema_cross(instrument, timeframe, price, capital))
        }
        StrategyKind::Ai => StrategyConfig::Ai(Box::new(ai(instrument, timeframe))),
    })
}

/// Asks the rule-based demo model, which needs no key.
fn ai(instrument: &Instrument, timeframe: Timeframe) -> AiConfig {
    AiConfig {
        prompt: "Follow the trend, and leave when it turns.".to_owned(),
        symbols: vec![instrument.symbol.to_string()],
        timeframes: vec![timeframe],
        ai_model: "house:rules-v1".parse().ok(),
        ..AiConfig::default()
    }
}

fn grid(
    instrument: &Instrument,
    timeframe: Timeframe,
    price: Price,
    capital: Amount,
) -> GridConfig {
    let reach = price.times(GRID_REACH, Rounding::Nearest);
    let bound = |price, rounding| {
        let price = instrument.round_price(price, rounding);
        price.to_decimal(instrument.price_decimals).normalize()
    };
    // A tenth more than the smallest, at the highest level, where a step is worth the most.
    let level = instrument.smallest_order(price + reach).share(11, 10, Rounding::Up);
    // Half of the capital; nearly all of it where that is too little for a ladder.
    let ladder = Amount(level.0 * i128::from(GRID_COUNT));
    let investment = share(capital, 2).max(ladder.min(capital.share(9, 10, Rounding::Down)));
    let payable = u32::try_from(investment.0 / level.0).unwrap_or(GRID_COUNT);
    GridConfig {
        upper_price: bound(price + reach, Rounding::Floor),
        lower_price: bound(price - reach, Rounding::Ceiling),
        grid_count: payable.clamp(2, GRID_COUNT),
        total_investment: units(investment),
        leverage: Decimal::ONE,
        spacing: Spacing::Geometric,
        initial_position: false,
        stop_price: None,
        take_profit_price: None,
        trailing: true,
        timeframe,
    }
}

fn dca(instrument: &Instrument, timeframe: Timeframe, price: Price, capital: Amount) -> DcaConfig {
    let candle = u32::try_from(timeframe.span().0 / MINUTE).unwrap_or(DCA_MINUTES);
    DcaConfig {
        order_amount: units(order(instrument, price, capital, 200)),
        interval_minutes: DCA_MINUTES.max(candle),
        take_profit_percent: Decimal::ONE,
        total_budget: units(capital),
        max_orders: 0,
        stop_loss_percent: Decimal::ZERO,
        safety_order_count: 3,
        safety_order_amount: units(order(instrument, price, capital, 100)),
        price_deviation_percent: Decimal::ONE,
        step_scale: Decimal::new(15, 1),
        volume_scale: Decimal::new(15, 1),
    }
}

fn rsi(instrument: &Instrument, timeframe: Timeframe, price: Price, capital: Amount) -> RsiConfig {
    RsiConfig {
        rsi_period: 14,
        overbought: 70.into(),
        oversold: 30.into(),
        order_amount: units(order(instrument, price, capital, 4)),
        timeframe: timeframe.max(SHORTEST_SIGNAL),
        leverage: Decimal::ONE,
        stop_loss_percent: 5.into(),
        take_profit_percent: Decimal::ZERO,
    }
}

fn ema_cross(
    instrument: &Instrument,
    timeframe: Timeframe,
    price: Price,
    capital: Amount,
) -> EmaCrossConfig {
    EmaCrossConfig {
        fast_period: 10,
        slow_period: 20,
        order_amount: units(order(instrument, price, capital, 4)),
        timeframe: timeframe.max(SHORTEST_SIGNAL),
        leverage: Decimal::ONE,
        stop_loss_percent: 5.into(),
        allow_short: false,
    }
}

/// A part of the capital, and enough for the instrument.
fn order(instrument: &Instrument, price: Price, capital: Amount, parts: i128) -> Amount {
    share(capital, parts).max(workable_order(instrument, price))
}

/// Twice what the instrument takes at least: the price will move.
fn workable_order(instrument: &Instrument, price: Price) -> Amount {
    Amount(2 * instrument.smallest_order(price).0)
}

fn share(capital: Amount, parts: i128) -> Amount {
    capital.share(1, parts, Rounding::Down)
}

/// Whole cents, or four digits of what is less than one unit, look like a number that a person
/// would type; down, to stay within the capital.
fn units(amount: Amount) -> Decimal {
    let exact = amount.to_decimal();
    let cents = exact.trunc_with_scale(2).normalize();
    if exact >= Decimal::ONE {
        return cents;
    }
    let rounded = exact.round_sf_with_strategy(4, RoundingStrategy::ToZero);
    rounded.unwrap_or(cents).normalize()
}
