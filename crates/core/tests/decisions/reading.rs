//! What is read out of answers that are JSON.

use banyan_core::decision::{Action, Parsed};
use banyan_core::money::Rate;
use banyan_core::order::Side;
use banyan_core::symbol::Symbol;

use crate::scene::{
    BTC, actions, decimal, percent, position, read, read_holding, reasons, reply, symbol, units,
};

/// An answer with these decisions.
fn answer(decisions: &str) -> String {
    format!(
        r#"{{"chain_of_thought":"up","market_assessment":"calm","decisions":[{decisions}],
        "overall_confidence":80,"next_review_minutes":30}}"#
    )
}

fn opening(fields: &str) -> String {
    answer(&format!(r#"{{"symbol":"BTC","action":"open_long"{fields}}}"#))
}

fn actions_of(text: &str) -> Vec<(String, &'static str)> {
    actions(&read(text))
}

#[test]
fn a_whole_answer_is_read_exactly() {
    let text = answer(
        r#"{"symbol":"BTC","action":"open_long","leverage":5,"position_size_usd":1000.12345678,
        "entry_price":null,"stop_loss":64123.45,"take_profit":70000,"confidence":75,
        "risk_usd":20.5,"reasoning":"trend"}"#,
    );
    let reply = reply(&text);
    assert_eq!((reply.chain_of_thought.as_str(), reply.market_assessment.as_str()), ("up", "calm"));
    assert_eq!((reply.overall_confidence, reply.next_review_minutes), (percent(80), Some(30)));
    let it = &reply.proposals[0];
    assert_eq!((&it.symbol, it.action), (&symbol(BTC), Action::OpenLong));
    assert_eq!(it.leverage, Some(5));
    assert_eq!(it.position_size_usd.map(|it| it.to_string()).as_deref(), Some("1000.12345678"));
    assert_eq!((it.entry_price, it.stop_loss), (None, Some(decimal("64123.45"))));
    assert_eq!(it.take_profit, Some(decimal("70000")));
    assert_eq!((it.confidence, it.reasoning.as_str()), (percent(75), "trend"));
    assert_eq!(read(&text).trail, ["strict"]);
}

#[test]
fn quotes_within_right_json_stay_what_they_are() {
    let text = r#"{"chain_of_thought":"突破“关键位”，放量","decisions":[
        {"symbol":"BTC","action":"wait","confidence":0.8,"reasoning":"他说：“等”"}]}"#;
    let reply = reply(text);
    assert_eq!(reply.chain_of_thought, "突破“关键位”，放量");
    assert_eq!(reply.proposals[0].reasoning, "他说：“等”");
    assert_eq!(reply.proposals[0].confidence, percent(80));
}

#[test]
fn a_bare_list_and_a_decision_alone_are_answers() {
    let one = r#"{"symbol":"ETH","action":"hold","confidence":0.5}"#;
    for text in [
        format!("[{one}]"),
        one.to_owned(),
        format!(r#"{{"decisions":{one}}}"#),
        format!(r#"{{"response":{{"decisions":[{one}]}}}}"#),
        r#"{"decisions":{"ETH":{"action":"hold","confidence":0.5}}}"#.to_owned(),
        format!("{:?}", format!("[{one}]").replace('\n', "")),
    ] {
        assert_eq!(actions_of(&text), [("ETH".to_owned(), "hold")], "{text}");
    }
}

#[test]
fn both_scales_of_confidence_are_one_in_the_end() {
    let confidence = |own: &str, overall: &str| {
        let text = format!(
            r#"{{"overall_confidence":{overall},"decisions":[
            {{"symbol":"BTC","action":"wait","confidence":{own}}}]}}"#
        );
        let reply = reply(&text);
        (reply.proposals[0].confidence, reply.overall_confidence)
    };
    assert_eq!(confidence("0.75", "0.8"), (percent(75), percent(80)));
    assert_eq!(confidence("75", "80"), (percent(75), percent(80)));
    assert_eq!(confidence("1", "80"), (percent(1), percent(80)));
    assert_eq!(confidence("1", "0.8"), (Rate::ONE, percent(80)));
    assert_eq!(confidence("\"75%\"", "0.8"), (percent(75), percent(80)));
    assert_eq!(confidence("\"0.5\"", "null"), (percent(50), percent(50)));
}

#[test]
fn an_entry_of_impossible_confidence_is_dropped_and_an_exit_is_not() {
    let parsed = read(&answer(
        r#"{"symbol":"BTC","action":"open_long","confidence":150},
        {"symbol":"ETH","action":"close_long","confidence":150}"#,
    ));
    assert_eq!(actions(&parsed), [("ETH".to_owned(), "close_long")]);
    assert_eq!(reasons(&parsed), ["confidence_out_of_range"]);
    assert_eq!(parsed.reply.expect("one is left").proposals[0].confidence, Rate::ONE);
}

