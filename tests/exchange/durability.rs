//! An exchange whose memory is slow, fails, or is cut off at any moment.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use banyan::clock::Clock;
use banyan::exchanges::{
    CandleHistory, EmbeddedExchange, ExchangeFileError, Group, InputLog, InputStore, LocalAnswer,
    SaveExchange, SetFaults,
};
use banyan::simulation::{Pace, run};
use banyan_core::market::MarketEvent;
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{OrderKind, Side};
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::VenueCommand;
use banyan_matching::exchange::ExchangeSettings;
use banyan_matching::faults::FaultSettings;
use banyan_matching::synthetic::{SyntheticMarket, SyntheticSettings};
use banyan_matching::world::{Delivery, Latency, World, WorldSettings};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::desk::{ACCOUNT, BTC, Desk, START};

/// A memory that takes its time, and can be made to fail.
#[derive(Clone)]
struct SlowMemory {
    kept: Rc<RefCell<Vec<Group>>>,
    failing: Rc<RefCell<bool>>,
    random: Rc<RefCell<Pcg64Mcg>>,
    slowest: u64,
}

impl InputStore for SlowMemory {
    fn commit(&self, group: Arc<Group>) -> LocalAnswer<Result<(), ExchangeFileError>> {
        let memory = self.clone();
        Box::pin(async move {
            let pause = memory.random.borrow_mut().random_range(0..=memory.slowest);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            if *memory.failing.borrow() {
                return Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into());
            }
            memory.kept.borrow_mut().push(Group::clone(&group));
            Ok(())
        })
    }
}

struct Stage {
    memory: SlowMemory,
    exchange: Addr<EmbeddedExchange>,
    first: Vec<u8>,
}

fn world(seed: u64) -> World {
    let mut settings = SyntheticSettings::new(seed, START);
    settings.symbols = vec!["BTC/USDT:USDT".parse().expect("a symbol")];
    let market = SyntheticMarket::new(&settings).expect("it can be listed");
    let settings = WorldSettings {
        exchange: ExchangeSettings::default(),
        latency: Latency {
            order: Span::milliseconds(20),
            user_stream: Span::milliseconds(20),
            feed: Span::milliseconds(10),
            jitter: Span::milliseconds(40),
        },
        faults: FaultSettings::none(),
        seed,
    };
    World::new(Box::new(market), settings)
}

fn stage(seed: u64, slowest: u64) -> Stage {
    let world = world(seed);
    let first = world.save().expect("a synthetic market can be saved");
    let random = Rc::new(RefCell::new(Pcg64Mcg::seed_from_u64(seed)));
    let memory = SlowMemory { kept: Rc::default(), failing: Rc::default(), random, slowest };
    let log = InputLog::new(Box::new(memory.clone()), 0, 0, START);
    let exchange = EmbeddedExchange::new(world, Clock::starting_at(START), None);
    let exchange = exchange.remembering(log, CandleHistory::default()).start();
    Stage { memory, exchange, first }
}

