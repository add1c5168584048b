//! Strategies in words before their start: is there anything that the limits leave to do?

use banyan_core::instrument::TradingStatus;
use banyan_core::money::Amount;
use banyan_core::strategy::StrategyConfig;
use banyan_core::strategy::lint::{LintCode, LintContext, LintFinding, lint, lint_all};
use serde_json::{Value, json};

use crate::desk::{BTC, ETH, config, perpetual, price};

fn context(capital: i64) -> LintContext<'static> {
    let capital = Amount::from_units(capital);
    LintContext { account_one_way: true, symbols_in_use: &[], capital }
}

fn findings(more: Value, capital: i64) -> Vec<LintFinding> {
    let config = StrategyConfig::Ai(Box::new(config(more)));
    lint(&config, &perpetual(BTC, "BTC/USDT:USDT"), price(50_000), &context(capital))
}

fn named(findings: &[LintFinding]) -> Vec<(LintCode, &'static str)> {
    findings.iter().map(|it| (it.code, it.field)).collect()
}

#[test]
fn the_published_example_may_start() {
    assert_eq!(findings(json!({}), 10_000), []);
    let debate = json!({"ai_model": null, "debate": {"models": ["a:1", "a:2"]}});
    assert_eq!(findings(debate, 10_000), []);
}

#[test]
fn a_faulty_configuration_is_told_field_by_field() {
    let found = findings(json!({"interval_minutes": 0, "symbols": []}), 10_000);
    let expected =
        [(LintCode::InvalidValue, "symbols"), (LintCode::InvalidValue, "interval_minutes")];
    assert_eq!(named(&found), expected);
}

#[test]
fn a_capital_that_buys_no_smallest_order_is_found() {
    // 0.001 coins are worth 50; at leverage 3 and three tenths of 55 at most 49.5 are left.
    let found = findings(json!({}), 55);
    let field = "risk_controls.max_position_ratio";
    assert_eq!(named(&found), [(LintCode::OrderTooSmall, field)]);
    assert_eq!(found[0].suggestion, "use a max_position_ratio of at least 0.31");
    let larger = json!({"risk_controls": {"max_leverage": 3, "max_position_ratio": 0.31}});
    assert_eq!(findings(larger, 55), []);
    assert_eq!(findings(json!({}), 10)[0].suggestion, "use a capital of at least 55.56");
    assert_eq!(findings(json!({}), 56), []);
    let small = json!({"risk_controls": {"max_order_notional": 20}});
    let field = "risk_controls.max_order_notional";
    assert_eq!(named(&findings(small, 10_000)), [(LintCode::OrderTooSmall, field)]);
}

#[test]
fn a_stated_leverage_above_that_of_the_venue_is_found() {
    let stated = |leverage: u32| json!({"risk_controls": {"max_leverage": leverage}});
    assert_eq!(findings(stated(20), 10_000), []);
    let found = findings(stated(21), 10_000);
    assert_eq!(named(&found), [(LintCode::LeverageTooHigh, "risk_controls.max_leverage")]);
    assert_eq!(found[0].suggestion, "use leverage 20 or less");
}

#[test]
fn each_market_is_looked_at() {
    let (btc, mut eth) = (perpetual(BTC, "BTC/USDT:USDT"), perpetual(ETH, "ETH/USDT:USDT"));
    eth.filters.status = TradingStatus::Halted;
    let both = StrategyConfig::Ai(Box::new(config(json!({"symbols": ["BTC", "ETH"]}))));
    let markets = [(&btc, price(50_000)), (&eth, price(3_000))];
    let found = lint_all(&both, &markets, &context(10_000));
    assert_eq!(named(&found), [(LintCode::InvalidValue, "symbols")]);
    assert_eq!(found[0].suggestion, "leave out ETH/USDT:USDT");
    // What does not depend on the market is told once.
    let faulty = StrategyConfig::Ai(Box::new(config(json!({"interval_minutes": 0}))));
    assert_eq!(lint_all(&faulty, &markets, &context(10_000)).len(), 1);
}
