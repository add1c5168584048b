//! A desk at which one strategy in words trades: the test answers its questions.

use std::collections::BTreeMap;

use banyan_core::decision::{
    Decision, DecisionEvent, DecisionId, DecisionResult, Outcome, Resolution, check_link,
};
use banyan_core::ids::{UserId, WorkerId};
use banyan_core::instrument::{Instrument, Instruments};
use banyan_core::intent::{ExitReason, Intent, Protection};
use banyan_core::market::{Candle, MarketData, MarketEvent, MarketViews};
use banyan_core::model::{
    Answer, AnswerFormat, FailureKind, FinishReason, ModelFailure, ModelReply, Question, Usage,
};
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::Side;
use banyan_core::position::Position;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::config::AiConfig;
use banyan_core::strategy::{AiStrategy, Effects, Strategy, StrategyEvent, TimerId};
use banyan_core::time::{MINUTE, Span, Timeframe, Timestamp};
use banyan_core::worker::{WorkerBook, WorkerEvent, WorkerNotice, WorkerView};
use serde_json::{Value, json};

#[path = "../strategies/fixtures.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod fixtures;

use fixtures::{HERE, perpetual, price};

pub(crate) const WORKER: WorkerId = WorkerId::from_u128(7);
pub(crate) const USER: UserId = UserId::from_u128(8);

/// The desk with one strategy at it.
pub(crate) struct Desk {
    strategy: AiStrategy,
    pub(crate) now: Timestamp,
    pub(crate) limits: RiskLimits,
    book: WorkerBook,
    markets: MarketViews,
    instruments: Instruments,
    effects: Effects,
    timers: BTreeMap<TimerId, Timestamp>,
    last: Price,
    /// Questions that are out.
    pub(crate) questions: Vec<Question>,
    pub(crate) asked: usize,
    /// Everything wished.
    pub(crate) intents: Vec<Intent>,
    /// Every record, in order.
    pub(crate) decisions: Vec<Decision>,
    pub(crate) resolutions: Vec<(DecisionId, Resolution, Option<UserId>)>,
    pub(crate) outcomes: Vec<(DecisionId, Outcome)>,
    pub(crate) refusal: Option<&'static str>,
}

/// A configuration with one model, changed as the fields say.
pub(crate) fn config(fields: Value) -> AiConfig {
    let mut whole = json!({
        "prompt": "Buy when the moon is full, and never on Fridays.",
        "symbols": ["BTC/USDT:USDT"], "timeframes": ["1m"], "ai_model": "test:one",
        "events": {"volatility_percent": 0},
    });
    let Value::Object(fields) = fields else { panic!("an object is expected") };
    for (name, value) in fields {
        whole[name] = value;
    }
    serde_json::from_value(whole).expect("a configuration")
}

/// A configuration of a debate among `one`, `two`, ... changed as the fields say.
pub(crate) fn debate(models: usize, fields: Value) -> AiConfig {
    let names = ["test:one", "test:two", "test:three", "test:four", "test:five"];
    let mut debate = json!({"models": names[..models]});
    let Value::Object(fields) = fields else { panic!("an object is expected") };
    for (name, value) in fields {
        debate[name] = value;
    }
    config(json!({"ai_model": null, "debate": debate}))
}

/// An answer with one decision on the symbol.
pub(crate) fn answer(action: &str, more: Value) -> String {
    let mut decision = json!({
        "symbol": "BTC", "action": action, "leverage": 2, "position_size_usd": 1_000,
        "entry_price": null, "stop_loss": null, "take_profit": null, "confidence": 0.9,
        "risk_usd": 10, "reasoning": "the moon is full"
    });
    let Value::Object(more) = more else { panic!("an object is expected") };
    for (name, value) in more {
        decision[name] = value;
    }
    json!({
        "chain_of_thought": "I looked at the moon.", "market_assessment": "calm",
        "decisions": [decision], "overall_confidence": 0.8, "next_review_minutes": null
    })
    .to_string()
}

