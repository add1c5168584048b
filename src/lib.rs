//! Banyan: a supervised, actor-based, real-time trading engine.
//!
//! This crate is the shell around `banyan-core`: it carries events to the pure core and its effects
//! into the world. `actors` is the supervision tree, `exchanges` the venues, `store` what is kept,
//! `simulation` the proof, `cli` the command line.

pub mod actors;
pub mod api;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod entropy;
pub mod exchanges;
pub mod fleet;
pub mod llm;
pub mod report;
pub mod secret;
pub mod server;
pub mod settings;
pub mod simulation;
pub mod store;
pub mod telemetry;
pub mod view;
pub mod ws;
