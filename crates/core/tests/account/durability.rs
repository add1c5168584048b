//! Nothing leaves before its record is durable, and then exactly once.

use banyan_core::account::{Effects, Input, WorkerCommand};
use banyan_core::ids::Sequence;
use banyan_core::intent::{Intent, Protection, Sizing};
use banyan_core::journal::{AccountEvent, Purpose};
use banyan_core::money::Quantity;
use banyan_core::order::{OrderState, Side};
use banyan_core::terms::StopPolicy;
use banyan_core::venue::VenueCommand;

use crate::desk::{A, Desk, closing, stop_at};
use crate::listing::{LINEAR, price};

fn buy(leverage: Option<u32>) -> Intent {
    Intent::Open {
        instrument: LINEAR,
        side: Side::Buy,
        sizing: Sizing::Quantity(Quantity(10)),
        leverage,
        protection: Protection::NONE,
        confidence: None,
    }
}

#[test]
fn nothing_is_sent_before_the_plan_is_durable() {
    let mut desk = Desk::ready();
    desk.submit(A, buy(None));
    assert!(desk.commands.is_empty());
    let planned = desk.last_sequence();
    desk.handle(Input::Durable(Sequence(planned.0 - 1)));
    assert!(desk.commands.is_empty());
    desk.handle(Input::Durable(planned));
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn a_durable_order_is_sent_exactly_once() {
    let mut desk = Desk::ready();
    assert_eq!(desk.wish(A, buy(None)).len(), 1);
    desk.persist();
    desk.persist();
    assert!(desk.take_orders().is_empty());
}

#[test]
fn one_wish_makes_one_batch_of_records() {
    let mut desk = Desk::ready();
    let (worker, epoch, before) = (A, desk.epoch(A), desk.last_sequence());
    let intents = vec![(1, buy(None))];
    let saved = Some((Sequence(0), vec![1, 2, 3]));
    let mut effects = Effects::default();
    let command = WorkerCommand { worker, epoch, saved, decisions: Vec::new(), intents };
    desk.account.handle(desk.now, Input::Submit(command), &mut effects);
    let kinds: Vec<_> = effects.records.iter().map(|record| &record.event).collect();
    assert!(matches!(kinds[0], AccountEvent::WorkerStateSaved { .. }));
    assert!(matches!(kinds[1], AccountEvent::IntentReviewed { .. }));
    assert!(matches!(kinds[2], AccountEvent::OrderPlanned(_)));
    let sequences: Vec<_> = effects.records.iter().map(|record| record.sequence.0).collect();
    assert_eq!(sequences, [before.0 + 1, before.0 + 2, before.0 + 3]);
    assert_eq!(effects.records[2].cause, Some(effects.records[1].sequence));
    assert_eq!(effects.records[2].correlation.map(|intent| intent.number), Some(1));
}

#[test]
fn leverage_is_set_before_the_order_that_needs_it() {
    let mut desk = Desk::ready();
    desk.submit(A, buy(Some(4)));
    assert!(desk.commands.is_empty());
    desk.persist();
    assert!(matches!(desk.commands[0], VenueCommand::SetLeverage { leverage: 4, .. }));
    assert!(matches!(desk.commands[1], VenueCommand::SubmitOrder { .. }));
}

#[test]
fn a_cancel_waits_for_its_record_too() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.accept(id);
    desk.handle(Input::CancelOrder(id));
    assert!(desk.take_cancels().is_empty());
    desk.persist();
    assert_eq!(desk.take_cancels(), [id]);
}

#[test]
fn what_is_cancelled_before_it_was_sent_never_leaves() {
    let mut desk = Desk::ready();
    desk.submit(A, buy(None));
    let id = desk.standing(Purpose::Entry)[0].client_id;
    desk.handle(Input::CancelOrder(id));
    desk.persist();
    assert!(desk.commands.is_empty());
    assert_eq!(desk.state_of(id), OrderState::NeverArrived);
}

#[test]
fn an_entry_of_a_worker_that_was_stopped_meanwhile_never_leaves() {
    let mut desk = Desk::ready();
    desk.submit(A, buy(None));
    let id = desk.standing(Purpose::Entry)[0].client_id;
    desk.handle(Input::DetachWorker { worker: A, policy: StopPolicy::Keep });
    desk.persist();
    assert!(desk.take_orders().is_empty());
    assert_eq!(desk.state_of(id), OrderState::NeverArrived);
}

#[test]
fn an_entry_of_an_older_start_of_the_worker_never_leaves() {
    let mut desk = Desk::ready();
    desk.submit(A, buy(None));
    desk.attach(A);
    desk.persist();
    assert!(desk.take_orders().is_empty());
}

#[test]
fn an_exit_of_a_worker_that_was_stopped_meanwhile_still_leaves() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    desk.submit(A, closing(None));
    desk.handle(Input::DetachWorker { worker: A, policy: StopPolicy::Keep });
    desk.persist();
    assert_eq!(desk.take_orders().len(), 1);
}

#[test]
fn a_protective_order_waits_for_its_record() {
    let mut desk = Desk::ready();
    let id = desk.open_on(LINEAR, A, Side::Buy, 10, stop_at(price(49_000)));
    let fill = desk.trade(id, 10, price(50_000));
    desk.tell(banyan_core::venue::VenueReport::OrderFilled(fill));
    assert_eq!(desk.standing(Purpose::StopLoss).len(), 1);
    assert!(desk.take_orders().is_empty());
    desk.persist();
    assert_eq!(desk.take_orders().len(), 1);
}
