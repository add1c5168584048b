//! A record as columns: what queries look for without reading payloads.

use banyan_core::ids::ClientOrderId;
use banyan_core::journal::{AccountEvent, Principal, Record};
use sha2::{Digest, Sha256};

use super::driver::from_rows;
use super::text::{intent_text, json_text};

/// A row of the journal, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JournalRow {
    pub(super) account_id: String,
    pub(super) seq: i64,
    pub(super) version: i64,
    pub(super) recorded_at: i64,
    pub(super) event_at: i64,
    pub(super) kind: String,
    pub(super) cause: Option<i64>,
    pub(super) correlation: Option<String>,
    pub(super) principal: String,
    pub(super) tenant_id: String,
    pub(super) client_order_id: Option<String>,
    pub(super) payload: String,
    pub(super) digest: String,
}

from_rows!(JournalRow, row => JournalRow {
    account_id: row.try_get("account_id")?,
    seq: row.try_get("seq")?,
    version: row.try_get("version")?,
    recorded_at: row.try_get("recorded_at")?,
    event_at: row.try_get("event_at")?,
    kind: row.try_get("kind")?,
    cause: row.try_get("cause")?,
    correlation: row.try_get("correlation")?,
    principal: row.try_get("principal")?,
    tenant_id: row.try_get("tenant_id")?,
    client_order_id: row.try_get("client_order_id")?,
    payload: row.try_get("payload")?,
    digest: row.try_get("digest")?,
});

impl JournalRow {
    /// The row of a record that follows one with the digest `before`.
    pub(super) fn of(record: &Record, before: &str) -> Self {
        let payload = json_text(record);
        Self {
            digest: digest(before, &payload),
            payload,
            account_id: record.account.to_string(),
            seq: number(record.sequence.0),
            version: i64::from(record.version),
            recorded_at: record.recorded_at.0,
            event_at: record.event_at.0,
            kind: kind(&record.event).to_owned(),
            cause: record.cause.map(|sequence| number(sequence.0)),
            correlation: record.correlation.map(intent_text),
            principal: principal_text(record.principal),
            tenant_id: record.tenant.to_string(),
            client_order_id: order_of(&record.event).map(|id| id.to_string()),
        }
    }
}

/// What a payload adds to the digest before it; nothing is before the first.
pub(super) fn digest(before: &str, payload: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(payload);
    hexadecimal(&hash.finalize())
}

/// Bytes as text, two digits each.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// A sequence number for a column; nobody writes as many records as would not fit.
pub(super) fn number(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

fn principal_text(principal: Principal) -> String {
    match principal {
        Principal::User(user) => format!("user:{user}"),
        Principal::Worker(worker) => format!("worker:{worker}"),
        Principal::Engine => "engine".to_owned(),
        Principal::Venue => "venue".to_owned(),
    }
}

/// The order that an event is about.
fn order_of(event: &AccountEvent) -> Option<ClientOrderId> {
    match event {
        AccountEvent::OrderPlanned(planned) => Some(planned.request.client_id),
        AccountEvent::OrderAdvanced { client_id, .. } => Some(*client_id),
        AccountEvent::FillBooked { fill, .. } => fill.client_id,
        _ => None,
    }
}

/// The name of an event, as its payload has it.
pub(super) const fn kind(event: &AccountEvent) -> &'static str {
    match event {
        AccountEvent::AccountOpened(_) => "account_opened",
        AccountEvent::EngineStarted { .. } => "engine_started",
        AccountEvent::InstrumentChanged(_) => "instrument_changed",
        AccountEvent::WorkerAttached { .. } => "worker_attached",
        AccountEvent::WorkerStateSaved { .. } => "worker_state_saved",
        AccountEvent::WorkerDetached { .. } => "worker_detached",
        AccountEvent::IntentReviewed { .. } => "intent_reviewed",
        AccountEvent::DecisionMade(_) => "decision_made",
        AccountEvent::DecisionResolved { .. } => "decision_resolved",
        AccountEvent::DecisionMeasured { .. } => "decision_measured",
        AccountEvent::ReviewWitnessed { .. } => "review_witnessed",
        AccountEvent::OrderPlanned(_) => "order_planned",
        AccountEvent::OrderAdvanced { .. } => "order_advanced",
        AccountEvent::FillBooked { .. } => "fill_booked",
        AccountEvent::FundingBooked { .. } => "funding_booked",
        AccountEvent::TransferBooked { .. } => "transfer_booked",
        AccountEvent::PositionAdopted { .. } => "position_adopted",
        AccountEvent::CostRestated { .. } => "cost_restated",
        AccountEvent::ProtectionSet { .. } => "protection_set",
        AccountEvent::ExitRequested { .. } => "exit_requested",
        AccountEvent::ExitEnded { .. } => "exit_ended",
        AccountEvent::LeverageSet { .. } => "leverage_set",
        AccountEvent::ArmingSet { .. } => "arming_set",
        AccountEvent::KillLevelSet { .. } => "kill_level_set",
        AccountEvent::EquityMarked { .. } => "equity_marked",
        AccountEvent::SnapshotReconciled { .. } => "snapshot_reconciled",
    }
}
