//! Random runs: workers wish, the venue does as it likes, the journal fails, people kill.

use banyan_core::account::{Input, WorkerCommand};
use banyan_core::ids::{ClientOrderId, WorkerId};
use banyan_core::instrument::InstrumentId;
use banyan_core::intent::{ExitReason, Intent, OrderTag, Protection, Sizing};
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::market::MarketData;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::{OrderState, PositionSide, Side, TimeInForce};
use banyan_core::terms::StopPolicy;
use banyan_core::time::Span;
use banyan_core::venue::{FillReason, MarginMode, PositionMode, RejectReason, VenueReport};
use proptest::prelude::*;

use crate::desk::{A, B, C, Desk};
use crate::listing::{INVERSE, LINEAR, SPOT};

/// One thing that happens; who, where and how much are taken modulo what there is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Open { worker: u8, place: u8, buy: bool, size: u16, stop: bool },
    Place { worker: u8, tag: u8, buy: bool, size: u16, offset: i16 },
    Close { worker: u8, place: u8, size: u16 },
    CancelAll { worker: u8, place: u8 },
    Accept(u8),
    Reject(u8, bool),
    Fill { order: u8, part: u8, offset: i16 },
    End(u8, bool),
    Lose(u8),
    Ask(u8),
    Liquidate { place: u8, part: u8 },
    TradeByHand { place: u8, buy: bool, size: u16 },
    Fund(i32),
    Move { place: u8, offset: i16 },
    Wait(u16),
    Persist,
    Reconcile,
    Restart(u8),
    Kill { worker: Option<u8>, level: u8 },
    FailJournal,
    Save(u8),
    SetLeverage(u8),
    Conjure(i8),
}

/// What moves money: wishes, fills and what venues do on their own.
pub(crate) fn trading() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (any::<u8>(), any::<u8>(), any::<bool>(), 1_u16..2_000, any::<bool>()).prop_map(
            |(worker, place, buy, size, stop)| Act::Open { worker, place, buy, size, stop }),
        2 => (any::<u8>(), any::<u8>(), 0_u16..2_000).prop_map(
            |(worker, place, size)| Act::Close { worker, place, size }),
        6 => (any::<u8>(), any::<u8>(), any::<i16>()).prop_map(
            |(order, part, offset)| Act::Fill { order, part, offset }),
        1 => (any::<u8>(), any::<u8>()).prop_map(
            |(place, part)| Act::Liquidate { place, part }),
        1 => (any::<u8>(), any::<bool>(), 1_u16..500).prop_map(
            |(place, buy, size)| Act::TradeByHand { place, buy, size }),
        1 => any::<i32>().prop_map(Act::Fund),
        1 => (any::<u8>(), any::<i16>()).prop_map(|(place, offset)| Act::Move { place, offset }),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(order, cancel)| Act::End(order, cancel)),
    ]
}

/// Everything.
pub(crate) fn anything() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => trading(),
        2 => (any::<u8>(), 0_u8..3, any::<bool>(), 1_u16..500, any::<i16>()).prop_map(
            |(worker, tag, buy, size, offset)| Act::Place { worker, tag, buy, size, offset }),
        1 => (any::<u8>(), any::<u8>()).prop_map(
            |(worker, place)| Act::CancelAll { worker, place }),
        2 => any::<u8>().prop_map(Act::Accept),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(order, fires)| Act::Reject(order, fires)),
        1 => any::<u8>().prop_map(Act::Lose),
        1 => any::<u8>().prop_map(Act::Ask),
        2 => (0_u16..20_000).prop_map(Act::Wait),
        3 => Just(Act::Persist),
        1 => Just(Act::Reconcile),
        1 => any::<u8>().prop_map(Act::Restart),
        1 => (prop::option::of(any::<u8>()), 0_u8..5).prop_map(
            |(worker, level)| Act::Kill { worker, level }),
        1 => Just(Act::FailJournal),
        1 => any::<u8>().prop_map(Act::Save),
        1 => any::<u8>().prop_map(Act::SetLeverage),
        1 => any::<i8>().prop_map(Act::Conjure),
    ]
}

pub(crate) fn run(mode: PositionMode, acts: &[Act]) -> Desk {
    let mut desk = Desk::ready_in(mode);
    for act in acts {
        perform(&mut desk, *act);
    }
    desk
}

fn worker(n: u8) -> WorkerId {
    [A, B, C][n as usize % 3]
}

fn place(n: u8) -> InstrumentId {
    [LINEAR, LINEAR, INVERSE, SPOT][n as usize % 4]
}

fn side(buy: bool) -> Side {
    if buy { Side::Buy } else { Side::Sell }
}

