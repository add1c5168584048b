//! One account's connection to the venue: what keeps its commands and messages in order.

use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{PositionMode, VenueMessage};
use serde::{Deserialize, Serialize};

use super::queue::Place;

/// The state of a connection.
#[derive(Serialize, Deserialize)]
pub(super) struct Link {
    /// How the account holds positions; whoever trades on it by hand must know.
    pub(super) position_mode: PositionMode,
    /// Where the latest message of the account was queued.
    pub(super) last: Option<Place>,
    /// Stream messages that a stall keeps back.
    pub(super) held: Vec<VenueMessage>,
    connected: bool,
    session: u32,
    command_floor: Timestamp,
    message_floor: Timestamp,
    late_floor: Timestamp,
}

impl Link {
    pub(super) const fn new(position_mode: PositionMode) -> Self {
        Self {
            position_mode,
            last: None,
            held: Vec::new(),
            connected: true,
            session: 0,
            command_floor: Timestamp(i64::MIN),
            message_floor: Timestamp(i64::MIN),
            late_floor: Timestamp(i64::MIN),
        }
    }

    pub(super) const fn is_connected(&self) -> bool {
        self.connected
    }

    /// The number of the connection; `None` while there is none.
    pub(super) fn session(&self) -> Option<u32> {
        self.connected.then_some(self.session)
    }

    pub(super) fn disconnect(&mut self) {
        self.connected = false;
        self.held.clear();
    }

    /// Connects anew; says whether it was not connected.
    pub(super) const fn connect(&mut self) -> bool {
        if self.connected {
            return false;
        }
        self.connected = true;
        self.session += 1;
        true
    }

    /// When a command arrives that would be there at `at`: never before an earlier one.
    pub(super) fn command_due(&mut self, at: Timestamp) -> Timestamp {
        self.command_floor = self.command_floor.max(at);
        self.command_floor
    }

    /// When an answer is delivered that would be there at `at`: never before an earlier message
    /// that is not itself late.
    pub(super) fn answer_due(&mut self, at: Timestamp) -> Timestamp {
        self.message_floor = self.message_floor.max(at);
        self.message_floor
    }

    /// When a stream message is delivered that would be there at `at` but is `late`: never before
    /// an earlier stream message.
    pub(super) fn stream_due(&mut self, at: Timestamp, late: Span) -> Timestamp {
        let due = self.answer_due(at) + late;
        self.late_floor = self.late_floor.max(due);
        self.late_floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_stream_message_holds_up_the_stream_but_no_answer() {
        let mut link = Link::new(PositionMode::OneWay);
        assert_eq!(link.stream_due(Timestamp(10), Span(100)), Timestamp(110));
        assert_eq!(link.stream_due(Timestamp(11), Span(0)), Timestamp(110));
        assert_eq!(link.answer_due(Timestamp(12)), Timestamp(12));
        assert_eq!(link.answer_due(Timestamp(9)), Timestamp(12));
        assert_eq!(link.stream_due(Timestamp(200), Span(0)), Timestamp(200));
    }

    #[test]
    fn commands_never_overtake() {
        let mut link = Link::new(PositionMode::OneWay);
        assert_eq!(link.command_due(Timestamp(10)), Timestamp(10));
        assert_eq!(link.command_due(Timestamp(7)), Timestamp(10));
    }

    #[test]
    fn each_connection_has_its_own_number() {
        let mut link = Link::new(PositionMode::OneWay);
        let first = link.session();
        assert!(!link.connect());
        link.disconnect();
        assert_eq!(link.session(), None);
        assert!(link.connect());
        assert_ne!(link.session(), first);
    }
}
