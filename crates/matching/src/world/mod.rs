//! The world around an engine: the exchange, its market, the way there and what goes wrong on it.
//!
//! One queue of events, in exact order of time and the same for the same seed. It outlives the
//! engine: while an account is not connected, its orders stand and the market goes on. It knows
//! nothing of the engine, and nothing happens in it but in [`World::advance`].

mod answers;
mod by_hand;
mod commands;
mod feed;
mod input;
mod latency;
mod link;
mod listing;
mod messages;
mod outside;
mod queue;
mod saving;
mod windows;

use std::collections::BTreeMap;

pub use answers::{is_answer, lost};
use banyan_core::ids::AccountId;
use banyan_core::instrument::InstrumentId;
use banyan_core::market::MarketEvent;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::VenueMessage;
pub use input::Input;
pub use latency::Latency;
pub use saving::{LAYOUT, RestoreError};
use serde::{Deserialize, Serialize};

use self::commands::Arrival;
use self::feed::Feed;
use self::latency::Delays;
use self::link::Link;
use self::listing::Listing;
use self::messages::Envelope;
use self::queue::Queue;
use crate::exchange::{AccountSettings, Exchange, ExchangeSettings, Output};
use crate::faults::{Dial, Fault, FaultCounts, FaultSettings, Target};
use crate::market::Market;

/// What a world is made of, besides its market.
#[derive(Debug, Clone, Default)]
pub struct WorldSettings {
    /// The exchange.
    pub exchange: ExchangeSettings,
    /// How long things are under way.
    pub latency: Latency,
    /// What goes wrong.
    pub faults: FaultSettings,
    /// Decides all that is left to chance.
    pub seed: u64,
}

/// What reaches somebody.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    /// A message to one account.
    Account {
        /// To whom.
        account: AccountId,
        /// The message.
        message: VenueMessage,
    },
    /// A public event.
    Market(MarketEvent),
}

/// Something under way.
#[derive(Serialize, Deserialize)]
enum Event {
    Arrival(Arrival),
    Message(Envelope),
    Market(MarketEvent),
}

/// Where the next thing to happen comes from; what is due at one time happens in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Fault,
    Expiry,
    Queue,
    Market,
}

/// The world.
pub struct World {
    exchange: Exchange,
    market: Box<dyn Market>,
    delays: Delays,
    dial: Dial,
    queue: Queue<Event>,
    links: BTreeMap<AccountId, Link>,
    feed: Feed,
    listings: BTreeMap<InstrumentId, Listing>,
    trades_by_hand: u64,
    clock: Timestamp,
    outputs: Vec<Output>,
}

impl World {
    /// Makes the world of a market, without accounts.
    #[must_use]
    pub fn new(market: Box<dyn Market>, settings: WorldSettings) -> Self {
        let WorldSettings { exchange, latency, faults, seed } = settings;
        let mut world = Self {
            exchange: Exchange::new(market.instruments(), exchange),
            market,
            delays: Delays::new(latency, seed),
            dial: Dial::new(faults, seed.rotate_left(32)),
            queue: Queue::new(),
            links: BTreeMap::new(),
            feed: Feed::default(),
            listings: BTreeMap::new(),
            trades_by_hand: 0,
            clock: Timestamp(i64::MIN),
            outputs: Vec::new(),
        };
        world.arm_all();
        world
    }

    /// Opens an account and connects it; one that is open already stays as it is.
    pub fn open_account(&mut self, account: AccountId, settings: AccountSettings) {
        if self.links.contains_key(&account) {
            return;
        }
        self.links.insert(account, Link::new(settings.position_mode));
        self.exchange.open_account(account, settings);
        self.arm(Target::Account(account));
    }

    /// When the next thing happens; `None` when nothing will any more.
    #[must_use]
    pub fn next_event_at(&self) -> Option<Timestamp> {
        self.next_due().map(|(at, _)| at)
    }

    /// Lets everything happen that is due at or before `now`, in exact order of time, and adds
    /// what is delivered by then.
    pub fn advance(&mut self, now: Timestamp, deliveries: &mut Vec<Delivery>) {
        while let Some((due, source)) = self.next_due().filter(|(due, _)| *due <= now) {
            let at = due.max(self.clock);
            self.clock = at;
            match source {
                Source::Fault => self.change(at, deliveries),
                Source::Expiry => self.expire(at, deliveries),
                Source::Queue => self.pop(at, deliveries),
                Source::Market => self.step_market(deliveries),
            }
        }
        self.clock = self.clock.max(now);
    }

    fn next_due(&self) -> Option<(Timestamp, Source)> {
        let sources = [
            (self.dial.next_change(), Source::Fault),
            (self.exchange.next_expiry(), Source::Expiry),
            (self.queue.next_at(), Source::Queue),
            (self.market.next_at(), Source::Market),
        ];
        sources.into_iter().filter_map(|(at, source)| Some((at?, source))).min()
    }

