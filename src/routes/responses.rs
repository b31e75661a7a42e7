//! What responses of all routes have in common: their bodies, the headers that protect them, and conditional requests.

use serde::Serialize;
use warp::http::HeaderMap;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::{Reply, Response};

use crate::protocol::message;

pub(super) const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");

/// Creates a JSON response that caches do not store.
pub(super) fn json(view: &impl Serialize) -> Response {
    let mut response = Response::new(message::to_json(view).into());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    no_store(response)
}

/// Creates a plain text response that caches do not store.
pub(super) fn plain(text: &'static str) -> Response {
    no_store(text.into_response())
}

fn no_store(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Adds `Vary: accept`, because the response depends on that header.
pub(super) fn with_vary_accept(mut response: Response) -> Response {
    let vary = HeaderValue::from_static("accept");
    response.headers_mut().append(header::VARY, vary);
    response
}

/// Whether `If-None-Match` in `headers` matches `tag`. The header is a list of tags or `*`, and uses the weak
/// comparison (RFC 9110, section 13.1.2).
pub(super) fn matches_if_none_match(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
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
