//! What an exchange and each of its accounts are set to.
//!
//! Plain values; knows nothing of books or orders.

use banyan_core::money::Amount;
use banyan_core::symbol::Asset;
use banyan_core::venue::{MarginMode, PositionMode};
use serde::{Deserialize, Serialize};

/// What happens when an order would trade with another order of its own account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelfTradePrevention {
    /// What is left of the order that takes expires.
    #[default]
    ExpireTaker,
    /// The order that rests expires, the other goes on.
    ExpireMaker,
    /// Both expire.
    ExpireBoth,
    /// The trade takes place.
    None,
}

/// How an exchange keeps its books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeSettings {
    /// Keep every fill and funding for ever instead of the last 10,000 of an account.
    pub keep_history: bool,
}

/// How an account trades and what it starts with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// One net position a symbol, or a long and a short one.
    pub position_mode: PositionMode,
    /// Margin mode of an instrument until it is set.
    pub margin_mode: MarginMode,
    /// What is in the wallet at the start.
    pub balances: Vec<(Asset, Amount)>,
    /// Leverage of an instrument until it is set, lowered to what the first tier allows.
    pub default_leverage: u32,
    /// What happens when the account would trade with itself.
    pub self_trade_prevention: SelfTradePrevention,
}

impl Default for AccountSettings {
    /// One-way, cross, leverage one, nothing in the wallet.
    fn default() -> Self {
        Self {
            position_mode: PositionMode::default(),
            margin_mode: MarginMode::default(),
            balances: Vec::new(),
            default_leverage: 1,
            self_trade_prevention: SelfTradePrevention::default(),
        }
    }
}
