//! Account connections: the single writer of each account's orders and positions.
//!
//! All rules are in `banyan_core::account`; here records go to the journal, commands to the venue
//! and events to workers. Handlers never wait. The mailbox takes 1,024 commands; a worker whose
//! command does not fit is told so at once.

use actix::prelude::*;
use banyan_core::account::{
    Account, Effects, Holding, Input, JournalHealth, Phase, RecoveryReport, Valuation,
    WorkerCommand,
};
use banyan_core::ids::{AccountId, ClientOrderId, UserId, WorkerId};
use banyan_core::instrument::InstrumentId;
use banyan_core::kill::{KillLevel, KillScope};
use banyan_core::ledger::SubLedger;
use banyan_core::money::Rate;
use banyan_core::terms::{Arming, StopPolicy, WorkerTerms};
use banyan_core::time::Timestamp;
use indexmap::IndexMap;

use super::journal::{Append, JournalNews, JournalWriter, Listen};
use super::supervision::ChildGuard;
use super::worker::{Notified, Resumed};
use crate::clock::Clock;
use crate::exchanges::{MarketBatch, Venue, VenueDelivery};

/// One account.
pub struct AccountConnection {
    account: Account,
    effects: Effects,
    clock: Clock,
    venue: Box<dyn Venue>,
    journal: Addr<JournalWriter>,
    reports: Option<Recipient<AccountRecovered>>,
    workers: IndexMap<WorkerId, (Recipient<Notified>, Recipient<Resumed>)>,
    timer: Option<(Timestamp, SpawnHandle)>,
    _guard: ChildGuard<AccountId>,
}

/// What one life of a connection is made of.
pub(super) struct Life {
    pub(super) account: Account,
    /// What opening it led to already.
    pub(super) effects: Effects,
    pub(super) clock: Clock,
    pub(super) venue: Box<dyn Venue>,
    pub(super) journal: Addr<JournalWriter>,
    pub(super) reports: Option<Recipient<AccountRecovered>>,
    pub(super) guard: ChildGuard<AccountId>,
}

/// A worker starts; it is answered with `Resumed` when the account is ready for it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct AttachWorker {
    /// Which.
    pub worker: WorkerId,
    /// What it may do.
    pub terms: WorkerTerms,
    pub(super) events: Recipient<Notified>,
    pub(super) resumed: Recipient<Resumed>,
}

/// A worker's state and wishes.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SubmitIntents(pub WorkerCommand);

/// A worker stops.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct DetachWorker(pub(super) WorkerId, pub(super) StopPolicy);

/// A person sets or lifts a kill level.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct SetKillLevel {
    /// On what.
    pub scope: KillScope,
    /// The level.
    pub level: KillLevel,
}

/// A person closes a position.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct ClosePosition {
    /// Whose.
    pub owner: SubLedger,
    /// Where.
    pub instrument: InstrumentId,
}

/// Asks for the state of an account and what it is worth.
#[derive(Message)]
#[rtype(result = "AccountView")]
pub struct GetAccount {
    /// Whether ended orders and what workers saved are wanted too.
    pub with_past: bool,
}

/// A person cancels an order.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct CancelOrder(pub ClientOrderId);

/// The owner arms a live account, or disarms it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "()")]
pub struct Arm(pub Option<Arming>);

/// An account is through with its recovery.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct AccountRecovered {
    /// Whose account.
    pub tenant: UserId,
    /// What was found.
    pub report: RecoveryReport,
}

/// What an account tells about itself.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// Everything it remembers.
    pub state: banyan_core::account::AccountState,
    /// Where it is in its life.
    pub phase: Phase,
    /// How its journal is.
    pub journal: JournalHealth,
    /// What it is worth.
    pub valuation: Valuation,
    /// Its positions as the venue keeps them.
    pub holdings: Vec<Holding>,
    /// Each owner's part of them.
    pub shares: Vec<Holding>,
    /// Deepest fall below the high-water mark since the connection started, by minutes.
    pub deepest_drawdown: Rate,
    /// What each worker is worth.
    pub workers: Vec<(WorkerId, Valuation)>,
    /// Owners and instruments whose position is guarded by the account itself.
    pub guarded: Vec<(SubLedger, InstrumentId)>,
}

impl AccountConnection {
    pub(super) fn new(life: Life) -> Self {
        Self {
            account: life.account,
            effects: life.effects,
            clock: life.clock,
            venue: life.venue,
            journal: life.journal,
            reports: life.reports,
            workers: IndexMap::new(),
            timer: None,
            _guard: life.guard,
        }
    }

    fn run(&mut self, input: Input<'_>, ctx: &mut Context<Self>) {
        self.account.handle(self.clock.now(), input, &mut self.effects);
        self.carry_out(ctx);
    }

    /// Carries out effects until none are left: a journal that refuses makes new ones.
    fn carry_out(&mut self, ctx: &mut Context<Self>) {
        for command in self.effects.commands.drain(..) {
            self.venue.call(command);
        }
        for (worker, event) in self.effects.told.drain(..) {
            if let Some((events, _)) = self.workers.get(&worker) {
                events.do_send(Notified(event));
            }
        }
        for resumption in self.effects.resumed.drain(..) {
            if let Some((_, resumed)) = self.workers.get(&resumption.worker) {
                resumed.do_send(Resumed(resumption));
            }
        }
        if let (Some(report), Some(reports)) = (self.effects.recovered.take(), &self.reports) {
            let tenant = self.account.state().settings.tenant;
            reports.do_send(AccountRecovered { tenant, report });
        }
        if !self.effects.records.is_empty() {
            let records = std::mem::take(&mut self.effects.records);
            // Records may not be lost: they go past the bound of the writer's mailbox.
            self.journal.do_send(Append { account: self.account.state().settings.id, records });
        }
        self.wait(ctx);
    }

