//! Channels: numbering, resuming, subscribers that cannot keep up.

use std::sync::{Arc, Mutex};

use actix::prelude::*;
use banyan::actors::{ChannelSupervisor, Frame, Publish, Subscribe};
use banyan::simulation::{Pace, run};

#[derive(Clone, Default)]
struct Listener {
    heard: Arc<Mutex<Vec<u64>>>,
}

impl Actor for Listener {
    type Context = Context<Self>;
}

impl Handler<Frame> for Listener {
    type Result = ();
    fn handle(&mut self, frame: Frame, _: &mut Self::Context) {
        self.heard.lock().expect("nobody panics with it").push(frame.sequence);
    }
}

async fn publish(channels: &Addr<ChannelSupervisor>, channel: &str, times: u32) {
    for n in 0..times {
        let publish = Publish { channel: channel.to_owned(), body: n.to_string().into() };
        channels.send(publish).await.expect("the supervisor lives");
    }
    settle().await;
}

async fn subscribe(channels: &Addr<ChannelSupervisor>, channel: &str, after: u64) -> Listener {
    let listener = Listener::default();
    let deliver_to = listener.clone().start().recipient();
    let subscribe = Subscribe { channel: channel.to_owned(), after, deliver_to };
    channels.send(subscribe).await.expect("the supervisor lives");
    settle().await;
    listener
}

async fn settle() {
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

#[test]
fn who_comes_back_resumes_where_it_was() {
    run(Pace::Unlimited, async {
        let channels = ChannelSupervisor::default().start();
        publish(&channels, "account:1", 5).await;
        let listener = subscribe(&channels, "account:1", 3).await;
        publish(&channels, "account:1", 2).await;
        assert_eq!(*listener.heard.lock().unwrap(), [4, 5, 6, 7]);
    });
}

#[test]
fn channels_are_numbered_apart() {
    run(Pace::Unlimited, async {
        let channels = ChannelSupervisor::default().start();
        publish(&channels, "account:1", 3).await;
        let listener = subscribe(&channels, "account:2", 0).await;
        publish(&channels, "account:2", 1).await;
        assert_eq!(*listener.heard.lock().unwrap(), [1]);
    });
}

#[test]
fn only_the_latest_frames_are_kept() {
    run(Pace::Unlimited, async {
        let channels = ChannelSupervisor::default().start();
        publish(&channels, "system", 1_030).await;
        let late = subscribe(&channels, "system", 1_020).await;
        assert_eq!(late.heard.lock().unwrap().len(), 10);
        let all = subscribe(&channels, "system", 0).await;
        assert_eq!(all.heard.lock().unwrap().first(), Some(&7));
    });
}
