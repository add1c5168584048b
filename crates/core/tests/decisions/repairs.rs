//! What is read out of answers that are no JSON, or not quite.

use crate::scene::{actions, decimal, percent, read, reasons, reply};

const BOTH: [(&str, &str); 2] = [("BTC", "open_long"), ("ETH", "hold")];

/// A good answer with two decisions.
const GOOD: &str = r#"{
  "chain_of_thought": "up",
  "decisions": [
    {"symbol": "BTC", "action": "open_long", "confidence": 80, "stop_loss": 64000,
     "reasoning": "trend"},
    {"symbol": "ETH", "action": "hold", "confidence": 60, "reasoning": "range"}
  ],
  "overall_confidence": 70
}"#;

fn expect_both(text: &str) {
    let found = actions(&read(text));
    let found: Vec<(&str, &str)> = found.iter().map(|(s, a)| (s.as_str(), *a)).collect();
    assert_eq!(found, BOTH, "{text}\n{:?}", read(text));
    let reply = reply(text);
    assert_eq!(reply.proposals[0].stop_loss, Some(decimal("64000")), "{text}");
    assert_eq!(reply.proposals[0].confidence, percent(80), "{text}");
    assert_eq!(reply.overall_confidence, percent(70), "{text}");
}

#[test]
fn what_stands_around_the_json_does_not_matter() {
    for text in [
        format!("Here is my answer:\n{GOOD}"),
        format!("{GOOD}\nGood luck!"),
        format!("Levels [1, 2] and {{x}} matter.\n\n{GOOD} Done."),
        format!("```json\n{GOOD}\n```"),
        format!("Sure!\n```\n{GOOD}\n```\nThat is all."),
        format!("```JSON {GOOD}```"),
        format!("```json\n{GOOD}"),
        format!("\u{feff}{GOOD}"),
        format!("<think>maybe {{\"symbol\":\"BTC\",\"action\":\"open_short\"}}</think>\n{GOOD}"),
        format!("so I said\n</think>{GOOD}"),
        format!("<Thinking>hm</Thinking>```json\n{GOOD}\n```"),
    ] {
        expect_both(&text);
    }
}

#[test]
fn prose_before_the_json_is_how_the_model_came_to_it_where_it_says_nothing_else() {
    let text = r#"RSI is low. [{"symbol":"BTC","action":"wait","confidence":0.5}]"#;
    assert_eq!(reply(text).chain_of_thought, "RSI is low.");
    assert_eq!(reply(&format!("Some prose. {GOOD}")).chain_of_thought, "up");
}

#[test]
fn other_spellings_of_json_are_read() {
    for text in [
        GOOD.replace('"', "'"),
        GOOD.replace("\": ", "”: ").replace('"', "“"),
        GOOD.replace("},\n", "},// a comment\n").replace("range\"}", "range\",},"),
        GOOD.replace("\"decisions\"", "/* here */ \"decisions\""),
        GOOD.replace(", ", "，").replace(": ", "：").replace('{', "｛").replace('}', "｝"),
        GOOD.replace("\"symbol\"", "symbol").replace("\"action\"", "action"),
        GOOD.replace("\"open_long\"", "open_long").replace("\"hold\"", "hold"),
        GOOD.replace("64000", "64,000"),
        GOOD.replace("\"range\"}\n  ]", "\"range\"}\n  ],"),
        GOOD.replace("64000,", "64000"),
    ] {
        expect_both(&text);
    }
}

#[test]
fn what_is_commented_out_is_not_carried_out() {
    let hold = r#"{"symbol":"ETH","action":"hold","confidence":0.5}"#;
    let open = r#"{"symbol":"BTC","action":"open_long","confidence":0.9}"#;
    for text in [
        format!("{{\"decisions\":[\n  // {open},\n{hold},]}}"),
        format!("{{\"decisions\":[\n  // {open},\n{hold}"),
        format!("{{\"decisions\":[/* {open}, */ {hold},]}}"),
    ] {
        assert_eq!(actions(&read(&text)), [("ETH".to_owned(), "hold")], "{text}");
    }
}

#[test]
fn quotes_within_texts_are_told_from_their_ends() {
    let text = GOOD.replace("\"trend\"", "\"the \"dip\", they say, is \"bought\"\"");
    expect_both(&text);
    assert_eq!(reply(&text).proposals[0].reasoning, "the \"dip\", they say, is \"bought\"");
    let chinese = GOOD.replace('"', "“").replace("trend", "看到“突破”了，“放量”上涨");
    expect_both(&chinese);
    assert_eq!(reply(&chinese).proposals[0].reasoning, "看到“突破”了，“放量”上涨");
}

#[test]
fn missing_braces_and_brackets_lose_no_neighbour() {
    for text in [
        GOOD.replace("\"range\"}", "\"range\""),
        GOOD.replace("\n  ],", ","),
        GOOD.trim_end_matches('}').to_owned(),
        format!("{GOOD}}}]}}"),
    ] {
        expect_both(&text);
    }
}

