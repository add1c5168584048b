//! Providers of models as their owners set them up. Keys come and go sealed.
//!
//! Knows no dialect and asks nobody: which types there are is not decided here.

use banyan_core::ids::UserId;
use banyan_core::time::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::database::Store;
use super::driver::{from_rows, on_both};
use super::error::StoreError;
use super::owner::Owner;
use super::text::{json, json_text, uuid};

/// A model that a provider offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderModel {
    /// As the provider knows it, e.g. `deepseek-chat`.
    pub id: String,
    /// For people; the id when empty.
    #[serde(default)]
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Tokens of question and answer together.
    #[serde(default = "usual_context")]
    pub context_window: u32,
    /// Most tokens of an answer.
    #[serde(default = "usual_answer")]
    pub max_output_tokens: u32,
    /// Whether it can be told to answer JSON.
    #[serde(default)]
    pub supports_json_mode: bool,
    /// Whether it reasons before it answers.
    #[serde(default)]
    pub supports_reasoning: bool,
    /// Whether it reads pictures.
    #[serde(default)]
    pub supports_vision: bool,
    /// Dollars for 1000 tokens of the question; not known when absent.
    #[serde(default)]
    pub cost_per_1k_input: Option<Decimal>,
    /// Dollars for 1000 tokens of the answer; not known when absent.
    #[serde(default)]
    pub cost_per_1k_output: Option<Decimal>,
    /// Whether its owner declares that it costs nothing.
    #[serde(default)]
    pub free: bool,
}

const fn usual_context() -> u32 {
    128_000
}

const fn usual_answer() -> u32 {
    4_096
}

/// A provider as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderDraft {
    /// Which dialect it speaks, e.g. `deepseek`.
    pub provider_type: String,
    /// What its owner calls it.
    pub name: String,
    /// What its owner notes about it.
    pub note: String,
    /// Where people read about it.
    pub website_url: String,
    /// Where it is asked; the usual address of its type when empty.
    pub base_url: String,
    /// `openai` or `custom`.
    pub api_format: String,
    /// Its key, sealed.
    pub api_key: Option<String>,
    /// Whether it may be asked.
    pub is_enabled: bool,
    /// What it offers.
    pub models: Vec<ProviderModel>,
}

/// A provider as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRow {
    /// Which.
    pub id: Uuid,
    /// Whose.
    pub owner: UserId,
    /// Counts changes.
    pub seq: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed.
    pub updated_at: Timestamp,
    /// What can be changed.
    pub draft: ProviderDraft,
}

from_rows!(ProviderRow, row => ProviderRow {
    id: uuid(row.try_get("id")?)?,
    owner: UserId(uuid(row.try_get("owner_id")?)?),
    seq: row.try_get("seq")?,
    created_at: Timestamp(row.try_get("created_at")?),
    updated_at: Timestamp(row.try_get("updated_at")?),
    draft: ProviderDraft {
        provider_type: row.try_get("provider_type")?,
        name: row.try_get("name")?,
        note: row.try_get("note")?,
        website_url: row.try_get("website_url")?,
        base_url: row.try_get("base_url")?,
        api_format: row.try_get("api_format")?,
        api_key: row.try_get("api_key")?,
        is_enabled: row.try_get::<i64, _>("is_enabled")? != 0,
        models: json(&row.try_get::<String, _>("models")?)?,
    },
});

impl Store {
    /// Adds a provider.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn insert_provider(
        &self,
        owner: Owner,
        id: Uuid,
        draft: &ProviderDraft,
        now: Timestamp,
    ) -> Result<ProviderRow, StoreError> {
        const INSERT: &str = "
            INSERT INTO providers (id, seq, tenant_id, owner_id, created_at, updated_at,
                provider_type, name, note, website_url, base_url, api_format,
                api_key, is_enabled, models)
            VALUES ($1, 1, $2, $2, $3, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING *";
        let row = on_both!(self.writing(), pool => sqlx::query_as(INSERT)
            .bind(id.to_string())
            .bind(owner.user().to_string())
            .bind(now.0)
            .bind(&draft.provider_type)
            .bind(&draft.name)
            .bind(&draft.note)
            .bind(&draft.website_url)
            .bind(&draft.base_url)
            .bind(&draft.api_format)
            .bind(&draft.api_key)
            .bind(i64::from(draft.is_enabled))
            .bind(json_text(&draft.models))
            .fetch_one(pool)
            .await)?;
        Ok(row)
    }

    /// An owner's providers, newest first.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn providers(&self, owner: Owner) -> Result<Vec<ProviderRow>, StoreError> {
        const SELECT: &str = "
            SELECT * FROM providers WHERE owner_id = $1 ORDER BY created_at DESC, id DESC";
        let rows = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .fetch_all(pool)
            .await)?;
        Ok(rows)
    }

    /// One of an owner's providers.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such provider.
    pub async fn provider(&self, owner: Owner, id: Uuid) -> Result<ProviderRow, StoreError> {
        const SELECT: &str = "SELECT * FROM providers WHERE owner_id = $1 AND id = $2";
        let row = on_both!(self.reading(), pool => sqlx::query_as(SELECT)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .fetch_one(pool)
            .await)?;
        Ok(row)
    }

    /// Writes what was changed of a provider that nobody changed meanwhile; its type stays.
    ///
    /// # Errors
    /// `Conflict` when somebody did, or it is gone.
    pub async fn update_provider(
        &self,
        owner: Owner,
        provider: &ProviderRow,
        now: Timestamp,
    ) -> Result<ProviderRow, StoreError> {
        const UPDATE: &str = "
            UPDATE providers SET seq = seq + 1, updated_at = $4, name = $5, note = $6,
                website_url = $7, base_url = $8, api_format = $9, api_key = $10,
                is_enabled = $11, models = $12
            WHERE owner_id = $1 AND id = $2 AND seq = $3 RETURNING *";
        let draft = &provider.draft;
        let row = on_both!(self.writing(), pool => sqlx::query_as(UPDATE)
            .bind(owner.user().to_string())
            .bind(provider.id.to_string())
            .bind(provider.seq)
            .bind(now.0)
            .bind(&draft.name)
            .bind(&draft.note)
            .bind(&draft.website_url)
            .bind(&draft.base_url)
            .bind(&draft.api_format)
            .bind(&draft.api_key)
            .bind(i64::from(draft.is_enabled))
            .bind(json_text(&draft.models))
            .fetch_optional(pool)
            .await)?;
        row.ok_or_else(|| StoreError::Conflict("the provider was changed meanwhile".to_owned()))
    }

    /// Deletes a provider, and its key for good.
    ///
    /// # Errors
    /// `NotFound` when the owner has no such provider.
    pub async fn delete_provider(&self, owner: Owner, id: Uuid) -> Result<(), StoreError> {
        const DELETE: &str = "DELETE FROM providers WHERE owner_id = $1 AND id = $2";
        let deleted = on_both!(self.writing(), pool => sqlx::query(DELETE)
            .bind(owner.user().to_string())
            .bind(id.to_string())
            .execute(pool)
            .await
            .map(|done| done.rows_affected()))?;
        if deleted == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}
