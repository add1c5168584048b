//! Whatever happens, the books agree with what was reported, to the last digit.

use std::collections::BTreeMap;

use banyan_core::ids::AccountId;
use banyan_core::instrument::{
    FeeRates, Instrument, InstrumentId, InstrumentKind, Instruments, TradingStatus,
};
use banyan_core::money::{Amount, Price, Quantity, Rate, Rounding};
use banyan_core::order::{PositionSide, Side};
use banyan_core::position::Position;
use banyan_core::symbol::Asset;
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{
    FillReport, MarginMode, OrderReport, PositionMode, Snapshot, VenueCommand, VenueReport,
};
use banyan_matching::exchange::{
    AccountSettings, Exchange, ExchangeSettings, Output, SelfTradePrevention,
};
use banyan_matching::market::{MarketChange, MarketStep};
use proptest::prelude::*;

use crate::actions::{ACCOUNTS, Action, action};
use crate::desk::{ANNA, BEN, INVERSE, LINEAR, SPOT, btc, instrument, units, usdt};

const LEVERAGE: u32 = 10;

/// Awkward numbers, so that everything has to be rounded.
fn listed() -> [Instrument; 3] {
    let fees = FeeRates { maker: Rate(-1_234_567), taker: Rate(5_432_101) };
    let fine = |id, symbol, kind| {
        let mut it = instrument(id, symbol, kind);
        (it.price_decimals, it.quantity_decimals, it.fees) = (2, 3, fees);
        it.contract_size = Quantity(1_000);
        it
    };
    let mut inverse = instrument(INVERSE, "BTC/USD:BTC", InstrumentKind::Inverse);
    (inverse.price_decimals, inverse.fees) = (2, fees);
    let linear = fine(LINEAR, "BTC/USDT:USDT", InstrumentKind::Linear);
    [linear, fine(SPOT, "BTC/USDT", InstrumentKind::Spot), inverse]
}

fn settings(account: AccountId) -> AccountSettings {
    let balances = vec![(usdt(), units(3_000)), (btc(), units(30))];
    let plain = AccountSettings { balances, default_leverage: LEVERAGE, ..Default::default() };
    match account {
        ANNA => plain,
        BEN => AccountSettings {
            position_mode: PositionMode::Hedge,
            margin_mode: MarginMode::Isolated,
            self_trade_prevention: SelfTradePrevention::ExpireMaker,
            ..plain
        },
        _ => AccountSettings {
            margin_mode: MarginMode::Isolated,
            self_trade_prevention: SelfTradePrevention::None,
            ..plain
        },
    }
}

struct World {
    exchange: Exchange,
    now: Timestamp,
}

impl World {
    fn new() -> Self {
        let keep = ExchangeSettings { keep_history: true };
        let mut exchange = Exchange::new(Instruments::new(listed()), keep);
        for account in ACCOUNTS {
            exchange.open_account(account, settings(account));
        }
        Self { exchange, now: Timestamp(0) }
    }

    fn act(&mut self, action: &Action) -> Vec<Output> {
        let mut out = Vec::new();
        self.now = self.now + Span(1);
        let step = |instrument, change| MarketStep { time: self.now, instrument, change };
        match action {
            Action::Command(account, command) => {
                self.exchange.execute(*account, command, self.now, &mut out);
            }
            Action::Step(id, change) => self.exchange.step(&step(*id, change.clone()), &mut out),
            Action::Status(id, status) => {
                let mut changed = (**self.exchange.instruments().get(*id).unwrap()).clone();
                changed.filters.status = *status;
                let change = MarketChange::Instrument(changed.into());
                self.exchange.step(&step(*id, change), &mut out);
            }
            Action::Pass => self.now = self.now + Span(20),
        }
        self.exchange.expire(self.now, &mut out);
        out
    }

    fn instrument(&self, id: InstrumentId) -> &Instrument {
        self.exchange.instruments().get(id).unwrap()
    }

    fn marks(&self) -> [Option<Price>; 3] {
        [LINEAR, SPOT, INVERSE].map(|id| self.exchange.views().get(id).valuation())
    }

    fn snapshot(&self, account: AccountId) -> Snapshot {
        self.exchange.snapshot(account, Timestamp(0), self.now).unwrap()
    }
}

type Positions = BTreeMap<(InstrumentId, PositionSide), Position>;

