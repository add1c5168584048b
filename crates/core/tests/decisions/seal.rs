//! Records that are sealed, and everything that breaks a seal.

use banyan_core::decision::{BrokenSeal, Decision, check_link, decision_id};
use banyan_core::ids::WorkerId;
use banyan_core::time::Timestamp;

use crate::scene::{NOW, WORKER, answered, decision, percent};

const ANSWER: &str = r#"[{"symbol":"BTC","action":"open_long","confidence":0.8}]"#;

type Change = fn(&mut Decision);

/// Three decisions of a worker, one after the other.
fn chain() -> Vec<Decision> {
    let mut chain: Vec<Decision> = Vec::new();
    for number in 1..=3 {
        let previous = chain.last().map_or(String::new(), |it| it.hash.clone());
        chain.push(decision(number, vec![answered("house:rules-v1", ANSWER)]).seal(&previous));
    }
    chain
}

fn check(chain: &[Decision]) -> Result<(), BrokenSeal> {
    let before = std::iter::once(None).chain(chain.iter().map(Some));
    before.zip(chain).try_for_each(|(previous, it)| check_link(previous, it))
}

#[test]
fn a_chain_that_nobody_touched_holds() {
    let chain = chain();
    assert_eq!(check(&chain), Ok(()));
    assert!(chain[0].previous.is_empty() && chain[1].previous == chain[0].hash);
    assert_eq!(chain[0].hash.len(), 64);
    assert!(chain[0].hash != chain[1].hash && chain[0].prompt_hash == chain[1].prompt_hash);
}

#[test]
fn records_stay_sealed_when_they_are_written_and_read() {
    for it in chain() {
        let text = serde_json::to_string(&it).expect("it can be written");
        let back: Decision = serde_json::from_str(&text).expect("it can be read");
        assert_eq!((&back, serde_json::to_string(&back).expect("again")), (&it, text));
        let bytes = postcard::to_stdvec(&it).expect("it can be packed");
        let back: Decision = postcard::from_bytes(&bytes).expect("it can be unpacked");
        assert_eq!(back.clone().seal(&back.previous), it);
    }
}

#[test]
fn whatever_is_changed_shows() {
    let changes: [(Change, BrokenSeal); 8] = [
        (|it| it.prompt[0].content.push('!'), BrokenSeal::Prompt),
        (|it| it.snapshot.account.equity += it.snapshot.account.fees, BrokenSeal::Snapshot),
        (|it| it.answers[0].raw.push(' '), BrokenSeal::Record),
        (|it| it.overall_confidence = percent(81), BrokenSeal::Record),
        (|it| it.proposals.clear(), BrokenSeal::Record),
        (|it| it.tainted = true, BrokenSeal::Record),
        (|it| it.time = Timestamp(it.time.0 + 1), BrokenSeal::Record),
        (|it| it.hash = "0".repeat(64), BrokenSeal::Record),
    ];
    for (change, broken) in changes {
        let mut chain = chain();
        change(&mut chain[1]);
        assert_eq!(check(&chain), Err(broken));
    }
}

#[test]
fn sealing_again_after_a_change_breaks_the_next_link() {
    let mut chain = chain();
    let mut changed = chain[1].clone();
    changed.chain_of_thought.push('!');
    chain[1] = changed.seal(&chain[0].hash);
    assert_eq!(check(&chain[..2]), Ok(()));
    assert_eq!(check(&chain), Err(BrokenSeal::Previous));
}

#[test]
fn a_record_that_is_missing_or_doubled_shows() {
    let mut missing = chain();
    missing.remove(1);
    assert_eq!(check(&missing), Err(BrokenSeal::Number { expected: 2, found: 3 }));
    let mut doubled = chain();
    doubled.insert(1, doubled[0].clone());
    assert_eq!(check(&doubled), Err(BrokenSeal::Number { expected: 2, found: 1 }));
    let first_missing = &chain()[1..];
    assert_eq!(check(first_missing), Err(BrokenSeal::Number { expected: 1, found: 2 }));
}

#[test]
fn a_record_of_another_worker_is_no_link() {
    let mut chain = chain();
    chain[0].worker = WorkerId::from_u128(1);
    assert_eq!(check_link(Some(&chain[0]), &chain[1]), Err(BrokenSeal::Worker));
}

#[test]
fn ids_are_derived_and_ordered_by_time() {
    let id = decision_id(WORKER, 1, NOW);
    assert_eq!(id, decision_id(WORKER, 1, NOW));
    assert_eq!((id.0.get_version_num(), id.0.get_variant()), (7, uuid::Variant::RFC4122));
    assert_ne!(id, decision_id(WORKER, 2, NOW));
    assert_ne!(id, decision_id(WorkerId::from_u128(78), 1, NOW));
    assert!(id < decision_id(WORKER, 0, Timestamp(NOW.0 + 1_000)));
    assert_eq!(id.0.as_u128() >> 80, u128::from(NOW.milliseconds().unsigned_abs()));
}