impl Desk {
    /// A desk whose strategy has seen an hour of candles and has not begun.
    pub(crate) fn new(config: &AiConfig) -> Self {
        let instrument: Instrument = perpetual();
        let strategy = AiStrategy::new(config, &[&instrument]).expect("a configuration that works");
        let mut desk = Self {
            strategy,
            now: Timestamp(1_640_995_200_000_000),
            limits: config.limits(),
            book: WorkerBook::default(),
            markets: MarketViews::default(),
            instruments: Instruments::new([instrument]),
            effects: Effects::default(),
            timers: BTreeMap::new(),
            last: price(50_000),
            questions: Vec::new(),
            asked: 0,
            intents: Vec::new(),
            decisions: Vec::new(),
            resolutions: Vec::new(),
            outcomes: Vec::new(),
            refusal: None,
        };
        desk.learn();
        desk
    }

    /// A desk whose strategy has begun.
    pub(crate) fn started(config: &AiConfig) -> Self {
        let mut desk = Self::new(config);
        desk.tell(&StrategyEvent::Started);
        desk
    }

    /// Shows the strategy the candles before now, as a worker does at a start.
    fn learn(&mut self) {
        for back in (1..=200).rev() {
            let open_time = Timestamp(self.now.0 - back * MINUTE);
            let candle = candle(open_time, price(50_000 + back % 7 - 3));
            self.strategy.warm_up(HERE, Timeframe::OneMinute, &candle);
        }
        self.quote(self.last);
    }

    fn quote(&mut self, at: Price) {
        self.last = at;
        let one = Quantity(1_000);
        let tops = MarketData::BookTop { bid: at, bid_size: one, ask: at, ask_size: one };
        for data in [MarketData::Mark(at), tops] {
            self.markets.apply(&MarketEvent { time: self.now, instrument: HERE, data });
        }
    }

    pub(crate) fn tell(&mut self, event: &StrategyEvent<'_>) {
        let mut effects = std::mem::take(&mut self.effects);
        effects.clear();
        let view = WorkerView {
            worker: WORKER,
            strategy_version: 3,
            now: self.now,
            instruments: &self.instruments,
            markets: &self.markets,
            book: &self.book,
            capital: Amount::from_units(10_000),
            limits: &self.limits,
        };
        self.strategy.handle(event, &view, &mut effects);
        self.refusal = effects.refused_by;
        self.timers.extend(effects.timers.iter().copied());
        self.asked += effects.questions.len();
        self.questions.append(&mut effects.questions);
        self.questions.retain(|it| !effects.withdrawn.contains(&it.number));
        self.intents.append(&mut effects.intents);
        for event in effects.decisions.drain(..) {
            self.record(event);
        }
        self.effects = effects;
    }

    /// Records are linked: each names the one before.
    fn record(&mut self, event: DecisionEvent) {
        match event {
            DecisionEvent::Made(decision) => {
                assert_eq!(check_link(self.decisions.last(), &decision), Ok(()));
                self.decisions.push(*decision);
            }
            DecisionEvent::Resolved { decision, resolution, by } => {
                self.resolutions.push((decision, resolution, by));
            }
            DecisionEvent::Measured { decision, outcome } => {
                self.outcomes.push((decision, outcome));
            }
        }
    }

    fn answer_with(&mut self, model: &str, answer: &Answer) {
        let at = self.questions.iter().position(|it| it.model.as_str() == model);
        let question = self.questions.remove(at.expect("this model was asked"));
        self.tell(&StrategyEvent::Answered { number: question.number, answer });
    }

    /// The model answers with this text.
    pub(crate) fn reply_of(&mut self, model: &str, text: &str) {
        let reply = ModelReply {
            model: model.parse().unwrap(),
            text: text.to_owned(),
            reasoning: String::new(),
            finish: FinishReason::Stop,
            format: AnswerFormat::JsonObject,
            usage: usage(),
        };
        self.answer_with(model, &Ok(reply));
    }

    /// The only model answers with this text.
    pub(crate) fn reply(&mut self, text: &str) {
        self.reply_of("test:one", text);
    }

    /// The model does not answer.
    pub(crate) fn failure_of(&mut self, model: &str, kind: FailureKind) {
        self.answer_with(model, &Err(ModelFailure::new(kind, "so it is")));
    }

