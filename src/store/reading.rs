//! Reading the journal back: page by page, without a gap, whatever layout a record was written in.

use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, Sequence};
use banyan_core::journal::Record;

use super::database::Connected;
use super::driver::on_both;
use super::error::StoreError;
use super::event::{JournalRow, number};
use super::upgrade::read_record;
use super::{Memory, snapshot};

/// Records that are read at once.
pub(super) const PAGE: usize = 1_000;

/// The rows of an account after a sequence number, at most a page of them.
pub(super) async fn page(
    connection: Connected<'_>,
    account: &str,
    after: i64,
) -> Result<Vec<JournalRow>, StoreError> {
    const SELECT: &str = "
        SELECT * FROM journal WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    Ok(on_both!(connection, connection => sqlx::query_as(SELECT)
        .bind(account)
        .bind(after)
        .bind(number(PAGE as u64))
        .fetch_all(connection)
        .await)?)
}

/// The digest of an account's last record; empty when it has none.
pub(super) async fn last_digest(
    connection: Connected<'_>,
    account: AccountId,
) -> Result<String, StoreError> {
    const SELECT: &str =
        "SELECT digest FROM journal WHERE account_id = $1 ORDER BY seq DESC LIMIT 1";
    let digest: Option<String> = on_both!(connection, connection => sqlx::query_scalar(SELECT)
        .bind(account.to_string())
        .fetch_optional(connection)
        .await)?;
    Ok(digest.unwrap_or_default())
}

/// The latest snapshot of an account and the records after it.
pub(super) async fn memory(
    mut connection: Connected<'_>,
    account: AccountId,
) -> Result<Memory, StoreError> {
    let snapshot = snapshot::get(connection.again(), account).await?;
    let after = snapshot.as_ref().map_or(Sequence(0), |state| state.sequence);
    let records = records_after(connection, account, after).await?;
    Ok(Memory { snapshot, records })
}

async fn records_after(
    mut connection: Connected<'_>,
    account: AccountId,
    after: Sequence,
) -> Result<Vec<Record>, StoreError> {
    let (mut records, mut last) = (Vec::new(), after);
    let key = account.to_string();
    loop {
        let rows = page(connection.again(), &key, number(last.0)).await?;
        for row in &rows {
            records.push(read_next(row, last)?);
            last = last.next();
        }
        if rows.len() < PAGE {
            return Ok(records);
        }
    }
}

/// Reads the record that follows `last`.
pub(super) fn read_next(row: &JournalRow, last: Sequence) -> Result<Record, StoreError> {
    let place = format!("record {} of account {}", row.seq, row.account_id);
    if row.seq != number(last.next().0) {
        let missing = last.next();
        return Err(StoreError::Corrupt(format!("{place} follows, {missing} is missing")));
    }
    let record = read_record(row.version, &row.payload)
        .map_err(|error| StoreError::Corrupt(format!("{place} cannot be read: {error}")))?;
    if record.sequence != last.next() || record.account.to_string() != row.account_id {
        return Err(StoreError::Corrupt(format!("{place} says that it is another one")));
    }
    Ok(record)
}

/// The state of an account after its last record; `None` when it has none.
pub(super) fn state_of(memory: Memory) -> Result<Option<AccountState>, StoreError> {
    let some = memory.snapshot.is_some() || !memory.records.is_empty();
    let state = memory.state();
    if some && state.is_none() {
        return Err(StoreError::Corrupt("a journal does not begin with its opening".to_owned()));
    }
    Ok(state)
}
