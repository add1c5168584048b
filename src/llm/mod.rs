//! Model providers: who is asked, how, and what it may cost.
//!
//! Knows no strategy and no order: a question comes in, an answer or the reason for none goes out.

mod cassette;
mod catalogue;
mod chaos;
pub mod house;
mod network;
mod port;
mod service;
mod settings;
pub mod tokens;

pub use cassette::{Cassette, CassetteError, Recorder, Tape};
pub use catalogue::{Preset, preset, presets};
pub use chaos::{ChaosModels, Misbehaviour};
pub use network::NetworkModels;
pub use port::{Ask, Models, NobodyToAsk, Pending};
pub use service::{
    BudgetLeft, ModelInfo, ModelService, ModelServiceParts, ProviderHealth, Tested, error_code,
};
pub use settings::LlmSettings;
