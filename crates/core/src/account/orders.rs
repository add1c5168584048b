//! What the venue answers about orders, and cancels.

use super::outbox::{Attempt, Outgoing};
use super::{Account, Phase, Step};
use crate::ids::{ClientOrderId, VenueOrderId};
use crate::intent::ExitReason;
use crate::journal::{AccountEvent, Purpose};
use crate::ledger::SubLedger;
use crate::order::{OrderState, Transition};
use crate::time::Span;
use crate::venue::{RejectReason, VenueReport};

/// First and longest pause before something the venue refused is tried again.
pub(super) const RETRY: (Span, Span) = (Span::seconds(1), Span::seconds(30));

impl Account {
    pub(super) fn take_report(&mut self, step: &mut Step<'_>, report: VenueReport) {
        if self.phase == Phase::Idle {
            return;
        }
        match report {
            VenueReport::OrderAccepted { client_id, venue_id } => {
                self.accepted(step, client_id, venue_id);
            }
            VenueReport::OrderRejected { client_id, reason } => {
                self.rejected(step, client_id, reason);
            }
            VenueReport::SubmitOutcomeLost { client_id } => self.doubt(step, client_id),
            VenueReport::OrderTriggered { client_id } => {
                self.advance(step, client_id, Transition::Triggered, None);
            }
            VenueReport::OrderFilled(fill) => self.book_fill(step, fill),
            VenueReport::OrderCancelled { client_id } => {
                self.advance(step, client_id, Transition::Cancelled, None);
            }
            VenueReport::CancelRejected { client_id, reason } => {
                self.cancel_rejected(step, client_id, reason);
            }
            VenueReport::OrderExpired { client_id } => {
                self.advance(step, client_id, Transition::Expired, None);
            }
            VenueReport::OrderReported { client_id, report } => {
                self.resolve(step, client_id, report.as_ref());
            }
            VenueReport::QueryFailed { client_id: Some(_) } => {}
            VenueReport::QueryFailed { client_id: None } => self.snapshot.failed(step.now),
            VenueReport::SnapshotTaken(snapshot) => self.reconcile(step, &snapshot),
            VenueReport::FundingBooked(funding) => self.book_funding(step, &funding),
            VenueReport::LeverageSet { instrument, leverage, margin_mode } => {
                let event = AccountEvent::LeverageSet { instrument, leverage, margin_mode };
                self.record(step, event);
            }
            // The leverage stays what it was; the next entry asks again.
            VenueReport::LeverageRejected { .. } => {}
            VenueReport::StreamInterrupted => self.interrupted(step),
        }
    }

    pub(super) fn accepted(
        &mut self,
        step: &mut Step<'_>,
        id: ClientOrderId,
        venue_id: VenueOrderId,
    ) {
        let Some(entry) = self.state.orders.get(&id) else {
            return;
        };
        if entry.order.venue_id.is_some() && entry.order.state != OrderState::Unknown {
            return;
        }
        let (planned, intent) = (entry.planned, entry.intent);
        if entry.order.state.after(Transition::Accepted).is_err() {
            return;
        }
        let saved = (step.cause, step.correlation);
        (step.cause, step.correlation) = (Some(planned), Some(intent));
        let transition = Transition::Accepted;
        let event = AccountEvent::OrderAdvanced {
            client_id: id,
            transition,
            venue_id: Some(venue_id),
            reason: None,
        };
        self.record(step, event);
        (step.cause, step.correlation) = saved;
        self.doubts.note(id, transition);
        self.forget_pause(id);
    }

    fn forget_pause(&mut self, id: ClientOrderId) {
        if let Some(entry) = self.state.orders.get(&id) {
            let (owner, purpose) = (entry.owner, entry.purpose);
            let instrument = entry.order.request.instrument;
            self.retries.forget(Attempt::Protect(owner, instrument, purpose));
        }
    }