/// A price on the tick within a few percent of the market.
pub(crate) fn near(desk: &Desk, instrument: InstrumentId, offset: i16) -> Price {
    let mark = desk.account.markets().get(instrument).valuation();
    let mark = mark.unwrap_or(Price(5_000_000));
    let distance = mark.times(Rate(i64::from(offset) * 10_000), banyan_core::money::Rounding::Down);
    (mark + distance).floor_to(Price(10)).max(Price(10))
}

/// The n-th of the orders that may still do something at the venue.
fn order(desk: &Desk, n: u8) -> Option<ClientOrderId> {
    let sent = |state| !matches!(state, OrderState::Planned);
    let orders = desk.account.state().orders.values();
    let ids: Vec<_> =
        orders.filter(|it| sent(it.order.state)).map(|it| it.order.request.client_id).collect();
    (!ids.is_empty()).then(|| ids[n as usize % ids.len()])
}

fn perform(desk: &mut Desk, act: Act) {
    match act {
        Act::Open { .. } | Act::Place { .. } | Act::Close { .. } | Act::CancelAll { .. } => {
            let (worker, intent) = wish(desk, act);
            desk.submit(worker, intent);
            // Now and then the journal takes its time.
            if !matches!(act, Act::Open { size, .. } | Act::Place { size, .. } if size % 4 == 0) {
                desk.persist();
            }
        }
        Act::Fill { order: n, part, offset } => fill(desk, n, part, offset),
        Act::Accept(n) | Act::Reject(n, _) | Act::End(n, _) | Act::Lose(n) | Act::Ask(n) => {
            if let Some(id) = order(desk, n) {
                answer(desk, act, id);
            }
        }
        Act::Liquidate { place: at, part } => liquidate(desk, place(at), part),
        Act::TradeByHand { place: at, buy, size } => {
            let (instrument, size) = (place(at), i64::from(size));
            let at = near(desk, instrument, 0);
            desk.foreign_trade(instrument, side(buy), size, at, FillReason::Order);
        }
        Act::Fund(amount) => fund(desk, amount),
        Act::Move { place: at, offset } => {
            let instrument = place(at);
            let to = near(desk, instrument, offset);
            desk.mark(instrument, to);
            desk.market(instrument, MarketData::Funding(Rate::ZERO));
        }
        Act::Wait(milliseconds) => desk.wait(Span::milliseconds(i64::from(milliseconds))),
        Act::Persist => desk.persist(),
        Act::Reconcile => desk.reconcile(),
        Act::Restart(n) => restart_worker(desk, n),
        Act::Kill { worker: who, level } => kill(desk, who, level),
        Act::FailJournal => desk.handle(Input::JournalFailed),
        Act::Save(n) => save(desk, worker(n)),
        Act::SetLeverage(n) => desk.tell(VenueReport::LeverageSet {
            instrument: LINEAR,
            leverage: u32::from(n % 20) + 1,
            margin_mode: MarginMode::Cross,
        }),
        Act::Conjure(quantity) => conjure(desk, i64::from(quantity)),
    }
}

fn wish(desk: &Desk, act: Act) -> (WorkerId, Intent) {
    match act {
        Act::Open { worker: who, place: at, buy, size, stop } => {
            let instrument = place(at);
            let away = if buy { -20_000 } else { 20_000 };
            let stop_loss = stop.then(|| near(desk, instrument, away));
            let intent = Intent::Open {
                instrument,
                side: side(buy),
                sizing: Sizing::Quantity(Quantity(i64::from(size))),
                leverage: None,
                protection: Protection { stop_loss, ..Protection::NONE },
                confidence: None,
            };
            (worker(who), intent)
        }
        Act::Place { worker: who, tag, buy, size, offset } => {
            let intent = Intent::Place {
                tag: OrderTag(u64::from(tag)),
                instrument: LINEAR,
                side: side(buy),
                quantity: Quantity(i64::from(size)),
                price: near(desk, LINEAR, offset),
                time_in_force: TimeInForce::GoodTillCancelled,
                reduce_only: false,
                leverage: None,
            };
            (worker(who), intent)
        }
        Act::Close { worker: who, place: at, size } => {
            let quantity = (size > 0).then_some(Quantity(i64::from(size)));
            let (instrument, reason) = (place(at), ExitReason::ExitSignal);
            (worker(who), Intent::Close { instrument, quantity, reason })
        }
        Act::CancelAll { worker: who, place: at } => {
            (worker(who), Intent::CancelAll { instrument: place(at) })
        }
        other => unreachable!("{other:?} is no wish"),
    }
}

