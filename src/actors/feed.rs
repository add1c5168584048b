//! The market feed: one message per socket read to each subscriber, with longer candles added.
//!
//! It never drops: replay and simulation need every event. Bounded by its subscribers' speed, as
//! it lives on the same thread as they do.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix::prelude::*;
use banyan_core::instrument::InstrumentId;
use banyan_core::market::{MarketData, MarketEvent, Resampler};
use banyan_core::time::Timeframe;

use crate::exchanges::MarketBatch;
use crate::telemetry::EventLog;

/// Hands market data on.
pub struct MarketFeed {
    log: EventLog,
    subscribers: Vec<Recipient<MarketBatch>>,
    /// The latest word on each instrument, its mark and its best prices, for those who come late.
    latest: BTreeMap<(InstrumentId, Topic), MarketEvent>,
    resamplers: BTreeMap<InstrumentId, (Timeframe, Vec<Resampler>)>,
}

/// What only the latest word of matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Topic {
    Instrument,
    Mark,
    BookTop,
}

/// Wants the instruments and prices as they are, and market data from now on.
#[derive(Message)]
#[rtype(result = "()")]
pub struct SubscribeFeed(pub Recipient<MarketBatch>);

impl MarketFeed {
    /// A feed without subscribers; each event is added to the log as it comes.
    #[must_use]
    pub fn new(log: EventLog) -> Self {
        Self { log, subscribers: Vec::new(), latest: BTreeMap::new(), resamplers: BTreeMap::new() }
    }

    /// The longer candles that an event closes.
    fn longer_candles(&mut self, event: &MarketEvent) -> Vec<MarketEvent> {
        let MarketData::CandleClosed { timeframe, candle } = &event.data else {
            return Vec::new();
        };
        let (source, resamplers) = self
            .resamplers
            .entry(event.instrument)
            .or_insert_with(|| (*timeframe, longer(*timeframe)));
        if source != timeframe {
            return Vec::new();
        }
        let mut closed = Vec::new();
        for resampler in resamplers {
            let timeframe = resampler.target();
            closed.extend(resampler.push(candle).map(|candle| MarketEvent {
                data: MarketData::CandleClosed { timeframe, candle },
                ..*event
            }));
        }
        closed
    }
}

fn topic(data: &MarketData) -> Option<Topic> {
    match data {
        MarketData::InstrumentChanged(_) => Some(Topic::Instrument),
        MarketData::Mark(_) => Some(Topic::Mark),
        MarketData::BookTop { .. } => Some(Topic::BookTop),
        MarketData::Trade { .. } | MarketData::CandleClosed { .. } | MarketData::Funding(_) => None,
    }
}

fn longer(source: Timeframe) -> Vec<Resampler> {
    Timeframe::ALL.into_iter().filter_map(|target| Resampler::new(source, target)).collect()
}

impl Actor for MarketFeed {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1_024);
    }
}

impl Handler<SubscribeFeed> for MarketFeed {
    type Result = ();

    fn handle(&mut self, SubscribeFeed(subscriber): SubscribeFeed, _: &mut Self::Context) {
        let latest: Vec<_> = self.latest.values().cloned().collect();
        if !latest.is_empty() {
            subscriber.do_send(MarketBatch(Arc::new(latest)));
        }
        self.subscribers.push(subscriber);
    }
}

impl Handler<MarketBatch> for MarketFeed {
    type Result = ();

    fn handle(&mut self, mut batch: MarketBatch, _: &mut Self::Context) {
        let mut closed = Vec::new();
        for event in batch.0.iter() {
            self.log.add_market_event(event);
            if let Some(topic) = topic(&event.data) {
                self.latest.insert((event.instrument, topic), event.clone());
            }
            closed.append(&mut self.longer_candles(event));
        }
        if !closed.is_empty() {
            Arc::make_mut(&mut batch.0).append(&mut closed);
        }
        self.subscribers.retain(Recipient::connected);
        for subscriber in &self.subscribers {
            subscriber.do_send(batch.clone());
        }
    }
}
