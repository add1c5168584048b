//! Random fills, denials, cancels, liquidations and restarts: no strategy ever calls two orders by
//! one name, sells more than it has, or loses count of what it holds. The desk insists on the first
//! two at every order.

use banyan_core::intent::ExitReason;
use banyan_core::money::Quantity;
use banyan_core::order::{OrderState, Side};
use banyan_core::strategy::{AnyStrategy, GridStrategy, Strategy, StrategyEvent};
use proptest::prelude::{Just, ProptestConfig, any, prop, prop_assert, prop_oneof, proptest};
use proptest::strategy::Strategy as _;
use serde_json::json;

use crate::fixtures::{config, perpetual, price};
use crate::grid::grid;
use crate::harness::Desk;

#[derive(Debug, Clone)]
enum Step {
    Candle(i64),
    Fill(usize, i64),
    End(usize, OrderState),
    Deny(bool),
    Liquidate(i64),
    Wait(i64),
    Reload,
    Crash,
    Trigger,
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<Step>> {
    let ends = prop::sample::select(vec![
        OrderState::Cancelled,
        OrderState::Expired,
        OrderState::Rejected,
        OrderState::NeverArrived,
    ]);
    let step = prop_oneof![
        6 => (85_000_i64..105_000).prop_map(Step::Candle),
        4 => (0_usize..20, 1_i64..150).prop_map(|(order, part)| Step::Fill(order, part)),
        2 => (0_usize..20, ends).prop_map(|(order, state)| Step::End(order, state)),
        1 => any::<bool>().prop_map(Step::Deny),
        1 => (1_i64..400).prop_map(Step::Liquidate),
        2 => (1_i64..90).prop_map(Step::Wait),
        1 => Just(Step::Reload),
        1 => Just(Step::Crash),
        1 => Just(Step::Trigger),
    ];
    prop::collection::vec(step, 1..60)
}

fn take<S>(desk: &mut Desk<S>, step: Step)
where
    S: Strategy + serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let tag = |desk: &Desk<S>, order: usize| {
        let (tag, resting) = desk.orders.get_index(order % desk.orders.len().max(1))?;
        Some((*tag, resting.remaining))
    };
    match step {
        Step::Candle(units) => desk.candle(&[units]),
        Step::Fill(order, part) => {
            if let Some((tag, remaining)) = tag(desk, order) {
                desk.fill(tag, remaining.min(Quantity(part)));
            }
        }
        Step::End(order, state) => {
            if let Some((tag, _)) = tag(desk, order) {
                desk.end(tag, state);
            }
        }
        Step::Deny(denies) => desk.denies = denies,
        Step::Liquidate(quantity) => {
            let quantity = desk.position.quantity.min(Quantity(quantity));
            if quantity.is_positive() {
                desk.sell_outside(quantity, ExitReason::Liquidation);
            }
        }
        Step::Wait(minutes) => desk.minutes(minutes),
        Step::Reload => desk.reload(),
        Step::Crash => desk.crash(),
        Step::Trigger => desk.tell(&StrategyEvent::Triggered),
    }
    desk.deliver();
}

fn sells<S>(desk: &Desk<S>) -> Quantity {
    let sells = desk.orders.values().filter(|order| order.side == Side::Sell);
    sells.map(|order| order.remaining).sum()
}

fn check_grid(strategy: GridStrategy, steps: Vec<Step>) {
    let mut desk = Desk::started(price(95_500), strategy);
    for step in steps {
        take(&mut desk, step);
        assert_eq!(desk.strategy.inventory(), desk.position.quantity);
        assert!(sells(&desk) <= desk.position.quantity);
        assert_eq!(desk.book.orders.len(), desk.orders.len());
    }
    // Flat, its own count of profit is the ledger's to the last digit that fees were split in.
    desk.denies = false;
    desk.candle(&[95_500]);
    desk.sell_outside_if_held();
    let gap = (desk.strategy.earnings().profit - desk.ledger).abs();
    assert!(gap.0 <= 100 * i128::try_from(desk.fills).unwrap(), "{gap:?}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_grid_keeps_its_books(
        steps in steps(),
        trailing in any::<bool>(),
        opening in any::<bool>(),
    ) {
        check_grid(grid(json!({"trailing": trailing, "initial_position": opening})), steps);
    }

    #[test]
    fn a_grid_with_a_stop_keeps_its_books(steps in steps()) {
        let fields = json!({"stop_price": 88_000, "take_profit_price": 103_000});
        check_grid(grid(fields), steps);
    }

    #[test]
    fn dollar_cost_averaging_never_sells_more_than_it_has(steps in steps()) {
        let fields = json!({
            "order_amount": 5_000, "interval_minutes": 30, "take_profit_percent": 1,
            "stop_loss_percent": 6, "safety_order_count": 4, "safety_order_amount": 4_000,
            "step_scale": 1.3, "volume_scale": 1.2, "max_orders": 10,
        });
        let strategy = AnyStrategy::new(&config("dca", fields), &[&perpetual()]).unwrap();
        let mut desk = Desk::started(price(95_500), strategy);
        for step in steps {
            take(&mut desk, step);
            prop_assert!(sells(&desk) <= desk.position.quantity);
            prop_assert!(!desk.position.quantity.is_negative());
        }
    }

    #[test]
    fn signal_strategies_hold_one_position(steps in steps(), crossing in any::<bool>()) {
        let (kind, fields) = if crossing {
            ("ema_cross", json!({"order_amount": 1_000, "timeframe": "1m", "fast_period": 2,
                "slow_period": 3, "allow_short": true}))
        } else {
            ("rsi", json!({"order_amount": 1_000, "timeframe": "1m", "rsi_period": 2,
                "oversold": 50, "overbought": 51}))
        };
        let strategy = AnyStrategy::new(&config(kind, fields), &[&perpetual()]).unwrap();
        let mut desk = Desk::started(price(95_500), strategy);
        for step in steps {
            take(&mut desk, step);
            // 1,000 at 85,000 is the largest that one order can be.
            prop_assert!(desk.position.quantity.abs() <= Quantity(11));
        }
    }
}
