//! WebSocket connections: subscriptions, resuming, limits, and how they end.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::house::{Guest, House};

/// A client of a WebSocket.
pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(crate) async fn open(house: &House, token: &str) -> Self {
        let origin = house.server.url.replace("http://", "ws://");
        let (socket, _) = connect_async(format!("{origin}/api/v1/ws?token={token}"))
            .await
            .expect("the handshake is taken");
        Self(socket)
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        let message = Message::Text(message.to_string().into());
        self.0.send(message).await.expect("the connection is open");
    }

    /// The next message; a close as its code.
    pub(crate) async fn hear(&mut self) -> Result<Value, u16> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), self.0.next()).await;
            match next.expect("something is heard in time") {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("frames are JSON"));
                }
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(0, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    /// The next message of one type.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await.expect("the connection is open");
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// Asks for a channel; the answer is a confirmation or an error.
    pub(crate) async fn subscribe(&mut self, message: Value) -> Value {
        self.say(&message).await;
        loop {
            let frame = self.hear().await.expect("the connection is open");
            if frame["type"] == "subscribed" || frame["type"] == "error" {
                return frame;
            }
        }
    }
}

async fn trader(house: &House) -> (Guest, String, String) {
    let john = house.guest("john@example.com").await;
    let account = john.account().await;
    let strategy = john.strategy(&account).await;
    (john, account, strategy)
}

async fn set(john: &Guest, strategy: &str, status: &str) {
    let path = format!("/quant-strategies/{strategy}/status");
    john.post(&path, &json!({"status": status})).await.expect(200);
}

#[tokio::test]
async fn a_client_is_told_and_can_resume() {
    let house = House::open();
    let (john, account, strategy) = trader(&house).await;
    let channel = format!("strategy:{strategy}");
    let mut socket = Socket::open(&house, &john.token).await;
    socket.say(&json!({"type": "ping"})).await;
    let pong = socket.until("pong").await;
    assert!(pong["timestamp"].as_str().unwrap().ends_with('Z'));
    let begun = socket.subscribe(json!({"type": "subscribe", "channel": channel})).await;
    assert_eq!((&begun["channel"], &begun["resumed"]), (&json!(channel), &json!(false)));
    let start = begun["seq"].as_u64().unwrap();
    set(&john, &strategy, "active").await;
    let frame = socket.until("strategy_status").await;
    assert_eq!(frame["channel"], channel);
    assert_eq!(frame["data"]["strategy_id"], strategy);
    assert_eq!(
        (&frame["data"]["status"], &frame["data"]["error"]),
        (&json!("active"), &Value::Null)
    );
    assert!(frame["seq"].as_u64().unwrap() > start);
    let account = format!("account:{account}");
    socket.subscribe(json!({"type": "subscribe", "channel": account})).await;
    let update = socket.until("account_update").await;
    assert!(update["data"]["state"]["equity"].is_number(), "{update}");
    let update = socket.until("position_update").await;
    assert!(update["data"]["positions"].is_array(), "{update}");
    drop(socket);

    set(&john, &strategy, "stopped").await;
    let mut again = Socket::open(&house, &john.token).await;
    let resume = json!({"type": "subscribe", "channel": channel, "resume_from": start});
    assert_eq!(again.subscribe(resume).await["resumed"], true);
    let mut expected = start + 1;
    loop {
        let frame = again.hear().await.expect("the connection is open");
        if frame["channel"] != channel {
            continue;
        }
        assert_eq!(frame["seq"], expected, "{frame}");
        expected += 1;
        if frame["type"] == "strategy_status" && frame["data"]["status"] == "stopped" {
            break;
        }
    }
    let ancient = json!({"type": "subscribe", "channel": channel, "resume_from": 1});
    assert_eq!(again.subscribe(ancient).await["resumed"], false);
    again.say(&json!({"type": "unsubscribe", "channel": channel})).await;
    assert_eq!(again.until("unsubscribed").await["channel"], channel);
}