/// Wallet and positions as they follow from what was reported alone.
fn replay(world: &World, account: AccountId) -> (BTreeMap<Asset, Amount>, Positions) {
    let mut wallet: BTreeMap<_, _> = settings(account).balances.into_iter().collect();
    let mut positions = Positions::new();
    for fill in world.exchange.fills(account) {
        let instrument = world.instrument(fill.instrument);
        let value = instrument.notional(fill.price, fill.quantity);
        *wallet.get_mut(&fill.fee_asset).unwrap() += -fill.fee;
        if instrument.is_contract() {
            let position = positions.entry((fill.instrument, fill.position_side)).or_default();
            let applied = position.fill(instrument.kind, fill.side, fill.quantity, value);
            *wallet.get_mut(instrument.settle()).unwrap() += applied.realized;
        } else {
            let sign = i128::from(fill.side.sign());
            let base = Amount(sign * i128::from(fill.quantity.0) * 100_000);
            *wallet.get_mut(&btc()).unwrap() += base;
            *wallet.get_mut(&usdt()).unwrap() += Amount(-sign * value.0);
        }
    }
    for funding in world.exchange.fundings(account) {
        let settle = world.instrument(funding.instrument).settle().clone();
        *wallet.get_mut(&settle).unwrap() += funding.amount;
    }
    positions.retain(|_, position| !position.is_flat());
    wallet.retain(|_, amount| !amount.is_zero());
    (wallet, positions)
}

fn check_books(world: &World, account: AccountId) {
    let snapshot = world.snapshot(account);
    let (wallet, positions) = replay(world, account);
    assert_eq!(snapshot.balances.iter().cloned().collect::<BTreeMap<_, _>>(), wallet);
    let held = snapshot.positions.iter().map(|it| {
        let position = Position { quantity: it.quantity, cost: it.cost };
        ((it.instrument, it.position_side), position)
    });
    assert_eq!(held.collect::<Positions>(), positions);
    let settles = |asset: &Asset| {
        snapshot.positions.iter().any(|it| world.instrument(it.instrument).settle() == asset)
    };
    for (asset, amount) in &wallet {
        assert!(!amount.is_negative() || settles(asset), "{account:?} owes {amount} {asset}");
    }
    for position in &snapshot.positions {
        match position.position_side {
            PositionSide::Net => {}
            PositionSide::Long => assert!(position.quantity.is_positive()),
            PositionSide::Short => assert!(position.quantity.is_negative()),
        }
    }
    for order in &snapshot.open_orders {
        let whole = order.request.close_position;
        assert!(!order.filled.is_negative() && (whole || order.filled < order.request.quantity));
    }
}

/// Numbers rise without a gap, and no order is filled beyond its quantity.
fn check_numbers(world: &World, account: AccountId) {
    let fills = world.exchange.fills(account);
    let fundings = world.exchange.fundings(account);
    let mut numbers: Vec<_> = fills.iter().map(|fill| fill.trade_id.0).collect();
    numbers.extend(fundings.iter().map(|funding| funding.id.0));
    numbers.sort_unstable();
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64));
    assert_eq!(world.snapshot(account).last_trade.0, numbers.len() as u64);
}

/// No cross account that can be traded is left below its maintenance margin.
fn check_health(world: &World, account: AccountId, asset: &Asset) {
    let snapshot = world.snapshot(account);
    let settled: Vec<_> = snapshot
        .positions
        .iter()
        .map(|it| (world.instrument(it.instrument), it))
        .filter(|(instrument, _)| instrument.settle() == asset)
        .collect();
    let trading = |it: &Instrument| it.filters.status == TradingStatus::Trading;
    if settled.is_empty() || !settled.iter().all(|(instrument, _)| trading(instrument)) {
        return;
    }
    let balance = snapshot.balances.iter().find(|it| it.0 == *asset);
    let mut equity = balance.map(|it| it.1).unwrap_or_default();
    let mut maintenance = Amount::ZERO;
    for (instrument, report) in settled {
        let position = Position { quantity: report.quantity, cost: report.cost };
        let mark = world.exchange.views().get(instrument.id).valuation().unwrap();
        equity += position.unrealized(instrument, mark);
        maintenance += instrument.maintenance_margin(position.notional(instrument, mark));
    }
    assert!(equity > maintenance, "{equity} against {maintenance}");
}

