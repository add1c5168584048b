//! What a start found: the difference between what the account remembered and what its venue told.
//!
//! Watches the records from the engine's start to the moment the account trades again. Decides
//! nothing.

use serde::{Deserialize, Serialize};

use super::state::AccountState;
use crate::ids::{AccountId, Sequence};
use crate::journal::{AccountEvent, Record};
use crate::order::Transition;
use crate::time::Timestamp;

/// How an account came back after a start of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryReport {
    /// Which account.
    pub account: AccountId,
    /// Counts starts of the engine.
    pub incarnation: u32,
    /// When the engine took the account over.
    pub started_at: Timestamp,
    /// When it traded again.
    pub ready_at: Timestamp,
    /// The last record that was remembered.
    pub remembered: Sequence,
    /// The last record when it traded again.
    pub sequence: Sequence,
    /// Positions that were remembered.
    pub positions: u32,
    /// Orders that were remembered as not ended.
    pub orders: u32,
    /// Trades that had happened and were booked now.
    pub missed_fills: u32,
    /// Funding payments that had happened and were booked now.
    pub missed_fundings: u32,
    /// Orders whose fate was unknown and was asked for.
    pub doubtful: u32,
    /// Of the orders remembered, those that never reached the venue.
    pub never_arrived: u32,
    /// Differences that nothing explains, adopted as the venue told them.
    pub adopted: u32,
    /// Positions when it traded again.
    pub positions_after: u32,
    /// Orders when it traded again.
    pub orders_after: u32,
}

/// A recovery under way.
#[derive(Debug)]
pub(super) struct Recovery(RecoveryReport);

impl Recovery {
    pub(super) fn begin(state: &AccountState, incarnation: u32, now: Timestamp) -> Self {
        Self(RecoveryReport {
            account: state.settings.id,
            incarnation,
            started_at: now,
            ready_at: now,
            remembered: state.sequence,
            sequence: state.sequence,
            positions: count(state.positions.len()),
            orders: count(state.orders.len()),
            missed_fills: 0,
            missed_fundings: 0,
            doubtful: 0,
            never_arrived: 0,
            adopted: 0,
            positions_after: 0,
            orders_after: 0,
        })
    }

    /// Takes in what was recorded meanwhile.
    pub(super) fn note(&mut self, record: &Record) {
        let report = &mut self.0;
        match &record.event {
            AccountEvent::FillBooked { .. } => report.missed_fills += 1,
            AccountEvent::FundingBooked { .. } => report.missed_fundings += 1,
            AccountEvent::SnapshotReconciled { adopted, .. } => report.adopted += adopted,
            AccountEvent::OrderAdvanced { transition, .. } => match transition {
                Transition::OutcomeLost => report.doubtful += 1,
                Transition::NotFound => report.never_arrived += 1,
                _ => {}
            },
            _ => {}
        }
    }

    pub(super) fn end(mut self, state: &AccountState, now: Timestamp) -> RecoveryReport {
        self.0.ready_at = now;
        self.0.sequence = state.sequence;
        self.0.positions_after = count(state.positions.len());
        self.0.orders_after = count(state.orders.len());
        self.0
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
