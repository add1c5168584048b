//! Decisions of models: reading answers, counting votes, checking claims, sealing records.
//!
//! Pure: no model is asked here and no order is made. Strategies use it, the journal keeps its
//! records.

mod claims;
mod debate;
mod proposal;
mod record;
mod snapshot;

pub use claims::{ClaimReport, Contradiction};
pub use debate::{ConsensusMode, DebateSummary, Dissent, Vote};
pub use proposal::{Action, Proposal, Reply};
pub use record::{
    AnswerError, AnswerRecord, CallParameters, DECISION_VERSION, Decision, DecisionEvent,
    DecisionId, DecisionResult, Dropped, Horizon, Judged, Outcome, Resolution, Trigger, Verdict,
};
pub use snapshot::{
    AccountSnapshot, CandleSnapshot, ClosedTrade, ExternalText, LeftOut, MarketSnapshot,
    PositionSnapshot, Snapshot, TimeframeSnapshot,
};
