//! What decisions turn out to be worth.

use banyan_core::decision::Horizon;
use banyan_core::intent::ExitReason;
use banyan_core::money::Amount;
use banyan_core::order::Side;
use serde_json::json;

use crate::desk::{Desk, answer, config};

#[test]
fn proposals_are_measured_after_an_hour_four_hours_and_a_day() {
    let mut desk = Desk::started(&config(json!({"interval_minutes": 40_000})));
    desk.reply(&answer("open_short", json!({})));
    let id = desk.last().id;
    desk.price(49_000);
    desk.minutes(61);
    desk.price(51_000);
    desk.minutes(24 * 60);
    let measured: Vec<_> = desk
        .outcomes
        .iter()
        .map(|(of, it)| (*of, it.horizon, it.gain.to_decimal().normalize().to_string()))
        .collect();
    let expected = [
        (id, Horizon::OneHour, "0.02".to_owned()),
        (id, Horizon::FourHours, "-0.02".to_owned()),
        (id, Horizon::OneDay, "-0.02".to_owned()),
    ];
    assert_eq!(measured, expected);
}

#[test]
fn a_close_tells_what_the_trade_earned() {
    let mut desk = Desk::started(&config(json!({"interval_minutes": 40_000})));
    desk.reply(&answer("open_long", json!({})));
    desk.fill(Side::Buy, 20, None);
    desk.price(51_000);
    desk.fill(Side::Sell, 20, Some((ExitReason::TakeProfit, 20)));
    let (id, outcome) = &desk.outcomes[0];
    assert_eq!((*id, outcome.horizon), (desk.last().id, Horizon::Close));
    // Twenty earned, one paid at each end.
    assert_eq!(outcome.pnl, Some(Amount::from_units(18)));
    assert_eq!(outcome.gain.to_decimal().normalize().to_string(), "0.02");
}

#[test]
fn the_next_prompt_tells_of_the_last_trade() {
    let mut desk = Desk::started(&config(json!({})));
    desk.reply(&answer("open_long", json!({})));
    desk.fill(Side::Buy, 20, None);
    desk.price(49_000);
    desk.fill(Side::Sell, 20, Some((ExitReason::StopLoss, -20)));
    desk.minutes(5);
    let trade = &desk.questions[0].messages[1].content;
    assert!(trade.contains("stop_loss"), "{trade}");
    desk.reply(&answer("wait", json!({})));
    let snapshot = &desk.last().snapshot;
    assert_eq!(snapshot.closed_trades[0].pnl, Amount::from_units(-22));
    assert_eq!(snapshot.account.realized, Amount::from_units(-22));
}

#[test]
fn an_outcome_that_is_long_overdue_says_nothing() {
    let config = config(json!({"interval_minutes": 40_000}));
    let mut desk = Desk::started(&config);
    desk.reply(&answer("open_long", json!({})));
    desk.now = desk.now + banyan_core::time::Span::minutes(120);
    desk.crash(&config);
    desk.minutes(1);
    assert!(desk.outcomes.is_empty());
}
