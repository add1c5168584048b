//! A place for one resting order at a time, from the wish to the order's end.
//!
//! A slot never has two orders: it waits for the end of one before it makes room for the next, and
//! every order gets a tag of its own. Knows nothing of what its orders are for.

use serde::{Deserialize, Serialize};

use super::answer::{Answer, Retry};
use super::{Effects, TimerId};
use crate::instrument::InstrumentId;
use crate::intent::{Intent, OrderTag};
use crate::money::{Price, Quantity};
use crate::order::{OrderState, Side, TimeInForce};
use crate::time::Timestamp;
use crate::worker::{WorkerNotice, WorkerView};

/// The timer after which failed orders are placed again.
pub(super) const RETRY_TIMER: TimerId = TimerId(1);

/// What a strategy wants to rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) side: Side,
    pub(super) quantity: Quantity,
    pub(super) price: Price,
    pub(super) time_in_force: TimeInForce,
    pub(super) reduce_only: bool,
}

/// The order in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SlotOrder {
    pub(super) side: Side,
    pub(super) price: Price,
    quantity: Quantity,
    filled: Quantity,
    answer: Answer,
    cancelling: bool,
}

/// What a notice did to the order in a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It stands.
    Stands,
    /// It stands although it was to be cancelled.
    NotCancelled,
    /// It was filled completely.
    Filled,
    /// It is gone with a part unfilled.
    Gone {
        /// Whether a part of it was filled.
        partly: bool,
    },
}

/// A place for one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    number: u32,
    generation: u32,
    order: Option<SlotOrder>,
    retry: Retry,
}

impl SlotOrder {
    /// What is still to be filled.
    pub(super) fn remaining(&self) -> Quantity {
        self.quantity - self.filled
    }

    /// Takes in what was told of this order.
    fn hear(&mut self, notice: &WorkerNotice) -> Progress {
        match notice {
            WorkerNotice::OrderFilled { quantity, .. } => {
                self.filled += *quantity;
                self.answer = Answer::Heard;
                self.complete_when(self.filled >= self.quantity)
            }
            WorkerNotice::OrderUpdated { state, .. } => self.updated(*state),
            // What the account has already is no longer denied: only its cancel can be.
            WorkerNotice::IntentDenied { .. } if self.answer == Answer::Heard => self.stands(),
            WorkerNotice::IntentDenied { .. } => self.gone(),
            WorkerNotice::ProtectionSet { .. } | WorkerNotice::FundingBooked { .. } => {
                Progress::Stands
            }
        }
    }

    fn updated(&mut self, state: OrderState) -> Progress {
        self.answer = Answer::Heard;
        match state {
            // Its fills are told on their own, perhaps later; the account may have clamped the
            // quantity, so that fewer of them complete it.
            OrderState::Filled => self.complete_when(self.filled.is_positive()),
            state if state.is_final() => self.gone(),
            OrderState::Open | OrderState::PartiallyFilled => self.stands(),
            _ => Progress::Stands,
        }
    }

    fn stands(&mut self) -> Progress {
        if std::mem::take(&mut self.cancelling) { Progress::NotCancelled } else { Progress::Stands }
    }

    fn complete_when(&self, complete: bool) -> Progress {
        if complete { Progress::Filled } else { Progress::Stands }
    }

    fn gone(&self) -> Progress {
        Progress::Gone { partly: self.filled.is_positive() }
    }
}

impl Slot {
    /// An empty slot; `number` tells it from the other slots of its strategy.
    pub(super) fn new(number: u32) -> Self {
        Self { number, generation: 0, order: None, retry: Retry::default() }
    }

    /// Says whether a tag is that of a sell order.
    pub(super) fn sells(tag: OrderTag) -> bool {
        tag.0 & 1 == 1
    }

    /// The number in a tag.
    pub(super) fn number_of(tag: OrderTag) -> u32 {
        tag.0 as u32 >> 1
    }

    pub(super) fn number(&self) -> u32 {
        self.number
    }

