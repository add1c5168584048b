//! The proof that decisions are as they were sealed: each is read, its seal and its link to the one
//! before are made again, and its row is compared with the record of the journal, both ways.
//!
//! Sees one moment of the database and changes nothing. How a seal is made is not known here.

use banyan_core::decision::{Decision, check_link};
use banyan_core::journal::AccountEvent;
use serde::Serialize;

use super::database::{Store, Transaction};
use super::decision_rows::DecisionRow;
use super::driver::on_both;
use super::error::StoreError;
use super::event::{JournalRow, digest, number};
use super::text::json_text;
use super::upgrade::read_record;

/// Rows that are read at once.
const PAGE: i64 = 100;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DecisionProof {
    /// Whether every decision is as it was sealed.
    pub valid: bool,
    /// How many were looked at.
    pub checked: u64,
    /// The first that is not.
    pub first_broken: Option<BrokenDecision>,
}

/// A decision that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrokenDecision {
    /// Which.
    pub id: String,
    /// Whose.
    pub strategy_id: String,
    /// Its number among those of the strategy.
    pub number: i64,
    /// What is wrong.
    pub reason: String,
}

/// Where the walk stands: account, strategy, number, record.
type Place = (String, String, i64, i64);

/// The decisions of one strategy, one after the other.
#[derive(Default)]
struct Chain {
    last: Option<Decision>,
    place: Place,
}

impl Store {
    /// Checks all decisions, strategy by strategy, up to the first that is broken.
    ///
    /// # Errors
    /// When the database cannot be read at all; what it says wrongly is no error but a finding.
    pub async fn verify_decisions(&self) -> Result<DecisionProof, StoreError> {
        let mut moment = self.begin_reading().await?;
        let (mut chain, mut checked) = (Chain::default(), 0);
        let mut broken = None;
        while broken.is_none() {
            let rows = page(&mut moment, &chain.place).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                checked += 1;
                if let Err(reason) = chain.step(&mut moment, &row).await? {
                    broken = Some((chain.place.clone(), row.broken(reason)));
                    break;
                }
            }
        }
        let missing = first_missing(&mut moment).await?;
        let first = [broken, missing].into_iter().flatten().min_by(|a, b| a.0.cmp(&b.0));
        let first_broken = first.map(|(_, broken)| broken);
        Ok(DecisionProof { valid: first_broken.is_none(), checked, first_broken })
    }
}

/// A row as it is stored, whatever stands in its columns.
struct RawRow {
    account: String,
    strategy: String,
    number: i64,
    seq: i64,
    id: String,
    payload: String,
}

super::driver::from_rows!(RawRow, row => RawRow {
    account: row.try_get("account_id")?,
    strategy: row.try_get("strategy_id")?,
    number: row.try_get("number")?,
    seq: row.try_get("seq")?,
    id: row.try_get("id")?,
    payload: row.try_get("payload")?,
});

impl RawRow {
    fn broken(&self, reason: String) -> BrokenDecision {
        let (id, strategy_id) = (self.id.clone(), self.strategy.clone());
        BrokenDecision { id, strategy_id, number: self.number, reason }
    }
}

async fn page(moment: &mut Transaction, after: &Place) -> Result<Vec<RawRow>, StoreError> {
    const SELECT: &str = "
        SELECT account_id, strategy_id, number, seq, id, payload FROM decisions
        WHERE (account_id, strategy_id, number, seq) > ($1, $2, $3, $4)
        ORDER BY account_id, strategy_id, number, seq LIMIT $5";
    let (account, strategy, number, seq) = after;
    Ok(on_both!(moment.connection(), connection => sqlx::query_as(SELECT)
        .bind(account)
        .bind(strategy)
        .bind(number)
        .bind(seq)
        .bind(PAGE)
        .fetch_all(connection)
        .await)?)
}

impl Chain {
    /// Takes in the next decision, or says what is wrong with it.
    async fn step(
        &mut self,
        moment: &mut Transaction,
        row: &RawRow,
    ) -> Result<Result<(), String>, StoreError> {
        if (&self.place.0, &self.place.1) != (&row.account, &row.strategy) {
            self.last = None;
        }
        self.place = (row.account.clone(), row.strategy.clone(), row.number, row.seq);
        let decision = match sealed(row, self.last.as_ref()) {
            Ok(decision) => decision,
            Err(reason) => return Ok(Err(reason)),
        };
        let kept = kept_row(moment, row).await?;
        let told = recorded_row(moment, row).await?;
        self.last = Some(decision);
        Ok(match (kept, told) {
            (Ok(kept), Ok(told)) if kept == told => Ok(()),
            (Ok(kept), Ok(told)) => Err(difference(&kept, &told)),
            (Err(reason), _) | (_, Err(reason)) => Err(reason),
        })
    }
}

