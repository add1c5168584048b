//! The projector: what each record means for orders, fills, ledger entries, positions, decisions.
//!
//! Folds every record once into the state of its account and notes the rows that it touched, so
//! the rows are a function of the journal alone; `verify` runs the same function over the whole
//! journal. Knows no SQL.

use std::collections::BTreeMap;

use banyan_core::account::{AccountOrder, AccountState};
use banyan_core::ids::{AccountId, ClientOrderId, TradeId};
use banyan_core::instrument::{Instrument, InstrumentId};
use banyan_core::intent::ExitReason;
use banyan_core::journal::{AccountEvent, FillShare, Purpose, Record};
use banyan_core::ledger::{SubLedger, Transaction};
use banyan_core::money::{Price, Quantity};
use banyan_core::venue::{FillReport, RejectReason};
use rust_decimal::Decimal;

use super::decision_rows::{DecisionEventRow, DecisionRow};
use super::event::kind;
use super::rows::{FillRow, LedgerRow, OrderRow, PositionRow, RowHead, RowInstrument};
use super::text::{intent_text, name, sub_ledger_text};

/// Rows that records touched: new ones, and the latest form of those that change.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) orders: BTreeMap<(AccountId, ClientOrderId), OrderRow>,
    pub(super) fills: Vec<FillRow>,
    pub(super) entries: Vec<LedgerRow>,
    pub(super) positions: BTreeMap<String, PositionRow>,
    pub(super) decisions: Vec<DecisionRow>,
    pub(super) decision_events: Vec<DecisionEventRow>,
}

/// A record on its way into the rows.
struct Step<'r> {
    record: &'r Record,
    state: &'r AccountState,
    changes: &'r mut Changes,
}

/// Folds a record into the state of its account, and notes the rows that it touched.
pub(super) fn project(state: &mut AccountState, record: &Record, changes: &mut Changes) {
    changes.decisions.extend(DecisionRow::of(record));
    changes.decision_events.extend(DecisionEventRow::of(record));
    let open_before = held_by(state, record);
    state.apply(record, &mut Vec::new());
    let mut step = Step { record, state, changes };
    step.order();
    step.money();
    for (owner, instrument) in touched_positions(record) {
        let was_open = open_before.contains(&(owner, instrument));
        step.position(owner, instrument, was_open);
    }
}

/// The positions that a record may change.
fn touched_positions(record: &Record) -> Vec<(SubLedger, InstrumentId)> {
    match &record.event {
        AccountEvent::FillBooked { fill, shares, .. } => {
            shares.iter().map(|share| (share.owner, fill.instrument)).collect()
        }
        AccountEvent::PositionAdopted { difference } => {
            vec![(SubLedger::External, difference.instrument)]
        }
        AccountEvent::ProtectionSet { owner, instrument, .. } => vec![(*owner, *instrument)],
        _ => Vec::new(),
    }
}

fn held_by(state: &AccountState, record: &Record) -> Vec<(SubLedger, InstrumentId)> {
    let mut touched = touched_positions(record);
    touched.retain(|(owner, instrument)| !state.share(*owner, *instrument).is_flat());
    touched
}

