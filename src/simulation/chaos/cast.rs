//! Who takes part in a simulation: two accounts, and workers that trade a lot.

use std::collections::BTreeSet;

use banyan_core::decision::ConsensusMode;
use banyan_core::ids::{AccountId, UserId, WorkerId};
use banyan_core::instrument::{Instrument, Instruments};
use banyan_core::market::Candle;
use banyan_core::money::{Amount, Price, Rate, Rounding};
use banyan_core::prompt::Language;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::config::{AiConfig, DebateConfig};
use banyan_core::strategy::{StrategyConfig, StrategyKind};
use banyan_core::symbol::Asset;
use banyan_core::terms::{AccountMode, AccountSettings, StopPolicy, WorkerTerms};
use banyan_core::time::{Span, Timeframe};
use banyan_core::venue::{MarginMode, PositionMode};
use banyan_matching::exchange::{AccountSettings as VenueAccount, SelfTradePrevention};
use banyan_matching::market::Market;
use rand::{Rng, RngExt};
use serde_json::{Value, json};

use crate::actors::WorkerSpec;
use crate::simulation::TradingAccount;

/// What each account starts with.
const BALANCE: Amount = Amount::from_units(100_000);
/// What each worker may use.
const CAPITAL: Amount = Amount::from_units(20_000);
/// The venue's leverage until it is set.
const LEVERAGE: u32 = 5;

/// The accounts and workers of one seed.
pub(in crate::simulation) struct Cast {
    pub(in crate::simulation) accounts: Vec<TradingAccount>,
    pub(in crate::simulation) workers: Vec<WorkerSpec>,
}

/// Draws the cast for a market.
pub(in crate::simulation) fn draw(market: &dyn Market, random: &mut impl Rng) -> Cast {
    let usdt = Asset::new("USDT").expect("an asset code");
    let one_way = account(PositionMode::OneWay, &usdt, random);
    let hedge = account(PositionMode::Hedge, &usdt, random);
    let (first, second) = (one_way.settings.id, hedge.settings.id);
    let listed = market.instruments();
    let price = |symbol: &str| last_price(market, find(&listed, symbol));
    let btc = find(&listed, "BTC/USDT:USDT");
    let (eth, sol) = (find(&listed, "ETH/USDT:USDT"), find(&listed, "SOL/USDT:USDT"));
    let spot = find(&listed, "BTC/USDT");
    let mut workers = vec![
        worker(first, btc, cross(2, 4, 2_500, false, random), random),
        worker(first, btc, grid(btc, price("BTC/USDT:USDT"), random), random),
        worker(first, sol, rsi(random), random),
        worker(second, eth, cross(3, 7, 3_000, true, random), random),
        worker(second, btc, dca(random), random),
    ];
    if random.random_bool(0.5) {
        workers.push(worker(second, spot, cross(2, 5, 1_500, false, random), random));
    }
    workers.push(words(first, &[eth, sol], single(random), random));
    workers.push(words(second, &[sol, btc], debate(random), random));
    Cast { accounts: vec![one_way, hedge], workers }
}

impl Cast {
    /// The workers that decide by models.
    pub(super) fn by_models(&self) -> BTreeSet<WorkerId> {
        let words = self.workers.iter().filter(|it| it.config.kind() == StrategyKind::Ai);
        words.map(|it| it.worker).collect()
    }
}

/// A worker that trades a strategy in words; whoever it asks decides in what language.
fn words(
    account: AccountId,
    traded: &[&Instrument],
    config: AiConfig,
    random: &mut impl Rng,
) -> WorkerSpec {
    let symbols = traded.iter().map(|it| it.symbol.to_string()).collect();
    let config = AiConfig {
        prompt: "Follow the trend, and leave when it turns.".to_owned(),
        language: if random.random_bool(0.5) { Language::En } else { Language::Zh },
        symbols,
        timeframes: vec![Timeframe::OneMinute, Timeframe::FiveMinutes],
        interval_minutes: random.random_range(4..9),
        cycle_seconds: 60,
        safe_mode_after: 4,
        ..config
    };
    let limits = RiskLimits {
        max_drawdown: Rate::from_basis_points(5_000),
        max_daily_loss: Rate::from_basis_points(10_000),
        ..config.limits()
    };
    WorkerSpec {
        worker: WorkerId::from_u128(random.random()),
        owner: UserId::default(),
        account,
        config: StrategyConfig::Ai(Box::new(config)),
        terms: WorkerTerms {
            strategy_version: 1,
            instruments: traded.iter().map(|it| it.id).collect(),
            capital: CAPITAL,
            limits,
            told_of_funding_and_protection: true,
        },
        on_stop: StopPolicy::CancelOrders,
    }
}

/// One model decides; now and then a person has to agree.
fn single(random: &mut impl Rng) -> AiConfig {
    let ai_model = "house:rules-v1".parse().ok();
    AiConfig { ai_model, auto_execute: random.random_bool(0.7), ..AiConfig::default() }
}