/// What the positions and open orders of Anna demand of an asset, and what she has, summed up
/// naively from her snapshot.
fn demand_and_means(world: &World, asset: &Asset) -> (Amount, Amount) {
    let snapshot = world.snapshot(ANNA);
    let balance = snapshot.balances.iter().find(|it| it.0 == *asset);
    let mut means = balance.map(|it| it.1).unwrap_or_default();
    let (mut demand, mut unrealized) = (Amount::ZERO, Amount::ZERO);
    for instrument in world.exchange.instruments().iter() {
        let open = snapshot.open_orders.iter().filter(|it| {
            it.request.instrument == instrument.id && !it.request.kind.is_conditional()
        });
        let value = |wanted: Side| -> Amount {
            let orders = open.clone().filter(|it| it.request.side == wanted);
            let orders = orders.filter(|it| !it.request.reduce_only);
            let left = |it: &OrderReport| it.request.quantity - it.filled;
            let price = |it: &OrderReport| it.request.kind.limit_price().unwrap();
            orders.map(|it| instrument.notional(price(it), left(it))).sum()
        };
        if !instrument.is_contract() {
            if *asset == usdt() {
                demand += value(Side::Buy);
            }
            continue;
        }
        if instrument.settle() != asset {
            continue;
        }
        let held = snapshot.positions.iter().find(|it| it.instrument == instrument.id);
        let position = held
            .map_or(Position::default(), |it| Position { quantity: it.quantity, cost: it.cost });
        let mark = world.exchange.views().get(instrument.id).valuation();
        let signed = mark.map_or(position.cost, |mark| {
            let sign = i128::from(position.quantity.0.signum());
            Amount(sign * position.notional(instrument, mark).0)
        });
        unrealized += mark.map_or(Amount::ZERO, |mark| position.unrealized(instrument, mark));
        let gross = (signed + value(Side::Buy)).abs().max((signed - value(Side::Sell)).abs());
        demand += gross.share(1, i128::from(LEVERAGE), Rounding::Up);
    }
    means += unrealized.min(Amount::ZERO);
    (demand, means)
}

/// Says whether this is all that was said to an account: its order was taken and nothing more.
fn only_accepted(out: &[Output]) -> bool {
    let mut reports = out.iter().filter_map(|output| match output {
        Output::Account { message, .. } => Some(&message.report),
        Output::Market(_) => None,
    });
    let first = matches!(reports.next(), Some(VenueReport::OrderAccepted { .. }));
    first && reports.next().is_none()
}

fn filled_beyond(fills: &[FillReport], requests: &BTreeMap<u64, Quantity>) -> bool {
    // Ids are used again, so that fills are summed by the order they belong to in time.
    let mut sums: BTreeMap<u64, Quantity> = BTreeMap::new();
    for fill in fills {
        let Some(id) = fill.client_id else { continue };
        *sums.entry(id.0 as u64).or_default() += fill.quantity;
    }
    sums.iter().any(|(id, sum)| requests.get(id).is_some_and(|whole| sum > whole))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn books_agree_with_reports(actions in prop::collection::vec(action(), 1..250)) {
        let mut world = World::new();
        let mut asked: BTreeMap<(AccountId, u64), Quantity> = BTreeMap::new();
        for action in &actions {
            let before = demand_and_means(&world, &usdt());
            let coins_before = demand_and_means(&world, &btc());
            let marks = world.marks();
            let out = world.act(action);
            if let Action::Command(account, VenueCommand::SubmitOrder { request, .. }) = action {
                let key = (*account, request.client_id.0 as u64);
                let all = Quantity(1 << 40);
                    let whole = if request.close_position { all } else { request.quantity };
                *asked.entry(key).or_default() += whole;
                // Where no mark is given, the order itself may have moved the middle.
                if *account == ANNA && only_accepted(&out) && marks == world.marks() {
                    for (asset, before) in [(usdt(), before), (btc(), coins_before)] {
                        let (demand, means) = demand_and_means(&world, &asset);
                        prop_assert!(demand <= before.0 || demand <= means, "{demand} {means}");
                    }
                }
            }
            for account in ACCOUNTS {
                check_books(&world, account);
            }
            check_health(&world, ANNA, &usdt());
            check_health(&world, ANNA, &btc());
        }
        for account in ACCOUNTS {
            check_numbers(&world, account);
            let mine = asked.iter().filter(|(key, _)| key.0 == account);
            let mine: BTreeMap<_, _> = mine.map(|(key, whole)| (key.1, *whole)).collect();
            prop_assert!(!filled_beyond(world.exchange.fills(account), &mine));
        }
    }
}
