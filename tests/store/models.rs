//! Providers of models, and what calls to models cost.

use banyan::store::{
    Everyone, ModelCallDraft, ModelSpending, Owner, ProviderDraft, ProviderModel, Store, StoreError,
};
use banyan_core::ids::{UserId, WorkerId};
use banyan_core::model::Usage;
use banyan_core::money::Amount;
use banyan_core::time::{DAY, Span, Timestamp};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::place::Place;

fn owner(number: u128) -> Owner {
    Everyone::at_start_of_engine().rows_of(UserId::from_u128(number))
}

fn draft() -> ProviderDraft {
    let model = ProviderModel {
        id: "deepseek-chat".to_owned(),
        name: "Chat".to_owned(),
        description: "价格".to_owned(),
        context_window: 128_000,
        max_output_tokens: 8_192,
        supports_json_mode: true,
        supports_reasoning: false,
        supports_vision: false,
        cost_per_1k_input: Some(Decimal::new(28, 5)),
        cost_per_1k_output: None,
        free: false,
    };
    ProviderDraft {
        provider_type: "deepseek".to_owned(),
        name: "Mine".to_owned(),
        note: String::new(),
        website_url: "https://example.com".to_owned(),
        base_url: "https://api.deepseek.com".to_owned(),
        api_format: "openai".to_owned(),
        api_key: Some("sealed".to_owned()),
        is_enabled: true,
        models: vec![model],
    }
}

pub(crate) async fn providers_come_back_to_their_owner_alone(place: &Place) {
    let store = place.store().await;
    let (mine, other, now) = (owner(1), owner(2), Timestamp(1_000));
    let id = Uuid::from_u128(5);
    let row = store.insert_provider(mine, id, &draft(), now).await.unwrap();
    assert_eq!(store.provider(mine, id).await.unwrap(), row);
    assert_eq!((row.draft, row.seq), (draft(), 1));
    assert!(matches!(store.provider(other, id).await, Err(StoreError::NotFound)));
    assert_eq!(store.providers(other).await.unwrap(), []);

    let newer = Uuid::from_u128(6);
    store.insert_provider(mine, newer, &draft(), Timestamp(2_000)).await.unwrap();
    let ids: Vec<_> = store.providers(mine).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(ids, [newer, id]);
    store.delete_provider(mine, newer).await.unwrap();
    assert!(matches!(store.delete_provider(mine, newer).await, Err(StoreError::NotFound)));
}

pub(crate) async fn a_provider_is_changed_by_one_at_a_time(place: &Place) {
    let store = place.store().await;
    let (mine, id, now) = (owner(1), Uuid::from_u128(5), Timestamp(1_000));
    let mut row = store.insert_provider(mine, id, &draft(), now).await.unwrap();
    row.draft.api_key = None;
    row.draft.is_enabled = false;
    row.draft.models.clear();
    let changed = store.update_provider(mine, &row, Timestamp(3_000)).await.unwrap();
    assert_eq!((changed.draft.clone(), changed.seq), (row.draft.clone(), 2));
    assert_eq!(changed.updated_at, Timestamp(3_000));
    let late = store.update_provider(mine, &row, now).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))));
    let other = store.update_provider(owner(2), &changed, now).await;
    assert!(matches!(other, Err(StoreError::Conflict(_))));
}

async fn reserve(store: &Store, whose: Owner, worker: u128, cost: i128, now: Timestamp) -> Uuid {
    let id = banyan::entropy::id(now);
    let draft = ModelCallDraft {
        worker: WorkerId::from_u128(worker),
        provider: Uuid::from_u128(5),
        model: "deepseek:deepseek-chat".to_owned(),
        reserved: Amount(cost),
    };
    store.reserve_model_call(whose, id, &draft, now).await.unwrap();
    id
}

fn usage(cost: i128) -> Usage {
    Usage { cost: Amount(cost), input_tokens: 7, output_tokens: 3, ..Usage::default() }
}

pub(crate) async fn what_is_reserved_counts_until_it_is_settled(place: &Place) {
    let store = place.store().await;
    let (mine, now) = (owner(1), Timestamp(20_000 * DAY + 5));
    let spent = |worker: u128, at: Timestamp| {
        let store = store.clone();
        async move { store.model_spending(mine, WorkerId::from_u128(worker), at).await.unwrap() }
    };
    let sums =
        |worker, user, calls| ModelSpending { worker: Amount(worker), user: Amount(user), calls };
    assert_eq!(spent(1, now).await, sums(0, 0, 0));
    let first = reserve(&store, mine, 1, 500, now).await;
    reserve(&store, mine, 2, 70, now).await;
    reserve(&store, owner(2), 1, 9_000, now).await;
    assert_eq!(spent(1, now).await, sums(500, 570, 2));
    store.settle_model_call(first, "answered", &usage(90), now).await.unwrap();
    // A second settlement of the same call changes nothing.
    store.settle_model_call(first, "timeout", &usage(1), now).await.unwrap();
    assert_eq!(spent(1, now).await, sums(90, 160, 2));
    let tomorrow = now + Span(DAY);
    assert_eq!(spent(1, tomorrow).await, sums(0, 0, 0), "each day has a budget of its own");
}

pub(crate) async fn calls_are_added_up_and_forgotten_by_day(place: &Place) {
    let store = place.store().await;
    let (mine, now) = (owner(1), Timestamp(20_000 * DAY + 5));
    let first = reserve(&store, mine, 1, 500, now).await;
    reserve(&store, mine, 2, 70, now).await;
    store.settle_model_call(first, "answered", &usage(90), now).await.unwrap();
    let totals = store.model_call_totals(mine, now).await.unwrap();
    assert_eq!((totals[0].calls, totals[0].answered), (2, 1));
    assert_eq!((totals[0].cost, totals[0].input_tokens), (Amount(90), 7));
    let rows = store.model_calls_of(mine).await.unwrap();
    assert_eq!(rows.iter().filter(|it| it.outcome.is_none()).count(), 1);
    assert_eq!(store.forget_model_calls(now).await.unwrap(), 0);
    assert_eq!(store.forget_model_calls(now + Span(DAY)).await.unwrap(), 2);
    assert_eq!(store.model_calls_of(mine).await.unwrap(), []);
}

pub(crate) async fn providers_and_calls_are_in_backups(place: &Place) {
    let store = place.store().await;
    let (mine, id, now) = (owner(1), Uuid::from_u128(5), Timestamp(20_000 * DAY));
    let row = store.insert_provider(mine, id, &draft(), now).await.unwrap();
    reserve(&store, mine, 1, 500, now).await;
    let file = place.folder.path().join("backup.db");
    let kept = store.backup(place.folder.path(), &file).await.unwrap();
    assert_eq!((kept.rows["providers"], kept.rows["model_calls"]), (1, 1));
    store.close().await;
    for other in [place.another().await, place.opposite().await] {
        let data = other.folder.path().join("data");
        Store::restore(&other.database, &data, &file).await.unwrap();
        let store = other.store().await;
        assert_eq!(store.provider(mine, id).await.unwrap(), row);
        assert_eq!(store.model_calls_of(mine).await.unwrap().len(), 1);
        store.close().await;
    }
}
