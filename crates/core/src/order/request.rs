//! The shape of an order as every venue understands it.

use serde::{Deserialize, Serialize};

use crate::ids::ClientOrderId;
use crate::instrument::InstrumentId;
use crate::money::{Price, Quantity, Rate};
use crate::time::Timestamp;

/// Buy or sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Buy.
    Buy,
    /// Sell.
    Sell,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// 1 for buy, -1 for sell.
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }

    /// The side whose sign `quantity` has; `None` for zero.
    #[must_use]
    pub const fn of(quantity: Quantity) -> Option<Self> {
        match quantity.0 {
            0 => None,
            1.. => Some(Self::Buy),
            _ => Some(Self::Sell),
        }
    }
}

/// Which position of a symbol an order works on.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum PositionSide {
    /// The only one, of a one-way account or of spot.
    #[default]
    Net,
    /// The long one of a hedge account.
    Long,
    /// The short one of a hedge account.
    Short,
}

/// How an order is priced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderKind {
    /// Takes what is there.
    Market,
    /// Trades at this price or better.
    Limit {
        /// Worst price.
        price: Price,
    },
    /// Becomes a market order when the mark reaches the trigger against the position.
    StopMarket {
        /// Trigger price.
        trigger: Price,
    },
    /// Becomes a market order when the mark reaches the trigger in favour of the position.
    TakeProfitMarket {
        /// Trigger price.
        trigger: Price,
    },
    /// A stop that follows the best mark seen since its activation.
    TrailingStop {
        /// Distance from the best mark.
        callback: Rate,
        /// The mark at which following begins; at once when `None`.
        activation: Option<Price>,
    },
}

impl OrderKind {
    /// Says whether the order waits for a trigger.
    #[must_use]
    pub const fn is_conditional(&self) -> bool {
        !matches!(self, Self::Market | Self::Limit { .. })
    }

    /// The limit price, where there is one.
    #[must_use]
    pub const fn limit_price(&self) -> Option<Price> {
        match self {
            Self::Limit { price } => Some(*price),
            _ => None,
        }
    }

    /// The trigger price, where it is fixed.
    #[must_use]
    pub const fn trigger(&self) -> Option<Price> {
        match self {
            Self::StopMarket { trigger } | Self::TakeProfitMarket { trigger } => Some(*trigger),
            _ => None,
        }
    }
}

/// How long an order stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeInForce {
    /// Until cancelled.
    #[default]
    GoodTillCancelled,
    /// Takes what is there and is gone.
    ImmediateOrCancel,
    /// All at once or nothing.
    FillOrKill,
    /// Rests or is refused; never takes.
    PostOnly,
    /// Until cancelled or until this moment.
    GoodTillDate(Timestamp),
}

/// An order as it is sent to a venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// Our id; unique among the account's open orders.
    pub client_id: ClientOrderId,
    /// What is traded.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Which position it works on.
    pub position_side: PositionSide,
    /// How much; positive.
    pub quantity: Quantity,
    /// How it is priced.
    pub kind: OrderKind,
    /// How long it stays.
    pub time_in_force: TimeInForce,
    /// May only make a position smaller.
    pub reduce_only: bool,
    /// A conditional order that closes the whole position, whatever its size when it triggers.
    pub close_position: bool,
}
