//! The prompts themselves: which sections, in which order, with which facts.

use banyan_core::decision::{
    AccountSnapshot, CandleSnapshot, ClosedTrade, ExternalText, LeftOut, MarketSnapshot,
    PositionSnapshot, Snapshot, TimeframeSnapshot,
};
use banyan_core::money::{Amount, Rate};
use banyan_core::order::Side;
use banyan_core::prompt::{BuiltPrompt, build, system};
use banyan_core::strategy::config::AiConfig;
use banyan_core::time::{Span, Timeframe};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::desk::{BTC, MIDNIGHT, config};

fn units(n: i64) -> Amount {
    Amount::from_units(n)
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn market() -> MarketSnapshot {
    let candle = |minutes: i64, close: &str| CandleSnapshot {
        open_time: MIDNIGHT - Span::minutes(minutes),
        open: decimal("64000"),
        high: decimal("64200.5"),
        low: decimal("63900"),
        close: decimal(close),
        volume: decimal("12.345"),
    };
    let timeframe = |timeframe| TimeframeSnapshot {
        timeframe,
        indicators: vec![
            ("ema_9".to_owned(), decimal("64010.125")),
            ("rsi_14".to_owned(), decimal("55.25")),
        ],
        signals: vec![("rsi".to_owned(), "neutral".to_owned())],
        candles: vec![candle(120, "64050"), candle(60, "64123.5")],
    };
    MarketSnapshot {
        instrument: BTC,
        symbol: "BTC/USDT:USDT".parse().unwrap(),
        price: decimal("64123.5"),
        bid: Some(decimal("64123")),
        ask: Some(decimal("64124")),
        funding_rate: Some(Rate::from_basis_points(1)),
        change_24h: Some(Rate(-123_456_789)),
        min_notional: Amount::from_decimal(decimal("64.13")).unwrap(),
        min_quantity: decimal("0.001"),
        taker_fee: Rate::from_basis_points(5),
        timeframes: vec![timeframe(Timeframe::OneHour), timeframe(Timeframe::FourHours)],
    }
}

fn position() -> PositionSnapshot {
    PositionSnapshot {
        instrument: BTC,
        symbol: "BTC/USDT:USDT".parse().unwrap(),
        side: Side::Sell,
        quantity: decimal("0.1"),
        notional: Amount::from_decimal(decimal("6412.35")).unwrap(),
        entry_price: decimal("65000"),
        mark_price: decimal("64123.5"),
        leverage: 3,
        unrealized: Amount::from_decimal(decimal("87.65")).unwrap(),
        unrealized_percent: Rate(404_538_461),
        liquidation: Some((decimal("160000.5"), Rate::from_basis_points(14_950))),
        stop_loss: Some(decimal("66000")),
        take_profit: None,
        opened_at: Some(MIDNIGHT - Span::minutes(90)),
    }
}

pub(crate) fn quiet() -> Snapshot {
    let account = AccountSnapshot {
        capital: units(10_000),
        equity: Amount::from_decimal(decimal("10087.65")).unwrap(),
        available: units(7_950),
        margin_used: Amount::from_decimal(decimal("2137.45")).unwrap(),
        unrealized: Amount::from_decimal(decimal("87.65")).unwrap(),
        realized: Amount::ZERO,
        fees: Amount::from_decimal(decimal("3.25")).unwrap(),
    };
    Snapshot {
        time: MIDNIGHT,
        account,
        positions: Vec::new(),
        markets: vec![market()],
        left_out: Vec::new(),
        closed_trades: Vec::new(),
        external: Vec::new(),
    }
}

pub(crate) fn busy() -> Snapshot {
    let eth = || "ETH/USDT:USDT".parse().unwrap();
    Snapshot {
        positions: vec![position()],
        left_out: vec![LeftOut { symbol: eth(), reason: "stale".to_owned() }],
        closed_trades: vec![ClosedTrade {
            symbol: eth(),
            side: Side::Buy,
            exit_price: decimal("3050.5"),
            pnl: Amount::from_decimal(decimal("-12.5")).unwrap(),
            reason: "stop_loss".to_owned(),
            closed_at: MIDNIGHT - Span::minutes(30),
        }],
        external: vec![ExternalText {
            source: "news".to_owned(),
            symbol: None,
            text: "Rates are unchanged.".to_owned(),
            time: MIDNIGHT,
        }],
        ..quiet()
    }
}

pub(crate) fn prompt(config: &AiConfig, snapshot: &Snapshot) -> BuiltPrompt {
    let limits = config.limits();
    build(&config.prompt_spec(&limits), snapshot)
}

/// What stands below a heading, up to the next.
pub(crate) fn section<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let headed = format!("## {name}\n");
    let begun = text.strip_prefix(&headed);
    let begun = begun.or_else(|| text.split_once(&format!("\n{headed}")).map(|it| it.1))?;
    Some(begun.split("\n## ").next().unwrap_or(begun))
}

