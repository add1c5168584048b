//! Two perpetuals at calm prices, and answers about them.

use banyan_core::decision::{
    AccountSnapshot, Action, AnswerRecord, CallParameters, ClaimReport, DECISION_VERSION, Decision,
    DecisionResult, Judged, MarketSnapshot, Parsed, PositionSnapshot, Proposal, Reply, Snapshot,
    TimeframeSnapshot, Trigger, Universe, Verdict, decision_id, parse,
};
use banyan_core::ids::WorkerId;
use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, LeverageTier, TradingStatus,
};
use banyan_core::model::{Message, Role, Usage};
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::Side;
use banyan_core::symbol::Symbol;
use banyan_core::time::{Timeframe, Timestamp};
use rust_decimal::Decimal;

pub(crate) const NOW: Timestamp = Timestamp(1_735_732_800_000_000);
pub(crate) const BTC: &str = "BTC/USDT:USDT";
pub(crate) const ETH: &str = "ETH/USDT:USDT";

pub(crate) fn units(n: i64) -> Amount {
    Amount::from_units(n)
}

pub(crate) fn percent(n: i64) -> Rate {
    Rate::from_basis_points(n * 100)
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().expect("a number")
}

pub(crate) fn symbol(text: &str) -> Symbol {
    text.parse().expect("a symbol")
}

pub(crate) fn instrument(id: u32, name: &str) -> Instrument {
    Instrument {
        id: InstrumentId(id),
        symbol: symbol(name),
        kind: InstrumentKind::Linear,
        price_decimals: 2,
        quantity_decimals: 3,
        contract_size: Quantity(1_000),
        funding_interval: None,
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(10),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(10_000_000),
            min_notional: units(5),
            significant_figures: None,
            price_band: percent(20),
        },
        tiers: vec![LeverageTier {
            notional_floor: Amount::ZERO,
            max_leverage: 50,
            maintenance_rate: Rate::from_basis_points(50),
            maintenance_deduction: Amount::ZERO,
        }],
        fees: FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(4) },
    }
}

/// The two instruments in which everything here happens.
pub(crate) fn listed() -> Vec<Instrument> {
    vec![instrument(0, BTC), instrument(1, ETH)]
}

/// Reads an answer while nothing is held.
pub(crate) fn read(text: &str) -> Parsed {
    read_holding(text, &[])
}

pub(crate) fn read_holding(text: &str, held: &[PositionSnapshot]) -> Parsed {
    let listed = listed();
    let instruments: Vec<&Instrument> = listed.iter().collect();
    parse(text, &Universe { instruments: &instruments, held })
}

/// Reads an answer that must be of use.
pub(crate) fn reply(text: &str) -> Reply {
    let parsed = read(text);
    parsed.reply.clone().unwrap_or_else(|| panic!("{parsed:?}"))
}

/// Symbol and action of each proposal.
pub(crate) fn actions(parsed: &Parsed) -> Vec<(String, &'static str)> {
    let proposals = parsed.reply.iter().flat_map(|it| &it.proposals);
    proposals.map(|it| (it.symbol.base().to_string(), it.action.name())).collect()
}

/// Why proposals were dropped.
pub(crate) fn reasons(parsed: &Parsed) -> Vec<&str> {
    parsed.dropped.iter().map(|it| it.reason.as_str()).collect()
}

pub(crate) fn position(id: u32, name: &str, side: Side) -> PositionSnapshot {
    PositionSnapshot {
        instrument: InstrumentId(id),
        symbol: symbol(name),
        side,
        quantity: decimal("0.5"),
        notional: units(25_000),
        entry_price: decimal("49000"),
        mark_price: decimal("50000"),
        leverage: 5,
        unrealized: units(500),
        unrealized_percent: percent(10),
        liquidation: Some((decimal("40000"), percent(20))),
        stop_loss: Some(decimal("48000")),
        take_profit: Some(decimal("55000")),
        opened_at: Some(NOW),
    }
}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        time: NOW,
        account: AccountSnapshot {
            capital: units(10_000),
            equity: units(10_500),
            available: units(5_500),
            margin_used: units(5_000),
            unrealized: units(500),
            realized: Amount::ZERO,
            fees: units(10),
        },
        positions: vec![position(0, BTC, Side::Buy)],
        markets: vec![market(0, BTC, "50000", "55.2"), market(1, ETH, "3000", "28.4")],
        left_out: Vec::new(),
        closed_trades: Vec::new(),
        external: Vec::new(),
    }
}

