//! Reading, checking and saving configurations of strategies in words.

use banyan_core::money::{Amount, Rate};
use banyan_core::prompt::TradingMode;
use banyan_core::risk::RiskLimits;
use banyan_core::strategy::StrategyConfig;
use banyan_core::strategy::config::AiConfig;
use banyan_core::time::Timeframe;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::desk::{config, example};

fn faulty_fields(more: Value) -> Vec<&'static str> {
    let errors = config(more).validate().err().unwrap_or_default();
    errors.iter().map(|error| error.field).collect()
}

#[test]
fn the_published_example_is_read_and_valid() {
    let read = config(json!({}));
    assert_eq!(read.validate(), Ok(()));
    assert_eq!(read.trading_mode, TradingMode::Balanced);
    assert_eq!(read.timeframes, [Timeframe::FourHours, Timeframe::OneHour]);
    assert_eq!((read.interval_minutes, read.auto_execute), (15, true));
    // What the example does not say is as everywhere.
    assert!(read.indicators.macd.enabled && read.indicators.atr.enabled);
    let preview = config(json!({"indicators": {"ema": {"enabled": true}}}));
    assert_eq!(preview.indicators.ema.long_period, 21);
}

#[test]
fn a_configuration_survives_json_and_a_saved_state() {
    let full = json!({
        "language": "zh",
        "prompt_mode": "advanced",
        "advanced_prompt": "# Rules",
        "prompt_sections": {"role_definition": "A bear."},
        "temperature": 0.7,
        "ai_model": null,
        "debate": {"models": ["a:b", "c:d:e"], "consensus_mode": "unanimous", "rebuttal": true},
        "fallback_model": "house:rules-v1",
        "risk_controls": {"max_order_notional": "12.5", "min_confidence": 65},
        "indicators": {"ema": {"longest_period": 55}, "bollinger": {"enabled": true}},
        "approval_band_percent": "0.125"
    });
    for fields in [json!({}), full] {
        let read = config(fields);
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<AiConfig>(&text).unwrap(), read);
        let bytes = postcard::to_stdvec(&read).unwrap();
        assert_eq!(postcard::from_bytes::<AiConfig>(&bytes).unwrap(), read);
        let any = StrategyConfig::Ai(Box::new(read));
        let bytes = postcard::to_stdvec(&any).unwrap();
        assert_eq!(postcard::from_bytes::<StrategyConfig>(&bytes).unwrap(), any);
    }
}

#[test]
fn flat_periods_are_read_and_zero_switches_off() {
    let read = config(json!({"indicators": {
        "ema_periods": [9, 21, 55], "rsi_period": 7, "macd_fast": 8, "macd_slow": 17,
        "macd_signal": 5, "atr_period": 0, "bollinger_period": 20
    }}));
    let indicators = read.indicators;
    assert_eq!((indicators.ema.short_period, indicators.ema.long_period), (9, 21));
    assert_eq!(indicators.ema.longest_period, Some(55));
    assert_eq!((indicators.rsi.enabled, indicators.rsi.period), (true, 7));
    let macd = &indicators.macd;
    assert_eq!((macd.fast, macd.slow, macd.signal), (8, 17, 5));
    assert!(!indicators.atr.enabled && indicators.bollinger.enabled);
    let none = config(json!({"indicators": {"ema_periods": []}}));
    assert!(!none.indicators.ema.enabled);
}

#[test]
fn a_field_that_nobody_knows_is_refused() {
    for (field, value) in [
        ("symbol", json!("BTC")),
        ("risk_controls", json!({"max_levrage": 3})),
        ("indicators", json!({"ichimoku": {"enabled": true}})),
        ("indicators", json!({"ema_periods": [9]})),
        ("ai_model", json!("deepseek-chat")),
        ("timeframes", json!(["2h"])),
    ] {
        let mut fields = example();
        fields[field] = value.clone();
        assert!(serde_json::from_value::<AiConfig>(fields).is_err(), "{field} {value}");
    }
}

#[test]
fn every_fault_is_named() {
    let long = "x".repeat(20_001);
    let many: Vec<_> = (0..21).map(|number| format!("C{number}")).collect();
    let three = json!({"models": ["a:1", "a:2", "a:3"], "min_participants": 4});
    let cases = vec![
        (json!({"prompt": " \n"}), vec!["prompt"]),
        (json!({"prompt": long}), vec!["prompt"]),
        (json!({"prompt_mode": "advanced"}), vec!["advanced_prompt"]),
        (
            json!({"prompt_sections": {"entry_standards": long}}),
            vec!["prompt_sections.entry_standards"],
        ),
        (json!({"symbols": []}), vec!["symbols"]),
        (json!({"symbols": many}), vec!["symbols"]),
        (json!({"symbols": ["BTC", "btc "]}), vec!["symbols"]),
        (json!({"symbols": ["BTC\nETH"]}), vec!["symbols"]),
        (json!({"timeframes": []}), vec!["timeframes"]),
        (json!({"timeframes": ["1h", "1h"]}), vec!["timeframes"]),
        (json!({"indicators": {"ema": {"short_period": 21}}}), vec!["indicators.ema.short_period"]),
        (
            json!({"indicators": {"ema": {"longest_period": 21}}}),
            vec!["indicators.ema.longest_period"],
        ),
        (json!({"indicators": {"rsi": {"period": 1}}}), vec!["indicators.rsi.period"]),
        (json!({"indicators": {"macd": {"fast": 26}}}), vec!["indicators.macd.fast"]),
        (json!({"ai_model": null}), vec!["ai_model"]),
        (json!({"debate": {"models": ["a:1", "a:2"]}}), vec!["ai_model"]),
        (json!({"ai_model": null, "debate": three}), vec!["debate.min_participants"]),
        (json!({"ai_model": null, "debate": {"models": ["a:1"]}}), vec!["debate.models"]),
        (json!({"ai_model": null, "debate": {"models": ["a:1", "a:1"]}}), vec!["debate.models"]),
        (json!({"fallback_model": "deepseek:deepseek-chat"}), vec!["fallback_model"]),
        (json!({"interval_minutes": 0}), vec!["interval_minutes"]),
        (json!({"min_review_minutes": 1_441}), vec!["min_review_minutes"]),
        (json!({"events": {"volatility_percent": 0.05}}), vec!["events.volatility_percent"]),
        (json!({"events": {"cooldown_minutes": 0}}), vec!["events.cooldown_minutes"]),
        (json!({"approval_minutes": 1_441}), vec!["approval_minutes"]),
        (json!({"approval_band_percent": 0}), vec!["approval_band_percent"]),
        (json!({"cycle_seconds": 4}), vec!["cycle_seconds"]),
        (json!({"max_answer_tokens": 255}), vec!["max_answer_tokens"]),
        (json!({"max_reasoning_tokens": 131_073}), vec!["max_reasoning_tokens"]),
        (json!({"temperature": 2.1}), vec!["temperature"]),
        (json!({"safe_mode_after": 0}), vec!["safe_mode_after"]),
        (json!({"veto_percent": 101}), vec!["veto_percent"]),
    ];
    for (more, expected) in cases {
        let fields: String = more.to_string().chars().take(80).collect();
        assert_eq!(faulty_fields(more), expected, "{fields}");
    }
}