fn answer(desk: &mut Desk, act: Act, client_id: ClientOrderId) {
    let stands = matches!(act, Act::Lose(_) | Act::Ask(_));
    let report = match act {
        Act::Accept(_) => return desk.accept(client_id),
        Act::Reject(_, true) => {
            VenueReport::OrderRejected { client_id, reason: RejectReason::TriggerImmediately }
        }
        Act::Reject(_, false) => {
            VenueReport::OrderRejected { client_id, reason: RejectReason::RateLimitExceeded }
        }
        Act::End(_, true) => VenueReport::OrderCancelled { client_id },
        Act::End(_, false) => VenueReport::OrderExpired { client_id },
        Act::Lose(_) => VenueReport::SubmitOutcomeLost { client_id },
        Act::Ask(_) => {
            let report = desk.venue.open.iter().find(|it| it.client_id == client_id).cloned();
            VenueReport::OrderReported { client_id, report }
        }
        other => unreachable!("{other:?} is no answer"),
    };
    if !stands {
        desk.venue.forget(client_id);
    }
    desk.tell(report);
}

fn fill(desk: &mut Desk, n: u8, part: u8, offset: i16) {
    let Some(id) = order(desk, n) else {
        return;
    };
    let entry = &desk.order(id).order;
    let (instrument, left) = (entry.request.instrument, entry.remaining().0);
    let quantity = (left * (i64::from(part) + 1) / 256).max(1);
    let at = near(desk, instrument, offset);
    desk.fill(id, quantity, at);
}

/// The venue takes a part of a netted position away.
fn liquidate(desk: &mut Desk, instrument: InstrumentId, part: u8) {
    let keys = [PositionSide::Net, PositionSide::Long, PositionSide::Short];
    let positions = keys.map(|it| desk.account.state().position(instrument, it));
    let Some(position) = positions.iter().find(|it| !it.is_flat()) else {
        return;
    };
    if instrument == SPOT {
        return;
    }
    let quantity = (position.quantity.0.abs() * (i64::from(part) + 1) / 256).max(1);
    let side = if position.quantity.is_positive() { Side::Sell } else { Side::Buy };
    let at = near(desk, instrument, 0);
    desk.foreign_trade(instrument, side, quantity, at, FillReason::Liquidation);
}

fn fund(desk: &mut Desk, amount: i32) {
    let hedge = desk.account.state().settings.position_mode == PositionMode::Hedge;
    let side = match (hedge, amount > 0) {
        (false, _) => PositionSide::Net,
        (true, true) => PositionSide::Long,
        (true, false) => PositionSide::Short,
    };
    desk.fund(side, Amount(i128::from(amount)));
}

fn restart_worker(desk: &mut Desk, n: u8) {
    let policies = [StopPolicy::Keep, StopPolicy::CancelOrders, StopPolicy::ClosePositions];
    let policy = policies[n as usize / 3 % 3];
    desk.handle(Input::DetachWorker { worker: worker(n), policy });
    desk.attach(worker(n));
}

fn save(desk: &mut Desk, worker: WorkerId) {
    let known = &desk.account.state().workers[&worker];
    let (epoch, saved) = (known.epoch, Some((known.told, vec![1, 2, 3])));
    desk.handle(Input::Submit(WorkerCommand {
        worker,
        epoch,
        saved,
        decisions: Vec::new(),
        intents: Vec::new(),
    }));
}

/// The venue's position is not what it was, and nobody says why.
fn conjure(desk: &mut Desk, quantity: i64) {
    let hedge = desk.account.state().settings.position_mode == PositionMode::Hedge;
    let side = if hedge { PositionSide::Long } else { PositionSide::Net };
    let position = desk.venue.positions.entry((LINEAR, side)).or_default();
    let value = Amount(i128::from(quantity) * 5_000_000_000);
    position.quantity += Quantity(quantity);
    position.cost += value;
    if position.is_flat() {
        position.cost = Amount::ZERO;
    }
    desk.reconcile();
}

fn kill(desk: &mut Desk, who: Option<u8>, level: u8) {
    let levels = [
        KillLevel::None,
        KillLevel::PauseEntries,
        KillLevel::CancelAll,
        KillLevel::Flatten,
        KillLevel::Freeze,
    ];
    let scope = who.map_or(KillScope::Account, |n| KillScope::Worker(worker(n)));
    desk.handle(Input::SetKillLevel { scope, level: levels[level as usize] });
}

/// Says whether nobody holds anything of an instrument.
pub(crate) fn is_flat(desk: &Desk, instrument: InstrumentId) -> bool {
    desk.account.state().holders(instrument).next().is_none()
}

/// The workers' and everybody's shares of an instrument, added up.
pub(crate) fn held_in_total(desk: &Desk, instrument: InstrumentId) -> i64 {
    desk.account.state().holders(instrument).map(|(_, it)| it.quantity.0).sum()
}