fn market(id: u32, name: &str, price: &str, rsi: &str) -> MarketSnapshot {
    let price = decimal(price);
    let indicators = [
        ("ema_9", price * decimal("0.99")),
        ("ema_21", price * decimal("0.98")),
        ("rsi_14", decimal(rsi)),
        ("macd", decimal("12.5")),
        ("atr_14", price * decimal("0.01")),
    ];
    MarketSnapshot {
        instrument: InstrumentId(id),
        symbol: symbol(name),
        price,
        bid: Some(price - decimal("0.1")),
        ask: Some(price + decimal("0.1")),
        funding_rate: Some(Rate::from_basis_points(1)),
        change_24h: Some(percent(2)),
        min_notional: units(5),
        min_quantity: decimal("0.001"),
        taker_fee: Rate::from_basis_points(4),
        timeframes: vec![TimeframeSnapshot {
            timeframe: Timeframe::OneHour,
            indicators: indicators.map(|(name, it)| (name.to_owned(), it.normalize())).into(),
            signals: Vec::new(),
            candles: Vec::new(),
        }],
    }
}

/// A proposal as the parser would make it.
pub(crate) fn proposal(id: u32, action: Action, confidence: i64) -> Proposal {
    let name = if id == 0 { BTC } else { ETH };
    let opens = action.is_open();
    Proposal {
        instrument: InstrumentId(id),
        symbol: symbol(name),
        action,
        leverage: opens.then_some(3),
        position_size_usd: opens.then(|| units(1_000)),
        entry_price: None,
        stop_loss: opens.then(|| decimal("49000")),
        take_profit: opens.then(|| decimal("53000")),
        confidence: percent(confidence),
        risk_usd: None,
        reasoning: "because".to_owned(),
    }
}

pub(crate) const WORKER: WorkerId = WorkerId::from_u128(77);

/// The answer of a model, as it is recorded.
pub(crate) fn answered(model: &str, raw: &str) -> AnswerRecord {
    let parsed = read(raw);
    AnswerRecord {
        model: model.parse().expect("a name"),
        answered_by: None,
        round: 1,
        attempt: 1,
        parameters: CallParameters {
            temperature: None,
            max_answer_tokens: 1_000,
            max_reasoning_tokens: 0,
            format: None,
        },
        follow_up: Vec::new(),
        raw: raw.to_owned(),
        reasoning: String::new(),
        finish: None,
        trail: parsed.trail,
        reply: parsed.reply,
        dropped: parsed.dropped,
        error: parsed.error,
        usage: Usage::default(),
    }
}

/// A decision of one model that is not sealed; whatever it proposes was skipped.
pub(crate) fn decision(number: u64, answers: Vec<AnswerRecord>) -> Decision {
    let proposals = answers.first().and_then(|it| it.reply.clone()).map(|it| it.proposals);
    let judged = |proposal| Judged { proposal, verdict: Verdict::Skipped("no_size".to_owned()) };
    Decision {
        version: DECISION_VERSION,
        id: decision_id(WORKER, number, NOW),
        worker: WORKER,
        number,
        previous: String::new(),
        time: NOW,
        began_at: NOW,
        trigger: Trigger::Interval,
        strategy_version: 1,
        ai_model: "house:rules-v1".to_owned(),
        prompt: vec![Message { role: Role::System, content: "trade".to_owned() }],
        sections: vec!["role".to_owned()],
        prompt_hash: String::new(),
        snapshot: Snapshot { positions: Vec::new(), ..snapshot() },
        snapshot_hash: String::new(),
        answers,
        debate: None,
        result: DecisionResult::Decided,
        chain_of_thought: "up".to_owned(),
        market_assessment: String::new(),
        overall_confidence: percent(80),
        next_review_minutes: None,
        proposals: proposals.unwrap_or_default().into_iter().map(judged).collect(),
        claims: ClaimReport::default(),
        tainted: false,
        safe_mode: false,
        usage: Usage::default(),
        approval_expires_at: None,
        hash: String::new(),
    }
}
