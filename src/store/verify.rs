//! The proof that the store can be trusted: the whole journal is read and folded again, and
//! everything derived from it is compared with what that gives.
//!
//! Sees one moment of the database, whatever is written meanwhile, and changes nothing.

use std::collections::BTreeMap;
use std::fmt::Debug;

use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, Sequence};
use banyan_core::journal::{AccountEvent, Record};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;

use super::database::{Store, Transaction};
use super::decision_rows::{DecisionEventRow, DecisionRow};
use super::driver::on_both;
use super::error::StoreError;
use super::event::{JournalRow, digest, hexadecimal, number};
use super::projector::{Changes, project};
use super::rows::{FillRow, LedgerRow, OrderRow, PositionRow};
use super::text::parsed;
use super::{reading, snapshot};

/// How many differences are told one by one.
const TOLD: usize = 100;

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Accounts in the journal.
    pub accounts: u64,
    /// Records of all accounts.
    pub records: u64,
    /// Orders that follow from them.
    pub orders: u64,
    /// Parts of fills.
    pub fills: u64,
    /// Ledger entries.
    pub ledger_entries: u64,
    /// Positions, flat ones included.
    pub positions: u64,
    /// Decisions.
    pub decisions: u64,
    /// Reviews, approvals and outcomes of decisions.
    pub decision_events: u64,
    /// Snapshots that could be compared.
    pub snapshots: u64,
    /// SHA-256 over every record of every account, in order.
    pub hash: String,
    /// How many differences there are.
    pub difference_count: u64,
    /// The first of them.
    pub differences: Vec<String>,
}

impl Verification {
    /// Says whether everything agrees.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.difference_count == 0
    }

    fn differ(&mut self, difference: String) {
        self.difference_count += 1;
        if self.differences.len() < TOLD {
            self.differences.push(difference);
        }
    }

    /// Compares rows by key; both sides are complete for what is compared.
    fn compare<K: Ord + Debug, T: PartialEq>(
        &mut self,
        what: &str,
        expected: BTreeMap<K, T>,
        mut found: BTreeMap<K, T>,
    ) {
        for (key, row) in expected {
            match found.remove(&key) {
                Some(same) if same == row => {}
                Some(_) => self.differ(format!("{what} {key:?} is not what the journal says")),
                None => self.differ(format!("{what} {key:?} is missing")),
            }
        }
        for key in found.keys() {
            self.differ(format!("{what} {key:?} follows from no record"));
        }
    }
}

/// One account on the way through its journal.
struct Walk {
    account: AccountId,
    key: String,
    state: Option<AccountState>,
    last: Sequence,
    digest: String,
    snapshot: Option<AccountState>,
    changes: Changes,
    /// Up to where rows that never change were compared.
    compared: i64,
}

impl Store {
    /// Replays the whole journal and compares it with everything derived from it.
    ///
    /// # Errors
    /// When the database cannot be read at all; what it says wrongly is no error but a difference.
    pub async fn verify(&self) -> Result<Verification, StoreError> {
        let mut moment = self.begin_reading().await?;
        let (mut found, mut hash) = (Verification::default(), Sha256::new());
        for key in accounts(&mut moment).await? {
            found.accounts += 1;
            match parsed(&key) {
                Ok(id) => {
                    let digest = verify_account(&mut moment, AccountId(id), &mut found).await?;
                    hash.update(key);
                    hash.update(digest);
                }
                Err(_) => found.differ(format!("{key:?} is no account")),
            }
        }
        find_strays(&mut moment, &mut found).await?;
        found.hash = hexadecimal(&hash.finalize());
        Ok(found)
    }
}

async fn accounts(moment: &mut Transaction) -> Result<Vec<String>, StoreError> {
    const SELECT: &str = "SELECT DISTINCT account_id FROM journal ORDER BY account_id";
    Ok(on_both!(moment.connection(), connection => sqlx::query_scalar(SELECT)
        .fetch_all(connection)
        .await)?)
}

