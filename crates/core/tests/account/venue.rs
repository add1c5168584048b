//! The venue's own books, kept with average cost on the netted position: what ours must equal.

use std::collections::BTreeMap;
use std::sync::Arc;

use banyan_core::ids::{ClientOrderId, TradeId, VenueOrderId};
use banyan_core::instrument::{Instrument, InstrumentId, InstrumentKind};
use banyan_core::money::{Amount, Rounding, rescale};
use banyan_core::order::{OrderRequest, PositionSide};
use banyan_core::position::Position;
use banyan_core::symbol::Asset;
use banyan_core::time::Timestamp;
use banyan_core::venue::{
    FillReport, FundingReport, OrderReport, PositionReport, ReportedStatus, Snapshot,
};

use crate::listing::listing;

#[derive(Default)]
pub(crate) struct Venue {
    pub(crate) wallets: BTreeMap<Asset, Amount>,
    pub(crate) positions: BTreeMap<(InstrumentId, PositionSide), Position>,
    pub(crate) open: Vec<OrderReport>,
    pub(crate) fills: Vec<FillReport>,
    pub(crate) fundings: Vec<FundingReport>,
    pub(crate) last_trade: u64,
}

impl Venue {
    pub(crate) fn next_trade(&mut self) -> TradeId {
        self.last_trade += 1;
        TradeId(self.last_trade)
    }

    pub(crate) fn credit(&mut self, asset: &Asset, amount: Amount) {
        *self.wallets.entry(asset.clone()).or_default() += amount;
    }

    /// Takes a trade into the venue's books.
    pub(crate) fn trade(&mut self, fill: &FillReport) {
        let instrument = instrument(fill.instrument);
        let value = instrument.notional(fill.price, fill.quantity);
        let position = self.positions.entry((fill.instrument, fill.position_side)).or_default();
        let applied = position.fill(instrument.kind, fill.side, fill.quantity, value);
        if instrument.kind == InstrumentKind::Spot {
            let sign = i128::from(fill.side.sign());
            let mantissa = sign * i128::from(fill.quantity.0);
            let coins = rescale(mantissa, instrument.quantity_decimals, 8, Rounding::Down);
            self.credit(instrument.symbol.base(), Amount(coins));
            self.credit(instrument.symbol.quote(), Amount(-sign * value.0));
        } else {
            self.credit(instrument.settle(), applied.realized);
        }
        self.credit(&fill.fee_asset, -fill.fee);
        self.fills.push(fill.clone());
        if let Some(order) = self.open.iter_mut().find(|it| Some(it.client_id) == fill.client_id) {
            order.filled += fill.quantity;
        }
        self.open.retain(|it| it.filled < it.request.quantity);
    }

    pub(crate) fn fund(&mut self, funding: &FundingReport) {
        self.credit(instrument(funding.instrument).settle(), funding.amount);
        self.fundings.push(*funding);
    }

    /// Lets an order of ours stand.
    pub(crate) fn rest(&mut self, request: &OrderRequest) {
        if self.open.iter().any(|it| it.client_id == request.client_id) {
            return;
        }
        self.open.push(OrderReport {
            client_id: request.client_id,
            venue_id: VenueOrderId(self.open.len() as u64 + 1_000),
            status: ReportedStatus::Open,
            filled: banyan_core::money::Quantity::ZERO,
            request: request.clone(),
        });
    }

    pub(crate) fn forget(&mut self, id: ClientOrderId) {
        self.open.retain(|it| it.client_id != id);
    }

    pub(crate) fn snapshot(&self, time: Timestamp) -> Snapshot {
        let reports = self
            .positions
            .iter()
            .filter(|(key, it)| instrument(key.0).is_contract() && !it.is_flat());
        Snapshot {
            time,
            since: Timestamp(0),
            last_trade: TradeId(self.last_trade),
            balances: self.wallets.clone().into_iter().filter(|(_, it)| !it.is_zero()).collect(),
            positions: reports
                .map(|((instrument, position_side), it)| PositionReport {
                    instrument: *instrument,
                    position_side: *position_side,
                    quantity: it.quantity,
                    cost: it.cost,
                })
                .collect(),
            open_orders: self.open.clone(),
            fills: self.fills.clone(),
            fundings: self.fundings.clone(),
        }
    }
}

pub(crate) fn instrument(id: InstrumentId) -> Arc<Instrument> {
    listing()[id.0 as usize].clone()
}