#[test]
fn of_an_answer_that_was_cut_off_whole_decisions_count() {
    let cut = |mark: &str| GOOD.split_once(mark).expect("the mark is there").0.to_owned();
    let parsed = read(&cut("\"ETH\""));
    assert_eq!(actions(&parsed), [("BTC".to_owned(), "open_long")]);
    let parsed = read(&cut("64000"));
    assert_eq!(reasons(&parsed), ["truncated"]);
    assert_eq!(parsed.error.expect("nothing is left").kind, "no_decisions");
    // A number that was cut may have been another one: 6 is not 64000.
    assert!(read(&cut("4000")).reply.is_none());
}

#[test]
fn an_exit_that_was_cut_off_is_carried_out_once_it_is_said() {
    let text = r#"{"decisions":[{"symbol":"BTC","action":"close_long","reasoning":"the tre"#;
    assert_eq!(actions(&read(text)), [("BTC".to_owned(), "close_long")]);
    assert!(read(r#"{"decisions":[{"symbol":"BTC","action":"close_lo"#).reply.is_none());
}

#[test]
fn thinking_that_never_ends_is_no_answer() {
    let text = format!("<think>Perhaps {GOOD}");
    assert_eq!(read(&text).error.expect("no answer").kind, "unreadable");
}

#[test]
fn of_two_blocks_the_last_with_decisions_wins() {
    let other = GOOD.replace("open_long", "open_short");
    expect_both(&format!("```json\n{other}\n```\nor rather\n```json\n{GOOD}\n```"));
    expect_both(&format!("```json\n{GOOD}\n```\nas in\n```json\n{{\"decisions\":[]}}\n```"));
    expect_both(&format!("```json\n{GOOD}\n```\nrun\n```sh\nls {{a}}\n```"));
    expect_both(&format!("draft: {other}\nfinal: {GOOD}"));
}

#[test]
fn decisions_one_by_one_are_taken_together() {
    let text = r#"{"symbol":"BTC","action":"open_long","confidence":80}
        {"symbol":"ETH","action":"hold","confidence":60}"#;
    let found = actions(&read(text));
    assert_eq!(found, BOTH.map(|(symbol, action)| (symbol.to_owned(), action)));
}

#[test]
fn a_broken_decision_never_lends_its_parts_to_another() {
    // The quote after `abc` is missing: read naively, BTC would be opened as ETH should be.
    let text = r#"{"decisions":[{"symbol":"BTC","reasoning":"abc},
        {"symbol":"ETH","action":"open_long","confidence":80,"reasoning":"x"}]}"#;
    let parsed = read(text);
    assert_eq!(actions(&parsed), [("ETH".to_owned(), "open_long")], "{parsed:?}");
    let merged = r#"{"decisions":[{"symbol":"BTC","action":"hold",
        "symbol":"ETH","action":"open_long","confidence":80,},]"#;
    assert_eq!(actions(&read(merged)), [("BTC".to_owned(), "hold")]);
}

#[test]
fn a_decision_beside_a_broken_one_is_found() {
    let good = r#"{"symbol":"ETH","action":"close_short","confidence":90,"reasoning":"x"}"#;
    for broken in [
        r#"{"symbol":"BTC","action":"open_long","#,
        r#"{"symbol":"BTC","action":"open_long","reasoning":"abc"#,
        r#"{"symbol":"BTC""action":}"#,
        r#"{"symbol":"BTC","action":"open_long"]"#,
        r#"{{"symbol":"BTC"}"#,
        r#""symbol":"BTC"}"#,
        r#"[[[{"#,
        r#"\"#,
        r#"{"symbol":'BTC"#,
    ] {
        for list in [format!("{broken},{good}"), format!("{good},{broken}")] {
            let parsed = read(&format!(r#"{{"decisions":[{list}],"overall_confidence":80}}"#));
            let found = actions(&parsed);
            assert!(found.contains(&("ETH".to_owned(), "close_short")), "{list}\n{parsed:?}");
            assert!(!found.iter().any(|(_, it)| it.starts_with("open")), "{list}\n{parsed:?}");
        }
    }
}

#[test]
fn hostile_texts_are_survived() {
    let deep = "[".repeat(100_000);
    let objects = r#"{"a":"#.repeat(50_000);
    let quotes = "{\"".repeat(50_000);
    let blanks = format!("{{\"a\":\"{}", "\" ".repeat(50_000));
    let fences = "```".repeat(30_000);
    let thoughts = "<think>".repeat(20_000);
    for text in [deep, objects, quotes, blanks, fences, thoughts, "\\u".repeat(9), "｛".repeat(99)]
    {
        assert!(read(&text).reply.is_none());
    }
}

/// The action of one decision and the figures of another, where both were cut off in between.
#[test]
fn an_action_with_marks_of_json_is_what_two_pieces_left() {
    let text = r#"{"decisions": [{"symbol": "ETH", "action": "wait"},
        {"symbol": "BTC", "action": ",short", "leverage":, "position_size_usd": 6712466}]}"#;
    let parsed = read(text);
    assert_eq!(actions(&parsed), [("ETH".to_owned(), "wait")]);
    assert_eq!(reasons(&parsed), ["unknown_action"]);
}
