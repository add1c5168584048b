//! The server: composes store, exchange, engine and interfaces, and runs them until it is stopped.

mod settings;

pub use settings::{ServerSettings, TradingSettings};
