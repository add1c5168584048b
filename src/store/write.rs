//! Writing the journal and what is derived from it, within a transaction: many rows a statement.

use sqlx::QueryBuilder;

use super::database::Connected;
use super::decision_writes;
use super::driver::on_both;
use super::event::{JournalRow, number};
use super::projector::Changes;
use super::rows::{FillRow, LedgerRow, OrderRow, PositionRow, RowHead, mantissa};
use super::text::{amount_text, sub_ledger_text};

/// Rows of one statement; SQLite binds up to 32,766 values, PostgreSQL 65,535.
const ROWS: usize = 256;

/// Puts the columns that most rows have: `seq, tenant_id, owner_id, created_at, updated_at`.
macro_rules! push_head {
    ($values:expr, $head:expr) => {{
        let head: &RowHead = $head;
        $values
            .push_bind(number(head.sequence.0))
            .push_bind(head.owner.to_string())
            .push_bind(head.owner.to_string())
            .push_bind(head.created_at.0)
            .push_bind(head.updated_at.0)
    }};
}

/// Appends records; the key refuses a sequence number that is taken.
pub(super) async fn insert_records(
    connection: Connected<'_>,
    rows: &[JournalRow],
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO journal (account_id, seq, version, recorded_at, event_at, kind, cause,
            correlation, principal, tenant_id, client_order_id, payload, digest) ";
    on_both!(connection, connection => {
        for rows in rows.chunks(ROWS) {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut values, row| {
                values
                    .push_bind(&row.account_id)
                    .push_bind(row.seq)
                    .push_bind(row.version)
                    .push_bind(row.recorded_at)
                    .push_bind(row.event_at)
                    .push_bind(&row.kind)
                    .push_bind(row.cause)
                    .push_bind(&row.correlation)
                    .push_bind(&row.principal)
                    .push_bind(&row.tenant_id)
                    .push_bind(&row.client_order_id)
                    .push_bind(&row.payload)
                    .push_bind(&row.digest);
            });
            query.build().execute(&mut *connection).await?;
        }
        Ok(())
    })
}

/// Brings everything derived up to date.
pub(super) async fn apply(
    mut connection: Connected<'_>,
    changes: &Changes,
) -> Result<(), sqlx::Error> {
    let orders: Vec<_> = changes.orders.values().collect();
    put_orders(connection.again(), &orders).await?;
    insert_fills(connection.again(), &changes.fills).await?;
    insert_entries(connection.again(), &changes.entries).await?;
    let positions: Vec<_> = changes.positions.values().collect();
    put_positions(connection.again(), &positions).await?;
    decision_writes::insert_decisions(connection.again(), &changes.decisions).await?;
    decision_writes::insert_events(connection, &changes.decision_events).await
}

async fn put_orders(connection: Connected<'_>, rows: &[&OrderRow]) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO orders (account_id, client_order_id, seq, tenant_id, owner_id, created_at,
            updated_at, sub_ledger, strategy_version, correlation, tag, purpose, exit_reason,
            instrument, symbol, side, position_side, kind, time_in_force, reduce_only,
            close_position, price, trigger_price, price_decimals, quantity, filled,
            quantity_decimals, state, venue_order_id, reject_reason) ";
    const UPDATE: &str = "
        ON CONFLICT (account_id, client_order_id) DO UPDATE SET
            seq = EXCLUDED.seq, updated_at = EXCLUDED.updated_at,
            strategy_version = COALESCE(orders.strategy_version, EXCLUDED.strategy_version),
            filled = EXCLUDED.filled, state = EXCLUDED.state,
            venue_order_id = EXCLUDED.venue_order_id,
            reject_reason = COALESCE(EXCLUDED.reject_reason, orders.reject_reason)";
    on_both!(connection, connection => {
        for rows in rows.chunks(ROWS) {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut values, row| {
                values
                    .push_bind(row.head.account.to_string())
                    .push_bind(row.client_order_id.to_string());
                push_head!(values, &row.head)
                    .push_bind(sub_ledger_text(row.sub_ledger))
                    .push_bind(row.strategy_version)
                    .push_bind(&row.correlation)
                    .push_bind(&row.tag)
                    .push_bind(&row.purpose)
                    .push_bind(&row.exit_reason)
                    .push_bind(i64::from(row.instrument.id.0))
                    .push_bind(&row.instrument.symbol)
                    .push_bind(&row.side)
                    .push_bind(&row.position_side)
                    .push_bind(&row.kind)
                    .push_bind(&row.time_in_force)
                    .push_bind(i64::from(row.reduce_only))
                    .push_bind(i64::from(row.close_position))
                    .push_bind(row.price.map(mantissa))
                    .push_bind(row.trigger_price.map(mantissa))
                    .push_bind(i64::from(row.price_decimals))
                    .push_bind(mantissa(row.quantity))
                    .push_bind(mantissa(row.filled))
                    .push_bind(i64::from(row.quantity.scale()))
                    .push_bind(&row.state)
                    .push_bind(&row.venue_order_id)
                    .push_bind(&row.reject_reason);
            });
            query.push(UPDATE).build().execute(&mut *connection).await?;
        }
        Ok(())
    })
}

