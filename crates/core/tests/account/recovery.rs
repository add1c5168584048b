//! After a restart: ask, compare, adopt, and only then trade.

use banyan_core::account::{Input, Phase};
use banyan_core::ids::{ClientOrderId, VenueOrderId};
use banyan_core::intent::OrderTag;
use banyan_core::journal::{AccountEvent, Purpose};
use banyan_core::ledger::{Bucket, SubLedger};
use banyan_core::money::{Amount, Quantity};
use banyan_core::order::{OrderState, PositionSide, Side};
use banyan_core::time::Span;
use banyan_core::venue::{VenueCommand, VenueReport};

use crate::desk::{A, Desk, owner, stop_at};
use crate::listing::{LINEAR, asset, price};
use crate::wishes::limit;

fn asks_for_snapshot(desk: &Desk) -> bool {
    desk.commands.iter().any(|it| matches!(it, VenueCommand::FetchSnapshot { .. }))
}

#[test]
fn orders_whose_fate_nobody_knows_are_in_doubt() {
    let mut desk = Desk::ready();
    let in_flight = desk.open(A, Side::Buy, 10);
    let open = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)))[0].client_id;
    desk.accept(open);
    desk.submit(A, limit(OrderTag(2), Side::Buy, 10, price(48_000)));
    let mut desk = desk.restart();
    let unknown = |id| desk.state_of(id) == OrderState::Unknown;
    assert!(unknown(in_flight) && !unknown(open));
    let states = desk.account.state().orders.values();
    assert_eq!(states.filter(|it| it.order.state == OrderState::Unknown).count(), 2);
    assert!(asks_for_snapshot(&desk));
    desk.persist();
    assert!(desk.take_orders().is_empty(), "nothing is sent again");
}

#[test]
fn nothing_is_entered_before_the_books_agree() {
    let desk = Desk::ready();
    let mut desk = desk.restart();
    desk.mark(LINEAR, price(50_000));
    assert_eq!(desk.account.phase(), Phase::Reconciling);
    desk.submit(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)));
    assert_eq!(desk.last_denial(), "NOT_READY");
    desk.reconcile();
    assert_eq!(desk.account.phase(), Phase::Ready);
    assert_eq!(desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000))).len(), 1);
}

#[test]
fn nothing_is_entered_while_an_order_is_in_doubt() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    let mut desk = desk.restart();
    desk.reconcile();
    assert_eq!(desk.account.phase(), Phase::Reconciling);
    desk.wait(Span::seconds(11));
    for _ in 0..2 {
        desk.tell(VenueReport::OrderReported { client_id: id, report: None });
    }
    assert_eq!(desk.state_of(id), OrderState::NeverArrived);
    assert_eq!(desk.account.phase(), Phase::Ready);
}

#[test]
fn a_snapshot_that_is_not_answered_is_asked_for_again() {
    let desk = Desk::ready();
    let mut desk = desk.restart();
    desk.commands.clear();
    desk.wait(Span::milliseconds(4_999));
    assert!(!asks_for_snapshot(&desk));
    desk.wait(Span::milliseconds(1));
    assert!(asks_for_snapshot(&desk));
    desk.commands.clear();
    desk.tell(VenueReport::QueryFailed { client_id: None });
    desk.wait(Span::seconds(1));
    assert!(asks_for_snapshot(&desk));
}

#[test]
fn an_open_order_in_the_snapshot_is_adopted() {
    let mut desk = Desk::ready();
    let id = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)))[0].client_id;
    let request = desk.order(id).order.request.clone();
    desk.venue.rest(&request);
    let mut desk = desk.restart();
    assert_eq!(desk.state_of(id), OrderState::Unknown);
    desk.reconcile();
    assert_eq!((desk.state_of(id), desk.account.phase()), (OrderState::Open, Phase::Ready));
    assert!(desk.order(id).order.venue_id.is_some());
}

