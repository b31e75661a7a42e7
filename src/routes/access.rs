//! Who may connect: the Origin rule, and whose forwarded headers count.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use warp::http::uri::Authority;
use warp::http::{HeaderMap, HeaderValue, header};

/// Origins beyond the hub's own that may connect, or `*`.
#[derive(Debug, Default)]
pub struct Origins(ArcSwap<Vec<String>>);

/// Address ranges of proxies whose `X-Forwarded-*` counts.
#[derive(Debug, Default)]
pub struct TrustedProxies(ArcSwap<Vec<IpNet>>);

impl Origins {
    /// The origins in `allowed`, each `scheme://host[:port]` in lower case, or `*`.
    #[must_use]
    pub fn new(allowed: Vec<String>) -> Self {
        Self(ArcSwap::from_pointee(allowed))
    }

    /// From now on these may connect. Who is connected already stays.
    pub fn set(&self, allowed: Vec<String>) {
        self.0.store(Arc::new(allowed));
    }

    /// Whether a request with `headers` may connect. Without an Origin it is no browser page, and may; else
    /// the Origin's host and port are those of `host`, or it is listed. The scheme does not count, because a
    /// proxy in front may speak TLS. An opaque origin (`null`) never may.
    pub(super) fn admit(&self, headers: &HeaderMap, host: Option<&str>) -> bool {
        match headers.get(header::ORIGIN) {
            None => true,
            Some(origin) => origin
                .to_str()
                .is_ok_and(|origin| is_same(origin, host) || self.lists(origin)),
        }
    }

    /// The value of `Access-Control-Allow-Origin` for a request with `headers`, if it is from a listed origin.
    pub(super) fn cors(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.lists(origin.to_str().ok()?).then(|| origin.clone())
    }

    /// The sources that may frame the page, as `frame-ancestors` spells them.
    pub(super) fn frame_ancestors(&self) -> String {
        let allowed = self.0.load();
        let listed = allowed.iter().flat_map(|origin| [" ", origin]);
        let sources: String = ["'self'"].into_iter().chain(listed).collect();
        sources
    }

    fn lists(&self, origin: &str) -> bool {
        let Some((scheme, authority)) = split(origin) else {
            return false;
        };
        let listed = |allowed: &String| {
            allowed == "*"
                || split(allowed).is_some_and(|(allowed_scheme, allowed)| {
                    allowed_scheme.eq_ignore_ascii_case(scheme)
                        && same_place(scheme, &allowed, &authority)
                })
        };
        self.0.load().iter().any(listed)
    }
}

impl TrustedProxies {
    /// The proxies with an address in `ranges`.
    #[must_use]
    pub fn new(ranges: Vec<IpNet>) -> Self {
        Self(ArcSwap::from_pointee(ranges))
    }

    /// From now on it is these.
    pub fn set(&self, ranges: Vec<IpNet>) {
        self.0.store(Arc::new(ranges));
    }

    /// Whether `address` is one of them.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.0.load().iter().any(|range| range.contains(&address))
    }
}

fn is_same(origin: &str, host: Option<&str>) -> bool {
    let (Some((scheme, authority)), Some(host)) = (split(origin), host) else {
        return false;
    };
    host.parse()
        .is_ok_and(|host: Authority| same_place(scheme, &host, &authority))
}

/// Scheme and authority of an origin; `None` for `null` and whatever else is no origin.
fn split(origin: &str) -> Option<(&str, Authority)> {
    let (scheme, authority) = origin.split_once("://")?;
    Some((scheme, authority.parse().ok()?))
}

/// Host and port agree, a missing port being the default of `scheme`.
fn same_place(scheme: &str, one: &Authority, other: &Authority) -> bool {
    let default = if scheme.eq_ignore_ascii_case("https") {
        443
    } else {
        80
    };
    let port = |authority: &Authority| authority.port_u16().unwrap_or(default);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(allowed: &[&str], origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        Origins::new(allowed.iter().map(|&origin| origin.to_owned()).collect())
            .admit(&headers, Some(host))
    }

    #[test]
    fn pages_of_the_hubs_own_host_and_port_are_admitted() {
        assert!(admits(&[], "http://hub.example:8000", "hub.example:8000"));
        assert!(admits(&[], "https://hub.example", "hub.example:443"));
        assert!(admits(&[], "https://HUB.example", "hub.example"));
        assert!(admits(&[], "http://[::1]:8000", "[::1]:8000"));
        assert!(Origins::default().admit(&HeaderMap::new(), Some("hub.example")));
    }

    #[test]
    fn foreign_and_opaque_origins_are_not() {
        for origin in [
            "http://evil.example",
            "http://hub.example.evil:8000",
            "http://hub.example:8001",
            "http://hub.example",
            "null",
            "",
        ] {
            assert!(!admits(&[], origin, "hub.example:8000"), "{origin}");
        }
        assert!(!admits(&["*"], "null", "hub.example"));
    }

    #[test]
    fn listed_origins_are_admitted_with_their_scheme_and_port() {
        assert!(admits(
            &["https://a.example"],
            "https://a.example",
            "hub.example"
        ));
        assert!(!admits(
            &["https://a.example"],
            "http://a.example",
            "hub.example"
        ));
        assert!(admits(&["*"], "https://b.example", "hub.example"));
    }
}
