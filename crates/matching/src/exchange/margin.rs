//! Margin: what an account may still use, and how near it is to liquidation.
//!
//! The formulas, in the settle asset, as the large venues document them for cross and isolated
//! margin:
//! - demand of a position and its open orders: `max(|value + buys|, |value - sells|) / leverage`,
//!   where `value` is the signed notional at the mark and the orders are those that may open;
//! - free = wallet - held by spot orders - isolated margin - demands - fees and opening losses of
//!   open orders + min(0, unrealised profit of the cross positions);
//! - a position is liquidated when equity <= maintenance margin: all cross positions of a settle
//!   asset together (wallet without isolated margin, plus their unrealised profit), each isolated
//!   one alone (its margin plus its unrealised profit).
//!
//! Pure functions; they change nothing.

use banyan_core::instrument::{Instrument, InstrumentId, InstrumentKind, Instruments};
use banyan_core::market::MarketViews;
use banyan_core::money::{Amount, Price, Rounding};
use banyan_core::position::Position;
use banyan_core::symbol::Asset;
use banyan_core::venue::MarginMode;

use super::account::{Account, Exposure, Slot};

/// Values positions at the mark, else the middle, else the last price.
#[derive(Clone, Copy)]
pub(super) struct Valuer<'a> {
    /// The instruments.
    pub(super) instruments: &'a Instruments,
    /// Their latest prices.
    pub(super) views: &'a MarketViews,
}

impl Valuer<'_> {
    /// What a position is worth and would earn; at cost while no price is known.
    fn value(&self, id: InstrumentId, position: &Position) -> Valued {
        let known = self.instruments.get(id).zip(self.views.get(id).valuation());
        let Some((instrument, price)) = known.filter(|_| !position.is_flat()) else {
            return Valued { signed: position.cost, ..Valued::default() };
        };
        let notional = position.notional(instrument, price);
        Valued {
            signed: if position.quantity.is_negative() { -notional } else { notional },
            unrealized: position.unrealized(instrument, price),
            maintenance: instrument.maintenance_margin(notional),
        }
    }
}

/// A position at the mark.
#[derive(Debug, Clone, Copy, Default)]
struct Valued {
    signed: Amount,
    unrealized: Amount,
    maintenance: Amount,
}

/// Equity and maintenance margin of what is liquidated together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// Margin plus unrealised profit.
    pub(super) equity: Amount,
    /// Sum of maintenance margins; zero when nothing is open.
    pub(super) maintenance: Amount,
    /// Sum of notionals.
    pub(super) notional: Amount,
}

impl Health {
    /// Says whether it is to be liquidated.
    pub(super) fn fails(&self) -> bool {
        self.notional.is_positive() && self.equity <= self.maintenance
    }

    fn add(&mut self, valued: Valued) {
        self.equity += valued.unrealized;
        self.maintenance += valued.maintenance;
        self.notional += valued.signed.abs();
    }
}

/// The largest notional a slot can come to by its open orders.
pub(super) fn gross(value: Amount, slot: &Slot) -> Amount {
    (value + slot.buys).abs().max((value - slot.sells).abs())
}

/// The margin a slot demands at this value, isolated earmark included.
fn demand(exposure: &Exposure, value: Amount, slot: &Slot) -> Amount {
    let gross = gross(value, slot);
    match exposure.margin_mode {
        MarginMode::Cross => exposure.initial_margin(gross),
        MarginMode::Isolated => {
            slot.margin + exposure.initial_margin((gross - value.abs()).max(Amount::ZERO))
        }
    }
}

/// Returns the gross notional and the margin demand of a slot at the mark.
pub(super) fn slot_demand(
    valuer: Valuer<'_>,
    id: InstrumentId,
    exposure: &Exposure,
    slot: &Slot,
) -> (Amount, Amount) {
    let value = valuer.value(id, &slot.position).signed;
    (gross(value, slot), demand(exposure, value, slot))
}

/// Returns the notional of a slot's position at the mark.
pub(super) fn notional(valuer: Valuer<'_>, id: InstrumentId, slot: &Slot) -> Amount {
    valuer.value(id, &slot.position).signed.abs()
}

/// Returns what of an asset new orders may use; negative when more is bound than there is.
pub(super) fn free(account: &Account, asset: &Asset, valuer: Valuer<'_>) -> Amount {
    let mut bound = account.spot_held(asset);
    let mut unrealized = Amount::ZERO;
    for (id, exposure) in account.exposures_in(asset) {
        for (_, slot) in exposure.slots() {
            let valued = valuer.value(id, &slot.position);
            bound += slot.cash + demand(exposure, valued.signed, slot);
            if exposure.margin_mode == MarginMode::Cross {
                unrealized += valued.unrealized;
            }
        }
    }
    account.balance(asset) - bound + unrealized.min(Amount::ZERO)
}

/// Returns the health of all cross positions that are settled in an asset.
pub(super) fn cross_health(account: &Account, asset: &Asset, valuer: Valuer<'_>) -> Health {
    let mut health = Health { equity: account.cross_balance(asset), ..Health::default() };
    for (id, exposure) in account.exposures_in(asset) {
        if exposure.margin_mode == MarginMode::Cross {
            for (_, slot) in exposure.slots().filter(|(_, slot)| !slot.position.is_flat()) {
                health.add(valuer.value(id, &slot.position));
            }
        }
    }
    health
}

/// Returns the health of one isolated position.
pub(super) fn isolated_health(valuer: Valuer<'_>, id: InstrumentId, slot: &Slot) -> Health {
    let mut health = Health { equity: slot.margin, ..Health::default() };
    if !slot.position.is_flat() {
        health.add(valuer.value(id, &slot.position));
    }
    health
}

/// Returns the price at which a position that is valued at `mark` has lost `allowance` more (or
/// won, when negative), rounded to nearest; at least the smallest price there is.
pub(super) fn bankruptcy_price(
    instrument: &Instrument,
    position: &Position,
    mark: Price,
    allowance: Amount,
) -> Price {
    let sign = if position.quantity.is_negative() { -1 } else { 1 };
    let signed = Amount(sign * position.notional(instrument, mark).0);
    // A linear position earns value minus cost, an inverse one cost minus value.
    let moved = match instrument.kind {
        InstrumentKind::Inverse => signed + allowance,
        InstrumentKind::Spot | InstrumentKind::Linear => signed - allowance,
    };
    let value = Amount((sign * moved.0).max(1));
    let at = Position { quantity: position.quantity, cost: Amount(sign * value.0) };
    at.average_entry(instrument).unwrap_or(mark).max(Price(1))
}

/// Ranks positions for auto-deleveraging: profit per cost times effective leverage for winners,
/// profit per cost alone for losers; the higher, the earlier.
pub(super) fn deleveraging_score(profit: Amount, slot: &Slot, health: Health) -> i128 {
    let ratio = |up: Amount, down: Amount| {
        up.ratio(down, Rounding::Down).map_or(i128::from(i64::MAX), |rate| i128::from(rate.0))
    };
    let earned = ratio(profit, slot.position.cost.abs());
    if profit.is_positive() { earned * ratio(health.notional, health.equity) } else { earned }
}
