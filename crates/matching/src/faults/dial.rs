//! Decides by rate and seed what goes wrong, and keeps the books on it.

use std::collections::BTreeMap;

use banyan_core::ids::AccountId;
use banyan_core::instrument::InstrumentId;
use banyan_core::time::{DAY, Span, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::disturbance::Disturbances;
use super::schedule::{Change, Schedule, Window};
use super::{Fault, FaultCounts, FaultSettings, OrderStateAtVenue, Target};

const MILLION: u32 = 1_000_000;

/// The dial: settings, generator, what is due and on, and what has happened.
#[derive(Serialize, Deserialize)]
pub(crate) struct Dial {
    settings: FaultSettings,
    random: Pcg64Mcg,
    forced: BTreeMap<(Fault, AccountId), u32>,
    schedule: Schedule,
    counts: FaultCounts,
    disturbances: Disturbances,
}

impl Dial {
    pub(crate) fn new(settings: FaultSettings, seed: u64) -> Self {
        Self {
            settings,
            random: Pcg64Mcg::seed_from_u64(seed),
            forced: BTreeMap::new(),
            schedule: Schedule::default(),
            counts: FaultCounts::default(),
            disturbances: Disturbances::default(),
        }
    }

    pub(crate) const fn settings(&self) -> &FaultSettings {
        &self.settings
    }

    /// Turns the dial; what is on stays on to its end, and all targets must be armed anew.
    pub(crate) fn set(&mut self, settings: FaultSettings) {
        self.settings = settings;
        self.schedule.disarm();
    }

    /// Draws when the faults that come of themselves first come to a target.
    pub(crate) fn arm(&mut self, target: Target, now: Timestamp) {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.comes_to(target)) {
            self.schedule_next(fault, target, now);
        }
    }

    /// Nothing comes of itself any more.
    pub(crate) fn disarm(&mut self) {
        self.schedule.disarm();
    }

    /// Starts are spread evenly over twice their mean distance.
    fn schedule_next(&mut self, fault: Fault, target: Target, after: Timestamp) {
        let rate = i64::from(self.settings.rate(fault));
        if rate > 0 {
            let wait = self.span_up_to(Span(2 * DAY / rate));
            self.schedule.add(after + wait, Change::Begin(fault, target));
        }
    }

    /// Forces a fault: a momentary one befalls the next command or message of the account that it
    /// can befall, another one is due at `now`. Says whether it can befall this target at all.
    pub(crate) fn force(&mut self, fault: Fault, target: Target, now: Timestamp) -> bool {
        match target {
            _ if !fault.befalls(target) => return false,
            Target::Account(account) if fault.is_momentary() => {
                *self.forced.entry((fault, account)).or_default() += 1;
            }
            _ => self.schedule.add(now, Change::Force(fault, target)),
        }
        true
    }

    /// Says whether a momentary fault befalls what the account sends or gets now.
    pub(crate) fn fires(&mut self, fault: Fault, account: AccountId) -> bool {
        self.take_forced(fault, account) || self.roll(fault)
    }

    fn take_forced(&mut self, fault: Fault, account: AccountId) -> bool {
        if self.forced.is_empty() {
            return false;
        }
        let Some(left) = self.forced.get_mut(&(fault, account)) else {
            return false;
        };
        *left -= 1;
        if *left == 0 {
            self.forced.remove(&(fault, account));
        }
        true
    }

    fn roll(&mut self, fault: Fault) -> bool {
        let rate = self.settings.rate(fault);
        rate > 0 && self.random.random_range(0..MILLION) < rate
    }

    /// A span of at least a microsecond and at most `longest`.
    pub(crate) fn span_up_to(&mut self, longest: Span) -> Span {
        Span(self.random.random_range(1..=longest.0.max(1)))
    }

    /// A number below `limit`, which must be positive.
    pub(crate) fn pick(&mut self, limit: usize) -> usize {
        self.random.random_range(0..limit)
    }

    /// When the next change is due.
    pub(crate) fn next_change(&self) -> Option<Timestamp> {
        self.schedule.next_at()
    }

    /// Takes the next change.
    pub(crate) fn pop_change(&mut self) -> Option<Change> {
        self.schedule.pop()
    }

    /// Opens a window of seeded length and remembers it as a disturbance.
    pub(crate) fn open(&mut self, fault: Fault, target: Target, at: Timestamp) -> Window {
        let longest = match fault {
            Fault::Outage => self.settings.longest_outage,
            _ => self.settings.longest_window,
        };
        let shortest = self.settings.shortest_window.0.max(1);
        let length = Span(self.random.random_range(shortest..=longest.0.max(shortest)));
        let window = Window { until: at + length, choice: self.random.random() };
        self.schedule.open(fault, target, window);
        self.disturbed(fault, target, at, window.until);
        self.schedule.window(fault, target).unwrap_or(window)
    }

    /// Closes the window if it is over.
    pub(crate) fn close(&mut self, fault: Fault, target: Target, at: Timestamp) -> Option<Window> {
        self.schedule.close(fault, target, at)
    }

    /// After a fault came of itself: when it comes again.
    pub(crate) fn rearm(&mut self, fault: Fault, target: Target, at: Timestamp) {
        let after = self.window(fault, target).map_or(at, |window| window.until);
        self.schedule_next(fault, target, after);
    }

    /// The window of a fault, while it is on.
    pub(crate) fn window(&self, fault: Fault, target: Target) -> Option<Window> {
        self.schedule.window(fault, target)
    }

    /// The window of an outage that this account suffers.
    pub(crate) fn outage(&self, account: AccountId) -> Option<Window> {
        self.window(Fault::Outage, Target::Account(account))
            .or_else(|| self.window(Fault::Outage, Target::Venue))
    }

    /// The fault that silences the public feed of an instrument now.
    pub(crate) fn silence(&self, instrument: InstrumentId) -> Option<Fault> {
        let targets =
            [(Fault::Stall, Target::Instrument(instrument)), (Fault::Outage, Target::Venue)];
        targets
            .into_iter()
            .find(|(fault, target)| self.window(*fault, *target).is_some())
            .map(|it| it.0)
    }

    /// Says whether no lasting fault is on.
    pub(crate) fn is_calm(&self) -> bool {
        self.schedule.is_calm()
    }

    /// Counts a fault that fired.
    pub(crate) fn count(&mut self, fault: Fault, state: Option<OrderStateAtVenue>) {
        self.counts.add(fault, state);
    }

    /// What was counted.
    pub(crate) fn counts(&self) -> &FaultCounts {
        &self.counts
    }

    /// Remembers a disturbance.
    pub(crate) fn disturbed(
        &mut self,
        fault: Fault,
        target: Target,
        from: Timestamp,
        to: Timestamp,
    ) {
        self.disturbances.add(fault, target, from, to);
    }

    /// Says whether the link of an account was disturbed, or an instrument that `concerns` picks.
    pub(crate) fn was_disturbed(
        &self,
        account: AccountId,
        concerns: impl Fn(InstrumentId) -> bool,
        from: Timestamp,
        to: Timestamp,
    ) -> bool {
        self.disturbances.any(from, to, |target| match target {
            Target::Account(link) => link == account,
            Target::Instrument(instrument) => concerns(instrument),
            Target::Venue => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId::from_u128(1);

    fn starts(seed: u64, rate: u32) -> Vec<i64> {
        let settings =
            FaultSettings { rates: [(Fault::Halt, rate)].into(), ..FaultSettings::none() };
        let mut dial = Dial::new(settings, seed);
        let target = Target::Instrument(InstrumentId(0));
        dial.arm(target, Timestamp(0));
        let mut starts = Vec::new();
        while let Some(at) = dial.next_change().filter(|at| at.0 < 10 * DAY) {
            if dial.pop_change() == Some(Change::Begin(Fault::Halt, target)) {
                starts.push(at.0);
                dial.rearm(Fault::Halt, target, at);
            }
        }
        starts
    }

    #[test]
    fn faults_come_about_as_often_as_the_rate_says() {
        let count = starts(7, 50).len();
        assert!((400..600).contains(&count), "{count}");
        assert_eq!(starts(7, 0).len(), 0);
    }

    #[test]
    fn the_seed_decides_when() {
        assert_eq!(starts(3, 20), starts(3, 20));
        assert_ne!(starts(3, 20), starts(4, 20));
    }

    #[test]
    fn chances_are_in_a_million() {
        let settings = FaultSettings {
            rates: [(Fault::Delay, 250_000), (Fault::Reorder, MILLION)].into(),
            ..FaultSettings::none()
        };
        let mut dial = Dial::new(settings, 1);
        let fired = (0..10_000).filter(|_| dial.fires(Fault::Delay, ACCOUNT)).count();
        assert!((2_200..2_800).contains(&fired), "{fired}");
        assert!((0..100).all(|_| dial.fires(Fault::Reorder, ACCOUNT)));
        assert!((0..100).all(|_| !dial.fires(Fault::Duplicate, ACCOUNT)));
    }

    #[test]
    fn what_is_forced_befalls_the_account_once() {
        let mut dial = Dial::new(FaultSettings::none(), 1);
        let now = Timestamp(5);
        assert!(dial.force(Fault::DropRequest, Target::Account(ACCOUNT), now));
        assert!(!dial.fires(Fault::DropRequest, AccountId::from_u128(2)));
        assert!(dial.fires(Fault::DropRequest, ACCOUNT));
        assert!(!dial.fires(Fault::DropRequest, ACCOUNT));
        assert!(!dial.force(Fault::Halt, Target::Account(ACCOUNT), now));
        assert_eq!(dial.next_change(), None);
    }

    #[test]
    fn windows_keep_to_their_lengths() {
        let mut dial = Dial::new(FaultSettings::none(), 1);
        for at in 0..200 {
            let at = Timestamp(at * DAY);
            let length = dial.open(Fault::Outage, Target::Venue, at).until - at;
            assert!((Span::seconds(1)..=Span::seconds(60)).contains(&length));
            let end = at + length;
            assert!(dial.outage(ACCOUNT).is_some());
            assert!(dial.close(Fault::Outage, Target::Venue, end).is_some());
            assert!(dial.was_disturbed(ACCOUNT, |_| false, at, at));
            let after = end + Span(1);
            assert!(!dial.was_disturbed(ACCOUNT, |_| false, after, after));
        }
    }
}
