//! What was learned about models while they were asked. Forgotten when the engine ends: learning
//! again costs one refused request.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use super::dialect::Learned;
use super::refusal::Dislike;
use super::resolve::Provider;

/// Models that are remembered.
const MODELS: usize = 4_096;

/// Which model of which provider, in which version of its settings.
type Key = (Uuid, i64, String);

/// Remembers what models want.
#[derive(Default)]
pub(super) struct Memory(Mutex<BTreeMap<Key, Learned>>);

impl Memory {
    /// What is known of a model.
    pub(super) fn of(&self, provider: &Provider, model: &str) -> Learned {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key(provider, model)).copied().unwrap_or_default()
    }

    /// Notes what a model dislikes; says whether that was new.
    pub(super) fn learn(&self, provider: &Provider, model: &str, dislike: Dislike) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(provider, model);
        if known.len() >= MODELS && !known.contains_key(&key) {
            known.clear();
        }
        known.entry(key).or_default().learn(&provider.dialect, dislike)
    }
}

fn key(provider: &Provider, model: &str) -> Key {
    (provider.id, provider.version, model.to_owned())
}
