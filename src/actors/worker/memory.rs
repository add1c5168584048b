//! What a worker keeps through a restart, and how it takes it over.

use std::collections::BTreeMap;

use banyan_core::instrument::InstrumentId;
use banyan_core::strategy::{AnyStrategy, Strategy, WhyNot};
use banyan_core::time::{Timeframe, Timestamp};
use banyan_core::worker::WorkerBook;
use serde::{Deserialize, Serialize};

use super::StrategyWorker;

/// Room made for a saved state, so that most need no more: it is written with every wish.
const SAVED_BYTES: usize = 512;

/// What a worker keeps through a restart.
#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    strategy: AnyStrategy,
    book: WorkerBook,
    why_not: WhyNot,
    heard: BTreeMap<(InstrumentId, Timeframe), Timestamp>,
}

/// `Saved`, borrowed for writing.
#[derive(Serialize)]
struct SavedRef<'a> {
    version: u32,
    strategy: &'a AnyStrategy,
    book: &'a WorkerBook,
    why_not: &'a WhyNot,
    heard: &'a BTreeMap<(InstrumentId, Timeframe), Timestamp>,
}

impl StrategyWorker {
    pub(super) fn saved(&self) -> Vec<u8> {
        let saved = SavedRef {
            version: self.spec.terms.strategy_version,
            strategy: &self.strategy,
            book: &self.book,
            why_not: &self.why_not,
            heard: &self.heard,
        };
        let buffer = Vec::with_capacity(SAVED_BYTES);
        postcard::to_extend(&saved, buffer).expect("encoding into memory cannot fail")
    }

    /// Takes over what an earlier life saved; what does not fit any more is left behind. Another
    /// version of the strategy begins anew, with the positions that the worker has.
    pub(super) fn restore(&mut self, saved: Option<&[u8]>) {
        let Some(Ok(saved)) = saved.map(postcard::from_bytes::<Saved>) else {
            return;
        };
        let same_version = saved.version == self.spec.terms.strategy_version;
        if same_version && saved.strategy.name() == self.strategy.name() {
            let fresh = std::mem::replace(&mut self.strategy, saved.strategy);
            if !self.strategy.take_over(fresh) {
                self.heard = saved.heard;
            }
            self.subscription = self.strategy.subscription();
        } else {
            self.strategy.inherit(saved.strategy);
        }
        self.book = saved.book;
        self.why_not = saved.why_not;
    }
}
