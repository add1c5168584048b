//! From intents to planned orders: every wish is reviewed, recorded, and planned or refused.

use super::outbox::Outgoing;
use super::{Account, Step, WorkerCommand};
use crate::decision::DecisionEvent;
use crate::ids::{ClientOrderId, IntentId, Sequence, WorkerId};
use crate::instrument::{Instrument, InstrumentId};
use crate::intent::{Intent, OrderTag, Protection};
use crate::journal::{AccountEvent, PlannedOrder, Purpose};
use crate::kill::KillLevel;
use crate::ledger::SubLedger;
use crate::order::{OrderRequest, Side};
use crate::risk::{Approved, Denial, DenialCode, KeptView, RiskLimits, review};

/// What an order is planned for, beside what was approved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) owner: SubLedger,
    pub(super) intent: IntentId,
    pub(super) tag: Option<OrderTag>,
    pub(super) purpose: Purpose,
    pub(super) instrument: InstrumentId,
}

impl Account {
    /// Takes a worker's state and wishes; a worker of an older epoch is refused.
    pub(super) fn submit(&mut self, step: &mut Step<'_>, command: WorkerCommand) {
        let worker = command.worker;
        let known = self.state.workers.get(&worker);
        let current = known.is_some_and(|it| it.attached && it.epoch == command.epoch);
        if let (true, Some((seen, state))) = (current, command.saved) {
            self.record(step, AccountEvent::WorkerStateSaved { worker, seen, state });
        }
        let decision =
            if current { self.note_decisions(step, worker, command.decisions) } else { None };
        for (number, intent) in command.intents {
            let id = IntentId { worker, epoch: command.epoch, number };
            step.correlation = Some(id);
            step.cause = decision;
            if current {
                self.take_intent(step, id, intent);
            } else {
                self.deny(step, id, intent, Denial::plain(DenialCode::StaleEpoch));
            }
        }
    }

    /// Records what a worker tells of its decisions; the sequence of the last that wishes can
    /// follow from, which an outcome is not.
    fn note_decisions(
        &mut self,
        step: &mut Step<'_>,
        worker: WorkerId,
        decisions: Vec<DecisionEvent>,
    ) -> Option<Sequence> {
        let events = decisions.into_iter().map(|event| match event {
            DecisionEvent::Made(decision) => AccountEvent::DecisionMade(decision),
            DecisionEvent::Resolved { decision, resolution, by } => {
                AccountEvent::DecisionResolved { worker, decision, resolution, by }
            }
            DecisionEvent::Measured { decision, outcome } => {
                AccountEvent::DecisionMeasured { worker, decision, outcome }
            }
        });
        let mut cause = None;
        for event in events {
            let outcome = matches!(event, AccountEvent::DecisionMeasured { .. });
            let at = self.record(step, event);
            if !outcome {
                cause = Some(at);
            }
        }
        cause
    }

    fn deny(&mut self, step: &mut Step<'_>, id: IntentId, intent: Intent, denial: Denial) {
        self.record(step, AccountEvent::IntentReviewed { id, intent, outcome: Err(denial) });
    }

    fn take_intent(&mut self, step: &mut Step<'_>, id: IntentId, intent: Intent) {
        let decision = step.cause;
        let judged = self.judge(step, id.worker, &intent);
        if decision.is_some() {
            self.witness(step, id, &intent);
        }
        match judged {
            Err(denial) => self.deny(step, id, intent, denial),
            Ok(approved) => {
                let outcome = Ok(approved.clone());
                let event = AccountEvent::IntentReviewed { id, intent: intent.clone(), outcome };
                step.cause = Some(self.record(step, event));
                self.carry_out(step, id, &intent, &approved);
            }
        }
    }

    /// Keeps what the review of a decision's intent sees.
    fn witness(&mut self, step: &mut Step<'_>, id: IntentId, intent: &Intent) {
        let owner = SubLedger::Worker(id.worker);
        let instrument = self.named_instrument(id.worker, owner, intent).ok();
        let listed = instrument.and_then(|it| self.state.instruments.get(it));
        let Some(listed) = listed else {
            return;
        };
        let view = self.risk_view(step.now, owner, listed, intent.side());
        let view = Box::new(KeptView::of(&view));
        let limits = Box::new(self.limits_of(owner));
        self.record(step, AccountEvent::ReviewWitnessed { id, view, limits });
    }