async fn pass(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

fn act(desk: &Desk, price: Price, random: &mut Pcg64Mcg) {
    let side = [Side::Buy, Side::Sell][random.random_range(0..2)];
    let near = Price((price.0 / 10 + random.random_range(-400..400)) * 10);
    match random.random_range(0..8) {
        0..=2 => drop(desk.submit(side, OrderKind::Market, Quantity(100))),
        3..=6 => drop(desk.submit(side, OrderKind::Limit { price: near }, Quantity(100))),
        _ => desk.call(VenueCommand::FetchSnapshot { since: START }),
    }
}

/// What a world that is made again from what was kept delivers.
struct Again {
    /// Until its last input.
    kept: Vec<Delivery>,
    /// After that, until now.
    since: Vec<Delivery>,
}

fn again(first: &[u8], groups: &[Group], now: Timestamp) -> Again {
    let mut world = World::restore::<SyntheticMarket>(first).expect("it was saved");
    let mut again = Again { kept: Vec::new(), since: Vec::new() };
    for group in groups {
        let Group::Inputs(inputs) = group else {
            panic!("nothing is saved within ten minutes");
        };
        for input in inputs {
            world.take(input.input.clone(), input.at, &mut again.kept);
        }
    }
    world.advance(now.max(world.clock()), &mut again.since);
    again
}

#[test]
fn what_was_told_is_never_contradicted_by_what_was_kept() {
    for seed in 0..24 {
        run(Pace::Unlimited, async {
            let stage = stage(seed, 400);
            let desk = Desk::open(stage.exchange.clone(), 1).await;
            stage.exchange.do_send(SetFaults(FaultSettings::bad_day()));
            let mut random = Pcg64Mcg::seed_from_u64(seed);
            pass(2_000).await;
            for _ in 0..random.random_range(5..60) {
                act(&desk, desk.price().await, &mut random);
                pass(random.random_range(0..2_000)).await;
            }
            // The process dies here.
            let now = desk.look(|_, now| now).await;
            let told = desk.heard.messages.take();
            let again = again(&stage.first, &stage.memory.kept.borrow(), now);
            let messages = again.kept.iter().filter_map(|delivery| match delivery {
                Delivery::Account { message, .. } => Some(message.clone()),
                Delivery::Market(_) => None,
            });
            let messages: Vec<_> = messages.take(told.len()).collect();
            assert!(told.len() > 3, "seed {seed}");
            assert_eq!(told, messages, "seed {seed}");
            let events = desk.heard.events.take();
            let whole = again.kept.into_iter().chain(again.since);
            let whole: Vec<_> = whole.filter_map(public).collect();
            assert!(events.len() > 10 && is_told_of(&events, &whole), "seed {seed}");
        });
    }
}

fn public(delivery: Delivery) -> Option<MarketEvent> {
    match delivery {
        Delivery::Market(event) => Some(event),
        Delivery::Account { .. } => None,
    }
}

/// Says whether events are some that stood when the feed was connected, and then those of the
/// whole from that moment on, without a gap.
fn is_told_of(events: &[MarketEvent], whole: &[MarketEvent]) -> bool {
    const STANDING: usize = 4;
    let begins = (0..STANDING).flat_map(|stood| (0..STANDING).map(move |missed| (stood, missed)));
    begins.into_iter().any(|(stood, missed)| {
        whole.get(missed..).is_some_and(|whole| whole.starts_with(&events[stood..]))
    })
}

#[test]
fn nothing_is_told_while_the_memory_fails_and_all_of_it_after() {
    run(Pace::Unlimited, async {
        let stage = stage(3, 0);
        let desk = Desk::open(stage.exchange.clone(), 1).await;
        pass(3_000).await;
        *stage.memory.failing.borrow_mut() = true;
        let order = desk.submit(Side::Buy, OrderKind::Market, Quantity(100));
        pass(1).await;
        let (messages, events) =
            (desk.heard.messages.borrow().len(), desk.heard.events.borrow().len());
        pass(30_000).await;
        // The order was filled long ago, but nobody knows.
        assert!(desk.look(|world, _| world.exchange().fills(ACCOUNT).len()).await > 0);
        assert_eq!(desk.heard.messages.borrow().len(), messages);
        assert_eq!(desk.heard.events.borrow().len(), events);
        *stage.memory.failing.borrow_mut() = false;
        pass(1_001).await;
        assert!(desk.heard.messages.borrow().len() > messages + 1);
        assert!(desk.heard.events.borrow().len() > events + 30);
        assert!(desk.look(move |world, _| world.exchange().order(ACCOUNT, order)).await.is_some());
        let (answer, asked) = (stage.exchange.send(SaveExchange), stage.memory.kept.clone());
        answer.await.expect("it is there").expect("it is saved");
        assert!(matches!(asked.borrow().last(), Some(Group::Checkpoint(_))));
    });
}

#[test]
fn the_market_is_told_at_once_while_nobody_does_anything() {
    run(Pace::Unlimited, async {
        let stage = stage(4, 0);
        let desk = Desk::open(stage.exchange.clone(), 1).await;
        pass(100).await;
        *stage.memory.failing.borrow_mut() = true;
        pass(60_000).await;
        let newest = desk.heard.events.borrow().last().map(|event| event.time);
        let now = desk.look(|_, now| now).await;
        assert!(newest.expect("something was told") > now - Span::seconds(2));
        assert!(desk.look(|world, _| world.exchange().views().get(BTC).mark.is_some()).await);
    });
}

#[test]
fn a_market_whose_exchange_cannot_write_for_long_stands_still() {
    run(Pace::Unlimited, async {
        let stage = stage(5, 0);
        let desk = Desk::open(stage.exchange.clone(), 1).await;
        pass(100).await;
        *stage.memory.failing.borrow_mut() = true;
        desk.call(VenueCommand::FetchSnapshot { since: START });
        pass(24 * 3_600_000).await;
        let stands = desk.look(|world, now| now - world.clock()).await;
        assert!(stands > Span::minutes(60), "{stands:?}");
        *stage.memory.failing.borrow_mut() = false;
        pass(5_000).await;
        let behind = desk.look(|world, now| now - world.clock()).await;
        assert!(behind < Span::seconds(2), "{behind:?}");
        assert!(desk.heard.events.borrow().is_sorted_by_key(|event| event.time));
    });
}

#[test]
fn the_whole_world_is_written_every_ten_minutes() {
    run(Pace::Unlimited, async {
        let stage = stage(6, 5);
        pass(3_600_000).await;
        let kept = stage.memory.kept.borrow();
        assert!((5..=6).contains(&kept.len()), "{}", kept.len());
        assert!(kept.iter().all(|group| matches!(group, Group::Checkpoint(_))));
    });
}
