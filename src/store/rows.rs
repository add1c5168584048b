//! What is derived from the journal, as plain rows: orders, fills, ledger entries, positions.
//!
//! Names of states, sides and reasons are those of the journal. Prices and quantities are exact
//! decimals at the scale of their instrument. Knows nothing of how rows come about.

use banyan_core::ids::{AccountId, ClientOrderId, Sequence, UserId};
use banyan_core::instrument::InstrumentId;
use banyan_core::ledger::SubLedger;
use banyan_core::money::Amount;
use banyan_core::time::Timestamp;
use rust_decimal::Decimal;

use super::driver::from_rows;
use super::text::{amount_of, parsed, sub_ledger_of};

/// What all rows have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowHead {
    /// The account.
    pub account: AccountId,
    /// The record of the account's journal that the row is from, or that changed it last.
    pub sequence: Sequence,
    /// Whose account it is.
    pub owner: UserId,
    /// When the first record was written.
    pub created_at: Timestamp,
    /// When the last record was written.
    pub updated_at: Timestamp,
}

/// What is traded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowInstrument {
    /// Index in the list of its venue.
    pub id: InstrumentId,
    /// Unified symbol.
    pub symbol: String,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is as in the order and its record")]
pub struct OrderRow {
    pub head: RowHead,
    pub client_order_id: ClientOrderId,
    pub sub_ledger: SubLedger,
    pub strategy_version: Option<i64>,
    /// Worker, epoch and number of the intent it comes from.
    pub correlation: String,
    pub tag: Option<String>,
    pub purpose: String,
    pub exit_reason: Option<String>,
    pub instrument: RowInstrument,
    pub side: String,
    pub position_side: String,
    pub kind: String,
    pub time_in_force: String,
    pub reduce_only: bool,
    pub close_position: bool,
    pub price: Option<Decimal>,
    pub trigger_price: Option<Decimal>,
    pub price_decimals: u8,
    pub quantity: Decimal,
    pub filled: Decimal,
    pub state: String,
    pub venue_order_id: Option<String>,
    pub reject_reason: Option<String>,
}

/// One owner's part of a fill.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is as in the fill and its record")]
pub struct FillRow {
    pub head: RowHead,
    /// Number of the part within the fill.
    pub line: i64,
    pub trade_id: String,
    pub sub_ledger: SubLedger,
    /// Venue time.
    pub event_at: Timestamp,
    pub client_order_id: Option<ClientOrderId>,
    pub strategy_version: Option<i64>,
    pub instrument: RowInstrument,
    /// The asset of value and realized profit.
    pub settle: String,
    pub side: String,
    pub position_side: String,
    pub price: Decimal,
    pub quantity: Decimal,
    /// How much of the quantity made the owner's position smaller.
    pub closed: Decimal,
    pub value: Amount,
    /// Profit of what was closed, before fees.
    pub realized: Amount,
    pub fee: Amount,
    pub fee_asset: String,
    pub liquidity: String,
    pub reason: String,
    pub exit_reason: Option<String>,
}

/// One line of a balanced transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is as in the posting and its record")]
pub struct LedgerRow {
    pub head: RowHead,
    /// Number of the posting within its record.
    pub line: i64,
    pub event_at: Timestamp,
    /// The kind of the record: `fill_booked`, `funding_booked`, `transfer_booked` and so on.
    pub kind: String,
    pub sub_ledger: SubLedger,
    pub bucket: String,
    pub asset: String,
    pub amount: Amount,
    pub instrument: Option<RowInstrument>,
    /// Number of the trade or the funding.
    pub trade_id: Option<String>,
}

/// One owner's position; kept when it is flat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is as in the position")]
pub struct PositionRow {
    /// Owner, instrument and account as one text.
    pub id: String,
    pub head: RowHead,
    /// When it was last opened from flat.
    pub opened_at: Option<Timestamp>,
    pub sub_ledger: SubLedger,
    pub instrument: RowInstrument,
    /// The asset of the cost.
    pub settle: String,
    /// Long is positive, short negative.
    pub quantity: Decimal,
    /// With the sign of the quantity.
    pub cost: Amount,
    pub entry_price: Option<Decimal>,
    pub stop_loss: Option<Decimal>,
    pub take_profit: Option<Decimal>,
    pub price_decimals: u8,
    /// Distance of the trailing stop, as a fraction.
    pub trailing_stop: Option<String>,
}

/// A decimal from its mantissa and its scale.
fn decimal(mantissa: i64, decimals: i64) -> Result<Decimal, sqlx::Error> {
    let scale = u32::try_from(decimals).ok().filter(|scale| *scale <= Decimal::MAX_SCALE);
    scale.map(|scale| Decimal::new(mantissa, scale)).ok_or_else(|| out_of_range("decimals"))
}

fn maybe_decimal(mantissa: Option<i64>, decimals: i64) -> Result<Option<Decimal>, sqlx::Error> {
    mantissa.map(|mantissa| decimal(mantissa, decimals)).transpose()
}

/// Reads a number of a narrower type.
pub(super) fn narrow<T: TryFrom<i64>>(value: i64, column: &str) -> Result<T, sqlx::Error> {
    T::try_from(value).map_err(|_| out_of_range(column))
}

fn out_of_range(column: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{column} is out of range").into())
}

