//! Recorded and made-up markets, seen from outside.

#![allow(clippy::unwrap_used, reason = "this whole crate is a test")]

mod parsing;
mod replaying;
mod synthetic_past;
mod synthetic_steps;

use banyan_core::time::Timestamp;
use banyan_matching::market::{Market, MarketStep};
use banyan_matching::replay::{ParseOptions, Recording, parse};

/// 2022-01-01T00:00:00Z in milliseconds.
const NEW_YEAR: i64 = 1_640_995_200_000;

/// Parses a text that is known to be good.
fn recording(text: &str, file: &str) -> Recording {
    parse(text, file, &ParseOptions::default()).unwrap()
}

/// Milliseconds after the new year.
fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(NEW_YEAR + milliseconds)
}

/// Takes up to `limit` steps; checks that each is due when the market said and none goes back.
fn take(market: &mut dyn Market, limit: usize) -> Vec<MarketStep> {
    let mut steps: Vec<MarketStep> = Vec::new();
    while steps.len() < limit {
        let due = market.next_at();
        let Some(step) = market.next_step() else {
            assert_eq!(due, None);
            break;
        };
        assert_eq!(due, Some(step.time));
        assert!(steps.last().is_none_or(|last| last.time <= step.time));
        steps.push(step);
    }
    steps
}
