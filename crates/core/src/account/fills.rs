//! Booking of fills and fundings: who gets which part, and the money that follows.
//!
//! A fill belongs to the owner of its order. What closes more than the owner holds, and what the
//! venue does on its own, is shared by size among those who hold the position.

use super::{Account, Step, split};
use crate::instrument::{Instrument, InstrumentKind};
use crate::intent::ExitReason;
use crate::journal::{AccountEvent, FillShare, Purpose};
use crate::ledger::{Bucket, SubLedger, Transaction};
use crate::money::{AMOUNT_DECIMALS, Amount, Quantity, Rounding, rescale};
use crate::order::{PositionSide, Side};
use crate::position::Position;
use crate::venue::{FillReason, FillReport, FundingReport};

impl Account {
    /// Books a fill once, whoever reports it and however often.
    pub(super) fn book_fill(&mut self, step: &mut Step<'_>, fill: FillReport) {
        if self.state.seen.contains(fill.trade_id) && !self.books_twice() {
            return;
        }
        let Some(instrument) = self.state.instruments.get(fill.instrument).cloned() else {
            self.snapshot.ask_later(step.now);
            return;
        };
        let order = fill.client_id.and_then(|id| self.state.order(id));
        let saved = (step.cause, step.correlation, step.event_at);
        (step.cause, step.correlation) =
            (order.map(|order| order.planned), order.map(|order| order.intent));
        step.event_at = fill.time;
        let shares = self.shares_of(&fill, &instrument);
        let closes = shares.iter().any(|share| share.closed.is_positive());
        let exit = if closes { Some(self.exit_reason(&fill)) } else { None };
        let transaction = self.fill_transaction(&fill, &instrument, &shares);
        let id = fill.client_id;
        let fill = Box::new(fill);
        self.record(step, AccountEvent::FillBooked { fill, shares, exit, transaction });
        (step.cause, step.correlation, step.event_at) = saved;
        if let Some(id) = id {
            self.doubt_resolved_by_fill(id);
        }
    }

    fn doubt_resolved_by_fill(&mut self, id: crate::ids::ClientOrderId) {
        let state = self.state.orders.get(&id).map(|entry| entry.order.state);
        if state != Some(crate::order::OrderState::Unknown) {
            self.doubts.note(id, crate::order::Transition::Accepted);
        }
    }

