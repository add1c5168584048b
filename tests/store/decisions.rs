//! Decisions in the store: sealed records with what became of them, told to their owner alone, and
//! proven.

use banyan::store::{DecisionFilter, Everyone, Owner, Page, Store, StoreError};
use banyan_core::decision::{Decision, DecisionId, Horizon};
use banyan_core::ids::{UserId, WorkerId};
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::money::Amount;
use serde_json::Value;

use crate::decided::day;
use crate::desk::{A, B};
use crate::place::Place;
use crate::story::write;

fn rows_of(user: u128) -> Owner {
    Everyone::at_start_of_engine().rows_of(UserId::from_u128(user))
}

/// The desk's tenant.
fn owner() -> Owner {
    rows_of(8)
}

async fn filled(place: &Place) -> (Store, Vec<Record>) {
    let (store, journal) = place.journal().await;
    let records = day();
    write(&journal, &records).await;
    (store, records)
}

fn made(records: &[Record]) -> Vec<Decision> {
    let decisions = records.iter().filter_map(|record| match &record.event {
        AccountEvent::DecisionMade(decision) => Some((**decision).clone()),
        _ => None,
    });
    decisions.collect()
}

fn of(strategy: WorkerId) -> DecisionFilter {
    DecisionFilter { strategy: Some(strategy), ..DecisionFilter::default() }
}

pub(crate) async fn decisions_come_back_with_what_became_of_them(place: &Place) {
    let (store, records) = filled(place).await;
    let rows = store.decisions(owner(), &of(A)).await.unwrap();
    let mut kept: Vec<Decision> =
        rows.iter().map(|row| serde_json::from_str(&row.payload).unwrap()).collect();
    kept.reverse();
    assert_eq!(kept, made(&records)[..3]);
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [3, 2, 1]);
    let open = &rows[2];
    assert_eq!((open.latency_ms, open.tokens, open.cost), (3_200, 2_500, Amount(120_000)));
    assert_eq!((open.actions.as_str(), open.failure.as_ref()), (",open_long,", None));

    let after = store.decision_records(open).await.unwrap();
    let kinds: Vec<_> = after.iter().map(|record| kind(&record.event)).collect();
    assert_eq!(kinds, ["witnessed", "reviewed", "measured", "measured"]);
    let AccountEvent::IntentReviewed { id, .. } = &after[1].event else {
        panic!("{:?}", after[1].event);
    };
    let orders = store.orders_of_intent(open.head.account, *id).await.unwrap();
    assert_eq!((orders.len(), orders[0].state.as_str()), (1, "filled"));
    let fills = store.fills_of_order(&orders[0]).await.unwrap();
    assert_eq!(fills.iter().map(|it| it.quantity).sum::<rust_decimal::Decimal>(), orders[0].filled);

    // What a person approved follows from the approval.
    let after = store.decision_records(&rows[0]).await.unwrap();
    let kinds: Vec<_> = after.iter().map(|record| kind(&record.event)).collect();
    assert_eq!(kinds, ["resolved", "witnessed", "reviewed"]);
    assert!(store.decision_records(&rows[1]).await.unwrap().is_empty());
    let before = store.decision_before(owner(), &rows[0]).await.unwrap();
    assert_eq!(before.as_ref(), Some(&rows[1]));
}

fn kind(event: &AccountEvent) -> &'static str {
    match event {
        AccountEvent::IntentReviewed { .. } => "reviewed",
        AccountEvent::ReviewWitnessed { .. } => "witnessed",
        AccountEvent::DecisionResolved { .. } => "resolved",
        AccountEvent::DecisionMeasured { .. } => "measured",
        _ => "other",
    }
}

pub(crate) async fn everybody_sees_their_own_decisions_alone(place: &Place) {
    let (store, records) = filled(place).await;
    let id = made(&records)[0].id;
    assert_eq!(store.decision(owner(), id).await.unwrap().id, id);
    let hidden = store.decision(rows_of(9), id).await.unwrap_err();
    assert_eq!(hidden, StoreError::NotFound);
    let all = DecisionFilter::default();
    assert_eq!(store.decisions(rows_of(9), &all).await.unwrap(), []);
    assert_eq!(store.count_decisions(rows_of(9), &all).await.unwrap(), 0);
    assert_eq!(store.decision_totals(rows_of(9), &all).await.unwrap().decisions, 0);
    let measured = store.measured_decisions(rows_of(9), None, "1h", 9).await.unwrap();
    assert_eq!(measured, []);
    let unknown = store.decision(owner(), DecisionId::default()).await.unwrap_err();
    assert_eq!(unknown, StoreError::NotFound);
}

