//! What a worker is told, and by whom; each message goes to one method.

use actix::prelude::*;
use banyan_core::account::Resumption;
use banyan_core::decision::{DecisionId, ExternalText};
use banyan_core::ids::UserId;
use banyan_core::model::Answer;
use banyan_core::strategy::{StrategyEvent, WhyNot};
use banyan_core::time::Timestamp;
use banyan_core::worker::{WorkerBook, WorkerEvent};

use super::StrategyWorker;
use crate::actors::account::DetachWorker;
use crate::exchanges::MarketBatch;

/// The account tells the worker something.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct Notified(pub(in crate::actors) WorkerEvent);

/// The account took the worker in.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct Resumed(pub(in crate::actors) Resumption);

/// What a person may ask of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub(in crate::actors) enum Control {
    /// Evaluate now.
    Trigger,
    /// No new entries until resumed.
    Pause,
    /// Go on.
    Resume,
    /// Carry out what awaits a person's approval, or drop it.
    Resolve {
        /// Which decision.
        decision: DecisionId,
        /// Whether it is to be carried out.
        approved: bool,
        /// Who says so.
        by: UserId,
    },
    /// Stop by the worker's policy.
    Stop(banyan_core::terms::StopPolicy),
}

/// Kills the receiving actor by a panic, to prove that supervision survives it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct InjectPanic;

impl InjectPanic {
    /// The payload of injected panics, by which a hook tells them from real ones.
    pub const PAYLOAD: &'static str = "injected panic";

    pub(in crate::actors) fn go(self) {
        std::panic::panic_any(Self::PAYLOAD);
    }
}

/// What a worker tells about itself.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct WorkerReport {
    /// Why it did not trade.
    pub why_not: WhyNot,
    /// Its positions and orders.
    pub book: WorkerBook,
    /// When it last looked at the market or at what became of its orders.
    pub last_run: Option<Timestamp>,
    /// When it looks next at the latest, as far as is known.
    pub next_run_at: Option<Timestamp>,
    /// Orders that the venue refused lately.
    pub error_count: u64,
}

#[derive(Message)]
#[rtype(result = "Option<WorkerReport>")]
pub(in crate::actors) struct GetReport;

/// A question was answered, or will not be.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Answered {
    /// The worker's number of the question.
    pub number: u64,
    /// What became of it.
    pub answer: Answer,
}

impl Handler<Resumed> for StrategyWorker {
    type Result = ();
    fn handle(&mut self, Resumed(resumption): Resumed, ctx: &mut Self::Context) {
        self.epoch = Some(resumption.epoch);
        let decided = resumption.decided;
        let Some(saved) = resumption.saved else {
            return self.warm_up(resumption.missed, ctx);
        };
        self.restore(Some(&saved));
        self.strategy.continue_chain(decided.map(|it| (it.number, it.hash)));
        let pause = self.clock.wait_until(self.clock.now() + self.herd_pause());
        ctx.run_later(pause, |worker, ctx| worker.warm_up(resumption.missed, ctx));
    }
}

impl Handler<Notified> for StrategyWorker {
    type Result = ();
    fn handle(&mut self, Notified(event): Notified, ctx: &mut Self::Context) {
        self.notified(event, ctx);
    }
}

impl Handler<MarketBatch> for StrategyWorker {
    type Result = ();
    fn handle(&mut self, MarketBatch(events): MarketBatch, ctx: &mut Self::Context) {
        for event in events.iter() {
            self.take_market(event, ctx);
        }
    }
}

impl Handler<Answered> for StrategyWorker {
    type Result = ();
    fn handle(&mut self, answered: Answered, ctx: &mut Self::Context) {
        if self.is_running() {
            let Answered { number, answer } = answered;
            self.decide(&StrategyEvent::Answered { number, answer: &answer }, ctx);
        }
    }
}

impl Handler<Control> for StrategyWorker {
    type Result = ();
    fn handle(&mut self, control: Control, ctx: &mut Self::Context) {
        match control {
            Control::Trigger if self.is_running() => self.decide(&StrategyEvent::Triggered, ctx),
            Control::Trigger => {}
            Control::Pause => self.pause(),
            Control::Resume => self.resume(ctx),
            Control::Resolve { decision, approved, by } if self.ready => {
                self.decide(&StrategyEvent::Resolved { decision, approved, by }, ctx);
            }
            Control::Resolve { .. } => {}
            Control::Stop(policy) => {
                self.submit(Vec::new(), Vec::new());
                self.withdraw_questions();
                self.account.do_send(DetachWorker(self.spec.worker, policy));
                self.ready = false;
                ctx.stop();
            }
        }
    }
}

/// A text from outside, for the strategy to show to models.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub(in crate::actors) struct Told(pub(in crate::actors) ExternalText);

impl Handler<Told> for StrategyWorker {
    type Result = ();
    fn handle(&mut self, Told(text): Told, ctx: &mut Self::Context) {
        if self.ready {
            self.decide(&StrategyEvent::Told(&text), ctx);
        }
    }
}

impl Handler<GetReport> for StrategyWorker {
    type Result = MessageResult<GetReport>;
    fn handle(&mut self, _: GetReport, _: &mut Self::Context) -> Self::Result {
        MessageResult(Some(WorkerReport {
            why_not: self.why_not.clone(),
            book: self.book.clone(),
            last_run: self.last_run,
            next_run_at: self.next_run_at(),
            error_count: self.refusals.len() as u64,
        }))
    }
}

impl Handler<InjectPanic> for StrategyWorker {
    type Result = ();
    fn handle(&mut self, inject: InjectPanic, _: &mut Self::Context) {
        inject.go();
    }
}