#[test]
fn actions_are_known_by_many_names() {
    for (name, action) in [
        ("OPEN-LONG", "open_long"),
        ("open long", "open_long"),
        ("Buy", "open_long"),
        ("做多", "open_long"),
        ("开多", "open_long"),
        ("sell", "open_short"),
        ("开空", "open_short"),
        ("平多", "close_long"),
        ("平空", "close_short"),
        ("持有", "hold"),
        ("观望", "wait"),
        ("Wait", "wait"),
    ] {
        let text = answer(&format!(r#"{{"symbol":"BTC","action":"{name}","confidence":70}}"#));
        assert_eq!(actions_of(&text), [("BTC".to_owned(), action)], "{name}");
    }
}

#[test]
fn a_bare_close_means_what_is_held() {
    let text = |name: &str| answer(&format!(r#"{{"symbol":"BTC","action":"{name}"}}"#));
    let held = |side, name: &str| {
        let parsed = read_holding(&text(name), &[position(0, BTC, side)]);
        parsed.reply.map(|it| it.proposals[0].action)
    };
    assert_eq!(held(Side::Buy, "close"), Some(Action::CloseLong));
    assert_eq!(held(Side::Sell, "平仓"), Some(Action::CloseShort));
    assert_eq!(held(Side::Buy, "sell"), Some(Action::CloseLong));
    assert_eq!(held(Side::Sell, "buy"), Some(Action::CloseShort));
    assert_eq!(held(Side::Buy, "buy"), Some(Action::OpenLong));
    assert_eq!(reasons(&read(&text("close"))), ["nothing_to_close"]);
}

#[test]
fn symbols_are_found_by_alias_and_never_invented() {
    for name in ["BTC", "btcusdt", "BTC-PERP", "BTC/USDT", "BTC-USDT-SWAP", "$BTC", BTC] {
        let text = answer(&format!(r#"{{"symbol":"{name}","action":"wait"}}"#));
        assert_eq!(actions_of(&text), [("BTC".to_owned(), "wait")], "{name}");
    }
    for (name, reason) in [
        ("\"DOGE\"", "unknown_symbol"),
        ("\"BTCETH\"", "unknown_symbol"),
        ("\"PERP\"", "unknown_symbol"),
        ("7", "unknown_symbol"),
        ("\" \"", "no_symbol"),
        ("null", "no_symbol"),
    ] {
        let parsed = read(&answer(&format!(r#"{{"symbol":{name},"action":"wait"}}"#)));
        assert_eq!(reasons(&parsed), [reason], "{name}");
        assert_eq!(parsed.error.map(|it| it.kind).as_deref(), Some("no_decisions"));
    }
}

#[test]
fn leverage_that_makes_no_sense_drops_nothing() {
    let leverage =
        |it: &str| reply(&opening(&format!(r#","leverage":{it}"#))).proposals[0].leverage;
    assert_eq!(leverage("null"), None);
    assert_eq!(leverage("\"high\""), None);
    assert_eq!(leverage("3.7"), Some(3));
    assert_eq!(leverage("0"), Some(1));
    assert_eq!(leverage("75"), Some(75));
    assert_eq!(leverage("1e9"), Some(1_000));
    assert_eq!(leverage("\"5x\""), Some(5));
}

#[test]
fn numbers_that_cannot_be_meant_are_left_out_and_told() {
    let parsed = read(&opening(
        r#","position_size_usd":-5,"stop_loss":"2% below","take_profit":0,"entry_price":1e20"#,
    ));
    let it = &parsed.reply.as_ref().expect("nothing of it drops the decision").proposals[0];
    assert_eq!((it.position_size_usd, it.stop_loss), (None, None));
    assert_eq!((it.take_profit, it.entry_price), (None, None));
    let told = |word: &str| parsed.trail.iter().any(|it| it.contains(word));
    assert!(told("position_size_usd -5") && told("stop_loss 2% below") && told("entry_price"));
    let grouped = reply(&opening(r#","position_size_usd":"$1,234.5","stop_loss":"64,000""#));
    assert_eq!(grouped.proposals[0].stop_loss, Some(decimal("64000")));
    assert_eq!(
        grouped.proposals[0].position_size_usd,
        Some(units(1_234) + units(1) - units(1) + banyan_core::money::Amount(50_000_000))
    );
}

#[test]
fn each_decision_stands_alone() {
    let good = r#"{"symbol":"ETH","action":"close_short","confidence":90,"reasoning":"x"}"#;
    for bad in [
        "null",
        "7",
        "\"text\"",
        "[]",
        "{}",
        r#"{"symbol":"BTC"}"#,
        r#"{"symbol":"BTC","action":null}"#,
        r#"{"symbol":"BTC","action":"fly"}"#,
        r#"{"symbol":"BTC","action":["open_long"]}"#,
        r#"{"symbol":{"a":1},"action":"open_long"}"#,
    ] {
        for text in [answer(&format!("{bad},{good}")), answer(&format!("{good},{bad}"))] {
            let parsed = read(&text);
            assert_eq!(actions(&parsed), [("ETH".to_owned(), "close_short")], "{bad}");
            assert_eq!(parsed.dropped.len(), 1, "{bad}");
        }
    }
}

#[test]
fn exits_need_nothing_but_symbol_and_action() {
    let text = answer(
        r#"{"symbol":"BTC","action":"close_long","leverage":null,"position_size_usd":null,
        "confidence":null,"reasoning":null}"#,
    );
    let reply = reply(&text);
    assert_eq!(reply.proposals[0].action, Action::CloseLong);
    assert_eq!((reply.proposals[0].confidence, reply.proposals[0].leverage), (percent(80), None));
    assert_eq!(reply.proposals[0].reasoning, "");
}

#[test]
fn a_symbol_has_one_decision() {
    let wish = |name: &str, action: &str| {
        format!(r#"{{"symbol":"{name}","action":"{action}","confidence":80}}"#)
    };
    let two = |first: &str, second: &str| -> Parsed {
        read(&answer(&format!("{},{}", wish("BTC", first), wish("BTCUSDT", second))))
    };
    let cases = [
        ("open_long", "open_short", "duplicate_symbol"),
        ("hold", "open_long", "duplicate_symbol"),
        ("close_long", "open_short", "close_first"),
        ("close_short", "open_long", "close_first"),
        ("close_long", "open_long", "duplicate_symbol"),
    ];
    for (first, second, reason) in cases {
        let parsed = two(first, second);
        assert_eq!(actions(&parsed), [("BTC".to_owned(), first)]);
        assert_eq!(reasons(&parsed), [reason]);
    }
}

#[test]
fn a_decision_that_was_dropped_takes_no_place() {
    let parsed = read(&answer(
        r#"{"symbol":"BTC","action":"fly"},{"symbol":"BTC","action":"open_long","confidence":80}"#,
    ));
    assert_eq!(actions(&parsed), [("BTC".to_owned(), "open_long")]);
}

#[test]
fn an_empty_list_is_a_wish_for_nothing_and_no_list_is_an_error() {
    let parsed = read(&answer(""));
    assert!(parsed.error.is_none());
    assert!(parsed.reply.expect("a reply").proposals.is_empty());
    let kind = |text: &str| read(text).error.map(|it| it.kind);
    assert_eq!(kind(r#"{"chain_of_thought":"x"}"#).as_deref(), Some("no_decisions"));
    assert_eq!(kind(r#"{"decisions":null}"#).as_deref(), Some("no_decisions"));
    assert_eq!(kind("[]").as_deref(), Some("no_decisions"));
    assert_eq!(kind("  \n ").as_deref(), Some("empty"));
    assert_eq!(kind("I would wait.").as_deref(), Some("unreadable"));
    assert_eq!(kind("42").as_deref(), Some("unreadable"));
}

#[test]
fn the_next_review_is_kept_within_bounds() {
    let review = |it: &str| {
        reply(&format!(r#"{{"decisions":[],"next_review_minutes":{it}}}"#)).next_review_minutes
    };
    assert_eq!(review("5"), Some(5));
    assert_eq!(review("\"15 minutes\""), Some(15));
    assert_eq!(review("43200"), Some(43_200));
    for out in ["0", "-3", "43201", "null", "\"soon\"", "1e30"] {
        assert_eq!(review(out), None, "{out}");
    }
}

#[test]
fn without_a_word_on_the_whole_it_is_as_sure_as_its_parts() {
    let text = r#"{"decisions":[{"symbol":"BTC","action":"wait","confidence":0.6},
        {"symbol":"ETH","action":"wait","confidence":0.8}]}"#;
    assert_eq!(reply(text).overall_confidence, percent(70));
}

#[test]
fn a_symbol_of_the_reply_is_the_listed_one() {
    let listed: Symbol = symbol(BTC);
    assert_eq!(reply(r#"[{"symbol":"btc","action":"wait"}]"#).proposals[0].symbol, listed);
}
