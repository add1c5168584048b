//! One engine at a time: a second one is refused, and one that was replaced writes no more.

use std::sync::Arc;

use banyan::store::{Journal, JournalError, StoreError};
use banyan_core::time::Timestamp;

use crate::place::Place;
use crate::story::{account_of, batches, day, write};

pub(crate) async fn a_second_engine_is_refused_until_the_first_is_gone(place: &Place) {
    let (first, second) = (place.store().await, place.store().await);
    let lease = first.take_lease("engine 1", Timestamp(1)).await.unwrap();
    let refused = second.take_lease("engine 2", Timestamp(2)).await.unwrap_err();
    assert_eq!(refused, StoreError::InUse(": engine 1".to_owned()));
    assert_eq!(refused.to_string(), "another engine works on this data: engine 1");
    lease.release().await;
    second.take_lease("engine 2", Timestamp(3)).await.unwrap();
    assert_eq!(place.count("SELECT token FROM engine_lease").await, 2);
}

pub(crate) async fn an_engine_that_was_replaced_writes_no_more(place: &Place) {
    let records = day();
    let (_, journal) = place.journal().await;
    write(&journal, &records[..20]).await;
    // As another engine does when it takes the lease.
    place.tamper("UPDATE engine_lease SET token = token + 1").await;
    let refused = journal.append(Arc::new(batches(&records[20..], 10))).await;
    assert_eq!(refused, Err(JournalError::Fenced));
    assert_eq!(journal.load(account_of(&records)).await.unwrap().records, records[..20]);
}
