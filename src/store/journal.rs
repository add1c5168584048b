//! The journal in a database: each append is one transaction with the lease, the records, what is
//! derived from them, and a snapshot now and then.
//!
//! Lives on an actor's thread; the work is done on the I/O runtime, so that nobody there waits for
//! a disk. One append at a time. A group that failed is tried again as it was prepared: its records
//! are folded once.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_core::account::AccountState;
use banyan_core::ids::AccountId;
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::database::{Place, Store, Transaction};
use super::error::StoreError;
use super::event::JournalRow;
use super::lease::Lease;
use super::projector::{Changes, project};
use super::reading;
use super::reserve::{RESERVE_BYTES, Reserve};
use super::{Batch, Journal, JournalError, LocalFuture, Memory, Room, snapshot, write};

/// The journal port over a store.
#[derive(Clone)]
pub struct SqlJournal {
    desk: Arc<Desk>,
    runtime: Handle,
}

struct Desk {
    store: Store,
    lease: Arc<Lease>,
    reserve: Option<Reserve>,
    limit: Option<u64>,
    writer: Mutex<Writer>,
}

#[derive(Default)]
struct Writer {
    accounts: BTreeMap<AccountId, Known>,
    prepared: Option<Arc<Prepared>>,
    on_reserve: bool,
}

/// An account up to the last record that was prepared.
struct Known {
    state: AccountState,
    digest: String,
    snapshot_at: u64,
}

/// A group of batches, ready to be written, as often as it takes.
struct Prepared {
    group: Arc<Vec<Batch>>,
    rows: Vec<JournalRow>,
    changes: Changes,
    snapshots: Vec<(AccountState, Timestamp)>,
}

impl SqlJournal {
    /// A journal over a store, for the holder of its lease. Sets the reserve aside where the store
    /// is a file; the runtime does the work.
    #[must_use]
    pub fn new(store: Store, lease: Arc<Lease>, runtime: Handle) -> Self {
        Self::limited(store, lease, runtime, RESERVE_BYTES, None)
    }

    /// A journal whose reserve has `reserve` bytes, and whose file may have at most `limit` bytes,
    /// the reserve included: beyond that its disk counts as full.
    #[must_use]
    pub fn limited(
        store: Store,
        lease: Arc<Lease>,
        runtime: Handle,
        reserve: u64,
        limit: Option<u64>,
    ) -> Self {
        let reserve = match store.place() {
            Place::File(file) => Some(Reserve::beside(file, reserve)),
            Place::Server(_) => None,
        };
        let on_reserve = reserve.as_ref().is_some_and(|reserve| !reserve.take());
        let writer = Mutex::new(Writer { on_reserve, ..Writer::default() });
        Self { desk: Arc::new(Desk { store, lease, reserve, limit, writer }), runtime }
    }

    /// Does work on the I/O runtime and hands its outcome to the thread that asked.
    fn on_runtime<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> LocalFuture<Result<T, JournalError>> {
        let task = self.runtime.spawn(work);
        Box::pin(async move {
            let outcome = task.await.map_err(|error| {
                JournalError::Unavailable(format!("the work on it was given up: {error}"))
            })?;
            outcome.map_err(JournalError::from)
        })
    }
}

impl Journal for SqlJournal {
    fn append(&self, batches: Arc<Vec<Batch>>) -> LocalFuture<Result<Room, JournalError>> {
        let desk = self.desk.clone();
        self.on_runtime(async move { desk.append(batches).await })
    }

    fn load(&self, account: AccountId) -> LocalFuture<Result<Memory, JournalError>> {
        let desk = self.desk.clone();
        self.on_runtime(async move { desk.load(account).await })
    }

    fn check_room(&self) -> LocalFuture<Room> {
        let desk = self.desk.clone();
        let checked = self.on_runtime(async move { Ok(desk.check_room().await) });
        Box::pin(async move { checked.await.unwrap_or(Room::Reserve) })
    }
}

