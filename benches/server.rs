//! What a server costs that has little to do: the time to its first answer, its memory, and what a
//! thousand workers add to both.
//!
//! Run in the release profile, where the binary is what people get. Under `cargo test --benches` a
//! few workers show that it works; such figures mean nothing.
//!
//! - `first_answer`: from starting the process to the first 200 of `/health`, in a new data folder.
//! - `idle_memory`: resident memory of the demo after ten seconds.
//! - `workers_started`: from the ready line of a server with that many active strategies until all
//!   of them have looked at the market; they come back spread over two seconds on purpose.
//! - `workers_memory`: resident memory ten seconds later.

#[path = "../tests/support/banyan.rs"]
#[expect(dead_code, reason = "tests use the rest")]
mod banyan;
mod support {
    pub(crate) mod samples;
}
#[path = "../tests/support/client.rs"]
mod client;
#[path = "../tests/support/server.rs"]
#[expect(dead_code, reason = "tests use the rest")]
mod server;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use server::{Server, data_folder, demo, word};
use support::samples::{now, repetitions};

/// How many workers the server is to carry.
const MANY: usize = 1_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(measure());
}

async fn measure() {
    let workers = repetitions(MANY);
    let (_folder, data) = data_folder();
    first_answer(&data).await;
    let mut server = Server::start(&mut demo(&data));
    tokio::time::sleep(Duration::from_secs(if workers == MANY { 10 } else { 1 })).await;
    println!("idle_memory      {:.1} MB", memory(&server));
    server.log_in().await;
    hire(&server, workers).await;
    assert_eq!(server.stop().code(), Some(0));
    started(&data, workers).await;
}

async fn first_answer(data: &Path) {
    let begun = now();
    let server = Server::start(&mut demo(data));
    server.get("/health").await;
    println!("first_answer     {:.3} s", begun.elapsed().as_secs_f64());
    assert_eq!(server.stop().code(), Some(0));
}

/// Adds strategies that wait for what hardly ever comes, and activates them.
async fn hire(server: &Server, workers: usize) {
    let account = json!({ "name": "many", "exchange": "paper", "initial_balance": 10_000_000 });
    let (status, account) = server.post("/api/v1/accounts", &account).await;
    assert_eq!(status, 200, "{account:#}");
    for number in 0..workers {
        let symbol = ["BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"][number % 3];
        let strategy = json!({
            "name": format!("idle {number}"), "strategy_type": "rsi", "symbol": symbol,
            "account_id": account["id"], "allocated_capital": 5_000,
            "config": { "order_amount": 1_000, "oversold": 5, "overbought": 95, "timeframe": "1h" },
        });
        let (status, made) = server.post("/api/v1/quant-strategies", &strategy).await;
        assert_eq!(status, 200, "{made:#}");
        let path = format!("/api/v1/quant-strategies/{}/status", word(&made["id"]));
        let (status, answer) = server.post(&path, &json!({ "status": "active" })).await;
        assert_eq!(status, 200, "{answer:#}");
    }
}

async fn started(data: &Path, workers: usize) {
    let mut server = Server::start(&mut demo(data));
    let begun = now();
    server.log_in().await;
    while at_work(&server.get("/api/v1/workers/status").await) < workers {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("workers_started  {:.3} s for {workers}", begun.elapsed().as_secs_f64());
    tokio::time::sleep(Duration::from_secs(if workers == MANY { 10 } else { 1 })).await;
    println!("workers_memory   {:.1} MB", memory(&server));
}

/// Workers that have looked at the market since the start.
fn at_work(status: &Value) -> usize {
    let workers = status["workers"].as_array().map(Vec::as_slice).unwrap_or_default();
    workers.iter().filter(|it| it["last_run"].is_string()).count()
}

/// Resident memory in millions of bytes.
fn memory(server: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id()));
    let status = status.expect("the process lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it has memory");
    let kibibytes: f64 =
        line.split_whitespace().nth(1).and_then(|it| it.parse().ok()).unwrap_or(0.0);
    kibibytes * 1.024 / 1_000.0
}
