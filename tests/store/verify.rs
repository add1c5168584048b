//! Verification: an honest store passes, and whatever was tampered with is found.

use banyan::store::Verification;
use banyan_core::ids::AccountId;
use banyan_core::journal::Record;

use crate::place::Place;
use crate::story::{day, of_account, random, write};

async fn verified(place: &Place) -> Verification {
    let store = place.store().await;
    let found = store.verify().await.unwrap();
    store.close().await;
    found
}

async fn filled(place: &Place, lives: &[Vec<Record>]) {
    let (store, journal) = place.journal().await;
    for life in lives {
        write(&journal, life).await;
    }
    drop(journal);
    store.close().await;
}

pub(crate) async fn what_is_derived_is_the_fold_of_the_journal(place: &Place) {
    let lives: Vec<_> = (1..=6)
        .map(|seed| of_account(random(seed, 400), AccountId::from_u128(seed.into())))
        .collect();
    let count: usize = lives.iter().map(Vec::len).sum();
    filled(place, &lives).await;
    let found = verified(place).await;
    assert!(found.passed(), "{found:#?}");
    assert_eq!((found.accounts, found.records), (6, count as u64));
    assert!(found.orders > 50 && found.fills > 50 && found.ledger_entries > 100, "{found:#?}");
    assert!(found.positions > 6);
    assert_eq!(verified(place).await, found);
    let stored = place.count("SELECT COUNT(*) FROM fills").await;
    assert_eq!(stored.unsigned_abs(), found.fills);
    let last = place.another().await;
    filled(&last, &lives[..5]).await;
    assert_ne!(verified(&last).await.hash, found.hash);
}

pub(crate) async fn whatever_is_tampered_with_is_found(place: &Place) {
    const CASES: [(&str, &str); 9] = [
        ("UPDATE orders SET filled = filled + 1 WHERE state = 'filled'", "order ("),
        ("DELETE FROM fills WHERE seq = (SELECT MIN(seq) FROM fills)", "is missing"),
        ("UPDATE ledger_entries SET amount = '0.5' WHERE line = 1", "ledger entry of"),
        ("UPDATE ledger_entries SET amount = 'much' WHERE line = 1", "cannot be read"),
        ("UPDATE positions SET cost = '0.5'", "position \""),
        ("UPDATE journal SET event_at = event_at + 1 WHERE seq = 9", "columns that differ"),
        (
            "UPDATE journal SET payload = REPLACE(payload, '\"recorded_at\":1', '\"recorded_at\":2')
             WHERE seq = 20",
            "was altered",
        ),
        (
            "INSERT INTO snapshots VALUES ('somebody', 1, 1, 'x', 1, 1, '')",
            "1 snapshots of accounts that have no journal",
        ),
        ("DELETE FROM journal WHERE seq = 12", "12 is missing"),
    ];
    filled(place, &[day()]).await;
    assert!(verified(place).await.passed());
    for (tampering, expected) in CASES {
        assert!(!verified(place).await.differences.join("\n").contains(expected), "{expected}");
        assert!(place.tamper(tampering).await > 0, "{tampering} met nothing");
        let found = verified(place).await;
        let told = found.differences.join("\n");
        assert!(!found.passed() && told.contains(expected), "{tampering}: {found:#?}");
    }
}

pub(crate) async fn the_command_tells_and_answers_by_its_exit_code(place: &Place) {
    filled(place, &[day()]).await;
    let good = place.run(&["journal", "verify", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&good.stdout).unwrap();
    assert_eq!((good.code, &told["passed"]), (Some(0), &true.into()), "{good:?}");
    assert_eq!(told["hash"], verified(place).await.hash);
    place.tamper("DELETE FROM positions").await;
    let bad = place.run(&["journal", "verify"]);
    assert_eq!(bad.code, Some(1), "{bad:?}");
    assert!(bad.stdout.contains("DIFFERENCE"), "{bad:?}");
    let nowhere = place.another().await.run(&["journal", "verify"]);
    assert_eq!(nowhere.code, Some(3), "{nowhere:?}");
}
