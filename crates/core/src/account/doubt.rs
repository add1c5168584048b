//! Orders whose fate is unknown: asked for again and again, never sent again.
//!
//! "Not found" is definite only after the request's own expiry and five seconds more, seen twice,
//! and when no fill of the order was ever seen. Until then its exposure stays reserved.

use std::collections::BTreeMap;

use super::state::AccountState;
use super::{Account, Step};
use crate::ids::ClientOrderId;
use crate::order::{OrderState, Transition};
use crate::time::{Span, Timestamp};
use crate::venue::{OrderReport, ReportedStatus, VenueCommand};

/// Added to a request's own expiry before "not found" can be believed.
const GRACE: Span = Span::seconds(5);
/// First pause between two questions.
const FIRST_PAUSE: Span = Span::milliseconds(250);
/// Longest pause between two questions.
const LONGEST_PAUSE: Span = Span::seconds(2);
/// How long an order may stay without an answer to a submit or cancel.
const PATIENCE: Span = Span::seconds(8);

#[derive(Debug, Clone, Copy)]
struct Doubt {
    ask_at: Timestamp,
    pause: Span,
    definite_at: Timestamp,
    missing: u8,
}

/// Orders in doubt, and orders that wait for an answer.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    doubts: BTreeMap<ClientOrderId, Doubt>,
    awaiting: bool,
}

impl Doubts {
    /// Takes note of a change of an order.
    pub(super) fn note(&mut self, id: ClientOrderId, transition: Transition) {
        match transition {
            Transition::OutcomeLost => {}
            Transition::Sent | Transition::CancelSent => self.awaiting = true,
            _ => {
                self.doubts.remove(&id);
            }
        }
    }

    pub(super) fn next_due(&self, state: &AccountState) -> Option<Timestamp> {
        let asked = self.doubts.values().map(|doubt| doubt.ask_at).min();
        let overdue = if self.awaiting { oldest_awaiting(state) } else { None };
        [asked, overdue].into_iter().flatten().min()
    }
}

fn is_awaiting(state: OrderState) -> bool {
    matches!(state, OrderState::InFlight | OrderState::CancelRequested)
}

fn oldest_awaiting(state: &AccountState) -> Option<Timestamp> {
    let awaiting = state.orders.values().filter(|entry| is_awaiting(entry.order.state));
    awaiting.map(|entry| entry.changed_at + PATIENCE).min()
}

impl Account {
    /// The outcome of a submit or cancel is lost: the order is in doubt from now on.
    pub(super) fn doubt(&mut self, step: &mut Step<'_>, id: ClientOrderId) {
        let Some(entry) = self.state.orders.get(&id) else {
            return;
        };
        #[cfg(feature = "mutants")]
        if self.has_mutation(super::Mutation::ResendOnUnknown)
            && entry.order.state != OrderState::Unknown
        {
            let request = entry.order.request.clone();
            let expires = step.now + self.state.settings.request_expiry;
            step.effects.commands.push(VenueCommand::SubmitOrder { request, expires });
        }
        // The request was sent at the latest when the order last changed.
        let sent = entry.changed_at.min(step.now);
        let doubt = Doubt {
            ask_at: step.now + FIRST_PAUSE,
            pause: FIRST_PAUSE,
            definite_at: sent + self.state.settings.request_expiry + GRACE,
            missing: 0,
        };
        self.doubts.doubts.entry(id).or_insert(doubt);
        self.advance(step, id, Transition::OutcomeLost, None);
    }

    /// After a restart nobody knows when, or whether, an order was sent: the wait begins anew.
    pub(super) fn doubt_after_restart(&mut self, step: &mut Step<'_>) {
        let unsure: Vec<_> = self
            .state
            .orders
            .values()
            .filter(|entry| {
                let state = entry.order.state;
                state == OrderState::Planned || state == OrderState::Unknown || is_awaiting(state)
            })
            .map(|entry| entry.order.request.client_id)
            .collect();
        for id in unsure {
            let doubt = Doubt {
                ask_at: step.now + FIRST_PAUSE,
                pause: FIRST_PAUSE,
                definite_at: step.now + self.state.settings.request_expiry + GRACE,
                missing: 0,
            };
            self.doubts.doubts.insert(id, doubt);
            self.advance(step, id, Transition::OutcomeLost, None);
        }
    }

    /// Says whether any order is in doubt.
    pub(super) fn has_doubts(&self) -> bool {
        !self.doubts.doubts.is_empty()
    }

    /// Asks for every order that is due, and doubts those that were never answered.
    pub(super) fn ask_about_doubts(&mut self, step: &mut Step<'_>) {
        if self.doubts.awaiting {
            self.doubt_the_unanswered(step);
        }
        let (now, state) = (step.now, &self.state);
        for (id, doubt) in &mut self.doubts.doubts {
            let Some(entry) = state.orders.get(id).filter(|_| doubt.ask_at <= now) else {
                continue;
            };
            let instrument = entry.order.request.instrument;
            step.effects.commands.push(VenueCommand::QueryOrder { instrument, client_id: *id });
            doubt.pause = Span((doubt.pause.0 * 2).min(LONGEST_PAUSE.0));
            doubt.ask_at = now + doubt.pause;
        }
        self.doubts.doubts.retain(|id, _| state.orders.contains_key(id));
    }

    fn doubt_the_unanswered(&mut self, step: &mut Step<'_>) {
        let overdue: Vec<_> = self
            .state
            .orders
            .values()
            .filter(|entry| is_awaiting(entry.order.state))
            .filter(|entry| entry.changed_at + PATIENCE <= step.now)
            .map(|entry| entry.order.request.client_id)
            .collect();
        for id in overdue {
            self.doubt(step, id);
        }
        self.doubts.awaiting = oldest_awaiting(&self.state).is_some();
    }

    /// Takes the venue's answer to a question.
    pub(super) fn resolve(
        &mut self,
        step: &mut Step<'_>,
        id: ClientOrderId,
        report: Option<&OrderReport>,
    ) {
        let Some(entry) = self.state.orders.get(&id) else {
            return;
        };
        let Some(report) = report else {
            return self.resolve_missing(step, id);
        };
        // Fills that are missing here are fetched first; they end the order by themselves.
        if report.filled > entry.order.filled {
            self.snapshot.ask_soon(step.now);
            return;
        }
        let transition = match report.status {
            ReportedStatus::Open => return self.accepted(step, id, report.venue_id),
            ReportedStatus::Filled => return,
            ReportedStatus::Cancelled => Transition::Cancelled,
            ReportedStatus::Rejected => Transition::Rejected,
            ReportedStatus::Expired => Transition::Expired,
        };
        self.advance(step, id, transition, None);
    }

    fn resolve_missing(&mut self, step: &mut Step<'_>, id: ClientOrderId) {
        let Some(doubt) = self.doubts.doubts.get_mut(&id) else {
            return;
        };
        if step.now < doubt.definite_at {
            return;
        }
        doubt.missing += 1;
        if doubt.missing < 2 {
            return;
        }
        let known = self.state.orders.get(&id);
        let traded = known.is_some_and(|entry| {
            entry.order.filled.is_positive() || entry.order.venue_id.is_some()
        });
        // An order the venue once knew and forgot has ended; one it never knew never arrived.
        let transition = if traded { Transition::Cancelled } else { Transition::NotFound };
        self.advance(step, id, transition, None);
    }
}
