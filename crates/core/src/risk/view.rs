//! What review may look at: one account as seen from one worker and one instrument.
//!
//! Built by the account for each intent from numbers it keeps up to date; nothing here is
//! computed from history.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::instrument::Instrument;
use crate::kill::KillLevel;
use crate::market::MarketView;
use crate::money::{Amount, Price, Quantity, Rate};
use crate::order::Side;
use crate::position::Position;
use crate::time::Timestamp;

use super::Arming;

/// The state of the world for one review.
#[derive(Debug, Clone)]
pub struct RiskView<'a> {
    /// Venue time of the review.
    pub now: Timestamp,
    /// The instrument, with the filters of the moment.
    pub instrument: &'a Instrument,
    /// Its prices.
    pub market: MarketView,
    /// Its average true range, where known.
    pub average_true_range: Option<Price>,

    /// Whether the account has reconciled with its venue.
    pub ready: bool,
    /// Whether the journal takes records.
    pub journal_available: bool,
    /// The stricter of the account's and the worker's kill level.
    pub kill_level: KillLevel,
    /// What a live account may do; `None` for paper and testnet, which need no leave.
    pub live: Option<LiveLeave>,

    /// Equity of the worker: its capital and what it earned.
    pub worker_equity: Amount,
    /// Margin bound by the worker's positions and entry orders.
    pub worker_margin: Amount,
    /// The worker's own position in the instrument.
    pub worker_position: Position,
    /// The worker's entry orders in the instrument that may still fill, signed.
    pub worker_pending: Quantity,
    /// What the worker's own resting exit orders in the instrument would still close.
    pub worker_exiting: Quantity,
    /// Whether an exit at the market was tried before and did not get through.
    pub exit_failed_before: bool,
    /// How many instruments the worker holds or is entering.
    pub worker_positions: u32,
    /// Orders the worker sent within the last minute.
    pub worker_recent_orders: u32,
    /// Open orders of the worker.
    pub worker_open_orders: u32,

    /// Equity of the account: wallet and unrealized profit.
    pub account_equity: Amount,
    /// Margin bound by all positions and entry orders of the account.
    pub account_margin: Amount,
    /// Maintenance margin of all positions of the account.
    pub account_maintenance: Amount,
    /// The account's net position in the instrument.
    pub account_position: Position,
    /// Fall below the high-water mark, 0 to 1.
    pub drawdown: Rate,
    /// Loss since 00:00 UTC per equity then, 0 when there is a gain.
    pub daily_loss: Rate,
    /// The leverage at which the venue margins the instrument.
    pub leverage: u32,
    /// Whether the venue's leverage can still be changed (nothing held or resting there).
    pub leverage_is_free: bool,

    /// The side held or being entered by others on a one-way account.
    pub others_side: Option<Side>,
    /// Highest price at which an order of the account buys.
    pub own_best_bid: Option<Price>,
    /// Lowest price at which an order of the account sells.
    pub own_best_ask: Option<Price>,
}

/// What a live account may do at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveLeave {
    /// Whether the engine's settings allow live trading.
    pub allowed: bool,
    /// How far its owner armed it; `None` when it is not armed.
    pub arming: Option<Arming>,
    /// What positions and entry orders are worth now.
    pub notional: Amount,
    /// Loss since 00:00 UTC; zero when there is a gain.
    pub lost_today: Amount,
}

/// A view that is kept, so that the same review can be made again, with other limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each field is the one of the same name in `RiskView`")]
pub struct KeptView {
    pub now: Timestamp,
    pub instrument: Arc<Instrument>,
    pub market: MarketView,
    pub average_true_range: Option<Price>,
    pub ready: bool,
    pub journal_available: bool,
    pub kill_level: KillLevel,
    pub live: Option<LiveLeave>,
    pub worker_equity: Amount,
    pub worker_margin: Amount,
    pub worker_position: Position,
    pub worker_pending: Quantity,
    pub worker_exiting: Quantity,
    pub exit_failed_before: bool,
    pub worker_positions: u32,
    pub worker_recent_orders: u32,
    pub worker_open_orders: u32,
    pub account_equity: Amount,
    pub account_margin: Amount,
    pub account_maintenance: Amount,
    pub account_position: Position,
    pub drawdown: Rate,
    pub daily_loss: Rate,
    pub leverage: u32,
    pub leverage_is_free: bool,
    pub others_side: Option<Side>,
    pub own_best_bid: Option<Price>,
    pub own_best_ask: Option<Price>,
}

impl KeptView {
    /// Keeps a view.
    #[must_use]
    pub fn of(view: &RiskView<'_>) -> Self {
        Self {
            now: view.now,
            instrument: Arc::new(view.instrument.clone()),
            market: view.market,
            average_true_range: view.average_true_range,
            ready: view.ready,
            journal_available: view.journal_available,
            kill_level: view.kill_level,
            live: view.live,
            worker_equity: view.worker_equity,
            worker_margin: view.worker_margin,
            worker_position: view.worker_position,
            worker_pending: view.worker_pending,
            worker_exiting: view.worker_exiting,
            exit_failed_before: view.exit_failed_before,
            worker_positions: view.worker_positions,
            worker_recent_orders: view.worker_recent_orders,
            worker_open_orders: view.worker_open_orders,
            account_equity: view.account_equity,
            account_margin: view.account_margin,
            account_maintenance: view.account_maintenance,
            account_position: view.account_position,
            drawdown: view.drawdown,
            daily_loss: view.daily_loss,
            leverage: view.leverage,
            leverage_is_free: view.leverage_is_free,
            others_side: view.others_side,
            own_best_bid: view.own_best_bid,
            own_best_ask: view.own_best_ask,
        }
    }

    /// The view again.
    #[must_use]
    pub fn view(&self) -> RiskView<'_> {
        RiskView {
            now: self.now,
            instrument: &self.instrument,
            market: self.market,
            average_true_range: self.average_true_range,
            ready: self.ready,
            journal_available: self.journal_available,
            kill_level: self.kill_level,
            live: self.live,
            worker_equity: self.worker_equity,
            worker_margin: self.worker_margin,
            worker_position: self.worker_position,
            worker_pending: self.worker_pending,
            worker_exiting: self.worker_exiting,
            exit_failed_before: self.exit_failed_before,
            worker_positions: self.worker_positions,
            worker_recent_orders: self.worker_recent_orders,
            worker_open_orders: self.worker_open_orders,
            account_equity: self.account_equity,
            account_margin: self.account_margin,
            account_maintenance: self.account_maintenance,
            account_position: self.account_position,
            drawdown: self.drawdown,
            daily_loss: self.daily_loss,
            leverage: self.leverage,
            leverage_is_free: self.leverage_is_free,
            others_side: self.others_side,
            own_best_bid: self.own_best_bid,
            own_best_ask: self.own_best_ask,
        }
    }
}
