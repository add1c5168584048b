//! The way of a command: sent, under way, refused or executed, answered.

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::TradingStatus;
use banyan_core::money::Quantity;
use banyan_core::order::OrderKind;
use banyan_core::time::Timestamp;
use banyan_core::venue::{OrderReport, RejectReason, ReportedStatus, VenueCommand, VenueMessage};
use serde::{Deserialize, Serialize};

use super::answers::{is_answer, lost, order_of_command, refused};
use super::link::Link;
use super::messages::Envelope;
use super::{Delivery, Event, World};
use crate::exchange::Output;
use crate::faults::{Fault, OrderStateAtVenue, Target};
use crate::market::{MarketChange, MarketStep};

/// A command on its way to the exchange.
#[derive(Serialize, Deserialize)]
pub(super) struct Arrival {
    account: AccountId,
    command: VenueCommand,
    sent: Timestamp,
    /// The connection over which it was sent.
    session: u32,
    /// Whether its sender ran into the time-out already.
    given_up: bool,
}

/// The command whose outputs are being sorted.
#[derive(Clone, Copy)]
pub(super) struct Execution<'a> {
    account: AccountId,
    command: &'a VenueCommand,
    /// Whether the answer finds anybody.
    answered: bool,
}

impl World {
    /// Sends a command; an account that is not open or not connected sends nothing.
    pub fn submit(&mut self, account: AccountId, command: VenueCommand, now: Timestamp) {
        let Some(session) = self.links.get(&account).and_then(Link::session) else {
            return;
        };
        let sent = now.max(self.clock);
        let mut arrival = Arrival { account, command, sent, session, given_up: false };
        if self.dial.fires(Fault::DropRequest, account) {
            self.count_command(Fault::DropRequest, &arrival);
            self.disturb(Fault::DropRequest, account, sent, sent + self.time_out());
            self.give_up(&arrival, sent);
            return;
        }
        let due = self.command_due(&mut arrival);
        self.queue.push(due, Event::Arrival(arrival));
    }

    fn command_due(&mut self, arrival: &mut Arrival) -> Timestamp {
        let usual = arrival.sent + self.delays.order();
        let due = match self.links.get_mut(&arrival.account) {
            Some(link) => link.command_due(usual),
            None => usual,
        };
        if !self.dial.fires(Fault::Delay, arrival.account) {
            return due;
        }
        let late = due + self.dial.span_up_to(self.dial.settings().longest_delay);
        self.count_command(Fault::Delay, arrival);
        self.disturb(Fault::Delay, arrival.account, arrival.sent, late);
        if late > arrival.sent + self.time_out() {
            self.give_up(arrival, arrival.sent);
            arrival.given_up = true;
        }
        late
    }

    /// Tells the sender that no answer came, when it has waited long enough.
    fn give_up(&mut self, arrival: &Arrival, at: Timestamp) {
        if !self.is_awaited(arrival) {
            return;
        }
        let time = at.max(arrival.sent + self.time_out());
        let message = VenueMessage { time, report: lost(&arrival.command) };
        let envelope = Envelope { account: arrival.account, is_answer: true, message };
        self.queue.push(time, Event::Message(envelope));
    }

    fn is_awaited(&self, arrival: &Arrival) -> bool {
        let session = self.links.get(&arrival.account).and_then(Link::session);
        !arrival.given_up && session == Some(arrival.session)
    }

    /// A command reaches the exchange.
    pub(super) fn arrive(
        &mut self,
        arrival: &Arrival,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        if self.dial.outage(arrival.account).is_some() {
            self.count_command(Fault::Outage, arrival);
            self.give_up(arrival, at);
        } else if let Some((fault, reason)) = self.refusal(arrival) {
            self.count_command(fault, arrival);
            if self.is_awaited(arrival) {
                let message = VenueMessage { time: at, report: refused(&arrival.command, reason) };
                self.answer(arrival.account, message, at);
            }
        } else {
            self.execute(arrival, at, deliveries);
        }
    }

