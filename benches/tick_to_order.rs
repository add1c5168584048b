//! From a market event to an order that is planned, journalled and ready to be sent.
//!
//! Every sample is one closed candle on which the strategy trades; what follows (the answer of the
//! journal, the venue and the fill) is done between samples and not measured. Nothing leaves
//! before its record is durable, so the order's bytes are made from the planned request and kept;
//! postcard stands in for the wire format of a venue.
//!
//! - `tick_to_order/core`: the pure core alone, from the candle through account and strategy, the
//!   worker's saved state, review and planning, to records and order as bytes.
//! - `tick_to_order/mailboxes`: the actors of one arbiter on one thread and the real clock, from
//!   sending the batch to the feed until the writer hands the planned order to the journal port.

mod support {
    pub(crate) mod arbiter;
    pub(crate) mod desk;
    pub(crate) mod fixtures;
    pub(crate) mod samples;
}

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use banyan::simulation::Pace;
use banyan_core::account::{Effects as AccountEffects, Input, WorkerCommand};
use banyan_core::instrument::Instruments;
use banyan_core::journal::AccountEvent;
use banyan_core::market::{MarketData, MarketEvent, MarketViews};
use banyan_core::strategy::{AnyStrategy, Effects, Strategy, StrategyEvent, WhyNot};
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::VenueCommand;
use banyan_core::worker::{WorkerBook, WorkerEvent, WorkerView};

use support::arbiter::Arbiter;
use support::desk::Desk;
use support::fixtures;
use support::samples::{Samples, is_wanted, now, repetitions};

/// Samples that are thrown away while caches and averages warm up.
const WARM_UP: usize = 2_000;
const SAMPLES: usize = 200_000;

fn main() {
    if is_wanted("tick_to_order/clock") {
        clock(repetitions(SAMPLES)).report("tick_to_order/clock");
    }
    if is_wanted("tick_to_order/core") {
        core(repetitions(SAMPLES)).report("tick_to_order/core");
    }
    if is_wanted("tick_to_order/mailboxes") {
        mailboxes(repetitions(SAMPLES)).report("tick_to_order/mailboxes");
    }
}

/// Samples of all orders, and of the two kinds apart: an exit is reviewed twice and takes one more
/// record.
struct Orders {
    all: Samples,
    entries: Samples,
    exits: Samples,
}

impl Orders {
    fn with_capacity(count: usize) -> Self {
        let [all, entries, exits] = [(); 3].map(|()| Samples::with_capacity(count));
        Self { all, entries, exits }
    }

    fn push(&mut self, enters: bool, elapsed: Duration) {
        self.all.push(elapsed);
        if enters {
            self.entries.push(elapsed);
        } else {
            self.exits.push(elapsed);
        }
    }

    fn report(&mut self, name: &str) {
        self.entries.report(&format!("{name}_entry"));
        self.exits.report(&format!("{name}_exit"));
        self.all.report(name);
    }
}

/// What reading the clock adds to every sample.
fn clock(count: usize) -> Samples {
    let mut samples = Samples::with_capacity(count);
    for _ in 0..count {
        samples.time(|| ());
    }
    samples
}

fn core(count: usize) -> Orders {
    let mut bench = CoreBench::new();
    let mut orders = Orders::with_capacity(count);
    for number in 0..(WARM_UP + count) as i64 {
        bench.desk.now = bench.desk.now + Span::minutes(1);
        let event = fixtures::candle_closed(number, bench.desk.now);
        let started = now();
        let bytes = bench.tick(&event);
        let elapsed = started.elapsed();
        // The first candles only warm the averages up.
        if number >= WARM_UP as i64 {
            assert!(bytes > 0, "candle {number} made no order");
            orders.push(fixtures::enters(number), elapsed);
        }
        bench.settle();
    }
    orders
}

fn mailboxes(count: usize) -> Orders {
    let mut orders = Orders::with_capacity(count);
    banyan::simulation::run(Pace::Times(1), async {
        let arbiter = Arbiter::start().await;
        for number in 0..(WARM_UP + count) as i64 {
            let event = fixtures::candle_closed(number, arbiter.clock.now());
            let started = now();
            arbiter.play(vec![event]);
            arbiter.idle().await;
            let planned = arbiter.watch.take_planned();
            if number >= WARM_UP as i64 {
                let planned = planned.expect("every candle makes an order");
                orders.push(fixtures::enters(number), planned - started);
            }
        }
        assert!(arbiter.watch.fills() >= count as u64, "every order is filled");
    });
    orders
}