pub(crate) async fn filters_and_totals_count_decisions(place: &Place) {
    let (store, _) = filled(place).await;
    let numbers = async |filter: DecisionFilter| {
        let rows = store.decisions(owner(), &filter).await.unwrap();
        let counted = store.count_decisions(owner(), &filter).await.unwrap();
        assert_eq!(rows.len() as i64, counted, "{filter:?}");
        rows.iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(DecisionFilter { executed: Some(true), ..of(A) }).await, [3, 1]);
    assert_eq!(numbers(DecisionFilter { executed: Some(false), ..of(A) }).await, [2]);
    assert_eq!(numbers(DecisionFilter { executed: Some(true), ..of(B) }).await, [0; 0]);
    let hold = Some("hold".to_owned());
    assert_eq!(numbers(DecisionFilter { action: hold, ..of(A) }).await, [2]);
    let page = Page { limit: 1, offset: 1 };
    let rows = store.decisions(owner(), &DecisionFilter { page, ..of(A) }).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.number).collect::<Vec<_>>(), [2]);

    let totals = store.decision_totals(owner(), &of(A)).await.unwrap();
    assert_eq!((totals.decisions, totals.executed, totals.failed), (3, 2, 0));
    assert_eq!((totals.tokens, totals.latency_ms), (7_500, 9_600));
    assert_eq!(totals.confidence, rust_decimal::Decimal::new(225, 2));
    let actions = [(",close_long,", 1), (",hold,", 1), (",open_long,", 1)];
    assert_eq!(totals.actions, actions.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!(totals.costs, [(Amount(120_000), 3)]);
}

pub(crate) async fn outcomes_are_found_by_their_horizon(place: &Place) {
    let (store, records) = filled(place).await;
    let found = store.measured_decisions(owner(), Some(A), "close", 9).await.unwrap();
    assert_eq!(found.len(), 1);
    let decision: Decision = serde_json::from_str(&found[0].payload).unwrap();
    assert_eq!(decision.id, made(&records)[0].id);
    let AccountEvent::DecisionMeasured { outcome, .. } = found[0].record().unwrap().event else {
        panic!("no outcome");
    };
    assert_eq!((outcome.horizon, outcome.pnl), (Horizon::Close, Some(Amount::from_units(95))));
    assert_eq!(store.measured_decisions(owner(), None, "4h", 9).await.unwrap(), []);
    assert_eq!(store.measured_decisions(owner(), Some(B), "1h", 9).await.unwrap(), []);
}

pub(crate) async fn decisions_follow_from_the_journal(place: &Place) {
    let (store, _) = filled(place).await;
    let found = store.verify().await.unwrap();
    assert!(found.passed(), "{found:#?}");
    assert_eq!((found.decisions, found.decision_events), (4, 7));
    const CASES: [(&str, &str); 4] = [
        ("UPDATE decisions SET confidence = confidence + 1 WHERE number = 2", "decision of"),
        ("UPDATE decision_events SET gain = gain + 1 WHERE horizon = '1h'", "event of a decision"),
        ("DELETE FROM decision_events WHERE horizon = 'close'", "is missing"),
        ("UPDATE decisions SET account_id = 'nobody'", "decisions of accounts"),
    ];
    for (tampering, expected) in CASES {
        assert!(place.tamper(tampering).await > 0, "{tampering} met nothing");
        let found = store.verify().await.unwrap();
        let told = found.differences.join("\n");
        assert!(!found.passed() && told.contains(expected), "{tampering}: {found:#?}");
    }
}

/// What the command answers, and its exit code.
fn proof(place: &Place) -> (Option<i32>, Value) {
    let answer = place.run(&["decisions", "verify", "--json"]);
    let told = serde_json::from_str(&answer.stdout).unwrap_or_else(|_| panic!("{answer:#?}"));
    (answer.code, told)
}