    pub(super) fn order(&self) -> Option<&SlotOrder> {
        self.order.as_ref()
    }

    /// The tag of the order in it.
    pub(super) fn tag(&self) -> Option<OrderTag> {
        self.order.map(|order| self.tag_of(order.side))
    }

    /// Number and side make a tag readable, the generation makes it unique.
    fn tag_of(&self, side: Side) -> OrderTag {
        let sell = u64::from(side == Side::Sell);
        OrderTag(u64::from(self.generation) << 32 | u64::from(self.number) << 1 | sell)
    }

    /// Says whether an order may be placed now.
    pub(super) fn is_free(&self, now: Timestamp) -> bool {
        self.order.is_none() && self.retry.is_due(now)
    }

    /// Fills the slot, which must be free.
    pub(super) fn place(
        &mut self,
        wish: Wish,
        instrument: InstrumentId,
        leverage: u32,
        effects: &mut Effects,
    ) {
        self.generation += 1;
        self.order = Some(SlotOrder {
            side: wish.side,
            price: wish.price,
            quantity: wish.quantity,
            filled: Quantity::ZERO,
            answer: Answer::Awaited,
            cancelling: false,
        });
        effects.intents.push(Intent::Place {
            tag: self.tag_of(wish.side),
            instrument,
            side: wish.side,
            quantity: wish.quantity,
            price: wish.price,
            time_in_force: wish.time_in_force,
            reduce_only: wish.reduce_only,
            leverage: Some(leverage),
        });
    }

    /// Cancels its order, once, and not again soon after that was refused.
    pub(super) fn cancel(&mut self, now: Timestamp, effects: &mut Effects) {
        let tag = self.tag();
        if let (Some(tag), Some(order)) = (tag, &mut self.order)
            && !order.cancelling
            && self.retry.is_due(now)
        {
            order.cancelling = true;
            effects.intents.push(Intent::Cancel { tag });
        }
    }

    /// All orders are being cancelled with one wish.
    pub(super) fn is_being_cancelled(&mut self) {
        if let Some(order) = &mut self.order {
            order.cancelling = true;
        }
    }

    /// Takes in what was told of `tag`; nothing happens when that is not the order in it.
    pub(super) fn hear(
        &mut self,
        tag: OrderTag,
        notice: &WorkerNotice,
        now: Timestamp,
        effects: &mut Effects,
    ) -> Progress {
        if self.tag() != Some(tag) {
            return Progress::Stands;
        }
        let Some(order) = &mut self.order else {
            return Progress::Stands;
        };
        let progress = order.hear(notice);
        match progress {
            Progress::Stands => {}
            Progress::Filled => self.empty(),
            Progress::Gone { .. } if order.cancelling => self.empty(),
            Progress::NotCancelled => self.wait(now, effects),
            Progress::Gone { .. } => {
                self.order = None;
                self.wait(now, effects);
            }
        }
        progress
    }

    fn wait(&mut self, now: Timestamp, effects: &mut Effects) {
        effects.timers.push((RETRY_TIMER, self.retry.failed(now)));
    }

    fn empty(&mut self) {
        self.order = None;
        self.retry.succeeded();
    }

    /// A restart: an unanswered order is doubtful now.
    pub(super) fn restarted(&mut self) {
        if let Some(order) = &mut self.order {
            order.answer.restarted();
        }
    }

    /// Forgets an order that never reached the account.
    pub(super) fn give_up(&mut self) {
        self.order.take_if(|order| order.answer == Answer::Doubtful);
    }
}

/// Cancels the orders of the worker that no slot knows: left over from a moved ladder or a late
/// answer.
pub(super) fn cancel_strays(
    view: &WorkerView<'_>,
    instrument: InstrumentId,
    is_known: impl Fn(OrderTag) -> bool,
    effects: &mut Effects,
) {
    for (tag, order) in &view.book.orders {
        let asked = order.state == OrderState::CancelRequested;
        if order.instrument == instrument && !asked && !is_known(*tag) {
            effects.intents.push(Intent::Cancel { tag: *tag });
        }
    }
}
