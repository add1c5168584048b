//! One running strategy.
//!
//! Owns a strategy of the core, feeds it what it subscribed to, and hands its intents to the
//! account together with the state they came from, so that a crash loses both or neither. It never
//! waits on the tick path. When the account's mailbox is full the wish is refused on the spot.

mod mailbox;
mod memory;

use std::collections::BTreeMap;

use actix::prelude::*;
use banyan_core::account::WorkerCommand;
use banyan_core::decision::DecisionEvent;
use banyan_core::ids::{Epoch, WorkerId};
use banyan_core::instrument::{InstrumentId, Instruments};
use banyan_core::intent::Intent;
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::market::{MarketData, MarketEvent, MarketViews};
use banyan_core::money::Amount;
use banyan_core::order::OrderState;
use banyan_core::strategy::{
    AnyStrategy, Effects, Strategy, StrategyEvent, Subscription, TimerId, WhyNot,
};
use banyan_core::time::{Span, Timeframe, Timestamp};
use banyan_core::worker::{WorkerBook, WorkerEvent, WorkerNotice, WorkerView};

pub use mailbox::{Answered, InjectPanic, WorkerReport};
pub(super) use mailbox::{Control, GetReport, Notified, Resumed, Told};

use super::model_desk::{AskModel, ModelDesk, WithdrawQuestions};
use super::supervision::ChildGuard;
use super::worker_supervisor::{BudgetSpent, WorkerStarted, WorkerSupervisor};
use super::{AccountConnection, AttachWorker, SetKillLevel, SubmitIntents, WorkerSpec};
use crate::clock::Clock;

/// Refusals by the venue within `ERROR_WINDOW` at which a worker is stopped.
const ERROR_BUDGET: usize = 50;
/// See `ERROR_BUDGET`.
const ERROR_WINDOW: Span = Span::minutes(5);
/// Over how long workers are spread that come back together.
const HERD_SPREAD: Span = Span::seconds(2);
/// Where market history comes from when a worker starts.
pub(in crate::actors) type History = Recipient<crate::exchanges::GetCandles>;

/// One running strategy.
pub struct StrategyWorker {
    spec: WorkerSpec,
    strategy: AnyStrategy,
    subscription: Subscription,
    book: WorkerBook,
    why_not: WhyNot,
    /// Open time of the last candle the strategy took in, so that none is taken in twice.
    heard: BTreeMap<(InstrumentId, Timeframe), Timestamp>,
    epoch: Option<Epoch>,
    ready: bool,
    paused: bool,
    intents: u32,
    effects: Effects,
    markets: MarketViews,
    instruments: Instruments,
    timers: BTreeMap<TimerId, (Timestamp, SpawnHandle)>,
    last_run: Option<Timestamp>,
    missed: Vec<WorkerEvent>,
    refusals: std::collections::VecDeque<Timestamp>,
    clock: Clock,
    account: Addr<AccountConnection>,
    models: Addr<ModelDesk>,
    history: History,
    supervisor: Addr<WorkerSupervisor>,
    _guard: ChildGuard<WorkerId>,
}

/// What a worker needs from outside.
pub(in crate::actors) struct WorkerPorts {
    pub(in crate::actors) clock: Clock,
    pub(in crate::actors) instruments: Instruments,
    pub(in crate::actors) account: Addr<AccountConnection>,
    pub(in crate::actors) models: Addr<ModelDesk>,
    pub(in crate::actors) history: History,
    pub(in crate::actors) supervisor: Addr<WorkerSupervisor>,
    pub(in crate::actors) guard: ChildGuard<WorkerId>,
}

impl StrategyWorker {
    pub(in crate::actors) fn new(
        spec: WorkerSpec,
        strategy: AnyStrategy,
        ports: WorkerPorts,
    ) -> Self {
        Self {
            subscription: strategy.subscription(),
            spec,
            strategy,
            book: WorkerBook::default(),
            why_not: WhyNot::default(),
            heard: BTreeMap::new(),
            epoch: None,
            ready: false,
            paused: false,
            intents: 0,
            effects: Effects::default(),
            markets: MarketViews::default(),
            instruments: ports.instruments,
            timers: BTreeMap::new(),
            last_run: None,
            missed: Vec::new(),
            refusals: std::collections::VecDeque::new(),
            clock: ports.clock,
            account: ports.account,
            models: ports.models,
            history: ports.history,
            supervisor: ports.supervisor,
            _guard: ports.guard,
        }
    }

