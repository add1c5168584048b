//! What people and programs are shown: serialised shapes shared by the REST interface, WebSocket
//! frames and actors.
//!
//! Knows the core alone. Money is exact and written as JSON numbers, times are RFC 3339 in UTC.

mod account;
mod decision;
mod frames;
mod number;
mod time;

pub use account::{BalanceView, PositionView, balance, positions};
pub use decision::{
    Aftermath, DecisionDetail, DecisionView, ExecutedOrder, decision, decision_detail,
    decision_frame,
};
pub use frames::{account_update, notification, position_update, strategy_status};
pub use number::Number;
pub use time::Time;
