//! Decisions of models: reading answers, counting votes, checking claims, sealing records.
//!
//! Pure: no model is asked here and no order is made. Strategies use it, the journal keeps its
//! records.

pub mod calibration;
pub mod claims;
pub mod counterfactual;
pub mod debate;
pub mod parse;
mod proposal;
mod record;
pub mod schema;
pub mod seal;
mod snapshot;

pub use calibration::{Bin, Calibration};
pub use claims::{ClaimReport, Contradiction};
pub use counterfactual::{Counterfactual, KeptReview};
pub use debate::{
    Consensus, ConsensusMode, DebateSummary, Dissent, Vote, consensus, is_settled, rebuttal_request,
};
pub use parse::{Parsed, Universe, parse};
pub use proposal::{Action, Proposal, Reply};
pub use record::{
    AnswerError, AnswerRecord, CallParameters, DECISION_VERSION, Decision, DecisionEvent,
    DecisionId, DecisionResult, Dropped, Horizon, Judged, Outcome, Resolution, Trigger, Verdict,
};
pub use schema::{repair_request, schema};
pub use seal::{BrokenSeal, check_link, decision_id};
pub use snapshot::{
    AccountSnapshot, CandleSnapshot, ClosedTrade, ExternalText, LeftOut, MarketSnapshot,
    PositionSnapshot, Snapshot, TimeframeSnapshot,
};