#[test]
fn fills_that_were_missed_are_booked_and_protected() {
    let mut desk = Desk::ready();
    let id = desk.open_on(LINEAR, A, Side::Buy, 10, stop_at(price(49_000)));
    let fill = desk.trade(id, 10, price(50_000));
    let mut desk = desk.restart();
    desk.reconcile();
    assert_eq!((desk.booked(fill.trade_id), desk.held(owner(A))), (1, 10));
    assert_eq!(desk.account.phase(), Phase::Ready);
    assert_eq!(desk.standing(Purpose::StopLoss)[0].quantity, Quantity(10));
    let AccountEvent::SnapshotReconciled { missed, adopted, .. } = desk
        .records
        .iter()
        .rev()
        .map(|it| &it.event)
        .find(|it| matches!(it, AccountEvent::SnapshotReconciled { .. }))
        .unwrap()
    else {
        unreachable!("it was looked for");
    };
    assert_eq!((*missed, *adopted), (1, 0));
}

#[test]
fn fundings_that_were_missed_are_booked() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let funding = banyan_core::venue::FundingReport {
        id: desk.venue.next_trade(),
        instrument: LINEAR,
        position_side: PositionSide::Net,
        rate: banyan_core::money::Rate::ZERO,
        amount: Amount(-77),
        time: desk.now,
    };
    desk.venue.fund(&funding);
    desk.reconcile();
    assert_eq!(desk.account.state().workers[&A].totals.funding, Amount(-77));
    assert_eq!(
        desk.account.state().ledger.wallet(&asset("USDT")),
        desk.venue.wallets[&asset("USDT")]
    );
}

#[test]
fn a_position_nobody_accounts_for_is_adopted_as_external() {
    let mut desk = Desk::ready();
    desk.enter(A, Side::Buy, 10, price(50_000));
    let key = (LINEAR, PositionSide::Net);
    let position = desk.venue.positions.get_mut(&key).unwrap();
    position.quantity += Quantity(5);
    position.cost += Amount::from_units(260);
    let expected = *position;
    desk.reconcile();
    assert_eq!(desk.account.state().position(LINEAR, PositionSide::Net), expected);
    assert_eq!((desk.held(owner(A)), desk.held(SubLedger::External)), (10, 5));
    let external = desk.account.state().share(SubLedger::External, LINEAR);
    assert_eq!(external.cost, Amount::from_units(260));
    desk.reconcile();
    assert_eq!(desk.held(SubLedger::External), 5, "once");
}

#[test]
fn a_balance_nobody_accounts_for_is_a_transfer() {
    let mut desk = Desk::ready();
    desk.venue.credit(&asset("USDT"), Amount(12_345));
    desk.reconcile();
    let state = desk.account.state();
    assert_eq!(state.ledger.wallet(&asset("USDT")), desk.venue.wallets[&asset("USDT")]);
    let external = state.ledger.balance(SubLedger::External, Bucket::Transfers, &asset("USDT"));
    assert_eq!(external, -(Amount::from_units(1_000_000) + Amount(12_345)));
}

#[test]
fn a_snapshot_older_than_the_last_fill_adopts_nothing() {
    let mut desk = Desk::ready();
    let old = desk.venue.snapshot(desk.now);
    desk.enter(A, Side::Buy, 10, price(50_000));
    let before = desk.last_sequence();
    desk.commands.clear();
    desk.tell(VenueReport::SnapshotTaken(Box::new(old)));
    assert_eq!(desk.last_sequence(), before);
    desk.wait(Span::seconds(1));
    assert!(asks_for_snapshot(&desk), "and a newer one is asked for");
}

#[test]
fn an_order_with_our_mark_that_the_journal_does_not_know_is_cancelled() {
    let mut desk = Desk::ready();
    let id = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)))[0].client_id;
    let mut request = desk.order(id).order.request.clone();
    request.client_id = ClientOrderId(id.0 + 1);
    desk.venue.rest(&request);
    let mut foreign = request.clone();
    foreign.client_id = ClientOrderId(42);
    desk.venue.rest(&foreign);
    desk.commands.clear();
    desk.reconcile();
    assert_eq!(desk.take_cancels(), [request.client_id], "what is not ours is left alone");
}

