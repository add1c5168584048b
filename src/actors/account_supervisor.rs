//! Keeps account connections alive: a new life recalls what the journal holds and compares it with
//! the venue.

use std::rc::Rc;

use actix::prelude::*;
use banyan_core::account::{Account, Effects, Input};
use banyan_core::ids::AccountId;
use banyan_core::market::{MarketData, MarketEvent};
use banyan_core::terms::AccountSettings;
use banyan_core::time::Span;
use banyan_matching::exchange::{AccountSettings as VenueAccount, SelfTradePrevention};
use indexmap::IndexMap;

use super::account::{AccountRecovered, Life};
use super::directory::Register;
use super::journal::{JournalWriter, Load};
use super::supervision::{ChildDied, ChildGuard, Decision, RestartPolicy, Restarts};
use super::worker_supervisor::{AccountRestarted, WorkerSupervisor};
use super::{AccountConnection, AccountPlan, Directory, InjectPanic, MarketFeed, SubscribeFeed};
use crate::clock::Clock;
use crate::exchanges::{Marketplace, Unreachable};
use crate::store::JournalError;

/// Called on an account before it starts; for proofs.
pub type PrepareAccount = dyn Fn(&mut Account);

/// What account connections need from outside.
#[derive(Clone)]
pub struct AccountPorts {
    /// Engine time.
    pub clock: Clock,
    /// Where they trade.
    pub venue: Rc<dyn Marketplace>,
    /// Meddles with accounts before they start.
    pub prepare: Option<Rc<PrepareAccount>>,
    /// Where recovery reports go.
    pub reports: Option<Recipient<AccountRecovered>>,
    /// Whether the settings let live accounts trade.
    pub allow_live: bool,
}

struct Child {
    settings: AccountSettings,
    life: u64,
    restarts: Restarts,
    address: Option<Addr<AccountConnection>>,
}

/// Keeps account connections alive: a new life replays the journal and compares with the venue.
pub struct AccountSupervisor {
    ports: AccountPorts,
    policy: RestartPolicy,
    journal: Addr<JournalWriter>,
    feed: Addr<MarketFeed>,
    directory: Addr<Directory>,
    workers: Addr<WorkerSupervisor>,
    children: IndexMap<AccountId, Child>,
    random: rand_pcg::Pcg64Mcg,
}

/// Opens an account, or takes over one that is in the journal.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct OpenAccount(pub(super) AccountSettings);

/// Opens an account at its venue, and then in the engine.
#[derive(Message)]
#[rtype(result = "Result<(), Unreachable>")]
pub(super) struct OpenPlan(pub(super) AccountPlan);

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct InjectAccountPanic(pub(super) AccountId);

