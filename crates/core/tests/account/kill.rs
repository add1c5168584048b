//! Kill levels and stop policies: what is still sent, and what is undone.

use banyan_core::account::Input;
use banyan_core::intent::{ExitReason, OrderTag};
use banyan_core::journal::Purpose;
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::ledger::SubLedger;
use banyan_core::money::Quantity;
use banyan_core::order::{OrderState, Side};
use banyan_core::terms::StopPolicy;
use banyan_core::time::Span;
use banyan_core::venue::{FillReason, VenueCommand};

use crate::desk::{A, B, Desk, closing, owner, stop_at};
use crate::listing::{LINEAR, price};
use crate::wishes::limit;

const ACCOUNT: KillScope = KillScope::Account;
const WORKER: KillScope = KillScope::Worker(A);

fn kill(desk: &mut Desk, scope: KillScope, level: KillLevel) {
    desk.commands.clear();
    desk.handle(Input::SetKillLevel { scope, level });
    desk.persist();
}

/// A holds ten with a stop and a resting entry; B rests an entry and holds five.
fn busy() -> Desk {
    let mut desk = Desk::ready();
    desk.enter(B, Side::Buy, 5, price(50_000));
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    for worker in [A, B] {
        let id = desk.wish(worker, limit(OrderTag(1), Side::Buy, 10, price(48_000)))[0].client_id;
        desk.accept(id);
    }
    desk
}

fn entries(desk: &Desk) -> usize {
    desk.standing(Purpose::Entry)
        .iter()
        .filter(|it| desk.state_of(it.client_id) == OrderState::Open)
        .count()
}

#[test]
fn a_pause_refuses_entries_and_leaves_everything_else() {
    for scope in [ACCOUNT, WORKER] {
        let mut desk = busy();
        kill(&mut desk, scope, KillLevel::PauseEntries);
        assert!(desk.commands.is_empty());
        assert_eq!(entries(&desk), 2);
        desk.submit(A, limit(OrderTag(2), Side::Buy, 1, price(48_000)));
        assert_eq!(desk.last_denial(), "KILL_LEVEL");
        desk.submit(A, closing(None));
        assert_eq!(desk.denials().len(), 1);
        let others = desk.wish(B, limit(OrderTag(2), Side::Buy, 1, price(48_000)));
        assert_eq!(others.len(), usize::from(scope == WORKER));
    }
}

#[test]
fn cancel_all_cancels_entries_and_keeps_protection() {
    for (scope, count) in [(ACCOUNT, 2), (WORKER, 1)] {
        let mut desk = busy();
        kill(&mut desk, scope, KillLevel::CancelAll);
        assert_eq!(desk.take_cancels().len(), count);
        assert_eq!(entries(&desk), 2 - count);
        let stop = desk.standing(Purpose::StopLoss)[0].client_id;
        assert_eq!(desk.state_of(stop), OrderState::Open);
        assert_eq!(desk.held(owner(A)), 10);
    }
}

#[test]
fn flatten_closes_positions_too() {
    for (scope, workers) in [(ACCOUNT, vec![A, B]), (WORKER, vec![A])] {
        let mut desk = busy();
        kill(&mut desk, scope, KillLevel::Flatten);
        let stop = desk.standing(Purpose::StopLoss)[0].client_id;
        desk.cancelled(stop);
        let exits = desk.standing(Purpose::Exit(ExitReason::KillSwitch));
        let ids: Vec<_> = exits.iter().map(|it| (it.client_id, it.quantity.0)).collect();
        assert_eq!(ids.len(), workers.len());
        for (id, quantity) in ids {
            desk.fill(id, quantity, price(50_000));
        }
        for worker in workers {
            assert_eq!(desk.held(owner(worker)), 0);
        }
    }
}

#[test]
fn flatten_closes_what_nobody_owns() {
    let mut desk = Desk::ready();
    desk.foreign_trade(LINEAR, Side::Buy, 3, price(50_000), FillReason::Order);
    kill(&mut desk, ACCOUNT, KillLevel::Flatten);
    let exit = desk.take_orders().remove(0);
    assert_eq!((exit.side, exit.quantity), (Side::Sell, Quantity(3)));
    desk.fill(exit.client_id, 3, price(50_000));
    assert_eq!(desk.held(SubLedger::External), 0);
}

#[test]
fn a_fill_that_raced_the_flattening_is_flattened_at_once() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    desk.accept(id);
    kill(&mut desk, WORKER, KillLevel::Flatten);
    desk.commands.clear();
    desk.fill(id, 10, price(50_000));
    let orders = desk.take_orders();
    assert_eq!((orders.len(), orders[0].side, orders[0].reduce_only), (1, Side::Sell, true));
}

