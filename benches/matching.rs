//! What a step of the market costs the embedded exchange, delivery to the feed included.
//!
//! - `matching/depth_and_print`: a new depth of ten levels a side, then a recorded trade, on an
//!   exchange without accounts; one sample is both.
//! - `matching/depth_and_print_resting`: the same with an account that has forty orders in the
//!   book, out of the market's reach, and a position to be valued at every mark.
//! - `matching/synthetic_step`: making the next moment of the synthetic market (all its symbols)
//!   and playing it; one sample is all that happens at one moment.

mod support {
    pub(crate) mod fixtures;
    pub(crate) mod samples;
}

use banyan_core::ids::ClientOrderId;
use banyan_core::instrument::{InstrumentId, Instruments};
use banyan_core::market::Candle;
use banyan_core::money::{Amount, Price, Quantity};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::time::{Span, Timeframe, Timestamp};
use banyan_core::venue::VenueCommand;
use banyan_matching::exchange::AccountSettings;
use banyan_matching::market::{Level, Market, MarketChange, MarketStep};
use banyan_matching::synthetic::{SyntheticMarket, SyntheticSettings};
use banyan_matching::world::{World, WorldSettings};

use support::fixtures::{ACCOUNT, BTC, START, listing, usdt};
use support::samples::{Samples, repetitions};

const SAMPLES: usize = 200_000;
const LEVELS: i64 = 10;
const RESTING: i64 = 20;
/// Half a dollar, in cents.
const SPACING: i64 = 50;

fn main() {
    depth_and_print("matching/depth_and_print", World::new(Box::new(TwoByTwo::new()), calm()));
    depth_and_print("matching/depth_and_print_resting", crowded());
    synthetic();
}

fn calm() -> WorldSettings {
    WorldSettings::default()
}

fn depth_and_print(name: &str, mut world: World) {
    let count = repetitions(SAMPLES);
    let mut samples = Samples::with_capacity(count);
    let mut deliveries = Vec::new();
    for _ in 0..count {
        let at = world.next_event_at().expect("the market never ends");
        deliveries.clear();
        samples.time(|| world.advance(at, &mut deliveries));
        assert!(deliveries.len() >= 2, "both the book and the trade are public");
    }
    samples.report(name);
}

/// A world with an account that holds a position and has orders on both sides.
fn crowded() -> World {
    let mut world = World::new(Box::new(TwoByTwo::new()), calm());
    let balances = vec![(usdt(), Amount::from_units(1_000_000))];
    world.open_account(ACCOUNT, AccountSettings { balances, ..AccountSettings::default() });
    let mut deliveries = Vec::new();
    world.advance(START, &mut deliveries);
    send(&mut world, order(1, Side::Buy, OrderKind::Market));
    for number in 0..RESTING {
        let distance = 100_000 + number * 1_000;
        let (bid, ask) = (Price(5_000_000 - distance), Price(5_000_000 + distance));
        let id = 2 + 2 * number.unsigned_abs();
        send(&mut world, order(id.into(), Side::Buy, OrderKind::Limit { price: bid }));
        send(&mut world, order((id + 1).into(), Side::Sell, OrderKind::Limit { price: ask }));
    }
    world.advance(START + Span::milliseconds(1), &mut deliveries);
    let books = world.exchange().snapshot(ACCOUNT, Timestamp(0), START).expect("an open account");
    assert_eq!(books.open_orders.len() as i64, 2 * RESTING, "all orders rest");
    assert_eq!(books.positions.len(), 1, "the market order is filled");
    world
}

fn send(world: &mut World, request: OrderRequest) {
    let expires = START + Span::minutes(1);
    world.submit(ACCOUNT, VenueCommand::SubmitOrder { request, expires }, START);
}

fn order(id: u128, side: Side, kind: OrderKind) -> OrderRequest {
    OrderRequest {
        client_id: ClientOrderId(id),
        instrument: BTC,
        side,
        position_side: PositionSide::Net,
        quantity: Quantity(10),
        kind,
        time_in_force: TimeInForce::GoodTillCancelled,
        reduce_only: false,
        close_position: false,
    }
}

fn synthetic() {
    let count = repetitions(SAMPLES);
    let market = SyntheticMarket::new(&SyntheticSettings::new(1, START)).expect("its own symbols");
    let mut world = World::new(Box::new(market), calm());
    let mut samples = Samples::with_capacity(count);
    let (mut deliveries, mut events) = (Vec::new(), 0);
    for _ in 0..count {
        deliveries.clear();
        samples.time(|| {
            let at = world.next_event_at().expect("the market never ends");
            world.advance(at, &mut deliveries);
        });
        events += deliveries.len();
    }
    samples.report("matching/synthetic_step");
    println!("matching/synthetic_step: {:.1} public events a step", events as f64 / count as f64);
}

/// A market of two depths by turns, each with a trade between its best prices.
struct TwoByTwo {
    changes: [MarketChange; 4],
    steps: usize,
}

impl TwoByTwo {
    fn new() -> Self {
        let (low, high) = (4_999_900, 5_000_100);
        let changes = [depth(low), print(low, Side::Sell), depth(high), print(high, Side::Buy)];
        Self { changes, steps: 0 }
    }
}

fn depth(middle: i64) -> MarketChange {
    let side = |sign: i64| {
        let level =
            |n: i64| Level { price: Price(middle + sign * n * SPACING), quantity: Quantity(500) };
        (1..=LEVELS).map(level).collect()
    };
    MarketChange::Depth { bids: side(-1), asks: side(1) }
}

fn print(price: i64, aggressor: Side) -> MarketChange {
    MarketChange::Print { price: Price(price), quantity: Some(Quantity(20)), aggressor }
}

impl Market for TwoByTwo {
    fn instruments(&self) -> Instruments {
        listing()
    }

    fn next_at(&self) -> Option<Timestamp> {
        Some(START + Span::seconds((self.steps / 2) as i64))
    }

    fn next_step(&mut self) -> Option<MarketStep> {
        let (time, change) = (self.next_at()?, self.changes[self.steps % 4].clone());
        self.steps += 1;
        Some(MarketStep { time, instrument: BTC, change })
    }

    fn history(&self, _: InstrumentId, _: Timeframe, _: usize) -> Vec<Candle> {
        Vec::new()
    }
}