impl From<StoreError> for JournalError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fenced => Self::Fenced,
            StoreError::Corrupt(why) => Self::Unreadable(why),
            StoreError::NewerSchema { .. } => Self::Unreadable(error.to_string()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl Desk {
    async fn append(&self, group: Arc<Vec<Batch>>) -> Result<Room, StoreError> {
        let mut writer = self.writer.lock().await;
        let prepared = self.prepare(&mut writer, group).await?;
        match self.write(&prepared).await {
            Err(StoreError::Full) if self.free_reserve() => {
                writer.on_reserve = true;
                self.write(&prepared).await?;
            }
            // Perhaps it was written after all, and only the answer was lost.
            Err(StoreError::Conflict(_)) => self.compare(&prepared).await?,
            written => written?,
        }
        writer.prepared = None;
        Ok(writer.room())
    }

    /// Folds a group into the accounts, once.
    async fn prepare(
        &self,
        writer: &mut Writer,
        group: Arc<Vec<Batch>>,
    ) -> Result<Arc<Prepared>, StoreError> {
        if let Some(prepared) = &writer.prepared {
            if Arc::ptr_eq(&prepared.group, &group) || prepared.group == group {
                return Ok(prepared.clone());
            }
            // A group was given up that may or may not be there: only the database knows.
            writer.accounts.clear();
            writer.prepared = None;
        }
        // Taken out meanwhile, so that nothing half folded stays behind.
        let mut accounts = std::mem::take(&mut writer.accounts);
        for batch in group.iter() {
            self.learn(&mut accounts, batch).await?;
        }
        let prepared = Arc::new(fold(&mut accounts, group)?);
        writer.accounts = accounts;
        writer.prepared = Some(prepared.clone());
        Ok(prepared)
    }

    /// Reads what is known of an account, unless that is known already.
    async fn learn(
        &self,
        accounts: &mut BTreeMap<AccountId, Known>,
        batch: &Batch,
    ) -> Result<(), StoreError> {
        if accounts.contains_key(&batch.account) {
            return Ok(());
        }
        let mut moment = self.store.begin_reading().await?;
        let memory = reading::memory(moment.connection(), batch.account).await?;
        let digest = reading::last_digest(moment.connection(), batch.account).await?;
        let snapshot_at = memory.snapshot.as_ref().map_or(0, |state| state.sequence.0);
        let state = match reading::state_of(memory)? {
            Some(state) => state,
            None => opened_by(batch)?,
        };
        accounts.insert(batch.account, Known { state, digest, snapshot_at });
        Ok(())
    }

    async fn read(&self, account: AccountId) -> Result<Memory, StoreError> {
        let mut moment = self.store.begin_reading().await?;
        reading::memory(moment.connection(), account).await
    }

    async fn write(&self, prepared: &Prepared) -> Result<(), StoreError> {
        let mut transaction = self.store.begin_journal().await?;
        self.limit_pages(&mut transaction).await?;
        self.lease.check(transaction.connection()).await?;
        write::insert_records(transaction.connection(), &prepared.rows).await?;
        write::apply(transaction.connection(), &prepared.changes).await?;
        for (state, now) in &prepared.snapshots {
            snapshot::put(transaction.connection(), state, *now).await?;
        }
        transaction.commit().await
    }

    async fn limit_pages(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        if let (Some(limit), Transaction::Sqlite(connection)) = (self.limit, transaction) {
            let reserve = self.reserve.as_ref().filter(|reserve| reserve.is_held());
            let bytes = limit.saturating_sub(reserve.map_or(0, Reserve::bytes));
            super::database::limit_size(connection, bytes).await?;
        }
        Ok(())
    }

    /// Says whether every record of a group is there, word for word.
    async fn compare(&self, prepared: &Prepared) -> Result<(), StoreError> {
        let mut moment = self.store.begin_reading().await?;
        for row in &prepared.rows {
            let rows = reading::page(moment.connection(), &row.account_id, row.seq - 1).await?;
            if rows.first() != Some(row) {
                let (seq, account) = (row.seq, &row.account_id);
                let why = format!("record {seq} of account {account} is another one already");
                return Err(StoreError::Corrupt(why));
            }
        }
        Ok(())
    }

    async fn load(&self, account: AccountId) -> Result<Memory, StoreError> {
        let _one_at_a_time = self.writer.lock().await;
        self.read(account).await
    }

    fn free_reserve(&self) -> bool {
        self.reserve.as_ref().is_some_and(Reserve::free)
    }

    async fn check_room(&self) -> Room {
        let mut writer = self.writer.lock().await;
        if let (true, Some(reserve)) = (writer.on_reserve, self.reserve.clone()) {
            let fits = self.fits_in_limit(&reserve).await;
            let take = tokio::task::spawn_blocking(move || fits && reserve.take());
            writer.on_reserve = !take.await.unwrap_or(false);
        }
        writer.room()
    }

    async fn fits_in_limit(&self, reserve: &Reserve) -> bool {
        let Some(limit) = self.limit else {
            return true;
        };
        let used = self.store.size().await.unwrap_or(u64::MAX);
        used.saturating_add(reserve.bytes().saturating_mul(2)) <= limit
    }
}

impl Writer {
    fn room(&self) -> Room {
        if self.on_reserve { Room::Reserve } else { Room::Ample }
    }
}

/// The state before the first record of an account, which must open it.
fn opened_by(batch: &Batch) -> Result<AccountState, StoreError> {
    match batch.records.first().map(|record| &record.event) {
        Some(AccountEvent::AccountOpened(settings)) => Ok(AccountState::new((**settings).clone())),
        _ => Err(StoreError::Corrupt(format!("account {} was never opened", batch.account))),
    }
}

fn fold(
    accounts: &mut BTreeMap<AccountId, Known>,
    group: Arc<Vec<Batch>>,
) -> Result<Prepared, StoreError> {
    let (mut rows, mut changes, mut latest) = (Vec::new(), Changes::default(), BTreeMap::new());
    for record in group.iter().flat_map(|batch| &batch.records) {
        let Some(known) = accounts.get_mut(&record.account) else {
            return Err(StoreError::Corrupt(format!("account {} is not known", record.account)));
        };
        require_next(&known.state, record)?;
        project(&mut known.state, record, &mut changes);
        let row = JournalRow::of(record, &known.digest);
        known.digest.clone_from(&row.digest);
        rows.push(row);
        latest.insert(record.account, record.recorded_at);
    }
    let mut snapshots = Vec::new();
    for (account, now) in latest {
        snapshots.extend(accounts.get_mut(&account).and_then(Known::due).map(|it| (it, now)));
    }
    Ok(Prepared { group, rows, changes, snapshots })
}

fn require_next(state: &AccountState, record: &Record) -> Result<(), StoreError> {
    if record.sequence == state.sequence.next() {
        return Ok(());
    }
    let (account, found, last) = (record.account, record.sequence, state.sequence);
    Err(StoreError::Corrupt(format!("record {found} of account {account} does not follow {last}")))
}

impl Known {
    /// The state, when a snapshot of it is due.
    fn due(&mut self) -> Option<AccountState> {
        let sequence = self.state.sequence.0;
        if sequence - self.snapshot_at < snapshot::EVERY {
            return None;
        }
        self.snapshot_at = sequence;
        Some(self.state.clone())
    }
}
