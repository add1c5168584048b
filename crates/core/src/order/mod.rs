//! Orders: what is asked of a venue, and the life of what was asked.
//!
//! Knows nothing of accounts, risk or strategies.

mod life;
mod request;

pub use life::{IllegalTransition, Order, OrderState, Transition};
pub use request::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
