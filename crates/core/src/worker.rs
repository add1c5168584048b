//! What passes from an account to a worker, and what a worker knows of its own standing.
//!
//! A worker sees only its own sub-ledger: its positions, its orders, the answers to its intents.
//! Knows nothing of strategies or of the account's rules.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::ids::{Sequence, WorkerId};
use crate::instrument::{InstrumentId, Instruments};
use crate::intent::{ExitReason, OrderTag, Protection};
use crate::market::MarketViews;
use crate::money::{Amount, Price, Quantity};
use crate::order::{OrderState, Side};
use crate::position::Position;
use crate::risk::RiskLimits;
use crate::time::Timestamp;

/// What an account tells a worker; each is told once, in the order of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerEvent {
    /// Position in the worker's inbox; the first is 1.
    pub sequence: Sequence,
    /// When, by the venue's clock where the venue said it.
    pub time: Timestamp,
    /// What it tells.
    pub notice: WorkerNotice,
}

/// The content of a worker event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerNotice {
    /// An intent was refused; nothing was sent.
    IntentDenied {
        /// The order named by the intent, where it named one.
        tag: Option<OrderTag>,
        /// The instrument, where the intent named one.
        instrument: Option<InstrumentId>,
        /// Code of the reason, e.g. `STALE_FEED`.
        code: String,
    },
    /// An order of the strategy changed its state.
    OrderUpdated {
        /// The strategy's name for it; `None` for market orders and protection.
        tag: Option<OrderTag>,
        /// The instrument.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// Where the order is now.
        state: OrderState,
        /// What is still to be filled.
        remaining: Quantity,
        /// Limit price, where there is one.
        price: Option<Price>,
    },
    /// A trade was booked in the worker's sub-ledger.
    OrderFilled {
        /// The strategy's name for the order; `None` for market orders and protection.
        tag: Option<OrderTag>,
        /// The instrument.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// Price.
        price: Price,
        /// Quantity.
        quantity: Quantity,
        /// Fee paid, in the settle asset.
        fee: Amount,
        /// Profit of the part that made the position smaller, before fees.
        realized: Amount,
        /// Why the position was made smaller; `None` when this opened or added.
        exit: Option<ExitReason>,
        /// The worker's position after this fill.
        position: Position,
    },
    /// Where the worker's position is to be left was promised or changed.
    ProtectionSet {
        /// The instrument.
        instrument: InstrumentId,
        /// The promise.
        protection: Protection,
    },
    /// Funding was booked in the worker's sub-ledger.
    FundingBooked {
        /// The instrument.
        instrument: InstrumentId,
        /// Received (positive) or paid, in the settle asset.
        amount: Amount,
    },
}

/// A resting order as its worker sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestingOrder {
    /// The instrument.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Where it is.
    pub state: OrderState,
    /// What is still to be filled.
    pub remaining: Quantity,
    /// Limit price.
    pub price: Option<Price>,
}

/// The worker's own positions and tagged orders, kept from the events it is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerBook {
    /// The last event that is included.
    pub seen: Sequence,
    /// Open positions; flat ones are left out.
    pub positions: IndexMap<InstrumentId, Position>,
    /// Tagged orders that are not final.
    pub orders: IndexMap<OrderTag, RestingOrder>,
}

impl WorkerBook {
    /// Takes in an event. Returns false, and changes nothing, when it was taken in before.
    pub fn apply(&mut self, event: &WorkerEvent) -> bool {
        if event.sequence <= self.seen {
            return false;
        }
        self.seen = event.sequence;
        match &event.notice {
            WorkerNotice::IntentDenied { .. }
            | WorkerNotice::OrderUpdated { tag: None, .. }
            | WorkerNotice::ProtectionSet { .. }
            | WorkerNotice::FundingBooked { .. } => {}
            WorkerNotice::OrderUpdated {
                tag: Some(tag),
                instrument,
                side,
                state,
                remaining,
                price,
            } => {
                if state.is_final() {
                    self.orders.shift_remove(tag);
                } else {
                    let order = RestingOrder {
                        instrument: *instrument,
                        side: *side,
                        state: *state,
                        remaining: *remaining,
                        price: *price,
                    };
                    self.orders.insert(*tag, order);
                }
            }
            WorkerNotice::OrderFilled { instrument, position, .. } => {
                if position.is_flat() {
                    self.positions.shift_remove(instrument);
                } else {
                    self.positions.insert(*instrument, *position);
                }
            }
        }
        true
    }

    /// The worker's position in an instrument; flat when there is none.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Position {
        self.positions.get(&instrument).copied().unwrap_or_default()
    }
}

/// What a strategy may look at while it decides.
#[derive(Debug, Clone, Copy)]
pub struct WorkerView<'a> {
    /// The worker.
    pub worker: WorkerId,
    /// The version of its strategy.
    pub strategy_version: u32,
    /// The time of the event.
    pub now: Timestamp,
    /// What is listed.
    pub instruments: &'a Instruments,
    /// The latest prices.
    pub markets: &'a MarketViews,
    /// Its own positions and orders.
    pub book: &'a WorkerBook,
    /// The capital that the worker may use, in the settle asset of its account.
    pub capital: Amount,
    /// The limits that the account reviews its wishes by.
    pub limits: &'a RiskLimits,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64, notice: WorkerNotice) -> WorkerEvent {
        WorkerEvent { sequence: Sequence(sequence), time: Timestamp(0), notice }
    }

    fn updated(tag: Option<OrderTag>, state: OrderState) -> WorkerNotice {
        WorkerNotice::OrderUpdated {
            tag,
            instrument: InstrumentId(1),
            side: Side::Buy,
            state,
            remaining: Quantity(5),
            price: Some(Price(10)),
        }
    }

    fn filled(quantity: i64) -> WorkerNotice {
        WorkerNotice::OrderFilled {
            tag: None,
            instrument: InstrumentId(1),
            side: Side::Buy,
            price: Price(10),
            quantity: Quantity(5),
            fee: Amount::ZERO,
            realized: Amount::ZERO,
            exit: None,
            position: Position { quantity: Quantity(quantity), cost: Amount(i128::from(quantity)) },
        }
    }

    #[test]
    fn an_event_is_taken_in_once() {
        let mut book = WorkerBook::default();
        assert!(book.apply(&event(1, filled(5))));
        assert!(!book.apply(&event(1, filled(7))));
        assert_eq!(book.position(InstrumentId(1)).quantity, Quantity(5));
        assert_eq!(book.seen, Sequence(1));
    }

    #[test]
    fn orders_are_kept_until_they_end() {
        let mut book = WorkerBook::default();
        let tag = Some(OrderTag(3));
        book.apply(&event(1, updated(tag, OrderState::Open)));
        assert_eq!(book.orders[&OrderTag(3)].remaining, Quantity(5));
        book.apply(&event(2, updated(None, OrderState::Open)));
        assert_eq!(book.orders.len(), 1);
        book.apply(&event(3, updated(tag, OrderState::Cancelled)));
        assert!(book.orders.is_empty());
    }

    #[test]
    fn flat_positions_are_left_out() {
        let mut book = WorkerBook::default();
        book.apply(&event(1, filled(5)));
        book.apply(&event(2, filled(0)));
        assert!(book.positions.is_empty());
        assert!(book.position(InstrumentId(1)).is_flat());
    }
}