async fn insert_fills(connection: Connected<'_>, rows: &[FillRow]) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO fills (account_id, line, seq, tenant_id, owner_id, created_at, updated_at,
            event_at, trade_id, sub_ledger, client_order_id, strategy_version, instrument, symbol,
            settle, side, position_side, price, price_decimals, quantity, closed, quantity_decimals,
            value, realized, fee, fee_asset, liquidity, reason, exit_reason) ";
    on_both!(connection, connection => {
        for rows in rows.chunks(ROWS) {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.head.account.to_string()).push_bind(row.line);
                push_head!(values, &row.head)
                    .push_bind(row.event_at.0)
                    .push_bind(&row.trade_id)
                    .push_bind(sub_ledger_text(row.sub_ledger))
                    .push_bind(row.client_order_id.map(|id| id.to_string()))
                    .push_bind(row.strategy_version)
                    .push_bind(i64::from(row.instrument.id.0))
                    .push_bind(&row.instrument.symbol)
                    .push_bind(&row.settle)
                    .push_bind(&row.side)
                    .push_bind(&row.position_side)
                    .push_bind(mantissa(row.price))
                    .push_bind(i64::from(row.price.scale()))
                    .push_bind(mantissa(row.quantity))
                    .push_bind(mantissa(row.closed))
                    .push_bind(i64::from(row.quantity.scale()))
                    .push_bind(amount_text(row.value))
                    .push_bind(amount_text(row.realized))
                    .push_bind(amount_text(row.fee))
                    .push_bind(&row.fee_asset)
                    .push_bind(&row.liquidity)
                    .push_bind(&row.reason)
                    .push_bind(&row.exit_reason);
            });
            query.build().execute(&mut *connection).await?;
        }
        Ok(())
    })
}

async fn insert_entries(connection: Connected<'_>, rows: &[LedgerRow]) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO ledger_entries (account_id, line, seq, tenant_id, owner_id, created_at,
            updated_at, event_at, kind, sub_ledger, bucket, asset, amount, instrument, symbol,
            trade_id) ";
    on_both!(connection, connection => {
        for rows in rows.chunks(ROWS) {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut values, row| {
                values.push_bind(row.head.account.to_string()).push_bind(row.line);
                push_head!(values, &row.head)
                    .push_bind(row.event_at.0)
                    .push_bind(&row.kind)
                    .push_bind(sub_ledger_text(row.sub_ledger))
                    .push_bind(&row.bucket)
                    .push_bind(&row.asset)
                    .push_bind(amount_text(row.amount))
                    .push_bind(row.instrument.as_ref().map(|it| i64::from(it.id.0)))
                    .push_bind(row.instrument.as_ref().map(|it| &it.symbol))
                    .push_bind(&row.trade_id);
            });
            query.build().execute(&mut *connection).await?;
        }
        Ok(())
    })
}

async fn put_positions(
    connection: Connected<'_>,
    rows: &[&PositionRow],
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO positions (id, account_id, seq, tenant_id, owner_id, created_at, updated_at,
            opened_at, sub_ledger, instrument, symbol, settle, quantity, quantity_decimals, cost,
            entry_price, stop_loss, take_profit, price_decimals, trailing_stop) ";
    const UPDATE: &str = "
        ON CONFLICT (id) DO UPDATE SET
            seq = EXCLUDED.seq, updated_at = EXCLUDED.updated_at,
            opened_at = COALESCE(EXCLUDED.opened_at, positions.opened_at),
            symbol = EXCLUDED.symbol, settle = EXCLUDED.settle, quantity = EXCLUDED.quantity,
            quantity_decimals = EXCLUDED.quantity_decimals, cost = EXCLUDED.cost,
            entry_price = EXCLUDED.entry_price, stop_loss = EXCLUDED.stop_loss,
            take_profit = EXCLUDED.take_profit, price_decimals = EXCLUDED.price_decimals,
            trailing_stop = EXCLUDED.trailing_stop";
    on_both!(connection, connection => {
        for rows in rows.chunks(ROWS) {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut values, row| {
                values.push_bind(&row.id).push_bind(row.head.account.to_string());
                push_head!(values, &row.head)
                    .push_bind(row.opened_at.map(|at| at.0))
                    .push_bind(sub_ledger_text(row.sub_ledger))
                    .push_bind(i64::from(row.instrument.id.0))
                    .push_bind(&row.instrument.symbol)
                    .push_bind(&row.settle)
                    .push_bind(mantissa(row.quantity))
                    .push_bind(i64::from(row.quantity.scale()))
                    .push_bind(amount_text(row.cost))
                    .push_bind(row.entry_price.map(mantissa))
                    .push_bind(row.stop_loss.map(mantissa))
                    .push_bind(row.take_profit.map(mantissa))
                    .push_bind(i64::from(row.price_decimals))
                    .push_bind(&row.trailing_stop);
            });
            query.push(UPDATE).build().execute(&mut *connection).await?;
        }
        Ok(())
    })
}
