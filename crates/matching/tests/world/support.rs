//! A scripted market and a stage on which one or two accounts act.

use std::collections::VecDeque;

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::{
    FeeRates, Filters, Instrument, InstrumentId, InstrumentKind, Instruments, LeverageTier,
    TradingStatus,
};
use banyan_core::market::{Candle, MarketEvent};
use banyan_core::money::{Amount, Price, Quantity, Rate};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::symbol::{Asset, Symbol};
use banyan_core::time::{Span, Timeframe, Timestamp};
use banyan_core::venue::{FillReport, VenueCommand, VenueMessage, VenueReport};
use banyan_matching::exchange::{AccountSettings, ExchangeSettings};
use banyan_matching::faults::{Fault, FaultSettings, Target};
use banyan_matching::market::{Level, Market, MarketChange, MarketStep};
use banyan_matching::world::{Delivery, Latency, World, WorldSettings};

pub(crate) const START: Timestamp = Timestamp(1_700_000_000_000_000);
pub(crate) const ACCOUNT: AccountId = AccountId::from_u128(1);
pub(crate) const OTHER: AccountId = AccountId::from_u128(2);
pub(crate) const BTC: InstrumentId = InstrumentId(0);
pub(crate) const ETH: InstrumentId = InstrumentId(1);
/// Listed, but nobody quotes it.
pub(crate) const XRP: InstrumentId = InstrumentId(2);
/// The best price at which outsiders buy, and the one at which they sell.
pub(crate) const BID: Price = Price(1000);
pub(crate) const ASK: Price = Price(1010);
/// How much outsiders show at each of them.
pub(crate) const SHOWN: Quantity = Quantity(10_000);

pub(crate) fn seconds(n: i64) -> Timestamp {
    START + Span::seconds(n)
}

pub(crate) fn milliseconds(n: i64) -> Timestamp {
    START + Span::milliseconds(n)
}

fn instrument(id: InstrumentId, base: &str) -> Instrument {
    let asset = |code| Asset::new(code).expect("a code of letters");
    Instrument {
        id,
        symbol: Symbol::perpetual(asset(base), asset("USDT"), asset("USDT")),
        kind: InstrumentKind::Linear,
        price_decimals: 1,
        quantity_decimals: 3,
        contract_size: Quantity(1000),
        funding_interval: Some(Span::minutes(480)),
        filters: Filters {
            version: 1,
            status: TradingStatus::Trading,
            tick: Price(1),
            step: Quantity(1),
            min_quantity: Quantity(1),
            max_quantity: Quantity(100_000_000),
            min_notional: Amount::from_units(5),
            significant_figures: None,
            price_band: Rate::from_basis_points(5000),
        },
        tiers: vec![LeverageTier {
            notional_floor: Amount::ZERO,
            max_leverage: 50,
            maintenance_rate: Rate::from_basis_points(50),
            maintenance_deduction: Amount::ZERO,
        }],
        fees: FeeRates { maker: Rate::from_basis_points(2), taker: Rate::from_basis_points(5) },
    }
}

/// A market that does what it was told to.
#[derive(Default)]
pub(crate) struct Script {
    steps: VecDeque<MarketStep>,
}

impl Script {
    /// Two instruments, quoted each second up to and including second `last`.
    pub(crate) fn quoted(last: i64) -> Self {
        let mut script = Self::default();
        for second in 0..=last {
            for instrument in [BTC, ETH] {
                script.push(seconds(second), instrument, depth());
                script.push(seconds(second), instrument, MarketChange::Mark(Price(1005)));
            }
        }
        script
    }

    pub(crate) fn push(&mut self, time: Timestamp, instrument: InstrumentId, change: MarketChange) {
        self.steps.push_back(MarketStep { time, instrument, change });
    }

    /// Adds a step and keeps the order of time.
    pub(crate) fn with(
        mut self,
        time: Timestamp,
        instrument: InstrumentId,
        change: MarketChange,
    ) -> Self {
        self.push(time, instrument, change);
        self.steps.make_contiguous().sort_by_key(|step| step.time);
        self
    }
}

pub(crate) fn depth() -> MarketChange {
    let level = |price| vec![Level { price, quantity: SHOWN }];
    MarketChange::Depth { bids: level(BID), asks: level(ASK) }
}

pub(crate) fn taker(side: Side, quantity: Quantity, limit: Price) -> MarketChange {
    MarketChange::Taker { side, quantity, limit }
}

impl Market for Script {
    fn instruments(&self) -> Instruments {
        Instruments::new(
            [(BTC, "BTC"), (ETH, "ETH"), (XRP, "XRP")].map(|(id, it)| instrument(id, it)),
        )
    }

    fn next_at(&self) -> Option<Timestamp> {
        self.steps.front().map(|step| step.time)
    }

    fn next_step(&mut self) -> Option<MarketStep> {
        self.steps.pop_front()
    }

    fn history(&self, _: InstrumentId, _: Timeframe, _: usize) -> Vec<Candle> {
        Vec::new()
    }
}

/// A world, what was delivered in it, and when.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) seen: Vec<(Timestamp, Delivery)>,
    numbers: u32,
}

impl Stage {
    pub(crate) fn new(script: Script) -> Self {
        Self::with(script, Latency::default(), FaultSettings::none(), 1)
    }

