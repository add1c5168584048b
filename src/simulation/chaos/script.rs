//! What is done to the engine, and when: drawn from the seed before the run begins.

use banyan_core::kill::KillLevel;
use banyan_core::terms::StopPolicy;
use banyan_core::time::{Span, Timestamp};
use rand::{Rng, RngExt};

/// One thing that is done; workers and accounts by their place in the cast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    StartWorker(usize),
    StopWorker(usize, StopPolicy),
    PauseWorker(usize, bool),
    TriggerWorker(usize),
    PanicWorker(usize),
    PanicAccount(usize),
    SetKillLevel(usize, KillLevel),
    CloseByHand(usize),
    JournalFails(bool),
    /// A person approves or refuses whatever waits for it.
    ResolveDecisions(bool),
    /// A worker is given a text from outside.
    TellWorker(usize),
    /// Kills the engine; this many batches of the journal's tail survive, then nothing runs for
    /// the span.
    KillEngine(usize, Span),
}

/// Actions with their time, in order.
pub(super) type Script = Vec<(Timestamp, Action)>;

/// Least length of a run.
pub(super) const LENGTH: Span = Span::minutes(6 * 60);
/// Engine restarts in a run.
const KILLS: std::ops::RangeInclusive<usize> = 3..=5;

/// Draws the script of a run that begins at `start`.
pub(super) fn draw(
    start: Timestamp,
    workers: usize,
    accounts: usize,
    random: &mut impl Rng,
) -> Script {
    let mut script: Script = (0..workers)
        .map(|worker| (within(start, Span::minutes(5), random), Action::StartWorker(worker)))
        .collect();
    for _ in 0..random.random_range(KILLS) {
        let survivors = random.random_range(0..6);
        let pause = Span::milliseconds(random.random_range(0..20_000));
        script.push((within(start, LENGTH, random), Action::KillEngine(survivors, pause)));
    }
    for _ in 0..random.random_range(30..50) {
        let at = within(start + Span::minutes(5), LENGTH, random);
        draw_disturbance(at, workers, accounts, random, &mut script);
    }
    // Workers that were told news enter no more for a day, so it comes late.
    let news = start + Span(LENGTH.0 / 3 * 2);
    for worker in 0..workers {
        let at = within(news, Span(LENGTH.0 / 3), random);
        script.push((at, Action::TellWorker(worker)));
    }
    script.sort_by_key(|(at, _)| *at);
    script
}

fn within(start: Timestamp, length: Span, random: &mut impl Rng) -> Timestamp {
    start + Span(random.random_range(0..length.0))
}

fn draw_disturbance(
    at: Timestamp,
    workers: usize,
    accounts: usize,
    random: &mut impl Rng,
    script: &mut Script,
) {
    let worker = random.random_range(0..workers);
    let account = random.random_range(0..accounts);
    let later = at + Span::milliseconds(random.random_range(1_000..240_000));
    match random.random_range(0..23) {
        0..=4 => {
            let policies = [StopPolicy::Keep, StopPolicy::CancelOrders, StopPolicy::ClosePositions];
            let policy = policies[random.random_range(0..policies.len())];
            script.push((at, Action::StopWorker(worker, policy)));
            script.push((later, Action::StartWorker(worker)));
        }
        5 => {
            script.push((at, Action::PauseWorker(worker, true)));
            script.push((later, Action::PauseWorker(worker, false)));
        }
        6 | 7 => script.push((at, Action::TriggerWorker(worker))),
        8..=11 => script.push((at, Action::PanicWorker(worker))),
        12 | 13 => script.push((at, Action::PanicAccount(account))),
        14..=16 => {
            let levels = [
                KillLevel::PauseEntries,
                KillLevel::CancelAll,
                KillLevel::Flatten,
                KillLevel::Freeze,
            ];
            let level = levels[random.random_range(0..levels.len())];
            script.push((at, Action::SetKillLevel(account, level)));
            script.push((later, Action::SetKillLevel(account, KillLevel::None)));
        }
        17 | 18 => script.push((at, Action::CloseByHand(worker))),
        19..=21 => script.push((at, Action::ResolveDecisions(random.random_bool(0.7)))),
        _ => {
            let recovered = at + Span::milliseconds(random.random_range(500..20_000));
            script.push((at, Action::JournalFails(true)));
            script.push((recovered, Action::JournalFails(false)));
        }
    }
}
