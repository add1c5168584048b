//! What a worker hears of a record: denials, changes of its orders, fills in its sub-ledger.

use super::state::{AccountOrder, AccountState};
use crate::ids::{ClientOrderId, WorkerId};
use crate::instrument::InstrumentId;
use crate::intent::{ExitReason, Intent};
use crate::journal::{AccountEvent, FillShare, Record};
use crate::ledger::{Bucket, Transaction};
use crate::order::Transition;
use crate::risk::DenialCode;
use crate::time::Timestamp;
use crate::venue::FillReport;
use crate::worker::{WorkerEvent, WorkerNotice};

impl AccountState {
    /// Puts an event into a worker's inbox.
    pub(super) fn tell(
        &mut self,
        worker: WorkerId,
        time: Timestamp,
        notice: WorkerNotice,
        told: &mut Vec<(WorkerId, WorkerEvent)>,
    ) {
        if let Some(state) = self.workers.get_mut(&worker) {
            state.told = state.told.next();
            let event = WorkerEvent { sequence: state.told, time, notice };
            state.inbox.push_back(event.clone());
            told.push((worker, event));
        }
    }

    /// The notices of a record that was just folded in.
    pub(super) fn notices(&self, record: &Record) -> Vec<(WorkerId, WorkerNotice)> {
        match &record.event {
            AccountEvent::IntentReviewed { id, intent, outcome: Err(denial) } => {
                // A worker that was started anew did not wish what its predecessor wished.
                if denial.code == DenialCode::StaleEpoch {
                    return Vec::new();
                }
                let code = denial.code.name().to_owned();
                let (tag, instrument) = (named_tag(intent), intent.instrument());
                vec![(id.worker, WorkerNotice::IntentDenied { tag, instrument, code })]
            }
            AccountEvent::OrderPlanned(planned) => {
                self.order_notice(planned.request.client_id).into_iter().collect()
            }
            AccountEvent::OrderAdvanced { client_id, transition, .. }
                if *transition != Transition::Sent =>
            {
                self.order_notice(*client_id).into_iter().collect()
            }
            AccountEvent::FillBooked { fill, shares, exit, .. } => {
                self.fill_notices(fill, shares, *exit)
            }
            AccountEvent::ProtectionSet { owner, instrument, protection } => {
                let (instrument, protection) = (*instrument, *protection);
                let notice = WorkerNotice::ProtectionSet { instrument, protection };
                owner
                    .worker()
                    .filter(|it| self.hears_more(*it))
                    .map(|it| (it, notice))
                    .into_iter()
                    .collect()
            }
            AccountEvent::FundingBooked { funding, transaction } => {
                self.funding_notices(funding.instrument, transaction)
            }
            _ => Vec::new(),
        }
    }

    /// Says whether a worker is told of funding and protection.
    fn hears_more(&self, worker: WorkerId) -> bool {
        let known = self.workers.get(&worker);
        known.is_some_and(|it| it.terms.told_of_funding_and_protection)
    }

    fn funding_notices(
        &self,
        instrument: InstrumentId,
        transaction: &Transaction,
    ) -> Vec<(WorkerId, WorkerNotice)> {
        let paid = transaction.postings().iter().filter(|it| it.bucket == Bucket::Wallet);
        paid.filter_map(|posting| {
            let worker = posting.sub_ledger.worker().filter(|it| self.hears_more(*it))?;
            let amount = posting.amount;
            Some((worker, WorkerNotice::FundingBooked { instrument, amount }))
        })
        .collect()
    }

    fn order_notice(&self, id: ClientOrderId) -> Option<(WorkerId, WorkerNotice)> {
        let entry = self.order(id)?;
        Some((entry.owner.worker()?, order_updated(entry)))
    }

    fn fill_notices(
        &self,
        fill: &FillReport,
        shares: &[FillShare],
        exit: Option<ExitReason>,
    ) -> Vec<(WorkerId, WorkerNotice)> {
        let order = fill.client_id.and_then(|id| self.order(id));
        let mut notices = Vec::new();
        for share in shares {
            let Some(worker) = share.owner.worker() else {
                continue;
            };
            let own = order.filter(|order| order.owner == share.owner);
            notices.push((
                worker,
                WorkerNotice::OrderFilled {
                    tag: own.and_then(|order| order.tag),
                    instrument: fill.instrument,
                    side: fill.side,
                    price: fill.price,
                    quantity: share.quantity,
                    fee: share.fee,
                    realized: share.realized,
                    exit: if share.closed.is_positive() { exit } else { None },
                    position: self.share(share.owner, fill.instrument),
                },
            ));
        }
        // The owner of the order hears of it even where others took the whole fill.
        if let Some(order) = order
            && let Some(worker) = order.owner.worker()
        {
            notices.push((worker, order_updated(order)));
        }
        notices
    }
}

fn order_updated(entry: &AccountOrder) -> WorkerNotice {
    let request = &entry.order.request;
    WorkerNotice::OrderUpdated {
        tag: entry.tag,
        instrument: request.instrument,
        side: request.side,
        state: entry.order.state,
        remaining: entry.order.remaining(),
        price: request.kind.limit_price(),
    }
}

fn named_tag(intent: &Intent) -> Option<crate::intent::OrderTag> {
    match intent {
        Intent::Place { tag, .. } | Intent::Cancel { tag } => Some(*tag),
        _ => None,
    }
}
