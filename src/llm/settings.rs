//! What can be set about models.

use banyan_core::money::Amount;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// How models are asked, and what that may cost; see `config/default.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is explained in config/default.toml")]
pub struct LlmSettings {
    pub allow_private_urls: bool,
    pub budget_per_worker_day: Decimal,
    pub budget_per_user_day: Decimal,
    pub calls: usize,
    pub calls_per_provider: usize,
    pub calls_per_minute: u32,
    pub attempts: u32,
    pub retry_milliseconds: u64,
    pub connect_seconds: u64,
    pub idle_seconds: u64,
    pub answer_bytes: usize,
    pub breaker_failures: u32,
    pub breaker_seconds: u64,
}

impl LlmSettings {
    /// Checks the bounds.
    ///
    /// # Errors
    /// The first key that is out of its bounds, and why.
    pub fn check(&self) -> Result<(), (&'static str, &'static str)> {
        let money = |value: Decimal| {
            !value.is_sign_negative()
                && value <= Decimal::from(1_000_000)
                && Amount::from_decimal(value).is_ok()
        };
        let bounds = [
            (money(self.budget_per_worker_day), "budget_per_worker_day", "must be 0 to 1000000"),
            (money(self.budget_per_user_day), "budget_per_user_day", "must be 0 to 1000000"),
            ((1..=256).contains(&self.calls), "calls", "must be 1 to 256"),
            (
                (1..=256).contains(&self.calls_per_provider),
                "calls_per_provider",
                "must be 1 to 256",
            ),
            (
                (1..=10_000).contains(&self.calls_per_minute),
                "calls_per_minute",
                "must be 1 to 10000",
            ),
            ((1..=10).contains(&self.attempts), "attempts", "must be 1 to 10"),
            (
                (1..=60_000).contains(&self.retry_milliseconds),
                "retry_milliseconds",
                "must be 1 to 60000",
            ),
            ((1..=60).contains(&self.connect_seconds), "connect_seconds", "must be 1 to 60"),
            ((1..=600).contains(&self.idle_seconds), "idle_seconds", "must be 1 to 600"),
            (
                (1_024..=16_777_216).contains(&self.answer_bytes),
                "answer_bytes",
                "must be 1024 to 16777216",
            ),
            ((1..=100).contains(&self.breaker_failures), "breaker_failures", "must be 1 to 100"),
            ((1..=3_600).contains(&self.breaker_seconds), "breaker_seconds", "must be 1 to 3600"),
        ];
        bounds.iter().find(|(holds, ..)| !holds).map_or(Ok(()), |(_, key, why)| Err((*key, *why)))
    }

    /// Dollars that one worker may spend in a UTC day.
    #[must_use]
    pub(super) fn worker_budget(&self) -> Amount {
        Amount::from_decimal(self.budget_per_worker_day).unwrap_or(Amount::ZERO)
    }

    /// Dollars that one user may spend in a UTC day.
    #[must_use]
    pub(super) fn user_budget(&self) -> Amount {
        Amount::from_decimal(self.budget_per_user_day).unwrap_or(Amount::ZERO)
    }
}