/// The decision in a row, if its seal holds and it follows the one before.
fn sealed(row: &RawRow, last: Option<&Decision>) -> Result<Decision, String> {
    let decision: Decision = serde_json::from_str(&row.payload)
        .map_err(|error| format!("its record cannot be read: {error}"))?;
    check_link(last, &decision).map_err(|error| error.to_string())?;
    if json_text(&decision) != row.payload {
        return Err("its record is not written as it was sealed".to_owned());
    }
    Ok(decision)
}

/// The whole row, if its columns can be read.
async fn kept_row(
    moment: &mut Transaction,
    row: &RawRow,
) -> Result<Result<DecisionRow, String>, StoreError> {
    const SELECT: &str = "SELECT * FROM decisions WHERE id = $1";
    let kept = on_both!(moment.connection(), connection => sqlx::query_as(SELECT)
        .bind(&row.id)
        .fetch_one(connection)
        .await);
    match kept.map_err(StoreError::from) {
        Ok(kept) => Ok(Ok(kept)),
        Err(StoreError::Corrupt(why)) => Ok(Err(format!("its columns cannot be read: {why}"))),
        Err(error) => Err(error),
    }
}

/// The row as the journal's record says it.
async fn recorded_row(
    moment: &mut Transaction,
    row: &RawRow,
) -> Result<Result<DecisionRow, String>, StoreError> {
    let Some(record) = journal_row(moment, &row.account, row.seq).await? else {
        return Ok(Err(format!("the journal has no record {}", row.seq)));
    };
    let before = journal_row(moment, &row.account, row.seq - 1).await?;
    let before = before.map(|it| it.digest).unwrap_or_default();
    if record.digest != digest(&before, &record.payload) {
        return Ok(Err(format!("record {} of the journal was altered", row.seq)));
    }
    let read = read_record(record.version, &record.payload);
    Ok(read.and_then(|record| {
        let told = DecisionRow::of(&record);
        told.ok_or_else(|| format!("record {} of the journal is no decision", row.seq))
    }))
}

async fn journal_row(
    moment: &mut Transaction,
    account: &str,
    seq: i64,
) -> Result<Option<JournalRow>, StoreError> {
    const SELECT: &str = "SELECT * FROM journal WHERE account_id = $1 AND seq = $2";
    Ok(on_both!(moment.connection(), connection => sqlx::query_as(SELECT)
        .bind(account)
        .bind(seq)
        .fetch_optional(connection)
        .await)?)
}

/// Names the first column that is not what the journal says.
fn difference(kept: &DecisionRow, told: &DecisionRow) -> String {
    let columns = [
        ("id", kept.id == told.id),
        ("record", kept.payload == told.payload),
        ("strategy_id", kept.strategy == told.strategy),
        ("strategy_version", kept.strategy_version == told.strategy_version),
        ("number", kept.number == told.number),
        ("decided_at", kept.decided_at == told.decided_at),
        ("ai_model", kept.ai_model == told.ai_model),
        ("began_by", kept.began_by == told.began_by),
        ("failure", kept.failure == told.failure),
        ("confidence", kept.confidence == told.confidence),
        ("actions", kept.actions == told.actions),
        ("tokens", kept.tokens == told.tokens),
        ("cost", kept.cost == told.cost),
        ("latency_ms", kept.latency_ms == told.latency_ms),
        ("tainted", kept.tainted == told.tainted),
        ("awaits_approval", kept.awaits_approval == told.awaits_approval),
        ("previous", kept.previous == told.previous),
        ("hash", kept.hash == told.hash),
    ];
    let column = columns.iter().find(|(_, same)| !same).map_or("owner or time", |(name, _)| name);
    format!("its {column} is not what the journal says")
}

/// The first record of a decision that has no row.
async fn first_missing(
    moment: &mut Transaction,
) -> Result<Option<(Place, BrokenDecision)>, StoreError> {
    const SELECT: &str = "
        SELECT * FROM journal WHERE kind = 'decision_made' AND NOT EXISTS
            (SELECT 1 FROM decisions WHERE decisions.account_id = journal.account_id
                AND decisions.seq = journal.seq)
        ORDER BY account_id, seq LIMIT 1";
    let row: Option<JournalRow> = on_both!(moment.connection(), connection => {
        sqlx::query_as(SELECT).fetch_optional(connection).await
    })?;
    Ok(row.map(|row| {
        let broken = missing(&row);
        let strategy = broken.strategy_id.clone();
        ((row.account_id, strategy, broken.number, row.seq), broken)
    }))
}

fn missing(row: &JournalRow) -> BrokenDecision {
    let record = read_record(row.version, &row.payload).ok();
    let reason = format!("record {} of the journal holds it, and its row is missing", row.seq);
    match record.as_ref().map(|it| &it.event) {
        Some(AccountEvent::DecisionMade(decision)) => BrokenDecision {
            id: decision.id.to_string(),
            strategy_id: decision.worker.to_string(),
            number: number(decision.number),
            reason,
        },
        _ => BrokenDecision { id: String::new(), strategy_id: String::new(), number: 0, reason },
    }
}