    fn judge(
        &self,
        step: &Step<'_>,
        worker: WorkerId,
        intent: &Intent,
    ) -> Result<Approved, Denial> {
        let owner = SubLedger::Worker(worker);
        let instrument = self.named_instrument(worker, owner, intent)?;
        let listed = self.state.instruments.get(instrument);
        let listed = listed.ok_or(Denial::plain(DenialCode::UnknownInstrument))?;
        if let Intent::Place { tag, .. } = intent
            && self.tagged(owner, *tag).is_some()
        {
            return Err(Denial::plain(DenialCode::DuplicateTag));
        }
        let closing = self.state.exits.contains_key(&(owner, instrument));
        if closing && !matches!(intent, Intent::Cancel { .. } | Intent::CancelAll { .. }) {
            return Err(Denial::plain(DenialCode::AlreadyClosing));
        }
        let view = self.risk_view(step.now, owner, listed, intent.side());
        review(intent, &view, &self.limits_of(owner))
    }

    fn named_instrument(
        &self,
        worker: WorkerId,
        owner: SubLedger,
        intent: &Intent,
    ) -> Result<InstrumentId, Denial> {
        if let Intent::Cancel { tag } = intent {
            let id = self.tagged(owner, *tag).ok_or(Denial::plain(DenialCode::UnknownTag))?;
            return Ok(self.state.orders[&id].order.request.instrument);
        }
        let allowed = self.state.workers.get(&worker).map(|it| &it.terms.instruments);
        let instrument = intent.instrument().unwrap_or_default();
        // What a worker holds it may leave, whatever it may trade by now.
        let leaves = matches!(intent, Intent::Close { .. } | Intent::CancelAll { .. });
        if leaves || allowed.is_some_and(|allowed| allowed.contains(&instrument)) {
            Ok(instrument)
        } else {
            Err(Denial::plain(DenialCode::UnknownInstrument))
        }
    }

    fn tagged(&self, owner: SubLedger, tag: OrderTag) -> Option<ClientOrderId> {
        let mut orders = self.state.orders.iter();
        orders.find(|(_, it)| it.owner == owner && it.tag == Some(tag)).map(|(id, _)| *id)
    }

    fn carry_out(
        &mut self,
        step: &mut Step<'_>,
        id: IntentId,
        intent: &Intent,
        approved: &Approved,
    ) {
        let owner = SubLedger::Worker(id.worker);
        let plan = |tag, purpose, instrument| Plan { owner, intent: id, tag, purpose, instrument };
        match intent {
            Intent::Cancel { tag } => {
                if let Some(order) = self.tagged(owner, *tag) {
                    self.cancel(step, order);
                }
            }
            Intent::CancelAll { instrument } => {
                let instrument = *instrument;
                self.cancel_where(step, move |it| {
                    it.owner == owner
                        && it.order.request.instrument == instrument
                        && matches!(it.purpose, Purpose::Entry | Purpose::ExitLimit)
                });
            }
            Intent::Protect { instrument, protection } => {
                self.promise(step, owner, *instrument, *protection);
            }
            Intent::Place { tag, instrument, .. } => {
                let exit = approved.reduces();
                let purpose = if exit { Purpose::ExitLimit } else { Purpose::Entry };
                self.plan_order(step, plan(Some(*tag), purpose, *instrument), approved);
            }
            Intent::Open { instrument, .. }
            | Intent::Close { instrument, .. }
            | Intent::Resize { instrument, .. } => match approved.exit() {
                Some(reason) => {
                    let quantity = Some(approved.quantity());
                    self.request_exit(step, owner, *instrument, quantity, reason, Some(id));
                }
                None => self.plan_order(step, plan(None, Purpose::Entry, *instrument), approved),
            },
        }
    }

