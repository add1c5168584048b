//! What the benches trade: one account, one worker, one market that swings, and a venue that
//! answers every order at once and fills it.
//!
//! The market's close goes up and down by turns, so that the averages of the strategy cross at
//! every candle and every candle makes an order: an entry, then the exit, then an entry again.

#![allow(dead_code, reason = "each bench is a program of its own and uses a part of this")]

use banyan_core::ids::{AccountId, TradeId, UserId, VenueOrderId, WorkerId};
use banyan_core::instrument::{Instrument, InstrumentId, Instruments};
use banyan_core::market::{Candle, MarketData, MarketEvent};
use banyan_core::money::{Amount, Price, Quantity, Rounding};
use banyan_core::order::{OrderRequest, Side};
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::StrategyConfig;
use banyan_core::strategy::config::EmaCrossConfig;
use banyan_core::symbol::Asset;
use banyan_core::terms::{AccountMode, AccountSettings, WorkerTerms};
use banyan_core::time::{Span, Timeframe, Timestamp};
use banyan_core::venue::{
    FillReason, FillReport, Liquidity, MarginMode, PositionMode, Snapshot, VenueCommand,
    VenueReport,
};
use banyan_matching::listing::well_known;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: Timestamp = Timestamp::from_milliseconds(1_767_225_600_000);
pub(crate) const BTC: InstrumentId = InstrumentId(0);
pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(1);
pub(crate) const WORKER: WorkerId = WorkerId::from_u128(2);
/// What the account starts with, and what the worker may use.
const CAPITAL: Amount = Amount::from_units(1_000_000);
/// In cents.
const BID: Price = Price(4_999_990);
const ASK: Price = Price(5_000_010);
const LOW: Price = Price(4_995_000);
const HIGH: Price = Price(5_005_000);

pub(crate) fn usdt() -> Asset {
    Asset::new("USDT").expect("an asset code")
}

/// The BTC perpetual, priced in cents, as the embedded exchange lists it.
pub(crate) fn bitcoin() -> Instrument {
    let symbol = "BTC/USDT:USDT".parse().expect("a symbol");
    well_known(BTC, &symbol).expect("the embedded exchange lists it")
}

pub(crate) fn listing() -> Instruments {
    Instruments::new([bitcoin()])
}

pub(crate) fn account_settings() -> AccountSettings {
    AccountSettings {
        id: ACCOUNT,
        tenant: UserId::from_u128(3),
        mode: AccountMode::Paper,
        position_mode: PositionMode::OneWay,
        margin_mode: MarginMode::Cross,
        settle: usdt(),
        default_leverage: 1,
        // The venue of the benches can tell its books only once.
        reconcile_every: Span::minutes(10 * 365 * 24 * 60),
        request_expiry: Span::seconds(5),
    }
}

pub(crate) fn worker_terms() -> WorkerTerms {
    let limits = RiskLimits {
        // Orders come as fast as they can be made.
        max_orders_per_minute: u32::MAX,
        ..RiskLimits::for_parameters()
    };
    WorkerTerms {
        strategy_version: 1,
        instruments: vec![BTC],
        capital: CAPITAL,
        limits,
        told_of_funding_and_protection: false,
    }
}

/// Averages so short that every turn of the market crosses them.
pub(crate) fn strategy_config() -> StrategyConfig {
    StrategyConfig::EmaCross(EmaCrossConfig {
        fast_period: 2,
        slow_period: 3,
        order_amount: 500.into(),
        timeframe: Timeframe::OneMinute,
        leverage: 1.into(),
        stop_loss_percent: 0.into(),
        allow_short: false,
    })
}

/// Says whether the candle with this number makes the strategy enter; if not, it leaves.
pub(crate) const fn enters(number: i64) -> bool {
    number % 2 != 0
}

/// The minute with this number: every other one closes high.
pub(crate) fn candle(number: i64) -> Candle {
    let close = if enters(number) { HIGH } else { LOW };
    Candle {
        open_time: START + Span::minutes(number),
        open: close,
        high: close,
        low: close,
        close,
        volume: Quantity(1_000),
    }
}

pub(crate) fn candle_closed(number: i64, time: Timestamp) -> MarketEvent {
    let (timeframe, candle) = (Timeframe::OneMinute, candle(number));
    let data = MarketData::CandleClosed { timeframe, candle };
    MarketEvent { time, instrument: BTC, data }
}

/// What is heard of the market before it swings: its mark, its bid and its ask.
pub(crate) fn first_prices(time: Timestamp) -> [MarketEvent; 2] {
    let size = Quantity(100_000);
    let book = MarketData::BookTop { bid: BID, bid_size: size, ask: ASK, ask_size: size };
    let mark = MarketData::Mark(Price(5_000_000));
    [book, mark].map(|data| MarketEvent { time, instrument: BTC, data })
}

/// A venue that accepts every order and fills it at once.
pub(crate) struct InstantVenue {
    instrument: Instrument,
    trades: u64,
}

impl InstantVenue {
    pub(crate) fn new() -> Self {
        Self { instrument: bitcoin(), trades: 0 }
    }

    pub(crate) fn answer(&mut self, command: &VenueCommand, now: Timestamp) -> Vec<VenueReport> {
        match command {
            VenueCommand::SubmitOrder { request, .. } => {
                self.trades += 1;
                let venue_id = VenueOrderId(self.trades);
                let client_id = request.client_id;
                let accepted = VenueReport::OrderAccepted { client_id, venue_id };
                vec![accepted, VenueReport::OrderFilled(self.fill(request, now))]
            }
            VenueCommand::FetchSnapshot { since } => {
                vec![VenueReport::SnapshotTaken(Box::new(untouched_books(*since, now)))]
            }
            VenueCommand::SetLeverage { instrument, leverage, margin_mode } => {
                let (instrument, leverage, margin_mode) = (*instrument, *leverage, *margin_mode);
                vec![VenueReport::LeverageSet { instrument, leverage, margin_mode }]
            }
            VenueCommand::CancelOrder { .. } | VenueCommand::QueryOrder { .. } => {
                panic!("nothing rests at this venue and nothing gets lost: {command:?}")
            }
        }
    }

    fn fill(&self, request: &OrderRequest, time: Timestamp) -> FillReport {
        let price = if request.side == Side::Buy { ASK } else { BID };
        let value = self.instrument.notional(price, request.quantity);
        FillReport {
            trade_id: TradeId(self.trades),
            client_id: Some(request.client_id),
            instrument: request.instrument,
            side: request.side,
            position_side: request.position_side,
            price,
            quantity: request.quantity,
            fee: value.times(self.instrument.fees.taker, Rounding::Up),
            fee_asset: usdt(),
            liquidity: Liquidity::Taker,
            reason: FillReason::Order,
            time,
        }
    }
}

/// The venue's books before the first trade.
fn untouched_books(since: Timestamp, time: Timestamp) -> Snapshot {
    Snapshot {
        time,
        since,
        last_trade: TradeId(0),
        balances: vec![(usdt(), CAPITAL)],
        positions: Vec::new(),
        open_orders: Vec::new(),
        fills: Vec::new(),
        fundings: Vec::new(),
    }
}
