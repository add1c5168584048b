//! The purchase at the start of a grid: what the levels above the price are to sell.

use serde::{Deserialize, Serialize};

use crate::money::{Price, Quantity};

/// How far the purchase has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Opening {
    /// Still to be asked for.
    Wanted,
    /// Asked for.
    Asked {
        /// The cells that buy at or above this are to get it.
        above: Price,
        /// What is still to come.
        remaining: Quantity,
        /// Whether some has come.
        begun: bool,
    },
    /// Nothing is wanted any more.
    Done,
}

impl Opening {
    pub(super) fn is_asked(self) -> bool {
        matches!(self, Self::Asked { .. })
    }

    /// Counts a fill; the purchase is done when nothing remains.
    pub(super) fn filled(&mut self, quantity: Quantity) {
        if let Self::Asked { remaining, begun, .. } = self {
            *remaining -= quantity;
            *begun = true;
            if !remaining.is_positive() {
                *self = Self::Done;
            }
        }
    }

    /// Its order ended; the account may have clamped the quantity.
    pub(super) fn ended(&mut self) {
        if matches!(self, Self::Asked { begun: true, .. }) {
            *self = Self::Done;
        }
    }
}
