//! What pages of listed origins may read from here, by their own scripts (Fetch, "CORS protocol").
//!
//! Whether they may ask with headers of their own is `preflight`'s.

use warp::http::HeaderMap;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::Response;

use super::access::Origins;

/// Headers of answers that no browser shows to another origin unless they are named.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("tickcast-epoch, tickcast-next, etag, retry-after");

/// Lets pages of listed origins read the answer.
pub(super) fn with_cors(
    mut response: Response,
    origins: &Origins,
    headers: &HeaderMap,
) -> Response {
    let answer = response.headers_mut();
    // Also where there is no origin: a cache must not give that answer to a page of one.
    answer.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origins.cors(headers) {
        let set: [(HeaderName, HeaderValue); 2] = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
        ];
        answer.extend(set);
    }
    response
}

/// Lets every page read the answer: a refusal, which says nothing but why.
pub(super) fn with_cors_for_all(mut refusal: Response) -> Response {
    let set: [(HeaderName, HeaderValue); 2] = [
        (header::VARY, HeaderValue::from_static("origin")),
        (
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        ),
    ];
    refusal.headers_mut().extend(set);
    refusal
}
