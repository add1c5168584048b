//! What one fill costs the account, after a thousand, ten thousand and a hundred thousand of them.
//!
//! One fill is its whole cycle in the core: the worker's wish with its state, review and planning,
//! the journal's answer, the venue's acceptance, the fill, and the booking in order, position and
//! ledger. Nothing is written, sent or awaited. Accounting must not grow with history, so the
//! ratio of the largest run to the smallest stays near one.

mod support {
    pub(crate) mod desk;
    pub(crate) mod fixtures;
    pub(crate) mod samples;
}

use banyan_core::account::Input;
use banyan_core::ids::Sequence;
use banyan_core::intent::{ExitReason, Intent, Protection, Sizing};
use banyan_core::money::Quantity;
use banyan_core::order::Side;
use banyan_core::time::Span;

use support::desk::Desk;
use support::fixtures::BTC;
use support::samples::{now, repetitions};

/// A run is repeated this often, and the middle one counts.
const RUNS: usize = 5;
/// As long as the state of a small strategy.
const SAVED_BYTES: usize = 128;

fn main() {
    let figures: Vec<u64> = [1_000, 10_000, 100_000].map(per_fill).to_vec();
    let ratio = figures[2] as f64 / figures[0] as f64;
    println!("cost_per_fill/ratio: 100000 against 1000 fills {ratio:.2}");
}

/// Prints and returns the nanoseconds per fill of the middle run.
fn per_fill(full: usize) -> u64 {
    let fills = repetitions(full) as u32;
    let mut runs: Vec<u64> = (0..RUNS).map(|_| run(fills)).collect();
    runs.sort_unstable();
    let (middle, slowest) = (runs[RUNS / 2], runs[RUNS - 1]);
    println!("cost_per_fill/{full}: p50 {middle} ns, slowest {slowest} ns per fill ({RUNS} runs)");
    middle
}

fn run(fills: u32) -> u64 {
    let mut desk = Desk::ready();
    let started = now();
    let mut seen = Sequence::default();
    for number in 1..=fills {
        desk.now = desk.now + Span::milliseconds(100);
        let command = desk.command((seen, vec![0; SAVED_BYTES]), vec![(number, wish(number))]);
        desk.handle(Input::Submit(command));
        desk.settle(|event| seen = event.sequence);
        // The market is heard of often enough to be fresh.
        if number % 100 == 0 {
            let event = support::fixtures::candle_closed(i64::from(number), desk.now);
            desk.hear(&event);
        }
    }
    let elapsed = started.elapsed();
    assert_eq!(desk.fills, u64::from(fills), "every wish is filled");
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX) / u64::from(fills)
}

/// Opens a position, then closes it, then opens again.
fn wish(number: u32) -> Intent {
    if number.is_multiple_of(2) {
        return Intent::Close { instrument: BTC, quantity: None, reason: ExitReason::ExitSignal };
    }
    Intent::Open {
        instrument: BTC,
        side: Side::Buy,
        sizing: Sizing::Quantity(Quantity(10)),
        leverage: None,
        protection: Protection::NONE,
        confidence: None,
    }
}
