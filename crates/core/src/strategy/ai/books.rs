//! What the strategy knows of its own trading: what it holds, earned, and how its trades ended.
//!
//! Kept from what its account tells; decides nothing.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::decision::{ClosedTrade, DecisionId};
use crate::instrument::InstrumentId;
use crate::intent::{ExitReason, Protection};
use crate::money::{Amount, Price};
use crate::order::Side;
use crate::prompt::Held;
use crate::time::Timestamp;
use crate::worker::{WorkerEvent, WorkerNotice, WorkerView};

/// Closed trades that are remembered.
const REMEMBERED: usize = 10;

/// Its own trading.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Books {
    /// Earned, fees and funding included.
    pub(super) realized: Amount,
    /// Fees paid.
    pub(super) fees: Amount,
    /// What is known of each position beside its size.
    pub(super) held: BTreeMap<InstrumentId, Held>,
    /// Newest first.
    pub(super) closed: VecDeque<ClosedTrade>,
    trades: BTreeMap<InstrumentId, OpenTrade>,
    wished: BTreeMap<InstrumentId, Wished>,
}

/// A trade that is not over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct OpenTrade {
    side: Side,
    pnl: Amount,
    decision: Option<DecisionId>,
    price_then: Option<Price>,
}

/// An entry that was wished and has not been filled yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wished {
    decision: DecisionId,
    leverage: u32,
    price: Option<Price>,
}

/// A trade that has just ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ended {
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) decision: Option<DecisionId>,
    pub(super) price_then: Option<Price>,
    pub(super) exit_price: Price,
    pub(super) pnl: Amount,
    pub(super) reason: ExitReason,
}

impl Books {
    /// Notes that an entry was wished, at which price and leverage.
    pub(super) fn wished(
        &mut self,
        instrument: InstrumentId,
        decision: DecisionId,
        leverage: u32,
        price: Option<Price>,
    ) {
        self.wished.insert(instrument, Wished { decision, leverage, price });
    }

    /// Takes in what the account tells; the trade that this ended, if it did.
    pub(super) fn hear(&mut self, event: &WorkerEvent, view: &WorkerView<'_>) -> Option<Ended> {
        match &event.notice {
            WorkerNotice::OrderFilled {
                instrument,
                side,
                price,
                fee,
                realized,
                exit,
                position,
                ..
            } => {
                self.fees += *fee;
                self.earn(*instrument, *realized - *fee);
                if exit.is_none() {
                    self.entered(*instrument, *side, *realized - *fee, event.time);
                }
                let over = position.is_flat();
                over.then(|| self.left(*instrument, *price, *exit, event.time, view)).flatten()
            }
            WorkerNotice::FundingBooked { instrument, amount } => {
                self.earn(*instrument, *amount);
                None
            }
            WorkerNotice::ProtectionSet { instrument, protection } => {
                self.protected(*instrument, *protection);
                None
            }
            WorkerNotice::IntentDenied { .. } | WorkerNotice::OrderUpdated { .. } => None,
        }
    }

    fn earn(&mut self, instrument: InstrumentId, amount: Amount) {
        self.realized += amount;
        if let Some(trade) = self.trades.get_mut(&instrument) {
            trade.pnl += amount;
        }
    }

    /// A first fill begins a trade; its costs are the trade's.
    fn entered(&mut self, instrument: InstrumentId, side: Side, costs: Amount, time: Timestamp) {
        let wished = self.wished.remove(&instrument);
        let leverage = wished.as_ref().map(|it| it.leverage);
        let held = self.held.entry(instrument).or_insert_with(|| Held {
            leverage: leverage.unwrap_or(1),
            stop_loss: None,
            take_profit: None,
            opened_at: Some(time),
        });
        held.leverage = leverage.unwrap_or(held.leverage);
        held.opened_at.get_or_insert(time);
        self.trades.entry(instrument).or_insert_with(|| OpenTrade {
            side,
            pnl: costs,
            decision: wished.as_ref().map(|it| it.decision),
            price_then: wished.and_then(|it| it.price),
        });
    }

    fn protected(&mut self, instrument: InstrumentId, protection: Protection) {
        let held = self.held.entry(instrument).or_insert(Held {
            leverage: 1,
            stop_loss: None,
            take_profit: None,
            opened_at: None,
        });
        (held.stop_loss, held.take_profit) = (protection.stop_loss, protection.take_profit);
    }

    fn left(
        &mut self,
        instrument: InstrumentId,
        price: Price,
        exit: Option<ExitReason>,
        time: Timestamp,
        view: &WorkerView<'_>,
    ) -> Option<Ended> {
        self.held.remove(&instrument);
        let trade = self.trades.remove(&instrument)?;
        let listed = view.instruments.get(instrument)?;
        let reason = exit.unwrap_or(ExitReason::ExitSignal);
        self.closed.push_front(ClosedTrade {
            symbol: listed.symbol.clone(),
            side: trade.side,
            exit_price: price.to_decimal(listed.price_decimals),
            pnl: trade.pnl,
            reason: reason.name().to_owned(),
            closed_at: time,
        });
        self.closed.truncate(REMEMBERED);
        Some(Ended {
            instrument,
            side: trade.side,
            decision: trade.decision,
            price_then: trade.price_then,
            exit_price: price,
            pnl: trade.pnl,
            reason,
        })
    }
}
