//! A worker that returns gets back what it saved and exactly what it missed.

use banyan_core::account::{Input, WorkerCommand};
use banyan_core::ids::{Epoch, Sequence};
use banyan_core::order::Side;
use banyan_core::terms::StopPolicy;
use banyan_core::worker::WorkerEvent;

use crate::desk::{A, B, Desk, terms};
use crate::listing::price;

fn save(desk: &mut Desk, seen: Sequence, state: &[u8]) {
    let (worker, epoch) = (A, desk.epoch(A));
    let saved = Some((seen, state.to_vec()));
    desk.handle(Input::Submit(WorkerCommand {
        worker,
        epoch,
        saved,
        decisions: Vec::new(),
        intents: Vec::new(),
    }));
}

fn told_to_a(desk: &Desk) -> Vec<WorkerEvent> {
    let told = desk.told.iter().filter(|(worker, _)| *worker == A);
    told.map(|(_, event)| event.clone()).collect()
}

#[test]
fn it_gets_its_state_and_what_it_missed_since() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let seen = told_to_a(&desk).last().unwrap().sequence;
    save(&mut desk, seen, b"first");
    desk.told.clear();
    desk.enter(B, Side::Buy, 10, price(50_000));
    let exit = desk.close(A)[0].client_id;
    desk.fill(exit, 10, price(50_000));
    let missed = told_to_a(&desk);
    assert!(!missed.is_empty());
    let mut desk = desk.restart();
    desk.resumed.clear();
    desk.handle(Input::AttachWorker { worker: A, terms: Box::new(terms()) });
    assert!(desk.resumed.is_empty(), "not before the books agree");
    desk.reconcile();
    let resumed = desk.resumed.last().unwrap();
    assert_eq!((resumed.worker, resumed.epoch), (A, Epoch(2)));
    assert_eq!(resumed.saved.as_deref(), Some(&b"first"[..]));
    assert!(resumed.missed.starts_with(&missed));
}

#[test]
fn its_events_are_numbered_without_gaps() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let exit = desk.close(A)[0].client_id;
    desk.fill(exit, 10, price(50_000));
    let numbers: Vec<_> = told_to_a(&desk).iter().map(|event| event.sequence.0).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[test]
fn it_misses_nothing_while_it_is_stopped() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.accept(id);
    let seen = told_to_a(&desk).last().unwrap().sequence;
    save(&mut desk, seen, b"state");
    desk.handle(Input::DetachWorker { worker: A, policy: StopPolicy::Keep });
    desk.told.clear();
    desk.fill(id, 10, price(50_000));
    let missed = told_to_a(&desk);
    assert_eq!(missed.len(), 2, "the fill and the order");
    desk.attach(A);
    assert_eq!(desk.resumed.last().unwrap().missed, missed);
}

#[test]
fn a_worker_that_saved_nothing_gets_everything() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let told = told_to_a(&desk);
    desk.attach(A);
    let resumed = desk.resumed.last().unwrap();
    assert_eq!((resumed.saved.clone(), &resumed.missed), (None, &told));
}
