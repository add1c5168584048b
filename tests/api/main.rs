//! The interface from outside: the real server, with real clients, on both databases.

#[path = "../support/banyan.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod banyan;
#[path = "../support/client.rs"]
mod client;
mod decisions;
mod doors;
mod errors;
mod house;
mod idempotency;
#[cfg(feature = "lab")]
mod lab;
mod lifecycle;
mod logins;
#[path = "../support/postgres.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod postgres;
mod provider;
mod providers;
mod rates;
mod roles;
mod secrets;
#[path = "../support/server.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod server;
mod shapes;
mod sockets;
mod words;