    /// The lasting fault for which the venue refuses a command unseen.
    fn refusal(&self, arrival: &Arrival) -> Option<(Fault, RejectReason)> {
        let window = |fault| self.dial.window(fault, Target::Account(arrival.account));
        let is_submit = matches!(arrival.command, VenueCommand::SubmitOrder { .. });
        if self.dial.is_calm() {
            None
        } else if window(Fault::RateLimitBan).is_some() {
            Some((Fault::RateLimitBan, RejectReason::RateLimitExceeded))
        } else if !is_submit {
            None
        } else if window(Fault::ClockSkew).is_some() {
            Some((Fault::ClockSkew, RejectReason::RequestExpired))
        } else {
            let storm = window(Fault::RejectionStorm)?;
            let reasons = [RejectReason::ExchangeNotAvailable, RejectReason::InsufficientFunds];
            Some((Fault::RejectionStorm, reasons[storm.choice as usize % reasons.len()]))
        }
    }

    fn execute(&mut self, arrival: &Arrival, at: Timestamp, deliveries: &mut Vec<Delivery>) {
        let Arrival { account, command, .. } = arrival;
        if let VenueCommand::CancelOrder { client_id, .. } = command {
            self.race(*account, *client_id, at, deliveries);
        }
        let awaited = self.is_awaited(arrival);
        let is_lost = awaited && self.dial.fires(Fault::LoseReply, *account);
        self.exchange.execute(*account, command, at, &mut self.outputs);
        let execution = Execution { account: *account, command, answered: awaited && !is_lost };
        self.route(at, Some(execution), deliveries);
        if is_lost {
            self.count_command(Fault::LoseReply, arrival);
            let until = at.max(arrival.sent + self.time_out());
            self.disturb(Fault::LoseReply, *account, arrival.sent, until);
            self.give_up(arrival, at);
        }
    }

    /// An outsider takes all down to the price of an order whose cancel is about to be executed.
    fn race(
        &mut self,
        account: AccountId,
        client_id: ClientOrderId,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        let order = self.exchange.order(account, client_id);
        let Some(step) = order.and_then(|order| self.sweep(&order, at)) else {
            return;
        };
        if self.dial.fires(Fault::CancelRace, account) {
            self.exchange.step(&step, &mut self.outputs);
            self.route(at, None, deliveries);
            let after = self.state_of(account, client_id);
            if after == OrderStateAtVenue::Filled {
                self.dial.count(Fault::CancelRace, Some(after));
            }
        }
    }

    /// The step that fills a resting order, whatever stands before it.
    fn sweep(&self, order: &OrderReport, at: Timestamp) -> Option<MarketStep> {
        let OrderKind::Limit { price } = order.request.kind else {
            return None;
        };
        let instrument = self.exchange.instruments().get(order.request.instrument)?;
        let trading = instrument.filters.status == TradingStatus::Trading;
        let change = MarketChange::Taker {
            side: order.request.side.opposite(),
            quantity: Quantity(i64::MAX),
            limit: price,
        };
        let step = MarketStep { time: at, instrument: instrument.id, change };
        (trading && order.status == ReportedStatus::Open).then_some(step)
    }

    /// Sorts what the exchange put out: to whom, and over which way.
    pub(super) fn route(
        &mut self,
        at: Timestamp,
        execution: Option<Execution<'_>>,
        deliveries: &mut Vec<Delivery>,
    ) {
        let mut outputs = std::mem::take(&mut self.outputs);
        for output in outputs.drain(..) {
            let (account, message) = match output {
                Output::Market(event) => {
                    self.publish(event, at, deliveries);
                    continue;
                }
                Output::Account { account, message } => (account, message),
            };
            let answers = |it: &Execution<'_>| {
                it.account == account && is_answer(it.command, &message.report)
            };
            match execution.filter(answers) {
                Some(execution) if execution.answered => self.answer(account, message, at),
                Some(_) => {}
                None => self.stream(account, message, at),
            }
        }
        self.outputs = outputs;
    }

    fn count_command(&mut self, fault: Fault, arrival: &Arrival) {
        let order = order_of_command(&arrival.command);
        let state = order.map(|client_id| self.state_of(arrival.account, client_id));
        self.dial.count(fault, state);
    }

    /// Where the exchange knows an order to be.
    pub(super) fn state_of(
        &self,
        account: AccountId,
        client_id: ClientOrderId,
    ) -> OrderStateAtVenue {
        OrderStateAtVenue::of(self.exchange.order(account, client_id).as_ref())
    }

    /// Remembers that a fault touched the link of an account.
    pub(super) fn disturb(
        &mut self,
        fault: Fault,
        account: AccountId,
        from: Timestamp,
        to: Timestamp,
    ) {
        self.dial.disturbed(fault, Target::Account(account), from, to);
    }
}
