//! What may leave when: orders and cancels wait here until their records are durable.
//!
//! When the journal cannot write, entries are given up, while cancels and exits leave at once:
//! their ids are derived, so that reconciliation finds them again.

use std::collections::{BTreeMap, VecDeque};

use super::{Account, JournalHealth, Step};
use crate::ids::{ClientOrderId, Sequence};
use crate::instrument::InstrumentId;
use crate::journal::{AccountEvent, Purpose};
use crate::kill::KillLevel;
use crate::ledger::SubLedger;
use crate::order::{OrderState, Transition};
use crate::time::{Span, Timestamp};
use crate::venue::{MarginMode, VenueCommand};

/// Something that waits to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outgoing {
    Submit(ClientOrderId),
    Cancel { instrument: InstrumentId, client_id: ClientOrderId },
    SetLeverage { instrument: InstrumentId, leverage: u32, margin_mode: MarginMode },
}

/// What waits, and for which record.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<(Sequence, Outgoing)>,
    /// The last record that is durable.
    durable: Sequence,
    /// The record of this start of the engine. Before it is durable nothing leaves at all: the ids
    /// that are derived from it could be used again after the next start.
    pub(super) started: Sequence,
}

impl Outbox {
    fn has_started(&self) -> bool {
        self.durable >= self.started
    }
}

/// What is tried again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attempt {
    Exit(SubLedger, InstrumentId),
    Protect(SubLedger, InstrumentId, Purpose),
    Cancel(ClientOrderId),
}

/// Growing pauses between attempts.
#[derive(Debug, Default)]
pub(super) struct Retries(BTreeMap<Attempt, Retry>);

/// Stands for a pause that is over; only its length is still of interest.
const OVER: Timestamp = Timestamp(i64::MIN);

#[derive(Debug, Clone, Copy)]
struct Retry {
    at: Timestamp,
    pause: Span,
}

impl Retries {
    /// Says whether the attempt may be made now.
    pub(super) fn allows(&self, attempt: Attempt, now: Timestamp) -> bool {
        self.0.get(&attempt).is_none_or(|retry| retry.at <= now)
    }

    /// Puts the next attempt off, twice as long as the last time.
    pub(super) fn put_off(&mut self, attempt: Attempt, now: Timestamp, first: Span, longest: Span) {
        let pause =
            self.0.get(&attempt).map_or(first, |retry| Span((retry.pause.0 * 2).min(longest.0)));
        self.0.insert(attempt, Retry { at: now + pause, pause });
    }

    /// Forgets the pauses: the attempt succeeded or is no longer needed.
    pub(super) fn forget(&mut self, attempt: Attempt) {
        self.0.remove(&attempt);
    }

    /// Forgets what became pointless.
    pub(super) fn retain(&mut self, keep: impl Fn(&Attempt) -> bool) {
        self.0.retain(|attempt, _| keep(attempt));
    }

    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let pauses = self.0.values().map(|retry| retry.at);
        pauses.filter(|at| *at != OVER).min()
    }

    /// Says whether any pause is over, and ends those that are without forgetting their length.
    pub(super) fn any_due(&mut self, now: Timestamp) -> bool {
        let mut any = false;
        let paused = self.0.values_mut().filter(|retry| retry.at != OVER);
        for retry in paused.filter(|retry| retry.at <= now) {
            any = true;
            retry.at = OVER;
        }
        any
    }
}

impl Account {
    /// Queues something until everything recorded so far is durable.
    pub(super) fn send(&mut self, step: &mut Step<'_>, outgoing: Outgoing) {
        #[cfg(feature = "mutants")]
        if self.has_mutation(super::Mutation::SendBeforeDurable) {
            return self.dispatch(step, outgoing);
        }
        let free = self.journal == JournalHealth::Failed && self.outbox.has_started();
        if !free || self.needs_journal(outgoing) {
            self.outbox.waiting.push_back((self.state.sequence, outgoing));
        } else {
            self.dispatch(step, outgoing);
        }
    }

    /// Takes note that records are durable, and lets go what waited for them.
    pub(super) fn release(&mut self, step: &mut Step<'_>, durable: Sequence) {
        // What had to wait for the journal is looked at again.
        if self.journal == JournalHealth::Failed {
            self.unsettled = true;
            self.journal = JournalHealth::Available;
        }
        self.outbox.durable = self.outbox.durable.max(durable);
        while let Some((sequence, outgoing)) = self.outbox.waiting.front().copied() {
            if sequence > durable {
                break;
            }
            self.outbox.waiting.pop_front();
            self.dispatch(step, outgoing);
        }
    }

    /// The journal has room again: entries are possible.
    pub(super) fn restore_journal(&mut self) {
        if self.journal == JournalHealth::OnReserve {
            self.journal = JournalHealth::Available;
        }
    }

    /// The journal failed: what makes positions smaller leaves at once, entries never will (the
    /// market they were meant for will be gone when the journal is back).
    pub(super) fn degrade(&mut self, step: &mut Step<'_>) {
        self.journal = JournalHealth::Failed;
        for (sequence, outgoing) in std::mem::take(&mut self.outbox.waiting) {
            match outgoing {
                Outgoing::Submit(id) if self.needs_journal(outgoing) => {
                    self.advance(step, id, Transition::NotFound, None);
                }
                // It was for an entry, and there is none.
                Outgoing::SetLeverage { .. } => {}
                _ if self.outbox.has_started() => self.dispatch(step, outgoing),
                _ => self.outbox.waiting.push_back((sequence, outgoing)),
            }
        }
    }

