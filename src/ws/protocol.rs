//! What is said on a WebSocket, as pure values: messages of clients, frames of the server.

use banyan_core::ids::{AccountId, UserId, WorkerId};
use banyan_core::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::actors::Frame;

/// Longest name of a channel.
const LONGEST_CHANNEL: usize = 128;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientMessage {
    /// Wants a channel's frames: those that follow, and those after `resume_from` if it is given.
    Subscribe {
        /// The channel.
        channel: String,
        /// The last frame already seen.
        resume_from: Option<u64>,
    },
    /// Wants no more of a channel.
    Unsubscribe {
        /// The channel.
        channel: String,
    },
    /// Lives.
    Ping,
}

/// A channel that can be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// What concerns everybody.
    System,
    /// What concerns one user.
    User(UserId),
    /// One account.
    Account(AccountId),
    /// One strategy.
    Strategy(WorkerId),
}

/// Why a connection is closed, as the code that tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCode {
    /// Silence for too long, or the server stops.
    GoingAway = 1001,
    /// Too many messages.
    TooBusy = 1008,
    /// No token, or one that is not good any more.
    Unauthenticated = 4001,
    /// Too many connections.
    TooMany = 4003,
    /// The client reads too slowly; it may come back and resume.
    TooSlow = 4008,
}

impl ClientMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let value: Value = serde_json::from_str(text).map_err(|_| "Invalid JSON")?;
        let message = value.as_object().ok_or("a message must be a JSON object")?;
        let kind = message.get("type").and_then(Value::as_str);
        let channel = || {
            let channel = message.get("channel").and_then(Value::as_str);
            let channel = channel.ok_or("channel must be a text")?;
            if channel.len() > LONGEST_CHANNEL {
                return Err("channel is too long");
            }
            Ok(channel.to_owned())
        };
        let resume_from = || match message.get("resume_from") {
            None | Some(Value::Null) => Ok(None),
            Some(number) => number.as_u64().map(Some).ok_or("resume_from must be a whole number"),
        };
        match kind.ok_or("type must be a text")? {
            "subscribe" => Ok(Self::Subscribe { channel: channel()?, resume_from: resume_from()? }),
            "unsubscribe" => Ok(Self::Unsubscribe { channel: channel()? }),
            "ping" => Ok(Self::Ping),
            _ => Err("unknown type; one of subscribe, unsubscribe, ping"),
        }
    }
}

impl Channel {
    /// Reads a channel's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name == "system" {
            return Some(Self::System);
        }
        let (kind, id) = name.split_once(':')?;
        let parsed: uuid::Uuid = id.parse().ok()?;
        // One name for one channel: as we write it.
        if parsed.to_string() != id {
            return None;
        }
        match kind {
            "user" => Some(Self::User(UserId(parsed))),
            "account" => Some(Self::Account(AccountId(parsed))),
            "strategy" => Some(Self::Strategy(WorkerId(parsed))),
            _ => None,
        }
    }
}

/// A frame of the server itself.
#[derive(Serialize)]
struct OwnFrame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<ErrorData<'a>>,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
}

#[derive(Serialize)]
struct ErrorData<'a> {
    message: &'a str,
}

fn own<'a>(kind: &'a str, channel: Option<&'a str>, now: Timestamp) -> OwnFrame<'a> {
    let timestamp = now.to_string();
    OwnFrame { kind, channel, data: None, timestamp, seq: None, resumed: None }
}

fn text(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).expect("frames have texts as keys")
}

/// Tells that a subscription began, at which number, and whether nothing was missed since
/// `resume_from`.
#[must_use]
pub fn subscribed(channel: &str, sequence: u64, resumed: bool, now: Timestamp) -> String {
    let frame = own("subscribed", Some(channel), now);
    text(&OwnFrame { seq: Some(sequence), resumed: Some(resumed), ..frame })
}

