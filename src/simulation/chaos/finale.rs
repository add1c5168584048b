//! The end of a run: faults stop, workers stop, and the books are held against the venue's own.

use std::collections::{BTreeMap, BTreeSet};

use banyan_core::account::{Account, AccountState, Phase};
use banyan_core::ids::{AccountId, TradeId};
use banyan_core::journal::AccountEvent;
use banyan_core::kill::KillLevel;
use banyan_core::money::{Amount, Quantity};
use banyan_core::order::PositionSide;
use banyan_core::terms::StopPolicy;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{FillReport, FundingReport, Snapshot};
use banyan_matching::faults::FaultSettings;

use super::run::Theatre;
use super::script::Action;
use crate::actors::AccountView;

/// Faults under way last at most this long; then everything must come to agree.
const FAULTS_END: Span = Span::seconds(120);
/// How long the engine may take to come to terms with the venue after that.
const CONVERGENCE: Span = Span::seconds(120);
/// How often the books are compared before a difference counts: a fill may be under way.
const ATTEMPTS: usize = 5;

/// What the venue has in its books about one account.
struct VenueBooks {
    account: AccountId,
    snapshot: Snapshot,
    fills: Vec<FillReport>,
    fundings: Vec<FundingReport>,
}

/// Brings the run to rest and compares. Returns the number of fills at the venue.
pub(super) async fn compare(theatre: &mut Theatre) -> u64 {
    theatre.stage.set_faults(FaultSettings::none()).await;
    theatre.act(Action::JournalFails(false)).await;
    for account in 0..theatre.cast.accounts.len() {
        theatre.set_kill_level(account, KillLevel::None);
    }
    let mut now = theatre.stage.clock.now() + FAULTS_END;
    theatre.watch_until(now).await;
    for worker in 0..theatre.cast.workers.len() {
        theatre.act(Action::StopWorker(worker, StopPolicy::CancelOrders)).await;
    }
    now = now + CONVERGENCE;
    theatre.watch_until(now).await;
    let mut found = (0, Vec::new());
    for _ in 0..ATTEMPTS {
        found = compare_once(theatre).await;
        if found.1.is_empty() {
            break;
        }
        now = now + Span::seconds(7);
        theatre.watch_until(now).await;
    }
    for difference in found.1 {
        theatre.checker.borrow_mut().violation(now, difference);
    }
    found.0
}

async fn compare_once(theatre: &Theatre) -> (u64, Vec<String>) {
    let ids: Vec<AccountId> = theatre.cast.accounts.iter().map(|it| it.settings.id).collect();
    let venue = theatre.stage.inspect(move |world, now| venue_books(world, &ids, now)).await;
    let venue = venue.unwrap_or_default();
    let status = theatre.stage.status().await.unwrap_or_default();
    let mut checker = theatre.checker.borrow_mut();
    checker.catch_up();
    let mut differences = Vec::new();
    for books in &venue {
        let live = status.accounts.iter().find(|it| it.state.settings.id == books.account);
        let durable = checker.books.get(&books.account);
        let (Some(live), Some(durable)) = (live, durable) else {
            differences.push(format!("account {} is not there", books.account));
            continue;
        };
        let records = theatre.stage.store.records(books.account);
        compare_trades(&records, books, &mut differences);
        compare_money(durable, books, &mut differences);
        compare_orders(live, books, &mut differences);
        compare_memory(live, durable, &records, &mut differences);
    }
    (venue.iter().map(|it| it.fills.len() as u64).sum(), differences)
}

fn venue_books(
    world: &banyan_matching::world::World,
    ids: &[AccountId],
    now: Timestamp,
) -> Vec<VenueBooks> {
    let exchange = world.exchange();
    let of = |account: &AccountId| {
        Some(VenueBooks {
            account: *account,
            snapshot: exchange.snapshot(*account, now, now)?,
            fills: exchange.fills(*account).to_vec(),
            fundings: exchange.fundings(*account).to_vec(),
        })
    };
    ids.iter().filter_map(of).collect()
}

