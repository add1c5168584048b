//! A journal in memory that behaves like a disk: writing takes time, and a crash may or may not
//! keep what was under way.
//!
//! The store outlives the processes that write to it; each process has a journal of its own, and
//! one whose process is gone can write no more.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use banyan_core::ids::AccountId;
use banyan_core::journal::Record;

use super::{Batch, Journal, JournalError, LocalFuture, Memory, Room};

#[derive(Debug, Default)]
struct State {
    process: u64,
    durable: Vec<Batch>,
    tail: VecDeque<Batch>,
    failing: bool,
}

/// What is kept.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Rc<RefCell<State>>);

/// One process' way to the store.
#[derive(Debug, Clone)]
pub struct MemoryJournal {
    store: MemoryStore,
    process: u64,
    latency: Duration,
}

impl MemoryStore {
    /// Opens the store for a new process; older ones can write no more.
    #[must_use]
    pub fn open(&self, latency: Duration) -> MemoryJournal {
        let mut state = self.0.borrow_mut();
        state.process += 1;
        MemoryJournal { store: self.clone(), process: state.process, latency }
    }

    /// The process dies: of the batches under way the first `keep` survive (all, if there are
    /// fewer), the rest is lost. Returns how many were under way.
    #[must_use]
    pub fn crash(&self, keep: usize) -> usize {
        let mut state = self.0.borrow_mut();
        state.process += 1;
        let tail = std::mem::take(&mut state.tail);
        let count = tail.len();
        state.durable.extend(tail.into_iter().take(keep));
        count
    }

    /// Lets writing fail, or work again.
    pub fn set_failing(&self, failing: bool) {
        self.0.borrow_mut().failing = failing;
    }

    /// Reads every durable record of an account.
    #[must_use]
    pub fn records(&self, account: AccountId) -> Vec<Record> {
        let state = self.0.borrow();
        let batches = state.durable.iter().filter(|batch| batch.account == account);
        batches.flat_map(|batch| batch.records.iter().cloned()).collect()
    }

    /// Shows the durable batches from the `first` on, and returns how many there are in all.
    pub fn visit(&self, first: usize, mut show: impl FnMut(&Batch)) -> usize {
        let state = self.0.borrow();
        state.durable.iter().skip(first).for_each(&mut show);
        state.durable.len()
    }

    /// Says whether writing fails at the moment.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.0.borrow().failing
    }
}

impl MemoryJournal {
    fn check(&self) -> Result<(), JournalError> {
        let state = self.store.0.borrow();
        if state.process != self.process {
            return Err(JournalError::Fenced);
        }
        if state.failing {
            return Err(JournalError::Unavailable("no space left".to_owned()));
        }
        Ok(())
    }

    fn put_under_way(&self, batches: &[Batch]) -> Result<(), JournalError> {
        self.check()?;
        self.store.0.borrow_mut().tail.extend(batches.iter().cloned());
        Ok(())
    }

    fn make_durable(&self, count: usize) -> Result<(), JournalError> {
        let mut state = self.store.0.borrow_mut();
        if state.process != self.process {
            return Err(JournalError::Fenced);
        }
        let written: Vec<_> = state.tail.drain(..count).collect();
        state.durable.extend(written);
        Ok(())
    }
}

impl Journal for MemoryJournal {
    fn append(&self, batches: Arc<Vec<Batch>>) -> LocalFuture<Result<Room, JournalError>> {
        let journal = self.clone();
        Box::pin(async move {
            journal.put_under_way(&batches)?;
            if !journal.latency.is_zero() {
                tokio::time::sleep(journal.latency).await;
            }
            journal.make_durable(batches.len())?;
            Ok(Room::Ample)
        })
    }

    fn load(&self, account: AccountId) -> LocalFuture<Result<Memory, JournalError>> {
        let records = self.store.records(account);
        Box::pin(std::future::ready(Ok(Memory { snapshot: None, records })))
    }
}