/// Three models debate.
fn debate(random: &mut impl Rng) -> AiConfig {
    let names = ["house:rules-v1", "house:rules-v1-contrarian", "house:rules-v1-cautious"];
    let modes = [
        ConsensusMode::MajorityVote,
        ConsensusMode::HighestConfidence,
        ConsensusMode::WeightedAverage,
        ConsensusMode::Unanimous,
    ];
    let debate = DebateConfig {
        models: names.iter().filter_map(|it| it.parse().ok()).collect(),
        consensus_mode: modes[random.random_range(0..modes.len())],
        rebuttal: random.random_bool(0.5),
        timeout_seconds: 20,
        ..DebateConfig::default()
    };
    AiConfig { debate: Some(debate), ..AiConfig::default() }
}

fn account(position_mode: PositionMode, settle: &Asset, random: &mut impl Rng) -> TradingAccount {
    let settings = AccountSettings {
        id: AccountId::from_u128(random.random()),
        tenant: UserId::from_u128(random.random()),
        mode: AccountMode::Paper,
        position_mode,
        margin_mode: MarginMode::Cross,
        settle: settle.clone(),
        default_leverage: LEVERAGE,
        reconcile_every: Span::seconds(30),
        request_expiry: Span::seconds(5),
    };
    let venue = VenueAccount {
        position_mode,
        margin_mode: MarginMode::Cross,
        balances: vec![(settle.clone(), BALANCE)],
        default_leverage: LEVERAGE,
        self_trade_prevention: SelfTradePrevention::ExpireTaker,
    };
    TradingAccount { settings, venue }
}

fn worker(
    account: AccountId,
    instrument: &Instrument,
    config: Value,
    random: &mut impl Rng,
) -> WorkerSpec {
    let config: StrategyConfig =
        serde_json::from_value(config).expect("the cast's configurations are well-formed");
    // Entries without a stop of their own are given one now and then.
    let require_protection = random.random_bool(0.5);
    let limits = RiskLimits {
        require_protection,
        max_drawdown: Rate::from_basis_points(5_000),
        max_positions: 5,
        ..RiskLimits::for_parameters()
    };
    WorkerSpec {
        worker: WorkerId::from_u128(random.random()),
        owner: banyan_core::ids::UserId::default(),
        account,
        config,
        terms: WorkerTerms {
            strategy_version: 1,
            instruments: vec![instrument.id],
            capital: CAPITAL,
            limits,
            told_of_funding_and_protection: false,
        },
        on_stop: StopPolicy::CancelOrders,
    }
}

fn cross(fast: u32, slow: u32, amount: u32, short: bool, random: &mut impl Rng) -> Value {
    let stop = 3 + random.random_range(0..15);
    json!({ "strategy_type": "ema_cross", "config": {
        "fast_period": fast, "slow_period": slow, "timeframe": "1m",
        "order_amount": amount, "allow_short": short,
        "stop_loss_percent": f64::from(stop) / 10.0,
    }})
}

fn rsi(random: &mut impl Rng) -> Value {
    let middle = 50 + random.random_range(0..3);
    json!({ "strategy_type": "rsi", "config": {
        "rsi_period": 4, "oversold": middle - 4, "overbought": middle + 4, "timeframe": "1m",
        "order_amount": 2_000, "stop_loss_percent": 0.6, "take_profit_percent": 1.2,
    }})
}

fn grid(instrument: &Instrument, price: Price, random: &mut impl Rng) -> Value {
    let reach = Rate::from_basis_points(random.random_range(100..300));
    let distance = price.times(reach, Rounding::Nearest);
    let bound = |price, rounding| {
        let price = instrument.round_price(price, rounding);
        price.to_decimal(instrument.price_decimals).normalize().to_string()
    };
    json!({ "strategy_type": "grid", "config": {
        "upper_price": bound(price + distance, Rounding::Floor),
        "lower_price": bound(price - distance, Rounding::Ceiling),
        "grid_count": 16, "total_investment": 6_000, "leverage": 1, "trailing": true,
    }})
}

fn dca(random: &mut impl Rng) -> Value {
    json!({ "strategy_type": "dca", "config": {
        "order_amount": 400, "interval_minutes": random.random_range(5..15),
        "take_profit_percent": 0.4, "safety_order_amount": 400, "safety_order_count": 3,
        "price_deviation_percent": 0.2, "step_scale": 1.5, "volume_scale": 1.2,
        "stop_loss_percent": 3,
    }})
}

fn find<'a>(listed: &'a Instruments, symbol: &str) -> &'a Instrument {
    let symbol = symbol.parse().expect("a symbol");
    listed.by_symbol(&symbol).expect("the synthetic market lists it")
}

fn last_price(market: &dyn Market, instrument: &Instrument) -> Price {
    let candles = market.history(instrument.id, Timeframe::OneMinute, 1);
    candles.last().map_or(Price(1), |candle: &Candle| candle.close)
}
