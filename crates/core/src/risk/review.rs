//! The review itself: gates, then price, leverage, protection, size, and what follows from them.
//!
//! Order of checks is part of the contract: the first refusing gate is what "why not" reports.

use serde::{Deserialize, Serialize};

use super::gates;
use super::sizing::{self, Entry};
use super::{Clamp, ClampedField, Denial, DenialCode, RiskLimits, RiskView};
use crate::instrument::TradingStatus;
use crate::intent::{ExitReason, Intent, Protection, Sizing};
use crate::kill::KillLevel;
use crate::money::{Price, Quantity, Rate, Rounding};
use crate::order::{OrderKind, Side, TimeInForce};

/// Exits may slip this many times as far as entries: leaving matters more than the price.
const EXIT_SLIPPAGE_FACTOR: i64 = 5;

/// A reviewed wish. Only `review` can make one; an order is planned from nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approved {
    side: Side,
    quantity: Quantity,
    kind: OrderKind,
    time_in_force: TimeInForce,
    reduces: bool,
    leverage: u32,
    protection: Protection,
    exit: Option<ExitReason>,
    clamps: Vec<Clamp>,
}

impl Approved {
    /// Buy or sell.
    #[must_use]
    pub fn side(&self) -> Side {
        self.side
    }
    /// How much, after clamps.
    #[must_use]
    pub fn quantity(&self) -> Quantity {
        self.quantity
    }
    /// How the order is priced.
    #[must_use]
    pub fn kind(&self) -> OrderKind {
        self.kind
    }
    /// How long the order stays.
    #[must_use]
    pub fn time_in_force(&self) -> TimeInForce {
        self.time_in_force
    }
    /// Whether the order may only make the position smaller.
    #[must_use]
    pub fn reduces(&self) -> bool {
        self.reduces
    }
    /// The leverage the venue must margin the instrument at.
    #[must_use]
    pub fn leverage(&self) -> u32 {
        self.leverage
    }
    /// Where the position is to be left, after clamps.
    #[must_use]
    pub fn protection(&self) -> Protection {
        self.protection
    }
    /// Why the position is made smaller; `None` for entries.
    #[must_use]
    pub fn exit(&self) -> Option<ExitReason> {
        self.exit
    }
    /// Every number that was changed.
    #[must_use]
    pub fn clamps(&self) -> &[Clamp] {
        &self.clamps
    }
}

/// What an order-making intent comes down to.
enum Wish {
    Enter(Entry),
    Exit { quantity: Quantity, reason: ExitReason, limit: Option<(Price, TimeInForce)> },
}

