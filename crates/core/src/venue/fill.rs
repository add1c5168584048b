//! A trade as the venue reports it to one side.

use serde::{Deserialize, Serialize};

use crate::ids::{ClientOrderId, TradeId};
use crate::instrument::InstrumentId;
use crate::money::{Amount, Price, Quantity};
use crate::order::{PositionSide, Side};
use crate::symbol::Asset;
use crate::time::Timestamp;

/// Whether the order rested or took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liquidity {
    /// The order rested.
    Maker,
    /// The order took.
    Taker,
}

/// Why a trade happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillReason {
    /// An order of the account.
    Order,
    /// The venue liquidated the position.
    Liquidation,
    /// The venue closed the position against somebody's liquidation.
    AutoDeleveraging,
    /// The venue settled the position of an instrument that it closed.
    Delisting,
}

/// A trade of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillReport {
    /// The venue's number; each is applied once.
    pub trade_id: TradeId,
    /// The order that traded; `None` when the venue acted on its own.
    pub client_id: Option<ClientOrderId>,
    /// What was traded.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Which position.
    pub position_side: PositionSide,
    /// Price.
    pub price: Price,
    /// Quantity; positive.
    pub quantity: Quantity,
    /// Fee paid; negative for a rebate.
    pub fee: Amount,
    /// The asset of the fee.
    pub fee_asset: Asset,
    /// Whether the order rested or took.
    pub liquidity: Liquidity,
    /// Why the trade happened.
    pub reason: FillReason,
    /// Venue time.
    pub time: Timestamp,
}
