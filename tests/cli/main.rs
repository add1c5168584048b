//! The binary from outside: what it prints, where, and with which exit code. These tests know the
//! command line alone, none of the library.

mod bad_data;
mod bad_replay_config;
#[path = "../support/banyan.rs"]
mod banyan;
mod determinism;
mod doctor;
mod folder;
mod funding;
mod refusal;
mod replay;
mod replay_config;
mod replay_in_words;
mod secrets;
mod settings;
mod simulate;
mod usage;