    pub(crate) fn with(script: Script, latency: Latency, faults: FaultSettings, seed: u64) -> Self {
        let exchange = ExchangeSettings { keep_history: true };
        let settings = WorldSettings { exchange, latency, faults, seed };
        let mut world = World::new(Box::new(script), settings);
        for account in [ACCOUNT, OTHER] {
            world.open_account(account, rich());
        }
        Self { world, seen: Vec::new(), numbers: 0 }
    }

    /// Lets time pass up to and including `until`, one event time after the other.
    pub(crate) fn run(&mut self, until: Timestamp) {
        let mut deliveries = Vec::new();
        while let Some(at) = self.world.next_event_at().filter(|at| *at <= until) {
            self.world.advance(at, &mut deliveries);
            self.seen.extend(deliveries.drain(..).map(|it| (at, it)));
        }
        self.world.advance(until, &mut deliveries);
        assert_eq!(deliveries, []);
    }

    /// Submits a limit order of one whole unit on the first instrument and returns its id.
    pub(crate) fn limit(&mut self, side: Side, price: Price, at: Timestamp) -> ClientOrderId {
        let request = self.request(side, OrderKind::Limit { price }, Quantity(1000));
        self.submit(request, at)
    }

    /// Submits a market order of one whole unit on the first instrument and returns its id.
    pub(crate) fn market(&mut self, side: Side, at: Timestamp) -> ClientOrderId {
        let mut request = self.request(side, OrderKind::Market, Quantity(1000));
        request.time_in_force = TimeInForce::ImmediateOrCancel;
        self.submit(request, at)
    }

    /// Rests a buy order below the bid and lets its acceptance pass.
    pub(crate) fn resting(&mut self, at: Timestamp) -> ClientOrderId {
        let client_id = self.limit(Side::Buy, Price(990), at);
        self.run(at + Span::milliseconds(200));
        assert!(self.world.exchange().order(ACCOUNT, client_id).is_some());
        client_id
    }

    pub(crate) fn request(
        &mut self,
        side: Side,
        kind: OrderKind,
        quantity: Quantity,
    ) -> OrderRequest {
        self.numbers += 1;
        OrderRequest {
            client_id: ClientOrderId(0xBA << 120 | u128::from(self.numbers)),
            instrument: BTC,
            side,
            position_side: PositionSide::Net,
            quantity,
            kind,
            time_in_force: TimeInForce::GoodTillCancelled,
            reduce_only: false,
            close_position: false,
        }
    }

    pub(crate) fn submit(&mut self, request: OrderRequest, at: Timestamp) -> ClientOrderId {
        let client_id = request.client_id;
        let command = VenueCommand::SubmitOrder { request, expires: at + Span::seconds(30) };
        self.world.submit(ACCOUNT, command, at);
        client_id
    }

    pub(crate) fn inject(&mut self, fault: Fault, at: Timestamp) {
        assert!(self.world.inject(fault, Target::Account(ACCOUNT), at));
    }

    /// What the account was told, and when.
    pub(crate) fn told(&self) -> Vec<(Timestamp, VenueReport)> {
        self.messages().map(|(at, message)| (at, message.report.clone())).collect()
    }

    pub(crate) fn messages(&self) -> impl Iterator<Item = (Timestamp, &VenueMessage)> {
        self.seen.iter().filter_map(|(at, delivery)| match delivery {
            Delivery::Account { account, message } if *account == ACCOUNT => Some((*at, message)),
            _ => None,
        })
    }

    /// When the account was told exactly this.
    pub(crate) fn times(&self, report: &VenueReport) -> Vec<Timestamp> {
        self.messages().filter(|(_, it)| it.report == *report).map(|(at, _)| at).collect()
    }

    pub(crate) fn fills(&self) -> Vec<(Timestamp, FillReport)> {
        let fill = |(at, message): (Timestamp, &VenueMessage)| match &message.report {
            VenueReport::OrderFilled(fill) => Some((at, fill.clone())),
            _ => None,
        };
        self.messages().filter_map(fill).collect()
    }

    pub(crate) fn events(&self) -> impl Iterator<Item = (Timestamp, &MarketEvent)> {
        self.seen.iter().filter_map(|(at, delivery)| match delivery {
            Delivery::Market(event) => Some((*at, event)),
            Delivery::Account { .. } => None,
        })
    }

    /// When the account was told that this order was accepted.
    pub(crate) fn accepted(&self, client_id: ClientOrderId) -> Vec<Timestamp> {
        let wanted = client_id;
        let is = |report: &VenueReport| {
            let VenueReport::OrderAccepted { client_id, .. } = report else { return false };
            *client_id == wanted
        };
        self.messages().filter(|(_, it)| is(&it.report)).map(|(at, _)| at).collect()
    }
}

pub(crate) fn rich() -> AccountSettings {
    AccountSettings {
        balances: vec![(
            Asset::new("USDT").expect("a code of letters"),
            Amount::from_units(1_000_000),
        )],
        default_leverage: 10,
        ..AccountSettings::default()
    }
}

pub(crate) fn cancel(client_id: ClientOrderId) -> VenueCommand {
    VenueCommand::CancelOrder { instrument: BTC, client_id }
}

pub(crate) fn query(client_id: ClientOrderId) -> VenueCommand {
    VenueCommand::QueryOrder { instrument: BTC, client_id }
}

pub(crate) const fn snapshot() -> VenueCommand {
    VenueCommand::FetchSnapshot { since: START }
}
