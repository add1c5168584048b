//! One connection: listens to its client and to its channels, until one of them ends.
//!
//! Nothing is buffered here: while the client is slow, frames wait in the bounded queues of its
//! channels, and a queue that overflows ends the connection.

use std::collections::BTreeMap;
use std::task::Poll;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use banyan_core::time::Timestamp;
use futures_util::SinkExt;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use super::protocol::{self, ClientMessage, CloseCode};
use super::sockets::Sockets;
use crate::actors::Frame;
use crate::auth::Caller;
use crate::secret::Secret;

/// How long a client may take to accept what is sent.
const SEND_LIMIT: Duration = Duration::from_secs(10);
/// How long a client may take to accept that the connection is closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);
/// Messages that a client may send between two pings.
const BUSY: u32 = 500;
/// Frames that are written before the socket is flushed.
const BATCH: usize = 64;

/// One connection.
pub(super) struct Session<'a> {
    sockets: &'a Sockets,
    caller: Caller,
    token: Secret,
    channels: BTreeMap<String, Heard>,
    messages: u32,
    heard_at: Instant,
}

/// A channel that is listened to.
struct Heard {
    frames: mpsc::Receiver<Frame>,
    /// The number of the last frame that was sent on.
    sent: u64,
}

/// Why a connection ends.
enum End {
    /// The client went, or cannot be reached.
    Gone,
    /// We close it.
    Close(CloseCode, &'static str),
}

type Step = Result<(), End>;

/// Tells what is wrong, and closes.
pub(super) async fn dismiss(
    socket: &mut WebSocket,
    code: CloseCode,
    message: &str,
    now: Timestamp,
) {
    let text = protocol::error(None, message, now);
    let frame = CloseFrame { code: code as u16, reason: message.to_owned().into() };
    let farewell = async {
        socket.send(Message::Text(text.into())).await?;
        socket.send(Message::Close(Some(frame))).await?;
        // The client answers a close with its own; what it says before is not heard any more.
        while let Some(Ok(_)) = socket.recv().await {}
        Ok::<_, axum::Error>(())
    };
    // A client that cannot be told is gone all the same.
    let _told = timeout(CLOSE_LIMIT, farewell).await;
}

/// Waits for the next frame of any channel; `Err` names a channel that gave up on us.
async fn next_frame(channels: &mut BTreeMap<String, Heard>) -> Result<Frame, ()> {
    std::future::poll_fn(|context| {
        for heard in channels.values_mut() {
            match heard.frames.poll_recv(context) {
                Poll::Ready(Some(frame)) => {
                    heard.sent = frame.sequence;
                    return Poll::Ready(Ok(frame));
                }
                Poll::Ready(None) => return Poll::Ready(Err(())),
                Poll::Pending => {}
            }
        }
        Poll::Pending
    })
    .await
}

impl<'a> Session<'a> {
    pub(super) fn new(sockets: &'a Sockets, caller: Caller, token: Secret) -> Self {
        let channels = BTreeMap::new();
        Self { sockets, caller, token, channels, messages: 0, heard_at: Instant::now() }
    }

    fn now(&self) -> Timestamp {
        self.sockets.clock.now()
    }

    pub(super) async fn run(mut self, mut socket: WebSocket, stop: watch::Receiver<bool>) {
        let own = format!("user:{}", self.caller.user().id);
        for channel in ["system", own.as_str()] {
            if self.listen(channel, None).await.is_err() {
                let (code, message) = (CloseCode::GoingAway, "the engine does not answer");
                return dismiss(&mut socket, code, message, self.now()).await;
            }
        }
        if let Err(End::Close(code, message)) = self.talk(&mut socket, stop).await {
            dismiss(&mut socket, code, message, self.now()).await;
        }
    }

    async fn talk(&mut self, socket: &mut WebSocket, mut stop: watch::Receiver<bool>) -> Step {
        let every = Duration::from_secs(self.sockets.settings.ping_seconds);
        let mut pings = interval_at(Instant::now() + every, every);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let good_for = self.sockets.clock.wait_until(self.caller.expires_at());
        let expiry = tokio::time::sleep(good_for);
        tokio::pin!(expiry);
        loop {
            tokio::select! {
                biased;
                () = stopped(&mut stop) => {
                    return Err(End::Close(CloseCode::GoingAway, "the server stops"));
                }
                () = &mut expiry => {
                    return Err(End::Close(CloseCode::Unauthenticated, "the token has expired"));
                }
                _ = pings.tick() => self.check(socket).await?,
                message = socket.recv() => {
                    let Some(Ok(message)) = message else {
                        return Err(End::Gone);
                    };
                    self.heard_at = Instant::now();
                    self.take(socket, message).await?;
                }
                frame = next_frame(&mut self.channels) => {
                    let frame = frame.map_err(|()| too_slow())?;
                    self.pass_on(socket, &frame).await?;
                }
            }
        }
    }

