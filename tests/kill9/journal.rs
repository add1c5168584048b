//! Reads an engine's journal from outside: the plain rows of its database.

use std::collections::BTreeSet;

use banyan::secret::Secret;
use banyan::store::{Database, DecisionProof, Store, Verification};
use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::journal::{AccountEvent, Record};
use sqlx::{PgPool, SqlitePool};

use crate::processes::Place;

const RECORDS: &str = "SELECT payload FROM journal WHERE account_id = $1 ORDER BY seq";

/// All durable records of an account.
pub(crate) async fn records(place: &Place, account: AccountId) -> Vec<Record> {
    let account = account.to_string();
    let rows: Result<Vec<String>, sqlx::Error> = if place.database_url.is_empty() {
        let file = format!("sqlite:{}", place.data().join("banyan.db").display());
        let pool = SqlitePool::connect(&file).await.expect("the journal is there");
        let rows = sqlx::query_scalar(RECORDS).bind(account).fetch_all(&pool).await;
        pool.close().await;
        rows
    } else {
        let pool = PgPool::connect(&place.database_url).await.expect("the journal is there");
        let rows = sqlx::query_scalar(RECORDS).bind(account).fetch_all(&pool).await;
        pool.close().await;
        rows
    };
    let rows = rows.expect("the journal can be read");
    rows.iter().map(|row| serde_json::from_str(row).expect("a record of this version")).collect()
}

/// The orders that were planned.
pub(crate) fn planned(records: &[Record]) -> BTreeSet<ClientOrderId> {
    let plan = |record: &Record| match &record.event {
        AccountEvent::OrderPlanned(planned) => Some(planned.request.client_id),
        _ => None,
    };
    records.iter().filter_map(plan).collect()
}

/// What `banyan journal verify` and `banyan decisions verify` find.
pub(crate) async fn verify(place: &Place) -> (Verification, DecisionProof) {
    let database = if place.database_url.is_empty() {
        Database::Sqlite(place.data().join("banyan.db"))
    } else {
        Database::Postgres(Secret::new(&place.database_url))
    };
    let store = Store::visit(&database).await.expect("the database can be read");
    let found = store.verify().await.expect("the journal can be verified");
    let decisions = store.verify_decisions().await.expect("decisions can be verified");
    store.close().await;
    (found, decisions)
}