    /// Notes where a position is to be left.
    pub(super) fn promise(
        &mut self,
        step: &mut Step<'_>,
        owner: SubLedger,
        instrument: InstrumentId,
        protection: Protection,
    ) {
        let known = self.state.protection.get(&(owner, instrument)).copied();
        if known.unwrap_or(Protection::NONE) != protection {
            self.forget_breach(owner, instrument);
            self.record(step, AccountEvent::ProtectionSet { owner, instrument, protection });
        }
    }

    /// Plans the order of an approval and queues it. Entries set leverage and protection first.
    pub(super) fn plan_order(&mut self, step: &mut Step<'_>, plan: Plan, approved: &Approved) {
        let reduces = approved.reduces();
        let (owner, instrument) = (plan.owner, plan.instrument);
        if !reduces {
            self.want_leverage(step, instrument, approved.leverage());
            if !approved.protection().is_none() {
                self.promise(step, owner, instrument, approved.protection());
            }
            self.count_order(step, owner);
        }
        let long = (approved.side() == Side::Buy) != reduces;
        let request = OrderRequest {
            client_id: self.order_id(plan.intent),
            instrument,
            side: approved.side(),
            position_side: self.position_side_of(instrument, long),
            quantity: approved.quantity(),
            kind: approved.kind(),
            time_in_force: approved.time_in_force(),
            reduce_only: reduces && self.is_contract(instrument),
            close_position: false,
        };
        self.queue_order(step, plan, request);
    }

    /// Records a planned order and queues it.
    pub(super) fn queue_order(&mut self, step: &mut Step<'_>, plan: Plan, request: OrderRequest) {
        step.correlation = Some(plan.intent);
        let client_id = request.client_id;
        let Plan { owner, intent, tag, purpose, .. } = plan;
        let planned = Box::new(PlannedOrder { request, owner, intent, tag, purpose });
        self.record(step, AccountEvent::OrderPlanned(planned));
        self.send(step, Outgoing::Submit(client_id));
    }

    /// The id of an intent's order.
    pub(super) fn order_id(&self, intent: IntentId) -> ClientOrderId {
        // Starts far apart may share a number: their orders are long gone.
        let incarnation = (self.state.incarnation & 0xFFFF) as u16;
        ClientOrderId::derive(self.state.settings.id, intent, incarnation)
    }

    fn want_leverage(&mut self, step: &mut Step<'_>, instrument: InstrumentId, leverage: u32) {
        let margin_mode = self.state.settings.margin_mode;
        if self.leverage_of(instrument) != leverage && self.is_contract(instrument) {
            self.send(step, Outgoing::SetLeverage { instrument, leverage, margin_mode });
        }
    }

    fn count_order(&mut self, step: &Step<'_>, owner: SubLedger) {
        if let Some(worker) = owner.worker() {
            let recent = self.recent_orders.entry(worker).or_default();
            let minute = crate::time::Span::minutes(1);
            while recent.front().is_some_and(|at| step.now - *at >= minute) {
                recent.pop_front();
            }
            recent.push_back(step.now);
        }
    }

    pub(super) fn is_contract(&self, instrument: InstrumentId) -> bool {
        self.state.instruments.get(instrument).is_some_and(|it| Instrument::is_contract(it))
    }

    /// Which of a symbol's positions an order works on; spot has only the net one.
    pub(super) fn position_side_of(
        &self,
        instrument: InstrumentId,
        long: bool,
    ) -> crate::order::PositionSide {
        if self.is_contract(instrument) {
            self.state.position_side(long)
        } else {
            crate::order::PositionSide::Net
        }
    }

    /// The limits that hold for an owner; what nobody owns has the defaults.
    pub(super) fn limits_of(&self, owner: SubLedger) -> RiskLimits {
        let worker = owner.worker().and_then(|worker| self.state.workers.get(&worker));
        worker.map_or_else(RiskLimits::default, |worker| worker.terms.limits.clone())
    }

    /// The stricter of the account's and the owner's kill level.
    pub(super) fn kill_level_of(&self, owner: SubLedger) -> KillLevel {
        let worker = owner.worker().and_then(|worker| self.state.workers.get(&worker));
        let own = worker.map_or(KillLevel::None, |worker| worker.kill_level);
        own.max(self.state.kill_level)
    }
}
