//! What a decision was based on: markets and the strategy's own standing.

use std::collections::BTreeMap;

use banyan_core::decision::{
    AccountSnapshot, CandleSnapshot, ClosedTrade, MarketSnapshot, PositionSnapshot, Snapshot,
    TimeframeSnapshot,
};
use banyan_core::order::Side;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Number, Time};

/// One market as it was.
#[derive(Debug, Serialize)]
pub(super) struct MarketSnapshotView<'d> {
    price: Number,
    bid: Option<Number>,
    ask: Option<Number>,
    funding_rate: Option<Number>,
    change_24h_percent: Option<Number>,
    min_notional: Number,
    min_quantity: Number,
    taker_fee: Number,
    timeframes: BTreeMap<&'static str, TimeframeView<'d>>,
}

/// What closed candles of one length said.
#[derive(Debug, Serialize)]
pub(super) struct TimeframeView<'d> {
    indicators: Named<'d, rust_decimal::Decimal>,
    signals: Named<'d, String>,
    candles: Vec<CandleView>,
}

/// One closed candle.
#[derive(Debug, Serialize)]
pub(super) struct CandleView {
    time: Time,
    open: Number,
    high: Number,
    low: Number,
    close: Number,
    volume: Number,
}

/// The strategy's own standing as it was.
#[derive(Debug, Serialize)]
pub(super) struct AccountSnapshotView {
    equity: Number,
    available_balance: Number,
    total_margin_used: Number,
    unrealized_pnl: Number,
    capital: Number,
    realized_pnl: Number,
    fees: Number,
    positions: Vec<HeldView>,
    closed_trades: Vec<ClosedView>,
}

/// A position as it was.
#[derive(Debug, Serialize)]
pub(super) struct HeldView {
    symbol: String,
    side: &'static str,
    size: Number,
    size_usd: Number,
    entry_price: Number,
    mark_price: Number,
    leverage: u32,
    unrealized_pnl: Number,
    unrealized_pnl_percent: Number,
    liquidation_price: Option<Number>,
    liquidation_distance_percent: Option<Number>,
    stop_loss: Option<Number>,
    take_profit: Option<Number>,
    opened_at: Option<Time>,
}

/// A trade that had ended.
#[derive(Debug, Serialize)]
pub(super) struct ClosedView {
    symbol: String,
    side: &'static str,
    exit_price: Number,
    pnl: Number,
    reason: String,
    closed_at: Time,
}

/// Pairs of a name and a value, in their order, as an object.
#[derive(Debug)]
struct Named<'d, T>(&'d [(String, T)]);

impl Serialize for Named<'_, rust_decimal::Decimal> {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        let mut map = sink.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, &Number(*value))?;
        }
        map.end()
    }
}

impl Serialize for Named<'_, String> {
    fn serialize<S: Serializer>(&self, sink: S) -> Result<S::Ok, S::Error> {
        sink.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

pub(super) fn markets(snapshot: &Snapshot) -> BTreeMap<String, MarketSnapshotView<'_>> {
    snapshot.markets.iter().map(|it| (it.symbol.to_string(), market(it))).collect()
}

fn market(market: &MarketSnapshot) -> MarketSnapshotView<'_> {
    MarketSnapshotView {
        price: market.price.into(),
        bid: market.bid.map(Number),
        ask: market.ask.map(Number),
        funding_rate: market.funding_rate.map(Number::from),
        change_24h_percent: market.change_24h.map(Number::percent),
        min_notional: market.min_notional.into(),
        min_quantity: market.min_quantity.into(),
        taker_fee: market.taker_fee.into(),
        timeframes: market.timeframes.iter().map(|it| (it.timeframe.name(), frame(it))).collect(),
    }
}

fn frame(frame: &TimeframeSnapshot) -> TimeframeView<'_> {
    TimeframeView {
        indicators: Named(&frame.indicators),
        signals: Named(&frame.signals),
        candles: frame.candles.iter().map(candle).collect(),
    }
}

fn candle(candle: &CandleSnapshot) -> CandleView {
    CandleView {
        time: candle.open_time.into(),
        open: candle.open.into(),
        high: candle.high.into(),
        low: candle.low.into(),
        close: candle.close.into(),
        volume: candle.volume.into(),
    }
}

pub(super) fn account(snapshot: &Snapshot) -> AccountSnapshotView {
    let account: &AccountSnapshot = &snapshot.account;
    AccountSnapshotView {
        equity: account.equity.into(),
        available_balance: account.available.into(),
        total_margin_used: account.margin_used.into(),
        unrealized_pnl: account.unrealized.into(),
        capital: account.capital.into(),
        realized_pnl: account.realized.into(),
        fees: account.fees.into(),
        positions: snapshot.positions.iter().map(held).collect(),
        closed_trades: snapshot.closed_trades.iter().map(closed).collect(),
    }
}

fn held(position: &PositionSnapshot) -> HeldView {
    HeldView {
        symbol: position.symbol.to_string(),
        side: side(position.side),
        size: position.quantity.abs().into(),
        size_usd: position.notional.into(),
        entry_price: position.entry_price.into(),
        mark_price: position.mark_price.into(),
        leverage: position.leverage,
        unrealized_pnl: position.unrealized.into(),
        unrealized_pnl_percent: Number::percent(position.unrealized_percent),
        liquidation_price: position.liquidation.map(|(price, _)| price.into()),
        liquidation_distance_percent: position.liquidation.map(|(_, far)| Number::percent(far)),
        stop_loss: position.stop_loss.map(Number),
        take_profit: position.take_profit.map(Number),
        opened_at: position.opened_at.map(Time),
    }
}

fn closed(trade: &ClosedTrade) -> ClosedView {
    ClosedView {
        symbol: trade.symbol.to_string(),
        side: side(trade.side),
        exit_price: trade.exit_price.into(),
        pnl: trade.pnl.into(),
        reason: trade.reason.clone(),
        closed_at: trade.closed_at.into(),
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "long",
        Side::Sell => "short",
    }
}
