//! WebSocket channels: numbered frames, a ring to resume from, subscribers.
//!
//! A subscriber whose mailbox is full or gone is dropped: it may come back and resume. The ring
//! holds the latest 1,024 frames.

use std::collections::VecDeque;

use actix::prelude::*;
use indexmap::IndexMap;

/// Frames kept for those who resume.
const RING: usize = 1_024;

/// One numbered frame of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub struct Frame {
    /// Counts from 1 within the channel.
    pub sequence: u64,
    /// What it carries, as JSON.
    pub body: std::sync::Arc<str>,
}

/// Publishes to a channel, which is made when it is the first time.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Publish {
    /// The channel, e.g. `account:ID`.
    pub channel: String,
    /// What is published, as JSON.
    pub body: std::sync::Arc<str>,
}

/// Wants the frames of a channel after `after`, and all that follow.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Subscribe {
    /// The channel.
    pub channel: String,
    /// The last frame already seen.
    pub after: u64,
    /// Where frames go.
    pub deliver_to: Recipient<Frame>,
}

/// One channel.
#[derive(Default)]
pub struct WsChannel {
    sequence: u64,
    ring: VecDeque<Frame>,
    subscribers: Vec<Recipient<Frame>>,
}

/// Makes channels and finds them.
#[derive(Default)]
pub struct ChannelSupervisor {
    channels: IndexMap<String, Addr<WsChannel>>,
}

impl ChannelSupervisor {
    fn channel(&mut self, name: String) -> &Addr<WsChannel> {
        let address = self.channels.entry(name).or_insert_with(|| WsChannel::default().start());
        if !address.connected() {
            // A channel that died has lost its ring; its frames are still in the journal.
            *address = WsChannel::default().start();
        }
        address
    }
}

impl Actor for ChannelSupervisor {
    type Context = Context<Self>;
}

impl Actor for WsChannel {
    type Context = Context<Self>;
}

impl Handler<Publish> for ChannelSupervisor {
    type Result = ();
    fn handle(&mut self, publish: Publish, _: &mut Self::Context) {
        self.channel(publish.channel.clone()).do_send(publish);
    }
}

impl Handler<Subscribe> for ChannelSupervisor {
    type Result = ();
    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) {
        self.channel(subscribe.channel.clone()).do_send(subscribe);
    }
}

impl Handler<Publish> for WsChannel {
    type Result = ();
    fn handle(&mut self, publish: Publish, _: &mut Self::Context) {
        self.sequence += 1;
        let frame = Frame { sequence: self.sequence, body: publish.body };
        self.ring.push_back(frame.clone());
        if self.ring.len() > RING {
            self.ring.pop_front();
        }
        self.subscribers.retain(|subscriber| subscriber.try_send(frame.clone()).is_ok());
    }
}

impl Handler<Subscribe> for WsChannel {
    type Result = ();
    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) {
        let missed = self.ring.iter().filter(|frame| frame.sequence > subscribe.after);
        let delivered = missed.cloned().all(|frame| subscribe.deliver_to.try_send(frame).is_ok());
        if delivered {
            self.subscribers.push(subscribe.deliver_to);
        }
    }
}