#[test]
fn a_freeze_sends_nothing_at_all() {
    for scope in [ACCOUNT, WORKER] {
        let mut desk = busy();
        kill(&mut desk, scope, KillLevel::Freeze);
        desk.submit(A, closing(None));
        assert_eq!(desk.last_denial(), "KILL_LEVEL");
        let entry = desk.standing(Purpose::Entry)[0].client_id;
        let entry = if desk.order(entry).owner == owner(A) {
            entry
        } else {
            desk.standing(Purpose::Entry)[1].client_id
        };
        desk.handle(Input::CancelOrder(entry));
        desk.handle(Input::ClosePosition { owner: owner(A), instrument: LINEAR });
        desk.mark(LINEAR, price(48_000));
        desk.persist();
        desk.wait(Span::seconds(5));
        let acts = |it: &VenueCommand| {
            matches!(it, VenueCommand::SubmitOrder { .. } | VenueCommand::CancelOrder { .. })
        };
        assert!(!desk.commands.iter().any(acts), "{:?}", desk.commands);
    }
}

#[test]
fn a_frozen_position_whose_stop_is_missing_does_not_plan_for_ever() {
    let mut desk = Desk::ready();
    let stop = desk.enter_protected(stop_at(price(49_000)))[0].client_id;
    desk.accept(stop);
    kill(&mut desk, WORKER, KillLevel::Freeze);
    desk.cancelled(stop);
    let before = desk.last_sequence();
    for _ in 0..5 {
        desk.persist();
    }
    assert_eq!(desk.last_sequence(), before);
    kill(&mut desk, WORKER, KillLevel::None);
    assert_eq!(desk.take_orders().len(), 1, "the stop returns when the level is lifted");
}

#[test]
fn a_level_that_is_lifted_lets_entries_in_again() {
    let mut desk = busy();
    kill(&mut desk, ACCOUNT, KillLevel::Freeze);
    kill(&mut desk, ACCOUNT, KillLevel::None);
    assert_eq!(desk.wish(A, limit(OrderTag(2), Side::Buy, 1, price(48_000))).len(), 1);
}

#[test]
fn the_stricter_level_counts() {
    let mut desk = busy();
    kill(&mut desk, WORKER, KillLevel::PauseEntries);
    kill(&mut desk, ACCOUNT, KillLevel::None);
    desk.submit(A, limit(OrderTag(2), Side::Buy, 1, price(48_000)));
    assert_eq!(desk.last_denial(), "KILL_LEVEL");
}

#[test]
fn an_entry_that_was_planned_before_the_pause_never_leaves() {
    let mut desk = Desk::ready();
    desk.submit(A, limit(OrderTag(2), Side::Buy, 1, price(48_000)));
    kill(&mut desk, ACCOUNT, KillLevel::PauseEntries);
    assert!(desk.take_orders().is_empty());
    assert!(desk.standing(Purpose::Entry).is_empty());
}

#[test]
fn levels_outlive_a_restart() {
    let mut desk = busy();
    kill(&mut desk, ACCOUNT, KillLevel::CancelAll);
    kill(&mut desk, WORKER, KillLevel::Freeze);
    let desk = desk.restart();
    assert_eq!(desk.account.state().kill_level, KillLevel::CancelAll);
    assert_eq!(desk.account.state().workers[&A].kill_level, KillLevel::Freeze);
}

#[test]
fn a_stop_does_what_its_policy_says() {
    let cases = [
        (StopPolicy::Keep, 0, false),
        (StopPolicy::CancelOrders, 1, false),
        (StopPolicy::ClosePositions, 2, true),
    ];
    for (policy, cancels, closes) in cases {
        let mut desk = busy();
        desk.commands.clear();
        desk.handle(Input::DetachWorker { worker: A, policy });
        desk.persist();
        assert_eq!(desk.take_cancels().len(), cancels, "{policy:?}");
        assert_eq!(desk.account.state().exits.contains_key(&(owner(A), LINEAR)), closes);
        assert_eq!(desk.held(owner(B)), 5);
        assert!(!desk.account.state().exits.contains_key(&(owner(B), LINEAR)));
    }
}

#[test]
fn a_worker_that_was_stopped_is_stopped_once() {
    let mut desk = Desk::ready();
    desk.handle(Input::DetachWorker { worker: A, policy: StopPolicy::Keep });
    let before = desk.last_sequence();
    desk.handle(Input::DetachWorker { worker: A, policy: StopPolicy::ClosePositions });
    assert_eq!(desk.last_sequence(), before);
}