/// The facts of a section: whatever line is a JSON object.
pub(crate) fn facts(text: &str, name: &str) -> Vec<Value> {
    let lines = section(text, name).unwrap_or_default().lines();
    lines
        .filter(|line| line.starts_with("{\"") && line.ends_with('}'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn sections_have_their_order_and_a_heading_each() {
    let simple = [
        "role",
        "trading_mode",
        "user_prompt",
        "trading_frequency",
        "entry_standards",
        "decision_process",
        "constraints",
        "output_format",
    ];
    for language in ["en", "zh"] {
        let config = config(json!({"language": language}));
        let built = prompt(&config, &busy());
        let user =
            ["account", "positions", "markets", "closed_trades", "external", "left_out", "tasks"];
        assert_eq!(built.sections, simple.iter().chain(&user).copied().collect::<Vec<_>>());
        for name in simple {
            assert!(section(&built.system, name).is_some_and(|text| text.len() > 10), "{name}");
        }
        for name in user {
            assert!(section(&built.user, name).is_some_and(|text| text.len() > 10), "{name}");
        }
        let calm = prompt(&config, &quiet());
        let expected = ["account", "positions", "markets", "closed_trades", "tasks"];
        assert_eq!(calm.sections[8..], expected);
    }
}

#[test]
fn what_does_not_change_is_the_same_to_the_last_byte() {
    let config = config(json!({}));
    let (calm, hectic) = (prompt(&config, &quiet()), prompt(&config, &busy()));
    assert_eq!(calm.system, hectic.system);
    assert_ne!(calm.user, hectic.user);
    let limits = config.limits();
    let (preview, names) = system(&config.prompt_spec(&limits));
    assert_eq!(preview, calm.system);
    assert_eq!(names, calm.sections[..8]);
    // What changes by the minute is in the other part.
    assert!(!calm.system.contains("64123") && !calm.system.contains("2022"));
}

#[test]
fn the_words_of_the_owner_are_always_in() {
    let words = "只做多。Never on Mondays!";
    let own = json!({"role_definition": "You are a bear.", "trading_frequency": " "});
    for more in [
        json!({"prompt": words}),
        json!({"prompt": words, "language": "zh"}),
        json!({"prompt": words, "prompt_sections": own}),
        json!({"prompt": words, "prompt_mode": "advanced", "advanced_prompt": "# Mine"}),
        json!({"prompt": "", "prompt_mode": "advanced", "advanced_prompt": words}),
        json!({"prompt": "", "prompt_sections": {"entry_standards": words}}),
    ] {
        let built = prompt(&config(more.clone()), &quiet());
        assert!(built.system.contains(words), "{more}");
        assert!(built.system.contains("JSON"));
    }
}

#[test]
fn texts_of_the_owner_replace_ours() {
    let own = json!({"prompt_sections": {
        "role_definition": "You are a bear.", "trading_frequency": " ", "decision_process": "Toss."
    }});
    let built = prompt(&config(own), &quiet());
    assert_eq!(section(&built.system, "role"), Some("You are a bear.\n"));
    assert_eq!(section(&built.system, "decision_process"), Some("Toss.\n"));
    // A blank is nobody's text.
    assert!(section(&built.system, "trading_frequency").unwrap().contains("15 minutes"));
}

#[test]
fn an_advanced_prompt_takes_the_place_of_the_upper_sections() {
    let fields = json!({"prompt_mode": "advanced", "advanced_prompt": "# Mine\nBuy low."});
    let built = prompt(&config(fields.clone()), &quiet());
    let expected = ["advanced_prompt", "user_prompt", "constraints", "output_format"];
    assert_eq!(built.sections[..4], expected);
    assert!(built.system.starts_with("## advanced_prompt\n# Mine\nBuy low."));
    let mut alone = fields;
    alone["prompt"] = json!("");
    let built = prompt(&config(alone), &quiet());
    assert_eq!(built.sections[..3], ["advanced_prompt", "constraints", "output_format"]);
}

#[test]
fn each_mode_and_language_has_texts_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for language in ["en", "zh"] {
        for mode in ["conservative", "balanced", "aggressive"] {
            let config = config(json!({"language": language, "trading_mode": mode}));
            let text = prompt(&config, &quiet()).system;
            let mode_text = section(&text, "trading_mode").unwrap().to_owned();
            assert!(mode_text.starts_with(mode));
            assert!(seen.insert(mode_text));
            let chinese = section(&text, "role").unwrap().contains('策');
            assert_eq!(chinese, language == "zh");
        }
    }
}

#[test]
fn constraints_are_the_limits_that_code_enforces() {
    let config = config(json!({"risk_controls": {"max_leverage": 3, "max_position_ratio": 0.3,
        "min_confidence": 65, "min_risk_reward_ratio": 1.5}}));
    let built = prompt(&config, &quiet());
    let expected = json!({
        "symbols": ["BTC/USDT:USDT"], "max_leverage": 3, "max_position_percent": 30,
        "max_total_exposure_percent": 80, "max_positions": 3, "max_order_notional": 100_000,
        "min_risk_reward_ratio": 1.5, "min_confidence": 0.65, "max_stop_distance_percent": 10,
        "default_stop_loss_atr": 1.5, "default_take_profit_atr": 3,
        "min_liquidation_distance_percent": 5, "max_drawdown_percent": 10,
        "max_daily_loss_percent": 5, "min_review_minutes": 5, "max_review_minutes": 1_440
    });
    assert_eq!(facts(&built.system, "constraints"), [expected]);
}

#[test]
fn facts_are_those_of_the_snapshot() {
    let built = prompt(&config(json!({})), &busy());
    let time = "2022-01-03T00:00:00Z";
    let account = json!({"time": time, "capital": 10_000, "equity": 10087.65, "available": 7_950,
        "margin_used": 2137.45, "unrealized": 87.65, "realized": 0, "fees": 3.25,
        "open_positions": 1});
    assert_eq!(facts(&built.user, "account"), [account]);
    let position = json!({"symbol": "BTC/USDT:USDT", "side": "short", "quantity": 0.1,
        "notional": 6412.35, "entry_price": 65_000, "mark_price": 64123.5, "leverage": 3,
        "unrealized": 87.65, "unrealized_percent": 4.04538461, "liquidation_price": 160000.5,
        "liquidation_distance_percent": 149.5, "stop_loss": 66_000, "take_profit": null,
        "opened_at": "2022-01-02T22:30:00Z", "held_minutes": 90});
    assert_eq!(facts(&built.user, "positions"), [position]);
    let closed = json!({"symbol": "ETH/USDT:USDT", "side": "long", "exit_price": 3050.5,
        "pnl": -12.5, "reason": "stop_loss", "closed_at": "2022-01-02T23:30:00Z"});
    assert_eq!(facts(&built.user, "closed_trades"), [closed]);
    let omitted = json!({"symbol": "ETH/USDT:USDT", "reason": "stale"});
    assert_eq!(facts(&built.user, "left_out"), [omitted]);
}

#[test]
fn markets_are_told_by_a_line_of_prices_and_a_line_for_each_timeframe() {
    let built = prompt(&config(json!({})), &quiet());
    let told = facts(&built.user, "markets");
    let prices = json!({"symbol": "BTC/USDT:USDT", "kind": "perpetual", "price": 64123.5,
        "bid": 64_123, "ask": 64_124, "spread_percent": 0.0016, "funding_rate_percent": 0.01,
        "change_24h_percent": -1.23456789, "min_notional": 64.13, "min_quantity": 0.001,
        "taker_fee_percent": 0.05});
    assert_eq!(told[0], prices);
    let hour = json!({"symbol": "BTC/USDT:USDT", "timeframe": "1h",
    "indicators": {"ema_9": 64010.125, "rsi_14": 55.25}, "signals": {"rsi": "neutral"},
    "candles": [
        ["2022-01-02T22:00:00Z", 64_000, 64200.5, 63_900, 64_050, 12.345],
        ["2022-01-02T23:00:00Z", 64_000, 64200.5, 63_900, 64123.5, 12.345]
    ]});
    assert_eq!(told[1], hour);
    assert_eq!(told[2]["timeframe"], "4h");
    assert_eq!(told.len(), 3);
    let mut spot = quiet();
    spot.markets[0].symbol = "BTC/USDT".parse().unwrap();
    let told = facts(&prompt(&config(json!({})), &spot).user, "markets");
    assert_eq!(told[0]["kind"], "spot");
}

#[test]
fn what_is_not_known_is_null_and_what_is_empty_is_said() {
    let mut snapshot = busy();
    let position = &mut snapshot.positions[0];
    (position.liquidation, position.stop_loss, position.opened_at) = (None, None, None);
    let market = &mut snapshot.markets[0];
    (market.bid, market.funding_rate, market.change_24h) = (None, None, None);
    let built = prompt(&config(json!({})), &snapshot);
    let position = &facts(&built.user, "positions")[0];
    for key in ["liquidation_price", "liquidation_distance_percent", "stop_loss", "held_minutes"] {
        assert_eq!(position[key], Value::Null, "{key}");
    }
    let market = &facts(&built.user, "markets")[0];
    for key in ["bid", "spread_percent", "funding_rate_percent", "change_24h_percent"] {
        assert_eq!(market[key], Value::Null, "{key}");
    }
    let mut empty = quiet();
    empty.markets.clear();
    let built = prompt(&config(json!({"language": "zh"})), &empty);
    for name in ["positions", "markets", "closed_trades"] {
        assert_eq!(section(&built.user, name).map(str::trim), Some("无"), "{name}");
    }
}

#[test]
fn the_prompt_of_the_published_example_is_of_a_sensible_length() {
    for language in ["en", "zh"] {
        let built = prompt(&config(json!({"language": language})), &busy());
        assert!(built.system.chars().count() < 8_000);
        assert!(built.user.chars().count() < 4_000);
    }
}
