//! OPTIONS requests: which methods a path supports, and CORS preflight (Fetch standard, "CORS-preflight request").
//!
//! Browsers send a preflight before cross-origin requests with a header that is not CORS-safelisted, such as the
//! `Last-Event-ID` of a client built on `fetch()`.

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{self, HeaderName, HeaderValue};
use warp::http::{HeaderMap, StatusCode};
use warp::path::FullPath;
use warp::reply::{Reply, Response};

use super::conventions::ALLOWED_METHODS;
use super::host_check::RequestAuthority;
use super::page;
use super::viewer_request::check_origin;
use crate::app::AppState;

/// The request headers that clients of the streams and the history need. Browsers block requests with any others.
const ALLOWED_HEADERS: &str =
    "accept, cache-control, content-type, if-none-match, last-event-id, pragma, x-requested-with";

/// How long browsers cache the response, in seconds. Short, so that a reload of `server.allowed_origins` takes effect
/// soon.
const MAX_AGE_SECONDS: &str = "600";

/// The request headers that the response depends on.
const VARY: &str = "origin, access-control-request-method, access-control-request-headers";

/// Which origins may read a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// The allowed origins.
    CrossOrigin,
    /// Only the hub's own origin.
    SameOrigin,
}

/// Matches OPTIONS on every path of the public listener.
pub(super) fn route(state: &Arc<AppState>) -> BoxedFilter<(Response,)> {
    let state = Arc::clone(state);
    let exists = warp::path::full().and_then(|path: FullPath| async move {
        Sharing::from_path(path.as_str()).ok_or_else(warp::reject::not_found)
    });
    exists
        .and(warp::options())
        .and(warp::header::headers_cloned())
        .and(warp::ext::optional::<RequestAuthority>())
        .map(
            move |sharing, headers: HeaderMap, authority: Option<RequestAuthority>| {
                respond(&state, sharing, &headers, authority.as_ref())
            },
        )
        .boxed()
}

/// Matches OPTIONS on the `paths` of the operations listener, which other origins may not read.
pub(super) fn ops_route(paths: &'static [&'static str]) -> BoxedFilter<(Response,)> {
    warp::path::full()
        .and_then(move |path: FullPath| async move {
            let exists = paths.contains(&path.as_str());
            exists.then_some(()).ok_or_else(warp::reject::not_found)
        })
        .untuple_one()
        .and(warp::options())
        .map(options_response)
        .boxed()
}

fn options_response() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [(header::ALLOW, ALLOWED_METHODS), (header::VARY, VARY)] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn respond(
    state: &AppState,
    sharing: Sharing,
    headers: &HeaderMap,
    authority: Option<&RequestAuthority>,
) -> Response {
    let mut response = options_response();
    let is_preflight = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let (Some(origin), true, Sharing::CrossOrigin) =
        (headers.get(header::ORIGIN), is_preflight, sharing)
    else {
        return response;
    };
    if let Err(problem) = check_origin(state, headers, authority) {
        return problem.into_response();
    }
    let mut set = |name: HeaderName, value: HeaderValue| response.headers_mut().insert(name, value);
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS),
    ] {
        set(name, HeaderValue::from_static(value));
    }
    response
}

impl Sharing {
    /// Returns the sharing of the resource at `path`; `None` if no resource has that path. The topic need not exist.
    fn from_path(path: &str) -> Option<Self> {
        let segments: Vec<_> = path.strip_prefix('/')?.split('/').collect();
        match segments[..] {
            ["sse"]
            | ["sse", _]
            | ["api", "v1", "time" | "topics"]
            | ["api", "v1", "topics", _]
            | ["api", "v1", "topics", _, "history"] => Some(Self::CrossOrigin),
            ["ws"] | ["ws", _] | ["healthz" | "version"] => Some(Self::SameOrigin),
            _ => page::is_path_cross_origin(path).map(|is_cross_origin| {
                if is_cross_origin {
                    Self::CrossOrigin
                } else {
                    Self::SameOrigin
                }
            }),
        }
    }
}