/// Tells that a subscription ended.
#[must_use]
pub fn unsubscribed(channel: &str, now: Timestamp) -> String {
    text(&own("unsubscribed", Some(channel), now))
}

/// Answers a ping.
#[must_use]
pub fn pong(now: Timestamp) -> String {
    text(&own("pong", None, now))
}

/// Tells what is wrong.
#[must_use]
pub fn error(channel: Option<&str>, message: &str, now: Timestamp) -> String {
    text(&OwnFrame { data: Some(ErrorData { message }), ..own("error", channel, now) })
}

/// A frame of a channel. What it carries is JSON already, and is taken as it is.
#[must_use]
pub fn published(frame: &Frame) -> String {
    let Frame { sequence, channel, kind, time, data } = frame;
    // Names of channels are those that `Channel` reads: nothing in them needs an escape.
    format!(
        "{{\"type\":\"{kind}\",\"channel\":\"{channel}\",\"data\":{data},\
         \"timestamp\":\"{time}\",\"seq\":{sequence}}}"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp(1_735_732_800_000_000);

    #[test]
    fn messages_are_read_or_refused_with_a_reason() {
        let subscribe =
            |resume_from| Ok(ClientMessage::Subscribe { channel: "system".into(), resume_from });
        let cases = [
            (json!({"type": "subscribe", "channel": "system"}), subscribe(None)),
            (
                json!({"type": "subscribe", "channel": "system", "resume_from": 7}),
                subscribe(Some(7)),
            ),
            (json!({"type": "ping", "extra": 1}), Ok(ClientMessage::Ping)),
            (json!({"type": "subscribe"}), Err("channel must be a text")),
            (
                json!({"type": "subscribe", "channel": "system", "resume_from": -1}),
                Err("resume_from must be a whole number"),
            ),
            (json!({"type": 5}), Err("type must be a text")),
            (json!([]), Err("a message must be a JSON object")),
            (json!({"type": "shout"}), Err("unknown type; one of subscribe, unsubscribe, ping")),
            (
                json!({"type": "unsubscribe", "channel": "x".repeat(129)}),
                Err("channel is too long"),
            ),
        ];
        for (message, expected) in cases {
            assert_eq!(ClientMessage::parse(&message.to_string()), expected, "{message}");
        }
        assert_eq!(ClientMessage::parse("{"), Err("Invalid JSON"));
    }

    #[test]
    fn channels_have_one_name_each() {
        let id = "00000000-0000-0000-0000-0000000000ab";
        assert_eq!(Channel::parse("system"), Some(Channel::System));
        let account = Channel::parse(&format!("account:{id}"));
        assert_eq!(account, Some(Channel::Account(AccountId::from_u128(0xab))));
        for name in [&id.to_uppercase(), "{00000000}", "", "1"] {
            assert_eq!(Channel::parse(&format!("user:{name}")), None, "{name}");
        }
        assert_eq!(Channel::parse(&format!("price:{id}")), None);
        assert_eq!(Channel::parse("System"), None);
    }

    #[test]
    fn frames_have_the_shape_of_the_reference() {
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        let time = "2025-01-01T12:00:00.000Z";
        assert_eq!(read(pong(NOW)), json!({"type": "pong", "timestamp": time}));
        assert_eq!(
            read(error(None, "Invalid JSON", NOW)),
            json!({"type": "error", "data": {"message": "Invalid JSON"}, "timestamp": time})
        );
        assert_eq!(
            read(subscribed("system", 9, true, NOW)),
            json!({"type": "subscribed", "channel": "system", "seq": 9, "resumed": true,
                "timestamp": time})
        );
        let frame = Frame {
            sequence: 3,
            channel: "system".into(),
            kind: "notification",
            time: NOW,
            data: "{\"level\":\"info\"}".into(),
        };
        assert_eq!(
            read(published(&frame)),
            json!({"type": "notification", "channel": "system", "data": {"level": "info"},
                "timestamp": time, "seq": 3})
        );
    }
}
