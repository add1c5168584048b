//! A strategy in words: it asks models, and code decides what of their answers is carried out.
//!
//! Builds questions, counts answers, seals decisions, wishes. It asks nobody itself, and sizes,
//! leverage, stops and confidence are the account's to review.

mod approval;
mod books;
mod cycle;
mod judge;
mod outcomes;
mod schedule;
mod sealing;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use self::approval::Approval;
use self::books::Books;
use self::cycle::{Cycle, Desk};
use self::outcomes::Outcomes;
use self::schedule::Schedule;
use super::config::{AiConfig, FieldError};
use super::{Effects, Strategy, StrategyEvent, Subscription, TimerId};
use crate::decision::{
    DecisionEvent, DecisionId, ExternalText, Resolution, Snapshot, Trigger, schema,
};
use crate::ids::UserId;
use crate::instrument::{Instrument, InstrumentId};
use crate::market::Candle;
use crate::model::{Answer, Message, Role};
use crate::prompt::{self, Observer};
use crate::time::{Span, Timeframe, Timestamp};
use crate::worker::{WorkerEvent, WorkerNotice, WorkerView};

/// The next cycle is due.
const NEXT_CYCLE: TimerId = TimerId(10);
/// The cycle under way has had its time.
const CYCLE_OVER: TimerId = TimerId(11);
/// An approval expires.
const APPROVAL_OVER: TimerId = TimerId(12);
/// An outcome is due.
const OUTCOME_DUE: TimerId = TimerId(13);
/// What whoever answers questions has beyond the deadline to say that there is no answer.
const GRACE: Span = Span::seconds(3);
/// Texts from outside that are kept, and for how long.
const TEXTS: usize = 20;
/// See `TEXTS`.
const TEXTS_FOR: Span = Span::minutes(1_440);

/// A strategy in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AiStrategy {
    config: AiConfig,
    traded: Vec<InstrumentId>,
    schedule: Schedule,
    books: Books,
    cycle: Option<Cycle>,
    approval: Option<Approval>,
    outcomes: Outcomes,
    texts: VecDeque<ExternalText>,
    /// Questions asked so far.
    questions: u64,
    /// Decisions made so far, and the hash of the last.
    chain: (u64, String),
    /// Cycles in a row that came to no decision.
    failures: u32,
    /// The market; told again after a restart.
    #[serde(skip)]
    observer: Option<Box<Observer>>,
}

impl AiStrategy {
    /// A strategy that has not begun.
    ///
    /// # Errors
    /// All fields that are wrong.
    pub fn new(config: &AiConfig, traded: &[&Instrument]) -> Result<Self, Vec<FieldError>> {
        config.validate()?;
        let observer = Observer::new(&config.timeframes, &config.indicators, traded);
        Ok(Self {
            config: config.clone(),
            traded: traded.iter().map(|it| it.id).collect(),
            schedule: Schedule::default(),
            books: Books::default(),
            cycle: None,
            approval: None,
            outcomes: Outcomes::default(),
            texts: VecDeque::new(),
            questions: 0,
            chain: (0, String::new()),
            failures: 0,
            observer: Some(Box::new(observer)),
        })
    }

    /// Takes over from a strategy that has just been made what is not kept: the market.
    pub(super) fn take_over(&mut self, fresh: Self) {
        (self.config, self.observer) = (fresh.config, fresh.observer);
    }

    /// Takes from an earlier version what it knows of its trading, and what is still to be
    /// measured.
    pub(super) fn inherit(&mut self, earlier: Self) {
        (self.books, self.outcomes) = (earlier.books, earlier.outcomes);
        self.questions = earlier.questions;
    }

    /// Goes on after the latest decision that the journal has.
    pub(super) fn continue_chain(&mut self, latest: (u64, String)) {
        self.chain = latest;
    }

    /// Says whether entries are refused because models failed repeatedly.
    fn is_safe_mode(&self) -> bool {
        self.failures >= self.config.safe_mode_after
    }

    fn started(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        effects.save = true;
        if let Some(cycle) = self.cycle.take() {
            let (code, message) = ("interrupted", "the worker was stopped meanwhile");
            self.fail(cycle, code, message, view, effects);
        }
        if self.schedule.next().is_none() {
            self.begin(Trigger::Started, view, effects);
        }
        self.set_timers(view.now, effects);
    }

    /// Sets every timer anew: a restart forgets them.
    fn set_timers(&self, now: Timestamp, effects: &mut Effects) {
        if let (None, Some((at, _))) = (&self.cycle, self.schedule.next()) {
            effects.timers.push((NEXT_CYCLE, at.max(now)));
        }
        if let Some(approval) = &self.approval {
            effects.timers.push((APPROVAL_OVER, approval.expires_at.max(now)));
        }
        if let Some(due) = self.outcomes.next_due() {
            effects.timers.push((OUTCOME_DUE, due.max(now)));
        }
    }

