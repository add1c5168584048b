//! What an account did: its fills, fundings and ended orders, bounded.
//!
//! Knows nothing of how they came about.

use std::collections::BTreeMap;

use banyan_core::ids::{ClientOrderId, TradeId};
use banyan_core::time::Timestamp;
use banyan_core::venue::{FillReport, FundingReport, OrderReport};
use serde::{Deserialize, Serialize};

/// How many ended orders, fills and fundings an account remembers at least.
const REMEMBERED: usize = 10_000;

/// The memory of one account.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct History {
    keep_all: bool,
    fills: Vec<FillReport>,
    fundings: Vec<FundingReport>,
    closed: BTreeMap<u64, OrderReport>,
    newest: BTreeMap<ClientOrderId, u64>,
    closings: u64,
    last_number: TradeId,
}

impl History {
    /// An empty memory; with `keep_all` fills and fundings are never forgotten.
    pub(super) fn new(keep_all: bool) -> Self {
        Self { keep_all, ..Self::default() }
    }

    /// Numbers the next trade or funding.
    pub(super) fn next_number(&mut self) -> TradeId {
        self.last_number = self.last_number.next();
        self.last_number
    }

    /// The highest number given out.
    pub(super) fn last_number(&self) -> TradeId {
        self.last_number
    }

    /// Remembers a fill.
    pub(super) fn push_fill(&mut self, fill: FillReport) {
        trim(&mut self.fills, self.keep_all);
        self.fills.push(fill);
    }

    /// Remembers a funding.
    pub(super) fn push_funding(&mut self, funding: FundingReport) {
        trim(&mut self.fundings, self.keep_all);
        self.fundings.push(funding);
    }

    /// Remembers how an order ended.
    pub(super) fn push_closed(&mut self, report: OrderReport) {
        self.closings += 1;
        self.newest.insert(report.client_id, self.closings);
        self.closed.insert(self.closings, report);
        if self.closed.len() > REMEMBERED {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((number, report)) = self.closed.pop_first()
            && self.newest.get(&report.client_id) == Some(&number)
        {
            self.newest.remove(&report.client_id);
        }
    }

    /// The newest ended order with this id.
    pub(super) fn closed(&self, client_id: ClientOrderId) -> Option<&OrderReport> {
        self.closed.get(self.newest.get(&client_id)?)
    }

    /// Fills, oldest first.
    pub(super) fn fills(&self) -> &[FillReport] {
        &self.fills
    }

    /// Fundings, oldest first.
    pub(super) fn fundings(&self) -> &[FundingReport] {
        &self.fundings
    }

    /// Fills of this time and later.
    pub(super) fn fills_since(&self, since: Timestamp) -> &[FillReport] {
        &self.fills[self.fills.partition_point(|fill| fill.time < since)..]
    }

    /// Fundings of this time and later.
    pub(super) fn fundings_since(&self, since: Timestamp) -> &[FundingReport] {
        &self.fundings[self.fundings.partition_point(|funding| funding.time < since)..]
    }
}

/// Forgets the older half once there is twice as much as needed: constant cost for each entry.
fn trim<T>(list: &mut Vec<T>, keep_all: bool) {
    if !keep_all && list.len() >= 2 * REMEMBERED {
        list.drain(..REMEMBERED);
    }
}

#[cfg(test)]
mod tests {
    use banyan_core::ids::VenueOrderId;
    use banyan_core::instrument::InstrumentId;
    use banyan_core::money::{Amount, Quantity, Rate};
    use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
    use banyan_core::venue::ReportedStatus;

    use super::*;

    fn closed(id: u128, venue_id: u64) -> OrderReport {
        let client_id = ClientOrderId(id);
        OrderReport {
            client_id,
            venue_id: VenueOrderId(venue_id),
            status: ReportedStatus::Cancelled,
            filled: Quantity::ZERO,
            request: OrderRequest {
                client_id,
                instrument: InstrumentId(0),
                side: Side::Buy,
                position_side: PositionSide::Net,
                quantity: Quantity(1),
                kind: OrderKind::Market,
                time_in_force: TimeInForce::GoodTillCancelled,
                reduce_only: false,
                close_position: false,
            },
        }
    }

    fn funding(number: u64) -> FundingReport {
        FundingReport {
            id: TradeId(number),
            instrument: InstrumentId(0),
            position_side: PositionSide::Net,
            rate: Rate::ZERO,
            amount: Amount::ZERO,
            time: Timestamp(number as i64),
        }
    }

    #[test]
    fn the_oldest_ended_order_is_forgotten_first() {
        let mut history = History::default();
        for id in 0..=REMEMBERED as u64 {
            history.push_closed(closed(u128::from(id), id));
        }
        assert!(history.closed(ClientOrderId(0)).is_none());
        assert!(history.closed(ClientOrderId(1)).is_some());
    }

    #[test]
    fn of_two_orders_with_one_id_the_newer_is_told() {
        let mut history = History::default();
        history.push_closed(closed(7, 1));
        history.push_closed(closed(7, 2));
        assert_eq!(history.closed(ClientOrderId(7)).unwrap().venue_id, VenueOrderId(2));
    }

    #[test]
    fn the_last_ten_thousand_are_kept_and_all_when_asked() {
        let (mut bounded, mut complete) = (History::new(false), History::new(true));
        for number in 0..50_000 {
            bounded.push_funding(funding(number));
            complete.push_funding(funding(number));
        }
        assert!((REMEMBERED..=2 * REMEMBERED).contains(&bounded.fundings().len()));
        assert_eq!(bounded.fundings().last(), complete.fundings().last());
        assert_eq!(complete.fundings().len(), 50_000);
        assert_eq!(complete.fundings_since(Timestamp(49_990)).len(), 10);
    }
}
