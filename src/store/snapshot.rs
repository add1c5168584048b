//! Snapshots: the state of an account now and then, so that a start need not replay its whole life.
//!
//! They only save time. One of another layout is not read; the journal alone is the truth.

use banyan_core::account::AccountState;
use banyan_core::ids::{AccountId, Sequence};
use banyan_core::time::Timestamp;

use super::database::Connected;
use super::driver::on_both;
use super::error::StoreError;
use super::event::{hexadecimal, number};

/// Records of an account between two snapshots.
pub(super) const EVERY: u64 = 5_000;

/// Counts layouts of the state: raised whenever a field of it, or of anything in it, changes. A
/// snapshot of another layout is not read. A test remembers the bytes of this one.
pub const SNAPSHOT_LAYOUT: i64 = 2;

/// Keeps the state of an account instead of an earlier one.
pub(super) async fn put(
    connection: Connected<'_>,
    state: &AccountState,
    now: Timestamp,
) -> Result<(), StoreError> {
    const PUT: &str = "
        INSERT INTO snapshots (account_id, seq, layout, tenant_id, created_at, updated_at, payload)
        VALUES ($1, $2, $3, $4, $5, $5, $6)
        ON CONFLICT (account_id) DO UPDATE SET seq = EXCLUDED.seq, layout = EXCLUDED.layout,
            updated_at = EXCLUDED.updated_at, payload = EXCLUDED.payload";
    let payload = encode(state)?;
    on_both!(connection, connection => sqlx::query(PUT)
        .bind(state.settings.id.to_string())
        .bind(number(state.sequence.0))
        .bind(SNAPSHOT_LAYOUT)
        .bind(state.settings.tenant.to_string())
        .bind(now.0)
        .bind(payload)
        .execute(connection)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The latest snapshot of an account, where there is one that can be read.
pub(super) async fn get(
    connection: Connected<'_>,
    account: AccountId,
) -> Result<Option<AccountState>, StoreError> {
    const GET: &str = "SELECT seq, payload FROM snapshots WHERE account_id = $1 AND layout = $2";
    let found: Option<(i64, String)> = on_both!(connection, connection => sqlx::query_as(GET)
        .bind(account.to_string())
        .bind(SNAPSHOT_LAYOUT)
        .fetch_optional(connection)
        .await)?;
    Ok(found.and_then(|(sequence, payload)| {
        let sequence = Sequence(u64::try_from(sequence).ok()?);
        decode(&payload).filter(|state| state.sequence == sequence && state.settings.id == account)
    }))
}

fn encode(state: &AccountState) -> Result<String, StoreError> {
    let bytes = postcard::to_allocvec(state)
        .map_err(|error| StoreError::Invalid(format!("a state cannot be kept: {error}")))?;
    Ok(hexadecimal(&bytes))
}

fn decode(text: &str) -> Option<AccountState> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    let bytes: Vec<u8> = pairs.iter().map(byte).collect::<Option<_>>()?;
    postcard::from_bytes(&bytes).ok().filter(|_| rest.is_empty())
}
