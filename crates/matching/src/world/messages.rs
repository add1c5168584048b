//! The way of a message to an account: answered or streamed, queued, delivered or kept back.

use banyan_core::ids::AccountId;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{VenueMessage, VenueReport};
use serde::{Deserialize, Serialize};

use super::answers::{may_repeat, order_of_report};
use super::{Delivery, Event, World};
use crate::faults::{Fault, Target, Window};

/// A message on its way to an account.
#[derive(Serialize, Deserialize)]
pub(super) struct Envelope {
    pub(super) account: AccountId,
    /// Whether it answers a command; silence of the user stream leaves answers alone.
    pub(super) is_answer: bool,
    pub(super) message: VenueMessage,
}

impl World {
    /// Sends the direct answer to a command.
    pub(super) fn answer(&mut self, account: AccountId, message: VenueMessage, at: Timestamp) {
        let at = at + self.delays.user_stream();
        let Some(link) = self.links.get_mut(&account) else {
            return;
        };
        let due = link.answer_due(at);
        self.dispatch(Envelope { account, is_answer: true, message }, due);
    }

    /// Sends a message over the user stream.
    pub(super) fn stream(&mut self, account: AccountId, message: VenueMessage, at: Timestamp) {
        if !self.links.get(&account).is_some_and(|link| link.is_connected()) {
            return;
        }
        self.count_sliver(account, &message);
        if self.dial.fires(Fault::DropMessage, account) {
            self.count_message(Fault::DropMessage, account, &message);
            let notice = at + self.dial.span_up_to(self.dial.settings().longest_gap_notice);
            self.disturb(Fault::DropMessage, account, at, notice);
            self.interrupt(account, notice);
            return;
        }
        let late = self.lateness(account, &message, at);
        let at = at + self.delays.user_stream();
        let Some(link) = self.links.get_mut(&account) else {
            return;
        };
        let due = link.stream_due(at, late);
        self.dispatch(Envelope { account, is_answer: false, message }, due);
    }

    fn lateness(&mut self, account: AccountId, message: &VenueMessage, at: Timestamp) -> Span {
        if !self.dial.fires(Fault::Delay, account) {
            return Span(0);
        }
        let late = self.dial.span_up_to(self.dial.settings().longest_delay);
        self.count_message(Fault::Delay, account, message);
        self.disturb(Fault::Delay, account, at, at + late);
        late
    }

    /// A fill while outsiders trade in slivers is that fault at work.
    fn count_sliver(&mut self, account: AccountId, message: &VenueMessage) {
        if let VenueReport::OrderFilled(fill) = &message.report
            && !self.dial.is_calm()
            && self.has_storm(fill.instrument)
        {
            self.count_message(Fault::PartialFillStorm, account, message);
        }
    }

    /// Queues a message, perhaps twice, perhaps before its neighbour.
    fn dispatch(&mut self, envelope: Envelope, due: Timestamp) {
        let account = envelope.account;
        if may_repeat(&envelope.message.report) && self.dial.fires(Fault::Duplicate, account) {
            self.count_message(Fault::Duplicate, account, &envelope.message);
            let again = due + self.dial.span_up_to(self.dial.settings().longest_delay);
            let copy = Envelope { message: envelope.message.clone(), ..envelope };
            self.queue.push(again, Event::Message(copy));
        }
        let last = self.links.get(&account).and_then(|link| link.last);
        let neighbour = last.filter(|last| self.queue.holds(*last));
        let is_early = neighbour.is_some() && self.dial.fires(Fault::Reorder, account);
        if is_early {
            self.count_message(Fault::Reorder, account, &envelope.message);
        }
        let place = self.queue.push(due, Event::Message(envelope));
        if let Some(neighbour) = neighbour.filter(|_| is_early) {
            self.queue.swap(neighbour, place);
        }
        if let Some(link) = self.links.get_mut(&account) {
            link.last = Some(place);
        }
    }

    /// Lets the user stream report a gap at a moment.
    pub(super) fn interrupt(&mut self, account: AccountId, at: Timestamp) {
        if self.links.get(&account).is_some_and(|link| link.is_connected()) {
            let message = VenueMessage { time: at, report: VenueReport::StreamInterrupted };
            let envelope = Envelope { account, is_answer: false, message };
            self.queue.push(at, Event::Message(envelope));
        }
    }

    /// Hands out a message that is due, unless the stream is silent.
    pub(super) fn deliver(&mut self, envelope: Envelope, deliveries: &mut Vec<Delivery>) {
        let is_free = envelope.is_answer || self.dial.is_calm();
        let envelope = if is_free { Some(envelope) } else { self.hold(envelope) };
        if let Some(Envelope { account, message, .. }) = envelope {
            deliveries.push(Delivery::Account { account, message });
        }
    }

    /// Keeps a stream message back, or loses it, while a fault silences the stream.
    fn hold(&mut self, envelope: Envelope) -> Option<Envelope> {
        let account = envelope.account;
        let outage = self.dial.outage(account).is_some();
        let stall = self.dial.window(Fault::Stall, Target::Account(account));
        let fault = match (outage, stall) {
            (false, None) => return Some(envelope),
            (true, _) => Fault::Outage,
            (false, Some(_)) => Fault::Stall,
        };
        self.count_message(fault, account, &envelope.message);
        let is_kept = !outage && stall.is_some_and(|window| !loses(window));
        if let Some(link) = self.links.get_mut(&account).filter(|_| is_kept) {
            link.held.push(envelope.message);
        }
        None
    }

    /// A stall of the user stream is over.
    pub(super) fn end_stall(
        &mut self,
        account: AccountId,
        window: Window,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        if loses(window) {
            self.interrupt(account, at);
        }
        let Some(link) = self.links.get_mut(&account) else {
            return;
        };
        for message in std::mem::take(&mut link.held) {
            self.deliver(Envelope { account, is_answer: false, message }, deliveries);
        }
    }

    fn count_message(&mut self, fault: Fault, account: AccountId, message: &VenueMessage) {
        let order = order_of_report(&message.report);
        let state = order.map(|client_id| self.state_of(account, client_id));
        self.dial.count(fault, state);
    }
}

/// The two ways of a stall: what was held is lost, or comes late.
const fn loses(window: Window) -> bool {
    window.choice % 2 == 1
}
