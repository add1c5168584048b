//! The limit orders that rest below the first buy of a round. Knows no position.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::instrument::{Instrument, InstrumentId};
use crate::money::{Amount, Price, Rate};
use crate::order::{Side, TimeInForce};
use crate::strategy::Effects;
use crate::strategy::config::{self, DcaConfig};
use crate::strategy::exits::away;
use crate::strategy::slot::{Slot, Wish};
use crate::time::Timestamp;

/// One safety order of every round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SafetyOrder {
    /// Distance below the first buy.
    deviation: Rate,
    /// What it is worth.
    pub(super) notional: Amount,
    pub(super) slot: Slot,
    /// Whether it traded in this round.
    pub(super) is_spent: bool,
}

impl SafetyOrder {
    /// The safety orders of a checked configuration, nearest first; slot 0 is left for the target.
    pub(super) fn ladder(config: &DcaConfig) -> Vec<Self> {
        let mut step = config.price_deviation_percent;
        let mut value = config.safety_order_amount;
        let mut depth = Decimal::ZERO;
        let mut ladder = Vec::new();
        for number in 1..=config.safety_order_count {
            depth += step;
            ladder.push(Self {
                deviation: config::rate(depth.round_dp(8)),
                notional: config::amount(value.round_dp(8)),
                slot: Slot::new(number),
                is_spent: false,
            });
            step *= config.step_scale;
            value *= config.volume_scale;
        }
        ladder
    }

    /// What its order still binds.
    pub(super) fn resting(&self, instrument: &Instrument) -> Amount {
        self.slot
            .order()
            .map_or(Amount::ZERO, |order| instrument.notional(order.price, order.remaining()))
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        !self.is_spent && self.slot.is_free(now)
    }

    /// Places it below the price of the first buy.
    pub(super) fn place(
        &mut self,
        first: Price,
        id: InstrumentId,
        instrument: &Instrument,
        effects: &mut Effects,
    ) {
        let price = away(first, self.deviation, -1, instrument);
        let wish = Wish {
            side: Side::Buy,
            quantity: instrument.quantity_for(self.notional, price),
            price,
            time_in_force: TimeInForce::GoodTillCancelled,
            reduce_only: false,
        };
        if wish.quantity.is_positive() {
            self.slot.place(wish, id, super::LEVERAGE, effects);
        }
    }
}
