//! What the account itself refuses before and beside the review, and wishes that only change.

use banyan_core::account::{Input, WorkerCommand};
use banyan_core::ids::Epoch;
use banyan_core::instrument::InstrumentId;
use banyan_core::intent::{ExitReason, Intent, OrderTag, Protection};
use banyan_core::journal::Purpose;
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{Side, TimeInForce};
use banyan_core::terms::StopPolicy;

use crate::desk::{A, B, Desk, closing, stop_at, terms};
use crate::listing::{LINEAR, price};

pub(crate) fn limit(tag: OrderTag, side: Side, quantity: i64, price: Price) -> Intent {
    Intent::Place {
        tag,
        instrument: LINEAR,
        side,
        quantity: Quantity(quantity),
        price,
        time_in_force: TimeInForce::GoodTillCancelled,
        reduce_only: false,
        leverage: None,
    }
}

#[test]
fn a_command_of_an_older_start_is_refused() {
    let mut desk = Desk::ready();
    let before = desk.epoch(A);
    desk.attach(A);
    let intents = vec![(1, limit(OrderTag(1), Side::Buy, 10, price(49_000)))];
    let command = WorkerCommand {
        worker: A,
        epoch: before,
        saved: Some(Default::default()),
        decisions: Vec::new(),
        intents,
    };
    desk.handle(Input::Submit(command));
    desk.persist();
    assert!(desk.take_orders().is_empty());
    let denied = desk.records.last().unwrap();
    assert!(format!("{:?}", denied.event).contains("StaleEpoch"));
    assert!(desk.denials().is_empty(), "the new start did not wish this");
    assert_eq!(desk.account.state().workers[&A].saved, None);
}

#[test]
fn a_worker_that_was_stopped_is_refused() {
    let mut desk = Desk::ready();
    desk.handle(Input::DetachWorker { worker: A, policy: StopPolicy::Keep });
    assert!(desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000))).is_empty());
}

#[test]
fn a_worker_that_was_never_started_is_refused() {
    let mut desk = Desk::ready();
    let worker = banyan_core::ids::WorkerId::from_u128(99);
    let intents = vec![(1, closing(None))];
    desk.handle(Input::Submit(WorkerCommand {
        worker,
        epoch: Epoch(1),
        saved: None,
        decisions: Vec::new(),
        intents,
    }));
    desk.persist();
    assert!(desk.take_orders().is_empty());
}

#[test]
fn what_is_not_listed_or_not_granted_is_unknown() {
    let mut desk = Desk::ready();
    let mut wish = |instrument| {
        desk.submit(A, Intent::Protect { instrument, protection: Protection::NONE });
        desk.last_denial().to_owned()
    };
    assert_eq!(wish(LINEAR), "none");
    assert_eq!(wish(InstrumentId(9)), "UNKNOWN_INSTRUMENT");
    let mut terms = terms();
    terms.instruments.clear();
    desk.handle(Input::AttachWorker { worker: A, terms: Box::new(terms) });
    desk.told.clear();
    desk.submit(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)));
    assert_eq!(desk.last_denial(), "UNKNOWN_INSTRUMENT");
}

#[test]
fn a_worker_may_close_what_it_may_no_longer_trade() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let mut terms = terms();
    terms.instruments.clear();
    desk.handle(Input::AttachWorker { worker: A, terms: Box::new(terms) });
    assert_eq!(desk.close(A).len(), 1);
}

#[test]
fn a_name_is_used_for_one_open_order_at_a_time() {
    let mut desk = Desk::ready();
    let wish = || limit(OrderTag(1), Side::Buy, 10, price(49_000));
    let first = desk.wish(A, wish());
    assert!(desk.wish(A, wish()).is_empty());
    assert_eq!(desk.last_denial(), "DUPLICATE_TAG");
    assert_eq!(desk.wish(B, wish()).len(), 1, "names are a worker's own");
    desk.cancelled(first[0].client_id);
    assert_eq!(desk.wish(A, wish()).len(), 1);
}

#[test]
fn a_cancel_needs_an_open_order_of_that_name() {
    let mut desk = Desk::ready();
    let placed = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)));
    desk.submit(B, Intent::Cancel { tag: OrderTag(1) });
    assert_eq!(desk.last_denial(), "UNKNOWN_TAG");
    desk.submit(A, Intent::Cancel { tag: OrderTag(1) });
    desk.persist();
    assert_eq!(desk.take_cancels(), [placed[0].client_id]);
}

#[test]
fn cancel_all_leaves_protection_and_the_orders_of_others() {
    let mut desk = Desk::ready();
    let protection = desk.enter_protected(stop_at(price(49_000)));
    let own = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(48_000)));
    desk.wish(B, limit(OrderTag(1), Side::Buy, 10, price(48_000)));
    desk.submit(A, Intent::CancelAll { instrument: LINEAR });
    desk.persist();
    assert_eq!(desk.take_cancels(), [own[0].client_id]);
    assert_eq!(desk.standing(Purpose::StopLoss)[0].client_id, protection[0].client_id);
}

#[test]
fn a_resize_opens_and_closes_the_difference() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let resize = |target| Intent::Resize {
        instrument: LINEAR,
        target: Quantity(target),
        protection: Protection::NONE,
        reason: ExitReason::ExitSignal,
    };
    let more = desk.wish(A, resize(14));
    assert_eq!(
        (more[0].side, more[0].quantity, more[0].reduce_only),
        (Side::Buy, Quantity(4), false)
    );
    desk.fill(more[0].client_id, 4, price(50_000));
    let less = desk.wish(A, resize(5));
    assert_eq!(
        (less[0].side, less[0].quantity, less[0].reduce_only),
        (Side::Sell, Quantity(9), true)
    );
}

#[test]
fn an_order_that_leaves_by_a_limit_is_reduce_only() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let placed = desk.wish(A, limit(OrderTag(1), Side::Sell, 10, price(51_000)));
    assert!(placed[0].reduce_only);
    assert_eq!(desk.standing(Purpose::ExitLimit).len(), 1);
}