/// Rows of accounts that have no journal.
async fn find_strays(moment: &mut Transaction, found: &mut Verification) -> Result<(), StoreError> {
    const STRAYS: [(&str, &str); 7] = [
        (
            "orders",
            "SELECT COUNT(*) FROM orders WHERE NOT EXISTS
            (SELECT 1 FROM journal WHERE journal.account_id = orders.account_id)",
        ),
        (
            "fills",
            "SELECT COUNT(*) FROM fills WHERE NOT EXISTS
            (SELECT 1 FROM journal WHERE journal.account_id = fills.account_id)",
        ),
        (
            "ledger entries",
            "SELECT COUNT(*) FROM ledger_entries WHERE NOT EXISTS
            (SELECT 1 FROM journal WHERE journal.account_id = ledger_entries.account_id)",
        ),
        (
            "positions",
            "SELECT COUNT(*) FROM positions WHERE NOT EXISTS
            (SELECT 1 FROM journal WHERE journal.account_id = positions.account_id)",
        ),
        (
            "decisions",
            "SELECT COUNT(*) FROM decisions WHERE NOT EXISTS
            (SELECT 1 FROM journal WHERE journal.account_id = decisions.account_id)",
        ),
        (
            "events of decisions",
            "SELECT COUNT(*) FROM decision_events WHERE NOT EXISTS
            (SELECT 1 FROM journal WHERE journal.account_id = decision_events.account_id)",
        ),
        (
            "snapshots",
            "SELECT COUNT(*) FROM snapshots WHERE NOT EXISTS
            (SELECT 1 FROM journal WHERE journal.account_id = snapshots.account_id)",
        ),
    ];
    for (what, count) in STRAYS {
        let strays: i64 = on_both!(moment.connection(), connection => sqlx::query_scalar(count)
            .fetch_one(connection)
            .await)?;
        if strays > 0 {
            found.differ(format!("{strays} {what} of accounts that have no journal"));
        }
    }
    Ok(())
}

/// Walks through the journal of an account; returns the digest over all of it.
async fn verify_account(
    moment: &mut Transaction,
    account: AccountId,
    found: &mut Verification,
) -> Result<String, StoreError> {
    let mut walk = Walk {
        account,
        key: account.to_string(),
        state: None,
        last: Sequence(0),
        digest: String::new(),
        snapshot: snapshot::get(moment.connection(), account).await?,
        changes: Changes::default(),
        compared: i64::MIN,
    };
    loop {
        let rows = reading::page(moment.connection(), &walk.key, number(walk.last.0)).await?;
        for row in &rows {
            if let Err(difference) = walk.step(row, found) {
                // What follows cannot be folded without it.
                found.differ(difference);
                return Ok(walk.digest);
            }
        }
        let is_last = rows.len() < reading::PAGE;
        let until = if is_last { i64::MAX } else { number(walk.last.0) };
        let after = std::mem::replace(&mut walk.compared, until);
        walk.compare_money(moment, (after, until), found).await?;
        walk.compare_decisions(moment, (after, until), found).await?;
        if is_last {
            walk.compare_standing(moment, found).await?;
            return Ok(walk.digest);
        }
    }
}

impl Walk {
    /// Takes in the next row, or says why the journal cannot be followed any further.
    fn step(&mut self, row: &JournalRow, found: &mut Verification) -> Result<(), String> {
        let record = reading::read_next(row, self.last).map_err(|error| error.to_string())?;
        found.records += 1;
        let chained = digest(&self.digest, &row.payload);
        let place = format!("record {} of account {}", row.seq, self.key);
        if row.digest != chained {
            found.differ(format!("{place} was altered: its digest does not fit"));
        } else if columns(row, &record, &self.digest) != *row {
            found.differ(format!("{place} has columns that differ from its payload"));
        }
        self.digest = chained;
        self.last = record.sequence;
        self.fold(&record)?;
        self.compare_snapshot(found);
        Ok(())
    }

    fn fold(&mut self, record: &Record) -> Result<(), String> {
        let state = match (&mut self.state, &record.event) {
            (Some(state), _) => state,
            (empty, AccountEvent::AccountOpened(settings)) => {
                empty.insert(AccountState::new((**settings).clone()))
            }
            _ => {
                return Err(format!("the journal of {} does not begin with its opening", self.key));
            }
        };
        project(state, record, &mut self.changes);
        Ok(())
    }

    fn compare_snapshot(&mut self, found: &mut Verification) {
        let due = self.snapshot.take_if(|snapshot| snapshot.sequence == self.last);
        if let Some(snapshot) = due {
            found.snapshots += 1;
            if self.state != Some(snapshot) {
                let (last, key) = (self.last, &self.key);
                found.differ(format!("the snapshot at record {last} of account {key} differs"));
            }
        }
    }

    /// Compares the fills and ledger entries of the records since the last time.
    async fn compare_money(
        &mut self,
        moment: &mut Transaction,
        (after, until): (i64, i64),
        found: &mut Verification,
    ) -> Result<(), StoreError> {
        const FILLS: &str = "SELECT * FROM fills WHERE account_id = $1 AND seq > $2 AND seq <= $3";
        const ENTRIES: &str =
            "SELECT * FROM ledger_entries WHERE account_id = $1 AND seq > $2 AND seq <= $3";
        let key = |sequence: Sequence, line: i64| (sequence.0, line);
        let what = |name: &str| format!("{name} of account {}", self.key);

        let fills = std::mem::take(&mut self.changes.fills);
        found.fills += fills.len() as u64;
        let by_key = |row: FillRow| (key(row.head.sequence, row.line), row);
        if let Some(stored) =
            self.stored(moment, FILLS, after, until, &what("fills"), found).await?
        {
            let (expected, stored) = (fills.into_iter(), stored.into_iter());
            found.compare(
                &what("fill"),
                expected.map(by_key).collect(),
                stored.map(by_key).collect(),
            );
        }

        let entries = std::mem::take(&mut self.changes.entries);
        found.ledger_entries += entries.len() as u64;
        let by_key = |row: LedgerRow| (key(row.head.sequence, row.line), row);
        if let Some(stored) =
            self.stored(moment, ENTRIES, after, until, &what("ledger entries"), found).await?
        {
            let (expected, stored) = (entries.into_iter(), stored.into_iter());
            found.compare(
                &what("ledger entry"),
                expected.map(by_key).collect(),
                stored.map(by_key).collect(),
            );
        }
        Ok(())
    }

