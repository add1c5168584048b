//! Numbers that a model cites, against the data it was given.

use banyan_core::decision::claims::check;
use banyan_core::decision::{Action, ClaimReport, Reply};
use rust_decimal::Decimal;

use crate::scene::{BTC, proposal, snapshot, symbol};

fn checked(thought: &str) -> ClaimReport {
    let reply = Reply { chain_of_thought: thought.to_owned(), ..Reply::default() };
    check(&reply, &snapshot(), Decimal::from(50))
}

/// How many numbers were compared, and what of is contradicted.
fn found(thought: &str) -> (u32, Vec<String>) {
    let report = checked(thought);
    (report.checked, report.contradictions.iter().map(|it| it.what.clone()).collect())
}

#[test]
fn what_agrees_with_the_data_is_no_contradiction() {
    for (text, count) in [
        ("BTC price is 50,000 and RSI is 55", 2),
        ("BTC: current price $50.1k, RSI(14) at 54, EMA9 = 49500, EMA 21: 49,000", 4),
        ("BTC RSI14 55.2. ETH RSI 14 is 28, price around 3,010.", 3),
        ("BTC MACD 12.4, ATR (14) 510 on the 1h chart", 2),
        ("BTC 现价约 50000，RSI 为 55，资金费率 0.01%", 3),
        ("Equity is 10,500 and available balance is $5,500.", 2),
        ("BTC position: entry price 49,000, stop loss at 48000, liquidation price 40000", 3),
        ("BTC position size 0.5, or position size of $25,000", 2),
        ("BTC funding rate is 0.0001; funding 0.01 %", 2),
    ] {
        assert_eq!(found(text), (count, vec![]), "{text}: {:?}", checked(text));
    }
}

#[test]
fn what_the_data_does_not_say_is_a_contradiction() {
    for (text, what) in [
        ("BTC price is 65,000", "price"),
        ("BTC RSI is 28", "rsi_14"),
        ("ETH RSI(14) = 72.5", "rsi_14"),
        ("BTC EMA9 at 52000", "ema_9"),
        ("BTC MACD is -12.5", "macd"),
        ("BTC ATR14: 900", "atr_14"),
        ("BTC 价格为 60000", "price"),
        ("BTC funding rate is 0.05%", "funding_rate"),
        ("Equity: 20,000", "equity"),
        ("BTC entry price was fine; entry price 45000", "entry_price"),
        ("BTC liquidation price is 30000", "liquidation_price"),
    ] {
        assert_eq!(found(text), (1, vec![what.to_owned()]), "{text}: {:?}", checked(text));
    }
    let report = checked("ETH RSI is 50");
    let it = &report.contradictions[0];
    assert_eq!((it.claimed.as_str(), it.actual.as_str()), ("50", "28.4"));
    assert_eq!(it.symbol.to_string(), "ETH/USDT:USDT");
}

#[test]
fn without_a_symbol_any_market_will_do() {
    assert_eq!(found("RSI is 28, price is 3000"), (2, vec![]));
    assert_eq!(found("RSI is 55, price is 50000"), (2, vec![]));
    assert_eq!(found("RSI is 80"), (1, vec!["rsi_14".to_owned()]));
}

#[test]
fn what_is_no_statement_is_not_compared() {
    for text in [
        "RSI above 70 would be overbought",
        "RSI between 30 and 70",
        "RSI 30-70 is neutral",
        "price target 60000",
        "a price below 40,000 would change that",
        "EMA 9/21 cross",
        "the RSI 14",
        "the RSI(14) is rising",
        "price rose by 3%",
        "price up 3% from 48000",
        "enterprise 7, atrium 9",
        "DOGE SMA 3",
        "",
    ] {
        assert_eq!(found(text), (0, vec![]), "{text}: {:?}", checked(text));
    }
}

#[test]
fn what_is_proposed_is_no_claim() {
    let mut opening = proposal(0, Action::OpenLong, 80);
    opening.reasoning = "entry 50,500, stop at 47,000, position size 900".to_owned();
    let reply = Reply { proposals: vec![opening.clone()], ..Reply::default() };
    assert_eq!(check(&reply, &snapshot(), Decimal::ZERO).checked, 0);
    let holding = banyan_core::decision::Proposal { action: Action::Hold, ..opening };
    let reply = Reply { proposals: vec![holding], ..Reply::default() };
    assert_eq!(check(&reply, &snapshot(), Decimal::ZERO).checked, 3);
}

#[test]
fn the_reasoning_of_a_proposal_is_about_its_symbol() {
    let mut hold = proposal(0, Action::Hold, 80);
    hold.reasoning = "RSI is 28".to_owned();
    let reply = Reply { proposals: vec![hold], ..Reply::default() };
    let report = check(&reply, &snapshot(), Decimal::from(50));
    assert_eq!(report.contradictions[0].symbol, symbol(BTC));
}

#[test]
fn entries_are_vetoed_above_the_share_and_from_three_numbers_on() {
    let vetoed = |text: &str, percent: i64| {
        let reply = Reply { chain_of_thought: text.to_owned(), ..Reply::default() };
        check(&reply, &snapshot(), Decimal::from(percent)).vetoed
    };
    let two_of_three = "BTC price is 65000, RSI is 20, EMA9 is 49500";
    assert!(vetoed(two_of_three, 50) && vetoed(two_of_three, 66) && !vetoed(two_of_three, 67));
    assert!(!vetoed("BTC price is 65000, RSI is 20", 0), "two numbers prove nothing");
    assert!(!vetoed("BTC price is 50000, RSI is 55, EMA9 is 49500", 0));
    assert!(!vetoed("BTC price is 1, RSI is 1, EMA9 is 1", 100), "at 100 nothing is vetoed");
}

#[test]
fn strange_texts_are_survived() {
    let long = format!("RSI {}", "9".repeat(100_000));
    let texts = [long, "价格".repeat(50_000), "rsi(((((".repeat(9_000), "İ price 3 RSI".to_owned()];
    for text in texts {
        let _ = checked(&text);
    }
}
