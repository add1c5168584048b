//! The life of an order as one table of (state, event).
//!
//! What is not in the table is an error, never a guess. Fills are counted by quantity whatever the
//! state: venues do report fills after a cancel, and they are real.

use serde::{Deserialize, Serialize};

use super::OrderRequest;
use crate::ids::VenueOrderId;
use crate::money::Quantity;

/// Where an order is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Written to the journal; may not be sent before that is durable.
    Planned,
    /// Sent; no answer yet.
    InFlight,
    /// Sent, and the answer is lost; only a query can tell.
    Unknown,
    /// Rests at the venue, or waits there for its trigger.
    Open,
    /// Rests at the venue, filled in part.
    PartiallyFilled,
    /// A cancel was sent.
    CancelRequested,
    /// Filled completely.
    Filled,
    /// Cancelled, by us or by the venue.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Ended by its time in force.
    Expired,
    /// Proven never to have reached the venue.
    NeverArrived,
}

/// What happens to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transition {
    /// It was handed to the network.
    Sent,
    /// The venue took it.
    Accepted,
    /// The venue refused it for good.
    Rejected,
    /// Time-out, cut connection, server error after sending, or a restart.
    OutcomeLost,
    /// A fill left a remainder.
    FilledInPart,
    /// A fill left nothing.
    FilledCompletely,
    /// A cancel was handed to the network.
    CancelSent,
    /// The venue refused the cancel; the order stands as it was.
    CancelRejected,
    /// It was cancelled, by us, by the venue or by a liquidation.
    Cancelled,
    /// Its time in force ended it.
    Expired,
    /// The venue does not know it, after the wait that makes this definite.
    NotFound,
    /// Its trigger was reached; it works as a market order now.
    Triggered,
}

/// A transition that the table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {state:?} cannot be {event:?}")]
pub struct IllegalTransition {
    /// The state before.
    pub state: OrderState,
    /// What was reported.
    pub event: Transition,
}

impl OrderState {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Planned,
        Self::InFlight,
        Self::Unknown,
        Self::Open,
        Self::PartiallyFilled,
        Self::CancelRequested,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
        Self::NeverArrived,
    ];

    /// Says whether nothing more is expected.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired | Self::NeverArrived
        )
    }

    /// Says whether the order is known to stand at the venue.
    #[must_use]
    pub const fn is_working(self) -> bool {
        matches!(self, Self::Open | Self::PartiallyFilled | Self::CancelRequested)
    }

    /// The table: the state after `event`.
    ///
    /// # Errors
    /// When the event cannot happen in this state.
    pub fn after(self, event: Transition) -> Result<Self, IllegalTransition> {
        use OrderState as S;
        use Transition as T;
        Ok(match (self, event) {
            (S::Planned, T::Sent) => S::InFlight,
            // After a restart nobody knows whether a planned order was sent.
            (S::Planned | S::InFlight | S::CancelRequested | S::Unknown, T::OutcomeLost) => {
                S::Unknown
            }
            (S::Open | S::PartiallyFilled, T::OutcomeLost) => S::Unknown,
            (S::Planned | S::InFlight | S::Unknown | S::Open, T::Accepted) => S::Open,
            // The answer may be overtaken by the stream: an accept then tells nothing new.
            (S::PartiallyFilled | S::CancelRequested, T::Accepted) => self,
            (S::Planned | S::InFlight | S::Unknown, T::Rejected) => S::Rejected,
            (S::Open, T::Rejected) => S::Rejected,
            (S::CancelRequested, T::FilledInPart) => S::CancelRequested,
            (S::Cancelled | S::Expired, T::FilledInPart) => self,
            (S::Rejected | S::NeverArrived, T::FilledInPart) => S::PartiallyFilled,
            (s, T::FilledInPart) if !s.is_final() => S::PartiallyFilled,
            // A late fill after a cancel is real; the order ends as filled.
            (s, T::FilledCompletely) if s != S::Filled => S::Filled,
            (S::Open | S::PartiallyFilled | S::InFlight | S::Unknown, T::CancelSent) => {
                S::CancelRequested
            }
            (S::Planned | S::CancelRequested, T::CancelSent) => S::CancelRequested,
            (S::CancelRequested, T::CancelRejected) => S::Open,
            (s, T::CancelRejected) => s,
            (s, T::Cancelled) if !s.is_final() => S::Cancelled,
            (s, T::Expired) if !s.is_final() => S::Expired,
            (S::Planned | S::InFlight | S::Unknown | S::CancelRequested, T::NotFound) => {
                S::NeverArrived
            }
            (s, T::Triggered) if !s.is_final() => match s {
                S::Planned | S::InFlight | S::Unknown => S::Open,
                other => other,
            },
            // What is over may be reported over again by a second source.
            (s, T::Accepted | T::Cancelled | T::Expired | T::Triggered) if s.is_final() => s,
            (S::Rejected, T::Rejected) => S::Rejected,
            (state, event) => return Err(IllegalTransition { state, event }),
        })
    }
}

