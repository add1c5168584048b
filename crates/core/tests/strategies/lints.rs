//! What is refused before a start, and what is said to work instead.

use banyan_core::instrument::InstrumentId;
use banyan_core::money::Amount;
use banyan_core::strategy::lint::{LintCode, LintContext, LintFinding, lint};
use serde_json::{Value, json};

use crate::harness::{HERE, config, perpetual, price};

fn context(symbols_in_use: &[InstrumentId]) -> LintContext<'_> {
    LintContext {
        account_one_way: true,
        symbols_in_use,
        capital: Amount::from_units(10_000),
    }
}

fn findings(kind: &str, fields: Value) -> Vec<LintFinding> {
    lint(
        &config(kind, fields),
        &perpetual(),
        price(50_000),
        &context(&[]),
    )
}

fn grid(more: Value) -> Value {
    let mut fields = json!({
        "upper_price": 55_000, "lower_price": 45_000, "grid_count": 10, "total_investment": 5_000,
    });
    fields
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    fields
}

#[test]
fn each_rule_names_its_code_and_field() {
    use LintCode as C;
    let dca = |more: Value| {
        let mut fields = json!({"order_amount": 100, "interval_minutes": 60});
        fields
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        fields
    };
    let cases = [
        ("grid", grid(json!({})), None),
        (
            "grid",
            grid(json!({"grid_count": 1})),
            Some((C::InvalidValue, "grid_count")),
        ),
        (
            "grid",
            grid(json!({"total_investment": 300})),
            Some((C::OrderTooSmall, "total_investment")),
        ),
        (
            "grid",
            grid(json!({"total_investment": 10_001})),
            Some((C::BudgetAboveCapital, "total_investment")),
        ),
        (
            "grid",
            grid(json!({"upper_price": 50_500, "lower_price": 50_000, "grid_count": 30})),
            Some((C::GridStepEatenByFees, "grid_count")),
        ),
        (
            "grid",
            grid(json!({"upper_price": 44_000, "lower_price": 40_000})),
            Some((C::GridFarFromPrice, "upper_price")),
        ),
        (
            "grid",
            grid(json!({"upper_price": 70_000, "lower_price": 60_000})),
            Some((C::GridFarFromPrice, "lower_price")),
        ),
        (
            "grid",
            grid(json!({"leverage": 10, "stop_price": 40_000})),
            Some((C::StopBeyondLiquidation, "stop_price")),
        ),
        (
            "grid",
            grid(json!({"leverage": 2, "stop_price": 40_000})),
            None,
        ),
        (
            "grid",
            grid(json!({"leverage": 21})),
            Some((C::LeverageTooHigh, "leverage")),
        ),
        (
            "grid",
            grid(json!({"upper_price": 60_000, "lower_price": 54_000, "stop_price": 51_000})),
            Some((C::StopOnWrongSide, "stop_price")),
        ),
        ("dca", dca(json!({})), None),
        (
            "dca",
            dca(json!({"order_amount": 49})),
            Some((C::OrderTooSmall, "order_amount")),
        ),
        (
            "dca",
            dca(json!({"order_amount": 10_001})),
            Some((C::BudgetAboveCapital, "order_amount")),
        ),
        (
            "dca",
            dca(json!({"total_budget": 10_001})),
            Some((C::BudgetAboveCapital, "total_budget")),
        ),
        (
            "dca",
            dca(json!({"safety_order_count": 1, "safety_order_amount": 20})),
            Some((C::OrderTooSmall, "safety_order_amount")),
        ),
        (
            "dca",
            dca(json!({"safety_order_count": 1, "safety_order_amount": 100,
            "stop_loss_percent": 1})),
            Some((C::SafetyOrderBeyondStop, "stop_loss_percent")),
        ),
        ("rsi", json!({"order_amount": 100}), None),
        (
            "rsi",
            json!({"order_amount": 40}),
            Some((C::OrderTooSmall, "order_amount")),
        ),
        ("rsi", json!({"order_amount": 40, "leverage": 2}), None),
        (
            "rsi",
            json!({"order_amount": 100, "take_profit_percent": 0.1}),
            Some((C::TargetEatenByFees, "take_profit_percent")),
        ),
        (
            "rsi",
            json!({"order_amount": 100, "take_profit_percent": 0.2}),
            None,
        ),
        (
            "rsi",
            json!({"order_amount": 100, "leverage": 20}),
            Some((C::StopBeyondLiquidation, "stop_loss_percent")),
        ),
        ("ema_cross", json!({"order_amount": 100}), None),
        (
            "ema_cross",
            json!({"order_amount": 100, "leverage": 21}),
            Some((C::LeverageTooHigh, "leverage")),
        ),
    ];
    for (kind, fields, expected) in cases {
        let found = findings(kind, fields.clone());
        let named = found.first().map(|finding| (finding.code, finding.field));
        assert_eq!(
            (named, found.len()),
            (expected, usize::from(expected.is_some())),
            "{fields} {found:?}"
        );
    }
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
    assert_eq!(
        small[0].suggestion,
        "invest at least 540.01, or use fewer levels"
    );
    assert_eq!(
        findings("grid", grid(json!({"total_investment": 540.01}))),
        []
    );

    let small = findings("rsi", json!({"order_amount": 1}));
    assert_eq!(small[0].suggestion, "use at least 50.01");
    assert_eq!(findings("rsi", json!({"order_amount": 50.01})), []);

    for spacing in ["arithmetic", "geometric"] {
        let range = |count: u32| {
            grid(
                json!({"upper_price": 50_500, "lower_price": 50_000, "grid_count": count,
                "spacing": spacing}),
            )
        };
        let narrow = findings("grid", range(30));
        assert_eq!(
            narrow[0].suggestion,
            "use at most 24 levels, or a wider range"
        );
        assert_eq!(findings("grid", range(24)), []);
        assert_eq!(findings("grid", range(25)).len(), 1);
    }

    let eaten = findings(
        "rsi",
        json!({"order_amount": 100, "take_profit_percent": 0.1}),
    );
    assert_eq!(eaten[0].suggestion, "aim for more than 0.1001 percent");
    let eaten = findings(
        "rsi",
        json!({"order_amount": 100, "take_profit_percent": 0.1002}),
    );
    assert_eq!(eaten, []);
}

#[test]
fn a_symbol_of_another_worker_is_refused_on_a_one_way_account() {
    let config = config("rsi", json!({"order_amount": 100}));
    let used = [InstrumentId(3), HERE];
    let check = |context: &LintContext<'_>| lint(&config, &perpetual(), price(50_000), context);
    assert_eq!(check(&context(&used))[0].code, LintCode::SymbolInUse);
    assert_eq!(check(&context(&[InstrumentId(3)])), []);
    let hedge = LintContext {
        account_one_way: false,
        ..context(&used)
    };
    assert_eq!(check(&hedge), []);
}

#[test]
fn codes_are_written_in_capitals() {
    let written = serde_json::to_value(LintCode::GridStepEatenByFees).unwrap();
    assert_eq!(written, "GRID_STEP_EATEN_BY_FEES");
}
