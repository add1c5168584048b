//! Model providers: who is asked, how, and what it may cost.
//!
//! Knows no strategy and no order: a question comes in, an answer or the reason for none goes out.

mod cassette;
mod chaos;
pub mod house;
mod port;

pub use cassette::{Cassette, CassetteError, Recorder, Tape};
pub use chaos::{ChaosModels, Misbehaviour};
pub use port::{Ask, Models, NobodyToAsk, Pending};