/// An order and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What was asked.
    pub request: OrderRequest,
    /// Where it is.
    pub state: OrderState,
    /// The venue's number, once known.
    pub venue_id: Option<VenueOrderId>,
    /// Sum of its fills.
    pub filled: Quantity,
    /// Whether its trigger was reached.
    pub triggered: bool,
}

impl Order {
    /// A new order that nobody has sent.
    #[must_use]
    pub fn planned(request: OrderRequest) -> Self {
        Self {
            request,
            state: OrderState::Planned,
            venue_id: None,
            filled: Quantity::ZERO,
            triggered: false,
        }
    }

    /// What is still to be filled.
    #[must_use]
    pub fn remaining(&self) -> Quantity {
        (self.request.quantity - self.filled).max(Quantity::ZERO)
    }

    /// Moves to the state after `event`.
    ///
    /// # Errors
    /// When the event cannot happen now; nothing has changed then.
    pub fn advance(&mut self, event: Transition) -> Result<(), IllegalTransition> {
        let after = self.state.after(event)?;
        self.triggered |= event == Transition::Triggered;
        // A refused cancel leaves an order that already has fills partly filled.
        let partly = after == OrderState::Open && self.filled.is_positive();
        self.state = if partly { OrderState::PartiallyFilled } else { after };
        Ok(())
    }

    /// Counts a fill.
    ///
    /// # Errors
    /// When the order was filled before; nothing has changed then.
    pub fn fill(&mut self, quantity: Quantity) -> Result<(), IllegalTransition> {
        let filled = self.filled + quantity;
        let event = if filled >= self.request.quantity {
            Transition::FilledCompletely
        } else {
            Transition::FilledInPart
        };
        let after = self.state.after(event)?;
        (self.filled, self.state) = (filled, after);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [Transition; 12] = [
        Transition::Sent,
        Transition::Accepted,
        Transition::Rejected,
        Transition::OutcomeLost,
        Transition::FilledInPart,
        Transition::FilledCompletely,
        Transition::CancelSent,
        Transition::CancelRejected,
        Transition::Cancelled,
        Transition::Expired,
        Transition::NotFound,
        Transition::Triggered,
    ];

    #[test]
    fn the_table_is_what_it_was_drawn_to_be() {
        // One row a state, one column an event: the first letters of the state after, `-` where
        // the event is an error. A change to the table must be a change here.
        let name = |state: OrderState| match state {
            OrderState::Planned => "pl",
            OrderState::InFlight => "if",
            OrderState::Unknown => "un",
            OrderState::Open => "op",
            OrderState::PartiallyFilled => "pf",
            OrderState::CancelRequested => "cr",
            OrderState::Filled => "FI",
            OrderState::Cancelled => "CA",
            OrderState::Rejected => "RE",
            OrderState::Expired => "EX",
            OrderState::NeverArrived => "NA",
        };
        let drawn = [
            "pl: if op RE un pf FI cr pl CA EX NA op",
            "if: -- op RE un pf FI cr if CA EX NA op",
            "un: -- op RE un pf FI cr un CA EX NA op",
            "op: -- op RE un pf FI cr op CA EX -- op",
            "pf: -- pf -- un pf FI cr pf CA EX -- pf",
            "cr: -- cr -- un cr FI cr op CA EX NA cr",
            "FI: -- FI -- -- -- -- -- FI FI FI -- FI",
            "CA: -- CA -- -- CA FI -- CA CA CA -- CA",
            "RE: -- RE RE -- pf FI -- RE RE RE -- RE",
            "EX: -- EX -- -- EX FI -- EX EX EX -- EX",
            "NA: -- NA -- -- pf FI -- NA NA NA -- NA",
        ];
        for (state, row) in OrderState::ALL.into_iter().zip(drawn) {
            let cells: Vec<_> =
                EVENTS.iter().map(|event| state.after(*event).map_or("--", name)).collect();
            assert_eq!(format!("{}: {}", name(state), cells.join(" ")), row);
        }
    }

    #[test]
    fn what_is_filled_never_lives_again() {
        for event in EVENTS {
            if let Ok(after) = OrderState::Filled.after(event) {
                assert_eq!(after, OrderState::Filled);
            }
        }
    }
}
