//! An order that the exchange has accepted and not yet ended, and what it holds back.
//!
//! Knows nothing of books, accounts or matching.

use banyan_core::ids::{ClientOrderId, VenueOrderId};
use banyan_core::instrument::Instrument;
use banyan_core::money::{AMOUNT_DECIMALS, Amount, Price, Quantity, Rate, Rounding, rescale};
use banyan_core::order::{OrderRequest, Side, TimeInForce};
use banyan_core::venue::{OrderReport, ReportedStatus};
use serde::{Deserialize, Serialize};

/// Names an open order: the client id is unique among the open orders of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct OrderKey {
    /// Index of the account.
    pub(super) account: usize,
    /// Id within the account.
    pub(super) client_id: ClientOrderId,
}

/// Where an open order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Place {
    /// It is being matched.
    Taking,
    /// In the book.
    Resting,
    /// Among the triggers.
    Waiting,
}

/// By what the held amount of an order is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HoldTerms {
    /// The price within reach of the order at which it is worth most.
    pub(super) price: Price,
    /// Fee to be set aside per notional.
    pub(super) fee_rate: Rate,
    /// Loss against the mark that the whole order would open with.
    pub(super) loss: Amount,
}

/// What an order holds back at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// Notional that counts for initial margin; zero for spot.
    pub(super) value: Amount,
    /// Cash: the payment of a spot order, fee and opening loss of a contract order.
    pub(super) cash: Amount,
}

impl HoldTerms {
    /// Returns what is held for `remaining` of `whole`.
    pub(super) fn held(
        &self,
        instrument: &Instrument,
        side: Side,
        remaining: Quantity,
        whole: Quantity,
    ) -> Held {
        let value = instrument.notional(self.price, remaining);
        let fee = fee(value, self.fee_rate);
        if instrument.is_contract() {
            let (part, whole) = (i128::from(remaining.0), i128::from(whole.0.max(1)));
            return Held { value, cash: fee + self.loss.share(part, whole, Rounding::Up) };
        }
        let cash = match side {
            Side::Buy => value + fee,
            Side::Sell => base_amount(instrument, remaining),
        };
        Held { value: Amount::ZERO, cash }
    }
}

/// An accepted order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OpenOrder {
    /// What was asked.
    pub(super) request: OrderRequest,
    /// The exchange's number.
    pub(super) venue_id: VenueOrderId,
    /// How much is to be filled: as asked, or the whole position for a triggered close.
    pub(super) target: Quantity,
    /// Sum of its fills.
    pub(super) filled: Quantity,
    /// Where it stands.
    pub(super) place: Place,
    /// May only make a position smaller.
    pub(super) closing: bool,
    /// By what it is held; `None` when it holds nothing.
    pub(super) terms: Option<HoldTerms>,
    /// What it holds now.
    pub(super) held: Held,
}

impl OpenOrder {
    /// What is still to be filled.
    pub(super) fn remaining(&self) -> Quantity {
        self.target - self.filled
    }

    /// Returns what the order will hold when `filled` more is filled.
    pub(super) fn held_after(&self, instrument: &Instrument, filled: Quantity) -> Held {
        let (side, left) = (self.request.side, self.remaining() - filled);
        self.terms.map_or(Held::default(), |it| it.held(instrument, side, left, self.target))
    }

    /// Says whether what finds nobody goes into the book.
    pub(super) fn rests(&self) -> bool {
        let stays = !matches!(
            self.request.time_in_force,
            TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill
        );
        stays && self.request.kind.limit_price().is_some()
    }

    /// Returns the order as the exchange tells it.
    pub(super) fn report(&self, status: ReportedStatus) -> OrderReport {
        OrderReport {
            client_id: self.request.client_id,
            venue_id: self.venue_id,
            status,
            filled: self.filled,
            request: self.request.clone(),
        }
    }
}

/// Returns the fee on `value`, rounded against the trader: a fee up, a rebate (negative) down in
/// size; both is towards positive infinity.
pub(super) fn fee(value: Amount, rate: Rate) -> Amount {
    value.times(rate, Rounding::Ceiling)
}

/// Returns the base asset that a spot quantity is, towards zero beyond eight decimals.
pub(super) fn base_amount(instrument: &Instrument, quantity: Quantity) -> Amount {
    let mantissa = i128::from(quantity.0);
    Amount(rescale(mantissa, instrument.quantity_decimals, AMOUNT_DECIMALS, Rounding::Down))
}
