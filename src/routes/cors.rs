//! The CORS headers of responses: which origins may read them (Fetch standard, "CORS protocol").
//!
//! `preflight` answers preflight requests.

use warp::http::HeaderMap;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::reply::Response;

use super::request_origin::allow_origin_header;
use crate::app::AllowedOrigins;

/// Response headers that browsers hide from other origins unless they are listed here.
const EXPOSED_HEADERS: HeaderValue =
    HeaderValue::from_static("tickcast-epoch, tickcast-next, etag, retry-after");

/// Lets pages from allowed origins read the response to a request with `headers`.
pub(super) fn with_cors(
    mut response: Response,
    origins: &AllowedOrigins,
    headers: &HeaderMap,
) -> Response {
    let response_headers = response.headers_mut();
    // Even if the request has no `Origin`: a cache must not serve this response to a page of another origin.
    response_headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allow_origin_header(origins, headers) {
        let set: [(HeaderName, HeaderValue); 2] = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS),
        ];
        response_headers.extend(set);
    }
    response
}

/// Lets pages from any origin read the response. Only for rejections, which contain nothing but the reason.
pub(super) fn with_cors_for_any_origin(mut rejection: Response) -> Response {
    let set: [(HeaderName, HeaderValue); 2] = [
        (header::VARY, HeaderValue::from_static("origin")),
        (
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::from_static("*"),
        ),
    ];
    rejection.headers_mut().extend(set);
    rejection
}
