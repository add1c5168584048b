//! One question put to one model until it is answered or there is no point any more.
//!
//! Waits for its turn, reserves the money, asks, settles; tries again after failures that pass,
//! and asks otherwise where the provider dislikes a part of the request.

use std::sync::Arc;
use std::time::Duration;

use banyan_core::model::{AnswerFormat, FailureKind, ModelFailure, ModelName, Question, Usage};
use banyan_core::time::Timestamp;
use tokio::time::Instant;

use super::attempt::{Attempt, Failed};
use super::budget::{Budget, Payer, Price};
use super::learned::Memory;
use super::line::{Line, Lines};
use super::reading::{Heard, with_slack};
use super::request::{self, Request};
use super::resolve::Provider;
use super::settings::LlmSettings;
use super::transport::Transport;
use crate::clock::Clock;
use crate::entropy;
use crate::store::{ANSWERED, ProviderModel};
use crate::telemetry::{ModelCallSample, ModelMeters};

/// Times that a request is put otherwise.
const REWORDINGS: u32 = 5;
/// Longest pause of our own choice.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What every conversation needs.
pub(super) struct Means {
    pub(super) clock: Clock,
    pub(super) settings: LlmSettings,
    pub(super) transport: Transport,
    pub(super) lines: Lines,
    pub(super) budget: Budget,
    pub(super) memory: Memory,
    pub(super) meters: Arc<ModelMeters>,
}

/// A question on its way to one model.
pub(super) struct Conversation<'a> {
    pub(super) means: &'a Means,
    pub(super) payer: Payer,
    pub(super) question: &'a Question,
    pub(super) name: &'a ModelName,
    pub(super) provider: &'a Provider,
    pub(super) model: &'a ProviderModel,
    /// When it is given up.
    pub(super) until: Timestamp,
    /// How often a failure that may pass is tried again.
    pub(super) attempts: u32,
}

impl Conversation<'_> {
    /// Asks until there is an answer; adds what it took to `total`.
    pub(super) async fn hold(
        &self,
        total: &mut Usage,
    ) -> Result<(Heard, AnswerFormat), ModelFailure> {
        let price = Price::of(self.model)?;
        let Provider { id, version, provider_type, .. } = self.provider;
        let line = self.means.lines.line(*id, *version, provider_type);
        let (mut tries, mut rewordings) = (0, 0);
        loop {
            let request = self.request()?;
            let failed = match self.attempt(&line, &request, price, total).await {
                Ok(heard) => return Ok((heard, request.format)),
                Err(failed) => failed,
            };
            if rewordings < REWORDINGS && self.learns(&failed) {
                rewordings += 1;
                continue;
            }
            tries += 1;
            let pause = self.pause(&failed, tries).ok_or(failed.failure)?;
            tokio::time::sleep(pause).await;
        }
    }

    fn request(&self) -> Result<Request, ModelFailure> {
        let learned = self.means.memory.of(self.provider, &self.model.id);
        let request = request::request(self.question, self.model, &self.provider.dialect, &learned);
        let caps = request.caps.answer + request.caps.reasoning;
        if request.input_tokens + caps > u64::from(self.model.context_window) {
            let why = format!(
                "the question has about {} tokens and the answer may have {caps}; {} takes {}",
                request.input_tokens, self.name, self.model.context_window
            );
            return Err(ModelFailure::new(FailureKind::TooLong, why));
        }
        Ok(request)
    }

    async fn attempt(
        &self,
        line: &Line,
        request: &Request,
        price: Price,
        total: &mut Usage,
    ) -> Result<Heard, Failed> {
        let _turn = line.turn(self.until).await?;
        let most = with_slack(request.caps.answer) + with_slack(request.caps.reasoning);
        let cost = price.cost(with_slack(request.input_tokens), most);
        let whom = (self.provider.id, self.name);
        let mut reservation = self.means.budget.reserve(self.payer, whom, price, cost).await?;
        let attempt = Attempt {
            transport: &self.means.transport,
            url: &self.provider.chat,
            key: self.provider.key.as_ref(),
            request,
            until: Instant::now() + self.means.clock.wait_until(self.until),
            idle: Duration::from_secs(self.means.settings.idle_seconds),
        };
        let heard = attempt.run(&mut reservation.meter).await;
        let failure = heard.as_ref().err().map(|it| it.failure.kind);
        line.record(failure);
        let usage = reservation.settle(failure).await;
        self.count(failure, &usage);
        add(total, &usage);
        heard
    }

    fn count(&self, failure: Option<FailureKind>, usage: &Usage) {
        let whole = |value: i128| u64::try_from(value).unwrap_or_default();
        self.means.meters.count_call(&ModelCallSample {
            provider: &self.provider.provider_type,
            model: &self.model.id,
            outcome: failure.map_or(ANSWERED, FailureKind::name),
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            reasoning_tokens: usage.reasoning_tokens,
            cost: whole(usage.cost.0),
            milliseconds: whole(i128::from(usage.latency.0 / 1_000)),
        });
    }

    /// Says whether a refusal taught something that another request can heed.
    fn learns(&self, failed: &Failed) -> bool {
        failed
            .dislikes
            .is_some_and(|dislike| self.means.memory.learn(self.provider, &self.model.id, dislike))
    }

    /// How long to wait before the next try; `None` when there is no point in one.
    fn pause(&self, failed: &Failed, tries: u32) -> Option<Duration> {
        let may_pass = matches!(
            failed.failure.kind,
            FailureKind::RateLimit
                | FailureKind::Provider
                | FailureKind::Connection
                | FailureKind::Timeout
        );
        if !may_pass || tries >= self.attempts {
            return None;
        }
        let own = Duration::from_millis(self.means.settings.retry_milliseconds);
        let pause = failed.retry_after.unwrap_or_else(|| backoff(own, tries));
        let jitter = pause.min(own).mul_f64(chance());
        Some(pause + jitter).filter(|it| *it < self.means.clock.wait_until(self.until))
    }
}

/// Doubles with each try.
fn backoff(first: Duration, tries: u32) -> Duration {
    first.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST_PAUSE)
}

/// A number from 0 to 1, so that those who failed together do not come back together.
fn chance() -> f64 {
    let [byte] = entropy::bytes::<1>();
    f64::from(byte) / 255.0
}

fn add(total: &mut Usage, usage: &Usage) {
    total.input_tokens += usage.input_tokens;
    total.output_tokens += usage.output_tokens;
    total.reasoning_tokens += usage.reasoning_tokens;
    total.cost += usage.cost;
    total.attempts += usage.attempts;
}
