//! The remembered state of an account: the fold of its records, nothing else.
//!
//! `apply` is the only way to change it. It decides nothing: replaying a journal gives the same
//! state. What a restart may forget (prices, queries, timers) is not here.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::ids::{ClientOrderId, Epoch, IntentId, Sequence, TradeId, WorkerId};
use crate::instrument::{InstrumentId, Instruments};
use crate::intent::{ExitReason, OrderTag, Protection};
use crate::journal::{AccountEvent, Purpose, Record};
use crate::kill::KillLevel;
use crate::ledger::{Ledger, SubLedger};
use crate::money::{Amount, Quantity};
use crate::order::{Order, PositionSide};
use crate::position::Position;
use crate::terms::{AccountSettings, Arming, WorkerTerms};
use crate::time::Timestamp;
use crate::venue::MarginMode;
use crate::worker::WorkerEvent;

/// How many ended orders are remembered for late fills.
pub(super) const ENDED_ORDERS: usize = 2_048;
/// How many trade numbers of an instrument are remembered one by one.
pub(super) const SEEN_TRADES: usize = 4_096;

/// An order and what the account knows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountOrder {
    /// The order.
    pub order: Order,
    /// Whose it is.
    pub owner: SubLedger,
    /// The intent it comes from.
    pub intent: IntentId,
    /// The strategy's name for it.
    pub tag: Option<OrderTag>,
    /// What it is for.
    pub purpose: Purpose,
    /// The record that planned it.
    pub planned: Sequence,
    /// When it was planned.
    pub planned_at: Timestamp,
    /// When it last changed its state.
    pub changed_at: Timestamp,
    /// Whether it was to be cancelled; it is cancelled again if it turns out to stand.
    pub cancel_wanted: bool,
}

/// A worker as its account knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerState {
    /// Its latest epoch.
    pub epoch: Epoch,
    /// Whether commands of that epoch are taken.
    pub attached: bool,
    /// What it may do.
    pub terms: WorkerTerms,
    /// Its kill level.
    pub kill_level: KillLevel,
    /// The strategy state it saved last.
    pub saved: Option<Vec<u8>>,
    /// Number of the last event put into its inbox.
    pub told: Sequence,
    /// Events that its saved state does not include yet.
    pub inbox: VecDeque<WorkerEvent>,
    /// Counts the engine's own intents on its behalf.
    pub engine_intents: u32,
    /// Figures of its trading.
    pub totals: Totals,
    /// Its latest decision, where it makes decisions.
    #[serde(default)]
    pub decided: Option<ChainLink>,
}

/// What the next sealed decision of a worker follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    /// Number of the latest decision.
    pub number: u64,
    /// Its hash.
    pub hash: String,
}

/// Figures of one worker's trading, in the settle asset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Fills booked.
    pub fills: u64,
    /// Fills that made the position smaller.
    pub closing_fills: u64,
    /// Times that a position was closed completely.
    pub round_trips: u64,
    /// Profit of closed quantity, before fees.
    pub realized: Amount,
    /// Fees paid.
    pub fees: Amount,
    /// Funding received (positive) or paid.
    pub funding: Amount,
    /// Value of all fills.
    pub volume: Amount,
}

/// An exit at the market under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingExit {
    /// What is still to be closed.
    pub remaining: Quantity,
    /// Why.
    pub reason: ExitReason,
    /// The intent it comes from.
    pub intent: IntentId,
    /// Orders planned for it so far.
    pub attempts: u16,
}

/// Leverage and margin mode as the venue confirmed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leverage {
    /// The leverage.
    pub leverage: u32,
    /// The margin mode.
    pub margin_mode: MarginMode,
}

/// Equity figures that outlive a restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityMarks {
    /// Highest equity so far.
    pub high_water: Amount,
    /// Number of the UTC day that `day_start` belongs to.
    pub day: Option<i64>,
    /// Equity at the start of that day.
    pub day_start: Amount,
}

/// Trade numbers that were booked; each is booked once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTrades {
    floor: TradeId,
    seen: std::collections::BTreeSet<TradeId>,
}

impl SeenTrades {
    /// Says whether the trade was booked before. Numbers that fell out of the window count as
    /// booked: venues do not report trades that old anew.
    #[must_use]
    pub fn contains(&self, trade: TradeId) -> bool {
        trade <= self.floor || self.seen.contains(&trade)
    }

    /// Notes a trade as booked.
    pub fn insert(&mut self, trade: TradeId) {
        if trade <= self.floor {
            return;
        }
        self.seen.insert(trade);
        if self.seen.len() > SEEN_TRADES
            && let Some(oldest) = self.seen.pop_first()
        {
            self.floor = oldest;
        }
    }

    /// The highest number booked.
    #[must_use]
    pub fn highest(&self) -> TradeId {
        self.seen.last().copied().unwrap_or(self.floor)
    }
}

