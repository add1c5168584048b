//! The REST interface: one file for each resource, thin. A handler checks what was entered, asks
//! the engine or the store, and answers; it holds no rule of trading.

mod account_form;
mod accounts;
mod ai_strategies;
mod ai_strategy_form;
mod auth;
mod decisions;
mod edge;
mod engine;
mod error;
mod extract;
mod fields;
mod health;
mod history;
mod hosts;
mod idempotency;
#[cfg(feature = "lab")]
mod lab;
mod lifecycle;
mod limits;
mod metrics;
mod models;
mod prompt_preview;
mod provider_form;
mod providers;
mod router;
mod settings;
mod sockets;
mod state;
mod strategies;
mod strategy_form;
mod workers;

pub use error::{ApiError, Detail};
pub use router::router;
pub use settings::ApiSettings;
pub use state::{AppParts, AppState, Shared};