    fn expire(&mut self, at: Timestamp, deliveries: &mut Vec<Delivery>) {
        self.exchange.expire(at, &mut self.outputs);
        self.route(at, None, deliveries);
    }

    fn pop(&mut self, at: Timestamp, deliveries: &mut Vec<Delivery>) {
        match self.queue.pop() {
            Some(Event::Arrival(arrival)) => self.arrive(&arrival, at, deliveries),
            Some(Event::Message(envelope)) => self.deliver(envelope, deliveries),
            Some(Event::Market(event)) => self.show(event, deliveries),
            None => {}
        }
    }

    fn step_market(&mut self, deliveries: &mut Vec<Delivery>) {
        let Some(step) = self.market.next_step() else {
            return;
        };
        let step = self.alter(step);
        self.exchange.step(&step, &mut self.outputs);
        self.route(step.time, None, deliveries);
        if self.market.next_at().is_none() {
            self.dial.disarm();
        }
    }

    /// The engine of an account died: what is under way to it is lost, what it sent arrives.
    pub fn disconnect(&mut self, account: AccountId) {
        if let Some(link) = self.links.get_mut(&account) {
            link.disconnect();
            self.queue.retain(
                |event| !matches!(event, Event::Message(envelope) if envelope.account == account),
            );
        }
    }

    /// The engine of an account is back: answers to what it sent before never come, and the stream
    /// reports the gap.
    pub fn connect(&mut self, account: AccountId, now: Timestamp) {
        let is_new = self.links.get_mut(&account).is_some_and(Link::connect);
        if is_new {
            let at = now.max(self.clock) + self.delays.user_stream();
            self.interrupt(account, at);
        }
    }

    /// Turns the fault dial; what goes wrong already does so to its end.
    pub fn set_faults(&mut self, settings: FaultSettings) {
        self.dial.set(settings);
        self.arm_all();
    }

    /// From now on things are under way for so long; what is under way already comes as it would.
    pub const fn set_latency(&mut self, latency: Latency) {
        self.delays.set(latency);
    }

    /// Forces a fault: a momentary one (see [`Fault::is_momentary`]) befalls the next command or
    /// message of the account that it can befall, another one comes at `now`. Says whether the
    /// fault can befall this target.
    pub fn inject(&mut self, fault: Fault, target: Target, now: Timestamp) -> bool {
        self.dial.force(fault, target, now.max(self.clock))
    }

    fn arm_all(&mut self) {
        let accounts: Vec<_> = self.links.keys().map(|it| Target::Account(*it)).collect();
        let instruments: Vec<_> =
            self.exchange.instruments().iter().map(|it| Target::Instrument(it.id)).collect();
        for target in accounts.into_iter().chain(instruments).chain([Target::Venue]) {
            self.arm(target);
        }
    }

    /// Faults that come of themselves do so while the market goes on.
    fn arm(&mut self, target: Target) {
        if let Some(next) = self.market.next_at() {
            self.dial.arm(target, next.max(self.clock));
        }
    }

    /// The exchange as it is, without latency or faults.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The market.
    #[must_use]
    pub fn market(&self) -> &dyn Market {
        &*self.market
    }

    /// The moment that was reached last.
    #[must_use]
    pub const fn clock(&self) -> Timestamp {
        self.clock
    }

    /// Accounts that are connected.
    pub fn connected(&self) -> impl Iterator<Item = AccountId> {
        self.links.iter().filter(|(_, link)| link.is_connected()).map(|(account, _)| *account)
    }

    /// How long things are under way.
    #[must_use]
    pub const fn latency(&self) -> Latency {
        self.delays.latency()
    }

    /// How the fault dial stands.
    #[must_use]
    pub const fn fault_settings(&self) -> &FaultSettings {
        self.dial.settings()
    }

    /// What went wrong so far.
    #[must_use]
    pub fn fault_counts(&self) -> &FaultCounts {
        self.dial.counts()
    }

    /// Says whether a fault that can hold back orders touched the account's link, any instrument
    /// or the venue between two moments, both included. True for times too long ago to remember.
    #[must_use]
    pub fn is_disturbed(&self, account: AccountId, from: Timestamp, to: Timestamp) -> bool {
        self.dial.was_disturbed(account, |_| true, from, to)
    }

    /// Like [`Self::is_disturbed`], but of instruments only this one counts.
    #[must_use]
    pub fn is_disturbed_at(
        &self,
        account: AccountId,
        instrument: InstrumentId,
        from: Timestamp,
        to: Timestamp,
    ) -> bool {
        self.dial.was_disturbed(account, |touched| touched == instrument, from, to)
    }

    fn time_out(&self) -> Span {
        self.dial.settings().time_out
    }
}