/// Reviews an intent that would make an order.
///
/// Intents that make none (`Cancel`, `CancelAll`, `Protect`) are approved with a quantity of zero
/// unless the account is frozen.
///
/// # Errors
/// The first gate that refuses.
pub fn review(
    intent: &Intent,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<Approved, Denial> {
    if view.kill_level == KillLevel::Freeze {
        return Err(Denial::new(DenialCode::KillLevel, "the account is frozen"));
    }
    match wish(intent, view)? {
        Some(Wish::Enter(entry)) => review_entry(&entry, view, limits),
        Some(Wish::Exit { quantity, reason, limit }) => {
            review_exit(quantity, reason, limit, view, limits)
        }
        None => Ok(no_order(intent, view)),
    }
}

fn no_order(intent: &Intent, view: &RiskView<'_>) -> Approved {
    let protection = match intent {
        Intent::Protect { protection, .. } => *protection,
        _ => Protection::NONE,
    };
    Approved {
        side: Side::Buy,
        quantity: Quantity::ZERO,
        kind: OrderKind::Market,
        time_in_force: TimeInForce::GoodTillCancelled,
        reduces: true,
        leverage: view.leverage,
        protection,
        exit: None,
        clamps: Vec::new(),
    }
}

fn wish(intent: &Intent, view: &RiskView<'_>) -> Result<Option<Wish>, Denial> {
    let held = view.worker_position.quantity;
    Ok(Some(match intent {
        Intent::Open { side, sizing, leverage, protection, confidence, .. } => Wish::Enter(Entry {
            side: *side,
            sizing: *sizing,
            limit: None,
            leverage: *leverage,
            protection: *protection,
            confidence: *confidence,
        }),
        Intent::Close { quantity, reason, .. } => {
            let quantity = quantity.unwrap_or(held.abs());
            Wish::Exit { quantity, reason: *reason, limit: None }
        }
        Intent::Resize { target, protection, reason, .. } => {
            resize(held, *target, *protection, *reason)?
        }
        Intent::Place { side, quantity, price, time_in_force, reduce_only, leverage, .. } => {
            let limit = Some((*price, *time_in_force));
            let reduces = Side::of(held) == Some(side.opposite());
            if *reduce_only && !reduces {
                return Err(Denial::plain(DenialCode::NothingToClose));
            }
            if reduces && (*reduce_only || *quantity <= held.abs()) {
                Wish::Exit { quantity: *quantity, reason: ExitReason::ExitSignal, limit }
            } else {
                Wish::Enter(Entry {
                    side: *side,
                    sizing: Sizing::Quantity(*quantity),
                    limit,
                    leverage: *leverage,
                    protection: Protection::NONE,
                    confidence: None,
                })
            }
        }
        Intent::Cancel { .. } | Intent::CancelAll { .. } | Intent::Protect { .. } => {
            return Ok(None);
        }
    }))
}

fn resize(
    held: Quantity,
    target: Quantity,
    protection: Protection,
    reason: ExitReason,
) -> Result<Wish, Denial> {
    let flips = held.0.signum() * target.0.signum() < 0;
    if flips {
        return Err(Denial::new(
            DenialCode::OppositePosition,
            "a position is closed before the other side is opened",
        ));
    }
    let change = target.abs() - held.abs();
    if change.is_positive() {
        let side = Side::of(target).unwrap_or(Side::Buy);
        let sizing = Sizing::Quantity(change);
        let (limit, leverage, confidence) = (None, None, None);
        return Ok(Wish::Enter(Entry { side, sizing, limit, leverage, protection, confidence }));
    }
    Ok(Wish::Exit { quantity: change.abs(), reason, limit: None })
}

fn review_exit(
    quantity: Quantity,
    reason: ExitReason,
    limit: Option<(Price, TimeInForce)>,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<Approved, Denial> {
    let held = view.worker_position.quantity;
    let Some(held_side) = Side::of(held) else {
        return Err(Denial::plain(DenialCode::NothingToClose));
    };
    if view.instrument.filters.status != TradingStatus::Trading {
        return Err(Denial::plain(DenialCode::MarketClosed));
    }
    let side = held_side.opposite();
    // Resting exits count against what is held; an exit at the market cancels them first.
    let spoken_for = if limit.is_some() { view.worker_exiting } else { Quantity::ZERO };
    let approved = quantity
        .min(held.abs() - spoken_for)
        .min(view.instrument.filters.max_quantity)
        .floor_to(view.instrument.filters.step);
    if !approved.is_positive() {
        return Err(Denial::plain(DenialCode::InvalidQuantity));
    }
    check_dust(approved, view)?;
    let (kind, time_in_force) = match limit {
        Some((price, time_in_force)) => {
            gates::check_price(price, view)?;
            gates::check_crossing(side, price, view)?;
            (OrderKind::Limit { price }, time_in_force)
        }
        None => exit_at_market(side, view, limits),
    };
    let mut clamps = Vec::new();
    if approved != quantity {
        clamps.push(quantity_clamp(DenialCode::NothingToClose, quantity, approved));
    }
    let (leverage, protection) = (view.leverage, Protection::NONE);
    let exit = Some(reason);
    let reduces = true;
    let quantity = approved;
    Ok(Approved {
        side,
        quantity,
        kind,
        time_in_force,
        reduces,
        leverage,
        protection,
        exit,
        clamps,
    })
}

/// Spot knows no reduce-only orders, and so no exception from the least notional.
fn check_dust(quantity: Quantity, view: &RiskView<'_>) -> Result<(), Denial> {
    let instrument = view.instrument;
    let price = view.market.valuation().filter(|_| !instrument.is_contract());
    let worth = price.map(|price| instrument.notional(price, quantity));
    if worth.is_some_and(|worth| worth < instrument.filters.min_notional) {
        return Err(Denial::plain(DenialCode::BelowMinimum));
    }
    Ok(())
}

/// An exit goes out whatever is known: without a price, or when a limit did not get through, it is
/// a plain market order.
fn exit_at_market(
    side: Side,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> (OrderKind, TimeInForce) {
    let tif = TimeInForce::ImmediateOrCancel;
    let reference = view.market.taking(side).filter(|_| !view.exit_failed_before);
    let Some(reference) = reference else {
        return (OrderKind::Market, tif);
    };
    let slippage = Rate(limits.max_slippage.0 * EXIT_SLIPPAGE_FACTOR);
    let price = sizing::worst_price(side, reference, slippage, view.instrument);
    (OrderKind::Limit { price }, tif)
}

fn review_entry(
    entry: &Entry,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<Approved, Denial> {
    gates::check_account(view)?;
    let reference = gates::check_market(entry.side, view, limits)?;
    gates::check_worker(entry, view, limits)?;
    gates::check_sides(entry.side, view)?;
    let mut clamps = Vec::new();
    let (price, time_in_force) = entry_price(entry, reference, view, limits)?;
    let leverage = sizing::leverage(entry, view, limits, &mut clamps);
    let at = entry.limit.map_or(reference, |(price, _)| price);
    let protection = sizing::protection(entry, at, view, limits, &mut clamps)?;
    let dearest = sizing::dearest_price(entry.side, price, reference, view.instrument);
    // Where the venue's leverage is higher than allowed and cannot be changed, the size stays what
    // the allowed one would permit.
    let counted = leverage.min(limits.max_leverage.max(1));
    let quantity = sizing::quantity(entry, dearest, counted, view, limits, &mut clamps)?;
    gates::check_armed_notional(view.instrument.notional(dearest, quantity), view)?;
    sizing::check_liquidation(entry.side, quantity, at, protection, view, limits)?;
    Ok(Approved {
        side: entry.side,
        quantity,
        kind: OrderKind::Limit { price },
        time_in_force,
        reduces: false,
        leverage,
        protection,
        exit: None,
        clamps,
    })
}

/// The limit price: as wished and within the collar, or for a market wish the worst price that
/// slippage allows, kept from trading against an order of the same account.
fn entry_price(
    entry: &Entry,
    reference: Price,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<(Price, TimeInForce), Denial> {
    let instrument = view.instrument;
    if let Some((price, time_in_force)) = entry.limit {
        gates::check_price(price, view)?;
        let worst = sizing::worst_price(entry.side, reference, limits.price_collar, instrument);
        if (price.0 - worst.0) * entry.side.sign() > 0 {
            return Err(Denial::plain(DenialCode::PriceCollar));
        }
        gates::check_crossing(entry.side, price, view)?;
        return Ok((price, time_in_force));
    }
    let worst = sizing::worst_price(entry.side, reference, limits.max_slippage, instrument);
    let tick = instrument.filters.tick;
    let price = match entry.side {
        Side::Buy => view.own_best_ask.map_or(worst, |ask| worst.min(ask - tick)),
        Side::Sell => view.own_best_bid.map_or(worst, |bid| worst.max(bid + tick)),
    };
    if (price.0 - reference.0) * entry.side.sign() < 0 {
        return Err(Denial::plain(DenialCode::CrossesOwnOrder));
    }
    let outward = if entry.side == Side::Buy { Rounding::Floor } else { Rounding::Ceiling };
    Ok((instrument.round_price(price, outward), TimeInForce::ImmediateOrCancel))
}

pub(super) fn quantity_clamp(limit: DenialCode, wished: Quantity, approved: Quantity) -> Clamp {
    Clamp { field: ClampedField::Quantity, limit, wished: wished.0, approved: approved.0 }
}
