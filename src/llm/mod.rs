//! Model providers: who is asked, how, and what it may cost.
//!
//! Knows no strategy and no order: a question comes in, an answer or the reason for none goes out.

mod port;

pub use port::{Ask, Models, NobodyToAsk, Pending};
