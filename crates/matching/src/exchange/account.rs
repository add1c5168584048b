//! One account: wallet, positions, open orders, and the arithmetic of a fill.
//!
//! The wallet holds everything, isolated margin included: that is an earmark on a position, not
//! money moved elsewhere. Knows nothing of books, prices or other accounts.

use std::collections::BTreeMap;

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::{Instrument, InstrumentId, InstrumentKind};
use banyan_core::money::{Amount, Quantity, Rounding};
use banyan_core::order::{OrderRequest, PositionSide, Side};
use banyan_core::position::Position;
use banyan_core::symbol::Asset;
use banyan_core::venue::{MarginMode, PositionMode, PositionReport};
use serde::{Deserialize, Serialize};

use super::history::History;
use super::open_order::{Held, OpenOrder, base_amount};
use super::settings::{AccountSettings, SelfTradePrevention};

/// One position and what open orders may add to it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Slot {
    /// The position.
    pub(super) position: Position,
    /// Earmarked margin, in isolated mode.
    pub(super) margin: Amount,
    /// Notional of open buys that may open or flip.
    pub(super) buys: Amount,
    /// Notional of open sells that may open or flip.
    pub(super) sells: Amount,
    /// Fees and opening losses set aside for those orders.
    pub(super) cash: Amount,
    /// Orders in the book that may only make the position smaller.
    pub(super) closers: Vec<ClientOrderId>,
}

/// What an account has in one contract.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Exposure {
    /// In which asset it is settled.
    pub(super) settle: Asset,
    /// Leverage.
    pub(super) leverage: u32,
    /// Margin mode.
    pub(super) margin_mode: MarginMode,
    slots: [Slot; 3],
}

const SIDES: [PositionSide; 3] = [PositionSide::Net, PositionSide::Long, PositionSide::Short];

impl Exposure {
    /// The slot of a position side.
    pub(super) fn slot(&self, side: PositionSide) -> &Slot {
        &self.slots[side as usize]
    }

    /// The slot of a position side.
    pub(super) fn slot_mut(&mut self, side: PositionSide) -> &mut Slot {
        &mut self.slots[side as usize]
    }

    /// All slots with their sides.
    pub(super) fn slots(&self) -> impl Iterator<Item = (PositionSide, &Slot)> {
        SIDES.into_iter().zip(&self.slots)
    }

    /// Says whether any position is open.
    pub(super) fn is_open(&self) -> bool {
        self.slots.iter().any(|slot| !slot.position.is_flat())
    }

    /// The initial margin of `value` at this leverage, rounded up.
    pub(super) fn initial_margin(&self, value: Amount) -> Amount {
        value.share(1, i128::from(self.leverage), Rounding::Up)
    }
}

/// One account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Account {
    /// Its name to the outside.
    pub(super) id: AccountId,
    /// One-way or hedge.
    pub(super) position_mode: PositionMode,
    /// What happens when it would trade with itself.
    pub(super) self_trade_prevention: SelfTradePrevention,
    margin_mode: MarginMode,
    default_leverage: u32,
    /// Wallet.
    pub(super) balances: BTreeMap<Asset, Amount>,
    /// What open spot orders will pay.
    pub(super) spot_holds: BTreeMap<Asset, Amount>,
    /// Contracts that were ever touched.
    pub(super) exposures: BTreeMap<InstrumentId, Exposure>,
    /// Open orders, waiting ones included.
    pub(super) open: BTreeMap<ClientOrderId, OpenOrder>,
    /// What it did.
    pub(super) history: History,
}

/// The asset that a spot order pays with.
pub(super) fn paid_asset(instrument: &Instrument, side: Side) -> &Asset {
    match side {
        Side::Buy => instrument.symbol.quote(),
        Side::Sell => instrument.symbol.base(),
    }
}

