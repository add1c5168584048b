//! What can be said to the embedded exchange.

use actix::prelude::*;
use banyan_core::ids::AccountId;
use banyan_core::instrument::{InstrumentId, Instruments};
use banyan_core::market::Candle;
use banyan_core::time::{Timeframe, Timestamp};
use banyan_core::venue::VenueCommand;
use banyan_matching::exchange::AccountSettings as VenueAccount;
use banyan_matching::faults::{Fault, FaultSettings, Target};
use banyan_matching::world::World;

use crate::exchanges::{MarketBatch, Unreachable, VenueDelivery};

/// Which engine process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub u64);

/// Connects an account of an engine process. One that another process had connected is taken over,
/// and hears of the gap.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectAccount {
    /// Which account.
    pub account: AccountId,
    /// Which process.
    pub process: ProcessId,
    /// Where its messages go.
    pub deliver_to: Recipient<VenueDelivery>,
}

/// Connects the market feed of an engine process.
#[derive(Message)]
#[rtype(result = "()")]
pub struct ConnectFeed {
    /// Which process.
    pub process: ProcessId,
    /// Where market data goes.
    pub deliver_to: Recipient<MarketBatch>,
}

/// An engine process is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Disconnect(pub ProcessId);

/// A command of an account, from an engine process.
#[derive(Debug, Clone, Message)]
#[rtype(result = "()")]
pub struct Call {
    /// Which account.
    pub account: AccountId,
    /// Which process.
    pub process: ProcessId,
    /// What is asked.
    pub command: VenueCommand,
}

/// Asks for the newest closed candles, oldest first.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Vec<Candle>")]
pub struct GetCandles {
    /// Where.
    pub instrument: InstrumentId,
    /// Their length.
    pub timeframe: Timeframe,
    /// How many at most.
    pub limit: usize,
}

/// Asks what is listed, as it is now.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Instruments")]
pub struct GetInstruments;

/// Opens an account and connects it; one that is open already stays as it is. Answered when the
/// exchange will not forget it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Unreachable>")]
pub struct OpenAccount {
    /// Which account.
    pub account: AccountId,
    /// How it trades and what it starts with.
    pub settings: VenueAccount,
}

/// Turns the fault dial. Answered when the exchange will not forget it.
#[derive(Debug, Clone, Message)]
#[rtype(result = "Result<(), Unreachable>")]
pub struct SetFaults(pub FaultSettings);

/// Forces a fault, where it can befall the target. Answered when the exchange will not forget it.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<(), Unreachable>")]
pub struct InjectFault {
    /// What goes wrong.
    pub fault: Fault,
    /// For whom.
    pub target: Target,
}

/// Lets the exchange write down all that it is, so that its next start is quick. Answered when
/// that is durable; at once by an exchange without a memory.
#[derive(Debug, Clone, Copy, Message)]
#[rtype(result = "Result<(), Unreachable>")]
pub struct SaveExchange;

/// A look into the world, at engine time.
type Look = Box<dyn FnOnce(&World, Timestamp) + Send>;

/// Looks into the world; for reports and proofs.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Inspect(pub Look);
