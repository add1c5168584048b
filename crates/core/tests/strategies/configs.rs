//! Reading, writing and checking configurations, and the defaults.

use banyan_core::money::{Amount, Quantity};
use banyan_core::strategy::lint::{LintContext, lint};
use banyan_core::strategy::{AnyStrategy, Strategy, StrategyConfig, StrategyKind, defaults, gates};
use banyan_core::time::Timeframe;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::fixtures::{HERE, config, perpetual, price};

fn read(kind: &str, fields: &Value) -> Result<StrategyConfig, serde_json::Error> {
    serde_json::from_value(json!({"strategy_type": kind, "config": fields}))
}

fn faulty_fields(kind: &str, fields: &Value) -> Vec<&'static str> {
    let errors = read(kind, fields).unwrap().validate().unwrap_err();
    errors.iter().map(|error| error.field).collect()
}

#[test]
fn the_published_shape_is_read_with_its_defaults() {
    let text = r#"{"strategy_type": "grid", "config": {"upper_price": 105000,
        "lower_price": 95000, "grid_count": 20, "total_investment": 5000, "leverage": 1.0}}"#;
    let StrategyConfig::Grid(grid) = serde_json::from_str(text).unwrap() else { unreachable!() };
    assert_eq!(grid.upper_price, Decimal::from(105_000));
    assert_eq!((grid.leverage, grid.trailing), (Decimal::ONE, false));
    let StrategyConfig::Rsi(rsi) = config("rsi", json!({"order_amount": 10})) else {
        unreachable!()
    };
    assert_eq!((rsi.rsi_period, rsi.timeframe), (14, Timeframe::OneHour));
    assert_eq!((rsi.overbought, rsi.oversold), (70.into(), 30.into()));
}

#[test]
fn numbers_are_read_exactly_from_numbers_and_texts() {
    let cases = [
        ("0.1", "0.1"),
        ("1e-7", "0.0000001"),
        ("\"0.12345678\"", "0.12345678"),
        ("\"12345678901234567890.12345678\"", "12345678901234567890.12345678"),
        ("3", "3"),
    ];
    for (written, meant) in cases {
        let text = format!(
            r#"{{"strategy_type": "dca", "config": {{"order_amount": {written},
            "interval_minutes": 5}}}}"#
        );
        let read: StrategyConfig = serde_json::from_str(&text).unwrap();
        let StrategyConfig::Dca(dca) = &read else { unreachable!() };
        assert_eq!(dca.order_amount, meant.parse().unwrap());
        let again: StrategyConfig =
            serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
        assert_eq!(again, read);
        let bytes = postcard::to_stdvec(&read).unwrap();
        assert_eq!(postcard::from_bytes::<StrategyConfig>(&bytes).unwrap(), read);
    }
}

#[test]
fn numbers_are_written_as_numbers() {
    let config = config("dca", json!({"order_amount": "0.1", "interval_minutes": 5}));
    let written = serde_json::to_value(&config).unwrap();
    assert_eq!(written["strategy_type"], "dca");
    assert_eq!(written["config"]["order_amount"], json!(0.1));
    assert_eq!(written["config"]["take_profit_percent"], json!(5));
}

#[test]
fn a_request_may_carry_a_configuration_among_its_own_fields() {
    #[derive(serde::Deserialize)]
    struct Request {
        name: String,
        #[serde(flatten)]
        config: StrategyConfig,
    }
    let text = r#"{"config": {"order_amount": 0.3, "interval_minutes": 5}, "name": "x",
        "strategy_type": "dca"}"#;
    let request: Request = serde_json::from_str(text).unwrap();
    assert_eq!(request.name, "x");
    let StrategyConfig::Dca(dca) = request.config else { unreachable!() };
    assert_eq!(dca.order_amount, Decimal::new(3, 1));
}

#[test]
fn what_is_no_number_or_no_field_is_refused() {
    let good = json!({"order_amount": 10, "interval_minutes": 5});
    assert!(read("dca", &good).is_ok());
    for bad in [
        json!({"order_amount": "ten", "interval_minutes": 5}),
        json!({"order_amount": null, "interval_minutes": 5}),
        json!({"order_amount": 10}),
        json!({"order_amount": 10, "interval_minutes": 5, "order_ammount": 3}),
    ] {
        assert!(read("dca", &bad).is_err(), "{bad}");
    }
    assert!(read("martingale", &good).is_err());
}

