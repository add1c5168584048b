//! The doors for experiments: a worker that dies, a channel that is flooded.

use serde_json::json;

use crate::house::{House, Reply};
use crate::sockets::Socket;

#[tokio::test]
async fn a_worker_that_panics_comes_back() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let id = john.strategy(&account).await;
    john.post(&format!("/workers/{id}/start"), &json!({})).await.expect(200);
    let worker = format!("/workers/{id}/status");
    john.until(&worker, |it| it["state"] == "running").await;
    let door = format!("{}/__lab/panic?worker={id}", house.server.url);
    Reply::of(house.http.post(&door)).await.expect(200);
    john.until(&worker, |it| it["restarts"] == 1 && it["state"] == "running").await;
}

#[tokio::test]
async fn who_reads_too_slowly_is_let_go_and_can_resume() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let mut slow = Socket::open(&house, &john.token).await;
    let begun = slow.subscribe(json!({"type": "subscribe", "channel": "system"})).await;
    let door = |n: u32, size: u32| {
        format!("{}/__lab/publish?channel=system&n={n}&size={size}", house.server.url)
    };
    Reply::of(house.http.post(door(3, 100))).await.expect(200);
    let mut last = 0;
    for i in 0..3 {
        let frame = slow.until("lab").await;
        assert_eq!(frame["data"]["i"], i);
        assert!(frame["data"]["t_ns"].as_i64().unwrap() > 0);
        last = frame["seq"].as_u64().unwrap();
    }
    assert!(last > begun["seq"].as_u64().unwrap());
    // More than sockets and queues hold, while nobody reads.
    for _ in 0..10 {
        Reply::of(house.http.post(door(2_000, 8_000))).await.expect(200);
    }
    let code = loop {
        match slow.hear().await {
            Ok(frame) if frame["type"] == "lab" => last = frame["seq"].as_u64().unwrap(),
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, 4008);
    let mut again = Socket::open(&house, &john.token).await;
    let resume = json!({"type": "subscribe", "channel": "system", "resume_from": last});
    let begun = again.subscribe(resume).await;
    assert!(begun["seq"].as_u64().unwrap() > last, "{begun}");
    assert_eq!(begun["resumed"], false, "what was flooded away is told");
}