impl Step<'_> {
    fn head(&self) -> RowHead {
        RowHead {
            account: self.record.account,
            sequence: self.record.sequence,
            owner: self.record.tenant,
            created_at: self.record.recorded_at,
            updated_at: self.record.recorded_at,
        }
    }

    fn order(&mut self) {
        match &self.record.event {
            AccountEvent::OrderPlanned(planned) => {
                self.note_order(planned.request.client_id, None);
            }
            AccountEvent::OrderAdvanced { client_id, reason, .. } => {
                self.note_order(*client_id, *reason);
            }
            AccountEvent::FillBooked { fill, .. } => {
                if let Some(id) = fill.client_id {
                    self.note_order(id, None);
                }
            }
            _ => {}
        }
    }

    /// An order that ended so long ago that the account forgot it is not touched any more.
    fn note_order(&mut self, id: ClientOrderId, reason: Option<RejectReason>) {
        let Some(entry) = self.state.order(id) else {
            return;
        };
        let row = self.order_row(entry, reason);
        self.changes
            .orders
            .entry((self.record.account, id))
            .and_modify(|before| before.replace_by(row.clone()))
            .or_insert(row);
    }

    fn order_row(&self, entry: &AccountOrder, reason: Option<RejectReason>) -> OrderRow {
        let (order, request) = (&entry.order, &entry.order.request);
        let listed = Listed::of(self.state, request.instrument);
        let planned = matches!(self.record.event, AccountEvent::OrderPlanned(_));
        OrderRow {
            head: RowHead { created_at: entry.planned_at, ..self.head() },
            client_order_id: request.client_id,
            sub_ledger: entry.owner,
            strategy_version: self.record.strategy_version.filter(|_| planned).map(i64::from),
            correlation: intent_text(entry.intent),
            tag: entry.tag.map(|tag| tag.0.to_string()),
            purpose: name(&entry.purpose),
            exit_reason: exit_reason(entry.purpose),
            instrument: listed.row(),
            side: name(&request.side),
            position_side: name(&request.position_side),
            kind: name(&request.kind),
            time_in_force: name(&request.time_in_force),
            reduce_only: request.reduce_only,
            close_position: request.close_position,
            price: request.kind.limit_price().map(|price| listed.price(price)),
            trigger_price: request.kind.trigger().map(|price| listed.price(price)),
            price_decimals: listed.price_decimals(),
            quantity: listed.quantity(request.quantity),
            filled: listed.quantity(order.filled),
            state: name(&order.state),
            venue_order_id: order.venue_id.map(|id| id.to_string()),
            reject_reason: reason.map(|reason| name(&reason)),
        }
    }

    fn money(&mut self) {
        match &self.record.event {
            AccountEvent::FillBooked { fill, shares, exit, transaction } => {
                self.fills(fill, shares, *exit);
                self.entries(transaction, Some(fill.instrument), Some(fill.trade_id));
            }
            AccountEvent::FundingBooked { funding, transaction } => {
                self.entries(transaction, Some(funding.instrument), Some(funding.id));
            }
            AccountEvent::TransferBooked { transaction } => self.entries(transaction, None, None),
            AccountEvent::CostRestated { instrument, transaction, .. } => {
                self.entries(transaction, Some(*instrument), None);
            }
            _ => {}
        }
    }

    fn fills(&mut self, fill: &FillReport, shares: &[FillShare], exit: Option<ExitReason>) {
        let listed = Listed::of(self.state, fill.instrument);
        for (line, share) in (0..).zip(shares) {
            let row = FillRow {
                head: self.head(),
                line,
                trade_id: fill.trade_id.to_string(),
                sub_ledger: share.owner,
                event_at: fill.time,
                client_order_id: fill.client_id,
                strategy_version: self.record.strategy_version.map(i64::from),
                instrument: listed.row(),
                settle: listed.settle(),
                side: name(&fill.side),
                position_side: name(&fill.position_side),
                price: listed.price(fill.price),
                quantity: listed.quantity(share.quantity),
                closed: listed.quantity(share.closed),
                value: share.value,
                realized: share.realized,
                fee: share.fee,
                fee_asset: fill.fee_asset.to_string(),
                liquidity: name(&fill.liquidity),
                reason: name(&fill.reason),
                exit_reason: exit.map(|reason| reason.name().to_owned()),
            };
            self.changes.fills.push(row);
        }
    }

    fn entries(
        &mut self,
        transaction: &Transaction,
        instrument: Option<InstrumentId>,
        trade: Option<TradeId>,
    ) {
        let instrument = instrument.map(|id| Listed::of(self.state, id).row());
        for (line, posting) in (0..).zip(transaction.postings()) {
            let row = LedgerRow {
                head: self.head(),
                line,
                event_at: self.record.event_at,
                kind: kind(&self.record.event).to_owned(),
                sub_ledger: posting.sub_ledger,
                bucket: name(&posting.bucket),
                asset: posting.asset.to_string(),
                amount: posting.amount,
                instrument: instrument.clone(),
                trade_id: trade.map(|id| id.to_string()),
            };
            self.changes.entries.push(row);
        }
    }

    fn position(&mut self, owner: SubLedger, instrument: InstrumentId, was_open: bool) {
        let row = self.position_row(owner, instrument, was_open);
        self.changes
            .positions
            .entry(row.id.clone())
            .and_modify(|before| before.replace_by(row.clone()))
            .or_insert(row);
    }

    fn position_row(&self, owner: SubLedger, id: InstrumentId, was_open: bool) -> PositionRow {
        let position = self.state.share(owner, id);
        let listed = Listed::of(self.state, id);
        let opens = !was_open && !position.is_flat();
        let promise = self.state.protection.get(&(owner, id)).copied().unwrap_or_default();
        let entry = listed.0.and_then(|it| position.average_entry(it));
        PositionRow {
            id: position_id(self.record.account, owner, id),
            head: self.head(),
            opened_at: opens.then_some(self.record.recorded_at),
            sub_ledger: owner,
            instrument: RowInstrument { id, ..listed.row() },
            settle: listed.settle(),
            quantity: listed.quantity(position.quantity),
            cost: position.cost,
            entry_price: entry.map(|price| listed.price(price)),
            stop_loss: promise.stop_loss.map(|price| listed.price(price)),
            take_profit: promise.take_profit.map(|price| listed.price(price)),
            price_decimals: listed.price_decimals(),
            trailing_stop: promise.trailing.map(|rate| rate.to_string()),
        }
    }
}

