//! Answers that are made up by the hundred thousand: good decisions beside spoilt ones, whole or
//! cut off, with all that models put around them.
//!
//! What must hold: nothing panics, no good decision is lost because of what stands beside it, and
//! none gets the figures of another, unless pieces of two are right JSON together.
//! `BANYAN_REPLIES` says how many answers are made, and `BANYAN_FIRST_REPLY` from which seed on.

use std::collections::BTreeSet;

use banyan_core::decision::{Parsed, Universe, parse};
use banyan_core::instrument::Instrument;
use banyan_core::money::Rate;
use proptest::prelude::*;
use rand::rand_core::{Rng, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde_json::Value;

use crate::scene::instrument;

const SYMBOLS: [&str; 6] = ["BTC", "ETH", "SOLANA", "XRP", "DOGE", "AVAX"];
const ACTIONS: [&str; 6] = ["open_long", "open_short", "close_long", "close_short", "hold", "wait"];
/// What models write into texts.
const WORDS: [&str; 12] = [
    "the trend is up",
    "他说“等”，再看",
    r#"a \"quoted\" word"#,
    "don't chase {x} or [y]",
    "RSI < 30, price > 50",
    r"tabs\tand\nlines",
    "```code``` here",
    "<think>no</think>",
    "50% // not a comment",
    "https://example.org/a",
    "",
    "“多头”：继续",
];
/// What a spoilt decision may get at any place.
const JUNK: [&str; 22] = [
    "\"", "{", "}", "[", "]", ",", ":", "```", "<think>", "</think>", "//", "/*", "\\", "“", "”",
    "'", "\n", "null", "，", "：", "{\"", "\u{0}",
];
/// What a value of a spoilt decision may be instead.
const VALUES: [&str; 12] =
    ["null", "[]", "{}", "\"\"", "1e999", "-1", "true", "\"abc", "{\"a\":", "\"high\"", "[1,", "0"];

struct Made {
    text: String,
    /// Symbol, action and size of the good ones that are there as a whole.
    good: Vec<(usize, usize, u64)>,
    /// Sizes of all, good or spoilt, by symbol.
    sizes: Vec<(usize, u64)>,
}

struct Maker(Pcg64Mcg);

impl Maker {
    fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound as u64) as usize
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    /// A decision that is right JSON by itself; the size tells it from all others.
    fn decision(&mut self, symbol: usize, action: usize, size: u64) -> String {
        let blank = self.one_of(&["", " ", "\n  "]);
        let (stop, words) = (self.below(90_000) + 1, self.one_of(&WORDS));
        let confidence = self.below(100) as f64 / 100.0;
        let (name, action) = (SYMBOLS[symbol], ACTIONS[action]);
        let head = format!(r#"{{"symbol":{blank}"{name}","action":"{action}",{blank}"leverage":3"#);
        let figures =
            format!(r#""position_size_usd":{size},"stop_loss":{stop},"take_profit":null"#);
        let rest = format!(r#"{blank}"confidence":{confidence},"reasoning":"{words}"}}"#);
        format!("{head},{figures},{rest}")
    }

    /// The same, with something wrong.
    fn spoil(&mut self, decision: &str) -> String {
        let mut text = decision.to_owned();
        for _ in 0..=self.below(3) {
            let at = self.place(&text);
            match self.below(5) {
                0 => text.insert_str(at, self.one_of(&JUNK)),
                1 => drop(text.drain(at..at + text[at..].chars().next().map_or(0, char::len_utf8))),
                2 => text.truncate(at),
                3 => drop(text.drain(..at)),
                _ => self.replace_value(&mut text),
            }
        }
        // What begins as a comment is meant to be left out.
        if text.trim_start().starts_with(['/', '#']) {
            text.insert(0, 'x');
        }
        text
    }

    /// A place within a text, at the boundary of a character.
    fn place(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }

    fn replace_value(&mut self, text: &mut String) {
        let colons: Vec<usize> = text.match_indices("\":").map(|(at, _)| at + 2).collect();
        if colons.is_empty() {
            return;
        }
        let at = colons[self.below(colons.len())];
        let end = text[at..].find([',', '}']).map_or(text.len(), |it| at + it);
        text.replace_range(at..end, self.one_of(&VALUES));
    }

    fn answer(&mut self) -> Made {
        let count = 1 + self.below(SYMBOLS.len());
        let mut made = Made { text: String::new(), good: Vec::new(), sizes: Vec::new() };
        let (open, close) = self.envelope();
        made.text.push_str(open);
        let first = self.below(SYMBOLS.len());
        for number in 0..count {
            let symbol = (first + number) % SYMBOLS.len();
            let (action, size) = (self.below(ACTIONS.len()), self.size(symbol));
            let decision = self.decision(symbol, action, size);
            made.sizes.push((symbol, size));
            if self.below(3) > 0 {
                made.good.push((symbol, action, size));
                made.text.push_str(&decision);
            } else {
                made.text.push_str(&self.spoil(&decision));
            }
            if number + 1 < count {
                made.text.push_str(self.one_of(&[",", ", ", ",\n"]));
            }
        }
        made.text.push_str(close);
        self.wrap(&mut made.text);
        made
    }

    /// A size that no other symbol has.
    fn size(&mut self, symbol: usize) -> u64 {
        1_000 + self.0.next_u64() % 1_000_000 + symbol as u64 * 2_000_000
    }

    /// What stands around the list.
    fn envelope(&mut self) -> (&'static str, &'static str) {
        match self.below(4) {
            0 => ("[", "]"),
            1 => ("{\"chain_of_thought\":\"up {a} \\\"b\\\"\",\n\"decisions\":[", "]}"),
            2 => {
                ("{\"decisions\": [", "], \"overall_confidence\": 0.7, \"next_review_minutes\": 5}")
            }
            _ => ("{\"market_assessment\":\"“calm”\",\"decisions\":[\n", "\n],}"),
        }
    }

    fn wrap(&mut self, text: &mut String) {
        let (before, after) = match self.below(6) {
            0 => ("Here is what I think, (see [1]):\n\n", "\nGood luck!"),
            1 => ("```json\n", "\n```"),
            2 => ("Sure.\n```\n", "\n```\nThat is all."),
            3 => ("<think>Perhaps {\"symbol\":\"BTC\",\"action\":\"open_long\"}?</think>", ""),
            4 => ("我的决定：", ""),
            _ => ("", ""),
        };
        text.insert_str(0, before);
        text.push_str(after);
    }
}

struct Reader {
    listed: Vec<Instrument>,
}

impl Reader {
    fn new() -> Self {
        let listed =
            SYMBOLS.iter().zip(0..).map(|(name, id)| instrument(id, &format!("{name}/USDT:USDT")));
        Self { listed: listed.collect() }
    }

    fn read(&self, text: &str) -> Parsed {
        let instruments: Vec<&Instrument> = self.listed.iter().collect();
        parse(text, &Universe { instruments: &instruments, held: &[] })
    }
}

fn check(reader: &Reader, made: &Made, seed: u64) {
    let parsed = reader.read(&made.text);
    let proposals = parsed.reply.iter().flat_map(|it| &it.proposals);
    let found: Vec<_> = proposals
        .map(|it| {
            let size = it.position_size_usd.and_then(|it| it.to_string().parse::<u64>().ok());
            (it.instrument.0 as usize, it.action.name(), size)
        })
        .collect();
    let told = || format!("seed {seed}\n{}\n{parsed:#?}", made.text);
    for (symbol, action, size) in &made.good {
        let it = (*symbol, ACTIONS[*action], Some(*size));
        assert!(found.contains(&it), "{} was lost: {}", SYMBOLS[*symbol], told());
    }
    for (symbol, _, size) in &found {
        let lent = made.sizes.iter().any(|(of, it)| of != symbol && Some(*it) == *size);
        let lent = lent && !is_right_together(&made.text, SYMBOLS[*symbol], *size);
        assert!(!lent, "{} got the size of another: {}", SYMBOLS[*symbol], told());
    }
}

/// Says whether two broken pieces make one decision that is right JSON, so that nothing shows.
fn is_right_together(text: &str, symbol: &str, size: Option<u64>) -> bool {
    text.match_indices('{').any(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        let first = values.next().and_then(Result::ok);
        first.is_some_and(|it| it["symbol"] == symbol && it["position_size_usd"].as_u64() == size)
    })
}

fn how_many() -> u64 {
    std::env::var("BANYAN_REPLIES").ok().and_then(|it| it.parse().ok()).unwrap_or(50_000)
}

#[test]
fn no_good_decision_is_lost_because_of_its_neighbours() {
    let (reader, first, count) = (Reader::new(), first(), how_many());
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for part in 0..threads {
            let reader = &reader;
            scope.spawn(move || {
                for seed in (first + part..count).step_by(threads as usize) {
                    let mut maker = Maker(Pcg64Mcg::seed_from_u64(seed));
                    check(reader, &maker.answer(), seed);
                }
            });
        }
    });
    println!("{count} answers were read");
}