    /// Pings; ends a connection that is silent, too busy, or whose session has ended.
    async fn check(&mut self, socket: &mut WebSocket) -> Step {
        let idle = Duration::from_secs(self.sockets.settings.idle_seconds);
        if self.heard_at.elapsed() >= idle {
            return Err(End::Close(CloseCode::GoingAway, "nothing was heard for too long"));
        }
        self.messages = 0;
        match self.sockets.auth.authenticate(self.token.expose()).await {
            Ok(_) | Err(crate::auth::AuthError::Store(_) | crate::auth::AuthError::Busy) => {}
            Err(_) => {
                return Err(End::Close(CloseCode::Unauthenticated, "the session has ended"));
            }
        }
        send(socket, Message::Ping(Vec::new().into())).await
    }

    async fn take(&mut self, socket: &mut WebSocket, message: Message) -> Step {
        self.messages += 1;
        if self.messages > BUSY {
            return Err(End::Close(CloseCode::TooBusy, "too many messages"));
        }
        let now = self.now();
        let answer = match message {
            Message::Text(text) => match ClientMessage::parse(&text) {
                Ok(message) => self.answer(message).await,
                Err(reason) => protocol::error(None, reason, now),
            },
            Message::Binary(_) => protocol::error(None, "messages must be texts", now),
            Message::Close(_) => return Err(End::Gone),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        send(socket, Message::Text(answer.into())).await
    }

    async fn answer(&mut self, message: ClientMessage) -> String {
        match message {
            ClientMessage::Ping => protocol::pong(self.now()),
            ClientMessage::Unsubscribe { channel } => {
                self.channels.remove(&channel);
                protocol::unsubscribed(&channel, self.now())
            }
            ClientMessage::Subscribe { channel, resume_from } => {
                match self.subscribe(&channel, resume_from).await {
                    Ok((sequence, resumed)) => {
                        protocol::subscribed(&channel, sequence, resumed, self.now())
                    }
                    Err(reason) => protocol::error(Some(&channel), reason, self.now()),
                }
            }
        }
    }

    async fn subscribe(
        &mut self,
        channel: &str,
        resume_from: Option<u64>,
    ) -> Result<(u64, bool), &'static str> {
        let held = self.channels.contains_key(channel);
        if !held && self.channels.len() >= self.sockets.settings.subscriptions + 2 {
            return Err("too many subscriptions");
        }
        if !self.sockets.may_hear(&self.caller, channel).await {
            return Err("there is no such channel");
        }
        let (sequence, resumed) = self.listen(channel, resume_from).await?;
        Ok((sequence, resumed && resume_from.is_some()))
    }

    /// Listens to a channel. One that is listened to already goes on where it was, unless the
    /// client names another place.
    async fn listen(
        &mut self,
        channel: &str,
        resume_from: Option<u64>,
    ) -> Result<(u64, bool), &'static str> {
        let sent = self.channels.get(channel).map(|heard| heard.sent);
        let subscribed = self.sockets.engine.subscribe(channel, resume_from.or(sent)).await;
        let (begun, frames) = subscribed.map_err(|_| "the engine does not answer")?;
        let sent = match resume_from.or(sent) {
            Some(sent) if begun.resumed => sent,
            _ => begun.sequence,
        };
        self.channels.insert(channel.to_owned(), Heard { frames, sent });
        Ok((begun.sequence, begun.resumed))
    }

    /// Sends a frame, and those that wait behind it.
    async fn pass_on(&mut self, socket: &mut WebSocket, frame: &Frame) -> Step {
        let write = async {
            socket.feed(Message::Text(protocol::published(frame).into())).await?;
            for heard in self.channels.values_mut() {
                for _ in 0..BATCH {
                    let Ok(frame) = heard.frames.try_recv() else {
                        break;
                    };
                    heard.sent = frame.sequence;
                    socket.feed(Message::Text(protocol::published(&frame).into())).await?;
                }
            }
            socket.flush().await
        };
        match timeout(SEND_LIMIT, write).await {
            Ok(written) => written.map_err(|_| End::Gone),
            Err(_) => Err(too_slow()),
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A server that is gone has stopped.
    let _stopped = stop.wait_for(|stop| *stop).await;
}

fn too_slow() -> End {
    End::Close(CloseCode::TooSlow, "you read too slowly; come back and resume")
}

async fn send(socket: &mut WebSocket, message: Message) -> Step {
    match timeout(SEND_LIMIT, socket.send(message)).await {
        Ok(sent) => sent.map_err(|_| End::Gone),
        Err(_) => Err(too_slow()),
    }
}
