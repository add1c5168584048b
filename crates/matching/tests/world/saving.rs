//! A world that was saved and restored, or made again from its inputs, is the one it was.

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::InstrumentId;
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::symbol::Asset;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{MarginMode, PositionMode, VenueCommand};
use banyan_matching::exchange::{AccountSettings, ExchangeSettings};
use banyan_matching::faults::{Fault, FaultSettings, Target};
use banyan_matching::synthetic::{SyntheticMarket, SyntheticSettings};
use banyan_matching::world::{
    Delivery, Input, LAYOUT, Latency, RestoreError, World, WorldSettings,
};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::support::{ACCOUNT, OTHER, START, Script};

/// Base of the fingerprint, and its multiplier (FNV-1a, 64 bits).
const FINGERPRINT: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);

const LATENCY: Latency = Latency {
    order: Span::milliseconds(20),
    user_stream: Span::milliseconds(20),
    feed: Span::milliseconds(10),
    jitter: Span::milliseconds(40),
};

fn market(seed: u64) -> SyntheticMarket {
    let mut settings = SyntheticSettings::new(seed, START);
    settings.symbols = ["BTC/USDT:USDT", "DOGE/USDT:USDT", "BTC/USDT"]
        .map(|name| name.parse().expect("a symbol"))
        .to_vec();
    SyntheticMarket::new(&settings).expect("these can be listed")
}

fn world(seed: u64) -> World {
    let settings = WorldSettings {
        exchange: ExchangeSettings::default(),
        latency: LATENCY,
        faults: very_bad_day(),
        seed,
    };
    World::new(Box::new(market(seed)), settings)
}

/// A bad day in which what comes of itself comes every few minutes.
fn very_bad_day() -> FaultSettings {
    let mut faults = FaultSettings::bad_day();
    for (fault, rate) in &mut faults.rates {
        *rate = if fault.is_momentary() { 2 * *rate } else { 400 };
    }
    faults
}

fn account(position_mode: PositionMode, margin_mode: MarginMode) -> Box<AccountSettings> {
    let usdt = Asset::new("USDT").expect("a code of letters");
    Box::new(AccountSettings {
        position_mode,
        margin_mode,
        balances: vec![(usdt, Amount::from_units(50_000))],
        default_leverage: 20,
        ..AccountSettings::default()
    })
}

/// Somebody who does this and that, by what it sees of the world.
struct Player {
    random: Pcg64Mcg,
    numbers: u128,
}

impl Player {
    fn input(&mut self, world: &World) -> Input {
        let account = [ACCOUNT, OTHER][self.random.random_range(0..2)];
        match self.random.random_range(0..24) {
            0..=12 => Input::Submit { account, command: self.order(account, world) },
            13 | 14 => Input::Submit { account, command: self.cancel() },
            15 => Input::Submit { account, command: VenueCommand::FetchSnapshot { since: START } },
            16 => Input::Submit { account, command: self.leverage() },
            17 => Input::Disconnect(account),
            18 | 19 => Input::Connect(account),
            20 => Input::SetFaults(very_bad_day()),
            21 => Input::SetLatency(LATENCY),
            22 => Input::Seen,
            _ => {
                let fault = Fault::ALL[self.random.random_range(0..Fault::ALL.len())];
                let targets = [
                    Target::Account(account),
                    Target::Instrument(self.instrument()),
                    Target::Venue,
                ];
                Input::Inject { fault, target: targets[self.random.random_range(0..3)] }
            }
        }
    }

    fn instrument(&mut self) -> InstrumentId {
        InstrumentId(self.random.random_range(0..3))
    }

    fn leverage(&mut self) -> VenueCommand {
        VenueCommand::SetLeverage {
            instrument: self.instrument(),
            leverage: self.random.random_range(1..30),
            margin_mode: [MarginMode::Cross, MarginMode::Isolated][self.random.random_range(0..2)],
        }
    }

    fn cancel(&mut self) -> VenueCommand {
        let client_id = ClientOrderId(self.random.random_range(0..=self.numbers));
        VenueCommand::CancelOrder { instrument: self.instrument(), client_id }
    }