#[test]
fn the_bounds_themselves_are_allowed() {
    let many: Vec<_> = (0..20).map(|number| format!("C{number}")).collect();
    let five = ["a:1", "a:2", "a:3", "a:4", "a:5"];
    for more in [
        json!({"prompt": "x".repeat(20_000), "symbols": many}),
        json!({"timeframes": ["1m", "5m", "15m", "30m", "1h", "4h"]}),
        json!({"prompt": "", "prompt_sections": {"role_definition": "A trader."}}),
        json!({"prompt": "", "prompt_mode": "advanced", "advanced_prompt": "Trade."}),
        json!({"ai_model": null, "debate": {"models": five, "min_participants": 5}}),
        json!({"interval_minutes": 43_200, "min_review_minutes": 1, "max_review_minutes": 43_200}),
        json!({"events": {"volatility_percent": 0, "stop_near_percent": 0.01}}),
        json!({"temperature": 0, "veto_percent": 0, "max_reasoning_tokens": 0}),
        json!({"indicators": {"rsi": {"enabled": false, "period": 0}}}),
    ] {
        assert_eq!(faulty_fields(more.clone()), Vec::<&str>::new());
    }
}

#[test]
fn limits_are_the_common_ones_with_those_of_the_owner_in_their_place() {
    let percent = |n: i64| Rate::from_basis_points(n * 100);
    let limits = config(json!({})).limits();
    let expected =
        RiskLimits { max_leverage: 3, max_position_ratio: percent(30), ..RiskLimits::default() };
    assert_eq!(limits, expected);

    let all = json!({"risk_controls": {
        "max_leverage": 10, "max_position_ratio": 0.05, "max_total_exposure": 0.4,
        "min_risk_reward_ratio": 1.5, "max_drawdown_percent": 0.2, "max_daily_loss": 0.03,
        "min_confidence": 75, "default_sl_atr_multiplier": 2, "default_tp_atr_multiplier": 4,
        "max_sl_percent": 0.08, "max_positions": 2, "max_order_notional": 2_500.5
    }});
    let expected = RiskLimits {
        max_leverage: 10,
        max_position_ratio: percent(5),
        max_total_exposure: percent(40),
        min_risk_reward_ratio: percent(150),
        max_drawdown: percent(20),
        max_daily_loss: percent(3),
        min_confidence: percent(75),
        default_stop_loss_atr: percent(200),
        default_take_profit_atr: percent(400),
        max_stop_distance: percent(8),
        max_positions: 2,
        max_order_notional: Amount::from_decimal(Decimal::new(25_005, 1)).unwrap(),
        ..RiskLimits::default()
    };
    assert_eq!(config(all).limits(), expected);
}

#[test]
fn a_confidence_is_a_fraction_or_a_percentage() {
    for (written, meant) in [
        (json!(0), 0),
        (json!(0.65), 6_500),
        (json!(1), 10_000),
        (json!(1.5), 150),
        (json!(65), 6_500),
        (json!(100), 10_000),
    ] {
        let limits = config(json!({"risk_controls": {"min_confidence": written}})).limits();
        assert_eq!(limits.min_confidence, Rate::from_basis_points(meant));
    }
}

#[test]
fn a_limit_out_of_its_bounds_is_named_as_its_owner_writes_it() {
    for (field, value) in [
        ("max_leverage", json!(0)),
        ("max_leverage", json!(51)),
        ("max_position_ratio", json!(20)),
        ("max_total_exposure", json!(0.05)),
        // Too large to be held: must not become zero, which is off.
        ("min_risk_reward_ratio", json!("1000000000000000000")),
        ("min_risk_reward_ratio", json!(-1)),
        ("max_drawdown", json!(0.6)),
        ("max_daily_loss", json!(0)),
        ("min_confidence", json!(101)),
        ("max_stop_distance", json!(0.31)),
        ("default_stop_loss_atr", json!(0.4)),
        ("default_take_profit_atr", json!(11)),
        ("max_positions", json!(0)),
        ("max_order_notional", json!(0)),
        ("max_order_notional", json!("79228162514264337593543950335")),
    ] {
        let found = faulty_fields(json!({"risk_controls": {field: value}}));
        assert_eq!(found, [format!("risk_controls.{field}")], "{value}");
    }
}