impl OrderRow {
    /// Takes the latest form; what only one record says is kept from it.
    pub(super) fn replace_by(&mut self, latest: Self) {
        let strategy_version = self.strategy_version.or(latest.strategy_version);
        let reject_reason = latest.reject_reason.clone().or_else(|| self.reject_reason.take());
        let head = RowHead { created_at: self.head.created_at, ..latest.head.clone() };
        *self = Self { head, strategy_version, reject_reason, ..latest };
    }
}

impl PositionRow {
    /// Takes the latest form; what only one record says is kept from it.
    pub(super) fn replace_by(&mut self, latest: Self) {
        let opened_at = latest.opened_at.or(self.opened_at);
        let head = RowHead { created_at: self.head.created_at, ..latest.head.clone() };
        *self = Self { head, opened_at, ..latest };
    }
}

/// The id of an owner's position: stable, and made of what it is.
#[must_use]
pub fn position_id(account: AccountId, owner: SubLedger, instrument: InstrumentId) -> String {
    format!("{}.{}.{account}", sub_ledger_text(owner), instrument.0)
}

fn exit_reason(purpose: Purpose) -> Option<String> {
    match purpose {
        Purpose::Exit(reason) => Some(reason.name().to_owned()),
        _ => None,
    }
}

/// An instrument as its account knows it; a record may come before its listing only by mistake,
/// and is shown in bare mantissas then.
struct Listed<'s>(Option<&'s Instrument>, InstrumentId);

impl<'s> Listed<'s> {
    fn of(state: &'s AccountState, id: InstrumentId) -> Self {
        Self(state.instruments.get(id).map(|it| &**it), id)
    }

    fn row(&self) -> RowInstrument {
        let symbol = self.0.map_or_else(|| format!("#{}", self.1.0), |it| it.symbol.to_string());
        RowInstrument { id: self.1, symbol }
    }

    fn settle(&self) -> String {
        self.0.map(|it| it.settle().to_string()).unwrap_or_default()
    }

    fn price_decimals(&self) -> u8 {
        self.0.map_or(0, |it| it.price_decimals)
    }

    fn price(&self, price: Price) -> Decimal {
        price.to_decimal(self.price_decimals())
    }

    fn quantity(&self, quantity: Quantity) -> Decimal {
        quantity.to_decimal(self.0.map_or(0, |it| it.quantity_decimals))
    }
}