    fn wait(&mut self, ctx: &mut Context<Self>) {
        let next = self.account.next_deadline();
        if self.timer.map(|(at, _)| at) == next {
            return;
        }
        if let Some((_, handle)) = self.timer.take() {
            ctx.cancel_future(handle);
        }
        if let Some(at) = next {
            let handle = ctx.run_later(self.clock.wait_until(at), |connection, ctx| {
                connection.timer = None;
                connection.run(Input::Tick, ctx);
            });
            self.timer = Some((at, handle));
        }
    }

    fn view(&self, with_past: bool) -> AccountView {
        let state = self.account.state();
        let state = if with_past { state.clone() } else { state.without_past() };
        let workers = state
            .workers
            .keys()
            .map(|worker| (*worker, self.account.valuation_of(SubLedger::Worker(*worker))))
            .collect();
        let guarded = state
            .protection
            .keys()
            .filter(|(owner, instrument)| self.account.is_guarded(*owner, *instrument))
            .copied()
            .collect();
        let (phase, valuation) = (self.account.phase(), self.account.valuation());
        let deepest_drawdown = self.account.deepest_drawdown();
        AccountView {
            state,
            phase,
            journal: self.account.journal_health(),
            valuation,
            holdings: self.account.holdings(),
            shares: self.account.shares(),
            deepest_drawdown,
            workers,
            guarded,
        }
    }
}

impl Actor for AccountConnection {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1_024);
        let listener = ctx.address().recipient();
        self.journal.do_send(Listen(self.account.state().settings.id, listener));
        self.run(Input::Start, ctx);
    }
}

impl Handler<VenueDelivery> for AccountConnection {
    type Result = ();
    fn handle(&mut self, VenueDelivery(message): VenueDelivery, ctx: &mut Self::Context) {
        self.run(Input::Venue(message), ctx);
    }
}

impl Handler<MarketBatch> for AccountConnection {
    type Result = ();
    fn handle(&mut self, MarketBatch(events): MarketBatch, ctx: &mut Self::Context) {
        let now = self.clock.now();
        for event in events.iter() {
            self.account.handle(now, Input::Market(event), &mut self.effects);
        }
        self.carry_out(ctx);
    }
}

impl Handler<JournalNews> for AccountConnection {
    type Result = ();
    fn handle(&mut self, news: JournalNews, ctx: &mut Self::Context) {
        match news {
            JournalNews::Durable(sequence) => self.run(Input::Durable(sequence), ctx),
            JournalNews::Failed => self.run(Input::JournalFailed, ctx),
            JournalNews::OnReserve => self.run(Input::JournalOnReserve, ctx),
            JournalNews::Restored => self.run(Input::JournalRestored, ctx),
        }
    }
}

impl Handler<AttachWorker> for AccountConnection {
    type Result = ();
    fn handle(&mut self, attach: AttachWorker, ctx: &mut Self::Context) {
        let AttachWorker { worker, terms, events, resumed } = attach;
        self.workers.insert(worker, (events, resumed));
        self.run(Input::AttachWorker { worker, terms: Box::new(terms) }, ctx);
    }
}

impl Handler<DetachWorker> for AccountConnection {
    type Result = ();
    fn handle(&mut self, DetachWorker(worker, policy): DetachWorker, ctx: &mut Self::Context) {
        self.run(Input::DetachWorker { worker, policy }, ctx);
    }
}

impl Handler<SubmitIntents> for AccountConnection {
    type Result = ();
    fn handle(&mut self, SubmitIntents(command): SubmitIntents, ctx: &mut Self::Context) {
        self.run(Input::Submit(command), ctx);
    }
}

impl Handler<SetKillLevel> for AccountConnection {
    type Result = ();
    fn handle(&mut self, set: SetKillLevel, ctx: &mut Self::Context) {
        self.run(Input::SetKillLevel { scope: set.scope, level: set.level }, ctx);
    }
}

impl Handler<ClosePosition> for AccountConnection {
    type Result = ();
    fn handle(&mut self, close: ClosePosition, ctx: &mut Self::Context) {
        let ClosePosition { owner, instrument } = close;
        self.run(Input::ClosePosition { owner, instrument }, ctx);
    }
}

impl Handler<CancelOrder> for AccountConnection {
    type Result = ();
    fn handle(&mut self, CancelOrder(id): CancelOrder, ctx: &mut Self::Context) {
        self.run(Input::CancelOrder(id), ctx);
    }
}

impl Handler<Arm> for AccountConnection {
    type Result = ();
    fn handle(&mut self, Arm(arming): Arm, ctx: &mut Self::Context) {
        self.run(Input::Arm(arming), ctx);
    }
}

impl Handler<GetAccount> for AccountConnection {
    type Result = MessageResult<GetAccount>;
    fn handle(&mut self, ask: GetAccount, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.view(ask.with_past))
    }
}

impl Handler<super::InjectPanic> for AccountConnection {
    type Result = ();
    fn handle(&mut self, inject: super::InjectPanic, _: &mut Self::Context) {
        inject.go();
    }
}
