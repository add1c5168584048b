//! Intents: what a strategy wishes. Never an order; the account reviews and plans those.
//!
//! Knows nothing of accounts or of how a wish was arrived at.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::instrument::InstrumentId;
use crate::money::{Amount, Price, Quantity, Rate};
use crate::order::{Side, TimeInForce};

/// The strategy's own name for one of its resting orders, unique among those that are open.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct OrderTag(pub u64);

/// Why a position is made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitReason {
    /// The target was reached.
    TakeProfit,
    /// The stop was reached.
    StopLoss,
    /// The trailing stop was reached.
    TrailingStopLoss,
    /// The strategy changed its mind.
    ExitSignal,
    /// A person closed it.
    ForceExit,
    /// The venue liquidated it.
    Liquidation,
    /// The venue closed it against somebody's liquidation, or settled a closed market.
    Adl,
    /// A kill level flattened it.
    KillSwitch,
    /// The worker was stopped and its policy closes positions.
    Stop,
}

impl ExitReason {
    /// The name, e.g. `take_profit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TakeProfit => "take_profit",
            Self::StopLoss => "stop_loss",
            Self::TrailingStopLoss => "trailing_stop_loss",
            Self::ExitSignal => "exit_signal",
            Self::ForceExit => "force_exit",
            Self::Liquidation => "liquidation",
            Self::Adl => "adl",
            Self::KillSwitch => "kill_switch",
            Self::Stop => "stop",
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How large a position is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizing {
    /// A quantity of the instrument.
    Quantity(Quantity),
    /// A value in the settle asset (margin times leverage).
    Notional(Amount),
}

/// Where a position is to be left; prices are of the mark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    /// Stop price.
    pub stop_loss: Option<Price>,
    /// Target price.
    pub take_profit: Option<Price>,
    /// Distance of a trailing stop from the best mark.
    pub trailing: Option<Rate>,
}

impl Protection {
    /// Nothing promised.
    pub const NONE: Self = Self { stop_loss: None, take_profit: None, trailing: None };

    /// Says whether losses are bounded by a promise.
    #[must_use]
    pub const fn has_stop(&self) -> bool {
        self.stop_loss.is_some() || self.trailing.is_some()
    }

    /// Says whether anything is promised.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        !self.has_stop() && self.take_profit.is_none()
    }
}

/// One wish of a strategy. Quantities are unsigned, directions are sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Open a position, or add to it, at the market.
    Open {
        /// What.
        instrument: InstrumentId,
        /// Buy for long, sell for short.
        side: Side,
        /// How much.
        sizing: Sizing,
        /// Wished leverage; the account's own when `None`.
        leverage: Option<u32>,
        /// Where to leave.
        protection: Protection,
        /// How sure the strategy is, 0 to 1; `None` for rules that are always sure.
        confidence: Option<Rate>,
    },
    /// Make the worker's own position smaller at the market.
    Close {
        /// What.
        instrument: InstrumentId,
        /// How much; all of the worker's own when `None`.
        quantity: Option<Quantity>,
        /// Why.
        reason: ExitReason,
    },
    /// Bring the worker's own position to a signed quantity at the market.
    Resize {
        /// What.
        instrument: InstrumentId,
        /// The quantity wished; long is positive. Must not change the side.
        target: Quantity,
        /// Where to leave.
        protection: Protection,
        /// Why, if this makes the position smaller.
        reason: ExitReason,
    },
    /// Place a limit order.
    Place {
        /// The strategy's name for it.
        tag: OrderTag,
        /// What.
        instrument: InstrumentId,
        /// Buy or sell.
        side: Side,
        /// How much.
        quantity: Quantity,
        /// Limit price.
        price: Price,
        /// How long it stays.
        time_in_force: TimeInForce,
        /// May only make the worker's position smaller.
        reduce_only: bool,
        /// Wished leverage; the account's own when `None`.
        leverage: Option<u32>,
    },
    /// Cancel an order of the worker.
    Cancel {
        /// The strategy's name for it.
        tag: OrderTag,
    },
    /// Cancel all orders that the strategy placed on an instrument; protection stays.
    CancelAll {
        /// Where.
        instrument: InstrumentId,
    },
    /// Change where the worker's position is to be left.
    Protect {
        /// What.
        instrument: InstrumentId,
        /// Where to leave.
        protection: Protection,
    },
}

impl Intent {
    /// The side on which an entry would be; `None` for what only leaves or orders nothing.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        match self {
            Self::Open { side, .. } | Self::Place { side, .. } => Some(*side),
            Self::Resize { target, .. } => Side::of(*target),
            Self::Close { .. }
            | Self::Cancel { .. }
            | Self::CancelAll { .. }
            | Self::Protect { .. } => None,
        }
    }

    /// The instrument; `None` where only a tag is given.
    #[must_use]
    pub const fn instrument(&self) -> Option<InstrumentId> {
        match self {
            Self::Open { instrument, .. }
            | Self::Close { instrument, .. }
            | Self::Resize { instrument, .. }
            | Self::Place { instrument, .. }
            | Self::CancelAll { instrument }
            | Self::Protect { instrument, .. } => Some(*instrument),
            Self::Cancel { .. } => None,
        }
    }
}
