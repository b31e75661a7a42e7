//! Who may connect: the Origin rule, and whose forwarded headers count.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use warp::http::{HeaderMap, HeaderValue, header};

use crate::protocol::Authority;
use crate::settings::canonical_origin;

/// Origins beyond the hub's own that may connect, or `*`.
#[derive(Debug, Default)]
pub struct Origins(ArcSwap<Vec<String>>);

/// Address ranges of proxies whose `X-Forwarded-*` counts.
#[derive(Debug, Default)]
pub struct TrustedProxies(ArcSwap<Vec<IpNet>>);

impl Origins {
    /// The origins in `allowed`, each in the canonical form of the settings, or `*`.
    #[must_use]
    pub fn new(allowed: Vec<String>) -> Self {
        Self(ArcSwap::from_pointee(allowed))
    }

    /// From now on these may connect. Who is connected already stays.
    pub fn set(&self, allowed: Vec<String>) {
        self.0.store(Arc::new(allowed));
    }

    /// Whether a request with `headers` may connect. Without an Origin it is not from a browser page, and may;
    /// otherwise the Origin must have the host and port in `called`, or be listed. The scheme does not count, because a
    /// proxy in front may speak TLS. An opaque origin (`null`) never may, nor one in a form that no browser sends.
    pub(super) fn admit(&self, headers: &HeaderMap, called: Option<&Authority>) -> bool {
        if !headers.contains_key(header::ORIGIN) {
            return true;
        }
        the_origin(headers).is_some_and(|origin| is_same(&origin, called) || self.lists(&origin))
    }

    /// The value of `Access-Control-Allow-Origin` for a request with `headers`, if it is from a listed origin.
    pub(super) fn cors(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let is_listed = self.lists(&the_origin(headers)?);
        headers.get(header::ORIGIN).filter(|_| is_listed).cloned()
    }

    /// The sources that may frame the page, as `frame-ancestors` spells them.
    pub(super) fn frame_ancestors(&self) -> String {
        let allowed = self.0.load();
        let listed = allowed.iter().flat_map(|origin| [" ", origin]);
        let sources: String = ["'self'"].into_iter().chain(listed).collect();
        sources
    }

    fn lists(&self, origin: &str) -> bool {
        let allowed = self.0.load();
        allowed
            .iter()
            .any(|allowed| allowed == "*" || allowed == origin)
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

/// The one Origin of a request in canonical form; `None` where there are several, or one that no browser sends.
fn the_origin(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(header::ORIGIN).iter();
    let (line, None) = (lines.next()?, lines.next()) else {
        return None;
    };
    canonical_origin(line.to_str().ok()?)
}

/// Whether the canonical `origin` has the host and the port that were `called`, a missing port being the default of its
/// scheme.
fn is_same(origin: &str, called: Option<&Authority>) -> bool {
    let default = |scheme| match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let (Some(default), Ok(authority), Some(called)) =
        (default(scheme), authority.parse::<Authority>(), called)
    else {
        return false;
    };
    let port = |authority: &Authority| authority.port.unwrap_or(default);
    authority.host == called.host && port(&authority) == port(called)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(allowed: &[&str], origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        Origins::new(allowed.iter().map(|&origin| origin.to_owned()).collect())
            .admit(&headers, host.parse().ok().as_ref())
    }

    #[test]
    fn pages_of_the_hubs_own_host_and_port_are_admitted() {
        assert!(admits(&[], "http://hub.example:8000", "hub.example:8000"));
        assert!(admits(&[], "https://hub.example", "hub.example:443"));
        assert!(admits(&[], "https://HUB.example", "hub.example"));
        assert!(admits(&[], "http://[::1]:8000", "[::1]:8000"));
        assert!(Origins::default().admit(&HeaderMap::new(), "hub.example".parse().ok().as_ref()));
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

    #[test]
    fn a_star_lists_every_origin_but_null_and_what_no_browser_sends() {
        for origin in [
            "http://b.example:8000",
            "file://",
            "FILE://",
            "capacitor://localhost",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "app://.",
        ] {
            assert!(admits(&["*"], origin, "hub.example"), "{origin}");
            assert!(!admits(&[], origin, "hub.example"), "{origin}");
        }
        for origin in [
            "",
            "null",
            "NULL",
            "*",
            "b.example",
            "http://",
            "https://",
            "http://u@b.example",
            "http://b.example:99999",
            "http://b.example:+443",
            "http://b.example:",
            "http://b.example:0",
            "http://b.example/",
            "http://a, http://b",
            "http://a http://b",
            "://",
            "app://u@host",
            "app://host:99999",
        ] {
            assert!(!admits(&["*"], origin, "hub.example"), "{origin}");
        }
    }

    #[test]
    fn an_origin_is_the_hubs_own_by_its_canonical_text() {
        for origin in [
            "http://u@hub.example",
            "http://hub.example:+80",
            "http://hub.example:",
            "http://hub.example/",
            "http://hub.example@evil.example",
            "http://[::1",
        ] {
            assert!(!admits(&[], origin, "hub.example"), "{origin}");
        }
        assert!(!admits(&[], "capacitor://localhost", "localhost"));
        assert!(admits(&[], "http://hub.example.", "hub.example."));
        assert!(admits(&[], "http://[0:0::1]", "[::1]:80"));
    }

    #[test]
    fn of_two_origins_neither_counts() {
        let own = HeaderValue::from_static("http://hub.example");
        let mut headers = HeaderMap::new();
        headers.append(header::ORIGIN, own.clone());
        headers.append(header::ORIGIN, own);
        let called = "hub.example".parse().ok();
        for allowed in ["*", "http://hub.example"] {
            let origins = Origins::new(vec![allowed.to_owned()]);
            assert!(!origins.admit(&headers, called.as_ref()));
            assert_eq!(origins.cors(&headers), None);
        }
    }
}