impl Account {
    /// Opens an account.
    pub(super) fn new(id: AccountId, settings: AccountSettings, keep_history: bool) -> Self {
        let mut account = Self {
            id,
            position_mode: settings.position_mode,
            self_trade_prevention: settings.self_trade_prevention,
            margin_mode: settings.margin_mode,
            default_leverage: settings.default_leverage,
            balances: BTreeMap::new(),
            spot_holds: BTreeMap::new(),
            exposures: BTreeMap::new(),
            open: BTreeMap::new(),
            history: History::new(keep_history),
        };
        for (asset, amount) in settings.balances {
            account.credit(&asset, amount);
        }
        account
    }

    /// The wallet balance of an asset.
    pub(super) fn balance(&self, asset: &Asset) -> Amount {
        self.balances.get(asset).copied().unwrap_or_default()
    }

    /// Adds a signed amount to the wallet.
    pub(super) fn credit(&mut self, asset: &Asset, amount: Amount) {
        add(&mut self.balances, asset, amount);
    }

    /// What open spot orders hold of an asset.
    pub(super) fn spot_held(&self, asset: &Asset) -> Amount {
        self.spot_holds.get(asset).copied().unwrap_or_default()
    }

    /// The exposure in a contract, made when it is first asked for.
    pub(super) fn exposure_mut(&mut self, instrument: &Instrument) -> &mut Exposure {
        let highest = instrument.max_leverage(Amount::ZERO).max(1);
        self.exposures.entry(instrument.id).or_insert_with(|| Exposure {
            settle: instrument.settle().clone(),
            leverage: self.default_leverage.clamp(1, highest),
            margin_mode: self.margin_mode,
            slots: Default::default(),
        })
    }

    /// The slot an order works on, if there ever was one.
    pub(super) fn slot(&self, instrument: InstrumentId, side: PositionSide) -> Option<&Slot> {
        self.exposures.get(&instrument).map(|exposure| exposure.slot(side))
    }

    /// The position on a side; flat when there is none.
    pub(super) fn position(&self, instrument: InstrumentId, side: PositionSide) -> Position {
        self.slot(instrument, side).map(|slot| slot.position).unwrap_or_default()
    }

    /// How much an order of `side` could make the position smaller.
    pub(super) fn reducible(
        &self,
        instrument: InstrumentId,
        position_side: PositionSide,
        side: Side,
    ) -> Quantity {
        let quantity = self.position(instrument, position_side).quantity;
        let against = Side::of(quantity) == Some(side.opposite());
        if against { quantity.abs() } else { Quantity::ZERO }
    }

    /// Changes what an order holds back.
    pub(super) fn change_held(
        &mut self,
        instrument: &Instrument,
        request: &OrderRequest,
        from: Held,
        to: Held,
    ) {
        if from == to {
            return;
        }
        if !instrument.is_contract() {
            let asset = paid_asset(instrument, request.side);
            return add(&mut self.spot_holds, asset, to.cash - from.cash);
        }
        let slot = self.exposure_mut(instrument).slot_mut(request.position_side);
        slot.cash += to.cash - from.cash;
        match request.side {
            Side::Buy => slot.buys += to.value - from.value,
            Side::Sell => slot.sells += to.value - from.value,
        }
    }

    /// Exchanges base and quote.
    pub(super) fn fill_spot(
        &mut self,
        instrument: &Instrument,
        side: Side,
        quantity: Quantity,
        value: Amount,
        fee: Amount,
    ) {
        let sign = i128::from(side.sign());
        let base = base_amount(instrument, quantity);
        self.credit(instrument.symbol.base(), Amount(sign * base.0));
        self.credit(instrument.symbol.quote(), Amount(-sign * value.0) - fee);
    }

    /// Books a fill of a contract and returns the fee that was really charged.
    ///
    /// The insurance fund pays what an account cannot: where the fill ends an isolated position
    /// with a loss beyond its margin, or leaves the cross balance below zero with no cross
    /// position open, the fee is lowered by the shortfall, below zero if need be.
    pub(super) fn fill_contract(
        &mut self,
        instrument: &Instrument,
        position_side: PositionSide,
        side: Side,
        (quantity, value): (Quantity, Amount),
        fee: Amount,
    ) -> Amount {
        let settle = instrument.settle();
        let spare = self.cross_balance(settle);
        let exposure = self.exposure_mut(instrument);
        let mode = exposure.margin_mode;
        let (realized, mut fee) = match mode {
            MarginMode::Cross => {
                let position = &mut exposure.slot_mut(position_side).position;
                (position.fill(instrument.kind, side, quantity, value).realized, fee)
            }
            MarginMode::Isolated => {
                let kind = instrument.kind;
                exposure.fill_isolated(kind, position_side, side, (quantity, value), fee, spare)
            }
        };
        self.credit(settle, realized - fee);
        let left = self.cross_balance(settle);
        if left.is_negative() && !self.has_cross_position(settle) {
            fee += left;
            self.credit(settle, -left);
        }
        fee
    }

