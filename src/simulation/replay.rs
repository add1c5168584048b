//! Replays a market through the actor tree and reports how each strategy did.
//!
//! Every strategy trades on a paper account of its own, so that they do not stand in each other's
//! way.

use std::collections::BTreeMap;

use banyan_core::account::{AccountState, Totals, Valuation};
use banyan_core::ids::{AccountId, UserId, WorkerId};
use banyan_core::instrument::InstrumentId;
use banyan_core::ledger::SubLedger;
use banyan_core::money::Amount;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::StrategyConfig;
use banyan_core::symbol::Asset;
use banyan_core::terms::{AccountMode, AccountSettings, StopPolicy, WorkerTerms};
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{MarginMode, PositionMode};
use banyan_matching::exchange::{
    AccountSettings as VenueAccount, ExchangeSettings, SelfTradePrevention,
};
use banyan_matching::faults::FaultSettings;
use banyan_matching::market::Market;
use banyan_matching::world::{Latency, World, WorldSettings};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::{Pace, Stage, TradingAccount, make_clock, run};
use crate::actors::{AccountView, EngineStatus, OnWorker, WorkerSpec, WorkerState};
use crate::llm::{Models, NobodyToAsk};
use crate::store::MemoryStore;

/// The account's leverage at the venue until a strategy wishes another.
const DEFAULT_LEVERAGE: u32 = 5;

/// One strategy and what it trades.
#[derive(Debug, Clone)]
pub struct Trader {
    /// Its name in the report.
    pub name: String,
    /// Its configuration.
    pub config: StrategyConfig,
    /// What it trades.
    pub instruments: Vec<InstrumentId>,
    /// What its account starts with.
    pub capital: Amount,
    /// In which asset.
    pub settle: Asset,
    /// Its limits.
    pub limits: RiskLimits,
}

/// What is replayed.
pub struct ReplayPlan {
    /// The market.
    pub market: Box<dyn Market>,
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// Who trades.
    pub traders: Vec<Trader>,
    /// Decides ids and latencies.
    pub seed: u64,
    /// How fast time goes.
    pub pace: Pace,
    /// Who answers strategies in words.
    pub models: Box<dyn Models>,
}

/// How one strategy did.
#[derive(Debug, Clone)]
pub struct TraderReport {
    /// Its name.
    pub name: String,
    /// In which asset the figures are.
    pub settle: Asset,
    /// What it started with.
    pub capital: Amount,
    /// How its worker is at the end.
    pub state: WorkerState,
    /// What went wrong, if something did.
    pub error: Option<String>,
    /// Figures of its trading.
    pub totals: Totals,
    /// What it is worth at the end.
    pub valuation: Valuation,
    /// Deepest fall below the high-water mark, as a fraction, by minutes.
    pub drawdown: f64,
    /// Why it did not trade: refusing gates, with how often.
    pub why_not: BTreeMap<String, u64>,
}

/// How a replay went.
#[derive(Debug, Clone)]
pub struct ReplayReport {
    /// How each strategy did.
    pub traders: Vec<TraderReport>,
    /// Market events used.
    pub events: u64,
    /// Hash of everything that mattered.
    pub event_log_hash: String,
}

/// Replays; `progress` is told the fraction done.
pub fn replay(plan: ReplayPlan, progress: impl Fn(f64)) -> ReplayReport {
    run(plan.pace, play(plan, progress))
}

struct Cast {
    account: TradingAccount,
    worker: WorkerSpec,
}

