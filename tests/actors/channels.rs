//! Channels: numbering, resuming, subscribers that cannot keep up.

use actix::prelude::*;
use banyan::actors::{ChannelSupervisor, Frame, Publish, Subscribe, Subscription};
use banyan::simulation::{Pace, run};
use banyan_core::time::Timestamp;
use tokio::sync::mpsc;

const START: Timestamp = Timestamp(1_767_225_600_000_000);
const BASE: u64 = 1_767_225_600 << 20;

async fn publish(channels: &Addr<ChannelSupervisor>, channel: &str, times: u32) {
    for n in 0..times {
        let (channel, data) = (channel.into(), n.to_string().into());
        let publish = Publish { channel, kind: "count", time: START, data };
        channels.send(publish).await.expect("the supervisor lives");
    }
    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
}

async fn subscribe(
    channels: &Addr<ChannelSupervisor>,
    channel: &str,
    after: Option<u64>,
    queue: usize,
) -> (Subscription, mpsc::Receiver<Frame>) {
    let (deliver_to, frames) = mpsc::channel(queue);
    let subscribe = Subscribe { channel: channel.into(), after, deliver_to };
    (channels.send(subscribe).await.expect("the supervisor lives"), frames)
}

fn heard(frames: &mut mpsc::Receiver<Frame>) -> Vec<u64> {
    std::iter::from_fn(|| frames.try_recv().ok()).map(|it| it.sequence - BASE).collect()
}

fn channels() -> Addr<ChannelSupervisor> {
    ChannelSupervisor::new(START).start()
}

#[test]
fn who_comes_back_resumes_where_it_was() {
    run(Pace::Unlimited, async {
        let channels = channels();
        publish(&channels, "account:1", 5).await;
        let (begun, mut frames) = subscribe(&channels, "account:1", Some(BASE + 3), 100).await;
        assert_eq!(begun, Subscription { sequence: BASE + 5, resumed: true });
        publish(&channels, "account:1", 2).await;
        assert_eq!(heard(&mut frames), [4, 5, 6, 7]);
    });
}

#[test]
fn who_names_no_frame_hears_what_follows() {
    run(Pace::Unlimited, async {
        let channels = channels();
        publish(&channels, "account:1", 3).await;
        let (begun, mut frames) = subscribe(&channels, "account:1", None, 100).await;
        assert!(begun.resumed);
        publish(&channels, "account:2", 1).await;
        publish(&channels, "account:1", 1).await;
        assert_eq!(heard(&mut frames), [4], "channels are numbered apart");
    });
}

#[test]
fn a_gap_is_told() {
    run(Pace::Unlimited, async {
        let channels = channels();
        publish(&channels, "system", 1_030).await;
        let resumed = async |after: u64| {
            let after = Some(after);
            let (begun, mut frames) = subscribe(&channels, "system", after, 2_000).await;
            (begun.resumed, heard(&mut frames).len())
        };
        assert_eq!(resumed(BASE + 1_020).await, (true, 10));
        assert_eq!(resumed(BASE + 6).await, (true, 1_024));
        assert_eq!(resumed(BASE + 5).await, (false, 0), "the ring has forgotten");
        assert_eq!(resumed(BASE + 1_031).await, (false, 0), "it never was");
        assert_eq!(resumed(BASE - 1).await, (false, 0), "another start of the engine");
    });
}

#[test]
fn a_subscriber_that_cannot_keep_up_is_dropped() {
    run(Pace::Unlimited, async {
        let channels = channels();
        let (_, mut slow) = subscribe(&channels, "system", None, 4).await;
        let (_, mut quick) = subscribe(&channels, "system", None, 100).await;
        publish(&channels, "system", 10).await;
        assert_eq!(heard(&mut slow), [1, 2, 3, 4]);
        assert!(slow.recv().await.is_none(), "the channel let go of it");
        assert_eq!(heard(&mut quick).len(), 10);
    });
}