    fn decide(&mut self, event: &StrategyEvent<'_>, ctx: &mut Context<Self>) {
        let now = self.clock.now();
        self.last_run = Some(now);
        let view = WorkerView {
            worker: self.spec.worker,
            strategy_version: self.spec.terms.strategy_version,
            now,
            instruments: &self.instruments,
            markets: &self.markets,
            book: &self.book,
            capital: self.capital(),
            limits: &self.spec.terms.limits,
        };
        self.strategy.handle(event, &view, &mut self.effects);
        let acts = matches!(event, StrategyEvent::Account(_) | StrategyEvent::Started);
        self.carry_out(acts, now, ctx);
    }

    fn capital(&self) -> Amount {
        self.spec.terms.capital
    }

    /// Hands intents and state to the account; sets timers; counts refusals.
    fn carry_out(&mut self, save: bool, now: Timestamp, ctx: &mut Context<Self>) {
        if let Some(gate) = self.effects.refused_by {
            self.why_not.count(now, gate);
        }
        let mut effects = std::mem::take(&mut self.effects);
        for (timer, at) in effects.timers.drain(..) {
            self.set_timer(timer, at, ctx);
        }
        for question in effects.questions.drain(..) {
            let (owner, worker) = (self.spec.owner, self.spec.worker);
            let answer_to = ctx.address().recipient();
            self.models.do_send(AskModel { owner, worker, question, answer_to });
        }
        if !effects.withdrawn.is_empty() {
            let numbers = effects.withdrawn.drain(..).collect();
            self.models.do_send(WithdrawQuestions { worker: self.spec.worker, numbers });
        }
        let wishes = !effects.intents.is_empty() || !effects.decisions.is_empty();
        if save || effects.save || wishes {
            let intents = effects.intents.drain(..).collect();
            let decisions = effects.decisions.drain(..).collect();
            self.submit(decisions, intents);
        }
        effects.clear();
        self.effects = effects;
    }

    fn submit(&mut self, decisions: Vec<DecisionEvent>, intents: Vec<Intent>) {
        let Some(epoch) = self.epoch else {
            return;
        };
        let saved = Some((self.book.seen, self.saved()));
        let numbered = intents.into_iter().map(|intent| {
            self.intents += 1;
            (self.intents, intent)
        });
        let intents = numbered.collect();
        let command = WorkerCommand { worker: self.spec.worker, epoch, saved, decisions, intents };
        if self.account.try_send(SubmitIntents(command)).is_err() {
            self.why_not.count(self.clock.now(), "account_mailbox_full");
        }
    }

    /// The earliest timer or end of a candle that it waits for.
    fn next_run_at(&self) -> Option<Timestamp> {
        if let Some(next) = self.strategy.next_run() {
            return Some(next).filter(|_| self.is_running());
        }
        let now = self.clock.now();
        let timers = self.timers.values().map(|(at, _)| *at);
        let candles = self.subscription.candles.iter().map(|(timeframe, _)| {
            let span = timeframe.span();
            now.floor(span) + span
        });
        timers.chain(candles).min().filter(|_| self.is_running())
    }

    /// Workers that come back together with a run overdue do not run together: each waits for a
    /// part of `HERD_SPREAD` that its id decides.
    fn herd_pause(&self) -> Span {
        let part = i64::try_from(self.spec.worker.0.as_u128() % 1_000).unwrap_or_default();
        Span(HERD_SPREAD.0 / 1_000 * part)
    }

    fn set_timer(&mut self, timer: TimerId, at: Timestamp, ctx: &mut Context<Self>) {
        let handle = ctx.run_later(self.clock.wait_until(at), move |worker, ctx| {
            worker.timers.remove(&timer);
            if worker.is_running() {
                worker.decide(&StrategyEvent::Timer(timer), ctx);
            }
        });
        if let Some((_, earlier)) = self.timers.insert(timer, (at, handle)) {
            ctx.cancel_future(earlier);
        }
    }

    fn is_running(&self) -> bool {
        self.ready && !self.paused
    }

    fn take_market(&mut self, event: &MarketEvent, ctx: &mut Context<Self>) {
        self.markets.apply(event);
        if let MarketData::InstrumentChanged(instrument) = &event.data {
            self.instruments.put(instrument.clone());
        }
        if !self.is_running() || !self.subscription.instruments.contains(&event.instrument) {
            return;
        }
        let instrument = event.instrument;
        match &event.data {
            MarketData::CandleClosed { timeframe, candle }
                if self.wants_candle(instrument, *timeframe, candle.open_time) =>
            {
                let (timeframe, candle) = (*timeframe, *candle);
                let event = StrategyEvent::CandleClosed { instrument, timeframe, candle };
                self.decide(&event, ctx);
            }
            MarketData::Trade { price, quantity, aggressor } if self.subscription.trades => {
                let (price, quantity, aggressor) = (*price, *quantity, *aggressor);
                let event = StrategyEvent::Trade { instrument, price, quantity, aggressor };
                self.decide(&event, ctx);
            }
            MarketData::Funding(rate) if self.subscription.funding => {
                let rate = *rate;
                self.decide(&StrategyEvent::Funding { instrument, rate }, ctx);
            }
            MarketData::BookTop { .. } if self.subscription.book_tops => {
                self.decide(&StrategyEvent::BookTop { instrument }, ctx);
            }
            _ => {}
        }
    }

