//! A worker that decides in words, for journals of tests: sealed decisions, what the account made
//! of them, and what came of it.

use banyan_core::account::{Input, WorkerCommand};
use banyan_core::decision::{
    AccountSnapshot, Action, AnswerRecord, CallParameters, ClaimReport, DECISION_VERSION, Decision,
    DecisionEvent, DecisionResult, Horizon, Judged, Outcome, Resolution, Snapshot, Trigger,
    Universe, Verdict, decision_id, parse,
};
use banyan_core::ids::WorkerId;
use banyan_core::intent::{ExitReason, Intent, Sizing};
use banyan_core::journal::Record;
use banyan_core::model::{AnswerFormat, FinishReason, Message, Role, Usage};
use banyan_core::money::{Amount, Rate};
use banyan_core::order::Side;
use banyan_core::time::{Span, Timestamp};
use rust_decimal::Decimal;

use crate::desk::{A, B, Desk, NOON, stop_at};
use crate::listing::{LINEAR, listing, price};

pub(crate) fn symbol() -> banyan_core::symbol::Symbol {
    "BTC/USDT:USDT".parse().unwrap()
}

/// What the model says, and what is read out of it.
fn answer(action: Action) -> AnswerRecord {
    let raw = serde_json::json!({
        "chain_of_thought": "BTC 在 4h 级别形成金叉",
        "market_assessment": "看多",
        "decisions": [{
            "symbol": "BTC", "action": action.name(), "leverage": 5, "position_size_usd": 5_000,
            "entry_price": null, "stop_loss": 49_000, "take_profit": null, "confidence": 80,
            "risk_usd": null, "reasoning": "“金叉” and a trend"
        }],
        "overall_confidence": 75,
        "next_review_minutes": null
    })
    .to_string();
    let listed = listing();
    let universe = Universe { instruments: &[&*listed[0]], held: &[] };
    let parsed = parse(&raw, &universe);
    AnswerRecord {
        model: "deepseek:deepseek-chat".parse().unwrap(),
        answered_by: None,
        round: 1,
        attempt: 1,
        parameters: CallParameters {
            temperature: None,
            max_answer_tokens: 4_096,
            max_reasoning_tokens: 8_192,
            format: Some(AnswerFormat::JsonObject),
        },
        follow_up: Vec::new(),
        raw,
        reasoning: String::new(),
        finish: Some(FinishReason::Stop),
        trail: parsed.trail,
        reply: parsed.reply,
        dropped: parsed.dropped,
        error: parsed.error,
        usage: usage(),
    }
}

pub(crate) fn opening() -> Intent {
    Intent::Open {
        instrument: LINEAR,
        side: Side::Buy,
        sizing: Sizing::Notional(Amount::from_units(5_000)),
        leverage: Some(5),
        protection: stop_at(price(49_000)),
        confidence: Some(Rate::from_basis_points(8_000)),
    }
}

fn closing() -> Intent {
    Intent::Close { instrument: LINEAR, quantity: None, reason: ExitReason::ExitSignal }
}

fn snapshot(time: Timestamp) -> Snapshot {
    let account = AccountSnapshot {
        capital: Amount::from_units(100_000),
        equity: Amount::from_units(100_000),
        available: Amount::from_units(100_000),
        margin_used: Amount::ZERO,
        unrealized: Amount::ZERO,
        realized: Amount::ZERO,
        fees: Amount::ZERO,
    };
    let (positions, markets, left_out) = (Vec::new(), Vec::new(), Vec::new());
    let (closed_trades, external) = (Vec::new(), Vec::new());
    Snapshot { time, account, positions, markets, left_out, closed_trades, external }
}

fn usage() -> Usage {
    Usage {
        input_tokens: 2_000,
        output_tokens: 500,
        reasoning_tokens: 0,
        cost: Amount(120_000),
        latency: Span::milliseconds(3_200),
        attempts: 1,
    }
}

