//! Opening a database, its schema, and the smallest repository.

use banyan::store::{Database, Store};
use banyan_core::account::RecoveryReport;
use banyan_core::ids::{AccountId, Sequence, UserId};
use banyan_core::time::Timestamp;

fn report(incarnation: u32) -> RecoveryReport {
    RecoveryReport {
        account: AccountId::from_u128(7),
        incarnation,
        started_at: Timestamp(1),
        ready_at: Timestamp(2),
        remembered: Sequence(10),
        sequence: Sequence(12),
        positions: 1,
        orders: 2,
        missed_fills: 3,
        missed_fundings: 0,
        doubtful: 1,
        never_arrived: 1,
        adopted: 0,
        positions_after: 1,
        orders_after: 0,
    }
}

#[tokio::test]
async fn recovery_reports_come_back_to_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::Sqlite(folder.path().join("banyan.db"));
    let (owner, other) = (UserId::from_u128(1), UserId::from_u128(2));
    let store = Store::open(&database).await.unwrap();
    for incarnation in [1, 2] {
        let now = Timestamp(i64::from(incarnation) * 1_000_000);
        store.insert_recovery_report(owner, &report(incarnation), now).await.unwrap();
    }
    store.close().await;
    let store = Store::open(&database).await.unwrap();
    assert_eq!(store.recovery_reports(owner, 9).await.unwrap(), [report(2), report(1)]);
    assert_eq!(store.recovery_reports(owner, 1).await.unwrap(), [report(2)]);
    assert_eq!(store.recovery_reports(other, 9).await.unwrap(), []);
}
