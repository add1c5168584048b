//! Model providers: who is asked, how, and what it may cost.
//!
//! Knows no strategy and no order: a question comes in, an answer or the reason for none goes out.

mod address;
mod attempt;
mod budget;
mod cassette;
mod catalogue;
mod chaos;
mod conversation;
mod dialect;
pub mod house;
mod learned;
mod line;
mod network;
mod port;
mod reading;
mod refusal;
mod request;
mod resolve;
mod retry_after;
mod service;
mod settings;
mod sse;
mod think;
pub mod tokens;
mod transport;
mod wire;

pub use cassette::{Cassette, CassetteError, Recorder, Tape};
pub use catalogue::{Preset, preset, presets};
pub use chaos::{ChaosModels, Misbehaviour};
pub use line::ProviderHealth;
pub use network::NetworkModels;
pub use port::{Ask, Models, NobodyToAsk, Pending};
pub use service::{BudgetLeft, ModelInfo, ModelService, ModelServiceParts, Tested, error_code};
pub use settings::LlmSettings;
