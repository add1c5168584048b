//! Somebody trades on an account past the engine.

use std::sync::Arc;

use banyan_core::ids::{AccountId, ClientOrderId};
use banyan_core::instrument::{Instrument, TradingStatus};
use banyan_core::money::{Price, Quantity};
use banyan_core::order::{OrderKind, OrderRequest, PositionSide, Side, TimeInForce};
use banyan_core::time::{Span, Timestamp};
use banyan_core::venue::{PositionMode, VenueCommand, VenueReport};

use super::{Delivery, World};
use crate::exchange::Output;
use crate::faults::Fault;

/// The top byte of ids of orders made by hand; the engine's own begin with another.
const MARK: u128 = 0xE0 << 120;

impl World {
    /// Sends a small market order on a traded instrument; on the other side, if one side cannot
    /// be had.
    pub(super) fn trade_by_hand(
        &mut self,
        account: AccountId,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) {
        let traded = self.exchange.instruments().iter().filter(|it| {
            it.filters.status == TradingStatus::Trading
                && self.exchange.views().get(it.id).valuation().is_some()
        });
        let traded: Vec<_> = traded.cloned().collect();
        if traded.is_empty() {
            return;
        }
        let instrument = &traded[self.dial.pick(traded.len())];
        let side = [Side::Buy, Side::Sell][self.dial.pick(2)];
        let has_traded = [side, side.opposite()]
            .into_iter()
            .any(|side| self.order_by_hand(account, instrument, side, at, deliveries));
        if has_traded {
            self.dial.count(Fault::ExternalTrade, None);
        }
    }

    fn order_by_hand(
        &mut self,
        account: AccountId,
        instrument: &Arc<Instrument>,
        side: Side,
        at: Timestamp,
        deliveries: &mut Vec<Delivery>,
    ) -> bool {
        let Some(price) = self.exchange.views().get(instrument.id).valuation() else {
            return false;
        };
        let Some(mode) = self.links.get(&account).map(|link| link.position_mode) else {
            return false;
        };
        self.trades_by_hand += 1;
        let request = OrderRequest {
            client_id: ClientOrderId(MARK | u128::from(self.trades_by_hand)),
            instrument: instrument.id,
            side,
            position_side: position_side(mode, side),
            quantity: least_quantity(instrument, price),
            kind: OrderKind::Market,
            time_in_force: TimeInForce::ImmediateOrCancel,
            reduce_only: false,
            close_position: false,
        };
        let command = VenueCommand::SubmitOrder { request, expires: at + Span::seconds(1) };
        self.exchange.execute(account, &command, at, &mut self.outputs);
        // A refusal is told to the person who sent the order, not on the stream.
        self.outputs.retain(|output| !is_refusal(output));
        let has_traded = self.outputs.iter().any(is_fill);
        self.route(at, None, deliveries);
        has_traded
    }
}

const fn position_side(mode: PositionMode, side: Side) -> PositionSide {
    match (mode, side) {
        (PositionMode::OneWay, _) => PositionSide::Net,
        (PositionMode::Hedge, Side::Buy) => PositionSide::Long,
        (PositionMode::Hedge, Side::Sell) => PositionSide::Short,
    }
}

/// The least quantity that is worth enough, with a step to spare for the price to move.
fn least_quantity(instrument: &Instrument, price: Price) -> Quantity {
    let filters = &instrument.filters;
    let worth = instrument.quantity_for(filters.min_notional, price) + filters.step + filters.step;
    worth.max(filters.min_quantity).ceil_to(filters.step)
}

const fn is_refusal(output: &Output) -> bool {
    matches!(output, Output::Account { message, .. }
        if matches!(message.report, VenueReport::OrderRejected { .. }))
}

const fn is_fill(output: &Output) -> bool {
    matches!(output, Output::Account { message, .. }
        if matches!(message.report, VenueReport::OrderFilled(_)))
}
