//! Wishes that wait for a person.

use serde::{Deserialize, Serialize};

use crate::decision::{DecisionEvent, DecisionId, Resolution};
use crate::intent::Intent;
use crate::money::{Price, Rate, Rounding};
use crate::time::Timestamp;
use crate::worker::WorkerView;

/// The wishes of one decision, until a person answers or the time is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Approval {
    pub(super) decision: DecisionId,
    pub(super) expires_at: Timestamp,
    /// The wishes, each with the price when it was proposed.
    wishes: Vec<(Intent, Option<Price>)>,
    band: Rate,
}

impl Approval {
    pub(super) fn new(
        decision: DecisionId,
        expires_at: Timestamp,
        wishes: impl IntoIterator<Item = Intent>,
        band: Rate,
        view: &WorkerView<'_>,
    ) -> Self {
        let wishes = wishes.into_iter().map(|intent| {
            let price = intent.instrument().and_then(|it| view.markets.get(it).valuation());
            (intent, price)
        });
        Self { decision, expires_at, wishes: wishes.collect(), band }
    }

    /// It ends without a person's answer.
    pub(super) const fn ended(&self, resolution: Resolution) -> DecisionEvent {
        DecisionEvent::Resolved { decision: self.decision, resolution, by: None }
    }

    /// What becomes of it when a person agrees, and the wishes to carry out.
    pub(super) fn approve(self, view: &WorkerView<'_>) -> (Resolution, Vec<Intent>) {
        if view.now >= self.expires_at {
            return (Resolution::Expired, Vec::new());
        }
        let moved = self.wishes.iter().any(|(intent, price)| self.has_moved(intent, *price, view));
        if moved {
            return (Resolution::PriceMoved, Vec::new());
        }
        (Resolution::Approved, self.wishes.into_iter().map(|(intent, _)| intent).collect())
    }

    /// Says whether the price has left the band; leaving a position is right at any price.
    fn has_moved(&self, intent: &Intent, then: Option<Price>, view: &WorkerView<'_>) -> bool {
        let Intent::Open { instrument, .. } = intent else {
            return false;
        };
        let now = view.markets.get(*instrument).valuation();
        let (Some(then), Some(now)) = (then, now) else {
            return true;
        };
        (now - then).abs() > then.times(self.band, Rounding::Down)
    }
}
