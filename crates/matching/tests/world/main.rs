//! The world around an engine: order of events, latency, and each fault by what it does.

mod delivery;
mod lasting;
mod listing;
mod momentary;
mod saving;
mod stalls;
mod support;
mod whole;