    fn order(&mut self, account: AccountId, world: &World) -> VenueCommand {
        self.numbers += 1;
        let instrument = self.instrument();
        let listed = world.exchange().instruments().get(instrument).expect("it is listed");
        let price = world.exchange().views().get(instrument).valuation().unwrap_or(Price(100));
        let side = [Side::Buy, Side::Sell][self.random.random_range(0..2)];
        let away = self.random.random_range(-30..60) * side.sign();
        let near = Price(price.0 - price.0 / 10_000 * away);
        let tick = listed.filters.tick.0;
        let near = Price(near.0 / tick * tick);
        let worth = Amount::from_units(self.random.random_range(20..30_000));
        let quantity = listed.quantity_for(worth, price).floor_to(listed.filters.step);
        let hedges = account == OTHER && listed.is_contract();
        let position_side = match (hedges, side) {
            (false, _) => PositionSide::Net,
            (true, Side::Buy) => PositionSide::Long,
            (true, Side::Sell) => PositionSide::Short,
        };
        let kind = self.kind(near);
        let time_in_force = match kind {
            OrderKind::Market => TimeInForce::ImmediateOrCancel,
            _ => TimeInForce::GoodTillCancelled,
        };
        let request = OrderRequest {
            client_id: ClientOrderId(self.numbers),
            instrument,
            side,
            position_side,
            quantity: Quantity(quantity.0.max(1)),
            kind,
            time_in_force,
            reduce_only: !hedges && listed.is_contract() && self.random.random_bool(0.1),
            close_position: false,
        };
        VenueCommand::SubmitOrder { request, expires: Timestamp(i64::MAX) }
    }

    fn kind(&mut self, price: Price) -> OrderKind {
        match self.random.random_range(0..8) {
            0..=3 => OrderKind::Limit { price },
            4 | 5 => OrderKind::Market,
            6 => OrderKind::StopMarket { trigger: price },
            _ => OrderKind::TrailingStop {
                callback: Rate::from_basis_points(self.random.random_range(10..100)),
                activation: None,
            },
        }
    }
}

/// A world that never stopped: its inputs, and what was delivered after how many of them.
struct Straight {
    inputs: Vec<(Timestamp, Input)>,
    deliveries: Vec<(usize, Delivery)>,
    end: Timestamp,
    world: World,
}

fn play(seed: u64, gaps: &[i64]) -> Straight {
    let mut straight =
        Straight { inputs: Vec::new(), deliveries: Vec::new(), end: START, world: world(seed) };
    let one = account(PositionMode::OneWay, MarginMode::Cross);
    let two = account(PositionMode::Hedge, MarginMode::Isolated);
    straight.take(Input::OpenAccount { account: ACCOUNT, settings: one });
    straight.take(Input::OpenAccount { account: OTHER, settings: two });
    let mut player = Player { random: Pcg64Mcg::seed_from_u64(seed), numbers: 0 };
    for gap in gaps {
        straight.end = straight.end + Span(*gap);
        let input = player.input(&straight.world);
        straight.take(input);
    }
    straight.end = straight.end + Span::minutes(5);
    straight.take(Input::Seen);
    straight
}

impl Straight {
    fn take(&mut self, input: Input) {
        let mut deliveries = Vec::new();
        self.world.take(input.clone(), self.end, &mut deliveries);
        self.deliveries.extend(deliveries.into_iter().map(|it| (self.inputs.len(), it)));
        self.inputs.push((self.end, input));
    }
}

/// Lets a world take in the inputs from the `first` on; with `steps` it is looked at in between.
fn replay(
    world: &mut World,
    straight: &Straight,
    first: usize,
    steps: Option<Span>,
) -> Vec<(usize, Delivery)> {
    let mut told = Vec::new();
    for (index, (at, input)) in straight.inputs.iter().enumerate().skip(first) {
        let mut deliveries = Vec::new();
        while let Some(next) =
            steps.map(|step| world.clock().max(START) + step).filter(|next| next < at)
        {
            world.advance(next, &mut deliveries);
        }
        world.take(input.clone(), *at, &mut deliveries);
        told.extend(deliveries.into_iter().map(|it| (index, it)));
    }
    told
}