    /// Says whether a candle is wanted and new, and notes it.
    fn wants_candle(
        &mut self,
        instrument: InstrumentId,
        timeframe: Timeframe,
        open_time: Timestamp,
    ) -> bool {
        if !self.subscription.candles.iter().any(|(wanted, _)| *wanted == timeframe) {
            return false;
        }
        let key = (instrument, timeframe);
        let fresh = self.heard.get(&key).is_none_or(|heard| *heard < open_time);
        if fresh {
            self.heard.insert(key, open_time);
        }
        fresh
    }

    fn notified(&mut self, event: WorkerEvent, ctx: &mut Context<Self>) {
        if !self.ready {
            self.missed.push(event);
            return;
        }
        if !self.book.apply(&event) {
            return;
        }
        match &event.notice {
            WorkerNotice::IntentDenied { code, .. } => self.why_not.count(event.time, code),
            WorkerNotice::OrderUpdated { state: OrderState::Rejected, .. } => self.refused(),
            _ => {}
        }
        self.decide(&StrategyEvent::Account(&event), ctx);
    }

    /// The error budget counts what really happened: refusals by the venue.
    fn refused(&mut self) {
        let now = self.clock.now();
        self.refusals.push_back(now);
        while self.refusals.front().is_some_and(|at| now - *at > ERROR_WINDOW) {
            self.refusals.pop_front();
        }
        if self.refusals.len() >= ERROR_BUDGET {
            let reason = format!("{ERROR_BUDGET} orders refused by the venue within five minutes");
            self.supervisor.do_send(BudgetSpent { worker: self.spec.worker, reason });
            self.refusals.clear();
        }
    }

    /// Asks for the past that the strategy needs, then begins.
    fn warm_up(&mut self, missed: Vec<WorkerEvent>, ctx: &mut Context<Self>) {
        let asks: Vec<_> = self
            .subscription
            .instruments
            .iter()
            .flat_map(|it| self.subscription.candles.iter().map(|(tf, n)| (*it, *tf, *n)))
            .collect();
        let history = self.history.clone();
        let asked = async move {
            let mut answers = Vec::new();
            for (instrument, timeframe, limit) in asks {
                let ask = crate::exchanges::GetCandles { instrument, timeframe, limit };
                answers.push((instrument, timeframe, history.send(ask).await.unwrap_or_default()));
            }
            answers
        };
        ctx.spawn(asked.into_actor(self).map(move |answers, worker, ctx| {
            for (instrument, timeframe, candles) in answers {
                for candle in candles {
                    if worker.wants_candle(instrument, timeframe, candle.open_time) {
                        worker.strategy.warm_up(instrument, timeframe, &candle);
                    }
                }
            }
            worker.begin(missed, ctx);
        }));
    }

    fn begin(&mut self, missed: Vec<WorkerEvent>, ctx: &mut Context<Self>) {
        self.ready = true;
        let while_waiting = std::mem::take(&mut self.missed);
        for event in missed.into_iter().chain(while_waiting) {
            self.notified(event, ctx);
        }
        if !self.paused {
            self.decide(&StrategyEvent::Started, ctx);
        }
        if let Some(epoch) = self.epoch {
            self.supervisor.do_send(WorkerStarted { worker: self.spec.worker, epoch });
        }
    }

    fn pause(&mut self) {
        self.set_paused(true);
        self.withdraw_questions();
    }

    /// Timers and answers of the pause were not heard, so the strategy begins as after a stop.
    fn resume(&mut self, ctx: &mut Context<Self>) {
        let was_paused = self.paused;
        self.set_paused(false);
        if was_paused && self.ready {
            self.decide(&StrategyEvent::Started, ctx);
        }
    }

    /// Nobody waits for the answers to this worker's questions any more.
    fn withdraw_questions(&self) {
        let worker = self.spec.worker;
        self.models.do_send(WithdrawQuestions { worker, numbers: Vec::new() });
    }

    fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
        let level = if paused { KillLevel::PauseEntries } else { KillLevel::None };
        let scope = KillScope::Worker(self.spec.worker);
        self.account.do_send(SetKillLevel { scope, level });
    }
}

impl Actor for StrategyWorker {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(256);
        self.account.do_send(AttachWorker {
            worker: self.spec.worker,
            terms: self.spec.terms.clone(),
            events: ctx.address().recipient(),
            resumed: ctx.address().recipient(),
        });
    }
}