/// An account, and a worker that does what the worker actor does.
struct CoreBench {
    desk: Desk,
    strategy: AnyStrategy,
    book: WorkerBook,
    why_not: WhyNot,
    heard: BTreeMap<u32, Timestamp>,
    markets: MarketViews,
    instruments: Instruments,
    effects: Effects,
    intents: u32,
    records: Vec<u8>,
    order: Vec<u8>,
}

impl CoreBench {
    fn new() -> Self {
        let instrument = fixtures::bitcoin();
        let strategy = AnyStrategy::new(&fixtures::strategy_config(), &[&instrument]);
        let mut markets = MarketViews::default();
        for event in fixtures::first_prices(fixtures::START) {
            markets.apply(&event);
        }
        Self {
            desk: Desk::ready(),
            strategy: strategy.expect("a sound configuration"),
            book: WorkerBook::default(),
            why_not: WhyNot::default(),
            heard: BTreeMap::new(),
            markets,
            instruments: fixtures::listing(),
            effects: Effects::default(),
            intents: 0,
            records: Vec::with_capacity(4_096),
            order: Vec::with_capacity(1_024),
        }
    }

    /// Does all that follows a candle up to the bytes, and returns how many bytes the order has.
    fn tick(&mut self, event: &MarketEvent) -> usize {
        self.desk.hear(event);
        self.markets.apply(event);
        if let MarketData::CandleClosed { timeframe, candle } = event.data {
            let instrument = event.instrument;
            self.heard.insert(instrument.0, candle.open_time);
            self.decide(&StrategyEvent::CandleClosed { instrument, timeframe, candle });
        }
        if !self.effects.intents.is_empty() {
            let command = self.command();
            self.desk.handle(Input::Submit(command));
        }
        self.encode();
        black_box(&self.records);
        black_box(&self.order).len()
    }

    fn decide(&mut self, event: &StrategyEvent<'_>) {
        let terms = fixtures::worker_terms();
        let view = WorkerView {
            worker: fixtures::WORKER,
            strategy_version: terms.strategy_version,
            now: self.desk.now,
            instruments: &self.instruments,
            markets: &self.markets,
            book: &self.book,
            capital: terms.capital,
            limits: &terms.limits,
        };
        self.strategy.handle(event, &view, &mut self.effects);
    }

    /// The wishes of the strategy together with its state.
    fn command(&mut self) -> WorkerCommand {
        let saved = (&self.strategy, &self.book, &self.why_not, &self.heard);
        let saved = to_bytes(&saved, Vec::with_capacity(512));
        let numbers = self.intents + 1..;
        let intents: Vec<_> = numbers.zip(self.effects.intents.drain(..)).collect();
        self.intents += intents.len() as u32;
        self.effects.clear();
        self.desk.command((self.book.seen, saved), intents)
    }

    fn encode(&mut self) {
        let expires = self.desk.now + Span::seconds(5);
        self.records.clear();
        self.order.clear();
        encode(&self.desk.effects, expires, &mut self.records, &mut self.order);
    }

    /// Lets the order be filled and the worker hear of it; not measured.
    fn settle(&mut self) {
        let mut told: Vec<WorkerEvent> = Vec::new();
        self.desk.settle(|event| told.push(event));
        for event in told {
            self.book.apply(&event);
            self.decide(&StrategyEvent::Account(&event));
        }
        let command = self.command();
        self.desk.handle(Input::Submit(command));
        self.desk.settle(|_| {});
    }
}

/// The records as the journal keeps them, and the planned order as it will be sent.
fn encode(
    effects: &AccountEffects,
    expires: Timestamp,
    records: &mut Vec<u8>,
    order: &mut Vec<u8>,
) {
    for record in &effects.records {
        append(record, records);
        if let AccountEvent::OrderPlanned(planned) = &record.event {
            let request = planned.request.clone();
            append(&VenueCommand::SubmitOrder { request, expires }, order);
        }
    }
}

fn append(item: &impl serde::Serialize, bytes: &mut Vec<u8>) {
    *bytes = to_bytes(item, std::mem::take(bytes));
}

fn to_bytes(item: &impl serde::Serialize, buffer: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(item, buffer).expect("encoding into memory cannot fail")
}