fn owner_of(text: &str) -> Result<SubLedger, sqlx::Error> {
    sub_ledger_of(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

fn maybe_parsed(text: Option<&str>) -> Result<Option<ClientOrderId>, sqlx::Error> {
    text.map(parsed).transpose()
}

from_rows!(RowHead, row => RowHead {
    account: AccountId(parsed(row.try_get("account_id")?)?),
    sequence: Sequence(narrow(row.try_get("seq")?, "seq")?),
    owner: UserId(parsed(row.try_get("owner_id")?)?),
    created_at: Timestamp(row.try_get("created_at")?),
    updated_at: Timestamp(row.try_get("updated_at")?),
});

from_rows!(RowInstrument, row => RowInstrument {
    id: InstrumentId(narrow(row.try_get("instrument")?, "instrument")?),
    symbol: row.try_get("symbol")?,
});

from_rows!(OrderRow, row => {
    let price_decimals = row.try_get("price_decimals")?;
    let quantity_decimals = row.try_get("quantity_decimals")?;
    OrderRow {
        head: RowHead::from_row(row)?,
        client_order_id: parsed(row.try_get("client_order_id")?)?,
        sub_ledger: owner_of(row.try_get("sub_ledger")?)?,
        strategy_version: row.try_get("strategy_version")?,
        correlation: row.try_get("correlation")?,
        tag: row.try_get("tag")?,
        purpose: row.try_get("purpose")?,
        exit_reason: row.try_get("exit_reason")?,
        instrument: RowInstrument::from_row(row)?,
        side: row.try_get("side")?,
        position_side: row.try_get("position_side")?,
        kind: row.try_get("kind")?,
        time_in_force: row.try_get("time_in_force")?,
        reduce_only: row.try_get::<i64, _>("reduce_only")? != 0,
        close_position: row.try_get::<i64, _>("close_position")? != 0,
        price: maybe_decimal(row.try_get("price")?, price_decimals)?,
        trigger_price: maybe_decimal(row.try_get("trigger_price")?, price_decimals)?,
        price_decimals: narrow(price_decimals, "price_decimals")?,
        quantity: decimal(row.try_get("quantity")?, quantity_decimals)?,
        filled: decimal(row.try_get("filled")?, quantity_decimals)?,
        state: row.try_get("state")?,
        venue_order_id: row.try_get("venue_order_id")?,
        reject_reason: row.try_get("reject_reason")?,
    }
});

from_rows!(FillRow, row => {
    let quantity_decimals = row.try_get("quantity_decimals")?;
    FillRow {
        head: RowHead::from_row(row)?,
        line: row.try_get("line")?,
        trade_id: row.try_get("trade_id")?,
        sub_ledger: owner_of(row.try_get("sub_ledger")?)?,
        event_at: Timestamp(row.try_get("event_at")?),
        client_order_id: maybe_parsed(row.try_get("client_order_id")?)?,
        strategy_version: row.try_get("strategy_version")?,
        instrument: RowInstrument::from_row(row)?,
        settle: row.try_get("settle")?,
        side: row.try_get("side")?,
        position_side: row.try_get("position_side")?,
        price: decimal(row.try_get("price")?, row.try_get("price_decimals")?)?,
        quantity: decimal(row.try_get("quantity")?, quantity_decimals)?,
        closed: decimal(row.try_get("closed")?, quantity_decimals)?,
        value: amount_of(row.try_get("value")?)?,
        realized: amount_of(row.try_get("realized")?)?,
        fee: amount_of(row.try_get("fee")?)?,
        fee_asset: row.try_get("fee_asset")?,
        liquidity: row.try_get("liquidity")?,
        reason: row.try_get("reason")?,
        exit_reason: row.try_get("exit_reason")?,
    }
});

from_rows!(LedgerRow, row => {
    let traded: Option<i64> = row.try_get("instrument")?;
    LedgerRow {
        head: RowHead::from_row(row)?,
        line: row.try_get("line")?,
        event_at: Timestamp(row.try_get("event_at")?),
        kind: row.try_get("kind")?,
        sub_ledger: owner_of(row.try_get("sub_ledger")?)?,
        bucket: row.try_get("bucket")?,
        asset: row.try_get("asset")?,
        amount: amount_of(row.try_get("amount")?)?,
        instrument: traded.map(|_| RowInstrument::from_row(row)).transpose()?,
        trade_id: row.try_get("trade_id")?,
    }
});

from_rows!(PositionRow, row => {
    let price_decimals = row.try_get("price_decimals")?;
    PositionRow {
        id: row.try_get("id")?,
        head: RowHead::from_row(row)?,
        opened_at: row.try_get::<Option<i64>, _>("opened_at")?.map(Timestamp),
        sub_ledger: owner_of(row.try_get("sub_ledger")?)?,
        instrument: RowInstrument::from_row(row)?,
        settle: row.try_get("settle")?,
        quantity: decimal(row.try_get("quantity")?, row.try_get("quantity_decimals")?)?,
        cost: amount_of(row.try_get("cost")?)?,
        entry_price: maybe_decimal(row.try_get("entry_price")?, price_decimals)?,
        stop_loss: maybe_decimal(row.try_get("stop_loss")?, price_decimals)?,
        take_profit: maybe_decimal(row.try_get("take_profit")?, price_decimals)?,
        price_decimals: narrow(price_decimals, "price_decimals")?,
        trailing_stop: row.try_get("trailing_stop")?,
    }
});

/// What `decimal` was made from; it came from 64 bits.
pub(super) fn mantissa(value: Decimal) -> i64 {
    i64::try_from(value.mantissa()).unwrap_or(i64::MAX)
}