async fn play(plan: ReplayPlan, progress: impl Fn(f64)) -> ReplayReport {
    let mut random = Pcg64Mcg::seed_from_u64(plan.seed);
    let cast: Vec<_> = plan.traders.iter().map(|trader| cast(trader, &mut random)).collect();
    let clock = make_clock(plan.start, plan.pace);
    let world = World::new(plan.market, world_settings(plan.seed));
    let accounts = cast.iter().map(|it| it.account.clone()).collect();
    let store = MemoryStore::default();
    let mut stage = Stage::new(world, clock, accounts, plan.seed, None, store);
    let mut models = Some(plan.models);
    stage.connect_models(Box::new(move || models.take().unwrap_or(Box::new(NobodyToAsk))));
    let engine = stage.start_engine();
    for it in &cast {
        engine.do_send(OnWorker::Start(Box::new(it.worker.clone())));
    }
    let span = (plan.end - plan.start).0.max(1);
    for percent in 1..=100 {
        stage.sleep_until(plan.start + Span(span / 100 * percent)).await;
        progress(percent as f64 / 100.0);
    }
    // What the last event led to is still on its way.
    stage.sleep_until(plan.end + Span::seconds(10)).await;
    let status = stage.status().await.unwrap_or_default();
    let (events, event_log_hash) = (stage.log.market_events(), stage.log.hash());
    let traders = plan
        .traders
        .iter()
        .zip(&cast)
        .filter_map(|(trader, it)| report(trader, it, &status))
        .collect();
    stage.stop_engine().await;
    ReplayReport { traders, events, event_log_hash }
}

fn world_settings(seed: u64) -> WorldSettings {
    let latency = Latency {
        order: Span::milliseconds(5),
        user_stream: Span::milliseconds(5),
        feed: Span(0),
        jitter: Span::milliseconds(5),
    };
    let exchange = ExchangeSettings { keep_history: false };
    WorldSettings { exchange, latency, faults: FaultSettings::none(), seed }
}

fn cast(trader: &Trader, random: &mut Pcg64Mcg) -> Cast {
    let id = AccountId::from_u128(random.random());
    let settings = AccountSettings {
        id,
        tenant: UserId::from_u128(random.random()),
        mode: AccountMode::Paper,
        position_mode: PositionMode::OneWay,
        margin_mode: MarginMode::Cross,
        settle: trader.settle.clone(),
        default_leverage: DEFAULT_LEVERAGE,
        // Nothing goes wrong here, so there is little to find.
        reconcile_every: Span::minutes(240),
        request_expiry: Span::seconds(5),
    };
    let venue = VenueAccount {
        position_mode: PositionMode::OneWay,
        margin_mode: MarginMode::Cross,
        balances: vec![(trader.settle.clone(), trader.capital)],
        default_leverage: DEFAULT_LEVERAGE,
        self_trade_prevention: SelfTradePrevention::ExpireTaker,
    };
    let worker = WorkerSpec {
        worker: WorkerId::from_u128(random.random()),
        owner: settings.tenant,
        account: id,
        config: trader.config.clone(),
        terms: WorkerTerms {
            strategy_version: 1,
            instruments: trader.instruments.clone(),
            capital: trader.capital,
            limits: trader.limits.clone(),
            told_of_funding_and_protection: false,
        },
        on_stop: StopPolicy::CancelOrders,
    };
    Cast { account: TradingAccount { settings, venue }, worker }
}

fn report(trader: &Trader, cast: &Cast, status: &EngineStatus) -> Option<TraderReport> {
    let id = cast.worker.worker;
    let account: &AccountView =
        status.accounts.iter().find(|it| it.state.settings.id == cast.worker.account)?;
    let (worker, told) = status.workers.iter().find(|(it, _)| it.worker == id)?;
    let state: &AccountState = &account.state;
    let valuation = account.workers.iter().find(|(it, _)| *it == id).map(|(_, value)| *value);
    debug_assert!(state.shares.keys().all(|(owner, _)| *owner == SubLedger::Worker(id)));
    Some(TraderReport {
        name: trader.name.clone(),
        settle: trader.settle.clone(),
        capital: trader.capital,
        state: worker.state,
        error: worker.last_error.clone(),
        totals: state.workers.get(&id).map(|it| it.totals).unwrap_or_default(),
        valuation: valuation.unwrap_or_default(),
        drawdown: account.deepest_drawdown.to_f64(),
        why_not: told.as_ref().map(|it| it.why_not.counts().clone()).unwrap_or_default(),
    })
}