    /// Lets time pass: a candle closes each minute, timers go off.
    pub(crate) fn minutes(&mut self, minutes: i64) {
        for _ in 0..minutes {
            let end = self.now + Span(MINUTE);
            self.ring_until(end);
            let candle = candle(Timestamp(end.0 - MINUTE), self.last);
            self.now = end;
            self.quote(self.last);
            let (instrument, timeframe) = (HERE, Timeframe::OneMinute);
            self.tell(&StrategyEvent::CandleClosed { instrument, timeframe, candle });
            self.ring_until(end);
        }
    }

    fn ring_until(&mut self, end: Timestamp) {
        while let Some((id, at)) = self
            .timers
            .iter()
            .map(|(id, at)| (*id, *at))
            .filter(|(_, at)| *at <= end)
            .min_by_key(|(id, at)| (*at, *id))
        {
            self.timers.remove(&id);
            self.now = self.now.max(at);
            self.quote(self.last);
            self.tell(&StrategyEvent::Timer(id));
        }
    }

    /// The price moves.
    pub(crate) fn price(&mut self, units: i64) {
        self.quote(price(units));
    }

    /// The account tells of a fill.
    pub(crate) fn fill(&mut self, side: Side, quantity: i64, exit: Option<(ExitReason, i64)>) {
        let mut position = self.book.position(HERE);
        let value = self.instruments.get(HERE).unwrap().notional(self.last, Quantity(quantity));
        let signed = Amount(i128::from(side.sign()) * value.0);
        position = Position {
            quantity: position.quantity + Quantity(side.sign() * quantity),
            cost: position.cost + signed,
        };
        if position.quantity.is_zero() {
            position = Position::default();
        }
        let notice = WorkerNotice::OrderFilled {
            tag: None,
            instrument: HERE,
            side,
            price: self.last,
            quantity: Quantity(quantity),
            fee: Amount::from_units(1),
            realized: exit.map_or(Amount::ZERO, |(_, earned)| Amount::from_units(earned)),
            exit: exit.map(|(reason, _)| reason),
            position,
        };
        self.notice(notice);
    }

    /// The account tells where the position is to be left.
    pub(crate) fn protected(&mut self, stop: i64) {
        let protection = Protection { stop_loss: Some(price(stop)), ..Protection::NONE };
        self.notice(WorkerNotice::ProtectionSet { instrument: HERE, protection });
    }

    fn notice(&mut self, notice: WorkerNotice) {
        let event = WorkerEvent { sequence: self.book.seen.next(), time: self.now, notice };
        assert!(self.book.apply(&event));
        self.tell(&StrategyEvent::Account(&event));
    }

    /// A crash and a restart: the saved state, the market told again, then `Started`.
    pub(crate) fn crash(&mut self, config: &AiConfig) {
        let bytes = postcard::to_stdvec(&self.strategy).unwrap();
        let mut strategy: AiStrategy = postcard::from_bytes(&bytes).unwrap();
        let instrument = perpetual();
        let fresh = AiStrategy::new(config, &[&instrument]).unwrap();
        let mut any = banyan_core::strategy::AnyStrategy::Ai(Box::new(strategy));
        assert!(any.take_over(banyan_core::strategy::AnyStrategy::Ai(Box::new(fresh))));
        let banyan_core::strategy::AnyStrategy::Ai(back) = any else {
            panic!("it stays what it is")
        };
        strategy = *back;
        self.strategy = strategy;
        self.timers.clear();
        self.questions.clear();
        self.learn();
        self.tell(&StrategyEvent::Started);
    }

    /// The latest record.
    pub(crate) fn last(&self) -> &Decision {
        self.decisions.last().expect("a decision was recorded")
    }

    /// The code with which the latest cycle failed.
    pub(crate) fn failed_with(&self) -> &str {
        match &self.last().result {
            DecisionResult::Failed { code, .. } => code,
            DecisionResult::Decided => "",
        }
    }
}

fn candle(open_time: Timestamp, at: Price) -> Candle {
    Candle { open_time, open: at, high: at, low: at, close: at, volume: Quantity(1) }
}

fn usage() -> Usage {
    Usage {
        input_tokens: 1_000,
        output_tokens: 200,
        reasoning_tokens: 0,
        cost: Amount(50_000),
        latency: Span::milliseconds(900),
        attempts: 1,
    }
}
