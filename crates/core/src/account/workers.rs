//! Workers come and go: epochs, what is handed back to a worker that returns, kill levels.

use super::{Account, Phase, Resumption, Step};
use crate::ids::WorkerId;
use crate::instrument::InstrumentId;
use crate::intent::ExitReason;
use crate::journal::{AccountEvent, Principal, Purpose};
use crate::kill::{KillLevel, KillScope};
use crate::ledger::SubLedger;
use crate::terms::{Arming, StopPolicy, WorkerTerms};

impl Account {
    /// Starts a worker, as soon as the books agree with the venue.
    pub(super) fn attach(&mut self, step: &mut Step<'_>, worker: WorkerId, terms: WorkerTerms) {
        self.waiting.retain(|(waiting, _)| *waiting != worker);
        if self.phase == Phase::Ready {
            self.attach_now(step, worker, terms);
        } else {
            self.waiting.push((worker, terms));
        }
    }

    /// Starts the workers that waited.
    pub(super) fn attach_waiting(&mut self, step: &mut Step<'_>) {
        for (worker, terms) in std::mem::take(&mut self.waiting) {
            self.attach_now(step, worker, terms);
        }
    }

    /// Starts a worker under a new epoch and hands back what it had saved and missed.
    fn attach_now(&mut self, step: &mut Step<'_>, worker: WorkerId, terms: WorkerTerms) {
        let known = self.state.workers.get(&worker);
        let epoch = known.map_or_else(Default::default, |known| known.epoch).next();
        let terms = Box::new(terms);
        self.record(step, AccountEvent::WorkerAttached { worker, epoch, terms });
        let known = &self.state.workers[&worker];
        step.effects.resumed.push(Resumption {
            worker,
            epoch,
            saved: known.saved.clone(),
            missed: known.inbox.iter().cloned().collect(),
            decided: known.decided.clone(),
        });
    }

    /// Stops a worker: its epoch is refused from now on, and its policy is carried out.
    pub(super) fn detach(&mut self, step: &mut Step<'_>, worker: WorkerId, policy: StopPolicy) {
        if self.state.workers.get(&worker).is_none_or(|known| !known.attached) {
            return;
        }
        self.record(step, AccountEvent::WorkerDetached { worker, policy });
        let owner = SubLedger::Worker(worker);
        if policy != StopPolicy::Keep {
            self.cancel_where(step, move |it| it.owner == owner && !is_kept(it.purpose));
        }
        if policy == StopPolicy::ClosePositions {
            self.close_all(step, move |holder| holder == owner, ExitReason::Stop);
        }
    }

    /// Sets or lifts a kill level and carries it out.
    pub(super) fn set_kill_level(
        &mut self,
        step: &mut Step<'_>,
        scope: KillScope,
        level: KillLevel,
    ) {
        step.principal = Principal::User(self.state.settings.tenant);
        self.record(step, AccountEvent::KillLevelSet { scope, level });
        let concerns = move |owner: SubLedger| match scope {
            KillScope::Account => true,
            KillScope::Worker(worker) => owner == SubLedger::Worker(worker),
        };
        if level == KillLevel::Freeze {
            return;
        }
        if level >= KillLevel::CancelAll {
            self.cancel_where(step, move |it| concerns(it.owner) && !is_kept(it.purpose));
        }
        if level >= KillLevel::Flatten {
            self.close_all(step, concerns, ExitReason::KillSwitch);
        }
    }

    /// Arms a live account, or disarms it.
    pub(super) fn arm(&mut self, step: &mut Step<'_>, arming: Option<Arming>) {
        if self.state.arming != arming {
            step.principal = Principal::User(self.state.settings.tenant);
            self.record(step, AccountEvent::ArmingSet { arming });
        }
    }

    fn close_all(
        &mut self,
        step: &mut Step<'_>,
        concerns: impl Fn(SubLedger) -> bool,
        reason: ExitReason,
    ) {
        let held: Vec<(SubLedger, InstrumentId)> =
            self.state.shares.keys().filter(|(owner, _)| concerns(*owner)).copied().collect();
        for (owner, instrument) in held {
            self.request_exit(step, owner, instrument, None, reason, None);
        }
    }

    /// A worker that is stopped or killed may still be filled by an order that raced its cancel:
    /// such a position is closed like the others were.
    pub(super) fn close_after_kill(&mut self, step: &mut Step<'_>) {
        let held: Vec<_> = self
            .state
            .shares
            .keys()
            .filter(|key| !self.state.exits.contains_key(key))
            .filter(|(owner, _)| self.kill_level_of(*owner) == KillLevel::Flatten)
            .copied()
            .collect();
        for (owner, instrument) in held {
            self.request_exit(step, owner, instrument, None, ExitReason::KillSwitch, None);
        }
    }
}

/// Orders that protect or close a position survive a stop of their worker.
fn is_kept(purpose: Purpose) -> bool {
    purpose.is_protective() || matches!(purpose, Purpose::Exit(_))
}