/// A sealed decision about one symbol.
pub(crate) fn decision(
    (worker, number): (WorkerId, u64),
    previous: &str,
    action: Action,
    verdict: Verdict,
) -> Decision {
    let time = NOON + Span::seconds(number as i64);
    let prompt = [(Role::System, "Trade."), (Role::User, "## account")];
    let prompt = prompt.map(|(role, text)| Message { role, content: text.to_owned() });
    let waits = matches!(verdict, Verdict::AwaitingApproval(_));
    let answer = answer(action);
    let reply = answer.reply.clone().unwrap();
    let decision = Decision {
        version: DECISION_VERSION,
        id: decision_id(worker, number, time),
        worker,
        number,
        previous: String::new(),
        time,
        began_at: Timestamp(time.0 - 3_200_000),
        trigger: Trigger::Interval,
        strategy_version: 1,
        ai_model: "deepseek:deepseek-chat".to_owned(),
        prompt: prompt.to_vec(),
        sections: vec!["role".to_owned(), "account".to_owned()],
        prompt_hash: String::new(),
        snapshot: snapshot(time),
        snapshot_hash: String::new(),
        answers: vec![answer],
        debate: None,
        result: DecisionResult::Decided,
        chain_of_thought: reply.chain_of_thought,
        market_assessment: reply.market_assessment,
        overall_confidence: reply.overall_confidence,
        next_review_minutes: None,
        proposals: vec![Judged { proposal: reply.proposals[0].clone(), verdict }],
        claims: ClaimReport::default(),
        tainted: false,
        safe_mode: false,
        usage: usage(),
        approval_expires_at: waits.then_some(time + Span::minutes(15)),
        hash: String::new(),
    };
    decision.seal(previous)
}

fn submit(
    desk: &mut Desk,
    worker: WorkerId,
    decisions: Vec<DecisionEvent>,
    wish: Option<(u32, Intent)>,
) {
    let epoch = desk.epoch(worker);
    let intents = wish.into_iter().collect();
    let command = WorkerCommand { worker, epoch, saved: None, decisions, intents };
    desk.handle(Input::Submit(command));
    desk.persist();
}

fn fill_all(desk: &mut Desk, at: i64) {
    for order in desk.take_orders() {
        desk.accept(order.client_id);
        if !order.kind.is_conditional() {
            desk.fill(order.client_id, order.quantity.0, price(at));
        }
    }
}

/// The decisions of a day: an entry that is filled, a hold, and a close that waits for a person
/// and is approved; another worker's that nobody approves.
pub(crate) fn day() -> Vec<Record> {
    let mut desk = Desk::ready();
    let open = decision((A, 1), "", Action::OpenLong, Verdict::Submitted(opening()));
    submit(&mut desk, A, vec![made(&open)], Some((1_001, opening())));
    fill_all(&mut desk, 50_000);
    let hold = decision((A, 2), &open.hash, Action::Hold, Verdict::Held);
    submit(&mut desk, A, vec![made(&hold)], None);
    let wish = Verdict::AwaitingApproval(closing());
    let close = decision((A, 3), &hold.hash, Action::CloseLong, wish);
    submit(&mut desk, A, vec![made(&close)], None);
    let by = Some(banyan_core::ids::UserId::from_u128(8));
    let (decision_id, resolution) = (close.id, Resolution::Approved);
    let approved = DecisionEvent::Resolved { decision: decision_id, resolution, by };
    submit(&mut desk, A, vec![approved], Some((1_002, closing())));
    fill_all(&mut desk, 51_000);
    for horizon in [Horizon::OneHour, Horizon::Close] {
        submit(&mut desk, A, vec![measured(&open, horizon)], None);
    }
    let wish = Verdict::AwaitingApproval(opening());
    let other = decision((B, 1), "", Action::OpenLong, wish);
    submit(&mut desk, B, vec![made(&other)], None);
    desk.records
}

fn made(decision: &Decision) -> DecisionEvent {
    DecisionEvent::Made(Box::new(decision.clone()))
}

fn measured(decision: &Decision, horizon: Horizon) -> DecisionEvent {
    let outcome = Outcome {
        horizon,
        symbol: symbol(),
        price_then: Decimal::from(50_000),
        price_now: Decimal::from(51_000),
        gain: Rate::from_basis_points(200),
        pnl: (horizon == Horizon::Close).then(|| Amount::from_units(95)),
    };
    DecisionEvent::Measured { decision: decision.id, outcome }
}
