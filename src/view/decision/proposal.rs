//! Proposals of models, as people are shown them.

use banyan_core::decision::{Action, Proposal};
use serde::Serialize;

use super::Number;

/// One proposal.
#[derive(Debug, Serialize)]
pub(super) struct ProposalView<'d> {
    symbol: String,
    action: Action,
    leverage: Option<u32>,
    position_size_usd: Option<Number>,
    entry_price: Option<Number>,
    stop_loss: Option<Number>,
    take_profit: Option<Number>,
    confidence: Number,
    risk_usd: Option<Number>,
    reasoning: &'d str,
}

pub(super) fn show(proposal: &Proposal) -> ProposalView<'_> {
    ProposalView {
        symbol: proposal.symbol.to_string(),
        action: proposal.action,
        leverage: proposal.leverage,
        position_size_usd: proposal.position_size_usd.map(Number::from),
        entry_price: proposal.entry_price.map(Number),
        stop_loss: proposal.stop_loss.map(Number),
        take_profit: proposal.take_profit.map(Number),
        confidence: proposal.confidence.into(),
        risk_usd: proposal.risk_usd.map(Number::from),
        reasoning: &proposal.reasoning,
    }
}