#[tokio::test]
async fn channels_of_others_and_odd_messages_are_refused() {
    let house = House::open();
    let (john, account, strategy) = trader(&house).await;
    let jane = house.guest("jane@example.com").await;
    let mut socket = Socket::open(&house, &jane.token).await;
    let channels = [
        format!("strategy:{strategy}"),
        format!("account:{account}"),
        format!("user:{}", john.id),
        "price:BTC".to_owned(),
    ];
    for channel in channels {
        let refused = socket.subscribe(json!({"type": "subscribe", "channel": channel})).await;
        assert_eq!(refused["type"], "error", "{channel}");
    }
    let own = format!("user:{}", jane.id);
    for channel in ["system", own.as_str()] {
        let taken = socket.subscribe(json!({"type": "subscribe", "channel": channel})).await;
        assert_eq!(taken["type"], "subscribed", "{channel}");
    }
    socket.0.send(Message::Text("{nonsense".into())).await.unwrap();
    assert_eq!(socket.until("error").await["data"], json!({"message": "Invalid JSON"}));
    socket.0.send(Message::Binary(vec![1, 2].into())).await.unwrap();
    assert_eq!(socket.until("error").await["data"]["message"], "messages must be texts");
    socket.say(&json!({"type": "ping"})).await;
    socket.until("pong").await;
    let stats = jane.get("/ws/stats").await.expect(200);
    assert_eq!(stats["total_connections"], 1);
    assert_eq!(stats["channels"][&own], 1, "{stats}");
}

#[tokio::test]
async fn who_may_not_connect_is_told_why() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    for token in ["", "nonsense", john.refresh.as_str()] {
        let mut socket = Socket::open(&house, token).await;
        let told = socket.hear().await.expect("the reason comes first");
        assert_eq!(told["type"], "error", "{told}");
        assert_eq!(socket.hear().await, Err(4001), "{token}");
    }
    let mut open = Vec::new();
    for _ in 0..5 {
        let mut socket = Socket::open(&house, &john.token).await;
        socket.say(&json!({"type": "ping"})).await;
        socket.until("pong").await;
        open.push(socket);
    }
    let mut sixth = Socket::open(&house, &john.token).await;
    assert_eq!(sixth.hear().await.expect("the reason comes first")["type"], "error");
    assert_eq!(sixth.hear().await, Err(4003));
    drop(open.pop());
    john.until("/ws/stats", |it| it["total_connections"] == 4).await;
    let mut fifth = Socket::open(&house, &john.token).await;
    fifth.say(&json!({"type": "ping"})).await;
    fifth.until("pong").await;
    let plain = john.get("/ws?token=x").await;
    assert_eq!(plain.failure(426), "UPGRADE_REQUIRED");
}

#[tokio::test]
async fn silence_and_ended_sessions_end_connections() {
    let house = House::open_with(|command| {
        command.env("BANYAN__WS__PING_SECONDS", "1");
        command.env("BANYAN__WS__IDLE_SECONDS", "3");
        command.env("BANYAN__WS__SUBSCRIPTIONS", "2");
        command.env("BANYAN__WS__FRAME_BYTES", "256");
    });
    let (john, account, strategy) = trader(&house).await;
    // A client answers pings only while it reads.
    let mut silent = Socket::open(&house, &john.token).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let ended = loop {
        match silent.hear().await {
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert!([0, 1001].contains(&ended), "{ended}");
    let mut socket = Socket::open(&house, &john.token).await;
    for channel in [format!("account:{account}"), format!("strategy:{strategy}")] {
        let taken = socket.subscribe(json!({"type": "subscribe", "channel": channel})).await;
        assert_eq!(taken["type"], "subscribed");
    }
    let other = john.strategy(&account).await;
    let channel = format!("strategy:{other}");
    let refused = socket.subscribe(json!({"type": "subscribe", "channel": channel})).await;
    assert_eq!(refused["data"]["message"], "too many subscriptions");
    let mut long = Socket::open(&house, &john.token).await;
    let _ = long.0.send(Message::Text("x".repeat(1_000).into())).await;
    while long.hear().await.is_ok() {}
    john.post("/auth/logout", &json!({})).await.expect(200);
    let code = loop {
        match socket.hear().await {
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, 4001);
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let house = House::open();
    let john = house.guest("john@example.com").await;
    let mut socket = Socket::open(&house, &john.token).await;
    socket.say(&json!({"type": "ping"})).await;
    socket.until("pong").await;
    let stopped = tokio::task::spawn_blocking(move || house.server.stop());
    let code = loop {
        match socket.hear().await {
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, 1001);
    assert!(stopped.await.expect("nothing panics").success());
}
