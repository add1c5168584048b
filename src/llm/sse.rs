//! Server-sent events as providers write them: bytes in, the data of events out.
//!
//! Knows no JSON protocol beyond telling whether an event is whole. Some servers leave out the
//! empty line between events, or break one event into several lines; both are read.

/// How the data of the last event reads.
const DONE: &str = "[DONE]";

/// What comes out of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StreamEvent {
    /// The data of an event.
    Data(String),
    /// A comment: the connection is alive, the answer gets no further.
    KeepAlive,
    /// The stream says that it is complete.
    Done,
}

/// Puts events together from pieces of any size.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    line: Vec<u8>,
    data: String,
}

impl EventReader {
    /// Takes the next bytes; returns what they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' | b'\r' => self.end_line(&mut events),
                other => self.line.push(*other),
            }
        }
        events
    }

    /// The stream has ended; returns what its last line completes.
    pub(super) fn finish(&mut self) -> Vec<StreamEvent> {
        let mut events = Vec::new();
        self.end_line(&mut events);
        self.dispatch(&mut events);
        events
    }

    fn end_line(&mut self, events: &mut Vec<StreamEvent>) {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        if line.is_empty() {
            return self.dispatch(events);
        }
        if line.starts_with(':') {
            return events.push(StreamEvent::KeepAlive);
        }
        let Some(data) = line.strip_prefix("data:") else {
            return;
        };
        self.data.push_str(data.strip_prefix(' ').unwrap_or(data));
        if self.is_whole() {
            self.dispatch(events);
        }
    }

    fn is_whole(&self) -> bool {
        let data = self.data.trim();
        data == DONE || serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok()
    }

    fn dispatch(&mut self, events: &mut Vec<StreamEvent>) {
        let data = std::mem::take(&mut self.data);
        match data.trim() {
            "" => {}
            DONE => events.push(StreamEvent::Done),
            _ => events.push(StreamEvent::Data(data)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> StreamEvent {
        StreamEvent::Data(text.to_owned())
    }

    #[test]
    fn events_come_out_whole_however_they_are_cut() {
        let text =
            ": hi\n\ndata: {\"a\":\"价\"}\n\nevent: x\r\ndata:{\"b\":1}\r\n\r\ndata: [DONE]\n\n";
        let whole =
            [StreamEvent::KeepAlive, data("{\"a\":\"价\"}"), data("{\"b\":1}"), StreamEvent::Done];
        for size in 1..text.len() {
            let mut reader = EventReader::default();
            let mut events: Vec<_> =
                text.as_bytes().chunks(size).flat_map(|piece| reader.push(piece)).collect();
            events.extend(reader.finish());
            assert_eq!(events, whole, "in pieces of {size}");
        }
    }

    #[test]
    fn lines_without_an_empty_line_between_them_are_events_of_their_own() {
        let mut reader = EventReader::default();
        let events = reader.push(b"data: {\"a\":1}\ndata: {\"a\":2}\n");
        assert_eq!(events, [data("{\"a\":1}"), data("{\"a\":2}")]);
    }

    #[test]
    fn an_event_of_several_lines_is_put_together() {
        let mut reader = EventReader::default();
        assert_eq!(reader.push(b"data: {\"a\":\ndata: 1}\n\n"), [data("{\"a\":1}")]);
    }

    #[test]
    fn what_is_cut_off_comes_out_as_it_is() {
        let mut reader = EventReader::default();
        assert_eq!(reader.push(b"data: {\"a\":"), []);
        assert_eq!(reader.finish(), [data("{\"a\":")]);
    }
}