#[test]
fn of_an_answer_that_is_cut_off_at_any_place_nothing_whole_is_lost() {
    let reader = Reader::new();
    for seed in 0..how_many() / 10 {
        let mut maker = Maker(Pcg64Mcg::seed_from_u64(seed));
        let decisions = [(0, 2, 111), (1, 4, 222), (2, 0, 333)];
        let texts = decisions.map(|(symbol, action, size)| maker.decision(symbol, action, size));
        let text = format!("{{\"decisions\":[{}]}}", texts.join(","));
        let cut = maker.place(&text);
        let whole = |index: usize| {
            let before: usize = texts[..=index].iter().map(|it| it.len() + 1).sum();
            "{\"decisions\":[".len() + before - 1 <= cut
        };
        let good = (0..3).filter(|it| whole(*it)).map(|it| decisions[it]).collect();
        let sizes = decisions.map(|(symbol, _, size)| (symbol, size)).into();
        check(&reader, &Made { text: text[..cut].to_owned(), good, sizes }, seed);
    }
}

fn first() -> u64 {
    std::env::var("BANYAN_FIRST_REPLY").ok().and_then(|it| it.parse().ok()).unwrap_or(0)
}

/// Whatever is read: either a reply or an error, at most one proposal for each listed symbol, and
/// numbers within their bounds.
fn expect_sound(parsed: &Parsed) {
    assert_eq!(parsed.reply.is_some(), parsed.error.is_none(), "{parsed:?}");
    let proposals: Vec<_> = parsed.reply.iter().flat_map(|it| &it.proposals).collect();
    let seen: BTreeSet<_> = proposals.iter().map(|it| it.instrument).collect();
    assert_eq!(seen.len(), proposals.len());
    for it in proposals {
        assert!(it.confidence >= Rate::ZERO && it.confidence <= Rate::ONE);
        assert!(it.position_size_usd.is_none_or(|it| !it.is_negative()));
        assert!(
            [it.stop_loss, it.take_profit, it.entry_price]
                .iter()
                .flatten()
                .all(|it| { it.is_sign_positive() && !it.is_zero() })
        );
    }
    assert!(parsed.trail.len() <= 200 && parsed.dropped.len() <= 64);
}

/// Pieces of answers in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = ["\"symbol\"", "\"BTC\"", "\"action\"", "\"open_long\"", "\"decisions\"", "80"];
    let pieces: Vec<&str> = JUNK.into_iter().chain(words).chain(VALUES).collect();
    prop::collection::vec(prop::sample::select(pieces), 0..80).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        expect_sound(&Reader::new().read(&text));
    }

    #[test]
    fn any_order_of_pieces_is_survived(text in soup()) {
        expect_sound(&Reader::new().read(&text));
    }
}