#[test]
fn every_fault_is_named() {
    let cases = [
        (
            "grid",
            json!({"upper_price": 9, "lower_price": 10, "grid_count": 1, "total_investment": 0,
                "leverage": 1.5, "stop_price": 11, "take_profit_price": 8}),
            vec![
                "upper_price",
                "grid_count",
                "total_investment",
                "leverage",
                "stop_price",
                "take_profit_price",
            ],
        ),
        (
            "dca",
            json!({"order_amount": 100, "interval_minutes": 43_201, "take_profit_percent": 0.05,
                "total_budget": 50, "safety_order_count": 51, "stop_loss_percent": 100}),
            vec![
                "interval_minutes",
                "take_profit_percent",
                "total_budget",
                "stop_loss_percent",
                "safety_order_count",
                "safety_order_amount",
            ],
        ),
        (
            "rsi",
            json!({"order_amount": -1, "rsi_period": 101, "overbought": 49, "oversold": 51,
                "leverage": 51}),
            vec![
                "rsi_period",
                "overbought",
                "oversold",
                "overbought",
                "order_amount",
                "order_amount",
                "leverage",
            ],
        ),
        (
            "ema_cross",
            json!({"order_amount": 1, "fast_period": 20, "slow_period": 20}),
            vec!["fast_period"],
        ),
    ];
    for (kind, fields, expected) in cases {
        assert_eq!(faulty_fields(kind, &fields), expected, "{kind}");
    }
}

#[test]
fn the_bounds_themselves_are_allowed() {
    for (kind, fields) in [
        (
            "grid",
            json!({"upper_price": 2, "lower_price": 1, "grid_count": 200,
            "total_investment": 1, "leverage": 50}),
        ),
        (
            "dca",
            json!({"order_amount": 1, "interval_minutes": 43_200,
            "take_profit_percent": 0.1}),
        ),
        ("rsi", json!({"order_amount": 1, "rsi_period": 2, "overbought": 95, "oversold": 5})),
        ("ema_cross", json!({"order_amount": 1, "fast_period": 499, "slow_period": 500})),
    ] {
        assert_eq!(read(kind, &fields).unwrap().validate(), Ok(()), "{kind}");
    }
}

#[test]
fn safety_orders_that_scale_out_of_bounds_are_refused() {
    let fields = json!({"order_amount": 1, "interval_minutes": 1, "safety_order_count": 50,
        "safety_order_amount": 1, "step_scale": 10, "volume_scale": 10});
    assert_eq!(faulty_fields("dca", &fields), ["safety_order_count", "volume_scale"]);
}

#[test]
fn defaults_of_every_kind_are_valid_and_clean() {
    let candle = banyan_core::market::Candle {
        open_time: banyan_core::time::Timestamp(0),
        open: price(46_000),
        high: price(46_000),
        low: price(46_000),
        close: price(46_000),
        volume: Quantity(1),
    };
    let rich_and_poor = [700, 10_000, 1_000_000].map(Amount::from_units);
    for (kind, capital) in
        StrategyKind::ALL.into_iter().flat_map(|kind| rich_and_poor.map(|capital| (kind, capital)))
    {
        let context = LintContext { account_one_way: true, symbols_in_use: &[], capital };
        let make =
            |bars| defaults::from_bars(kind, &perpetual(), Timeframe::OneMinute, bars, capital);
        assert_eq!(make(&[]), None);
        let config = make(&[candle]).unwrap();
        assert_eq!(config.kind(), kind);
        assert_eq!(lint(&config, &perpetual(), candle.close, &context), []);
        let strategy = AnyStrategy::new(&config, &[&perpetual()]).unwrap();
        assert_eq!(strategy.name(), kind.name());
        assert_eq!(strategy.subscription().instruments, [HERE]);
        assert_eq!(kind.name().parse(), Ok(kind));
    }
}

#[test]
fn gates_have_names_of_their_own() {
    let mut names = gates::ALL.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), gates::ALL.len());
}