    fn needs_journal(&self, outgoing: Outgoing) -> bool {
        match outgoing {
            Outgoing::Submit(id) => {
                self.state.orders.get(&id).is_none_or(|entry| entry.purpose == Purpose::Entry)
            }
            Outgoing::Cancel { .. } => false,
            Outgoing::SetLeverage { .. } => true,
        }
    }

    fn dispatch(&mut self, step: &mut Step<'_>, outgoing: Outgoing) {
        match outgoing {
            Outgoing::Submit(id) => self.dispatch_order(step, id),
            Outgoing::Cancel { instrument, client_id } => {
                if !self.is_frozen(client_id) {
                    step.effects.commands.push(VenueCommand::CancelOrder { instrument, client_id });
                }
            }
            Outgoing::SetLeverage { instrument, leverage, margin_mode } => {
                let command = VenueCommand::SetLeverage { instrument, leverage, margin_mode };
                if self.state.kill_level < KillLevel::Freeze {
                    step.effects.commands.push(command);
                }
            }
        }
    }

    /// The last gate: an order of an old epoch, or one that a kill level forbids by now, never
    /// leaves, although it was planned.
    fn dispatch_order(&mut self, step: &mut Step<'_>, id: ClientOrderId) {
        let Some(entry) = self.state.orders.get(&id) else {
            return;
        };
        // An order that is to be cancelled already was never sent: it comes by here only once.
        if entry.order.state != OrderState::Planned || self.is_fenced(id) {
            return self.advance(step, id, Transition::NotFound, None);
        }
        let request = entry.order.request.clone();
        let expires = step.now + self.state.settings.request_expiry;
        step.effects.commands.push(VenueCommand::SubmitOrder { request, expires });
        self.advance(step, id, Transition::Sent, None);
    }

    fn is_frozen(&self, id: ClientOrderId) -> bool {
        let owner = self.state.order(id).map(|entry| entry.owner);
        owner.map_or(self.state.kill_level, |owner| self.kill_level_of(owner)) == KillLevel::Freeze
    }

    fn is_fenced(&self, id: ClientOrderId) -> bool {
        let Some(entry) = self.state.orders.get(&id) else {
            return true;
        };
        let level = self.kill_level_of(entry.owner);
        if level == KillLevel::Freeze {
            return true;
        }
        if entry.purpose != Purpose::Entry {
            return false;
        }
        let worker = entry.owner.worker().and_then(|worker| self.state.workers.get(&worker));
        let current = worker.is_some_and(|it| it.attached && it.epoch == entry.intent.epoch);
        level >= KillLevel::PauseEntries || !current
    }

    /// Moves an order on, if the table allows it, and records that.
    pub(super) fn advance(
        &mut self,
        step: &mut Step<'_>,
        id: ClientOrderId,
        transition: Transition,
        reason: Option<crate::venue::RejectReason>,
    ) {
        let Some(entry) = self.state.orders.get(&id) else {
            return;
        };
        let before = entry.order.state;
        let news = entry.order.state.after(transition).is_ok_and(|after| after != before)
            || (transition == Transition::Triggered && !entry.order.triggered)
            || (transition == Transition::CancelSent && !entry.cancel_wanted);
        if !news {
            return;
        }
        let saved = (step.cause, step.correlation);
        (step.cause, step.correlation) = (Some(entry.planned), Some(entry.intent));
        let event =
            AccountEvent::OrderAdvanced { client_id: id, transition, venue_id: None, reason };
        self.record(step, event);
        (step.cause, step.correlation) = saved;
        self.doubts.note(id, transition);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXIT: Attempt = Attempt::Exit(SubLedger::External, InstrumentId(0));
    const PAUSES: (Span, Span) = (Span::seconds(1), Span::seconds(4));

    fn at(seconds: i64) -> Timestamp {
        Timestamp(0) + Span::seconds(seconds)
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (mut retries, mut now) = (Retries::default(), at(0));
        for pause in [1, 2, 4, 4] {
            assert!(retries.allows(EXIT, now));
            retries.put_off(EXIT, now, PAUSES.0, PAUSES.1);
            now = now + Span::seconds(pause);
            assert!(!retries.allows(EXIT, now - Span(1)));
            assert_eq!(retries.next_due(), Some(now));
        }
        retries.forget(EXIT);
        assert_eq!(retries.next_due(), None);
        retries.put_off(EXIT, now, PAUSES.0, PAUSES.1);
        assert!(retries.allows(EXIT, now + Span::seconds(1)));
    }

    #[test]
    fn a_pause_that_is_over_wakes_once_and_keeps_its_length() {
        let mut retries = Retries::default();
        retries.put_off(EXIT, at(0), PAUSES.0, PAUSES.1);
        assert!(!retries.any_due(at(0)));
        assert!(retries.any_due(at(1)));
        assert!(!retries.any_due(at(1)));
        assert_eq!(retries.next_due(), None);
        assert!(retries.allows(EXIT, at(1)));
        retries.put_off(EXIT, at(1), PAUSES.0, PAUSES.1);
        assert_eq!(retries.next_due(), Some(at(3)));
    }

    #[test]
    fn what_became_pointless_is_dropped() {
        let mut retries = Retries::default();
        let cancel = Attempt::Cancel(ClientOrderId(1));
        retries.put_off(EXIT, at(0), PAUSES.0, PAUSES.1);
        retries.put_off(cancel, at(5), PAUSES.0, PAUSES.1);
        retries.retain(|attempt| *attempt == cancel);
        assert_eq!(retries.next_due(), Some(at(6)));
    }
}
