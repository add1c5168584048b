//! What is refused before a start, and what is said to work instead.

use banyan_core::instrument::InstrumentId;
use banyan_core::money::Amount;
use banyan_core::strategy::lint::{LintCode, LintContext, LintFinding, lint};
use serde_json::{Value, json};

use crate::fixtures::{HERE, config, config_with, perpetual, price};

fn context(symbols_in_use: &[InstrumentId]) -> LintContext<'_> {
    LintContext { account_one_way: true, symbols_in_use, capital: Amount::from_units(10_000) }
}

fn findings(kind: &str, fields: Value) -> Vec<LintFinding> {
    lint(&config(kind, fields), &perpetual(), price(50_000), &context(&[]))
}

fn grid(more: Value) -> Value {
    let mut fields = json!({
        "upper_price": 55_000, "lower_price": 45_000, "grid_count": 10, "total_investment": 5_000,
    });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields
}

/// Each of `cases` lies over `base` and has exactly the one finding named, or none.
fn check(kind: &str, base: &Value, cases: Vec<(Value, Option<(LintCode, &'static str)>)>) {
    for (more, expected) in cases {
        let config = config_with(kind, base.clone(), more.clone());
        let found = lint(&config, &perpetual(), price(50_000), &context(&[]));
        let named: Vec<_> = found.iter().map(|finding| (finding.code, finding.field)).collect();
        assert_eq!(named, Vec::from_iter(expected), "{kind} {more}");
    }
}

#[test]
fn sizes_of_a_grid() {
    use LintCode as Code;
    let cases = vec![
        (json!({}), None),
        (json!({"grid_count": 1}), Some((Code::InvalidValue, "grid_count"))),
        (json!({"total_investment": 300}), Some((Code::OrderTooSmall, "total_investment"))),
        (json!({"total_investment": 10_001}), Some((Code::BudgetAboveCapital, "total_investment"))),
        (json!({"leverage": 20}), None),
        (json!({"leverage": 21}), Some((Code::LeverageTooHigh, "leverage"))),
    ];
    check("grid", &grid(json!({})), cases);
}

#[test]
fn prices_of_a_grid() {
    use LintCode as Code;
    let range = |lower: i64, upper: i64, more: Value| {
        let mut fields = json!({"lower_price": lower, "upper_price": upper});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    let narrow = range(50_000, 50_500, json!({"grid_count": 30}));
    let late_stop = json!({"leverage": 10, "stop_price": 40_000});
    let cases = vec![
        (narrow, Some((Code::GridStepEatenByFees, "grid_count"))),
        (range(40_000, 44_000, json!({})), Some((Code::GridFarFromPrice, "upper_price"))),
        (range(60_000, 70_000, json!({})), Some((Code::GridFarFromPrice, "lower_price"))),
        (late_stop, Some((Code::StopBeyondLiquidation, "stop_price"))),
        (json!({"leverage": 2, "stop_price": 40_000}), None),
        (
            range(54_000, 60_000, json!({"stop_price": 51_000})),
            Some((Code::StopOnWrongSide, "stop_price")),
        ),
        (
            range(46_000, 48_000, json!({"take_profit_price": 49_000})),
            Some((Code::StopOnWrongSide, "take_profit_price")),
        ),
    ];
    check("grid", &grid(json!({})), cases);
}

#[test]
fn orders_of_dollar_cost_averaging() {
    use LintCode as Code;
    let safety = |more: Value| {
        let mut fields = json!({"safety_order_count": 1, "safety_order_amount": 100});
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        fields
    };
    let small = safety(json!({"safety_order_amount": 20}));
    let cases = vec![
        (json!({}), None),
        (json!({"order_amount": 49}), Some((Code::OrderTooSmall, "order_amount"))),
        (json!({"order_amount": 10_001}), Some((Code::BudgetAboveCapital, "order_amount"))),
        (json!({"total_budget": 10_001}), Some((Code::BudgetAboveCapital, "total_budget"))),
        (safety(json!({})), None),
        (small, Some((Code::OrderTooSmall, "safety_order_amount"))),
        (
            safety(json!({"stop_loss_percent": 1})),
            Some((Code::SafetyOrderBeyondStop, "stop_loss_percent")),
        ),
    ];
    check("dca", &json!({"order_amount": 100, "interval_minutes": 60}), cases);
}

#[test]
fn orders_of_signals() {
    use LintCode as Code;
    let base = json!({"order_amount": 100});
    let eaten = Some((Code::TargetEatenByFees, "take_profit_percent"));
    let late_stop = Some((Code::StopBeyondLiquidation, "stop_loss_percent"));
    let cases = vec![
        (json!({}), None),
        (json!({"order_amount": 40}), Some((Code::OrderTooSmall, "order_amount"))),
        (json!({"order_amount": 40, "leverage": 2}), None),
        (json!({"take_profit_percent": 0.1}), eaten),
        (json!({"take_profit_percent": 0.2}), None),
        (json!({"leverage": 20}), late_stop),
    ];
    check("rsi", &base, cases);
    let cases = vec![
        (json!({}), None),
        (json!({"leverage": 21}), Some((Code::LeverageTooHigh, "leverage"))),
        (json!({"leverage": 10, "stop_loss_percent": 9.5}), late_stop),
        (json!({"leverage": 10, "stop_loss_percent": 9.4}), None),
    ];
    check("ema_cross", &base, cases);
}

#[test]
fn an_order_that_is_too_large_is_found() {
    let mut instrument = perpetual();
    instrument.filters.max_quantity = banyan_core::money::Quantity(10);
    let config = config("rsi", json!({"order_amount": 1_000}));
    let found = lint(&config, &instrument, price(50_000), &context(&[]));
    assert_eq!(found[0].code, LintCode::OrderTooLarge);
    assert_eq!(found[0].suggestion, "let an order be worth at most 500");
}

#[test]
fn what_is_suggested_works() {
    let small = findings("grid", grid(json!({"total_investment": 300})));
    assert_eq!(small[0].suggestion, "invest at least 540.01, or use fewer levels");
    assert_eq!(findings("grid", grid(json!({"total_investment": 540.01}))), []);

    let small = findings("rsi", json!({"order_amount": 1}));
    assert_eq!(small[0].suggestion, "use at least 50.01");
    assert_eq!(findings("rsi", json!({"order_amount": 50.01})), []);

    for spacing in ["arithmetic", "geometric"] {
        let range = |count: u32| {
            grid(json!({"upper_price": 50_500, "lower_price": 50_000, "grid_count": count,
                "spacing": spacing}))
        };
        let narrow = findings("grid", range(30));
        assert_eq!(narrow[0].suggestion, "use at most 24 levels, or a wider range");
        assert_eq!(findings("grid", range(24)), []);
        assert_eq!(findings("grid", range(25)).len(), 1);
    }

    let eaten = findings("rsi", json!({"order_amount": 100, "take_profit_percent": 0.1}));
    assert_eq!(eaten[0].suggestion, "aim for more than 0.1001 percent");
    let eaten = findings("rsi", json!({"order_amount": 100, "take_profit_percent": 0.1002}));
    assert_eq!(eaten, []);
}

#[test]
fn a_symbol_of_another_worker_is_refused_on_a_one_way_account() {
    let config = config("rsi", json!({"order_amount": 100}));
    let used = [InstrumentId(3), HERE];
    let check = |context: &LintContext<'_>| lint(&config, &perpetual(), price(50_000), context);
    assert_eq!(check(&context(&used))[0].code, LintCode::SymbolInUse);
    assert_eq!(check(&context(&[InstrumentId(3)])), []);
    let hedge = LintContext { account_one_way: false, ..context(&used) };
    assert_eq!(check(&hedge), []);
}

#[test]
fn codes_are_written_in_capitals() {
    let written = serde_json::to_value(LintCode::GridStepEatenByFees).unwrap();
    assert_eq!(written, "GRID_STEP_EATEN_BY_FEES");
}
