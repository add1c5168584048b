//! Records that an account really makes, for journals of tests.

use std::sync::Arc;

use banyan::store::{Batch, Journal, Room, SqlJournal};
use banyan_core::account::Input;
use banyan_core::ids::AccountId;
use banyan_core::intent::{Intent, OrderTag};
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::money::{Amount, Quantity};
use banyan_core::order::{PositionSide, Side, TimeInForce};
use banyan_core::venue::PositionMode;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};

use crate::chaos::{anything, run};
use crate::desk::{A, B, Desk, stop_at};
use crate::listing::{LINEAR, price};

/// A day of an account: entries with a stop, funding, a resting order, an exit, a kill level.
pub(crate) fn day() -> Vec<Record> {
    let mut desk = Desk::ready();
    desk.enter_protected(stop_at(price(49_000)));
    desk.fund(PositionSide::Net, Amount(-12_345));
    desk.enter(B, Side::Buy, 3, price(50_100));
    let place = Intent::Place {
        instrument: LINEAR,
        tag: OrderTag(7),
        side: Side::Buy,
        quantity: Quantity(5),
        price: price(48_000),
        time_in_force: TimeInForce::GoodTillCancelled,
        reduce_only: false,
        leverage: None,
    };
    for order in desk.wish(B, place) {
        desk.accept(order.client_id);
    }
    // Who shares a symbol cancels what protects its position before it leaves.
    desk.submit(A, crate::desk::closing(None));
    desk.persist();
    for id in desk.take_cancels() {
        desk.cancelled(id);
    }
    for order in desk.take_orders() {
        desk.accept(order.client_id);
        desk.fill(order.client_id, order.quantity.0, price(50_200));
    }
    let level = KillLevel::PauseEntries;
    desk.handle(Input::SetKillLevel { scope: KillScope::Account, level });
    desk.records
}

/// What a random run leaves, the same for the same seed.
pub(crate) fn random(seed: u8, acts: usize) -> Vec<Record> {
    let seed = TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let acts = prop::collection::vec(anything(), acts).new_tree(&mut runner).unwrap().current();
    run(PositionMode::OneWay, &acts).records
}

/// The same records, as of another account.
pub(crate) fn of_account(mut records: Vec<Record>, account: AccountId) -> Vec<Record> {
    for record in &mut records {
        record.account = account;
        if let AccountEvent::AccountOpened(settings) = &mut record.event {
            settings.id = account;
        }
    }
    records
}

pub(crate) fn account_of(records: &[Record]) -> AccountId {
    records[0].account
}

/// One batch of each piece of `size` records.
pub(crate) fn batches(records: &[Record], size: usize) -> Vec<Batch> {
    let batch =
        |records: &[Record]| Batch { account: records[0].account, records: records.to_vec() };
    records.chunks(size).map(batch).collect()
}

/// Writes records, some at a time.
pub(crate) async fn write(journal: &SqlJournal, records: &[Record]) {
    for group in batches(records, 7).chunks(3) {
        assert_eq!(journal.append(Arc::new(group.to_vec())).await, Ok(Room::Ample));
    }
}
