//! The gates of an entry: each says yes, or why not, and changes no number.

use super::sizing::Entry;
use super::{Denial, DenialCode, LiveLeave, RiskLimits, RiskView};
use crate::instrument::{InstrumentKind, TradingStatus};
use crate::kill::KillLevel;
use crate::money::{Amount, Price};
use crate::order::Side;

pub(super) fn check_account(view: &RiskView<'_>) -> Result<(), Denial> {
    let gates = [
        (!view.ready, DenialCode::NotReady),
        (!view.journal_available, DenialCode::JournalUnavailable),
        (view.kill_level >= KillLevel::PauseEntries, DenialCode::KillLevel),
    ];
    first_refusal(&gates)?;
    view.live.as_ref().map_or(Ok(()), check_leave)
}

/// Live trading needs the engine's leave and the owner's.
fn check_leave(live: &LiveLeave) -> Result<(), Denial> {
    let spent = live.arming.is_some_and(|arming| live.lost_today >= arming.max_daily_loss);
    first_refusal(&[
        (!live.allowed, DenialCode::LiveNotAllowed),
        (live.arming.is_none(), DenialCode::LiveNotArmed),
        (spent, DenialCode::ArmedDailyLoss),
    ])
}

/// What the owner armed the account for bounds everything it holds and enters, this order included.
pub(super) fn check_armed_notional(order: Amount, view: &RiskView<'_>) -> Result<(), Denial> {
    let Some(live) = &view.live else {
        return Ok(());
    };
    let limit = live.arming.map_or(Amount::ZERO, |arming| arming.max_notional);
    first_refusal(&[(live.notional + order > limit, DenialCode::ArmedNotional)])
}

fn first_refusal(gates: &[(bool, DenialCode)]) -> Result<(), Denial> {
    match gates.iter().find(|(refuses, _)| *refuses) {
        Some((_, code)) => Err(Denial::plain(*code)),
        None => Ok(()),
    }
}

pub(super) fn check_market(
    side: Side,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<Price, Denial> {
    if view.instrument.filters.status != TradingStatus::Trading {
        return Err(Denial::plain(DenialCode::MarketClosed));
    }
    let price = view.market.taking(side).filter(|price| price.is_positive());
    let Some(price) = price else {
        return Err(Denial::plain(DenialCode::NoPrice));
    };
    if view.market.is_stale(view.now, limits.max_feed_age) {
        return Err(Denial::plain(DenialCode::StaleFeed));
    }
    Ok(price)
}

pub(super) fn check_worker(
    entry: &Entry,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<(), Denial> {
    let enters_anew = view.worker_position.is_flat() && view.worker_pending.is_zero();
    let unsure = entry.confidence.is_some_and(|confidence| confidence < limits.min_confidence);
    first_refusal(&[
        (view.worker_recent_orders >= limits.max_orders_per_minute, DenialCode::OrderRateExceeded),
        (view.worker_open_orders >= limits.max_open_orders, DenialCode::TooManyOpenOrders),
        (unsure, DenialCode::LowConfidence),
        (view.drawdown >= limits.max_drawdown, DenialCode::MaxDrawdown),
        (view.daily_loss >= limits.max_daily_loss, DenialCode::MaxDailyLoss),
        (enters_anew && view.worker_positions >= limits.max_positions, DenialCode::MaxPositions),
    ])
}

pub(super) fn check_sides(side: Side, view: &RiskView<'_>) -> Result<(), Denial> {
    if view.instrument.kind == InstrumentKind::Spot && side == Side::Sell {
        return Err(Denial::plain(DenialCode::ShortNotPossible));
    }
    let own = view.worker_position.side().or_else(|| Side::of(view.worker_pending));
    if own == Some(side.opposite()) {
        return Err(Denial::new(
            DenialCode::OppositePosition,
            "the worker holds or enters the other side; close it first",
        ));
    }
    if view.others_side == Some(side.opposite()) {
        return Err(Denial::plain(DenialCode::OppositePosition));
    }
    Ok(())
}

pub(super) fn check_price(price: Price, view: &RiskView<'_>) -> Result<(), Denial> {
    if view.instrument.accepts_price(price) {
        return Ok(());
    }
    let decimals = view.instrument.price_decimals;
    let (price, tick) = (price.to_decimal(decimals), view.instrument.filters.tick);
    let detail = format!("{price} is not on the tick {}", tick.to_decimal(decimals));
    Err(Denial::new(DenialCode::InvalidPrice, detail))
}

pub(super) fn check_crossing(side: Side, price: Price, view: &RiskView<'_>) -> Result<(), Denial> {
    let crosses = match side {
        Side::Buy => view.own_best_ask.is_some_and(|ask| price >= ask),
        Side::Sell => view.own_best_bid.is_some_and(|bid| price <= bid),
    };
    if crosses { Err(Denial::plain(DenialCode::CrossesOwnOrder)) } else { Ok(()) }
}
