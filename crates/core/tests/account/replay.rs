//! The journal is enough: replaying any prefix of it gives the state that was live then.

use std::collections::BTreeSet;

use banyan_core::account::{Account, AccountState};
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::venue::PositionMode;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::chaos::{Act, anything, run};
use crate::desk::Desk;

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(anything(), 1..80)
}

fn replayed(records: &[Record]) -> AccountState {
    Account::replay(records).expect("the first record opens the account").state().clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_replay_of_any_prefix_is_the_state_of_that_moment(acts in acts(), cut in 0_usize..80) {
        let early = run(PositionMode::OneWay, &acts[..cut.min(acts.len())]);
        let late = run(PositionMode::OneWay, &acts);
        prop_assert_eq!(&replayed(&late.records), late.account.state());
        let prefix = &late.records[..early.records.len()];
        prop_assert_eq!(prefix, &early.records);
        prop_assert_eq!(&replayed(prefix), early.account.state());
    }

    #[test]
    fn the_same_run_leaves_the_same_records(acts in acts()) {
        let first = run(PositionMode::Hedge, &acts);
        let second = run(PositionMode::Hedge, &acts);
        prop_assert_eq!(first.records, second.records);
        prop_assert_eq!(first.commands, second.commands);
    }

    #[test]
    fn records_and_state_survive_their_bytes(acts in acts()) {
        let desk = run(PositionMode::OneWay, &acts);
        let bytes = postcard::to_allocvec(&desk.records).unwrap();
        let records: Vec<Record> = postcard::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&records, &desk.records);
        let text = serde_json::to_string(&desk.records).unwrap();
        let records: Vec<Record> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&records, &desk.records);
        // By way of a value too, as an upgrade of older records goes.
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let records: Vec<Record> = serde_json::from_value(value).unwrap();
        prop_assert_eq!(&records, &desk.records);
        let bytes = postcard::to_allocvec(desk.account.state()).unwrap();
        let state: AccountState = postcard::from_bytes(&bytes).unwrap();
        prop_assert_eq!(&state, desk.account.state());
    }

    #[test]
    fn records_are_numbered_without_gaps_and_sent_once(acts in acts()) {
        let desk = run(PositionMode::OneWay, &acts);
        for (record, number) in desk.records.iter().zip(1..) {
            prop_assert_eq!(record.sequence.0, number);
        }
        check_sent_once(desk)?;
    }
}

/// No order was ever handed to the venue twice, and none without its record before.
fn check_sent_once(mut desk: Desk) -> Result<(), TestCaseError> {
    let mut ids: Vec<_> = desk.take_orders().iter().map(|it| it.client_id).collect();
    let sent = ids.len();
    ids.sort_unstable();
    ids.dedup();
    prop_assert_eq!(ids.len(), sent);
    Ok(())
}

/// The variant of an event, from how it prints.
fn kind(event: &impl std::fmt::Debug) -> String {
    let text = format!("{event:?}");
    text.split(|it: char| !it.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[test]
fn the_random_runs_reach_every_kind_of_record_and_transition() {
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut transitions) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..60 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        for record in run(PositionMode::OneWay, &acts).records {
            kinds.insert(kind(&record.event));
            if let AccountEvent::OrderAdvanced { transition, .. } = record.event {
                transitions.insert(kind(&transition));
            }
        }
    }
    // Fills are records of their own; triggers and refused cancels have their own tests.
    let expected = [
        "Accepted",
        "CancelSent",
        "Cancelled",
        "Expired",
        "NotFound",
        "OutcomeLost",
        "Rejected",
        "Sent",
    ];
    assert_eq!(transitions, expected.map(str::to_owned).into());
    assert_eq!(kinds.len(), 20, "{kinds:?}");
}

#[test]
fn a_journal_that_does_not_begin_with_the_opening_is_refused() {
    let desk = Desk::ready();
    assert!(Account::replay(&desk.records[1..]).is_none());
    assert!(Account::replay([]).is_none());
}