    /// What of the wallet is not earmarked for an isolated position.
    pub(super) fn cross_balance(&self, asset: &Asset) -> Amount {
        let earmarked = |exposure: &Exposure| exposure.slots.iter().map(|slot| slot.margin).sum();
        let isolated: Amount = self.exposures_in(asset).map(|(_, it)| earmarked(it)).sum();
        self.balance(asset) - isolated
    }

    fn has_cross_position(&self, asset: &Asset) -> bool {
        self.exposures_in(asset)
            .any(|(_, exposure)| exposure.margin_mode == MarginMode::Cross && exposure.is_open())
    }

    /// The exposures that are settled in an asset.
    pub(super) fn exposures_in(
        &self,
        asset: &Asset,
    ) -> impl Iterator<Item = (InstrumentId, &Exposure)> {
        let settled = move |(id, exposure): (&InstrumentId, _)| (*id, exposure);
        self.exposures
            .iter()
            .map(settled)
            .filter(move |(_, it): &(_, &Exposure)| it.settle == *asset)
    }

    /// The open positions, as told to the account.
    pub(super) fn position_reports(&self) -> Vec<PositionReport> {
        let report = |instrument, (position_side, slot): (PositionSide, &Slot)| PositionReport {
            instrument,
            position_side,
            quantity: slot.position.quantity,
            cost: slot.position.cost,
        };
        self.exposures
            .iter()
            .flat_map(|(id, exposure)| exposure.slots().map(|slot| report(*id, slot)))
            .filter(|report| !report.quantity.is_zero())
            .collect()
    }
}

impl Exposure {
    /// Books a fill of an isolated position: what closes gives its share of the margin back, loss
    /// beyond the share eats the rest, and what opens takes initial margin out of `spare`.
    fn fill_isolated(
        &mut self,
        kind: InstrumentKind,
        position_side: PositionSide,
        side: Side,
        (quantity, value): (Quantity, Amount),
        mut fee: Amount,
        spare: Amount,
    ) -> (Amount, Amount) {
        let slot = self.slot_mut(position_side);
        let held = slot.position.quantity.abs();
        let cost_before = slot.position.cost.abs();
        let applied = slot.position.fill(kind, side, quantity, value);
        let mut freed = Amount::ZERO;
        if applied.closed.is_positive() {
            let parts = (i128::from(applied.closed.0), i128::from(held.0));
            freed = slot.margin.share(parts.0, parts.1, Rounding::Down);
            let short = (freed + applied.realized - fee).min(Amount::ZERO);
            if applied.closed == held {
                fee += short;
                slot.margin = Amount::ZERO;
            } else {
                slot.margin += short - freed;
            }
        }
        let flipped = applied.closed.is_positive() && quantity > applied.closed;
        let opened = match (applied.closed.is_zero(), flipped) {
            (true, _) => slot.position.cost.abs() - cost_before,
            (false, true) => slot.position.cost.abs(),
            (false, false) => Amount::ZERO,
        };
        let payable = (spare + freed + applied.realized - fee).max(Amount::ZERO);
        let margin = self.initial_margin(opened).min(payable);
        self.slot_mut(position_side).margin += margin;
        (applied.realized, fee)
    }
}

fn add(amounts: &mut BTreeMap<Asset, Amount>, asset: &Asset, change: Amount) {
    match amounts.get_mut(asset) {
        Some(amount) => *amount += change,
        None => {
            amounts.insert(asset.clone(), change);
        }
    }
}
