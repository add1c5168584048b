//! A running SHA-256 over everything that mattered, in order: two runs that agree on it did the
//! same.
//!
//! Items are encoded canonically (postcard), so no wall time, address or order of a hash map gets
//! in. There are two chains, because market events and records are written by different actors;
//! each chain is in the order of its one writer.

use std::cell::RefCell;
use std::rc::Rc;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Which of the two chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Market events as they were used.
    Market,
    /// Journal records: intents, reviews, order events, fills with their ledger entries.
    Journal,
}

#[derive(Default)]
struct State {
    market: Sha256,
    journal: Sha256,
    buffer: Vec<u8>,
    events: u64,
}

/// A handle to the log of one run; clones write to the same log.
#[derive(Clone, Default)]
pub struct EventLog {
    state: Rc<RefCell<State>>,
    is_off: bool,
}

impl EventLog {
    /// A log that keeps nothing, for engines whose runs nobody compares.
    #[must_use]
    pub fn off() -> Self {
        Self { is_off: true, ..Self::default() }
    }

    /// Adds an item to the market chain.
    pub fn add_market_event(&self, item: &impl Serialize) {
        self.add(Chain::Market, item);
    }

    /// Adds an item to the journal chain.
    pub fn add_record(&self, item: &impl Serialize) {
        self.add(Chain::Journal, item);
    }

    fn add(&self, chain: Chain, item: &impl Serialize) {
        if self.is_off {
            return;
        }
        let mut state = self.state.borrow_mut();
        let mut buffer = std::mem::take(&mut state.buffer);
        buffer.clear();
        let encoded = postcard::to_extend(item, buffer).expect("encoding into memory cannot fail");
        let hasher = match chain {
            Chain::Market => &mut state.market,
            Chain::Journal => &mut state.journal,
        };
        hasher.update((encoded.len() as u64).to_le_bytes());
        hasher.update(&encoded);
        state.events += u64::from(chain == Chain::Market);
        state.buffer = encoded;
    }

    /// How many market events were added.
    #[must_use]
    pub fn market_events(&self) -> u64 {
        self.state.borrow().events
    }

    /// The hash of both chains as they are now, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        let state = self.state.borrow();
        let mut both = Sha256::new();
        both.update(state.market.clone().finalize());
        both.update(state.journal.clone().finalize());
        both.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_items_give_the_same_hash_and_others_another() {
        let log = |items: &[u32]| {
            let log = EventLog::default();
            items.iter().for_each(|item| log.add_record(item));
            log.hash()
        };
        assert_eq!(log(&[1, 2]), log(&[1, 2]));
        assert_ne!(log(&[1, 2]), log(&[2, 1]));
        assert_eq!(log(&[]).len(), 64);
    }

    #[test]
    fn the_chains_are_apart() {
        let (one, other) = (EventLog::default(), EventLog::default());
        one.add_market_event(&7_u8);
        other.add_record(&7_u8);
        assert_ne!(one.hash(), other.hash());
        assert_eq!((one.market_events(), other.market_events()), (1, 0));
    }
}
