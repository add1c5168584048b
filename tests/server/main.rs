//! The server as a whole: the real binary, its data folder, its exchange, and what survives.

#[path = "../support/banyan.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod banyan;
#[path = "../support/client.rs"]
mod client;
mod first_hour;
mod full_disk;
mod refusals;
#[path = "../support/server.rs"]
mod server;
mod stopping;