#[test]
fn an_order_that_ended_here_and_stands_there_is_cancelled() {
    let mut desk = Desk::ready();
    let id = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)))[0].client_id;
    let request = desk.order(id).order.request.clone();
    desk.venue.rest(&request);
    desk.tell(VenueReport::OrderCancelled { client_id: id });
    desk.reconcile();
    assert!(desk.take_cancels().is_empty(), "the snapshot may be older than the end");
    desk.now = desk.now + Span::seconds(3);
    desk.reconcile();
    assert_eq!(desk.take_cancels(), [id]);
}

#[test]
fn an_order_that_is_gone_from_the_venue_is_asked_for() {
    let mut desk = Desk::ready();
    let id = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)))[0].client_id;
    desk.accept(id);
    desk.venue.forget(id);
    desk.reconcile();
    assert_eq!(desk.state_of(id), OrderState::Open, "it may be too new for the snapshot");
    desk.now = desk.now + Span::seconds(3);
    desk.reconcile();
    assert_eq!(desk.state_of(id), OrderState::Unknown);
}

#[test]
fn a_gap_in_the_stream_pauses_entries_until_the_books_agree() {
    let mut desk = Desk::ready();
    desk.tell(VenueReport::StreamInterrupted);
    assert_eq!(desk.account.phase(), Phase::Reconciling);
    assert!(asks_for_snapshot(&desk));
    desk.reconcile();
    assert_eq!(desk.account.phase(), Phase::Ready);
}

#[test]
fn the_books_are_compared_again_and_again() {
    let mut desk = Desk::ready();
    for _ in 0..3 {
        desk.commands.clear();
        desk.wait(Span::seconds(60));
        assert!(asks_for_snapshot(&desk));
        desk.reconcile();
    }
}

#[test]
fn reports_before_the_start_are_left_to_the_snapshot() {
    let desk = Desk::ready();
    let account = banyan_core::account::Account::replay(&desk.records).unwrap();
    let mut idle = desk;
    idle.account = account;
    let before = idle.last_sequence();
    idle.tell(VenueReport::OrderAccepted {
        client_id: ClientOrderId(1),
        venue_id: VenueOrderId(1),
    });
    idle.handle(Input::Tick);
    assert_eq!((idle.last_sequence(), idle.account.next_deadline()), (before, None));
}

#[test]
fn a_fill_of_an_instrument_that_is_not_known_yet_is_fetched_without_haste() {
    let mut desk = Desk::ready();
    let id = desk.open(A, Side::Buy, 10);
    let mut fill = desk.trade(id, 10, price(50_000));
    fill.instrument = banyan_core::instrument::InstrumentId(77);
    desk.commands.clear();
    desk.tell(VenueReport::OrderFilled(fill));
    desk.wait(Span::milliseconds(999));
    assert!(!asks_for_snapshot(&desk));
    desk.wait(Span::milliseconds(1));
    assert!(asks_for_snapshot(&desk));
}

#[test]
fn a_report_tells_what_recovery_found() {
    let mut desk = Desk::ready();
    let id = desk.wish(A, limit(OrderTag(1), Side::Buy, 10, price(49_000)))[0].client_id;
    desk.accept(id);
    let _ = desk.trade(id, 10, price(49_000));
    let mut desk = desk.restart();
    assert_eq!(desk.recovered, None);
    desk.reconcile();
    let report = desk.recovered.clone().expect("the books agree again");
    assert_eq!((report.orders, report.positions, report.incarnation), (1, 0, 2));
    assert_eq!((report.missed_fills, report.positions_after), (1, 1));
    assert_eq!((report.adopted, report.never_arrived), (0, 0));
    assert!(report.remembered < report.sequence && report.started_at <= report.ready_at);
}
