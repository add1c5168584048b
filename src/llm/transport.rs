//! HTTP as models need it: one request, its status, and its body piece by piece.
//!
//! Retries nothing. Redirects are followed by hand, each checked as the first address was, and a
//! key never follows to another origin. Knows no protocol above HTTP.

use std::time::Duration;

use banyan_core::model::{FailureKind, ModelFailure};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Method, Response, Url, redirect};
use serde_json::Value;

use super::address::{AddressRules, Destination};
use super::retry_after;
use crate::secret::Secret;

/// Redirects that are followed.
const REDIRECTS: usize = 3;
/// Bytes read of the body of an error.
const ERROR_BYTES: usize = 16_384;

/// What one request asks.
pub(super) struct Call<'a> {
    pub(super) url: Url,
    pub(super) key: Option<&'a Secret>,
    /// What is posted; without it the URL is read.
    pub(super) body: Option<&'a Value>,
}

/// Sends requests.
pub(super) struct Transport {
    rules: AddressRules,
    tls: rustls::ClientConfig,
    connect: Duration,
    /// Most bytes of an answer.
    cap: usize,
}

/// A request that was answered; its body is still to come.
pub(super) struct Opened {
    pub(super) status: u16,
    /// How long to wait before the next request, as the server says.
    pub(super) retry_after: Option<Duration>,
    response: Response,
    read: usize,
    cap: usize,
}

impl Transport {
    pub(super) fn new(rules: AddressRules, connect: Duration, cap: usize) -> Self {
        Self { rules, tls: tls(), connect, cap }
    }

    /// Reads a URL and checks its address as far as that goes without asking.
    ///
    /// # Errors
    /// When it is none, or must not be asked.
    pub(super) fn read_url(&self, text: &str) -> Result<Url, ModelFailure> {
        self.rules.read(text)
    }

    /// Sends a request and waits for the head of the answer.
    ///
    /// # Errors
    /// When the address must not be asked or cannot be reached.
    pub(super) async fn open(&self, call: &Call<'_>) -> Result<Opened, ModelFailure> {
        let (mut url, mut key) = (call.url.clone(), call.key);
        for _ in 0..=REDIRECTS {
            let destination = self.rules.resolve(url.clone()).await?;
            let response = self.send(&destination, key, call.body).await?;
            let Some(next) = redirected(&response, &url)? else {
                let retry_after = retry_after::read(response.headers());
                let status = response.status().as_u16();
                return Ok(Opened { status, retry_after, response, read: 0, cap: self.cap });
            };
            if next.origin() != url.origin() {
                key = None;
            }
            url = next;
        }
        Err(ModelFailure::new(FailureKind::Connection, "the provider redirects in circles"))
    }

    async fn send(
        &self,
        destination: &Destination,
        key: Option<&Secret>,
        body: Option<&Value>,
    ) -> Result<Response, ModelFailure> {
        let client = self.client(destination)?;
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = client.request(method, destination.url.clone()).headers(headers(key)?);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        request.send().await.map_err(|error| broken(&error))
    }

    /// A client of its own for each request, because its addresses are those that were checked.
    fn client(&self, destination: &Destination) -> Result<Client, ModelFailure> {
        let mut builder = Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .http1_only()
            .user_agent(concat!("banyan/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.connect);
        if let Some((host, addresses)) = &destination.pinned {
            builder = builder.resolve_to_addrs(host, addresses);
        }
        builder.build().map_err(|error| broken(&error))
    }
}

impl Opened {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When the connection breaks, or the body is longer than it may be.
    pub(super) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ModelFailure> {
        let Some(chunk) = self.response.chunk().await.map_err(|error| broken(&error))? else {
            return Ok(None);
        };
        self.read += chunk.len();
        if self.read > self.cap {
            let why = format!("the answer is longer than {} bytes", self.cap);
            return Err(ModelFailure::new(FailureKind::Protocol, why));
        }
        Ok(Some(chunk.to_vec()))
    }

    /// The beginning of the body of an error; what cannot be read is left out.
    pub(super) async fn error_body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while body.len() < ERROR_BYTES {
            match self.chunk().await {
                Ok(Some(chunk)) => body.extend(chunk),
                Ok(None) | Err(_) => break,
            }
        }
        body.truncate(ERROR_BYTES);
        body
    }
}

/// Where a redirect leads.
fn redirected(response: &Response, from: &Url) -> Result<Option<Url>, ModelFailure> {
    if !matches!(response.status().as_u16(), 301 | 302 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION).and_then(|it| it.to_str().ok());
    let next = location.and_then(|it| from.join(it).ok());
    let lost = || ModelFailure::new(FailureKind::Connection, "the provider redirects to nowhere");
    next.map(Some).ok_or_else(lost)
}

fn headers(key: Option<&Secret>) -> Result<HeaderMap, ModelFailure> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream, application/json"));
    if let Some(key) = key {
        let value = HeaderValue::from_str(&format!("Bearer {}", key.expose().trim()));
        let mut value = value.map_err(|_| {
            ModelFailure::new(FailureKind::Auth, "the key has characters that no key has")
        })?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}

/// What went wrong on the way, without the URL: it is the owner's, and may be long.
fn broken(error: &reqwest::Error) -> ModelFailure {
    let why = if error.is_connect() {
        "the provider cannot be reached"
    } else if error.is_timeout() {
        "the provider took too long to be reached"
    } else if error.is_builder() {
        "no connection could be prepared"
    } else {
        "the connection broke"
    };
    ModelFailure::new(FailureKind::Connection, format!("{why}{}", deepest(error)))
}

/// The innermost cause of an error, which says most.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut told = String::new();
    while let Some(inner) = cause {
        told = format!(": {inner}");
        cause = inner.source();
    }
    told
}

/// TLS over ring, trusting whom this machine trusts.
fn tls() -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_native_certs::load_native_certs().certs {
        // One that cannot be read is one that is not trusted.
        let _ = roots.add(certificate);
    }
    if roots.is_empty() {
        tracing::warn!("this machine trusts no certificates; https providers cannot be asked");
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the versions of TLS that are safe")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
