//! Disks and files as they are on bad days: full, locked, read-only, damaged, out of reach.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use banyan::secret::Secret;
use banyan::store::{Batch, Database, Journal, JournalError, Room, SqlJournal, Store, StoreError};
use banyan_core::time::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::runtime::Handle;

use crate::place::Place;
use crate::story::{account_of, batches, random};

async fn connect(file: &Path, read_only: bool) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).read_only(read_only).connect().await.unwrap()
}

/// Appends groups until the journal answers otherwise than before; returns what is left of them.
async fn append_until(
    journal: &SqlJournal,
    groups: &[Batch],
    last: impl Fn(&Result<Room, JournalError>) -> bool,
) -> usize {
    for (index, group) in groups.iter().enumerate() {
        let answer = journal.append(Arc::new(vec![group.clone()])).await;
        if last(&answer) {
            return index;
        }
        assert!(answer.is_ok(), "{answer:?}");
    }
    panic!("{} groups changed nothing", groups.len());
}

/// The whole way of a disk that fills up and is emptied again.
async fn fills_up(place: &Place, journal: &SqlJournal, make_room: impl AsyncFnOnce()) {
    let reserve = place.folder.path().join("reserve");
    assert!(reserve.exists());
    let records = random(7, 9_000);
    let groups = batches(&records, 20);
    let on_reserve = append_until(journal, &groups, |it| *it == Ok(Room::Reserve)).await;
    assert!(on_reserve > 0 && !reserve.exists());
    assert_eq!(journal.check_room().await, Room::Reserve);
    let rest = &groups[on_reserve + 1..];
    let failed = append_until(journal, rest, Result::is_err).await;
    let refused = journal.append(Arc::new(vec![rest[failed].clone()])).await.unwrap_err();
    assert!(refused.to_string().contains("there is no room left"), "{refused}");

    make_room().await;
    let written = journal.append(Arc::new(vec![rest[failed].clone()])).await;
    assert_eq!(written, Ok(Room::Reserve));
    assert_eq!(journal.check_room().await, Room::Ample);
    assert!(reserve.exists());
    let written = journal.append(Arc::new(vec![rest[failed + 1].clone()])).await;
    assert_eq!(written, Ok(Room::Ample));
    let durable = journal.load(account_of(&records)).await.unwrap();
    let state = durable.state().unwrap();
    assert_eq!(state.sequence, rest[failed + 1].records.last().unwrap().sequence);
    let found = place.store().await.verify().await.unwrap();
    assert!(found.passed(), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_journal_lives_on_its_reserve_until_there_is_room_again() {
    const RESERVE: u64 = 400_000;
    let place = Place::sqlite();
    let store = place.store().await;
    place.tamper("CREATE TABLE ballast AS SELECT hex(zeroblob(900000)) AS weight").await;
    let pages = place.count("SELECT page_count FROM pragma_page_count()").await;
    let limit = pages.unsigned_abs() * 4_096 + RESERVE + 200_000;
    let lease = Arc::new(store.take_lease("test", Timestamp(1)).await.unwrap());
    let journal = SqlJournal::limited(store, lease, Handle::current(), RESERVE, Some(limit));
    fills_up(&place, &journal, async || {
        place.tamper("DROP TABLE ballast").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_is_waited_for_and_then_told() {
    let place = Place::sqlite();
    let (_store, journal) = place.journal().await;
    let records = random(8, 60);
    let mut other = connect(&place.file().unwrap(), false).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let group = Arc::new(batches(&records, 50));
    let locked = journal.append(group.clone()).await.unwrap_err();
    assert!(locked.to_string().contains("locked by another process"), "{locked}");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(journal.append(group).await, Ok(Room::Ample));
}

#[tokio::test]
async fn a_database_that_may_not_be_written_says_so() {
    let place = Place::sqlite();
    let _store = place.store().await;
    let mut reader = connect(&place.file().unwrap(), true).await;
    let error = sqlx::query("DELETE FROM journal").execute(&mut reader).await.unwrap_err();
    assert_eq!(StoreError::from(error), StoreError::ReadOnly);
}

#[tokio::test]
async fn a_damaged_file_is_told_from_an_empty_one() {
    let place = Place::sqlite();
    let file = place.file().unwrap();
    fs::write(&file, "this is no database, however long one looks at it; ".repeat(100)).unwrap();
    let error = Store::open(&place.database).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_within_the_journal_is_found_when_it_is_read() {
    let place = Place::sqlite();
    let records = random(9, 400);
    let (store, journal) = place.journal().await;
    journal.append(Arc::new(batches(&records, 50))).await.unwrap();
    drop(journal);
    store.close().await;
    let file = place.file().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let from = 40 * 4_096;
    bytes[from..from + 40 * 4_096].fill(0xA5);
    fs::write(&file, bytes).unwrap();
    // Which of the two meets the damage first depends on what lies where.
    let error = match Store::open(&place.database).await {
        Err(error) => JournalError::from(error),
        Ok(store) => {
            let lease = store.take_lease("test", Timestamp(1)).await.unwrap();
            let journal = SqlJournal::new(store, Arc::new(lease), Handle::current());
            journal.load(account_of(&records)).await.unwrap_err()
        }
    };
    assert!(matches!(error, JournalError::Unreadable(_)), "{error}");
}

#[tokio::test]
async fn a_server_out_of_reach_is_no_damage_and_no_secret_is_told() {
    let url = "postgres://banyan:hunter2@127.0.0.1:1/banyan";
    let error = Store::open(&Database::Postgres(Secret::new(url))).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    let nonsense = Store::open(&Database::Postgres(Secret::new("hunter2"))).await.unwrap_err();
    assert!(!format!("{nonsense} {nonsense:?}").contains("hunter2"), "{nonsense}");
}
