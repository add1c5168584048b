//! A decision once more, under other limits: puts together what was kept of it and lets the core
//! review it again.

use std::sync::Arc;

use banyan_core::decision::counterfactual::replay;
use banyan_core::decision::{Counterfactual, Decision, KeptReview};
use banyan_core::instrument::Instrument;
use banyan_core::journal::{AccountEvent, Record};

use super::limits::LimitChange;

/// Replays a decision from the records that follow from it. Of the instruments, those count that
/// the strategy looked at.
#[must_use]
pub fn replay_decision<'i>(
    decision: &Decision,
    records: &[Record],
    instruments: impl IntoIterator<Item = &'i Arc<Instrument>>,
    change: &LimitChange,
) -> Counterfactual {
    let instruments = instruments.into_iter().map(|it| &**it);
    let instruments: Vec<_> = instruments.filter(|it| looked_at(decision, it)).collect();
    replay(decision, &instruments, &reviews(records), &|limits| change.apply(limits))
}

fn looked_at(decision: &Decision, instrument: &Instrument) -> bool {
    let snapshot = &decision.snapshot;
    let seen = snapshot.markets.iter().map(|it| &it.symbol);
    let unseen = snapshot.left_out.iter().map(|it| &it.symbol);
    let proposed = decision.proposals.iter().map(|it| &it.proposal.symbol);
    seen.chain(unseen).chain(proposed).any(|symbol| *symbol == instrument.symbol)
}

/// The reviews of which everything was kept.
fn reviews(records: &[Record]) -> Vec<KeptReview> {
    let reviewed = records.iter().filter_map(|record| match &record.event {
        AccountEvent::IntentReviewed { id, intent, outcome } => Some((*id, intent, outcome)),
        _ => None,
    });
    let witnessed = |id| {
        records.iter().find_map(|record| match &record.event {
            AccountEvent::ReviewWitnessed { id: of, view, limits } if *of == id => {
                Some(((**view).clone(), (**limits).clone()))
            }
            _ => None,
        })
    };
    reviewed
        .filter_map(|(id, intent, outcome)| {
            let (view, limits) = witnessed(id)?;
            let (intent, outcome) = (intent.clone(), outcome.clone());
            Some(KeptReview { id, intent, outcome, view, limits })
        })
        .collect()
}