    fn timer(&mut self, timer: TimerId, view: &WorkerView<'_>, effects: &mut Effects) {
        match timer {
            NEXT_CYCLE => self.run_if_due(view, effects),
            CYCLE_OVER => self.give_up(view, effects),
            APPROVAL_OVER => self.expire_approval(view.now, effects),
            OUTCOME_DUE => {
                self.outcomes.measure(view, effects);
                effects.save = true;
                self.set_timers(view.now, effects);
            }
            _ => {}
        }
    }

    fn run_if_due(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        if let (None, Some((at, trigger))) = (&self.cycle, self.schedule.next())
            && at <= view.now
        {
            self.begin(trigger, view, effects);
        }
    }

    /// Begins a cycle, unless one is under way.
    fn begin(&mut self, trigger: Trigger, view: &WorkerView<'_>, effects: &mut Effects) {
        if self.cycle.is_some() {
            effects.refuse("cycle_under_way");
            return;
        }
        effects.save = true;
        let priced =
            self.traded.iter().filter_map(|id| Some((*id, view.markets.get(*id).valuation()?)));
        self.schedule.began(view.now, priced.collect());
        let snapshot = self.snapshot(view);
        if let Some((code, message)) = why_not_ask(&snapshot) {
            let cycle = self.empty_cycle(trigger, snapshot, view.now);
            self.fail(cycle, code, message, view, effects);
            self.set_timers(view.now, effects);
            return;
        }
        self.ask(trigger, snapshot, view, effects);
    }

    fn ask(
        &mut self,
        trigger: Trigger,
        snapshot: Snapshot,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        let built = prompt::build(&self.config.prompt_spec(view.limits), &snapshot);
        let messages = vec![
            Message { role: Role::System, content: built.system },
            Message { role: Role::User, content: built.user },
        ];
        let traded = self.traded_instruments(view);
        let symbols: Vec<_> = traded.iter().map(|it| it.symbol.to_string()).collect();
        let mut desk = Desk {
            config: &self.config,
            instruments: &traded,
            numbers: &mut self.questions,
            now: view.now,
            effects,
        };
        let (sections, schema) = (built.sections, schema(&symbols));
        let cycle = Cycle::begin(trigger, messages, sections, snapshot, schema, &mut desk);
        effects.timers.push((CYCLE_OVER, cycle.deadline + GRACE));
        self.cycle = Some(cycle);
    }

