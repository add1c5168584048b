//! The numbers of an entry: leverage, protection, quantity, and the distance to liquidation.
//!
//! Each function changes a number only towards less risk and says so in a clamp.

use super::review::quantity_clamp;
use super::{Clamp, ClampedField, Denial, DenialCode, RiskLimits, RiskView};
use crate::instrument::{Instrument, InstrumentKind};
use crate::intent::{Protection, Sizing};
use crate::money::{Amount, Price, Quantity, Rate, Rounding};
use crate::order::{Side, TimeInForce};

/// Distance of a given stop when no average true range is known.
const FALLBACK_STOP: Rate = Rate::from_basis_points(500);
/// Distance of a given target when no average true range is known.
const FALLBACK_TARGET: Rate = Rate::from_basis_points(1_000);

/// A wish to open or add.
pub(super) struct Entry {
    pub(super) side: Side,
    pub(super) sizing: Sizing,
    pub(super) limit: Option<(Price, TimeInForce)>,
    pub(super) leverage: Option<u32>,
    pub(super) protection: Protection,
    pub(super) confidence: Option<Rate>,
}

/// The price that is `distance` worse than `reference` for an order of `side`, rounded towards
/// the reference. The venue measures its own band from its mark, which may be elsewhere by the time
/// the order arrives: half of the band is left for that.
pub(super) fn worst_price(
    side: Side,
    reference: Price,
    distance: Rate,
    instrument: &Instrument,
) -> Price {
    let distance = distance.min(Rate(instrument.filters.price_band.0 / 2));
    match side {
        Side::Buy => {
            let price = reference + reference.times(distance, Rounding::Down);
            instrument.round_price(price, Rounding::Floor)
        }
        Side::Sell => {
            let price = reference - reference.times(distance, Rounding::Down);
            instrument.round_price(price, Rounding::Ceiling)
        }
    }
}

/// The leverage: as wished, at most what the limits and the venue's first tier allow, and what the
/// venue has set already where that cannot be changed.
pub(super) fn leverage(
    entry: &Entry,
    view: &RiskView<'_>,
    limits: &RiskLimits,
    clamps: &mut Vec<Clamp>,
) -> u32 {
    let highest = limits.max_leverage.min(view.instrument.max_leverage(Amount::ZERO)).max(1);
    let wished = entry.leverage.unwrap_or(view.leverage).max(1);
    let approved = if view.leverage_is_free || !view.instrument.is_contract() {
        wished.min(highest)
    } else {
        view.leverage
    };
    if entry.leverage.is_some_and(|wished| wished != approved) {
        clamps.push(Clamp {
            field: ClampedField::Leverage,
            limit: DenialCode::MaxPositionRatio,
            wished: i64::from(wished),
            approved: i64::from(approved),
        });
    }
    approved
}

/// Stop and target: given where required and missing, the stop not too far, both on the right
/// side, the target far enough.
pub(super) fn protection(
    entry: &Entry,
    at: Price,
    view: &RiskView<'_>,
    limits: &RiskLimits,
    clamps: &mut Vec<Clamp>,
) -> Result<Protection, Denial> {
    let side = entry.side;
    let mut protection = entry.protection;
    if limits.require_protection {
        fill_in(&mut protection, side, at, view, limits, clamps);
    }
    if let Some(callback) = protection.trailing {
        protection.trailing = Some(nearer_trailing(callback, limits, clamps)?);
    }
    if let Some(stop) = protection.stop_loss {
        protection.stop_loss = Some(nearer_stop(stop, side, at, view, limits, clamps)?);
    }
    if let Some(target) = protection.take_profit {
        check_side((target.0 - at.0) * side.sign())?;
    }
    check_reward(protection, at, limits)?;
    Ok(protection)
}

