//! The request target, before any route sees it: only the origin form (`/path?query`) and the absolute form
//! (`http://host/path`) name a resource of the hub. Routing relies on a target that starts with `/`.
//!
//! Knows nothing of the paths themselves. The HTTP parser has already refused what is not a URI.

use warp::http::Request;
use warp::http::header::{self, HeaderValue};
use warp::http::uri::{PathAndQuery, Scheme, Uri};
use warp::reply::{Reply, Response};

use super::problem::{Code, Problem};
use crate::protocol::Authority;

/// Leaves `request` with a target in origin form. The authority of an absolute target replaces the value of `Host`
/// (RFC 9112, section 3.2.2).
///
/// # Errors
/// The answer to a request whose target is in another form: `*`, the authority form of CONNECT, a bare word, or an
/// absolute form of another scheme.
pub fn use_origin_form<B>(request: &mut Request<B>) -> Result<(), Box<Response>> {
    let uri = request.uri();
    let Some(scheme) = uri.scheme() else {
        let is_origin_form = uri.authority().is_none() && uri.path().starts_with('/');
        return if is_origin_form {
            Ok(())
        } else {
            Err(refusal())
        };
    };
    if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
        return Err(refusal());
    }
    let (Some(target), Some(host)) = (origin_form(uri), host(uri)) else {
        return Err(refusal());
    };
    *request.uri_mut() = target.into();
    // A missing, repeated or malformed `Host` stays as it is, to be refused later.
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

/// The path and the query of an absolute target, whose path may be empty.
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

fn refusal() -> Box<Response> {
    let detail = "the request target is neither a path such as `/healthz` nor an absolute URL such as \
                  `http://host/healthz`; ask for one of these";
    Box::new(Problem::new(Code::TargetInvalid, detail).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(target: &str) -> Option<String> {
        let uri: Uri = target.parse().unwrap();
        let mut request = Request::new(());
        *request.uri_mut() = uri;
        use_origin_form(&mut request).ok()?;
        Some(request.uri().to_string())
    }

    #[test]
    fn targets_in_origin_form_are_left_alone() {
        for target in ["/", "//", "/a?b", "//a/b", "/?", "/a:b@c"] {
            assert_eq!(routed(target).as_deref(), Some(target));
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
            assert_eq!(routed(target).as_deref(), Some(path), "{target}");
        }
    }

    #[test]
    fn targets_in_other_forms_are_refused() {
        for target in ["*", "healthz", "a:1", "example.org:443", "ftp://a/b"] {
            assert_eq!(routed(target), None, "{target}");
        }
    }
}
