//! Normalizes the request target before routing. The hub accepts the origin form (`/path?query`) and the absolute form
//! (`http://host/path`); routing relies on a target that starts with `/`.
//!
//! Does not know the paths themselves. The HTTP parser has already rejected targets that are not URIs.

use warp::http::Request;
use warp::http::header::{self, HeaderValue};
use warp::http::uri::{PathAndQuery, Scheme, Uri};

use super::problem::{Problem, ProblemCode};
use crate::protocol::Authority;

/// Converts the target of `request` to origin form. The authority of an absolute target replaces the value of `Host`
/// (RFC 9112, section 3.2.2).
///
/// # Errors
/// The target has any other form: `*`, the authority form of CONNECT, a bare word, or an absolute URL with another
/// scheme.
pub(super) fn normalize_target<B>(request: &mut Request<B>) -> Result<(), Problem> {
    let uri = request.uri();
    let Some(scheme) = uri.scheme() else {
        let is_origin_form = uri.authority().is_none() && uri.path().starts_with('/');
        return if is_origin_form {
            Ok(())
        } else {
            Err(invalid_target())
        };
    };
    if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
        return Err(invalid_target());
    }
    let (Some(target), Some(host)) = (origin_form(uri), host(uri)) else {
        return Err(invalid_target());
    };
    *request.uri_mut() = target.into();
    // A missing, repeated or malformed `Host` stays unchanged, so that the host check rejects it.
    let mut hosts = request.headers().get_all(header::HOST).iter();
    if let (Some(given), None) = (hosts.next(), hosts.next())
        && is_host(given)
    {
        request.headers_mut().insert(header::HOST, host);
    }
    Ok(())
}

fn is_host(value: &HeaderValue) -> bool {
    let text = value.to_str().ok();
    text.is_some_and(|text| text.parse::<Authority>().is_ok())
}

/// Returns the path and query of an absolute target, whose path may be empty.
fn origin_form(uri: &Uri) -> Option<PathAndQuery> {
    let path = Some(uri.path()).filter(|path| path.starts_with('/'));
    let target = match uri.query() {
        Some(query) => format!("{}?{query}", path.unwrap_or("/")),
        None => path.unwrap_or("/").to_owned(),
    };
    PathAndQuery::try_from(target).ok()
}

fn host(uri: &Uri) -> Option<HeaderValue> {
    HeaderValue::from_str(uri.authority()?.as_str()).ok()
}

fn invalid_target() -> Problem {
    let detail = "the request target is neither a path nor an absolute URL; send one such as `/healthz` or \
                  `http://host/healthz`";
    Problem::new(ProblemCode::TargetInvalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(target: &str) -> Option<String> {
        let uri: Uri = target.parse().unwrap();
        let mut request = Request::new(());
        *request.uri_mut() = uri;
        normalize_target(&mut request).ok()?;
        Some(request.uri().to_string())
    }

    #[test]
    fn targets_in_origin_form_are_unchanged() {
        for target in ["/", "//", "/a?b", "//a/b", "/?", "/a:b@c"] {
            assert_eq!(normalized(target).as_deref(), Some(target));
        }
    }

    #[test]
    fn targets_in_absolute_form_are_routed_by_their_path() {
        for (target, path) in [
            ("http://a", "/"),
            ("http://a?x", "/?x"),
            ("http://a/b?c", "/b?c"),
            ("https://u@a:1//b", "//b"),
            ("HTTP://A/b", "/b"),
        ] {
            assert_eq!(normalized(target).as_deref(), Some(path), "{target}");
        }
    }

    #[test]
    fn targets_in_other_forms_are_rejected() {
        for target in ["*", "healthz", "a:1", "example.org:443", "ftp://a/b"] {
            assert_eq!(normalized(target), None, "{target}");
        }
    }
}