impl AccountSupervisor {
    #[must_use]
    pub(super) fn new(
        ports: AccountPorts,
        journal: Addr<JournalWriter>,
        feed: Addr<MarketFeed>,
        directory: Addr<Directory>,
        workers: Addr<WorkerSupervisor>,
        random: rand_pcg::Pcg64Mcg,
    ) -> Self {
        let policy = RestartPolicy::default();
        let children = IndexMap::new();
        Self { ports, policy, journal, feed, directory, workers, children, random }
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Addr<AccountConnection>> {
        self.children.values().filter_map(|child| child.address.as_ref())
    }

    /// Loads what is remembered, then starts the connection.
    fn start(&mut self, id: AccountId, ctx: &mut Context<Self>) {
        let loaded = self.journal.send(Load(id)).into_actor(self);
        ctx.spawn(loaded.map(move |records, supervisor, ctx| {
            if let Ok(Ok(memory)) = records {
                supervisor.launch(id, memory.state().map(Account::restore), ctx);
            } else {
                // The journal cannot be read now; an account without its memory must not trade.
                if let Ok(Err(error @ JournalError::Unreadable(_))) = &records {
                    tracing::error!(account = %id, %error, "an account cannot be recalled");
                }
                let pause = supervisor
                    .ports
                    .clock
                    .wait_until(supervisor.ports.clock.now() + Span::seconds(1));
                ctx.run_later(pause, move |supervisor, ctx| supervisor.start(id, ctx));
            }
        }));
    }

    fn launch(&mut self, id: AccountId, known: Option<Account>, ctx: &mut Context<Self>) {
        let Some(child) = self.children.get_mut(&id) else {
            return;
        };
        let mut effects = Effects::default();
        let now = self.ports.clock.now();
        let mut account =
            known.unwrap_or_else(|| Account::open(child.settings.clone(), now, &mut effects));
        for instrument in self.ports.venue.instruments().iter() {
            if account.state().instruments.get(instrument.id).is_none() {
                let data = MarketData::InstrumentChanged(instrument.clone());
                let event = MarketEvent { time: now, instrument: instrument.id, data };
                account.handle(now, Input::Market(&event), &mut effects);
            }
        }
        account.allow_live(self.ports.allow_live);
        if let Some(prepare) = &self.ports.prepare {
            prepare(&mut account);
        }
        child.life += 1;
        let guard = ChildGuard::new(id, child.life, ctx.address().recipient());
        let (ports, journal) = (&self.ports, self.journal.clone());
        let address = AccountConnection::create(|account_ctx| {
            AccountConnection::new(Life {
                account,
                effects,
                clock: ports.clock,
                venue: ports.venue.connect(id, account_ctx.address().recipient()),
                journal,
                reports: ports.reports.clone(),
                guard,
            })
        });
        child.address = Some(address.clone());
        self.feed.do_send(SubscribeFeed(address.clone().recipient()));
        self.directory.do_send(Register(id, address));
        self.workers.do_send(AccountRestarted(id));
    }
}

impl Actor for AccountSupervisor {
    type Context = Context<Self>;
}

impl Handler<OpenAccount> for AccountSupervisor {
    type Result = ();
    fn handle(&mut self, OpenAccount(settings): OpenAccount, ctx: &mut Self::Context) {
        let id = settings.id;
        if self.children.contains_key(&id) {
            return;
        }
        let restarts = Restarts::default();
        self.children.insert(id, Child { settings, life: 0, restarts, address: None });
        self.start(id, ctx);
    }
}

impl Handler<OpenPlan> for AccountSupervisor {
    type Result = ResponseActFuture<Self, Result<(), Unreachable>>;
    fn handle(&mut self, OpenPlan(plan): OpenPlan, _: &mut Self::Context) -> Self::Result {
        let settings = plan.settings;
        let venue = VenueAccount {
            position_mode: settings.position_mode,
            margin_mode: settings.margin_mode,
            balances: plan.balances,
            default_leverage: settings.default_leverage,
            self_trade_prevention: SelfTradePrevention::ExpireTaker,
        };
        let opened = self.ports.venue.open_account(settings.id, venue).into_actor(self);
        Box::pin(opened.map(|opened, supervisor, ctx| {
            opened?;
            supervisor.handle(OpenAccount(settings), ctx);
            Ok(())
        }))
    }
}

impl Handler<ChildDied<AccountId>> for AccountSupervisor {
    type Result = ();
    fn handle(&mut self, died: ChildDied<AccountId>, ctx: &mut Self::Context) {
        let now = self.ports.clock.now();
        let Some(child) = self.children.get_mut(&died.child) else {
            return;
        };
        if child.life != died.life || !died.panicked {
            return;
        }
        child.address = None;
        // An account holds positions: it is never given up, only tried less often.
        let pause = match child.restarts.died(&self.policy, now, &mut self.random) {
            Decision::RestartAfter(pause) => pause,
            Decision::GiveUp { .. } => self.policy.longest_pause,
        };
        let wait = self.ports.clock.wait_until(now + pause);
        ctx.run_later(wait, move |supervisor, ctx| {
            supervisor.start(died.child, ctx);
        });
    }
}

impl Handler<InjectAccountPanic> for AccountSupervisor {
    type Result = ();
    fn handle(&mut self, InjectAccountPanic(id): InjectAccountPanic, _: &mut Self::Context) {
        if let Some(address) = self.children.get(&id).and_then(|child| child.address.as_ref()) {
            address.do_send(InjectPanic);
        }
    }
}
