//! Tells people what became durable: journal records, states of workers and notices become frames
//! of channels.
//!
//! Nothing is told before the journal holds it. What an account is worth is read from the account
//! itself, once for any number of records that came meanwhile, and every few seconds while it holds
//! something.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use banyan_core::account::RecoveryReport;
use banyan_core::decision::Decision;
use banyan_core::ids::{AccountId, UserId, WorkerId};
use banyan_core::journal::{AccountEvent, Record};
use banyan_core::ledger::SubLedger;
use indexmap::IndexMap;
use serde::Serialize;

use super::account::AccountRecovered;
use super::journal::Committed;
use super::notifier::Level;
use super::worker_supervisor::WorkerChanged;
use super::{
    AccountView, ChannelSupervisor, Directory, GetAccount, Lookup, Notice, Publish, WorkerState,
};
use crate::clock::Clock;
use crate::store::Batch;
use crate::telemetry::ModelMeters;
use crate::view;

/// How often accounts that hold something are shown anew.
const REFRESH: Duration = Duration::from_secs(3);

/// What the server does with a recovery report besides showing it.
pub type KeepReport = Box<dyn Fn(UserId, RecoveryReport)>;

/// Makes frames.
pub(super) struct Publisher {
    pub(super) clock: Clock,
    pub(super) channels: Addr<ChannelSupervisor>,
    pub(super) directory: Addr<Directory>,
    pub(super) keep_report: Option<KeepReport>,
    meters: Arc<ModelMeters>,
    /// Workers whose models failed repeatedly.
    safe_mode: BTreeSet<WorkerId>,
    accounts: IndexMap<AccountId, Shown>,
}

/// What is known of an account that is shown.
struct Shown {
    tenant: UserId,
    /// Whether it is being asked.
    asking: bool,
    /// Whether something happened since it was asked.
    changed: bool,
    holds: bool,
}

/// A record as people are shown it.
#[derive(Serialize)]
struct RecordFrame<'r> {
    account_id: AccountId,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy_id: Option<banyan_core::ids::WorkerId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<banyan_core::ids::ClientOrderId>,
    journal_sequence: u64,
    time: view::Time,
    event: &'r AccountEvent,
}

impl Publisher {
    pub(super) fn new(
        clock: Clock,
        channels: Addr<ChannelSupervisor>,
        directory: Addr<Directory>,
        keep_report: Option<KeepReport>,
        meters: Arc<ModelMeters>,
    ) -> Self {
        let (accounts, safe_mode) = (IndexMap::new(), BTreeSet::new());
        Self { clock, channels, directory, keep_report, meters, accounts, safe_mode }
    }

    fn publish(&self, channel: String, kind: &'static str, data: Arc<str>) {
        let (channel, time) = (channel.into(), self.clock.now());
        // Frames may be dropped under load: who listens finds a gap in the numbers.
        if self.channels.try_send(Publish { channel, kind, time, data }).is_err() {
            tracing::warn!(kind, "a frame was dropped: the channels cannot keep up");
        }
    }

    fn tell_record(&self, record: &Record) {
        let Some((kind, strategy_id, order_id)) = headline(record) else {
            return;
        };
        let frame = RecordFrame {
            account_id: record.account,
            strategy_id,
            order_id,
            journal_sequence: record.sequence.0,
            time: record.event_at.into(),
            event: &record.event,
        };
        let Ok(data) = serde_json::to_string(&frame) else {
            return;
        };
        let data: Arc<str> = data.into();
        if let Some(strategy) = strategy_id {
            self.publish(format!("strategy:{strategy}"), kind, data.clone());
        }
        self.publish(format!("account:{}", record.account), kind, data);
    }

    /// Counts what could not be read, and what was read and is not true.
    fn count(&self, decision: &Decision) {
        for error in decision.answers.iter().filter_map(|answer| answer.error.as_ref()) {
            if matches!(error.kind.as_str(), "empty" | "unreadable" | "no_decisions") {
                self.meters.count_parse_failure(&error.kind);
            }
        }
        for dropped in decision.answers.iter().flat_map(|answer| &answer.dropped) {
            let code = dropped.reason.split([':', ' ']).next().unwrap_or_default();
            self.meters.count_parse_failure(code);
        }
        self.meters.count_contradictions(decision.claims.contradictions.len() as u64);
    }

    /// Tells, once, that a worker's models failed repeatedly, so that it enters nothing.
    fn tell_safe_mode(&mut self, account: AccountId, decision: &Decision) {
        if !decision.safe_mode {
            self.safe_mode.remove(&decision.worker);
        } else if self.safe_mode.insert(decision.worker) {
            let notice = Notice {
                level: Level::Warning,
                account: Some(account),
                title: "models failed repeatedly".to_owned(),
                message: format!(
                    "strategy {} enters nothing until a model gives a decision again; \
                     what protects its positions stays",
                    decision.worker
                ),
            };
            self.tell_user(Some(account), &notice);
        }
    }

    /// Asks an account what it is worth, unless that is under way already.
    fn ask(&mut self, id: AccountId, ctx: &mut Context<Self>) {
        let Some(shown) = self.accounts.get_mut(&id) else {
            return;
        };
        if shown.asking {
            shown.changed = true;
            return;
        }
        (shown.asking, shown.changed) = (true, false);
        let directory = self.directory.clone();
        let asked = async move {
            let connection = directory.send(Lookup(id)).await.ok().flatten()?;
            connection.send(GetAccount { with_past: false }).await.ok()
        };
        ctx.spawn(asked.into_actor(self).map(move |view, publisher, ctx| {
            publisher.show(id, view.as_ref());
            if publisher.answered(id, view.as_ref()) {
                publisher.ask(id, ctx);
            }
        }));
    }

