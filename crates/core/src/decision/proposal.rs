//! What a model proposes, once its answer was understood.
//!
//! Symbols are resolved and numbers are exact; whether a proposal is wise is not known here.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::fmt;

use crate::instrument::InstrumentId;
use crate::money::{Amount, Rate};
use crate::symbol::Symbol;

/// What is proposed for a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Buy to open or add.
    OpenLong,
    /// Sell to open or add.
    OpenShort,
    /// Close what was bought.
    CloseLong,
    /// Close what was sold.
    CloseShort,
    /// Keep what is held.
    Hold,
    /// Stay out.
    Wait,
}

impl Action {
    /// The name, e.g. `open_long`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenLong => "open_long",
            Self::OpenShort => "open_short",
            Self::CloseLong => "close_long",
            Self::CloseShort => "close_short",
            Self::Hold => "hold",
            Self::Wait => "wait",
        }
    }

    /// Says whether it adds risk.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::OpenLong | Self::OpenShort)
    }

    /// Says whether it takes risk away.
    #[must_use]
    pub const fn is_close(self) -> bool {
        matches!(self, Self::CloseLong | Self::CloseShort)
    }

    /// Says whether it does nothing.
    #[must_use]
    pub const fn is_passive(self) -> bool {
        matches!(self, Self::Hold | Self::Wait)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One proposal of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// What.
    pub instrument: InstrumentId,
    /// Its symbol.
    pub symbol: Symbol,
    /// What to do.
    pub action: Action,
    /// Wished leverage.
    pub leverage: Option<u32>,
    /// Wished value of the position in the settle asset: margin times leverage.
    pub position_size_usd: Option<Amount>,
    /// The price at which the model wants to enter; `None` for the market.
    pub entry_price: Option<Decimal>,
    /// Stop price.
    pub stop_loss: Option<Decimal>,
    /// Target price.
    pub take_profit: Option<Decimal>,
    /// How sure the model is, 0 to 1.
    pub confidence: Rate,
    /// What the model thinks it risks, in the settle asset.
    pub risk_usd: Option<Amount>,
    /// Why.
    pub reasoning: String,
}

/// A whole answer, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// How the model came to it.
    pub chain_of_thought: String,
    /// What it makes of the market.
    pub market_assessment: String,
    /// How sure it is as a whole, 0 to 1; the mean of the proposals where it did not say.
    pub overall_confidence: Rate,
    /// When it wants to be asked again.
    pub next_review_minutes: Option<u32>,
    /// At most one for each symbol.
    pub proposals: Vec<Proposal>,
}
