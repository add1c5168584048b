//! Opening a database, its schema, and the smallest repository.

use banyan::store::{Everyone, Store, StoreError};
use banyan_core::account::RecoveryReport;
use banyan_core::ids::{AccountId, Sequence, UserId};
use banyan_core::time::Timestamp;

use crate::place::Place;

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

pub(crate) async fn recovery_reports_come_back_to_their_owner_alone(place: &Place) {
    let (owner, other) = (UserId::from_u128(1), UserId::from_u128(2));
    let store = place.store().await;
    for incarnation in [1, 2] {
        let now = Timestamp(i64::from(incarnation) * 1_000_000);
        store.insert_recovery_report(owner, &report(incarnation), now).await.unwrap();
    }
    store.close().await;
    let store = place.store().await;
    let [owner, other] = [owner, other].map(|it| Everyone::at_start_of_engine().rows_of(it));
    assert_eq!(store.recovery_reports(owner, 9).await.unwrap(), [report(2), report(1)]);
    assert_eq!(store.recovery_reports(owner, 1).await.unwrap(), [report(2)]);
    assert_eq!(store.recovery_reports(other, 9).await.unwrap(), []);
}

pub(crate) async fn a_newer_schema_is_refused(place: &Place) {
    place.store().await.close().await;
    place.tamper("UPDATE _sqlx_migrations SET version = 99 WHERE version = 1").await;
    for opened in [Store::open(&place.database).await, Store::visit(&place.database).await] {
        let error = opened.unwrap_err();
        assert!(matches!(error, StoreError::NewerSchema { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("use the newer version"), "{error}");
    }
}

pub(crate) async fn a_visitor_needs_a_database_that_is_up_to_date(place: &Place) {
    let error = Store::visit(&place.database).await.unwrap_err();
    let expected = if place.file().is_some() { "there is no database" } else { "schema 0" };
    assert!(error.to_string().contains(expected), "{error}");
    place.store().await.close().await;
    Store::visit(&place.database).await.unwrap().close().await;
}
