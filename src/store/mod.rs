//! What is kept: the journal port, and the journal in memory.
//!
//! Knows nothing of actors. A batch is the unit of durability: all of its records survive a crash
//! or none do.

mod memory;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use banyan_core::ids::AccountId;
use banyan_core::journal::Record;

pub use memory::{MemoryJournal, MemoryStore};

/// Records of one account that become durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whose.
    pub account: AccountId,
    /// The records, in sequence.
    pub records: Vec<Record>,
}

/// Why the journal could not write or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// It cannot be written to for the time being.
    #[error("the journal cannot write: {0}")]
    Unavailable(String),
    /// Another process owns the journal now.
    #[error("the journal belongs to another process")]
    Fenced,
}

/// A future on the thread it was made on.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// The journal port.
pub trait Journal {
    /// Appends batches, in order. Durable when the future is ready with `Ok`.
    fn append(&self, batches: Rc<Vec<Batch>>) -> LocalFuture<Result<(), JournalError>>;

    /// Reads all durable records of an account, in sequence.
    fn load(&self, account: AccountId) -> LocalFuture<Result<Vec<Record>, JournalError>>;
}