    fn rejected(&mut self, step: &mut Step<'_>, id: ClientOrderId, reason: RejectReason) {
        let Some(entry) = self.state.orders.get(&id) else {
            return;
        };
        // "Duplicate" means that it exists.
        if reason == RejectReason::DuplicateOrderId {
            return self.doubt(step, id);
        }
        let (owner, purpose) = (entry.owner, entry.purpose);
        let instrument = entry.order.request.instrument;
        self.advance(step, id, Transition::Rejected, Some(reason));
        let attempt = match purpose {
            Purpose::Exit(_) => Attempt::Exit(owner, instrument),
            _ if purpose.is_protective() => Attempt::Protect(owner, instrument, purpose),
            _ => return,
        };
        self.retries.put_off(attempt, step.now, RETRY.0, RETRY.1);
        match reason {
            RejectReason::TriggerImmediately => {
                self.request_exit(step, owner, instrument, None, purpose.exit_reason(), None);
            }
            RejectReason::ReduceOnlyRejected => self.snapshot.ask_soon(step.now),
            _ => {}
        }
    }

    fn cancel_rejected(
        &mut self,
        step: &mut Step<'_>,
        id: ClientOrderId,
        reason: Option<RejectReason>,
    ) {
        match reason {
            // It ended in some way; a query tells in which.
            None | Some(RejectReason::OrderNotFound) => self.doubt(step, id),
            Some(reason) => {
                self.advance(step, id, Transition::CancelRejected, Some(reason));
                self.retries.put_off(Attempt::Cancel(id), step.now, RETRY.0, RETRY.1);
            }
        }
    }

    /// Asks for the cancel of an order. Says whether there was something to cancel.
    pub(super) fn cancel(&mut self, step: &mut Step<'_>, id: ClientOrderId) -> bool {
        let Some(entry) = self.state.orders.get(&id) else {
            return false;
        };
        let state = entry.order.state;
        if state == OrderState::CancelRequested {
            return true;
        }
        let instrument = entry.order.request.instrument;
        self.advance(step, id, Transition::CancelSent, None);
        // What was never sent needs no cancel: it is dropped where it would leave.
        if state != OrderState::Planned {
            self.send(step, Outgoing::Cancel { instrument, client_id: id });
        }
        true
    }

    /// Cancels again what was to be cancelled and turned out to stand.
    pub(super) fn pursue_cancels(&mut self, step: &mut Step<'_>) {
        let now = step.now;
        let standing: Vec<_> = self
            .state
            .orders
            .iter()
            .filter(|(_, entry)| entry.cancel_wanted)
            .filter(|(_, entry)| {
                matches!(entry.order.state, OrderState::Open | OrderState::PartiallyFilled)
            })
            .filter(|(id, _)| self.retries.allows(Attempt::Cancel(**id), now))
            .map(|(id, entry)| (*id, entry.order.request.instrument))
            .collect();
        for (client_id, instrument) in standing {
            self.advance(step, client_id, Transition::CancelSent, None);
            self.send(step, Outgoing::Cancel { instrument, client_id });
        }
        let orders = &self.state.orders;
        self.retries.retain(|attempt| match attempt {
            Attempt::Cancel(id) => orders.contains_key(id),
            Attempt::Exit(..) | Attempt::Protect(..) => true,
        });
    }

    /// Cancels all of an owner's orders that satisfy a condition.
    pub(super) fn cancel_where(
        &mut self,
        step: &mut Step<'_>,
        condition: impl Fn(&super::AccountOrder) -> bool,
    ) {
        let ids: Vec<_> = self
            .state
            .orders
            .iter()
            .filter(|(_, entry)| condition(entry))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.cancel(step, id);
        }
    }

    /// A person closes a position.
    pub(super) fn close_by_hand(
        &mut self,
        step: &mut Step<'_>,
        owner: SubLedger,
        instrument: crate::instrument::InstrumentId,
    ) {
        self.request_exit(step, owner, instrument, None, ExitReason::ForceExit, None);
    }
}