    /// Takes note of an answer; says whether something happened meanwhile.
    fn answered(&mut self, id: AccountId, view: Option<&AccountView>) -> bool {
        let Some(shown) = self.accounts.get_mut(&id) else {
            return false;
        };
        shown.asking = false;
        shown.holds = view.is_some_and(|view| !view.holdings.is_empty());
        shown.changed && view.is_some()
    }

    fn show(&self, id: AccountId, account: Option<&AccountView>) {
        let Some(account) = account else {
            return;
        };
        let channel = format!("account:{id}");
        let positions = view::position_update(id, &account.holdings, &account.state.instruments);
        self.publish(channel.clone(), "position_update", positions);
        self.publish(channel, "account_update", view::account_update(id, account.valuation));
    }

    fn refresh(&mut self, ctx: &mut Context<Self>) {
        let holding: Vec<_> =
            self.accounts.iter().filter(|(_, it)| it.holds).map(|(id, _)| *id).collect();
        for id in holding {
            self.ask(id, ctx);
        }
    }

    fn tell_user(&self, account: Option<AccountId>, notice: &Notice) {
        let level = match notice.level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let data = view::notification(&notice.title, &notice.message, level);
        let tenant = account.and_then(|id| self.accounts.get(&id)).map(|it| it.tenant);
        let channel = tenant.map_or("system".to_owned(), |tenant| format!("user:{tenant}"));
        self.publish(channel, "notification", data);
    }
}

/// What kind of frame a record becomes, and whose; `None` for what nobody looks at.
fn headline(
    record: &Record,
) -> Option<(
    &'static str,
    Option<banyan_core::ids::WorkerId>,
    Option<banyan_core::ids::ClientOrderId>,
)> {
    let worker = record.correlation.map(|intent| intent.worker);
    Some(match &record.event {
        AccountEvent::OrderPlanned(planned) => {
            ("order_update", planned.owner.worker(), Some(planned.request.client_id))
        }
        AccountEvent::OrderAdvanced { client_id, .. } => ("order_update", worker, Some(*client_id)),
        AccountEvent::FillBooked { fill, shares, .. } => {
            let owner = shares.iter().find_map(|share| match share.owner {
                SubLedger::Worker(worker) => Some(worker),
                _ => None,
            });
            ("fill", worker.or(owner), fill.client_id)
        }
        AccountEvent::IntentReviewed { id, .. } => ("intent_reviewed", Some(id.worker), None),
        AccountEvent::FundingBooked { .. }
        | AccountEvent::TransferBooked { .. }
        | AccountEvent::PositionAdopted { .. }
        | AccountEvent::KillLevelSet { .. }
        | AccountEvent::ArmingSet { .. } => ("account_event", worker, None),
        _ => return None,
    })
}

/// The records that follow from one, of those that became durable with it.
fn follow_from<'r>(record: &Record, batches: &'r [Batch]) -> Vec<&'r Record> {
    let of_account = batches.iter().filter(|batch| batch.account == record.account);
    let records = of_account.flat_map(|batch| &batch.records);
    records.filter(|it| it.cause == Some(record.sequence)).collect()
}

/// Says whether a record may change what an account is worth or holds.
fn moves_money(event: &AccountEvent) -> bool {
    matches!(
        event,
        AccountEvent::FillBooked { .. }
            | AccountEvent::FundingBooked { .. }
            | AccountEvent::TransferBooked { .. }
            | AccountEvent::PositionAdopted { .. }
            | AccountEvent::EngineStarted { .. }
    )
}

impl Actor for Publisher {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(4_096);
        ctx.run_interval(REFRESH, Self::refresh);
    }
}

impl Handler<Committed> for Publisher {
    type Result = ();
    fn handle(&mut self, Committed(batches): Committed, ctx: &mut Self::Context) {
        let mut touched = BTreeSet::new();
        for record in batches.iter().flat_map(|batch| &batch.records) {
            self.accounts.entry(record.account).or_insert_with(|| Shown {
                tenant: record.tenant,
                asking: false,
                changed: false,
                holds: false,
            });
            self.tell_record(record);
            if let AccountEvent::DecisionMade(decision) = &record.event {
                let follow = follow_from(record, &batches);
                let data = view::decision_frame(decision, follow);
                self.publish(format!("strategy:{}", decision.worker), "decision", data);
                self.count(decision);
                self.tell_safe_mode(record.account, decision);
            }
            if moves_money(&record.event) {
                touched.insert(record.account);
            }
        }
        for account in touched {
            self.ask(account, ctx);
        }
    }
}

impl Handler<WorkerChanged> for Publisher {
    type Result = ();
    fn handle(&mut self, WorkerChanged(status): WorkerChanged, _: &mut Self::Context) {
        let word = match status.state {
            WorkerState::Paused => "paused",
            WorkerState::Stopped => "stopped",
            WorkerState::Error => "error",
            WorkerState::Starting | WorkerState::Running | WorkerState::BackingOff => "active",
        };
        let data = view::strategy_status(status.worker, word, status.last_error.as_deref());
        self.publish(format!("strategy:{}", status.worker), "strategy_status", data);
    }
}

impl Handler<Notice> for Publisher {
    type Result = ();
    fn handle(&mut self, notice: Notice, _: &mut Self::Context) {
        self.tell_user(notice.account, &notice);
    }
}

impl Handler<AccountRecovered> for Publisher {
    type Result = ();
    fn handle(
        &mut self,
        AccountRecovered { tenant, report }: AccountRecovered,
        _: &mut Self::Context,
    ) {
        if let Ok(data) = serde_json::to_string(&report) {
            let channel = format!("account:{}", report.account);
            self.publish(channel, "recovery_report", data.into());
        }
        if let Some(keep) = &self.keep_report {
            keep(tenant, report);
        }
    }
}
