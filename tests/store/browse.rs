//! Looking at orders, fills, ledger entries and positions: one's own, newest first.

use banyan::store::{
    Everyone, OrderFilter, Owner, Page, PositionFilter, RowFilter, Store, StoreError,
};
use banyan_core::ids::{AccountId, ClientOrderId, UserId};
use banyan_core::ledger::SubLedger;
use banyan_core::money::Amount;
use banyan_core::time::Timestamp;
use rust_decimal::Decimal;

use crate::desk::{A, B};
use crate::place::Place;
use crate::story::{day, write};

fn rows_of(user: u128) -> Owner {
    Everyone::at_start_of_engine().rows_of(UserId::from_u128(user))
}

/// The desk's tenant.
fn owner() -> Owner {
    rows_of(8)
}

pub(crate) async fn everybody_sees_their_own_rows_alone(place: &Place) {
    let (store, journal) = place.journal().await;
    write(&journal, &day()).await;
    let all = OrderFilter::default();
    let flat = PositionFilter { flat: true, ..PositionFilter::default() };
    let orders = store.orders(owner(), &all).await.unwrap();
    let position = store.positions(owner(), &flat).await.unwrap()[0].id.clone();
    let id = orders[0].client_order_id;
    assert_eq!(store.order(owner(), id).await.unwrap(), orders[0]);
    assert!(!store.order_events(owner(), id).await.unwrap().is_empty());
    assert_eq!(store.position(owner(), &position).await.unwrap().id, position);
    sees_nothing(&store, rows_of(9)).await;
    assert_eq!(store.order(rows_of(9), id).await.unwrap_err(), StoreError::NotFound);
    assert_eq!(store.order_events(rows_of(9), id).await.unwrap(), []);
    assert_eq!(store.fills_of(rows_of(9), id).await.unwrap(), []);
    let hidden = store.position(rows_of(9), &position).await;
    assert_eq!(hidden.unwrap_err(), StoreError::NotFound);
}

async fn sees_nothing(store: &Store, other: Owner) {
    let (all, rows) = (OrderFilter::default(), RowFilter::default());
    let flat = PositionFilter { flat: true, ..PositionFilter::default() };
    assert_eq!(store.orders(other, &all).await.unwrap(), []);
    assert_eq!(store.fills(other, &rows).await.unwrap(), []);
    assert_eq!(store.ledger(other, &rows).await.unwrap(), []);
    assert_eq!(store.positions(other, &flat).await.unwrap(), []);
}

pub(crate) async fn filters_and_pages_choose_rows(place: &Place) {
    let (store, journal) = place.journal().await;
    write(&journal, &day()).await;
    let everything = store.orders(owner(), &OrderFilter::default()).await.unwrap();
    let of_a = RowFilter { sub_ledger: Some(SubLedger::Worker(A)), ..RowFilter::default() };
    let wanted = OrderFilter { rows: of_a.clone(), ..OrderFilter::default() };
    let orders = store.orders(owner(), &wanted).await.unwrap();
    let expected = everything.iter().filter(|it| it.sub_ledger == SubLedger::Worker(A)).count();
    assert!(orders.len() == expected && expected > 0 && expected < everything.len());
    let open = OrderFilter { open: Some(true), ..OrderFilter::default() };
    let states = store.orders(owner(), &open).await.unwrap();
    assert!(states.iter().any(|it| it.kind == "limit" && it.price == Some(Decimal::from(48_000))));
    let page = RowFilter { page: Page { limit: 1, offset: 1 }, ..RowFilter::default() };
    let fills = store.fills(owner(), &RowFilter::default()).await.unwrap();
    assert_eq!(store.fills(owner(), &page).await.unwrap(), fills[1..2]);
    let nowhere = RowFilter { account: Some(AccountId::from_u128(99)), ..RowFilter::default() };
    assert_eq!(store.fills(owner(), &nowhere).await.unwrap(), []);
    let early = RowFilter { until: Some(Timestamp(1)), ..RowFilter::default() };
    assert_eq!(store.ledger(owner(), &early).await.unwrap(), []);
    let funding = store.ledger(owner(), &of_a).await.unwrap();
    let funding = funding.iter().find(|it| it.kind == "funding_booked" && it.bucket == "wallet");
    assert_eq!(funding.map(|it| it.amount), Some(Amount(-12_345)));
    let held = store.positions(owner(), &PositionFilter::default()).await.unwrap();
    assert_eq!(held.iter().map(|it| it.sub_ledger).collect::<Vec<_>>(), [SubLedger::Worker(B)]);
    assert_eq!(held[0].entry_price, Some(Decimal::from(50_100)));
}

pub(crate) async fn the_life_of_an_order_is_told_in_order(place: &Place) {
    let (store, journal) = place.journal().await;
    write(&journal, &day()).await;
    let filled = OrderFilter { state: Some("filled".to_owned()), ..OrderFilter::default() };
    let order = store.orders(owner(), &filled).await.unwrap().pop().unwrap();
    let events = store.order_events(owner(), order.client_order_id).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"order_planned"), Some(&"fill_booked")));
    assert!(events.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    assert!(events[0].payload.contains(&order.client_order_id.to_string()));
    let fills = store.fills_of(owner(), order.client_order_id).await.unwrap();
    assert_eq!(fills.iter().map(|fill| fill.quantity).sum::<Decimal>(), order.filled);
    let unknown = store.order(owner(), ClientOrderId(1)).await;
    assert_eq!(unknown.unwrap_err(), StoreError::NotFound);
}
