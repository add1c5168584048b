//! What each position of an account is worth now, for whoever shows it.
//!
//! Reads the account and changes nothing.

use super::{Account, AccountState};
use crate::instrument::InstrumentId;
use crate::ledger::SubLedger;
use crate::money::{Amount, Price, Quantity};
use crate::order::PositionSide;

/// One position and what it is worth, in the settle asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holding {
    /// Whose; `None` for the position of the account as the venue keeps it.
    pub owner: Option<SubLedger>,
    /// Where.
    pub instrument: InstrumentId,
    /// Which of the venue's positions; the net one for an owner's part.
    pub position_side: PositionSide,
    /// Signed quantity.
    pub quantity: Quantity,
    /// Value at the mark; not negative.
    pub notional: Amount,
    /// Average entry, where it is known.
    pub entry: Option<Price>,
    /// The price it is valued at.
    pub mark: Option<Price>,
    /// Leverage in force.
    pub leverage: u32,
    /// Margin bound.
    pub margin: Amount,
    /// Profit if it were closed at the mark.
    pub unrealized: Amount,
    /// Where the venue would liquidate it, if it would; only for the account's own positions.
    pub liquidation: Option<Price>,
}

impl Account {
    /// The account's positions as the venue keeps them.
    #[must_use]
    pub fn holdings(&self) -> Vec<Holding> {
        let positions = self.state.positions.iter();
        positions
            .filter_map(|((instrument, side), position)| {
                let holding = self.holding(None, *instrument, *side, position)?;
                let liquidation = self.liquidation_price(*instrument, *side);
                Some(Holding { liquidation, ..holding })
            })
            .collect()
    }

    /// Each owner's part of the account's positions.
    #[must_use]
    pub fn shares(&self) -> Vec<Holding> {
        let shares = self.state.shares.iter();
        shares
            .filter_map(|((owner, instrument), position)| {
                let side = self.state.position_side(position.quantity.is_positive());
                self.holding(Some(*owner), *instrument, side, position)
            })
            .collect()
    }
}

impl AccountState {
    /// The state as it is now, without what is only remembered for late reports and for workers
    /// that come back: what is left stays small however long the account has traded.
    #[must_use]
    pub fn without_past(&self) -> Self {
        let mut workers = self.workers.clone();
        for worker in workers.values_mut() {
            worker.saved = None;
            worker.inbox.clear();
        }
        Self {
            settings: self.settings.clone(),
            sequence: self.sequence,
            incarnation: self.incarnation,
            instruments: self.instruments.clone(),
            ledger: self.ledger.clone(),
            positions: self.positions.clone(),
            shares: self.shares.clone(),
            orders: self.orders.clone(),
            ended: std::collections::VecDeque::new(),
            workers,
            protection: self.protection.clone(),
            exits: self.exits.clone(),
            seen: super::SeenTrades::default(),
            leverage: self.leverage.clone(),
            kill_level: self.kill_level,
            arming: self.arming,
            equity: self.equity,
            engine_intents: self.engine_intents,
            reconciled_at: self.reconciled_at,
        }
    }
}
