//! The journal in memory, and what a crash leaves of it.

use std::sync::Arc;
use std::time::Duration;

use banyan::simulation::{Pace, run};
use banyan::store::{Batch, Journal, JournalError, MemoryStore, Room};
use banyan_core::ids::{AccountId, Sequence, UserId};
use banyan_core::journal::{AccountEvent, Principal, RECORD_VERSION, Record};
use banyan_core::time::Timestamp;

const ACCOUNT: AccountId = AccountId::from_u128(1);

fn batch(sequences: std::ops::Range<u64>) -> Batch {
    let record = |sequence| Record {
        version: RECORD_VERSION,
        account: ACCOUNT,
        sequence: Sequence(sequence),
        recorded_at: Timestamp(0),
        event_at: Timestamp(0),
        cause: None,
        correlation: None,
        epoch: None,
        strategy_version: None,
        principal: Principal::Engine,
        tenant: UserId::from_u128(0),
        event: AccountEvent::EngineStarted { incarnation: 1 },
    };
    Batch { account: ACCOUNT, records: sequences.map(record).collect() }
}

fn sequences(store: &MemoryStore) -> Vec<u64> {
    store.records(ACCOUNT).iter().map(|record| record.sequence.0).collect()
}

#[test]
fn nothing_is_durable_before_the_commit_is_through() {
    run(Pace::Unlimited, async {
        let store = MemoryStore::default();
        let journal = store.open(Duration::from_millis(10));
        let writing = actix::spawn(journal.append(Arc::new(vec![batch(1..3)])));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(sequences(&store).is_empty());
        assert_eq!(writing.await.unwrap(), Ok(Room::Ample));
        assert_eq!(sequences(&store), [1, 2]);
        assert_eq!(journal.load(ACCOUNT).await.unwrap().records.len(), 2);
    });
}

#[test]
fn a_crash_keeps_whole_batches_and_fences_the_dead() {
    run(Pace::Unlimited, async {
        let store = MemoryStore::default();
        let journal = store.open(Duration::from_millis(10));
        let batches = Arc::new(vec![batch(1..3), batch(3..4), batch(4..9)]);
        let writing = actix::spawn(journal.append(batches));
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(store.crash(2), 3);
        assert_eq!(sequences(&store), [1, 2, 3]);
        assert_eq!(writing.await.unwrap(), Err(JournalError::Fenced));
        let late = journal.append(Arc::new(vec![batch(4..5)])).await;
        assert_eq!(late, Err(JournalError::Fenced));
        assert_eq!(sequences(&store), [1, 2, 3]);
    });
}

#[test]
fn a_journal_that_fails_says_so_and_keeps_nothing() {
    run(Pace::Unlimited, async {
        let store = MemoryStore::default();
        let journal = store.open(Duration::ZERO);
        store.set_failing(true);
        let refused = journal.append(Arc::new(vec![batch(1..2)])).await;
        assert!(matches!(refused, Err(JournalError::Unavailable(_))));
        store.set_failing(false);
        assert_eq!(journal.append(Arc::new(vec![batch(1..2)])).await, Ok(Room::Ample));
        assert_eq!(sequences(&store), [1]);
    });
}
