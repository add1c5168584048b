//! An account without actors: ready to trade, with a venue at hand and a journal that is durable
//! the moment it is asked.
//!
//! Knows nothing of strategies.

use std::sync::Arc;

use banyan_core::account::{Account, Effects, Input, Phase, WorkerCommand};
use banyan_core::ids::{Epoch, Sequence};
use banyan_core::intent::Intent;
use banyan_core::market::{MarketData, MarketEvent};
use banyan_core::time::Timestamp;
use banyan_core::venue::{VenueCommand, VenueMessage, VenueReport};
use banyan_core::worker::WorkerEvent;

use super::fixtures;

/// The account and what is around it.
pub(crate) struct Desk {
    pub(crate) account: Account,
    pub(crate) effects: Effects,
    pub(crate) now: Timestamp,
    pub(crate) epoch: Epoch,
    pub(crate) fills: u64,
    venue: fixtures::InstantVenue,
}

impl Desk {
    /// An account that was compared with its venue, has heard prices, and has a worker.
    pub(crate) fn ready() -> Self {
        let mut effects = Effects::default();
        let now = fixtures::START;
        let account = Account::open(fixtures::account_settings(), now, &mut effects);
        let (epoch, venue) = (Epoch::default(), fixtures::InstantVenue::new());
        let mut desk = Self { account, effects, now, epoch, fills: 0, venue };
        let instrument = Arc::new(fixtures::bitcoin());
        let data = MarketData::InstrumentChanged(instrument);
        desk.hear(&MarketEvent { time: now, instrument: fixtures::BTC, data });
        desk.handle(Input::Start);
        desk.settle(|_| {});
        for event in fixtures::first_prices(now) {
            desk.hear(&event);
        }
        let terms = Box::new(fixtures::worker_terms());
        desk.handle(Input::AttachWorker { worker: fixtures::WORKER, terms });
        desk.settle(|_| {});
        assert_eq!(desk.account.phase(), Phase::Ready);
        desk.epoch = desk.account.state().workers[&fixtures::WORKER].epoch;
        desk
    }

    pub(crate) fn hear(&mut self, event: &MarketEvent) {
        self.handle(Input::Market(event));
    }

    pub(crate) fn handle(&mut self, input: Input<'_>) {
        self.account.handle(self.now, input, &mut self.effects);
    }

    /// What the worker asks: keep its state, which includes all it was told, and these wishes.
    pub(crate) fn command(
        &self,
        saved: (Sequence, Vec<u8>),
        intents: Vec<(u32, Intent)>,
    ) -> WorkerCommand {
        let saved = Some(saved);
        WorkerCommand {
            worker: fixtures::WORKER,
            epoch: self.epoch,
            saved,
            decisions: Vec::new(),
            intents,
        }
    }

    /// Makes everything durable, lets the venue answer what leaves, and tells the worker, until
    /// nothing is left to be done.
    pub(crate) fn settle(&mut self, mut tell: impl FnMut(WorkerEvent)) {
        loop {
            for (_, event) in self.effects.told.drain(..) {
                tell(event);
            }
            let commands = std::mem::take(&mut self.effects.commands);
            let is_settled = self.effects.records.is_empty() && commands.is_empty();
            self.effects.clear();
            if is_settled {
                return;
            }
            let sequence = self.account.state().sequence;
            self.handle(Input::Durable(sequence));
            for command in &commands {
                self.carry(command);
            }
        }
    }

    fn carry(&mut self, command: &VenueCommand) {
        for report in self.venue.answer(command, self.now) {
            self.fills += u64::from(matches!(report, VenueReport::OrderFilled(_)));
            let time = self.now;
            self.handle(Input::Venue(VenueMessage { time, report }));
        }
    }
}