    #[cfg(feature = "mutants")]
    fn books_twice(&self) -> bool {
        self.has_mutation(super::Mutation::BookFillTwice)
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "the same call works in builds with mutants")]
    fn books_twice(&self) -> bool {
        false
    }

    fn exit_reason(&self, fill: &FillReport) -> ExitReason {
        match fill.reason {
            FillReason::Liquidation => return ExitReason::Liquidation,
            FillReason::AutoDeleveraging | FillReason::Delisting => return ExitReason::Adl,
            FillReason::Order => {}
        }
        let order = fill.client_id.and_then(|id| self.state.order(id));
        order.map_or(ExitReason::ForceExit, |order| order.purpose.exit_reason())
    }

    fn shares_of(&self, fill: &FillReport, instrument: &Instrument) -> Vec<FillShare> {
        let parts = self.quantities(fill, instrument);
        let value = instrument.notional(fill.price, fill.quantity);
        let values = split::by_size(value.0, 1, &parts);
        let fees = split::by_size(fill.fee.0, 1, &parts);
        parts
            .iter()
            .zip(values.iter().zip(&fees))
            .map(|((owner, quantity), ((_, value), (_, fee)))| {
                let mut position = self.state.share(*owner, fill.instrument);
                let value = Amount(*value);
                let applied = position.fill(instrument.kind, fill.side, *quantity, value);
                FillShare {
                    owner: *owner,
                    quantity: *quantity,
                    value,
                    fee: Amount(*fee),
                    realized: applied.realized,
                    closed: applied.closed,
                }
            })
            .collect()
    }

    /// Who gets how much of a fill's quantity; parts are positive and add up to it.
    fn quantities(&self, fill: &FillReport, instrument: &Instrument) -> Vec<(SubLedger, Quantity)> {
        let (owner, reduces) = self.owner_of(fill);
        let limit = if reduces {
            let held = self.state.share(owner, fill.instrument).quantity;
            let closes = Side::of(held) == Some(fill.side.opposite());
            if closes { held.abs() } else { Quantity::ZERO }
        } else {
            fill.quantity
        };
        let own = fill.quantity.min(limit);
        let mut parts = Vec::new();
        if own.is_positive() {
            parts.push((owner, own));
        }
        let rest = fill.quantity - own;
        if rest.is_positive() {
            parts.extend(self.parts_of_others(fill, instrument, owner, own, rest));
        }
        parts
    }

    /// Whose fill it is, and whether it may only make a position smaller.
    fn owner_of(&self, fill: &FillReport) -> (SubLedger, bool) {
        if fill.reason != FillReason::Order {
            return (SubLedger::External, true);
        }
        let Some(id) = fill.client_id.filter(|id| id.is_ours()) else {
            return (SubLedger::External, false);
        };
        if let Some(order) = self.state.order(id) {
            return (order.owner, order.purpose != Purpose::Entry);
        }
        // Only exits leave without a record, while the journal cannot write.
        let worker = self.state.workers.keys().find(|worker| id.belongs_to(**worker));
        (worker.map_or(SubLedger::External, |worker| SubLedger::Worker(*worker)), true)
    }

    /// Shares what an owner could not take among the other holders of the closed side; what
    /// nobody holds is external.
    fn parts_of_others(
        &self,
        fill: &FillReport,
        instrument: &Instrument,
        owner: SubLedger,
        own: Quantity,
        rest: Quantity,
    ) -> Vec<(SubLedger, Quantity)> {
        let holders: Vec<_> = self
            .state
            .holders(fill.instrument)
            .filter(|(_, position)| position.side() == Some(fill.side.opposite()))
            .filter(|(holder, _)| *holder != owner || own.is_zero())
            .map(|(holder, position)| (holder, position.quantity.abs()))
            .collect();
        let held: Quantity = holders.iter().map(|(_, size)| *size).sum();
        let shared = rest.min(held);
        let step = i128::from(instrument.filters.step.0.max(1));
        let mut parts: Vec<_> = split::within_sizes(i128::from(shared.0), step, &holders)
            .into_iter()
            .filter(|(_, part)| *part > 0)
            .map(|(holder, part)| (holder, Quantity(i64::try_from(part).unwrap_or(i64::MAX))))
            .collect();
        if rest > shared {
            match parts.iter_mut().find(|(holder, _)| *holder == SubLedger::External) {
                Some((_, part)) => *part += rest - shared,
                None => parts.push((SubLedger::External, rest - shared)),
            }
        }
        parts
    }

    fn fill_transaction(
        &self,
        fill: &FillReport,
        instrument: &Instrument,
        shares: &[FillShare],
    ) -> Transaction {
        let mut transaction = Transaction::default();
        let settle = instrument.settle();
        for share in shares {
            if instrument.kind == InstrumentKind::Spot {
                exchange_assets(&mut transaction, fill.side, instrument, share);
            } else {
                let (owner, profit) = (share.owner, share.realized);
                transaction.move_money(owner, Bucket::Realized, settle, profit);
            }
            transaction.move_money(share.owner, Bucket::Fees, &fill.fee_asset, -share.fee);
        }
        if instrument.is_contract() {
            let netting = self.netting(fill, instrument, shares);
            transaction.move_money(SubLedger::Netting, Bucket::Realized, settle, netting);
        }
        transaction
    }

    /// What the venue realizes on the netted position beyond what the owners do on their shares.
    fn netting(&self, fill: &FillReport, instrument: &Instrument, shares: &[FillShare]) -> Amount {
        let mut position = self.state.position(fill.instrument, fill.position_side);
        let value = shares.iter().map(|share| share.value).sum();
        let applied = position.fill(instrument.kind, fill.side, fill.quantity, value);
        let owners: Amount = shares.iter().map(|share| share.realized).sum();
        applied.realized - owners
    }

    /// Books a funding once, shared by signed size.
    pub(super) fn book_funding(&mut self, step: &mut Step<'_>, funding: &FundingReport) {
        if self.state.seen.contains(funding.id) {
            return;
        }
        let Some(instrument) = self.state.instruments.get(funding.instrument).cloned() else {
            self.snapshot.ask_later(step.now);
            return;
        };
        let mut transaction = Transaction::default();
        for (owner, part) in self.funding_parts(funding) {
            transaction.move_money(owner, Bucket::Funding, instrument.settle(), Amount(part));
        }
        step.event_at = funding.time;
        self.record(step, AccountEvent::FundingBooked { funding: *funding, transaction });
    }

    /// Each holder's part by signed size: who is on the paying side pays, who is on the other
    /// receives, and all add up to what the venue booked. What nobody holds is external.
    fn funding_parts(&self, funding: &FundingReport) -> Vec<(SubLedger, i128)> {
        let concerned = |position: &Position| match funding.position_side {
            PositionSide::Net => true,
            PositionSide::Long => position.quantity.is_positive(),
            PositionSide::Short => position.quantity.is_negative(),
        };
        let holders: Vec<_> = self
            .state
            .holders(funding.instrument)
            .filter(|(_, position)| concerned(position))
            .map(|(owner, position)| (owner, position.quantity))
            .collect();
        let net: Quantity = holders.iter().map(|(_, quantity)| *quantity).sum();
        if net.is_zero() {
            return vec![(SubLedger::External, funding.amount.0)];
        }
        let mut parts: Vec<_> = holders
            .iter()
            .map(|(owner, quantity)| {
                let part = funding.amount.0 * i128::from(quantity.0) / i128::from(net.0);
                (*owner, part)
            })
            .collect();
        let rest = funding.amount.0 - parts.iter().map(|(_, part)| part).sum::<i128>();
        let mut largest = 0;
        for (index, (_, quantity)) in holders.iter().enumerate() {
            if quantity.abs() > holders[largest].1.abs() {
                largest = index;
            }
        }
        parts[largest].1 += rest;
        parts
    }
}

fn exchange_assets(
    transaction: &mut Transaction,
    side: Side,
    instrument: &Instrument,
    share: &FillShare,
) {
    let mantissa = i128::from(side.sign() * share.quantity.0);
    let decimals = instrument.quantity_decimals;
    let base = Amount(rescale(mantissa, decimals, AMOUNT_DECIMALS, Rounding::Down));
    let quote = Amount(i128::from(-side.sign()) * share.value.0);
    let symbol = &instrument.symbol;
    transaction.move_money(share.owner, Bucket::Exchanged, symbol.base(), base);
    transaction.move_money(share.owner, Bucket::Exchanged, symbol.quote(), quote);
}
