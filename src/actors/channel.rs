//! WebSocket channels: numbered frames, a ring to resume from, subscribers.
//!
//! A subscriber whose queue is full or gone is dropped: it may come back and resume. The ring
//! holds the latest 1,024 frames. Numbers are contiguous within a channel and begin where no
//! earlier start of the engine came to, so that who resumes across a restart notices the gap.

use std::collections::VecDeque;
use std::sync::Arc;

use actix::prelude::*;
use banyan_core::time::Timestamp;
use indexmap::IndexMap;
use tokio::sync::mpsc;

/// Frames kept for those who resume.
const RING: usize = 1_024;
/// Frames that may wait for one subscriber.
pub const SUBSCRIBER_QUEUE: usize = 1_024;
/// Numbers that one second of an earlier start may have used, as a power of two.
const NUMBERS_A_SECOND: u32 = 20;

/// One numbered frame of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Counts up by one within the channel.
    pub sequence: u64,
    /// The channel, e.g. `account:ID`.
    pub channel: Arc<str>,
    /// What kind of frame, e.g. `position_update`.
    pub kind: &'static str,
    /// When it was published.
    pub time: Timestamp,
    /// What it carries, as JSON.
    pub data: Arc<str>,
}

/// Publishes to a channel, which is made when it is the first time.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Publish {
    /// The channel, e.g. `account:ID`.
    pub channel: Arc<str>,
    /// What kind of frame, e.g. `position_update`.
    pub kind: &'static str,
    /// When.
    pub time: Timestamp,
    /// What is published, as JSON.
    pub data: Arc<str>,
}

/// Wants the frames of a channel: all that follow, and those after `after` where it is given.
#[derive(Message)]
#[rtype(result = "Subscription")]
pub struct Subscribe {
    /// The channel.
    pub channel: Arc<str>,
    /// The last frame already seen.
    pub after: Option<u64>,
    /// Where frames go.
    pub deliver_to: mpsc::Sender<Frame>,
}

/// How a subscription began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, MessageResponse)]
pub struct Subscription {
    /// The number of the channel's latest frame.
    pub sequence: u64,
    /// Whether nothing is missing after the frame that was named; true where none was named.
    pub resumed: bool,
}

/// One channel.
pub struct WsChannel {
    sequence: u64,
    ring: VecDeque<Frame>,
    subscribers: Vec<mpsc::Sender<Frame>>,
}

/// Makes channels and finds them.
pub struct ChannelSupervisor {
    base: u64,
    channels: IndexMap<Arc<str>, Addr<WsChannel>>,
}

/// How many subscribers each channel has.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Vec<(Arc<str>, usize)>")]
pub struct CountSubscribers;

#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "usize")]
struct Count;

impl ChannelSupervisor {
    /// Channels of an engine that starts now.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let seconds = u64::try_from(now.0 / 1_000_000).unwrap_or_default();
        Self { base: seconds << NUMBERS_A_SECOND, channels: IndexMap::new() }
    }

    fn channel(&mut self, name: &Arc<str>) -> &Addr<WsChannel> {
        let base = self.base;
        let address = self.channels.entry(name.clone()).or_insert_with(|| WsChannel::open(base));
        if !address.connected() {
            // A channel that died has lost its ring; what it told is still in the journal.
            *address = WsChannel::open(base);
        }
        address
    }
}

impl WsChannel {
    fn open(sequence: u64) -> Addr<Self> {
        Self { sequence, ring: VecDeque::new(), subscribers: Vec::new() }.start()
    }

    /// Says whether every frame after `after` is still in the ring.
    fn covers(&self, after: u64) -> bool {
        let oldest = self.ring.front().map_or(self.sequence + 1, |frame| frame.sequence);
        (oldest - 1..=self.sequence).contains(&after)
    }
}

impl Actor for ChannelSupervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(8_192);
    }
}

impl Actor for WsChannel {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(8_192);
    }
}

impl Handler<Publish> for ChannelSupervisor {
    type Result = ();
    fn handle(&mut self, publish: Publish, _: &mut Self::Context) {
        self.channel(&publish.channel).do_send(publish);
    }
}

impl Handler<Subscribe> for ChannelSupervisor {
    type Result = ResponseFuture<Subscription>;
    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) -> Self::Result {
        let channel = self.channel(&subscribe.channel).clone();
        Box::pin(async move {
            let lost = Subscription { sequence: 0, resumed: false };
            channel.send(subscribe).await.unwrap_or(lost)
        })
    }
}

impl Handler<CountSubscribers> for ChannelSupervisor {
    type Result = ResponseFuture<Vec<(Arc<str>, usize)>>;
    fn handle(&mut self, _: CountSubscribers, _: &mut Self::Context) -> Self::Result {
        let channels = self.channels.clone();
        Box::pin(async move {
            let mut counts = Vec::new();
            for (name, channel) in channels {
                counts.push((name, channel.send(Count).await.unwrap_or_default()));
            }
            counts
        })
    }
}

impl Handler<Publish> for WsChannel {
    type Result = ();
    fn handle(&mut self, publish: Publish, _: &mut Self::Context) {
        let Publish { channel, kind, time, data } = publish;
        self.sequence += 1;
        let frame = Frame { sequence: self.sequence, channel, kind, time, data };
        self.subscribers.retain(|subscriber| subscriber.try_send(frame.clone()).is_ok());
        self.ring.push_back(frame);
        if self.ring.len() > RING {
            self.ring.pop_front();
        }
    }
}

impl Handler<Subscribe> for WsChannel {
    type Result = Subscription;
    fn handle(&mut self, subscribe: Subscribe, _: &mut Self::Context) -> Subscription {
        let after = subscribe.after.filter(|after| self.covers(*after));
        let resumed = after.is_some() || subscribe.after.is_none();
        let missed = self.ring.iter().filter(|frame| after.is_some_and(|it| frame.sequence > it));
        let delivered = missed.cloned().all(|frame| subscribe.deliver_to.try_send(frame).is_ok());
        self.subscribers.retain(|subscriber| !subscriber.is_closed());
        if delivered {
            self.subscribers.push(subscribe.deliver_to);
        }
        Subscription { sequence: self.sequence, resumed: resumed && delivered }
    }
}

impl Handler<Count> for WsChannel {
    type Result = usize;
    fn handle(&mut self, _: Count, _: &mut Self::Context) -> usize {
        self.subscribers.retain(|subscriber| !subscriber.is_closed());
        self.subscribers.len()
    }
}
