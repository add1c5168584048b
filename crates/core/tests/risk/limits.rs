//! Whatever is wished, and whatever the world looks like: what is approved keeps every limit.

use banyan_core::instrument::{Instrument, InstrumentKind, LeverageTier};
use banyan_core::intent::{Intent, OrderTag, Protection, Sizing};
use banyan_core::market::MarketView;
use banyan_core::money::{Amount, Price, Quantity, Rate, Rounding};
use banyan_core::order::{Side, TimeInForce};
use banyan_core::position::Position;
use banyan_core::risk::{Approved, RiskLimits, RiskView, review};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::scene::{HERE, NOW, instrument, percent, units, view};

/// The random part of a world: everything else is calm.
#[derive(Debug, Clone)]
struct World {
    kind: InstrumentKind,
    mark: i64,
    spread: i64,
    steps: (i64, i64, i64, i64),
    leverage: (u32, bool, u32),
    worker: (i64, i64),
    account: (i64, i64),
    held: i64,
    pending: i64,
    range: Option<i64>,
    own: (Option<i64>, Option<i64>),
    limits: RiskLimits,
}

fn limits() -> impl Strategy<Value = RiskLimits> {
    let rates = (1_i64..=100, 10_i64..=100, 0_i64..=300, 1_i64..=30, 1_i64..=50);
    (rates, 1_u32..=50, 1_i64..200_000, any::<bool>(), 1_i64..=10, 0_i64..=30).prop_map(
        |(
            (position, total, reward, stop, collar),
            leverage,
            notional,
            guarded,
            slip,
            liquidation,
        )| {
            RiskLimits {
                max_leverage: leverage,
                max_position_ratio: percent(position),
                max_total_exposure: percent(total),
                min_risk_reward_ratio: percent(reward),
                max_stop_distance: percent(stop),
                price_collar: percent(collar),
                max_order_notional: units(notional),
                require_protection: guarded,
                max_slippage: percent(slip),
                min_liquidation_distance: percent(liquidation),
                ..RiskLimits::default()
            }
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let kinds = prop_oneof![
        Just(InstrumentKind::Linear),
        Just(InstrumentKind::Inverse),
        Just(InstrumentKind::Spot)
    ];
    let steps = (1_i64..50, 1_i64..50, 0_i64..200, 1_000_i64..1_000_000);
    let own = (prop::option::of(-300_i64..300), prop::option::of(-300_i64..300));
    (
        (kinds, 10_000_i64..20_000_000, 0_i64..5_000, steps),
        (1_u32..=50, any::<bool>(), 1_u32..=50),
        (0_i64..200_000, 0_i64..50_000),
        (0_i64..2_000_000, 0_i64..500_000),
        (0_i64..5_000, 0_i64..500, prop::option::of(1_i64..200_000), own),
        limits(),
    )
        .prop_map(|(place, leverage, worker, account, (held, pending, range, own), limits)| {
            World {
                kind: place.0,
                mark: place.1,
                spread: place.2,
                steps: place.3,
                leverage,
                worker,
                account,
                held,
                pending,
                range,
                own,
                limits,
            }
        })
}

fn wish() -> impl Strategy<Value = Intent> {
    let protection = (prop::option::of(-200_i64..4_000), prop::option::of(-200_i64..8_000));
    let size = prop_oneof![
        (1_i64..10_000_000).prop_map(|it| Sizing::Quantity(Quantity(it))),
        (1_i64..1_000_000).prop_map(|it| Sizing::Notional(units(it))),
    ];
    let trail = prop::option::of(0_i64..60);
    (
        any::<bool>(),
        size,
        prop::option::of(1_u32..200),
        protection,
        trail,
        prop::option::of(-500_i64..3_000),
    )
        .prop_map(|(buys, sizing, leverage, protection, trail, limit)| {
            let side = if buys { Side::Buy } else { Side::Sell };
            // Until the world is known, prices are distances in basis points: of a stop and a limit
            // to the side that buys lower and sells higher, of a target to the other.
            match (limit, sizing) {
                (Some(points), Sizing::Quantity(quantity)) => Intent::Place {
                    tag: OrderTag(1),
                    instrument: HERE,
                    side,
                    quantity,
                    price: Price(points),
                    time_in_force: TimeInForce::GoodTillCancelled,
                    reduce_only: false,
                    leverage,
                },
                _ => Intent::Open {
                    instrument: HERE,
                    side,
                    sizing,
                    leverage,
                    protection: Protection {
                        stop_loss: protection.0.map(Price),
                        take_profit: protection.1.map(Price),
                        trailing: trail.map(percent),
                    },
                    confidence: None,
                },
            }
        })
}

impl World {
    fn instrument(&self) -> Instrument {
        let mut it = instrument(self.kind);
        let (tick, step, least, most) = self.steps;
        (it.filters.tick, it.filters.step) = (Price(tick), Quantity(step));
        (it.filters.min_quantity, it.filters.max_quantity) = (Quantity(least), Quantity(most));
        if self.kind == InstrumentKind::Inverse {
            (it.contract_size, it.filters.min_notional) = (Quantity(100_000), Amount(1_000));
        }
        let known: Vec<LeverageTier> = it.tiers.clone();
        it.tiers = known
            .into_iter()
            .map(|tier| LeverageTier { max_leverage: self.leverage.2, ..tier })
            .collect();
        it
    }

    fn price(&self, points: i64) -> Price {
        Price(self.mark + (i128::from(self.mark) * i128::from(points) / 10_000) as i64)
    }

    fn view<'a>(&self, listed: &'a Instrument) -> RiskView<'a> {
        let mut it = view(listed);
        let bid = listed.round_price(Price(self.mark), Rounding::Floor);
        let ask = listed.round_price(Price(self.mark + self.spread), Rounding::Ceiling);
        it.market = MarketView {
            bid: Some(bid),
            ask: Some(ask),
            last: None,
            mark: Some(Price(self.mark)),
            time: Some(NOW),
        };
        it.average_true_range = self.range.map(Price);
        (it.leverage, it.leverage_is_free) = (self.leverage.0, self.leverage.1);
        (it.worker_equity, it.worker_margin) = (units(self.worker.0), units(self.worker.1));
        (it.account_equity, it.account_margin) = (units(self.account.0), units(self.account.1));
        it.worker_position = Position {
            quantity: Quantity(self.held),
            cost: listed.notional(Price(self.mark), Quantity(self.held)),
        };
        it.account_position = it.worker_position;
        it.account_maintenance = listed.maintenance_margin(it.worker_position.cost);
        it.worker_pending = Quantity(self.pending);
        it.own_best_bid = self.own.0.map(|points| self.price(points));
        it.own_best_ask = self.own.1.map(|points| self.price(points));
        it
    }

    /// The wish with prices near this world's market.
    fn fit(&self, listed: &Instrument, wish: &Intent) -> Intent {
        let sign = wish.side().map_or(1, Side::sign);
        let at = |points| listed.round_price(self.price(points), Rounding::Nearest);
        let mut wish = wish.clone();
        match &mut wish {
            Intent::Place { price, .. } => *price = at(-sign * price.0),
            Intent::Open { protection, .. } => {
                protection.stop_loss = protection.stop_loss.map(|it| at(-sign * it.0));
                protection.take_profit = protection.take_profit.map(|it| at(sign * it.0));
            }
            _ => {}
        }
        wish
    }
}

