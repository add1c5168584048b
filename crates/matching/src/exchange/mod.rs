//! The pure exchange: order books, orders of every kind, margin, funding, liquidation.
//!
//! `Exchange` takes commands of accounts and steps of a market and answers at once. It knows
//! nothing of latency, faults, or where its market comes from.
//!
//! How a call runs: it changes books and accounts (`submit`, `matching`, `booking`, `ending`,
//! `steps`, `settlement`), notes what changed, and then `settle_down` lets triggers and
//! liquidations follow until all is at rest. `book`, `triggers`, `account`, `history`, `margin`
//! and `checks` know nothing of the exchange and of one another's insides.

mod account;
mod book;
mod booking;
mod checks;
mod commands;
mod ending;
mod engine;
mod funds;
mod history;
mod liquidation;
mod margin;
mod matching;
mod open_order;
mod settings;
mod settlement;
mod steps;
mod submit;
mod triggers;

pub use engine::{Exchange, Output};
pub use settings::{AccountSettings, ExchangeSettings, SelfTradePrevention};