/// Everything an account remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountState {
    /// How it was opened.
    pub settings: AccountSettings,
    /// The last record included.
    pub sequence: Sequence,
    /// Counts engine starts.
    pub incarnation: u32,
    /// What the venue lists.
    pub instruments: Instruments,
    /// Money.
    pub ledger: Ledger,
    /// The account's positions as the venue keeps them.
    pub positions: BTreeMap<(InstrumentId, PositionSide), Position>,
    /// Each owner's part of them.
    pub shares: BTreeMap<(SubLedger, InstrumentId), Position>,
    /// Orders that are not ended.
    pub orders: BTreeMap<ClientOrderId, AccountOrder>,
    /// Orders that ended a while ago, oldest first.
    pub ended: VecDeque<AccountOrder>,
    /// Workers ever attached.
    pub workers: BTreeMap<WorkerId, WorkerState>,
    /// Promises about positions.
    pub protection: BTreeMap<(SubLedger, InstrumentId), Protection>,
    /// Exits under way.
    pub exits: BTreeMap<(SubLedger, InstrumentId), PendingExit>,
    /// Trades and fundings booked.
    pub seen: SeenTrades,
    /// Leverage where it was set.
    pub leverage: BTreeMap<InstrumentId, Leverage>,
    /// The account's kill level.
    pub kill_level: KillLevel,
    /// How far a live account may go; `None` when it is not armed.
    pub arming: Option<Arming>,
    /// Equity figures.
    pub equity: EquityMarks,
    /// Counts the engine's own intents for positions that no worker owns.
    pub engine_intents: u32,
    /// Venue time of the last snapshot that was compared.
    pub reconciled_at: Timestamp,
}

impl AccountState {
    /// An account about which nothing is known but its settings.
    #[must_use]
    pub fn new(settings: AccountSettings) -> Self {
        Self {
            settings,
            sequence: Sequence::default(),
            incarnation: 0,
            instruments: Instruments::default(),
            ledger: Ledger::default(),
            positions: BTreeMap::new(),
            shares: BTreeMap::new(),
            orders: BTreeMap::new(),
            ended: VecDeque::new(),
            workers: BTreeMap::new(),
            protection: BTreeMap::new(),
            exits: BTreeMap::new(),
            seen: SeenTrades::default(),
            leverage: BTreeMap::new(),
            kill_level: KillLevel::None,
            arming: None,
            equity: EquityMarks::default(),
            engine_intents: 0,
            reconciled_at: Timestamp::default(),
        }
    }

    /// The fold of a journal from its first record, which must be `AccountOpened`.
    #[must_use]
    pub fn replay<'r>(records: impl IntoIterator<Item = &'r Record>) -> Option<Self> {
        let mut records = records.into_iter().peekable();
        let AccountEvent::AccountOpened(settings) = &records.peek()?.event else {
            return None;
        };
        let mut state = Self::new((**settings).clone());
        state.apply_all(records);
        Some(state)
    }

    /// Takes in the records that follow.
    pub fn apply_all<'r>(&mut self, records: impl IntoIterator<Item = &'r Record>) {
        let mut told = Vec::new();
        for record in records {
            self.apply(record, &mut told);
            told.clear();
        }
    }

    /// The order with this id, ended ones included.
    #[must_use]
    pub fn order(&self, id: ClientOrderId) -> Option<&AccountOrder> {
        self.orders
            .get(&id)
            .or_else(|| self.ended.iter().rev().find(|entry| entry.order.request.client_id == id))
    }

    /// An owner's position; flat when there is none.
    #[must_use]
    pub fn share(&self, owner: SubLedger, instrument: InstrumentId) -> Position {
        self.shares.get(&(owner, instrument)).copied().unwrap_or_default()
    }

    /// The venue's position; flat when there is none.
    #[must_use]
    pub fn position(&self, instrument: InstrumentId, side: PositionSide) -> Position {
        self.positions.get(&(instrument, side)).copied().unwrap_or_default()
    }

    /// The orders of an owner on an instrument that are not ended.
    pub fn orders_of(
        &self,
        owner: SubLedger,
        instrument: InstrumentId,
    ) -> impl Iterator<Item = &AccountOrder> {
        self.orders.values().filter(move |entry| {
            entry.owner == owner && entry.order.request.instrument == instrument
        })
    }

    /// All owners that hold something of an instrument, with how much.
    pub fn holders(
        &self,
        instrument: InstrumentId,
    ) -> impl Iterator<Item = (SubLedger, Position)> + '_ {
        self.shares
            .iter()
            .filter(move |((_, held), position)| *held == instrument && !position.is_flat())
            .map(|((owner, _), position)| (*owner, *position))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn trades_are_seen_in_any_order() {
        let mut seen = SeenTrades::default();
        for trade in [5, 3, 9] {
            assert!(!seen.contains(TradeId(trade)));
            seen.insert(TradeId(trade));
            assert!(seen.contains(TradeId(trade)));
        }
        assert!(!seen.contains(TradeId(4)));
        assert_eq!(seen.highest(), TradeId(9));
    }

    #[test]
    fn the_oldest_numbers_become_a_floor() {
        let mut seen = SeenTrades::default();
        let many = 3 * SEEN_TRADES as u64;
        for trade in 1..=many {
            seen.insert(TradeId(trade * 2));
        }
        assert_eq!(seen.seen.len(), SEEN_TRADES);
        assert!(seen.contains(TradeId(2)) && seen.contains(TradeId(1)));
        assert!(!seen.contains(TradeId(many * 2 - 1)));
        assert_eq!(seen.highest(), TradeId(many * 2));
    }

    proptest! {
        #[test]
        fn nothing_booked_is_ever_forgotten(
            trades in prop::collection::vec(1_u64..20_000, 1..6_000)
        ) {
            let mut seen = SeenTrades::default();
            for trade in &trades {
                seen.insert(TradeId(*trade));
            }
            prop_assert!(trades.iter().all(|trade| seen.contains(TradeId(*trade))));
            prop_assert!(seen.seen.len() <= SEEN_TRADES);
        }
    }
}
