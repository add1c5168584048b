//! A full disk: entries are refused with a reason, the stop of an open position stays, and trading
//! resumes by itself when there is room again.
//!
//! The disk is a small one in memory, mounted in a namespace of the server's own, and filled from
//! outside by way of the server's view of the file system.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::server::{Server, data_folder, demo, word};

/// What the disk holds.
const DISK: &str = "48m";

/// The demo on a disk of its own.
fn on_small_disk(data: &Path) -> Command {
    let inner = demo(data);
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let mount = format!("mount -t tmpfs -o size={DISK} disk \"$0\" && exec \"$@\"");
    command.args(["--mount", "sh", "-c", &mount]).arg(data).arg(inner.get_program());
    command.args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id is there");
    output.stdout.starts_with(b"0\n")
}

/// Fills the disk of a server to the last byte; returns what fills it.
fn fill(server: &Server, data: &Path) -> PathBuf {
    let seen = PathBuf::from(format!("/proc/{}/root{}", server.id(), data.display()));
    let ballast = seen.join("ballast");
    let mut file = fs::File::create(&ballast).expect("the disk has room yet");
    for size in [1 << 20, 1 << 12, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    ballast
}

/// A strategy that wishes to enter every minute, with a stop.
fn eager(account: &str) -> Value {
    json!({
        "name": "eager", "strategy_type": "dca", "symbol": "SOL/USDT:USDT",
        "account_id": account, "allocated_capital": 1000,
        "config": {
            "order_amount": 50, "interval_minutes": 1, "take_profit_percent": 50,
            "stop_loss_percent": 20
        },
    })
}

async fn start_eager(server: &Server) -> String {
    let account = json!({ "name": "second", "exchange": "paper" });
    let (status, account) = server.post("/api/v1/accounts", &account).await;
    assert_eq!(status, 200, "{account:#}");
    let account = word(&account["id"]);
    let (status, made) = server.post("/api/v1/quant-strategies", &eager(&account)).await;
    assert_eq!(status, 200, "{made:#}");
    let id = word(&made["id"]);
    let path = format!("/api/v1/quant-strategies/{id}/status");
    let (status, answer) = server.post(&path, &json!({ "status": "active" })).await;
    assert_eq!(status, 200, "{answer:#}");
    id
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The stops of a worker that stand at the venue.
fn stops<'v>(orders: &'v Value, worker: &str) -> Vec<&'v Value> {
    let of_worker = |it: &&Value| it["strategy_id"] == worker && it["purpose"] == "stop_loss";
    list(orders).iter().filter(of_worker).filter(|it| it["status"] == "open").collect()
}

#[tokio::test]
async fn a_full_disk_stops_entries_and_nothing_else() {
    let (_folder, data) = data_folder();
    fs::create_dir(&data).expect("a folder to mount on");
    let mut server = Server::start(&mut on_small_disk(&data));
    server.log_in().await;
    let worker = start_eager(&server).await;
    let orders = "/api/v1/orders?limit=200";
    let guarded = server.until(orders, |orders| !stops(orders, &worker).is_empty()).await;
    let stop = stops(&guarded, &worker)[0]["id"].clone();

    let ballast = fill(&server, &data);
    server.until("/api/v1/engine/state", |state| state["journal"] != "healthy").await;
    let why_not = format!("/api/v1/why-not?worker={worker}");
    let refused = |answer: &Value| answer.to_string().contains("JOURNAL_UNAVAILABLE");
    server.until(&why_not, refused).await;
    let still = server.get(orders).await;
    assert!(stops(&still, &worker).iter().any(|it| it["id"] == stop), "the stop stands");

    fs::remove_file(ballast).expect("it is there");
    server.until("/api/v1/engine/state", |state| state["journal"] == "healthy").await;
    let path = format!("/api/v1/fills?worker={worker}&limit=200");
    let before = list(&server.get(&path).await).len();
    server.until(&path, |fills| list(fills).len() > before).await;
    assert_eq!(server.stop().code(), Some(0));
}
