//! Requests a minute from one address, by what they ask for.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::http::Method;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::ApiSettings;
use crate::clock::{Clock, LimiterClock, LimiterMoment};

/// Addresses remembered at a time; beyond them, strangers share one allowance.
const ADDRESSES: usize = 20_000;
/// Checks after which addresses that have been quiet are forgotten.
const SWEEP_EVERY: u32 = 4_096;

type Limiter =
    RateLimiter<IpAddr, DashMapStateStore<IpAddr>, LimiterClock, NoOpMiddleware<LimiterMoment>>;

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Auth,
    NewAccount,
    Status,
    Other,
}

/// The allowances.
pub(super) struct Limits {
    limiters: [(Class, Limiter); 4],
    checks: AtomicU32,
    clock: LimiterClock,
}

impl Limits {
    pub(super) fn new(settings: &ApiSettings, clock: Clock) -> Self {
        let clock = LimiterClock::new(clock);
        let limiter = |class, rate| {
            let quota = Quota::per_minute(NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN));
            (class, RateLimiter::dashmap_with_clock(quota, clock))
        };
        let limiters = [
            limiter(Class::Auth, settings.auth_per_minute),
            limiter(Class::NewAccount, settings.accounts_per_minute),
            limiter(Class::Status, settings.status_per_minute),
            limiter(Class::Other, settings.requests_per_minute),
        ];
        Self { limiters, checks: AtomicU32::new(0), clock }
    }

    /// Counts a request; `Err` has the seconds after which one more is taken.
    pub(super) fn check(&self, address: IpAddr, method: &Method, path: &str) -> Result<(), u64> {
        let Some(class) = classify(method, path) else {
            return Ok(());
        };
        let Some((_, limiter)) = self.limiters.iter().find(|(it, _)| *it == class) else {
            return Ok(());
        };
        let key = self.key(address, limiter);
        limiter.check_key(&key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
        })
    }

    fn key(&self, address: IpAddr, limiter: &Limiter) -> IpAddr {
        if self.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            for (_, limiter) in &self.limiters {
                limiter.retain_recent();
            }
        }
        let full = limiter.len() >= ADDRESSES;
        if full { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { network(address) }
    }
}

/// Who has one IPv6 address usually has a whole network of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) if !address.is_loopback() => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
}

/// What a request counts as; checks of health do not count.
fn classify(method: &Method, path: &str) -> Option<Class> {
    let Some(path) = path.strip_prefix("/api/v1/") else {
        return (!path.starts_with("/health")).then_some(Class::Other);
    };
    let path = path.trim_end_matches('/');
    Some(match *method {
        _ if path.starts_with("auth/") => Class::Auth,
        Method::POST if path == "accounts" => Class::NewAccount,
        Method::POST if path.ends_with("/status") => Class::Status,
        _ => Class::Other,
    })
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use banyan_core::time::Timestamp;

    use super::*;

    fn limits() -> Limits {
        let settings = ApiSettings {
            auth_per_minute: 5,
            accounts_per_minute: 20,
            status_per_minute: 10,
            requests_per_minute: 100,
            body_bytes: 1 << 20,
            timeout_seconds: 30,
            hosts: Vec::new(),
            origins: Vec::new(),
            proxies: Vec::new(),
        };
        Limits::new(&settings, Clock::starting_at(Timestamp(1_767_225_600_000_000)))
    }

    fn taken(limits: &Limits, method: &Method, path: &str) -> usize {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        (0..200).take_while(|_| limits.check(address, method, path).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn each_class_has_its_allowance_and_gets_it_back() {
        let limits = limits();
        let cases = [
            (Method::POST, "/api/v1/auth/login", 5),
            (Method::POST, "/api/v1/accounts", 20),
            (Method::POST, "/api/v1/quant-strategies/x/status", 10),
            (Method::GET, "/api/v1/accounts", 100),
        ];
        for (method, path, expected) in &cases {
            assert_eq!(taken(&limits, method, path), *expected, "{path}");
        }
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(limits.check(address, &Method::POST, "/api/v1/auth/refresh"), Err(12));
        assert!(limits.check("10.0.0.1".parse().unwrap(), &Method::GET, "/api/v1/x").is_ok());
        assert_eq!(taken(&limits, &Method::GET, "/health"), 200);
        tokio::time::advance(std::time::Duration::from_secs(61)).await;
        assert_eq!(taken(&limits, &Method::POST, "/api/v1/auth/login"), 5);
    }

    #[test]
    fn one_network_has_one_allowance() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
