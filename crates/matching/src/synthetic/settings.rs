//! What can be chosen of a synthetic market.

use banyan_core::symbol::Symbol;
use banyan_core::time::{Span, Timestamp};

use super::profile::SYMBOLS;
use super::regime::Regime;

/// What can be chosen of a synthetic market.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntheticSettings {
    /// Everything follows from it.
    pub seed: u64,
    /// When the market begins; its history ends here.
    pub start: Timestamp,
    /// No step comes after this; `None` never ends.
    pub end: Option<Timestamp>,
    /// Time between two moves of one instrument; at least a millisecond.
    pub step: Span,
    /// What is listed, in this order.
    pub symbols: Vec<Symbol>,
    /// The regimes that may occur; all when empty, and a single one is thereby forced.
    pub regimes: Vec<Regime>,
}

impl SyntheticSettings {
    /// A market of all symbols and regimes that moves every second and never ends.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp) -> Self {
        Self {
            seed,
            start,
            end: None,
            step: Span::seconds(1),
            symbols: Self::available_symbols(),
            regimes: Regime::ALL.to_vec(),
        }
    }

    /// The symbols that can be listed.
    ///
    /// # Panics
    /// Never: the names in the table are symbols.
    #[must_use]
    pub fn available_symbols() -> Vec<Symbol> {
        let read = |name: &str| name.parse().expect("the table holds well-formed symbols");
        SYMBOLS.map(read).to_vec()
    }
}
