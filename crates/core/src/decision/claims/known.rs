//! What a snapshot says of the things that a text may cite, and how near a citation must be.
//!
//! Knows no text.

use rust_decimal::Decimal;

use super::cited::{Citation, Topic};
use crate::decision::{MarketSnapshot, PositionSnapshot, Snapshot};
use crate::symbol::Symbol;

/// A number of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) symbol: Symbol,
    pub(super) name: String,
    /// In the unit of the citation: a rate is a percentage where that is one.
    pub(super) value: Decimal,
    tolerance: Decimal,
}

impl Known {
    /// Says whether a citation is near enough.
    pub(super) fn agrees(&self, it: &Citation) -> bool {
        (self.value - it.number.value).abs() <= self.tolerance.max(it.number.slack)
    }
}

/// Every number of a market that a citation may mean. A percentage means none but a rate.
pub(super) fn values(it: &Citation, market: &MarketSnapshot, all: &Snapshot) -> Vec<Known> {
    if it.number.percent != (it.topic == Topic::Funding) && it.number.percent {
        return Vec::new();
    }
    let position = all.positions.iter().find(|held| held.instrument == market.instrument);
    let found = match it.topic {
        Topic::Price => prices(market, position),
        Topic::Rsi | Topic::Ema | Topic::Atr | Topic::Macd => indicators(it, market),
        Topic::Funding => funding(it.number.percent, market),
        Topic::Equity => vec![named("equity", all.account.equity.to_decimal())],
        Topic::Available => vec![named("available", all.account.available.to_decimal())],
        Topic::Entry | Topic::Stop | Topic::Liquidation | Topic::Size => {
            position.map(|held| of_position(it.topic, held)).unwrap_or_default()
        }
    };
    let known = found.into_iter().map(|(name, value)| Known {
        symbol: market.symbol.clone(),
        name,
        value,
        tolerance: tolerance(it.topic, value),
    });
    known.collect()
}

fn named(name: &str, value: Decimal) -> (String, Decimal) {
    (name.to_owned(), value)
}

/// How far a citation may be off.
fn tolerance(topic: Topic, value: Decimal) -> Decimal {
    let percent = |n: i64| value.abs() * Decimal::new(n, 2);
    match topic {
        Topic::Price | Topic::Ema | Topic::Entry | Topic::Stop | Topic::Liquidation => percent(1),
        Topic::Rsi => Decimal::TWO,
        Topic::Macd | Topic::Atr | Topic::Funding => percent(10),
        Topic::Equity | Topic::Available => percent(2),
        Topic::Size => percent(5),
    }
}

/// The price now, and that of the last closed candle of each timeframe.
fn prices(market: &MarketSnapshot, position: Option<&PositionSnapshot>) -> Vec<(String, Decimal)> {
    let closes = market.timeframes.iter().filter_map(|it| it.candles.last());
    let all = [Some(market.price), market.bid, market.ask, position.map(|it| it.mark_price)];
    let all = all.into_iter().flatten().chain(closes.map(|it| it.close));
    all.map(|it| named("price", it)).collect()
}

fn indicators(it: &Citation, market: &MarketSnapshot) -> Vec<(String, Decimal)> {
    let family = match it.topic {
        Topic::Rsi => "rsi_",
        Topic::Ema => "ema_",
        Topic::Atr => "atr_",
        _ => "macd",
    };
    let all = market.timeframes.iter().flat_map(|it| &it.indicators);
    let is_period = |period: &str| period.parse() == Ok(it.number.value);
    if it.period.is_none() && all.clone().any(|it| it.0.strip_prefix(family).is_some_and(is_period))
    {
        // "The RSI 14" names an indicator and says nothing of it.
        return Vec::new();
    }
    let fits = |name: &str| match (name.strip_prefix(family), it.period) {
        (Some(period), Some(wanted)) => period.parse() == Ok(wanted),
        (found, None) => found.is_some(),
        (None, Some(_)) => false,
    };
    all.filter(|(name, _)| fits(name)).cloned().collect()
}

/// As a percentage, or as a plain fraction.
fn funding(percent: bool, market: &MarketSnapshot) -> Vec<(String, Decimal)> {
    let factor = if percent { Decimal::ONE_HUNDRED } else { Decimal::ONE };
    let rate = market.funding_rate.map(|it| it.to_decimal() * factor);
    rate.map(|it| named("funding_rate", it)).into_iter().collect()
}

fn of_position(topic: Topic, held: &PositionSnapshot) -> Vec<(String, Decimal)> {
    match topic {
        Topic::Entry => vec![named("entry_price", held.entry_price)],
        Topic::Stop => held.stop_loss.map(|it| named("stop_loss", it)).into_iter().collect(),
        Topic::Liquidation => {
            let price = held.liquidation.map(|it| named("liquidation_price", it.0));
            price.into_iter().collect()
        }
        _ => vec![named("quantity", held.quantity), named("notional", held.notional.to_decimal())],
    }
}
