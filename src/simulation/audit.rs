//! Holds our books against the venue's own: what must agree once everything has come to rest.
//!
//! Pure: it is handed both sides, and knows neither how they were had nor who asks.

use std::collections::{BTreeMap, BTreeSet};

use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, TradeId};
use banyan_core::instrument::InstrumentId;
use banyan_core::journal::{AccountEvent, Purpose, Record};
use banyan_core::ledger::{Bucket, SubLedger};
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::PositionSide;
use banyan_core::time::Timestamp;
use banyan_core::venue::{FillReport, FundingReport, OrderReport, Snapshot};
use banyan_matching::world::World;
use serde::{Deserialize, Serialize};

/// What the venue has in its books about one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenueBooks {
    /// Which account.
    pub account: AccountId,
    /// What there is.
    pub snapshot: Snapshot,
    /// All its fills.
    pub fills: Vec<FillReport>,
    /// All its fundings.
    pub fundings: Vec<FundingReport>,
}

impl VenueBooks {
    /// Reads the books of an account; `None` when it is not open. Fills are whole where the
    /// exchange keeps its history.
    #[must_use]
    pub fn of(world: &World, account: AccountId, now: Timestamp) -> Option<Self> {
        let exchange = world.exchange();
        Some(Self {
            account,
            snapshot: exchange.snapshot(account, now, now)?,
            fills: exchange.fills(account).to_vec(),
            fundings: exchange.fundings(account).to_vec(),
        })
    }
}

/// Every trade and funding of the venue is in the journal exactly once, whole, and nothing else.
pub fn compare_trades(records: &[Record], venue: &VenueBooks, differences: &mut Vec<String>) {
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
pub fn compare_money(state: &AccountState, venue: &VenueBooks, differences: &mut Vec<String>) {
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
    let netting = SubLedger::Netting;
    let rest = state.ledger.balance(netting, Bucket::Wallet, settle);
    if state.positions.is_empty() && state.shares.is_empty() && rest != Amount::ZERO {
        differences.push(format!("all is flat, and the netting account holds {rest}"));
    }
}

fn position_only_there(instrument: InstrumentId, side: PositionSide, quantity: Quantity) -> String {
    format!("{instrument:?} {side:?}: the venue holds {} that nobody knows of", quantity.0)
}

/// The books know exactly the orders of ours that stand.
pub fn compare_orders(state: &AccountState, venue: &VenueBooks, differences: &mut Vec<String>) {
    let ours: BTreeSet<_> = state.orders.keys().copied().collect();
    let open = venue.snapshot.open_orders.iter().map(|it| it.client_id);
    let theirs: BTreeSet<_> = open.filter(|id| id.is_ours()).collect();
    for id in ours.symmetric_difference(&theirs) {
        let state = state.orders.get(id).map(|it| it.order.state);
        differences
            .push(format!("order {id} is {state:?} here, open there: {}", theirs.contains(id)));
    }
}

/// Positions that lack the stop they were promised at the venue: owner, instrument, what is held
/// and what its stops would close. What is on its way out needs none any more.
pub fn unprotected(
    state: &AccountState,
    open_orders: &[OrderReport],
    price: impl Fn(InstrumentId) -> Option<Price>,
) -> Vec<(SubLedger, InstrumentId, Quantity, Quantity)> {
    let mut bare = Vec::new();
    for ((owner, instrument), promise) in &state.protection {
        let held = state.share(*owner, *instrument).quantity.abs();
        let leaving = state.exits.contains_key(&(*owner, *instrument));
        let dust = is_dust(state, *instrument, held, price(*instrument));
        if !promise.has_stop() || held.is_zero() || leaving || dust {
            continue;
        }
        let stops = covered(state, open_orders, *owner, *instrument);
        if stops < held {
            bare.push((*owner, *instrument, held, stops));
        }
    }
    bare
}

/// Spot below the least notional can neither be sold nor protected.
pub(super) fn is_dust(
    state: &AccountState,
    instrument: InstrumentId,
    held: Quantity,
    price: Option<Price>,
) -> bool {
    let listed = state.instruments.get(instrument).filter(|it| !it.is_contract());
    listed.zip(price).is_some_and(|(it, price)| it.notional(price, held) < it.filters.min_notional)
}

/// The quantity that an owner's stops at the venue would close.
pub(super) fn covered(
    state: &AccountState,
    open_orders: &[OrderReport],
    owner: SubLedger,
    instrument: InstrumentId,
) -> Quantity {
    let ours = |report: &&OrderReport| {
        state.orders_of(owner, instrument).any(|it| {
            it.order.request.client_id == report.client_id
                && matches!(it.purpose, Purpose::StopLoss | Purpose::TrailingStop)
        })
    };
    open_orders.iter().filter(ours).map(|it| it.request.quantity - it.filled).sum()
}