fn fill_in(
    protection: &mut Protection,
    side: Side,
    at: Price,
    view: &RiskView<'_>,
    limits: &RiskLimits,
    clamps: &mut Vec<Clamp>,
) {
    // The stop is rounded towards the price and the target away from it, so that rounding never
    // spoils the ratio of the two.
    let away = |multiple: Rate, fallback: Rate, direction: i64| {
        let range = view.average_true_range.map(|range| range.times(multiple, Rounding::Nearest));
        let distance = range.unwrap_or_else(|| at.times(fallback, Rounding::Nearest));
        let price = Price((at.0 + direction * distance.0).max(view.instrument.filters.tick.0));
        let rounding = if side == Side::Buy { Rounding::Ceiling } else { Rounding::Floor };
        view.instrument.round_price(price, rounding)
    };
    let given = |field, price: Price| Clamp {
        field,
        limit: DenialCode::StopWrongSide,
        wished: 0,
        approved: price.0,
    };
    if !protection.has_stop() {
        let stop = away(limits.default_stop_loss_atr, FALLBACK_STOP, -side.sign());
        clamps.push(given(ClampedField::StopLoss, stop));
        protection.stop_loss = Some(stop);
    }
    if protection.take_profit.is_none() {
        let target = away(limits.default_take_profit_atr, FALLBACK_TARGET, side.sign());
        clamps.push(given(ClampedField::TakeProfit, target));
        protection.take_profit = Some(target);
    }
}

fn check_side(signed_distance: i64) -> Result<(), Denial> {
    if signed_distance > 0 { Ok(()) } else { Err(Denial::plain(DenialCode::StopWrongSide)) }
}

fn nearer_stop(
    stop: Price,
    side: Side,
    at: Price,
    view: &RiskView<'_>,
    limits: &RiskLimits,
    clamps: &mut Vec<Clamp>,
) -> Result<Price, Denial> {
    check_side((at.0 - stop.0) * side.sign())?;
    let farthest = at.times(limits.max_stop_distance, Rounding::Down);
    let bound = Price(at.0 - side.sign() * farthest.0);
    let inward = if side == Side::Buy { Rounding::Ceiling } else { Rounding::Floor };
    let too_far = (bound.0 - stop.0) * side.sign() > 0;
    let approved = view.instrument.round_price(if too_far { bound } else { stop }, inward);
    if too_far {
        clamps.push(Clamp {
            field: ClampedField::StopLoss,
            limit: DenialCode::LiquidationTooClose,
            wished: stop.0,
            approved: approved.0,
        });
    }
    check_side((at.0 - approved.0) * side.sign())?;
    Ok(approved)
}

fn nearer_trailing(
    callback: Rate,
    limits: &RiskLimits,
    clamps: &mut Vec<Clamp>,
) -> Result<Rate, Denial> {
    if !callback.is_positive() {
        return Err(Denial::plain(DenialCode::StopWrongSide));
    }
    let approved = callback.min(limits.max_stop_distance);
    if approved != callback {
        clamps.push(Clamp {
            field: ClampedField::StopLoss,
            limit: DenialCode::LiquidationTooClose,
            wished: callback.0,
            approved: approved.0,
        });
    }
    Ok(approved)
}

fn check_reward(protection: Protection, at: Price, limits: &RiskLimits) -> Result<(), Denial> {
    let (Some(stop), Some(target)) = (protection.stop_loss, protection.take_profit) else {
        return Ok(());
    };
    let risk = (at - stop).abs();
    let reward = (target - at).abs();
    let needed = risk.times(limits.min_risk_reward_ratio, Rounding::Down);
    if reward >= needed { Ok(()) } else { Err(Denial::plain(DenialCode::MinRiskReward)) }
}

/// The quantity: as wished, at most what each limit leaves, and not below what the venue takes.
pub(super) fn quantity(
    entry: &Entry,
    price: Price,
    leverage: u32,
    view: &RiskView<'_>,
    limits: &RiskLimits,
    clamps: &mut Vec<Clamp>,
) -> Result<Quantity, Denial> {
    let instrument = view.instrument;
    let wished = match entry.sizing {
        Sizing::Quantity(quantity) => on_step(quantity, view, clamps),
        Sizing::Notional(value) => instrument.quantity_for(value, price),
    };
    if !wished.is_positive() {
        return Err(Denial::plain(DenialCode::BelowMinimum));
    }
    let mut approved = wished;
    let mut binding = DenialCode::BelowMinimum;
    let largest = instrument.filters.max_quantity.floor_to(instrument.filters.step);
    for (code, room) in rooms(leverage, price, view, limits) {
        let most = instrument.quantity_for(room, price).min(largest);
        if most < approved {
            clamps.push(quantity_clamp(code, approved, most));
            (approved, binding) = (most, code);
        }
    }
    let worth = instrument.notional(price, approved);
    let least = instrument.filters.min_quantity.max(instrument.filters.step);
    if approved < least || worth < instrument.filters.min_notional {
        let detail = format!(
            "{} is left, worth {worth}; the venue takes at least {} worth {}",
            approved.to_decimal(instrument.quantity_decimals),
            least.to_decimal(instrument.quantity_decimals),
            instrument.filters.min_notional,
        );
        return Err(Denial::new(binding, detail));
    }
    Ok(approved)
}