/// Every trade and funding of the venue is in the journal exactly once, whole, and nothing else.
fn compare_trades(
    records: &[banyan_core::journal::Record],
    venue: &VenueBooks,
    differences: &mut Vec<String>,
) {
    let mut booked: BTreeMap<TradeId, (u32, Quantity)> = BTreeMap::new();
    let mut transfers = 0;
    for record in records {
        match &record.event {
            AccountEvent::FillBooked { fill, shares, .. } => {
                let entry = booked.entry(fill.trade_id).or_default();
                entry.0 += 1;
                entry.1 = shares.iter().map(|share| share.quantity).sum();
            }
            AccountEvent::FundingBooked { funding, .. } => {
                booked.entry(funding.id).or_default().0 += 1;
            }
            AccountEvent::TransferBooked { .. } => transfers += 1,
            AccountEvent::PositionAdopted { difference } => {
                differences.push(format!("a position was adopted: {difference:?}"));
            }
            _ => {}
        }
    }
    // The first is the deposit that every account begins with.
    if transfers > 1 {
        differences.push(format!("{} balances were adjusted", transfers - 1));
    }
    let mut known = BTreeSet::new();
    for fill in &venue.fills {
        known.insert(fill.trade_id);
        match booked.get(&fill.trade_id) {
            Some((1, quantity)) if *quantity == fill.quantity => {}
            Some((1, quantity)) => differences.push(format!(
                "trade {} of {} was shared out as {}",
                fill.trade_id, fill.quantity.0, quantity.0
            )),
            other => {
                let times = other.map_or(0, |it| it.0);
                differences.push(format!("trade {} was booked {times} times", fill.trade_id));
            }
        }
    }
    for funding in &venue.fundings {
        known.insert(funding.id);
        let times = booked.get(&funding.id).map_or(0, |it| it.0);
        if times != 1 {
            differences.push(format!("funding {} was booked {times} times", funding.id));
        }
    }
    for id in booked.keys().filter(|id| !known.contains(id)) {
        differences.push(format!("trade {id} is booked, and the venue does not know it"));
    }
}

/// Wallets and positions agree to the last digit, and the owners' parts add up to them.
fn compare_money(state: &AccountState, venue: &VenueBooks, differences: &mut Vec<String>) {
    let told: BTreeMap<_, _> = venue.snapshot.balances.iter().cloned().collect();
    for (asset, ours) in state.ledger.wallets() {
        let theirs = told.get(asset).copied().unwrap_or_default();
        if *ours != theirs {
            differences.push(format!("{asset}: the books say {ours}, the venue {theirs}"));
        }
    }
    for (asset, theirs) in &told {
        if state.ledger.wallet(asset) != *theirs {
            differences.push(format!("{asset}: the venue holds {theirs}"));
        }
    }
    let mut theirs = BTreeMap::new();
    for it in &venue.snapshot.positions {
        theirs.insert((it.instrument, it.position_side), (it.quantity, it.cost));
    }
    let mut shares: BTreeMap<_, Quantity> = BTreeMap::new();
    for ((_, instrument), position) in &state.shares {
        *shares.entry(*instrument).or_default() += position.quantity;
    }
    let mut nets: BTreeMap<_, Quantity> = BTreeMap::new();
    for ((instrument, side), position) in &state.positions {
        *nets.entry(*instrument).or_default() += position.quantity;
        let is_contract = state.instruments.get(*instrument).is_some_and(|it| it.is_contract());
        let venue = theirs.remove(&(*instrument, *side));
        let ours = (position.quantity, position.cost);
        if is_contract && venue != Some(ours) {
            differences.push(format!("{instrument:?} {side:?}: ours {ours:?}, venue {venue:?}"));
        }
    }
    // Owners on both sides may cancel out to nothing.
    shares.retain(|_, quantity| !quantity.is_zero());
    nets.retain(|_, quantity| !quantity.is_zero());
    for ((instrument, side), (quantity, _)) in theirs {
        differences.push(position_only_there(instrument, side, quantity));
    }
    if shares != nets {
        differences.push(format!("the owners hold {shares:?}, the account {nets:?}"));
    }
    let settle = &state.settings.settle;
    let netting = banyan_core::ledger::SubLedger::Netting;
    let rest = state.ledger.balance(netting, banyan_core::ledger::Bucket::Wallet, settle);
    if state.positions.is_empty() && state.shares.is_empty() && rest != Amount::ZERO {
        differences.push(format!("all is flat, and the netting account holds {rest}"));
    }
}

fn position_only_there(
    instrument: banyan_core::instrument::InstrumentId,
    side: PositionSide,
    quantity: Quantity,
) -> String {
    format!("{instrument:?} {side:?}: the venue holds {} that nobody knows of", quantity.0)
}

/// The engine has come to rest, and knows exactly the orders that stand.
fn compare_orders(live: &AccountView, venue: &VenueBooks, differences: &mut Vec<String>) {
    if live.phase != Phase::Ready {
        differences.push(format!("the account is {:?}", live.phase));
    }
    let ours: BTreeSet<_> = live.state.orders.keys().copied().collect();
    let theirs: BTreeSet<_> = venue
        .snapshot
        .open_orders
        .iter()
        .map(|it| it.client_id)
        .filter(|id| id.is_ours())
        .collect();
    for id in ours.symmetric_difference(&theirs) {
        let state = live.state.orders.get(id).map(|it| it.order.state);
        differences
            .push(format!("order {id} is {state:?} here, open there: {}", theirs.contains(id)));
    }
}

/// What lives is what the journal would bring back.
fn compare_memory(
    live: &AccountView,
    durable: &AccountState,
    records: &[banyan_core::journal::Record],
    differences: &mut Vec<String>,
) {
    if live.state != *durable {
        differences.push("the journal does not bring back what lives".to_owned());
    }
    let replayed = Account::replay(records);
    if replayed.is_none_or(|account| account.state() != durable) {
        differences.push("two replays of the journal differ".to_owned());
    }
}
