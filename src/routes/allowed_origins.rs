//! The origins whose pages may connect, and the proxies whose forwarding headers are trusted. Both change on reload.

use std::net::IpAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use ipnet::IpNet;
use warp::http::{HeaderMap, HeaderValue, header};

use crate::protocol::Authority;
use crate::settings::canonical_origin;

/// The origins that may connect in addition to the hub's own (`server.allowed_origins`).
#[derive(Debug, Default)]
pub struct AllowedOrigins(ArcSwap<Vec<String>>);

/// The address ranges of the proxies whose forwarding headers are trusted (`server.trusted_proxies`).
#[derive(Debug, Default)]
pub struct TrustedProxies(ArcSwap<Vec<IpNet>>);

impl AllowedOrigins {
    /// Allows the origins in `allowed`, each in the canonical form of the settings, or `*` for any.
    #[must_use]
    pub fn new(allowed: Vec<String>) -> Self {
        Self(ArcSwap::from_pointee(allowed))
    }

    /// Replaces the allowed origins. Established connections are not affected.
    pub fn set(&self, allowed: Vec<String>) {
        self.0.store(Arc::new(allowed));
    }

    /// Whether a request with `headers` that addressed the hub as `authority` may connect.
    ///
    /// A request without `Origin` does not come from a web page and may connect. Otherwise the origin must have the
    /// host and port of `authority`, whatever its scheme (a proxy may terminate TLS), or be listed. The opaque origin
    /// `null` and malformed origins are never allowed.
    pub(super) fn admit(&self, headers: &HeaderMap, authority: Option<&Authority>) -> bool {
        if !headers.contains_key(header::ORIGIN) {
            return true;
        }
        single_origin(headers)
            .is_some_and(|origin| is_own_origin(&origin, authority) || self.is_listed(&origin))
    }

    /// Returns the value of `Access-Control-Allow-Origin` if a request with `headers` comes from a listed origin.
    pub(super) fn allow_origin_header(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let is_listed = self.is_listed(&single_origin(headers)?);
        headers.get(header::ORIGIN).filter(|_| is_listed).cloned()
    }

    /// The sources of the policy directive `frame-ancestors`: the origins that may embed the page in a frame.
    pub(super) fn frame_ancestors(&self) -> String {
        let allowed = self.0.load();
        let listed = allowed.iter().flat_map(|origin| [" ", origin]);
        let sources: String = ["'self'"].into_iter().chain(listed).collect();
        sources
    }

    fn is_listed(&self, origin: &str) -> bool {
        let allowed = self.0.load();
        allowed
            .iter()
            .any(|allowed| allowed == "*" || allowed == origin)
    }
}

impl TrustedProxies {
    /// Trusts proxies whose address is in one of `ranges`.
    #[must_use]
    pub fn new(ranges: Vec<IpNet>) -> Self {
        Self(ArcSwap::from_pointee(ranges))
    }

    /// Replaces the ranges.
    pub fn set(&self, ranges: Vec<IpNet>) {
        self.0.store(Arc::new(ranges));
    }

    /// Whether `address` belongs to a trusted proxy.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.0.load().iter().any(|range| range.contains(&address))
    }
}

/// Returns the origin of a request in canonical form; `None` without exactly one well-formed `Origin`.
fn single_origin(headers: &HeaderMap) -> Option<String> {
    let mut lines = headers.get_all(header::ORIGIN).iter();
    let (line, None) = (lines.next()?, lines.next()) else {
        return None;
    };
    canonical_origin(line.to_str().ok()?)
}

/// Whether the canonical `origin` has the host and port of `request_authority`. A missing port is the default of the
/// origin's scheme.
fn is_own_origin(origin: &str, request_authority: Option<&Authority>) -> bool {
    let default = |scheme| match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let Some((scheme, authority)) = origin.split_once("://") else {
        return false;
    };
    let (Some(default), Ok(authority), Some(request_authority)) = (
        default(scheme),
        authority.parse::<Authority>(),
        request_authority,
    ) else {
        return false;
    };
    let port = |authority: &Authority| authority.port.unwrap_or(default);
    authority.host == request_authority.host && port(&authority) == port(request_authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(allowed: &[&str], origin: &str, host: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        AllowedOrigins::new(allowed.iter().map(|&origin| origin.to_owned()).collect())
            .admit(&headers, host.parse().ok().as_ref())
    }

    #[test]
    fn origins_with_the_hubs_own_host_and_port_are_admitted() {
        assert!(admits(&[], "http://hub.example:8000", "hub.example:8000"));
        assert!(admits(&[], "https://hub.example", "hub.example:443"));
        assert!(admits(&[], "https://HUB.example", "hub.example"));
        assert!(admits(&[], "http://[::1]:8000", "[::1]:8000"));
        assert!(
            AllowedOrigins::default().admit(&HeaderMap::new(), "hub.example".parse().ok().as_ref())
        );
    }

    #[test]
    fn foreign_and_opaque_origins_are_rejected() {
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
    fn listed_origins_must_match_in_scheme_and_port() {
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
    fn a_star_allows_every_origin_except_null_and_malformed_ones() {
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
    fn the_hubs_own_origin_is_compared_in_canonical_form() {
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
    fn requests_with_two_origin_headers_are_rejected() {
        let own = HeaderValue::from_static("http://hub.example");
        let mut headers = HeaderMap::new();
        headers.append(header::ORIGIN, own.clone());
        headers.append(header::ORIGIN, own);
        let authority = "hub.example".parse().ok();
        for allowed in ["*", "http://hub.example"] {
            let origins = AllowedOrigins::new(vec![allowed.to_owned()]);
            assert!(!origins.admit(&headers, authority.as_ref()));
            assert_eq!(origins.allow_origin_header(&headers), None);
        }
    }
}