fn limit_of(approved: &Approved) -> Price {
    approved.kind().limit_price().expect("an entry has a limit")
}

fn market_of(view: &RiskView<'_>, side: Side) -> Price {
    view.market.taking(side).expect("this world has a market")
}

/// The prices between which an order may trade: its limit, and the market where it takes.
fn range_of(approved: &Approved, view: &RiskView<'_>) -> [Price; 2] {
    let limit = limit_of(approved);
    let market = market_of(view, approved.side());
    let takes = (limit.0 - market.0) * approved.side().sign() >= 0;
    [limit, if takes { market } else { limit }]
}

fn dearest(view: &RiskView<'_>, prices: [Price; 2], quantity: Quantity) -> Amount {
    let values = prices.map(|it| view.instrument.notional(it, quantity));
    values[0].max(values[1])
}

fn check_size(
    approved: &Approved,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<(), TestCaseError> {
    let prices = range_of(approved, view);
    let worth = dearest(view, prices, approved.quantity());
    let leverage = i128::from(approved.leverage().min(limits.max_leverage));
    let share = |equity: Amount, rate: Rate| equity.times(rate, Rounding::Up);
    // Rounding of a value to 10^-8 may be lost once per product.
    let margin = Amount(worth.0 / leverage - 2);
    prop_assert!(worth <= limits.max_order_notional);
    let position =
        approved.quantity() + (view.worker_position.quantity + view.worker_pending).abs();
    let bound = dearest(view, prices, position).0 / leverage - 2;
    let allowed = share(view.worker_equity, limits.max_position_ratio);
    prop_assert!(bound <= allowed.0, "{bound} of {allowed}");
    let exposed = view.worker_margin + margin;
    prop_assert!(exposed <= share(view.worker_equity, limits.max_total_exposure));
    let exposed = view.account_margin + margin;
    prop_assert!(exposed <= share(view.account_equity, limits.max_total_exposure));
    let fee = worth.times(view.instrument.fees.taker, Rounding::Down);
    prop_assert!(exposed + fee <= view.account_equity);
    Ok(())
}

fn check_filters(approved: &Approved, view: &RiskView<'_>) -> Result<(), TestCaseError> {
    let (filters, quantity) = (&view.instrument.filters, approved.quantity());
    prop_assert_eq!(quantity.0 % filters.step.0, 0);
    prop_assert!((filters.min_quantity..=filters.max_quantity).contains(&quantity));
    prop_assert!(dearest(view, range_of(approved, view), quantity) >= filters.min_notional);
    prop_assert!(quantity.is_positive());
    let price = limit_of(approved);
    prop_assert!(view.instrument.accepts_price(price));
    Ok(())
}

fn check_prices(
    approved: &Approved,
    wish: &Intent,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<(), TestCaseError> {
    let side = approved.side();
    let price = limit_of(approved);
    let market = market_of(view, side);
    let rests = matches!(wish, Intent::Place { .. });
    let distance = if rests { limits.price_collar } else { limits.max_slippage };
    let most = market.times(distance.min(view.instrument.filters.price_band), Rounding::Up);
    prop_assert!((price.0 - market.0) * side.sign() <= most.0);
    match side {
        Side::Buy => prop_assert!(view.own_best_ask.is_none_or(|ask| price < ask)),
        Side::Sell => prop_assert!(view.own_best_bid.is_none_or(|bid| price > bid)),
    }
    let at = if rests { price } else { market };
    check_protection(approved, at, limits)
}

fn check_protection(
    approved: &Approved,
    at: Price,
    limits: &RiskLimits,
) -> Result<(), TestCaseError> {
    let (side, protection) = (approved.side(), approved.protection());
    if let Some(stop) = protection.stop_loss {
        let distance = (at.0 - stop.0) * side.sign();
        prop_assert!(distance > 0);
        prop_assert!(distance <= at.times(limits.max_stop_distance, Rounding::Up).0);
    }
    if let Some(target) = protection.take_profit {
        prop_assert!((target.0 - at.0) * side.sign() > 0);
    }
    if let (Some(stop), Some(target)) = (protection.stop_loss, protection.take_profit) {
        let needed = (at - stop).abs().times(limits.min_risk_reward_ratio, Rounding::Down);
        prop_assert!((target - at).abs() >= needed);
    }
    prop_assert!(
        protection.trailing.is_none_or(|it| it.is_positive() && it <= limits.max_stop_distance)
    );
    if limits.require_protection {
        prop_assert!(protection.has_stop() && protection.take_profit.is_some());
    }
    Ok(())
}

fn check_leverage(
    approved: &Approved,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<(), TestCaseError> {
    if view.leverage_is_free || !view.instrument.is_contract() {
        prop_assert!(approved.leverage() <= limits.max_leverage);
        prop_assert!(approved.leverage() <= view.instrument.max_leverage(Amount::ZERO));
    } else {
        prop_assert_eq!(approved.leverage(), view.leverage);
    }
    Ok(())
}

/// A cross account is liquidated when equity falls to the maintenance margin.
fn check_liquidation(
    approved: &Approved,
    view: &RiskView<'_>,
    limits: &RiskLimits,
) -> Result<(), TestCaseError> {
    if !view.instrument.is_contract() {
        return Ok(());
    }
    let at = match approved.time_in_force() {
        TimeInForce::ImmediateOrCancel => market_of(view, approved.side()),
        _ => limit_of(approved),
    };
    let signed = Quantity(approved.side().sign() * approved.quantity().0);
    let worth = |quantity: Quantity| view.instrument.notional(at, quantity.abs());
    let before = worth(view.account_position.quantity);
    let after = worth(view.account_position.quantity + signed);
    let more =
        view.instrument.maintenance_margin(after) - view.instrument.maintenance_margin(before);
    let left = view.account_equity - after.times(limits.min_liquidation_distance, Rounding::Down);
    prop_assert!(left + Amount(1_000) >= view.account_maintenance + more);
    Ok(())
}

fn wished_quantity(wish: &Intent) -> Option<Quantity> {
    match wish {
        Intent::Place { quantity, .. }
        | Intent::Open { sizing: Sizing::Quantity(quantity), .. } => Some(*quantity),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn an_approved_entry_keeps_every_limit(world in world(), wish in wish()) {
        let listed = world.instrument();
        let view = world.view(&listed);
        let wish = world.fit(&listed, &wish);
        if let Ok(approved) = review(&wish, &view, &world.limits) && !approved.reduces() {
            check_size(&approved, &view, &world.limits)?;
            check_filters(&approved, &view)?;
            check_prices(&approved, &wish, &view, &world.limits)?;
            check_leverage(&approved, &view, &world.limits)?;
            check_liquidation(&approved, &view, &world.limits)?;
            prop_assert!(wished_quantity(&wish).is_none_or(|it| approved.quantity() <= it));
        }
    }

    #[test]
    fn an_approved_exit_never_turns_the_position(
        world in world(),
        quantity in prop::option::of(1_i64..20_000),
    ) {
        let listed = world.instrument();
        let mut view = world.view(&listed);
        view.worker_exiting = Quantity(world.pending.min(world.held));
        let close = crate::scene::close(quantity);
        if let Ok(approved) = review(&close, &view, &world.limits) {
            prop_assert!(approved.reduces());
            prop_assert!(approved.quantity() <= view.worker_position.quantity.abs());
            prop_assert_eq!(Some(approved.side().opposite()), view.worker_position.side());
        }
    }
}

#[test]
fn a_fair_part_of_the_random_wishes_is_approved() {
    let mut runner = TestRunner::deterministic();
    let entries = (0..1_000).filter(|_| {
        let (world, wish) = (world(), wish()).new_tree(&mut runner).unwrap().current();
        let listed = world.instrument();
        let wish = world.fit(&listed, &wish);
        review(&wish, &world.view(&listed), &world.limits).is_ok_and(|it| !it.reduces())
    });
    let count = entries.count();
    assert!(count > 100, "only {count} of 1,000");
}

#[test]
fn the_defaults_are_within_their_own_bounds() {
    assert_eq!(RiskLimits::default().validate(), Ok(()));
    assert_eq!(RiskLimits::for_parameters().validate(), Ok(()));
    let broken = RiskLimits {
        max_leverage: 51,
        max_positions: 0,
        max_order_notional: Amount::ZERO,
        ..RiskLimits::default()
    };
    let fields: Vec<_> = broken.validate().unwrap_err().iter().map(|it| it.field).collect();
    assert_eq!(fields, ["max_leverage", "max_order_notional", "max_positions"]);
}
