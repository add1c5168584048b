//! Which addresses may be asked: none of this machine or its network, unless settings say so.
//!
//! A name is resolved once, and the connection goes to what was checked: a name that answers
//! otherwise a moment later gains nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use banyan_core::model::{FailureKind, ModelFailure};
use reqwest::Url;

/// How long a name may take to be resolved.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which addresses may be asked.
#[derive(Debug, Clone)]
pub(super) struct AddressRules {
    allow_private: bool,
    trusted: Vec<String>,
}

/// Where a request goes.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    pub(super) url: Url,
    /// Name and addresses to connect to, when the URL has a name.
    pub(super) pinned: Option<(String, Vec<SocketAddr>)>,
}

impl AddressRules {
    /// Rules with origins that may be asked wherever they are.
    pub(super) fn new(allow_private: bool, trusted: &[String]) -> Self {
        let origins = trusted.iter().filter_map(|it| Url::parse(it).ok());
        let trusted = origins.map(|it| it.origin().ascii_serialization()).collect();
        Self { allow_private, trusted }
    }

    /// Reads a URL and checks what can be checked without asking anybody.
    ///
    /// # Errors
    /// When it is none, or its address must not be asked.
    pub(super) fn read(&self, text: &str) -> Result<Url, ModelFailure> {
        let url = Url::parse(text.trim()).map_err(|_| forbidden("this is no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(forbidden("only http and https addresses are asked"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(forbidden("an address must not hold a user or a password"));
        }
        match literal(&url) {
            Some(address) if !self.may_ask(&url, address) => Err(not_public()),
            _ if url.host_str().is_none_or(str::is_empty) => Err(forbidden("this URL has no host")),
            _ => Ok(url),
        }
    }

    fn may_ask(&self, url: &Url, address: IpAddr) -> bool {
        self.is_trusted(url) || is_public(address)
    }

    fn is_trusted(&self, url: &Url) -> bool {
        self.allow_private || self.trusted.contains(&url.origin().ascii_serialization())
    }

    /// Resolves where a URL leads; all of its addresses must be such that they may be asked.
    ///
    /// # Errors
    /// When they must not, or there are none.
    pub(super) async fn resolve(&self, url: Url) -> Result<Destination, ModelFailure> {
        let url = self.read(url.as_str())?;
        if literal(&url).is_some() {
            return Ok(Destination { url, pinned: None });
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let found = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((host.as_str(), port)));
        let addresses: Vec<SocketAddr> = match found.await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        };
        if addresses.is_empty() {
            let why = format!("nobody knows the address of {host}");
            return Err(ModelFailure::new(FailureKind::Connection, why));
        }
        if addresses.iter().any(|it| !self.may_ask(&url, it.ip())) {
            return Err(not_public());
        }
        Ok(Destination { url, pinned: Some((host, addresses)) })
    }
}

/// The address that stands in a URL instead of a name.
fn literal(url: &Url) -> Option<IpAddr> {
    url.host_str()?.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn forbidden(why: &str) -> ModelFailure {
    ModelFailure::new(FailureKind::ForbiddenUrl, why)
}

fn not_public() -> ModelFailure {
    forbidden("this address is not public; llm.allow_private_urls would allow it")
}

/// Says whether an address is one of the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// By the registry of special-purpose addresses (RFC 6890 and what followed).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    let protocols = first == 192 && second == 0 && third == 0;
    let benchmarks = first == 198 && (second == 18 || second == 19);
    let relays = first == 192 && second == 88 && third == 99;
    !(first == 0
        || first >= 224
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || shared
        || protocols
        || benchmarks
        || relays)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = embedded(address) {
        return is_public_v4(inner);
    }
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let documentation = first == 0x2001 && second == 0xdb8 || first & 0xfff0 == 0x3ff0;
    // 2001::/23 is for protocols, Teredo's tunnels among them.
    let protocols = first == 0x2001 && second < 0x200;
    global && !documentation && !protocols
}

/// The address of version 4 that one of version 6 stands for.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0 | 0xffff] | [0, 0, 0, 0, 0xffff, 0] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> AddressRules {
        AddressRules::new(false, &["http://127.0.0.1:4711/v1".to_owned()])
    }

    #[test]
    fn addresses_that_are_not_public_are_refused_however_they_are_written() {
        let private = [
            "http://127.0.0.1/v1",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.1.1:8080/v1",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://224.0.0.1/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:a9fe:a9fe]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001:0:4136:e378::1]/",
            "http://[fd00::1]/",
            "http://[fe80::1]/",
            "http://[2001:db8::1]/",
        ];
        for url in private {
            let refused = rules().read(url);
            assert_eq!(refused.unwrap_err().kind, FailureKind::ForbiddenUrl, "{url}");
            assert!(AddressRules::new(true, &[]).read(url).is_ok(), "{url}");
        }
        for url in ["https://1.1.1.1/v1", "https://[2606:4700::1111]/", "https://api.deepseek.com"]
        {
            assert!(rules().read(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn only_the_exact_origin_is_trusted() {
        assert!(rules().read("http://127.0.0.1:4711/other").is_ok());
        for url in
            ["http://127.0.0.1:4712/v1", "https://127.0.0.1:4711/v1", "http://127.0.0.2:4711"]
        {
            assert!(rules().read(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_of_a_provider_is_refused() {
        for url in ["", "deepseek", "ftp://1.1.1.1/", "file:///etc/passwd", "http://a:b@1.1.1.1/"] {
            assert_eq!(rules().read(url).unwrap_err().kind, FailureKind::ForbiddenUrl, "{url}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_where_it_leads() {
        let url = Url::parse("http://localhost:1234/v1").unwrap();
        let refused = rules().resolve(url.clone()).await.unwrap_err();
        assert_eq!(refused.kind, FailureKind::ForbiddenUrl);
        let found = AddressRules::new(true, &[]).resolve(url).await.unwrap();
        assert!(found.pinned.unwrap().1.iter().all(|it| it.ip().is_loopback()));
    }
}
