//! What is kept: the journal port, the journal in memory, and the store in a database.
//!
//! Knows nothing of actors. A batch is the unit of durability: all of its records survive a crash
//! or none do. SQL is written in this room alone: `driver` says how one text serves SQLite and
//! PostgreSQL, `database` opens them, and each repository adds methods to `Store`.

mod accounts;
mod backup;
mod browse;
mod copy;
mod database;
mod decision_proof;
mod decision_rows;
mod decision_writes;
mod decisions;
mod driver;
mod error;
mod event;
mod export;
mod idempotency;
mod journal;
mod lease;
mod memory;
mod migrations;
mod model_calls;
mod owner;
mod projector;
mod providers;
mod reading;
mod recovery_reports;
mod reserve;
mod rows;
mod sessions;
mod settings;
mod snapshot;
mod strategies;
mod text;
mod upgrade;
mod users;
mod verify;
mod write;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use banyan_core::account::AccountState;
use banyan_core::ids::AccountId;
use banyan_core::journal::Record;

pub use accounts::{AccountDraft, AccountRow, SealedCredentials};
pub use backup::BackupContents;
pub use browse::{OrderEventRow, OrderFilter, Page, PositionFilter, RowFilter};
pub use database::{Database, Store};
pub use decision_proof::{BrokenDecision, DecisionProof};
pub use decision_rows::{DecisionEventRow, DecisionRow};
pub use decisions::{DecisionFilter, DecisionTotals, MeasuredRow};
pub use error::StoreError;
pub use export::ExportCursor;
pub use idempotency::{Claim, Request, StoredAnswer};
pub use journal::SqlJournal;
pub use lease::Lease;
pub use memory::{MemoryJournal, MemoryStore};
pub use model_calls::{ANSWERED, ModelCallDraft, ModelCallRow, ModelCallTotal, ModelSpending};
pub use owner::{Everyone, Owner};
pub use projector::position_id;
pub use providers::{ProviderDraft, ProviderModel, ProviderRow};
pub use reserve::RESERVE_BYTES;
pub use rows::{FillRow, LedgerRow, OrderRow, PositionRow, RowHead, RowInstrument};
pub use sessions::{LiveSession, Rotation};
pub use settings::StoreSettings;
pub use snapshot::SNAPSHOT_LAYOUT;
pub use strategies::{
    StrategyDraft, StrategyFamily, StrategyFilter, StrategyRow, StrategyState, StrategyVersion,
};
pub use text::{amount_text, sub_ledger_of, sub_ledger_text};
pub use users::{LoginFailures, User};
pub use verify::Verification;

/// Records of one account that become durable together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Whose.
    pub account: AccountId,
    /// The records, in sequence.
    pub records: Vec<Record>,
}

/// Whether the journal has room for more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It has.
    Ample,
    /// It writes out of a reserve: nothing may be entered until there is room again.
    Reserve,
}

/// What the journal holds of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// The state at some moment, where one was kept.
    pub snapshot: Option<AccountState>,
    /// The records after that moment, or all of them; in sequence.
    pub records: Vec<Record>,
}

impl Memory {
    /// The account's state after the last record; `None` when nothing is known of it.
    #[must_use]
    pub fn state(self) -> Option<AccountState> {
        let Some(mut state) = self.snapshot else {
            return AccountState::replay(&self.records);
        };
        state.apply_all(&self.records);
        Some(state)
    }
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
    /// What it holds cannot be read: damaged, or written by a later version.
    #[error("the journal cannot be read: {0}")]
    Unreadable(String),
}

/// A future on the thread it was made on.
pub type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// The journal port.
pub trait Journal {
    /// Appends batches, in order. Durable when the future is ready with `Ok`.
    fn append(&self, batches: Arc<Vec<Batch>>) -> LocalFuture<Result<Room, JournalError>>;

    /// Reads what is durable of an account.
    fn load(&self, account: AccountId) -> LocalFuture<Result<Memory, JournalError>>;

    /// Says whether there is room again, after some was written out of the reserve; takes the
    /// reserve back if so.
    fn check_room(&self) -> LocalFuture<Room> {
        Box::pin(std::future::ready(Room::Ample))
    }
}
