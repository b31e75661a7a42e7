//! [`RequestOrigin`]: the web page from which a request comes, as its `Origin` says, and what the lists of origins say
//! about it.

use warp::http::{HeaderMap, HeaderValue, header};

use crate::app::AllowedOrigins;
use crate::protocol::Authority;
use crate::settings::canonical_origin;

/// The origin of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RequestOrigin {
    /// There is no `Origin`: the request does not come from a script of another site.
    Absent,
    /// The opaque origin `null`, a malformed origin, or more than one. Never allowed.
    Opaque,
    /// The origin of a page.
    Page {
        /// In canonical form, to be compared.
        canonical: String,
        /// As the browser sent it, to be repeated in the response.
        header: HeaderValue,
    },
}

impl RequestOrigin {
    /// Parses `Origin` in `headers`.
    pub(super) fn from_headers(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(header::ORIGIN).iter();
        match (lines.next(), lines.next()) {
            (None, _) => Self::Absent,
            (Some(line), None) => Self::parse(line).unwrap_or(Self::Opaque),
            (Some(_), Some(_)) => Self::Opaque,
        }
    }

    fn parse(line: &HeaderValue) -> Option<Self> {
        Some(Self::Page {
            canonical: canonical_origin(line.to_str().ok()?)?,
            header: line.clone(),
        })
    }

    /// Whether the request may connect to the hub that it addressed as `authority`.
    ///
    /// A request without an origin may. Otherwise the origin must have the host and port of `authority`, whatever its
    /// scheme (a proxy may terminate TLS), or be listed in `allowed`.
    pub(super) fn may_connect(
        &self,
        allowed: &AllowedOrigins,
        authority: Option<&Authority>,
    ) -> bool {
        match self {
            Self::Absent => true,
            Self::Opaque => false,
            Self::Page { canonical, .. } => {
                is_own_origin(canonical, authority) || allowed.contains(canonical)
            }
        }
    }

    /// Returns the value of `Access-Control-Allow-Origin` if the origin is listed in `allowed`.
    pub(super) fn allow_header(&self, allowed: &AllowedOrigins) -> Option<&HeaderValue> {
        match self {
            Self::Page { canonical, header } if allowed.contains(canonical) => Some(header),
            _ => None,
        }
    }
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
        let allowed =
            AllowedOrigins::new(allowed.iter().map(|&origin| origin.to_owned()).collect());
        RequestOrigin::from_headers(&headers).may_connect(&allowed, host.parse().ok().as_ref())
    }

    #[test]
    fn origins_with_the_hubs_own_host_and_port_are_admitted() {
        assert!(admits(&[], "http://hub.example:8000", "hub.example:8000"));
        assert!(admits(&[], "https://hub.example", "hub.example:443"));
        assert!(admits(&[], "https://HUB.example", "hub.example"));
        assert!(admits(&[], "http://[::1]:8000", "[::1]:8000"));
        assert!(RequestOrigin::from_headers(&HeaderMap::new()).may_connect(
            &AllowedOrigins::default(),
            "hub.example".parse().ok().as_ref()
        ));
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
            let origin = RequestOrigin::from_headers(&headers);
            assert!(!origin.may_connect(&origins, authority.as_ref()));
            assert_eq!(origin.allow_header(&origins), None);
        }
    }
}