fn on_step(wished: Quantity, view: &RiskView<'_>, clamps: &mut Vec<Clamp>) -> Quantity {
    let approved = wished.floor_to(view.instrument.filters.step);
    if approved != wished {
        clamps.push(quantity_clamp(DenialCode::InvalidQuantity, wished, approved));
    }
    approved
}

/// The price within what an order may trade at for which its value is highest: limits hold
/// whatever it trades at.
pub(super) fn dearest_price(
    side: Side,
    limit: Price,
    reference: Price,
    instrument: &Instrument,
) -> Price {
    match (side, instrument.kind) {
        (Side::Sell, InstrumentKind::Spot | InstrumentKind::Linear) => limit.max(reference),
        (Side::Buy, InstrumentKind::Inverse) => limit.min(reference),
        _ => limit,
    }
}

/// How much notional each limit still leaves, exposure counted after the order.
fn rooms(
    leverage: u32,
    price: Price,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> [(DenialCode, Amount); 5] {
    let times = |margin: Amount| Amount(margin.0.max(0) * i128::from(leverage));
    let held = view.worker_position.quantity + view.worker_pending;
    let held = view.instrument.notional(price, held.abs());
    let ratio = |equity: Amount, rate: Rate| equity.times(rate, Rounding::Down);
    let position = times(ratio(view.worker_equity, limits.max_position_ratio)) - held;
    let worker = ratio(view.worker_equity, limits.max_total_exposure) - view.worker_margin;
    let account = ratio(view.account_equity, limits.max_total_exposure) - view.account_margin;
    // Fees and rounding of the venue come out of the free margin too.
    let free = view.account_equity - view.account_margin;
    let free = free - times(free).times(view.instrument.fees.taker, Rounding::Up);
    [
        (DenialCode::MaxOrderNotional, limits.max_order_notional),
        (DenialCode::MaxPositionRatio, position),
        (DenialCode::MaxTotalExposure, times(worker)),
        (DenialCode::MaxTotalExposure, times(account)),
        (DenialCode::InsufficientMargin, times(free)),
    ]
}

/// Refuses an entry after which the account could be liquidated before its stop, or too soon.
///
/// The distance is that of a cross account: what equity leaves above all maintenance margins, per
/// notional of this position.
pub(super) fn check_liquidation(
    side: Side,
    quantity: Quantity,
    at: Price,
    protection: Protection,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<(), Denial> {
    let instrument = view.instrument;
    if !instrument.is_contract() {
        return Ok(());
    }
    let before = view.account_position.quantity;
    let after = before + Quantity(side.sign() * quantity.0);
    let notional = instrument.notional(at, after.abs());
    let maintenance = view.account_maintenance
        - instrument.maintenance_margin(instrument.notional(at, before.abs()))
        + instrument.maintenance_margin(notional);
    let cushion = view.account_equity - maintenance;
    let Some(distance) = cushion.ratio(notional, Rounding::Floor) else {
        return Ok(());
    };
    let fixed = protection.stop_loss.map(|stop| {
        Amount(i128::from((at - stop).abs().0))
            .ratio(Amount(i128::from(at.0)), Rounding::Ceiling)
            .unwrap_or(Rate::ONE)
    });
    let stop = fixed.or(protection.trailing).unwrap_or_default();
    if distance < limits.min_liquidation_distance || distance < stop {
        let detail = format!("liquidation would be {distance} away, the stop {stop}");
        return Err(Denial::new(DenialCode::LiquidationTooClose, detail));
    }
    Ok(())
}