    /// Compares the decisions of the records since the last time, and what became of them.
    async fn compare_decisions(
        &mut self,
        moment: &mut Transaction,
        (after, until): (i64, i64),
        found: &mut Verification,
    ) -> Result<(), StoreError> {
        const DECISIONS: &str =
            "SELECT * FROM decisions WHERE account_id = $1 AND seq > $2 AND seq <= $3";
        const EVENTS: &str =
            "SELECT * FROM decision_events WHERE account_id = $1 AND seq > $2 AND seq <= $3";
        let what = |name: &str| format!("{name} of account {}", self.key);
        let made = std::mem::take(&mut self.changes.decisions);
        let events = std::mem::take(&mut self.changes.decision_events);
        found.decisions += made.len() as u64;
        found.decision_events += events.len() as u64;
        let stored =
            self.stored(moment, DECISIONS, after, until, &what("decisions"), found).await?;
        if let Some(stored) = stored {
            let by_key = |row: DecisionRow| (row.head.sequence.0, row);
            let (made, stored) = (made.into_iter().map(by_key), stored.into_iter().map(by_key));
            found.compare(&what("decision"), made.collect(), stored.collect());
        }
        let name = what("events of decisions");
        if let Some(stored) = self.stored(moment, EVENTS, after, until, &name, found).await? {
            let by_key = |row: DecisionEventRow| (row.sequence.0, row);
            let (events, stored) = (events.into_iter().map(by_key), stored.into_iter().map(by_key));
            found.compare(&what("event of a decision"), events.collect(), stored.collect());
        }
        Ok(())
    }

    /// Compares the orders and positions as they are in the end.
    async fn compare_standing(
        &mut self,
        moment: &mut Transaction,
        found: &mut Verification,
    ) -> Result<(), StoreError> {
        const ORDERS: &str =
            "SELECT * FROM orders WHERE account_id = $1 AND seq > $2 AND seq <= $3";
        const POSITIONS: &str =
            "SELECT * FROM positions WHERE account_id = $1 AND seq > $2 AND seq <= $3";
        let Changes { orders, positions, .. } = std::mem::take(&mut self.changes);
        found.orders += orders.len() as u64;
        found.positions += positions.len() as u64;
        let (first, last) = (i64::MIN, i64::MAX);
        let what = format!("orders of account {}", self.key);
        if let Some(stored) = self.stored(moment, ORDERS, first, last, &what, found).await? {
            let by_key = |row: OrderRow| ((row.head.account, row.client_order_id), row);
            found.compare("order", orders, stored.into_iter().map(by_key).collect());
        }
        let what = format!("positions of account {}", self.key);
        if let Some(stored) = self.stored(moment, POSITIONS, first, last, &what, found).await? {
            let by_key = |row: PositionRow| (row.id.clone(), row);
            found.compare("position", positions, stored.into_iter().map(by_key).collect());
        }
        if let Some(snapshot) = &self.snapshot {
            let (at, account) = (snapshot.sequence, self.account);
            found.differ(format!("the snapshot at record {at} of account {account} is of nothing"));
        }
        Ok(())
    }

    /// Rows as they are stored; `None`, and a difference, when they cannot be read.
    async fn stored<T>(
        &self,
        moment: &mut Transaction,
        select: &'static str,
        after: i64,
        until: i64,
        what: &str,
        found: &mut Verification,
    ) -> Result<Option<Vec<T>>, StoreError>
    where
        T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let rows = on_both!(moment.connection(), connection => sqlx::query_as(select)
            .bind(&self.key)
            .bind(after)
            .bind(until)
            .fetch_all(connection)
            .await);
        match rows.map_err(StoreError::from) {
            Ok(rows) => Ok(Some(rows)),
            Err(StoreError::Corrupt(why)) => {
                found.differ(format!("{what} cannot be read: {why}"));
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// The row that a record would be written as, in the layout that it was written in.
fn columns(row: &JournalRow, record: &Record, before: &str) -> JournalRow {
    let written = JournalRow::of(record, before);
    if row.version == written.version {
        return written;
    }
    let (version, payload, digest) = (row.version, row.payload.clone(), row.digest.clone());
    JournalRow { version, payload, digest, ..written }
}
