//! `banyan replay --strategy ai`: strategies in words, answered by a cassette or by fixed rules.

use serde_json::Value;

use crate::banyan::{Report, banyan, number, replay, run};
use crate::folder::Folder;

const DEBATE: &str = r#"
[[strategies]]
strategy_type = "ai"
capital = 5000
[strategies.config]
prompt = "Trade the trend."
symbols = ["BTC", "ETHUSDT"]
timeframes = ["5m"]
interval_minutes = 10
[strategies.config.debate]
models = ["house:rules-v1", "house:rules-v1-contrarian", "house:rules-v1-cautious"]
rebuttal = true
"#;

fn in_words(file: &str, cassette: &str) -> Report {
    replay(&[file, "--strategy", "ai", "--cassette", cassette])
}

fn lines(cassette: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(cassette).expect("the cassette is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn what_is_recorded_once_is_played_back_to_the_same_hash() {
    let folder = Folder::new();
    let (file, cassette) = (folder.btc(), folder.path("answers.jsonl"));
    let recorded = in_words(&file, &cassette);
    assert!(recorded.fills() > 0, "{recorded:#?}");
    recorded.assert_balanced();
    let answers = lines(&cassette);
    assert!(answers.len() > 10, "one for each cycle: {}", answers.len());
    for answer in &answers {
        assert_eq!(answer["model"], "house:rules-v1");
        assert_eq!(answer["prompt_hash"].as_str().map(str::len), Some(64));
        assert!(answer["reply"].is_string() && answer["usage"].is_object());
    }
    for _ in 0..2 {
        assert_eq!(in_words(&file, &cassette).hash(), recorded.hash());
    }
    let without = replay(&[&file, "--strategy", "ai"]);
    assert_eq!(without.hash(), recorded.hash(), "the same rules answer where there is none");
}

#[test]
fn a_cassette_decides_and_what_it_does_not_hold_is_not_answered() {
    let folder = Folder::new();
    let file = folder.btc();
    let empty = in_words(&file, &folder.write("empty.jsonl", ""));
    assert_eq!(empty.fills(), 0, "nobody answers, so nothing is traded");
    let one = r#"{"decisions": [{"symbol": "BTC", "action": "open_long", "leverage": 2,
        "position_size_usd": 500, "confidence": 0.9, "stop_loss": 40000, "take_profit": 50000,
        "reasoning": "written by hand"}], "overall_confidence": 0.9}"#;
    let cassette = folder.write("one.jsonl", one);
    let once = in_words(&file, &cassette);
    assert!(once.fills() > 0, "{once:#?}");
    assert_eq!(once.hash(), in_words(&file, &cassette).hash());
    assert_ne!(once.hash(), empty.hash());
}

#[test]
fn a_debate_over_two_symbols_is_configured_in_a_file() {
    let folder = Folder::new();
    let config = folder.write("debate.toml", DEBATE);
    let cassette = folder.path("debate.jsonl");
    let arguments = [&*folder.btc(), &*folder.eth(), "--config", &config, "--cassette", &cassette];
    let report = replay(&arguments);
    assert!(number(&report.strategies()[0], "fills") > 0.0, "{report:#?}");
    let mut models: Vec<_> =
        lines(&cassette).iter().map(|it| it["model"].as_str().unwrap().to_owned()).collect();
    models.sort();
    models.dedup();
    assert_eq!(models.len(), 3, "each temperament was asked");
    assert_eq!(replay(&arguments).hash(), report.hash());
}

#[test]
fn what_is_no_cassette_is_refused_before_anything_is_replayed() {
    let folder = Folder::new();
    let file = folder.btc();
    let broken = folder.write("broken.jsonl", "{\"reply\": \"x\"}\nno answer");
    let refused = |arguments: &[&str]| run(&mut banyan(arguments));
    let answer = refused(&["replay", &file, "--strategy", "ai", "--cassette", &broken]);
    assert_eq!(answer.code, Some(3), "{answer:#?}");
    assert!(answer.stderr.contains("line 2"), "{answer:#?}");
    let answer = refused(&["replay", &file, "--strategy", "rsi", "--cassette", &broken]);
    assert_eq!(answer.code, Some(2), "{answer:#?}");
    assert!(answer.stderr.contains("--cassette"), "{answer:#?}");
}
