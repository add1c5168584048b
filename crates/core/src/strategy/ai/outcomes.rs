//! What decisions turn out to be worth: measured after an hour, four hours, a day, and when the
//! position that they opened was closed.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::books::Ended;
use crate::decision::{Action, DecisionEvent, DecisionId, Horizon, Outcome, Proposal};
use crate::instrument::InstrumentId;
use crate::money::{Amount, Price, Rate, Rounding};
use crate::order::Side;
use crate::strategy::Effects;
use crate::time::{Span, Timestamp};
use crate::worker::WorkerView;

/// Measurements that may be due at some time; the oldest give way.
const AWAITED: usize = 300;
/// How late a measurement may be: after a long stop it would say nothing of its horizon.
const TOLERANCE: Span = Span::minutes(30);

/// After how long proposals are measured.
const HORIZONS: [(Horizon, Span); 3] = [
    (Horizon::OneHour, Span::minutes(60)),
    (Horizon::FourHours, Span::minutes(240)),
    (Horizon::OneDay, Span::minutes(1_440)),
];

/// Measurements to come.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Outcomes(VecDeque<Awaited>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Awaited {
    decision: DecisionId,
    instrument: InstrumentId,
    side: Side,
    price_then: Price,
    horizon: Horizon,
    due: Timestamp,
}

/// The direction in which a proposal bets; closing a position bets against it.
const fn direction(action: Action) -> Option<Side> {
    match action {
        Action::OpenLong | Action::CloseShort => Some(Side::Buy),
        Action::OpenShort | Action::CloseLong => Some(Side::Sell),
        Action::Hold | Action::Wait => None,
    }
}

impl Outcomes {
    /// Awaits the outcome of a proposal.
    pub(super) fn expect(
        &mut self,
        decision: DecisionId,
        proposal: &Proposal,
        view: &WorkerView<'_>,
    ) {
        let instrument = proposal.instrument;
        let price = view.markets.get(instrument).valuation();
        let (Some(side), Some(price_then)) = (direction(proposal.action), price) else {
            return;
        };
        for (horizon, after) in HORIZONS {
            let due = view.now + after;
            self.0.push_back(Awaited { decision, instrument, side, price_then, horizon, due });
        }
        while self.0.len() > AWAITED {
            self.0.pop_front();
        }
    }

    /// When the next one is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.0.iter().map(|it| it.due).min()
    }

    /// Measures what is due.
    pub(super) fn measure(&mut self, view: &WorkerView<'_>, effects: &mut Effects) {
        let all = std::mem::take(&mut self.0).into_iter();
        let (due, later): (VecDeque<_>, VecDeque<_>) = all.partition(|it| it.due <= view.now);
        self.0 = later;
        for awaited in due.iter().filter(|it| view.now - it.due <= TOLERANCE) {
            let price = view.markets.get(awaited.instrument).valuation();
            let outcome = price.and_then(|price| awaited.outcome(price, view));
            if let Some(outcome) = outcome {
                let decision = awaited.decision;
                effects.decisions.push(DecisionEvent::Measured { decision, outcome });
            }
        }
    }
}

impl Awaited {
    fn outcome(&self, price: Price, view: &WorkerView<'_>) -> Option<Outcome> {
        outcome((self.instrument, self.side), self.horizon, (self.price_then, price), None, view)
    }
}

/// The outcome of a trade that has just ended, where a decision opened it.
pub(super) fn of_trade(ended: &Ended, view: &WorkerView<'_>) -> Option<DecisionEvent> {
    let decision = ended.decision?;
    let prices = (ended.price_then?, ended.exit_price);
    let (place, pnl) = ((ended.instrument, ended.side), Some(ended.pnl));
    let outcome = outcome(place, Horizon::Close, prices, pnl, view)?;
    Some(DecisionEvent::Measured { decision, outcome })
}

fn outcome(
    (instrument, side): (InstrumentId, Side),
    horizon: Horizon,
    (then, now): (Price, Price),
    pnl: Option<Amount>,
    view: &WorkerView<'_>,
) -> Option<Outcome> {
    let listed = view.instruments.get(instrument)?;
    let moved = Amount(i128::from((now.0 - then.0) * side.sign()));
    let gain = moved.ratio(Amount(i128::from(then.0)), Rounding::Floor).unwrap_or(Rate::ZERO);
    Some(Outcome {
        horizon,
        symbol: listed.symbol.clone(),
        price_then: then.to_decimal(listed.price_decimals),
        price_now: now.to_decimal(listed.price_decimals),
        gain,
        pnl,
    })
}
