//! What all routes have in common: the methods they support, the security headers of their responses, and how text from
//! clients is parsed and quoted in errors.

use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::Response;
use warp::{Filter, Rejection};

/// The methods that every path supports.
pub(super) const ALLOWED_METHODS: &str = "GET, HEAD, OPTIONS";

pub(super) const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Matches GET and HEAD. The HTTP layer omits the body of a HEAD response.
pub(super) fn get() -> impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static
{
    warp::get().or(warp::head()).unify()
}

/// Adds headers that keep browsers from guessing the content type and other sites from embedding the response.
pub(super) fn with_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
    ] {
        let entry = headers.entry(name);
        entry.or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Parses an unsigned decimal integer of any length, saturating at `u64::MAX`. Returns `None` for anything else,
/// including a sign.
pub(super) fn parse_saturating(text: &str) -> Option<u64> {
    let is_decimal = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // Parsing digits can only fail by overflow.
    is_decimal.then(|| text.parse().unwrap_or(u64::MAX))
}

/// Shortens client input so that an error message can quote it.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut excerpt: String = text.chars().take(CHARS_MAX).collect();
    if excerpt.len() < text.len() {
        excerpt.push('…');
    }
    excerpt
}
