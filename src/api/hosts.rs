//! Which names the server answers to, and which pages may use it.
//!
//! A page of another site can make a browser ask a server on this machine, under a name that it
//! makes stand for this machine. Such a request names a host that is not ours.

use std::net::{IpAddr, SocketAddr};

use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};

use super::ApiSettings;

/// Names and pages that are let in.
pub(super) struct Hosts {
    names: Vec<String>,
    origins: Vec<String>,
    proxies: Vec<IpAddr>,
}

impl Hosts {
    pub(super) fn new(settings: &ApiSettings) -> Self {
        let lower = |list: &[String]| list.iter().map(|it| it.to_ascii_lowercase()).collect();
        Self {
            names: lower(&settings.hosts),
            origins: lower(&settings.origins),
            proxies: settings.proxies.clone(),
        }
    }

    /// Why a request is not let in, if it is not.
    pub(super) fn refusal(&self, headers: &HeaderMap, uri: &Uri) -> Option<&'static str> {
        let named = headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = named.or_else(|| uri.authority().map(|it| it.as_str()));
        let Some(host) = host.map(str::to_ascii_lowercase) else {
            return Some("the request names no host");
        };
        if !self.knows(&host) {
            return Some("this server does not answer to this host name; see api.hosts");
        }
        let origin = headers.get(ORIGIN)?;
        let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
        let own = origin.split_once("://").is_some_and(|(_, rest)| rest == host);
        let allowed = own || self.origins.contains(&origin);
        (!allowed).then_some("pages of this origin may not use this server; see api.origins")
    }

    fn knows(&self, host: &str) -> bool {
        let name = without_port(host);
        let local = name == "localhost"
            || name.trim_matches(['[', ']']).parse().is_ok_and(|it: IpAddr| it.is_loopback());
        local || self.names.iter().any(|known| known == "*" || known == name || known == host)
    }

    /// Where a request came from: the peer, or who a proxy that is believed says it was.
    pub(super) fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.ip().to_canonical();
        let forwarded = headers.get_all("x-forwarded-for").iter().rev();
        let named = forwarded.filter_map(|it| it.to_str().ok());
        for hop in named.flat_map(|list| list.rsplit(',')) {
            if !self.proxies.contains(&client) {
                break;
            }
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            client = address.to_canonical();
        }
        client
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Hosts {
        Hosts {
            names: vec!["trade.example.com".into()],
            origins: vec!["https://page.example.com".into()],
            proxies: vec!["10.0.0.9".parse().unwrap()],
        }
    }

    fn refused(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        hosts().refusal(&headers, &Uri::from_static("/")).is_some()
    }

    #[test]
    fn names_of_this_machine_and_those_set_are_answered() {
        for host in ["localhost:8000", "127.0.0.1", "[::1]:8000", "trade.example.com:443"] {
            assert!(!refused(host, None), "{host}");
        }
        for host in ["evil.example:8000", "10.0.0.1", "localhost.evil.example", ""] {
            assert!(refused(host, None), "{host}");
        }
        assert!(hosts().refusal(&HeaderMap::new(), &Uri::from_static("/")).is_some());
    }

    #[test]
    fn pages_of_our_own_and_those_set_are_let_in() {
        assert!(!refused("localhost:8000", Some("http://localhost:8000")));
        assert!(!refused("localhost:8000", Some("https://page.example.com")));
        for origin in ["http://evil.example", "http://localhost:9000", "null", "localhost:8000"] {
            assert!(refused("localhost:8000", Some(origin)), "{origin}");
        }
    }

    #[test]
    fn only_a_known_proxy_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        let client = |peer: &str| hosts().client(peer.parse().unwrap(), &headers).to_string();
        assert_eq!(client("10.0.0.9:1"), "2.2.2.2");
        assert_eq!(client("10.0.0.8:1"), "10.0.0.8");
    }
}