    fn traded_instruments<'a>(&self, view: &WorkerView<'a>) -> Vec<&'a Instrument> {
        let listed = self.traded.iter().filter_map(|id| view.instruments.get(*id));
        listed.map(AsRef::as_ref).collect()
    }

    /// What is known now.
    fn snapshot(&mut self, view: &WorkerView<'_>) -> Snapshot {
        self.texts.retain(|text| view.now - text.time <= TEXTS_FOR);
        let (realized, fees) = (self.books.realized, self.books.fees);
        let (account, positions) = prompt::standing(view, realized, fees, &self.books.held);
        let mut snapshot = Snapshot {
            time: view.now,
            account,
            positions,
            markets: Vec::new(),
            left_out: Vec::new(),
            closed_trades: self.books.closed.iter().cloned().collect(),
            external: self.texts.iter().cloned().collect(),
        };
        if let Some(observer) = &self.observer {
            (snapshot.markets, snapshot.left_out) = observer.markets(view);
        }
        snapshot
    }

    fn answered(
        &mut self,
        number: u64,
        answer: &Answer,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        let traded = self.traded_instruments(view);
        let Some(cycle) = &mut self.cycle else {
            return;
        };
        let mut desk = Desk {
            config: &self.config,
            instruments: &traded,
            numbers: &mut self.questions,
            now: view.now,
            effects,
        };
        if cycle.answered(number, answer, &mut desk) {
            self.conclude(view, effects);
        }
    }

    fn give_up(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let Some(cycle) = &mut self.cycle else {
            return;
        };
        if view.now < cycle.deadline {
            return;
        }
        cycle.give_up(effects);
        self.conclude(view, effects);
    }

    fn heard(&mut self, event: &WorkerEvent, view: &WorkerView<'_>, effects: &mut Effects) {
        if let Some(ended) = self.books.hear(event, view)
            && let Some(outcome) = outcomes::of_trade(&ended, view)
        {
            effects.decisions.push(outcome);
        }
        if let WorkerNotice::OrderFilled { exit, .. } = &event.notice {
            self.schedule.fill(*exit, view.now, &self.config.events);
            self.set_timers(view.now, effects);
        }
    }

    fn candle(
        &mut self,
        instrument: InstrumentId,
        timeframe: Timeframe,
        candle: &Candle,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        if let Some(observer) = &mut self.observer {
            observer.observe(instrument, timeframe, candle);
        }
        if timeframe != self.shortest_timeframe() {
            return;
        }
        let before = self.schedule.next();
        let events = &self.config.events;
        self.schedule.candle(instrument, candle, &self.books, view.now, events);
        if self.schedule.next() != before {
            self.set_timers(view.now, effects);
        }
    }

    /// The candles by which events are noticed: those of a minute where events matter.
    fn shortest_timeframe(&self) -> Timeframe {
        let events = &self.config.events;
        let quick = events.volatility_percent + events.stop_near_percent;
        let shortest = self.config.timeframes.iter().copied().min();
        if quick.is_zero() {
            shortest.unwrap_or(Timeframe::OneMinute)
        } else {
            Timeframe::OneMinute
        }
    }

    fn told(&mut self, text: &ExternalText, effects: &mut Effects) {
        self.texts.push_back(text.clone());
        while self.texts.len() > TEXTS {
            self.texts.pop_front();
        }
        effects.save = true;
    }

    fn resolved(
        &mut self,
        decision: DecisionId,
        approved: bool,
        by: UserId,
        view: &WorkerView<'_>,
        effects: &mut Effects,
    ) {
        let Some(approval) = self.approval.take_if(|it| it.decision == decision) else {
            effects.refuse("nothing_to_approve");
            return;
        };
        let (resolution, wishes) =
            if approved { approval.approve(view) } else { (Resolution::Refused, Vec::new()) };
        effects.decisions.push(DecisionEvent::Resolved { decision, resolution, by: Some(by) });
        for intent in wishes {
            self.wish(decision, intent, view, effects);
        }
    }

    fn expire_approval(&mut self, now: Timestamp, effects: &mut Effects) {
        if let Some(approval) = self.approval.take_if(|it| it.expires_at <= now) {
            effects.decisions.push(approval.ended(Resolution::Expired));
        }
    }
}

/// Why there is no point in asking.
fn why_not_ask(snapshot: &Snapshot) -> Option<(&'static str, &'static str)> {
    if !snapshot.account.equity.is_positive() {
        return Some(("no_equity", "there is nothing left to trade with"));
    }
    let blind = snapshot.markets.is_empty();
    blind.then_some(("no_data", "no symbol has fresh data"))
}

impl Strategy for AiStrategy {
    fn name(&self) -> &'static str {
        "ai"
    }

    fn subscription(&self) -> Subscription {
        let mut candles: Vec<_> = self
            .config
            .timeframes
            .iter()
            .map(|it| (*it, self.observer.as_ref().map_or(0, |seen| seen.candles_needed(*it))))
            .collect();
        let quickest = self.shortest_timeframe();
        if !self.config.timeframes.contains(&quickest) {
            candles.push((quickest, 0));
        }
        Subscription {
            instruments: self.traded.clone(),
            candles,
            trades: false,
            book_tops: false,
            funding: true,
        }
    }

    fn warm_up(&mut self, instrument: InstrumentId, timeframe: Timeframe, candle: &Candle) {
        if let Some(observer) = &mut self.observer {
            observer.observe(instrument, timeframe, candle);
        }
    }

    fn next_run(&self) -> Option<Timestamp> {
        self.schedule.next().map(|(at, _)| at)
    }

    fn handle(&mut self, event: &StrategyEvent<'_>, view: &WorkerView<'_>, effects: &mut Effects) {
        match event {
            StrategyEvent::Started => self.started(view, effects),
            StrategyEvent::CandleClosed { instrument, timeframe, candle } => {
                self.candle(*instrument, *timeframe, candle, view, effects);
            }
            StrategyEvent::Funding { instrument, rate } => {
                if let Some(observer) = &mut self.observer {
                    observer.funding(*instrument, *rate);
                }
            }
            StrategyEvent::Timer(timer) => self.timer(*timer, view, effects),
            StrategyEvent::Triggered => self.begin(Trigger::Manual, view, effects),
            StrategyEvent::Account(event) => self.heard(event, view, effects),
            StrategyEvent::Answered { number, answer } => {
                self.answered(*number, answer, view, effects);
            }
            StrategyEvent::Resolved { decision, approved, by } => {
                self.resolved(*decision, *approved, *by, view, effects);
            }
            StrategyEvent::Told(text) => self.told(text, effects),
            StrategyEvent::Trade { .. } | StrategyEvent::BookTop { .. } => {}
        }
    }
}
