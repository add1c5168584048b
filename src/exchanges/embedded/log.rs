//! The inputs of a world in the order in which it took them, on their way to what keeps them.
//!
//! Inputs gather while a group is being written. Now and then a group carries the whole world in
//! place of inputs, so that no start has to make up for more than a few minutes of them. Knows
//! nothing of files, and nothing of who waits.

use std::sync::Arc;

use banyan_core::time::{Span, Timestamp};
use banyan_matching::world::{Input, World};

use super::file::ExchangeFileError;
use crate::exchanges::{CandleHistory, LocalAnswer};

/// After how many inputs the whole world is written.
const MOST_INPUTS: u64 = 4_096;
/// After how long the whole world is written, even if nobody did anything.
const LONGEST: Span = Span::minutes(10);

/// An input as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptInput {
    /// Counts inputs, from 1.
    pub number: u64,
    /// When the world took it.
    pub at: Timestamp,
    /// The input.
    pub input: Input,
}

/// A whole world as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The input that it took last.
    pub number: u64,
    /// The moment it had reached.
    pub at: Timestamp,
    /// See [`World::save`].
    pub world: Vec<u8>,
    /// See [`CandleHistory::save`].
    pub candles: Vec<u8>,
}

/// What becomes durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Group {
    /// Inputs after those before.
    Inputs(Vec<KeptInput>),
    /// The world after all inputs so far, in place of them.
    Checkpoint(Checkpoint),
}

impl Group {
    /// The last input that is durable when this is.
    fn last(&self) -> u64 {
        match self {
            Self::Inputs(inputs) => inputs.last().map_or(0, |kept| kept.number),
            Self::Checkpoint(checkpoint) => checkpoint.number,
        }
    }
}

/// Keeps inputs and worlds.
pub trait InputStore {
    /// Writes a group; durable when the answer is `Ok`. To write the same group again is harmless.
    fn commit(&self, group: Arc<Group>) -> LocalAnswer<Result<(), ExchangeFileError>>;
}

/// The log of one world.
pub struct InputLog {
    store: Box<dyn InputStore>,
    gathered: Vec<KeptInput>,
    /// The input that was taken last, and when.
    latest: (u64, Timestamp),
    durable: u64,
    /// The same for the world that was written last.
    saved: (u64, Timestamp),
    wants_checkpoint: bool,
    is_writing: bool,
    is_failing: bool,
}

impl InputLog {
    /// The log of a world that took `number` inputs, all of which are durable, and was written
    /// `saved` inputs ago.
    #[must_use]
    pub fn new(store: Box<dyn InputStore>, number: u64, saved: u64, now: Timestamp) -> Self {
        Self {
            store,
            gathered: Vec::new(),
            latest: (number, now),
            durable: number,
            saved: (number - saved.min(number), now),
            wants_checkpoint: false,
            is_writing: false,
            is_failing: false,
        }
    }

    /// The number of the input that was taken last.
    pub(super) fn number(&self) -> u64 {
        self.latest.0
    }

    /// All inputs up to this one are durable.
    pub(super) fn durable(&self) -> u64 {
        self.durable
    }

    /// Notes an input and returns its number.
    pub(super) fn push(&mut self, at: Timestamp, input: Input) -> u64 {
        let number = self.latest.0 + 1;
        self.latest = (number, at);
        self.gathered.push(KeptInput { number, at, input });
        number
    }

    /// Makes sure that a world made again goes at least as far as `at`; returns the number of the
    /// input that says so.
    ///
    /// Without it a clock that was set back between two starts would let the world choose another
    /// way from a moment before something that was already told.
    pub(super) fn cover(&mut self, at: Timestamp) -> u64 {
        if self.latest.1 >= at { self.latest.0 } else { self.push(at, Input::Seen) }
    }

    /// The next group is to be the whole world.
    pub(super) fn want_checkpoint(&mut self) {
        self.wants_checkpoint = true;
    }

    /// The group to be written now, if one is and none is under way.
    pub(super) fn next_group(
        &mut self,
        world: &World,
        candles: &CandleHistory,
    ) -> Option<Arc<Group>> {
        if self.is_writing {
            return None;
        }
        let (number, at) = (self.latest.0, world.clock());
        let is_due = self.wants_checkpoint
            || number - self.saved.0 >= MOST_INPUTS
            || at - self.saved.1 >= LONGEST;
        let group = if is_due {
            self.wants_checkpoint = false;
            self.saved = (number, at);
            self.gathered.clear();
            checkpoint(number, world, candles)?
        } else if self.gathered.is_empty() {
            return None;
        } else {
            Group::Inputs(std::mem::take(&mut self.gathered))
        };
        self.is_writing = true;
        Some(Arc::new(group))
    }

    /// Writes a group.
    pub(super) fn commit(&self, group: Arc<Group>) -> LocalAnswer<Result<(), ExchangeFileError>> {
        self.store.commit(group)
    }

    /// A group is durable.
    pub(super) fn committed(&mut self, group: &Group) {
        if std::mem::take(&mut self.is_failing) {
            tracing::info!("the exchange can write to its file again");
        }
        self.durable = group.last();
        self.is_writing = false;
    }

    /// A group could not be written, and will be tried again.
    pub(super) fn failed(&mut self, error: &ExchangeFileError) {
        if !std::mem::replace(&mut self.is_failing, true) {
            tracing::error!(%error, "the exchange cannot write to its file; its answers wait");
        }
    }
}

/// The world after the input of this number, to be written; `None` when its market cannot be.
pub(super) fn checkpoint(number: u64, world: &World, candles: &CandleHistory) -> Option<Group> {
    let saved =
        Checkpoint { number, at: world.clock(), world: world.save()?, candles: candles.save() };
    Some(Group::Checkpoint(saved))
}