fn restored(bytes: &[u8]) -> World {
    World::restore::<SyntheticMarket>(bytes).expect("what was saved can be read")
}

/// Some follow one another at once, some after a while.
fn gap() -> impl Strategy<Value = i64> {
    prop_oneof![0..3_000_i64, 0..9_000_000_i64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_restored_world_goes_on_as_the_saved_one(
        seed in any::<u64>(),
        gaps in prop::collection::vec(gap(), 80..160),
        at in any::<prop::sample::Index>(),
        later in 0..200_000_i64,
    ) {
        let straight = play(seed, &gaps);
        let first = at.index(straight.inputs.len() - 2) + 1;
        let mut saved = world(seed);
        let until = Straight { inputs: straight.inputs[..first].to_vec(), ..play(seed, &[]) };
        replay(&mut saved, &until, 0, None);
        // Somewhere between two inputs, with this and that under way.
        let now = (saved.clock() + Span(later)).min(straight.inputs[first].0);
        let mut before = Vec::new();
        saved.advance(now, &mut before);
        let bytes = saved.save().expect("a synthetic market can be saved");
        let mut again = restored(&bytes);
        prop_assert_eq!(&again.save().expect("and again"), &bytes);
        let after = replay(&mut again, &straight, first, None);
        let whole = straight.deliveries.iter().filter(|(index, _)| *index >= first);
        let whole: Vec<_> = whole.skip(before.len()).cloned().collect();
        prop_assert_eq!(after, whole);
        prop_assert_eq!(again.save(), straight.world.save());
    }

    #[test]
    fn inputs_and_their_times_make_the_same_world_again(
        seed in any::<u64>(),
        gaps in prop::collection::vec(gap(), 80..160),
        step in 1_000..900_000_i64,
    ) {
        let straight = play(seed, &gaps);
        let mut again = world(seed);
        let told = replay(&mut again, &straight, 0, Some(Span(step)));
        prop_assert_eq!(told, straight.deliveries);
        prop_assert_eq!(again.save(), straight.world.save());
    }
}

#[test]
fn the_runs_that_are_compared_have_something_to_tell() {
    let gaps: Vec<i64> = (0..150).map(|n| n * 70_919 % 9_000_000).collect();
    let (mut told, mut fills, mut faults) = (0, [0, 0], 0);
    for straight in (1..5).map(|seed| play(seed, &gaps)) {
        let is_account = |it: &&(usize, Delivery)| matches!(it.1, Delivery::Account { .. });
        told += straight.deliveries.iter().filter(is_account).count();
        for (count, account) in fills.iter_mut().zip([ACCOUNT, OTHER]) {
            *count += straight.world.exchange().fills(account).len();
        }
        faults += straight.world.fault_counts().iter().count();
    }
    assert!(
        told > 200 && fills[0] > 20 && fills[1] > 20 && faults > 40,
        "{told} {fills:?} {faults}"
    );
}

#[test]
fn a_market_from_elsewhere_cannot_be_saved() {
    let settings = WorldSettings::default();
    assert_eq!(World::new(Box::new(Script::quoted(1)), settings).save(), None);
}

#[test]
fn what_is_no_world_is_refused() {
    let bytes = world(1).save().expect("a synthetic market can be saved");
    let restore = |bytes: &[u8]| World::restore::<SyntheticMarket>(bytes).err();
    let mut later = bytes.clone();
    later[0] = 99;
    assert_eq!(restore(&later), Some(RestoreError::Layout { found: 99 }));
    let cut = restore(&bytes[..bytes.len() / 2]);
    assert!(matches!(cut, Some(RestoreError::Damaged(_))), "{cut:?}");
}

/// Whoever changes what a world is made of must let the layout count up, and note here what the
/// bytes then look like; otherwise a restart would misread what an older version kept.
#[test]
fn the_layout_is_the_one_of_its_number() {
    let bytes = play(1, &[]).world.save().expect("a synthetic market can be saved");
    let (base, factor) = FINGERPRINT;
    let print = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(factor);
    assert_eq!((LAYOUT, bytes.iter().fold(base, print)), (1, 1_357_367_241_459_206_368));
}