pub(crate) async fn a_decision_that_is_tampered_with_is_named(place: &Place) {
    const CASES: [(&str, i64, &str); 7] = [
        (
            "UPDATE decisions SET payload = REPLACE(payload, '金叉', '死叉') WHERE number = 2",
            2,
            "the record is not the one that was sealed",
        ),
        (
            "UPDATE decisions SET payload = REPLACE(payload, ',\"number\"', ', \"number\"')
                WHERE number = 2",
            2,
            "not written as it was sealed",
        ),
        ("UPDATE decisions SET payload = '{}' WHERE number = 3", 3, "cannot be read"),
        ("UPDATE decisions SET confidence = 0 WHERE number = 1", 1, "its confidence is not"),
        ("UPDATE decisions SET cost = 'much' WHERE number = 1", 1, "columns cannot be read"),
        ("DELETE FROM decisions WHERE number = 2", 2, "its row is missing"),
        (
            "UPDATE journal SET payload = REPLACE(payload, '看多', '看空')
                WHERE kind = 'decision_made'",
            1,
            "of the journal was altered",
        ),
    ];
    for (tampering, number, reason) in CASES {
        let place = &place.another().await;
        let (store, records) = filled(place).await;
        let good = serde_json::json!({"valid": true, "checked": 4, "first_broken": null});
        assert_eq!(proof(place), (Some(0), good));
        assert!(place.tamper(tampering).await > 0, "{tampering} met nothing");
        let (code, told) = proof(place);
        assert_eq!((code, &told["valid"]), (Some(1), &false.into()), "{tampering}: {told:#}");
        let broken = &told["first_broken"];
        let of_a = made(&records).into_iter().find(|it| it.number as i64 == number).unwrap();
        assert_eq!(broken["id"], of_a.id.to_string(), "{tampering}: {told:#}");
        assert_eq!(broken["strategy_id"], A.to_string());
        assert_eq!(broken["number"], number, "{tampering}: {told:#}");
        let why = broken["reason"].as_str().unwrap();
        assert!(why.contains(reason), "{tampering}: {told:#}");
        store.close().await;
    }
}

pub(crate) async fn decisions_come_back_from_a_backup(place: &Place) {
    let (store, records) = filled(place).await;
    let file = place.folder.path().join("backup.banyan");
    store.backup(place.folder.path(), &file).await.unwrap();
    let target = place.opposite().await;
    Store::restore(&target.database, target.folder.path(), &file).await.unwrap();
    let restored = target.store().await;
    assert!(restored.verify_decisions().await.unwrap().valid);
    assert!(restored.verify().await.unwrap().passed());
    let row = restored.decision(owner(), made(&records)[0].id).await.unwrap();
    assert_eq!(row, store.decision(owner(), row.id).await.unwrap());
    assert_eq!(restored.decision_records(&row).await.unwrap().len(), 4);
}

pub(crate) async fn other_limits_would_have_changed_an_order(place: &Place) {
    let (store, records) = filled(place).await;
    store.close().await;
    let id = made(&records)[0].id.to_string();
    let replay = |flags: &[&str]| {
        let arguments = ["decisions", "replay", id.as_str(), "--json"];
        place.run(&[&arguments, flags].concat())
    };
    let same: Value = serde_json::from_str(&replay(&[]).stdout).unwrap();
    assert_eq!((&same["id"], &same["changed"]), (&id.clone().into(), &Value::Array(Vec::new())));
    assert_eq!(same["original"], same["replayed"]);
    let lower: Value = serde_json::from_str(&replay(&["--max-leverage", "2"]).stdout).unwrap();
    let changed = lower["changed"].as_array().unwrap();
    let leverage = changed.iter().find(|it| it["field"] == "leverage");
    assert_eq!(leverage.map(|it| &it["replayed"]), Some(&"2".into()), "{lower:#}");
    assert_eq!(lower["original"], same["original"]);
    let sure: Value = serde_json::from_str(&replay(&["--min-confidence", "90"]).stdout).unwrap();
    assert_eq!(sure["replayed"][0]["code"], "LOW_CONFIDENCE", "{sure:#}");
    assert_eq!(replay(&["--max-leverage", "0"]).code, Some(2));
    let unknown = place.run(&["decisions", "replay", "00000000-0000-0000-0000-000000000000"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
}

pub(crate) async fn decisions_are_listed_and_exported_to_the_letter(place: &Place) {
    let (store, records) = filled(place).await;
    store.close().await;
    let listed = place.run(&["decisions", "list", "--json"]);
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!(listed.as_array().map(Vec::len), Some(4));
    let of_b = place.run(&["decisions", "list", "--strategy", &B.to_string(), "--json"]);
    let of_b: Value = serde_json::from_str(&of_b.stdout).unwrap();
    assert_eq!((of_b.as_array().map(Vec::len), &of_b[0]["number"]), (Some(1), &1.into()));
    let first = &made(&records)[0];
    let file = place.folder.path().join("decision.json");
    let name = file.display().to_string();
    let id = first.id.to_string();
    let done = place.run(&["decisions", "export", &id, "--out", &name]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert_eq!(kept, serde_json::to_string(first).unwrap());
    let text = place.run(&["decisions", "verify"]);
    assert!(text.stdout.contains("4 decisions, each as it was sealed"), "{text:?}");
}
