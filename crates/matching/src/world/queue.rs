//! Events in the order of their time; those of one time in the order in which they came.

use std::collections::BTreeMap;

use banyan_core::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The place of an event in the queue.
pub(super) type Place = (Timestamp, u64);

/// A queue of events.
#[derive(Serialize, Deserialize)]
pub(super) struct Queue<Event> {
    events: BTreeMap<Place, Event>,
    counter: u64,
}

impl<Event> Queue<Event> {
    pub(super) const fn new() -> Self {
        Self { events: BTreeMap::new(), counter: 0 }
    }

    /// Adds an event and tells its place.
    pub(super) fn push(&mut self, at: Timestamp, event: Event) -> Place {
        self.counter += 1;
        let place = (at, self.counter);
        self.events.insert(place, event);
        place
    }

    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn pop(&mut self) -> Option<Event> {
        self.events.pop_first().map(|(_, event)| event)
    }

    /// Says whether the event at this place has not left yet.
    pub(super) fn holds(&self, place: Place) -> bool {
        self.events.contains_key(&place)
    }

    /// Lets two events change places; nothing happens when one of them has left.
    pub(super) fn swap(&mut self, one: Place, other: Place) {
        if one == other || !self.holds(other) {
            return;
        }
        let Some(first) = self.events.remove(&one) else {
            return;
        };
        if let Some(second) = self.events.insert(other, first) {
            self.events.insert(one, second);
        }
    }

    /// Throws away the events that `keep` does not pick.
    pub(super) fn retain(&mut self, keep: impl Fn(&Event) -> bool) {
        self.events.retain(|_, event| keep(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &mut Queue<char>) -> String {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn events_leave_by_time_then_by_arrival() {
        let mut queue = Queue::new();
        for (at, event) in [(5, 'c'), (1, 'a'), (5, 'd'), (2, 'b')] {
            queue.push(Timestamp(at), event);
        }
        assert_eq!(queue.next_at(), Some(Timestamp(1)));
        assert_eq!(drain(&mut queue), "abcd");
    }

    #[test]
    fn swapped_events_take_each_others_place() {
        let mut queue = Queue::new();
        let places: Vec<_> = "abc"
            .chars()
            .enumerate()
            .map(|(at, event)| queue.push(Timestamp(at as i64), event))
            .collect();
        queue.swap(places[0], places[2]);
        queue.swap(places[0], places[0]);
        queue.retain(|event| *event != 'b');
        assert!(queue.holds(places[0]) && !queue.holds(places[1]));
        queue.swap(places[1], places[2]);
        queue.swap(places[2], places[1]);
        assert_eq!(drain(&mut queue), "ca");
    }
}
