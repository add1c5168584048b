//! One attempt at an answer: asked once, heard to the end or given up.
//!
//! Two deadlines bound it: one for the whole, and one for the time without progress of the answer,
//! for which a sign of life does not count. Retries nothing and knows no money.

use std::time::Duration;

use banyan_core::model::{FailureKind, ModelFailure};
use reqwest::Url;
use tokio::time::{Instant, timeout_at};

use super::budget::TokenMeter;
use super::reading::{Heard, Progress, Reading};
use super::refusal::{self, Dislike};
use super::request::Request;
use super::transport::{Call, Opened, Transport};
use crate::secret::Secret;

/// How long the end of a stream may take once the model has stopped.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is asked, and of whom.
pub(super) struct Attempt<'a> {
    pub(super) transport: &'a Transport,
    pub(super) url: &'a Url,
    pub(super) key: Option<&'a Secret>,
    pub(super) request: &'a Request,
    /// When it is given up.
    pub(super) until: Instant,
    /// Longest time without progress.
    pub(super) idle: Duration,
}

/// Why an attempt failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) failure: ModelFailure,
    /// How long to wait before the next one, as the provider says.
    pub(super) retry_after: Option<Duration>,
    /// What the provider would rather not see.
    pub(super) dislikes: Option<Dislike>,
}

impl From<ModelFailure> for Failed {
    fn from(failure: ModelFailure) -> Self {
        Self { failure, retry_after: None, dislikes: None }
    }
}

impl Attempt<'_> {
    /// Asks; `meter` always says what came so far.
    pub(super) async fn run(&self, meter: &mut TokenMeter) -> Result<Heard, Failed> {
        let mut reading = Reading::new(self.request);
        let asked = timeout_at(self.until, self.ask(&mut reading, meter)).await;
        let heard = asked.unwrap_or_else(|_| Err(timed_out("no whole answer in time").into()));
        reading.count_rest();
        *meter = TokenMeter { charged: meter.charged, ..reading.meter };
        heard.map_err(|mut failed| {
            if failed.failure.partial.is_empty() {
                failed.failure.partial = reading.partial();
            }
            let text = &failed.failure.message;
            let key = self.key.map(|it| it.expose().trim()).unwrap_or_default();
            failed.failure.message = refusal::without_key(text, key);
            failed
        })
    }

    async fn ask(&self, reading: &mut Reading, meter: &mut TokenMeter) -> Result<Heard, Failed> {
        // From here on the provider may charge, until it says otherwise.
        *meter = TokenMeter { charged: true, ..reading.meter };
        let mut opened = match self.open().await {
            Ok(opened) => opened,
            Err(failure) => {
                meter.charged = failure.kind == FailureKind::Timeout;
                return Err(failure.into());
            }
        };
        if !(200..300).contains(&opened.status) {
            meter.charged = false;
            return Err(refused(&mut opened).await);
        }
        let heard = self.hear(&mut opened, reading, meter).await;
        if heard.as_ref().is_err_and(|it| is_refusal(it.kind)) {
            meter.charged = false;
        }
        Ok(heard?)
    }

    async fn open(&self) -> Result<Opened, ModelFailure> {
        let body = Some(&self.request.body);
        let call = Call { url: self.url.clone(), key: self.key, body };
        let opened = timeout_at(self.first_by(), self.transport.open(&call)).await;
        opened.unwrap_or_else(|_| Err(self.no_progress()))
    }

    /// By when the first word must have come: one that reasons in silence may take all its time.
    fn first_by(&self) -> Instant {
        if self.request.thinks { self.until } else { self.idle_by(self.idle) }
    }

    fn idle_by(&self, idle: Duration) -> Instant {
        (Instant::now() + idle).min(self.until)
    }

    async fn hear(
        &self,
        opened: &mut Opened,
        reading: &mut Reading,
        meter: &mut TokenMeter,
    ) -> Result<Heard, ModelFailure> {
        let (mut by, mut has_stopped) = (self.first_by(), false);
        loop {
            let chunk = match timeout_at(by, opened.chunk()).await {
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Ok(None)) => break,
                // What the model has said in full is not lost by how the connection ends.
                Err(_) | Ok(Err(_)) if has_stopped => break,
                Ok(Err(failure)) => return Err(failure),
                Err(_) => return Err(self.no_progress()),
            };
            let progress = reading.push(&chunk)?;
            *meter = TokenMeter { charged: true, ..reading.meter };
            match progress {
                Progress::None => {}
                Progress::Some => by = self.idle_by(self.idle),
                Progress::Stopped if has_stopped => {}
                Progress::Stopped => (by, has_stopped) = (self.idle_by(FAREWELL), true),
                Progress::Done => break,
            }
        }
        reading.finish()
    }

    fn no_progress(&self) -> ModelFailure {
        timed_out(&format!("the answer got no further for {} seconds", self.idle.as_secs()))
    }
}

/// Whether a provider that says so under a status of success has done no work.
const fn is_refusal(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Auth
            | FailureKind::NoCredit
            | FailureKind::RateLimit
            | FailureKind::BadRequest
            | FailureKind::ModelNotFound
            | FailureKind::TooLong
    )
}

fn timed_out(why: &str) -> ModelFailure {
    ModelFailure::new(FailureKind::Timeout, why)
}

async fn refused(opened: &mut Opened) -> Failed {
    let body = opened.error_body().await;
    let refusal::Refusal { kind, message, dislikes } = refusal::refusal(opened.status, &body);
    let failure = ModelFailure::new(kind, message);
    Failed { failure, retry_after: opened.retry_after, dislikes }
}
