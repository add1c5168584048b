//! Watches the system calls of an engine: before the first byte of an order goes to the exchange's
//! socket, the journal's synchronisation to disk has returned.
//!
//! Only with SQLite, whose files the engine itself writes; PostgreSQL does so in another process.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use banyan_core::venue::VenueCommand;

use crate::house::House;
use crate::processes::{Place, Process};
use crate::verdict;
use crate::wire::Request;

const CALLS: &str = "trace=fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg";
/// The end of the path of the journal's write-ahead log.
const JOURNAL: &str = "banyan.db-wal";
/// Orders that are enough.
const ENOUGH: usize = 20;
/// How long to wait for them, in tenths of a second.
const PATIENCE: usize = 600;

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) orders: usize,
    pub(crate) violations: Vec<String>,
}

/// Starts an engine under strace in place of the one that runs, lets it trade for a while, and
/// reads what it did.
pub(crate) async fn check(place: &Place, house: &mut House, engine: Process) -> Seen {
    drop(engine);
    place.wait_for_silence().await;
    let before = verdict::orders(place).len();
    let trace = place.folder.join("strace.txt");
    let engine = place.engine();
    let mut command = Command::new("strace");
    command.args(["-f", "-yy", "-xx", "-s", "1000000", "-e", CALLS, "-o"]).arg(&trace);
    command.arg(engine.get_program()).args(engine.get_args());
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    place.settle(&mut command);
    let mut engine = Process::spawn(&mut command);
    let told = engine.first_line().await.expect("strace is installed; see engine.log");
    let id = house.move_to(&told);
    house.set_all("active").await;
    for _ in 0..PATIENCE {
        if verdict::orders(place).len() >= before + ENOUGH {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    house.set_all("stopped").await;
    // strace ends when the engine, its child, does.
    let ended = Command::new("kill").args(["-KILL", &id]).status();
    assert!(ended.is_ok_and(|status| status.success()), "the engine ran until now");
    engine.wait();
    judge(&trace)
}

/// What is known of the journal up to a line of the trace.
#[derive(Default)]
struct Journal {
    /// Texts of pages that were written, and not synchronised yet.
    written: Vec<u8>,
    /// The same, of those that a synchronisation under way includes, by thread.
    under_way: BTreeMap<String, Vec<u8>>,
    /// The same, of those that are on the disk.
    durable: Vec<u8>,
}

fn judge(trace: &Path) -> Seen {
    let text = std::fs::read_to_string(trace).expect("strace wrote what it saw");
    let mut seen = Seen::default();
    let mut journal = Journal::default();
    let mut streams: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for line in text.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let call = call.trim_start();
        if call.contains("UNIX") && !call.starts_with("<...") {
            let stream = streams.entry(descriptor(call).to_owned()).or_default();
            stream.extend(bytes(call));
            for order in orders(stream) {
                seen.orders += 1;
                if !contains(&journal.durable, order.as_bytes()) {
                    let known = contains(&journal.written, order.as_bytes());
                    seen.violations.push(format!(
                        "order {order} went out before its plan was on the disk (written: {known})"
                    ));
                }
            }
        } else {
            journal.follow(thread, call);
        }
    }
    if seen.orders < ENOUGH / 2 {
        seen.violations.push(format!("strace saw only {} orders", seen.orders));
    }
    seen
}

impl Journal {
    fn follow(&mut self, thread: &str, call: &str) {
        let syncs = call.starts_with("fsync(") || call.starts_with("fdatasync(");
        if call.starts_with("pwrite64(") && is_of_journal(call) {
            self.written.extend(bytes(call));
        } else if syncs && is_of_journal(call) {
            let written = std::mem::take(&mut self.written);
            if call.contains("<unfinished") {
                self.under_way.insert(thread.to_owned(), written);
            } else {
                self.durable.extend(written);
            }
        } else if call.contains("sync resumed>") && call.ends_with("= 0") {
            self.durable.extend(self.under_way.remove(thread).unwrap_or_default());
        }
    }
}

/// The descriptor that a call is about, as strace describes it.
fn descriptor(call: &str) -> &str {
    let inside = call.split_once('(').map_or("", |(_, rest)| rest);
    inside.split_once('>').map_or("", |(descriptor, _)| descriptor)
}

/// Paths are written in hexadecimal digits too.
fn is_of_journal(call: &str) -> bool {
    decoded(descriptor(call)).ends_with(JOURNAL.as_bytes())
}

/// The bytes that a call writes.
fn bytes(call: &str) -> Vec<u8> {
    decoded(call.split_once(">, ").map_or("", |(_, data)| data))
}

/// Bytes that strace wrote as `\x00`.
fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in text.split("\\x").skip(1) {
        let digits = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.extend(digits);
    }
    bytes
}

/// Takes whole frames off a stream, and returns the client ids of orders among them.
fn orders(stream: &mut Vec<u8>) -> Vec<String> {
    let mut orders = Vec::new();
    while let Some((length, rest)) = stream.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some(frame) = rest.get(..length) else {
            break;
        };
        if let Ok(Request::Call { command: VenueCommand::SubmitOrder { request, .. }, .. }) =
            postcard::from_bytes(frame)
        {
            orders.push(request.client_id.to_string());
        }
        stream.drain(..4 + length);
    }
    orders
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
