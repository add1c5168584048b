//! Writing decisions and what became of them, within the journal's transaction.

use sqlx::QueryBuilder;

use super::database::Connected;
use super::decision_rows::{DecisionEventRow, DecisionRow};
use super::driver::on_both;
use super::event::number;
use super::text::amount_text;

/// Rows of one statement; each may be long.
const ROWS: usize = 64;

pub(super) async fn insert_decisions(
    connection: Connected<'_>,
    rows: &[DecisionRow],
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO decisions (id, account_id, seq, tenant_id, owner_id, created_at, updated_at,
            strategy_id, strategy_version, number, decided_at, ai_model, began_by, failure,
            confidence, actions, tokens, cost, latency_ms, tainted, awaits_approval, previous,
            hash, payload) ";
    on_both!(connection, connection => {
        for rows in rows.chunks(ROWS) {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut values, row| {
                values
                    .push_bind(row.id.to_string())
                    .push_bind(row.head.account.to_string())
                    .push_bind(number(row.head.sequence.0))
                    .push_bind(row.head.owner.to_string())
                    .push_bind(row.head.owner.to_string())
                    .push_bind(row.head.created_at.0)
                    .push_bind(row.head.updated_at.0)
                    .push_bind(row.strategy.to_string())
                    .push_bind(row.strategy_version)
                    .push_bind(row.number)
                    .push_bind(row.decided_at.0)
                    .push_bind(&row.ai_model)
                    .push_bind(&row.began_by)
                    .push_bind(&row.failure)
                    .push_bind(row.confidence.0)
                    .push_bind(&row.actions)
                    .push_bind(row.tokens)
                    .push_bind(amount_text(row.cost))
                    .push_bind(row.latency_ms)
                    .push_bind(i64::from(row.tainted))
                    .push_bind(i64::from(row.awaits_approval))
                    .push_bind(&row.previous)
                    .push_bind(&row.hash)
                    .push_bind(&row.payload);
            });
            query.build().execute(&mut *connection).await?;
        }
        Ok(())
    })
}

pub(super) async fn insert_events(
    connection: Connected<'_>,
    rows: &[DecisionEventRow],
) -> Result<(), sqlx::Error> {
    const INSERT: &str = "
        INSERT INTO decision_events (account_id, seq, tenant_id, owner_id, created_at, updated_at,
            strategy_id, kind, decision_id, cause, correlation, approved, horizon, gain) ";
    on_both!(connection, connection => {
        for rows in rows.chunks(ROWS) {
            let mut query = QueryBuilder::new(INSERT);
            query.push_values(rows, |mut values, row| {
                values
                    .push_bind(row.account.to_string())
                    .push_bind(number(row.sequence.0))
                    .push_bind(row.owner.to_string())
                    .push_bind(row.owner.to_string())
                    .push_bind(row.created_at.0)
                    .push_bind(row.created_at.0)
                    .push_bind(row.strategy.to_string())
                    .push_bind(&row.kind)
                    .push_bind(row.decision.map(|id| id.to_string()))
                    .push_bind(row.cause.map(|cause| number(cause.0)))
                    .push_bind(&row.correlation)
                    .push_bind(row.approved.map(i64::from))
                    .push_bind(&row.horizon)
                    .push_bind(row.gain.map(|gain| gain.0));
            });
            query.build().execute(&mut *connection).await?;
        }
        Ok(())
    })
}
